package lambda

import "bytes"

// maxLine bounds the memory that output without line ends can take, in bytes.
// Longer lines come in pieces.
const maxLine = 256 << 10

// lineWriter hands on whole lines, without their ends. It is not safe for
// concurrent use; os/exec writes each stream from one goroutine.
type lineWriter struct {
	emit    func(line string)
	partial []byte
}

func (w *lineWriter) Write(output []byte) (int, error) {
	w.partial = append(w.partial, output...)
	for {
		end := bytes.IndexByte(w.partial, '\n')
		if end < 0 {
			break
		}
		w.emit(string(w.partial[:end]))
		w.partial = w.partial[end+1:]
	}
	if len(w.partial) >= maxLine {
		w.flush()
	}
	return len(output), nil
}

func (w *lineWriter) flush() {
	if len(w.partial) > 0 {
		w.emit(string(w.partial))
		w.partial = nil
	}
}

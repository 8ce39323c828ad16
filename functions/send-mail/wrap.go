package main

import "strings"

// maxLine is the longest line of a mail, in bytes without the line break (RFC
// 5322, section 2.1.1). Servers cut longer ones, or put a "!" and a line break
// in.
const maxLine = 998

// wrapLines breaks the lines of HTML that are longer, at spaces, which mean the same
// to HTML as line breaks. A line without a space stays.
func wrapLines(html string) string {
	var b strings.Builder
	b.Grow(len(html) + len(html)/maxLine + 1)
	for line := range strings.Lines(html) {
		for len(line) > maxLine {
			at := strings.LastIndexByte(line[:maxLine+1], ' ')
			if at < 0 {
				if at = strings.IndexByte(line, ' '); at < 0 {
					break
				}
			}
			b.WriteString(line[:at])
			b.WriteByte('\n')
			line = line[at+1:]
		}
		b.WriteString(line)
	}
	return b.String()
}

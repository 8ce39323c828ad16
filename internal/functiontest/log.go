package functiontest

import (
	"bytes"
	"encoding/json"
	"log"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"poolpost/internal/logging"
)

// A Log is what a function logs, as lines of JSON.
type Log struct {
	bytes.Buffer
	writing sync.Mutex
}

// Write takes lines of several requests at the same time, as standard output does.
func (l *Log) Write(line []byte) (int, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.Buffer.Write(line)
}

// Logger is the logger of a function, which writes to the log.
func (l *Log) Logger(function string) *logging.Logger {
	return logging.NewWith(function, l, time.Now)
}

// Lines are the lines that were logged.
func (l *Log) Lines(t testing.TB) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for text := range strings.Lines(l.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("log line %q: %v", text, err)
		}
		lines = append(lines, line)
	}
	return lines
}

// CheckLine checks the only line that was logged.
func (l *Log) CheckLine(t testing.TB, want map[string]any) {
	t.Helper()
	lines := l.Lines(t)
	if len(lines) != 1 {
		t.Fatalf("%d lines were logged, not one: %s", len(lines), l)
	}
	for key, value := range want {
		if lines[0][key] != value {
			t.Errorf("the log line has %s %v, want %v", key, lines[0][key], value)
		}
	}
}

// CheckNothingPersonal runs a function with an event of secrets, which name
// themselves so or are addresses of Jane's, and searches everything that it logs
// and prints and the error that it returns for them, and for further signs. The
// function must log something.
func (l *Log) CheckNothingPersonal(t testing.TB, run func() error, signs ...string) {
	t.Helper()
	l.Reset()
	var returned error
	all := capture(t, func() { returned = run() }) + l.String()
	if returned != nil {
		all += returned.Error()
	}
	if l.Len() == 0 {
		t.Error("nothing was logged")
	}
	for _, sign := range append(signs, "secret", "jane", "example.com") {
		if strings.Contains(strings.ToLower(all), sign) {
			t.Errorf("%q was logged, printed or returned: %s", sign, all)
		}
	}
}

// capture returns what is written to standard output, standard error and package
// log meanwhile.
func capture(t testing.TB, run func()) string {
	t.Helper()
	file, err := os.CreateTemp("", "") // t.TempDir takes longer than the rest
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	stdout, stderr, logged := os.Stdout, os.Stderr, log.Writer()
	os.Stdout, os.Stderr = file, file
	log.SetOutput(file)
	defer func() {
		os.Stdout, os.Stderr = stdout, stderr
		log.SetOutput(logged)
	}()
	run()
	printed, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(printed)
}

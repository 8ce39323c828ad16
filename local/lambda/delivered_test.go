package lambda

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// It needs processes that end at the moment when they are given an event, which
// only this package can arrange.
func TestEventFailsWhenTwoProcessesExitBeforeIt(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte("#!/bin/sh\nexec sleep 60\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	h, err := New(Options{InitLimit: time.Second}, Function{Name: "greet", Dir: dir, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	p := h.pools["greet"]
	var processes []*process
	for range maxStarts {
		proc, err := h.start(p.function, "sample")
		if err != nil {
			t.Fatal(err)
		}
		p.put(proc)
		processes = append(processes, proc)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := h.run(p, "sample", []byte("{}"))
		failed <- err
	}()
	for left := len(processes) - 1; left >= 0; left-- {
		for end := time.Now().Add(10 * time.Second); idle(p) > left; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the event was given to no process")
			}
		}
		processes[left].kill()
	}
	const want = "Runtime.ExitError: RequestId: sample Error: Runtime exited with error: signal: killed"
	if err := <-failed; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func idle(p *pool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}

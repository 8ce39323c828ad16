package lambda

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// It needs processes that end at the moment when they are given an event, which
// only this package can arrange.
func TestAnEventThatTwoProcessesHaveNotSeenFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte("#!/bin/sh\nexec sleep 60\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	h, err := New(Options{InitLimit: time.Second}, Function{Name: "greet", Dir: dir, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	fl := h.fleets["greet"]
	var processes []*process
	for range maxUnseen {
		proc, err := h.start(fl.function, "sample")
		if err != nil {
			t.Fatal(err)
		}
		fl.put(proc)
		processes = append(processes, proc)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := h.run(fl, "sample", []byte("{}"))
		failed <- err
	}()
	for left := len(processes) - 1; left >= 0; left-- {
		for end := time.Now().Add(10 * time.Second); idle(fl) > left; time.Sleep(time.Millisecond) {
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

func idle(fl *fleet) int {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	return len(fl.idle)
}

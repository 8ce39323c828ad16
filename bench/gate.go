package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"syscall"
	"time"

	"poolpost/local/lambda"
)

// gate replaces a function's program by a script that stops, and becomes the program on SIGCONT.
// Moving a process into a control group takes longer than an init in Go, so the process must exist
// before its program runs.
func gate(program string) error {
	if err := os.Rename(program, program+behind); err != nil {
		return err
	}
	return os.WriteFile(program, []byte("#!/bin/sh\nkill -STOP $$\nexec \"$0"+behind+"\"\n"), 0o755)
}

// behind is the suffix of a program behind a gate.
const behind = ".program"

// startAtGate starts a process of a function and returns once it has stopped at its gate: its
// state in proc(5), after the name in parentheses, is T.
func startAtGate(f lambda.Function) (*lambda.Process, error) {
	p, err := lambda.StartProcess(f, region)
	if err != nil {
		return nil, err
	}
	var stat []byte
	for range 5000 {
		if stat, err = os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID())); err != nil {
			break
		}
		if bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" T")) {
			return p, nil
		}
		time.Sleep(time.Millisecond)
	}
	p.Close()
	return nil, cmp.Or(err, fmt.Errorf("process %d does not stop at its gate", p.PID()))
}

// openGate lets a process become its program.
func openGate(pid int) error { return syscall.Kill(pid, syscall.SIGCONT) }

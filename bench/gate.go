package main

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"time"

	"poolpost/local/lambda"
)

// gate puts a script in the place of a function's program. It stops, and becomes
// the program when it is told to go on. To move a process into a control group takes
// longer than an init in Go: so the process is there before its program is.
func gate(program string) error {
	if err := os.Rename(program, program+behind); err != nil {
		return err
	}
	return os.WriteFile(program, []byte("#!/bin/sh\nkill -STOP $$\nexec \"$0"+behind+"\"\n"), 0o755)
}

// behind is what the name of a program behind a gate ends with.
const behind = ".program"

// startAtGate starts a process of a function, which stands still at its gate.
func startAtGate(f lambda.Function) (*lambda.Process, error) {
	p, err := lambda.StartProcess(f, region)
	if err != nil {
		return nil, err
	}
	if err := awaitGate(p.PID()); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// awaitGate returns when a process has stopped at its gate: its state in proc(5),
// behind the name in brackets, is T.
func awaitGate(pid int) error {
	for range 5000 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return err
		}
		if bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" T")) {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("process %d does not stop at its gate", pid)
}

// openGate lets the process become its program.
func openGate(pid int) error { return syscall.Kill(pid, syscall.SIGCONT) }

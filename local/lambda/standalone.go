package lambda

import (
	"fmt"
	"uuid"
)

// Process is one process of a function, outside of a Host: it starts when it is
// asked to, gets events one after another, and is ended by its owner. It is for
// measuring what a process costs.
type Process struct{ process *process }

// StartProcess starts a process of f. Its output is dropped.
func StartProcess(f Function, region string) (*Process, error) {
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("start %s: %w", f.Name, err)
	}
	p, err := startProcess(f, region, uuid.NewV4().String(), func(string) {})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", f.Name, err)
	}
	return &Process{p}, nil
}

// PID is the process's number.
func (s *Process) PID() int { return s.process.cmd.Process.Pid }

// Init waits until the process asks for its first event.
func (s *Process) Init() error {
	if err := s.process.awaitInit("", defaultInitLimit); err != nil {
		return fmt.Errorf("start %s: %w", s.process.function.Name, err)
	}
	return nil
}

// Run gives an event to the process and returns its response, once it asks for the
// next event.
func (s *Process) Run(payload []byte) ([]byte, error) {
	result, delivered := s.process.run(uuid.NewV4().String(), payload)
	if !delivered {
		return nil, fmt.Errorf("run %s: the process has ended", s.process.function.Name)
	}
	if result.err != nil {
		return nil, fmt.Errorf("run %s: %w", s.process.function.Name, result.err)
	}
	return result.payload, nil
}

// Close ends the process with its children and returns when they are gone.
func (s *Process) Close() { s.process.kill() }

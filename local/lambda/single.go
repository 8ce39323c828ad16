package lambda

import "fmt"

// Single is one process of a function, outside of a Host: it starts when it is
// asked to, gets events one after another, and is ended by its owner. It is for
// measuring what a process costs.
type Single struct{ process *process }

// StartSingle starts a process of f. Its output is dropped.
func StartSingle(f Function, region string) (*Single, error) {
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("start %s: %w", f.Name, err)
	}
	p, err := startProcess(f, region, newRequestID(), func(string) {})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", f.Name, err)
	}
	return &Single{p}, nil
}

// PID is the process's number.
func (s *Single) PID() int { return s.process.cmd.Process.Pid }

// Init waits until the process asks for its first event.
func (s *Single) Init() error {
	if err := s.process.awaitInit("", defaultInitLimit); err != nil {
		return fmt.Errorf("start %s: %w", s.process.function.Name, err)
	}
	return nil
}

// Run gives an event to the process and returns its answer, once it asks for the
// next event.
func (s *Single) Run(payload []byte) ([]byte, error) {
	result, seen := s.process.run(newRequestID(), payload)
	if !seen {
		return nil, fmt.Errorf("run %s: the process has ended", s.process.function.Name)
	}
	if result.err != nil {
		return nil, fmt.Errorf("run %s: %w", s.process.function.Name, result.err)
	}
	return result.payload, nil
}

// Close ends the process with its children and returns when they are gone.
func (s *Single) Close() { s.process.kill() }

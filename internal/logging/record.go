package logging

import "context"

const (
	// ErrPanic is what a panic becomes. What was thrown may be personal.
	ErrPanic = Safe("panic")
	// ErrUnknown is for an event of a source or version that is not known.
	ErrUnknown = Safe("the event is of a source or version that this function does not know")
)

// Record handles one event and writes its line, with the time that it took. The line's
// outcome is Failed until handle sets another one, as the last thing it does.
//
// The error of handle, or ErrPanic, becomes the line's; ErrUnknown becomes the outcome
// Unknown. Record returns the error's Reason, fit for whoever invoked the function.
func (l *Logger) Record(ctx context.Context, handle func(*Line) error) error {
	start := l.Start()
	line := Line{Outcome: Failed}
	err := Recover(func() error { return handle(&line) })
	switch err {
	case nil:
	case ErrUnknown:
		line.Outcome = Unknown
	default:
		line.Err = err
	}
	l.Event(ctx, start, line)
	if err != nil {
		return Safe(Reason(err))
	}
	return nil
}

// Recover returns the error of do, or ErrPanic.
func Recover(do func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = ErrPanic
		}
	}()
	return do()
}

// FailedInit is a function that could not start: it logs the reason with every event, and
// returns it unless Reply answers.
type FailedInit struct {
	Log     *Logger
	Err     error  // logged with its text: it is about the function's own files and variables
	Outcome string // Failed if empty
	Reply   func(payload []byte) ([]byte, error)
}

// Invoke makes it a lambda.Handler.
func (f FailedInit) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	err := f.Log.Record(ctx, func(line *Line) error {
		if f.Outcome != "" {
			line.Outcome = f.Outcome
		}
		return Safe(f.Err.Error())
	})
	if f.Reply != nil {
		return f.Reply(payload)
	}
	return nil, err
}

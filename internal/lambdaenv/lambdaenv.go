// Package lambdaenv reads what Lambda gives a function: its environment variables, and the deadline
// of an invocation.
package lambdaenv

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"os"
	"time"
)

// ErrLeftOut means that the binary was built without a part that its settings.json needs, such as
// several clients in custom-message: they are of different builds. The parts are the column
// optional in internal/bundle/functions.go.
var ErrLeftOut = errors.New("the settings need a part that this build leaves out: build the function again")

// Variables reads a function's environment variables. It collects what is wrong with
// them, so that one start names every mistake.
type Variables struct{ errs []error }

// New reads nothing yet.
func New() *Variables { return &Variables{} }

// Err joins the errors of all variables read so far.
func (v *Variables) Err() error { return errors.Join(v.errs...) }

// Required returns the value of a variable that must be set.
func (v *Variables) Required(name string) string {
	value := os.Getenv(name)
	if value == "" {
		v.errs = append(v.errs, fmt.Errorf("the environment variable %s is not set", name))
	}
	return value
}

// Duration returns a time such as 250ms, or zero if the variable is not set.
func (v *Variables) Duration(name string) time.Duration {
	text := os.Getenv(name)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		v.errs = append(v.errs, fmt.Errorf("the environment variable %s must be a time such as 250ms: %w", name, err))
	}
	return d
}

// ClientIDs returns the app client ids by the clients' names in the settings. The
// variable holds them as a JSON object.
func (v *Variables) ClientIDs(name string) map[string]string {
	var ids map[string]string
	if err := json.Unmarshal([]byte(os.Getenv(name)), &ids); err != nil {
		v.errs = append(v.errs,
			fmt.Errorf("the environment variable %s must be a JSON object of client names and ids: %w", name, err))
	}
	return ids
}

// BeforeDeadline ends so long before the deadline of an invocation: a function
// that is cut off there can neither answer nor log. Without a deadline the
// context stays as it is.
func BeforeDeadline(ctx context.Context, spare time.Duration) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-spare))
	}
	return ctx, func() {}
}

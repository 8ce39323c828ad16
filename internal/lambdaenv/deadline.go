package lambdaenv

import (
	"context"
	"time"
)

// BeforeDeadline ends so long before the deadline of an invocation: a function
// that is cut off there can neither answer nor log. Without a deadline the
// context stays as it is.
func BeforeDeadline(ctx context.Context, spare time.Duration) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-spare))
	}
	return ctx, func() {}
}

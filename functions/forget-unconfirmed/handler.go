package main

import (
	"context"
	"time"

	"poolpost/internal/config"
	"poolpost/internal/logging"
)

type handler struct {
	config config.ForgetUnconfirmed
	pool   userPool
	now    func() time.Time
	pause  time.Duration // after each account
	log    *logging.Logger
}

const (
	// budget is the time for a run. It stays below the alarm for slow functions, which goes off at
	// 80 percent of the time limit of 15 minutes.
	budget = 10 * time.Minute

	// pause keeps deletions to five a second. Cognito allows an account 25 operations of their
	// category, UserUpdate, a second (developer guide, "Quotas"), and people need them too.
	pause = 200 * time.Millisecond

	// alwaysAllowed is how many accounts may be deleted whatever share of the pool they are: in a
	// pool of ten users, one is a tenth.
	alwaysAllowed = 10

	// maxFailures is how many accounts a run fails to delete before it gives up.
	maxFailures = 10
)

// Outcomes. TooMany and logging.Failed have an alarm, infra/forget.go.
const (
	counted = "counted" // in a dry run
	deleted = "deleted"
	tooMany = "too-many"
)

const errTooMany = logging.Safe("more accounts are due than signUp.forgetAtMostPercent allows at once: none was deleted")

// Invoke answers null. What went wrong is in the log line.
func (h *handler) Invoke(ctx context.Context, _ []byte) ([]byte, error) {
	_ = h.log.Record(ctx, func(line *logging.Line) error {
		ctx, cancel := context.WithTimeout(ctx, budget)
		defer cancel()
		return h.sweep(ctx, line)
	})
	return []byte("null"), nil
}

// sweep deletes what is due. Time that is up is no error: the rest is due tomorrow as well.
func (h *handler) sweep(ctx context.Context, line *logging.Line) error {
	before := h.now().AddDate(0, 0, -h.config.AfterDays)
	due, unconfirmed, err := h.pool.due(ctx, before)
	if err != nil {
		return err
	}
	size, err := h.pool.size(ctx)
	if err != nil {
		return err
	}
	var done, failed int
	defer func() {
		line.Counts = []logging.Count{
			{Name: "Unconfirmed", N: unconfirmed}, {Name: "Due", N: len(due)}, {Name: "Deleted", N: done}, {Name: "NotDeleted", N: failed},
		}
	}()
	switch allowed := max(size*h.config.AtMostPercent/100, alwaysAllowed); {
	case len(due) > allowed:
		line.Outcome = tooMany
		return errTooMany
	case h.config.DryRun:
		line.Outcome = counted
		return nil
	}
	var first error
	for _, name := range due {
		gone, err := h.pool.forget(ctx, name, before)
		switch {
		case gone:
			done++
		case ctx.Err() != nil: // which may be the error
			line.Outcome = deleted
			return first
		case err != nil:
			if failed++; first == nil {
				first = err
			}
		}
		if failed == maxFailures {
			return first
		}
		select {
		case <-ctx.Done():
		case <-time.After(h.pause):
		}
	}
	if first == nil {
		line.Outcome = deleted
	}
	return first
}

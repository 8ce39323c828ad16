package main

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A rateLimiter lets a client of SES start at most one attempt in an interval, the SDK's own
// retries included, so that all instances of the function together keep to the account's sending
// rate. SES would refuse what is beyond it, and a refused mail waits longer. An instance sends
// one mail at a time, so it needs no lock.
type rateLimiter struct {
	aws.RetryerV2
	interval time.Duration
	now      func() time.Time
	next     time.Time // when the next attempt may start
}

// GetAttemptToken waits until an attempt may start. Its error is that of ctx.
func (l *rateLimiter) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	timer := time.NewTimer(l.next.Sub(l.now()))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l.next = l.now().Add(l.interval)
	return l.RetryerV2.GetAttemptToken(ctx)
}

// RetryDelay is the SDK's, and moves this instance by half an interval: two instances
// whose attempts coincide would take each other's place again and again.
func (l *rateLimiter) RetryDelay(attempt int, err error) (time.Duration, error) {
	l.next = l.next.Add(l.interval / 2)
	return l.RetryerV2.RetryDelay(attempt, err)
}

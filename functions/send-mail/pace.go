package main

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A pacer lets a client of SES start at most one attempt in an interval, the
// SDK's own retries included, so that all instances of the function together keep
// to the account's sending rate. SES would refuse what is beyond it, and a refused
// mail waits longer than one that was not sent yet. Mails of one instance are sent
// one after the other, so it needs no lock.
type pacer struct {
	aws.RetryerV2
	interval time.Duration
	now      func() time.Time
	next     time.Time // when the next attempt may start
}

// GetAttemptToken waits for the turn of an attempt. Its error is that of ctx.
func (p *pacer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	turn := time.NewTimer(p.next.Sub(p.now()))
	defer turn.Stop()
	select {
	case <-turn.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.next = p.now().Add(p.interval)
	return p.RetryerV2.GetAttemptToken(ctx)
}

// RetryDelay is the SDK's, and moves this instance's turns by half an interval: two
// instances whose turns coincide would take each other's place again and again.
func (p *pacer) RetryDelay(attempt int, err error) (time.Duration, error) {
	p.next = p.next.Add(p.interval / 2)
	return p.RetryerV2.RetryDelay(attempt, err)
}

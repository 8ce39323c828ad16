package main

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"
)

// A pacer starts at most one call of SES in an interval, so that all instances
// of the function together keep to the account's sending rate. SES would refuse
// what is beyond it, and a refused mail waits longer than one that was not sent
// yet. Mails of one instance are sent one after the other, so it needs no lock.
type pacer struct {
	sender
	interval time.Duration
	now      func() time.Time
	next     time.Time // when the next call may start
}

// SendEmail waits for its turn. Its error is that of ctx, or of SES.
func (p *pacer) SendEmail(ctx context.Context, in *sesv2.SendEmailInput, options ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error) {
	turn := time.NewTimer(p.next.Sub(p.now()))
	defer turn.Stop()
	select {
	case <-turn.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.next = p.now().Add(p.interval)
	return p.sender.SendEmail(ctx, in, options...)
}

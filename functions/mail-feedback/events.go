//go:build !noevents

package main

import (
	"context"
	"time"
	"uuid"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/events"
	"poolpost/internal/awsconfig"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/message"
	"poolpost/internal/queue"
)

func init() {
	newPublisher = func() (publisher, error) {
		env := lambdaenv.New()
		q := eventQueue{
			sqs: sqs.NewFromConfig(awsconfig.Load()), url: env.Required("EVENT_QUEUE_URL"),
			pool: env.Required("USER_POOL_ID"), clientIDs: env.ClientIDs("USER_POOL_CLIENTS"),
		}
		return q, env.Err()
	}
}

// An eventQueue is a standard SQS queue, which a Pipe of EventBridge empties onto the event bus.
type eventQueue struct {
	sqs       *sqs.Client
	url       string
	pool      string
	clientIDs map[string]string // by the names of the settings, which are the tags
}

// publish publishes a bounce or a complaint; hooks hear of nothing else.
func (q eventQueue) publish(ctx context.Context, e *event, locale string) error {
	d := e.Detail
	m := events.Mail{MessageID: d.Mail.ID}
	var kind, feedback, at string
	switch {
	case d.EventType == "Bounce":
		kind, feedback, at = events.MailBounced, d.Bounce.ID, d.Bounce.Time
		m.BounceType, m.BounceSubType, m.Status = known(d.Bounce.Type), known(d.Bounce.SubType), known(status(d.Bounce.Recipients))
	case d.EventType == "Complaint" && outcome(e) != notSpam:
		kind, feedback, at = events.MailComplained, d.Complaint.ID, d.Complaint.Time
		m.ComplaintType, m.ComplaintSubType = known(d.Complaint.Type), known(d.Complaint.SubType)
	default:
		return nil
	}
	tags := d.Mail.Tags
	if k := first(tags["kind"]); message.Kind(k).Exists() {
		m.Kind = k
	}
	sub := first(tags["sub"])
	if _, err := uuid.Parse(sub); err != nil {
		sub = "" // somebody else's tag, which may be personal
	}
	when, err := time.Parse(time.RFC3339, at)
	if err != nil {
		when = time.Now()
	}
	return queue.Put(ctx, q.sqs, sqs.SendMessageInput{QueueUrl: &q.url}, events.Event{
		Version:    events.Version,
		ID:         events.NewID(q.pool, kind, m.MessageID, feedback),
		Type:       kind,
		Time:       when.UTC().Truncate(time.Millisecond),
		UserPoolID: q.pool,
		ClientID:   q.clientIDs[first(tags["client"])],
		Sub:        sub,
		Locale:     locale,
		Mail:       &m,
	})
}

//go:build !noevents

package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/events"
	"poolpost/internal/config"
	"poolpost/internal/message"
	"poolpost/internal/queue"
	"poolpost/internal/trigger"
)

func init() {
	newPublisher = func(queue *sqs.Client, url string, c config.Events) publisher {
		return eventQueue{queue, url, c}
	}
}

// An eventQueue is a standard SQS queue, which a Pipe of EventBridge empties onto the event bus.
type eventQueue struct {
	sqs    *sqs.Client
	url    string
	config config.Events
}

// confirmed happens to a user once.
func (q eventQueue) confirmed(ctx context.Context, event *trigger.Event) error {
	return q.publish(ctx, event, events.UserConfirmed, "")
}

// invitationAccepted happens to a user once, but for one who is given a temporary password again.
func (q eventQueue) invitationAccepted(ctx context.Context, event *trigger.Event) error {
	return q.publish(ctx, event, events.UserInvitationAccepted, "")
}

// passwordChanged can happen again. The client metadata requestId, which verify-link sends, tells one
// change from the next. Nothing else in the trigger's event does, and a clock would also tell
// repeats of the trigger apart.
func (q eventQueue) passwordChanged(ctx context.Context, event *trigger.Event) error {
	return q.publish(ctx, event, events.UserPasswordChanged, event.ClientMetadata["requestId"])
}

func (q eventQueue) publish(ctx context.Context, event *trigger.Event, kind, occurrence string) error {
	user := event.UserAttributes
	e := events.Event{
		Version:    events.Version,
		ID:         events.NewID(event.UserPoolID, cmp.Or(user["sub"], event.UserName), kind, occurrence),
		Type:       kind,
		Time:       time.Now().UTC().Truncate(time.Millisecond),
		UserPoolID: event.UserPoolID,
		ClientID:   event.ClientID,
		Sub:        user["sub"],
		Locale:     message.Lookup(q.config.Locales, q.config.Locales[0], event.WantedLocales()...),
	}
	for _, key := range q.config.Attributes {
		if value, ok := user[key]; ok {
			if e.Attributes == nil {
				e.Attributes = map[string]string{}
			}
			e.Attributes[key] = value
		}
	}
	if err := queue.Put(ctx, q.sqs, sqs.SendMessageInput{QueueUrl: &q.url}, e); err != nil {
		return fmt.Errorf("publish %s: %w", kind, err)
	}
	return nil
}

package main

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
	"poolpost/internal/trigger"
)

type handler struct {
	config config.PostConfirmation
	optional
	queue  mail.Queue
	budget time.Duration // for all side effects together
	log    *logging.Logger
}

// optional is what the settings can do without; nil if they do.
type optional struct {
	users  users
	events publisher
}

// users are those of the user pool.
type users interface {
	add(ctx context.Context, event *trigger.Event, group string) error
	endSessions(ctx context.Context, event *trigger.Event) error
	setLocale(ctx context.Context, event *trigger.Event, locale string) error
}

// newUsers returns the users of a pool and the endpoint that they are at; nil in a build with
// the tag nousers.
var newUsers func(aws.Config) (users, string)

// A publisher publishes events for hooks about the user of a trigger's event.
type publisher interface {
	confirmed(context.Context, *trigger.Event) error
	passwordChanged(context.Context, *trigger.Event) error
	invitationAccepted(context.Context, *trigger.Event) error
}

// newPublisher publishes on a queue, over the connection of the mail queue; nil in a build with the
// tag noevents.
var newPublisher func(queue *sqs.Client, url string, c config.Events) publisher

// withInvitations answers PreTokenGeneration too; nil in a build with the tag noinvitations.
var withInvitations func(*handler) lambda.Handler

// Invoke returns the event as it came, whatever happens.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	_ = h.log.Record(ctx, func(line *logging.Line) error {
		ctx, cancel := context.WithTimeout(ctx, h.budget)
		defer cancel()
		return h.confirmed(ctx, payload, line)
	})
	return trigger.Unchanged(payload)
}

func (h *handler) confirmed(ctx context.Context, payload []byte, line *logging.Line) error {
	event, err := trigger.Decode(payload)
	if err != nil {
		return err
	}
	kind := event.Source("PostConfirmation")
	switch {
	case event.Version == "1" && kind == "ConfirmSignUp":
		_, err = h.follow(ctx, event, line, publisher.confirmed, (*handler).welcome)
	case event.Version == "1" && kind == "ConfirmForgotPassword":
		// Of people who were imported, this is all that Cognito says: they have no password, and set
		// one with a code. Those who have forgotten theirs are in the groups already.
		_, err = h.follow(ctx, event, line, publisher.passwordChanged, (*handler).passwordReset)
	default:
		err = logging.ErrUnknown
	}
	return err
}

// follow does what follows a confirmation and the like: it adds the user to the groups, writes to the
// user, which gives the outcome, and publishes an event. It returns the groups that the user is in
// now. Repeating it does no harm: adding to a group twice is adding once, the queue drops a second
// entry with the same deduplication id within five minutes, longer than Cognito's repeats take, and
// an event has the same id.
func (h *handler) follow(ctx context.Context, event *trigger.Event, line *logging.Line,
	publish func(publisher, context.Context, *trigger.Event) error,
	write func(*handler, context.Context, *trigger.Event, *logging.Line) (outcome string, err error),
) (joined []string, err error) {
	line.Trigger, line.Test = event.TriggerSource, logging.SmokeTest(event.UserAttributes["email"])
	groups := h.config.Groups
	errs := make([]error, len(groups)+3)
	var wait sync.WaitGroup
	// A panic in a goroutine would end the process, and the user would be told that the
	// confirmation failed.
	do := func(i int, effect func() error) {
		wait.Go(func() { errs[i] = logging.Recover(effect) })
	}
	for i, group := range groups {
		do(i, func() error { return h.users.add(ctx, event, group) })
	}
	queued := make(chan struct{})
	var outcome string
	do(len(groups), func() (err error) {
		defer close(queued)
		outcome, err = write(h, ctx, event, line)
		return err
	})
	if h.events != nil {
		do(len(groups)+1, func() error {
			// On the connection of the mail; beside it, if that takes long.
			select {
			case <-queued:
			case <-time.After(patience):
			}
			return publish(h.events, ctx, event)
		})
	}
	if locale := h.localeOf(event); locale != "" {
		do(len(groups)+2, func() error { return h.users.setLocale(ctx, event, locale) })
	}
	wait.Wait()
	for i, group := range groups {
		if errs[i] == nil {
			joined = append(joined, group)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return joined, err
	}
	line.Outcome = outcome
	return joined, nil
}

// localeOf is the language that a person confirmed a sign-up in, for a user who has none: the link
// page and front ends pass it on. What is not one of the settings' locales is not written.
func (h *handler) localeOf(event *trigger.Event) string {
	if event.Source("PostConfirmation") != "ConfirmSignUp" || event.UserAttributes["locale"] != "" {
		return ""
	}
	return message.Lookup(h.config.Locales, "", event.ClientMetadata["locale"])
}

// patience is how long an event waits for the mail to be queued. SQS answers in milliseconds.
const patience = 300 * time.Millisecond

// reachable reports whether a user has a verified address. The welcome mail says that it is confirmed,
// and a notice about an account must not go to a stranger.
func reachable(event *trigger.Event) bool {
	return event.UserAttributes["email"] != "" && event.UserAttributes["email_verified"] == "true"
}

// welcome puts the welcome mail on the queue: one for each user, however often Cognito calls.
func (h *handler) welcome(ctx context.Context, event *trigger.Event, line *logging.Line) (string, error) {
	if !reachable(event) {
		return "not-welcomed", nil
	}
	line.Kind = string(message.Welcome)
	entry := mail.NewEntry(message.Welcome, event, h.config.NameAttributes)
	sub := cmp.Or(event.UserAttributes["sub"], event.UserName)
	return "welcomed", h.queue.Put(ctx, entry, sub, string(entry.Kind)+"-"+sub)
}

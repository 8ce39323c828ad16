package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
	"poolpost/internal/trigger"
)

type handler struct {
	config  config.PostConfirmation
	cognito *cognitoidentityprovider.Client
	queue   mail.Queue
	budget  time.Duration // for all side effects together
	log     *logging.Logger
}

// Invoke returns the event as it came, whatever happens.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	_ = h.log.Record(ctx, func(line *logging.Line) error {
		ctx, cancel := context.WithTimeout(ctx, h.budget)
		defer cancel()
		return h.confirmed(ctx, payload, line)
	})
	return trigger.Unchanged(payload)
}

// confirmed does what follows a confirmation. Repeating it does no harm: adding
// to a group twice is adding once, and the queue drops a second entry with the
// same deduplication id within five minutes, longer than Cognito's repeats take.
func (h *handler) confirmed(ctx context.Context, payload []byte, line *logging.Line) error {
	event, err := trigger.Decode(payload)
	if err != nil {
		return err
	}
	kind := event.Source("PostConfirmation")
	if event.Version != "1" || kind != "ConfirmSignUp" && kind != "ConfirmForgotPassword" {
		return logging.ErrUnknown
	}
	line.Trigger = event.TriggerSource
	if kind == "ConfirmForgotPassword" {
		line.Outcome = "nothing-to-do"
		return nil
	}
	errs := make([]error, len(h.config.Groups)+1)
	var wait sync.WaitGroup
	// A panic in a goroutine would end the process, and the user would be told that the
	// confirmation failed.
	do := func(i int, effect func() error) {
		wait.Go(func() { errs[i] = logging.Recover(effect) })
	}
	for i, group := range h.config.Groups {
		do(i, func() error { return h.addToGroup(ctx, event, group) })
	}
	// The welcome mail says that the address is confirmed.
	welcome := event.UserAttributes["email"] != "" && event.UserAttributes["email_verified"] == "true"
	if welcome {
		line.Kind = string(message.Welcome)
		do(len(h.config.Groups), func() error { return h.enqueue(ctx, event) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	line.Outcome = "not-welcomed"
	if welcome {
		line.Outcome = "welcomed"
	}
	return nil
}

func (h *handler) addToGroup(ctx context.Context, event *trigger.Event, group string) error {
	_, err := h.cognito.AdminAddUserToGroup(ctx, &cognitoidentityprovider.AdminAddUserToGroupInput{
		UserPoolId: &event.UserPoolID, Username: &event.UserName, GroupName: &group,
	})
	if err != nil {
		return fmt.Errorf("add to group %s: %w", group, err)
	}
	return nil
}

// enqueue puts the welcome mail on the queue: one for each user, however often
// Cognito calls.
func (h *handler) enqueue(ctx context.Context, event *trigger.Event) error {
	entry := mail.NewEntry(message.Welcome, event, h.config.NameAttributes)
	sub := cmp.Or(event.UserAttributes["sub"], event.UserName)
	return h.queue.Put(ctx, entry, sub, string(entry.Kind)+"-"+sub)
}

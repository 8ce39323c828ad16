package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"poolpost/internal/awscall"
	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
	"poolpost/internal/trigger"
)

type handler struct {
	config  config.PostConfirmation
	cognito *awscall.Service
	queue   mail.Queue
	budget  time.Duration // for all side effects together
	broken  error         // why the function cannot work, or nil
	log     *logging.Logger
}

const (
	errPanic   = logging.Safe("panic")
	errNoEvent = logging.Safe("the event is not JSON")
)

// Invoke returns the event as it came, whatever happens.
func (h *handler) Invoke(ctx context.Context, payload []byte) (reply []byte, err error) {
	start := h.log.Start()
	line := logging.Line{Outcome: "failed"}
	defer func() {
		if p := recover(); p != nil {
			line.Outcome, line.Err = "failed", errPanic
		}
		if line.Err != nil && !json.Valid(payload) { // what was decoded is valid
			payload, err = nil, errNoEvent
		}
		reply = payload
		h.log.Event(ctx, start, line)
	}()
	ctx, cancel := context.WithTimeout(ctx, h.budget)
	defer cancel()
	line.Err = h.confirmed(ctx, payload, &line)
	return payload, nil
}

// confirmed does what follows a confirmation. Repeating it does no harm: adding
// to a group twice is adding once, and the queue drops a second entry with the
// same deduplication id within five minutes, longer than Cognito's repeats take.
func (h *handler) confirmed(ctx context.Context, payload []byte, line *logging.Line) error {
	if h.broken != nil {
		return h.broken
	}
	event, err := trigger.Decode(payload)
	if err != nil {
		return logging.Safe("the event cannot be decoded")
	}
	if event.Version != "1" {
		line.Outcome = logging.Unknown
		return nil
	}
	switch event.Kind("PostConfirmation") {
	case "ConfirmSignUp":
		line.Trigger = event.TriggerSource
	case "ConfirmForgotPassword":
		line.Trigger, line.Outcome = event.TriggerSource, "nothing-to-do"
		return nil
	default:
		line.Outcome = logging.Unknown
		return nil
	}
	errs := make([]error, len(h.config.Groups)+1)
	var wait sync.WaitGroup
	for i, group := range h.config.Groups {
		wait.Go(func() { errs[i] = caught(func() error { return h.join(ctx, event, group) }) })
	}
	line.Outcome = "welcomed"
	if event.UserAttributes["email"] == "" || event.UserAttributes["email_verified"] != "true" {
		// The welcome mail says that the address is confirmed; here it is not.
		line.Outcome = "not-welcomed"
	} else {
		line.Kind = string(message.Welcome)
		wait.Go(func() { errs[len(errs)-1] = caught(func() error { return h.enqueue(ctx, event) }) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		line.Outcome = "failed"
		return err
	}
	return nil
}

// caught turns a panic into an error: in a goroutine of its own it would end the
// process, and the user would be told that the confirmation failed.
func caught(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errPanic
		}
	}()
	return do()
}

func (h *handler) join(ctx context.Context, event *trigger.Event, group string) error {
	err := h.cognito.Operation(ctx, "AdminAddUserToGroup", map[string]string{
		"UserPoolId": event.UserPoolID, "Username": event.UserName, "GroupName": group,
	}, nil)
	if err != nil {
		return fmt.Errorf("add to group %s: %w", group, err)
	}
	return nil
}

// enqueue puts the welcome mail on the queue: one for each user, however often
// Cognito calls.
func (h *handler) enqueue(ctx context.Context, event *trigger.Event) error {
	entry := mail.For(message.Welcome, event, h.config.NameAttributes)
	sub := cmp.Or(event.UserAttributes["sub"], event.UserName)
	return h.queue.Put(ctx, entry, sub, string(entry.Kind)+"-"+sub)
}

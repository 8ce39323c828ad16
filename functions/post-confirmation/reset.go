package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
	"poolpost/internal/trigger"
)

// signOutBudget is the part of the budget in which sessions can end before the person is told that
// the new password is saved. The rest is for the mail queue.
const signOutBudget = 2 * time.Second

// passwordReset ends all sessions of a user, and puts the notice of the new password on the queue.
//
// Sessions end here, and not by send-mail a moment later, because many apps sign people in as soon as
// the password is saved: that session must stay. What cannot be done in time is on the queue, in
// front of the notice.
func (h *handler) passwordReset(ctx context.Context, event *trigger.Event, line *logging.Line) (string, error) {
	sub, reset := cmp.Or(event.UserAttributes["sub"], event.UserName), resetID(event)
	put := func(entry mail.Entry) error {
		return h.queue.Put(ctx, entry, sub, string(entry.Kind)+"-"+sub+"-"+reset)
	}
	var errs []error
	if h.config.EndSessions {
		short, cancel := context.WithTimeout(ctx, signOutBudget)
		err := logging.Recover(func() error { return h.users.endSessions(short, event) })
		cancel()
		if err != nil {
			line.Warning = err // not an error: send-mail repeats it
			errs = append(errs, put(mail.Entry{Kind: mail.EndSessions, User: event.UserName}))
		}
	}
	if reachable(event) {
		line.Kind = string(message.PasswordChanged)
		notice := mail.NewEntry(message.PasswordChanged, event, h.config.NameAttributes)
		notice.User, notice.Time = event.UserName, time.Now().UTC().Format(time.RFC3339)
		errs = append(errs, put(notice))
	}
	return "password-reset", errors.Join(errs...)
}

// resetID tells one reset from the next, and is the same for Cognito's repeats of one, if the client
// metadata says which request it was, as verify-link's do. Without, a repeat is another reset: a
// notice that comes twice does less harm than one that the queue drops.
func resetID(event *trigger.Event) string {
	id := event.ClientMetadata["requestId"]
	if id == "" {
		return rand.Text()
	}
	hash := sha256.Sum256([]byte(id))
	return hex.EncodeToString(hash[:16])
}

//go:build !noinvitations

package main

import (
	"context"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"poolpost/internal/logging"
	"poolpost/internal/trigger"
)

func init() {
	withInvitations = func(h *handler) lambda.Handler { return invitations{h} }
}

// invitations also answers PreTokenGeneration (V1_0), the first trigger that runs after somebody
// whom an administrator created has set a password. Cognito invokes it for every sign-in and every
// token refresh, so all other events pass at once, without a log line.
type invitations struct{ *handler }

func (h invitations) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	switch source := trigger.SourceOf(payload); {
	case !strings.HasPrefix(source, "TokenGeneration_"):
		return h.handler.Invoke(ctx, payload)
	case source != "TokenGeneration_NewPasswordChallenge":
		return payload, nil
	}
	reply := payload
	_ = h.log.Record(ctx, func(line *logging.Line) error {
		ctx, cancel := context.WithTimeout(ctx, h.budget)
		defer cancel()
		event, err := trigger.Decode(payload)
		if err != nil {
			return err
		}
		if event.Version != "1" {
			return logging.ErrUnknown
		}
		joined, err := h.follow(ctx, event, line, publisher.invitationAccepted, (*handler).welcome)
		// The configuration of the groups in the event is older than the groups.
		if with, err := event.ReplyWithGroups(payload, joined); err == nil {
			reply = with
		} else {
			line.Warning = err // the next tokens have the groups
		}
		return err
	})
	return reply, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/smithy-go"

	"poolpost/internal/functiontest"
	"poolpost/internal/mail"
	"poolpost/internal/message"
)

// A pool notes whose sessions end, in the order of the mails that SES takes.
type pool struct {
	recorder
	calls []string
	fail  error
}

func (p *pool) AdminUserGlobalSignOut(_ context.Context, in *cognito.AdminUserGlobalSignOutInput, _ ...func(*cognito.Options)) (*cognito.AdminUserGlobalSignOutOutput, error) {
	if p.fail != nil {
		return nil, p.fail
	}
	p.calls = append(p.calls, "end "+*in.UserPoolId+" "+*in.Username)
	return nil, nil
}

func (p *pool) SendEmail(ctx context.Context, in *sesv2.SendEmailInput, options ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error) {
	p.calls = append(p.calls, "send "+in.Destination.ToAddresses[0])
	return p.recorder.SendEmail(ctx, in, options...)
}

func poolHandler(t *testing.T) (*handler, *pool, *functiontest.Log) {
	h, _, logged := testHandler(t)
	p := &pool{}
	h.services, h.queues.sqs = services{p, sessions{p, poolID}}, p
	return h, p, logged
}

// reset is what a reset of a password puts on the queue, when post-confirmation could not end the
// sessions.
func reset(t *testing.T, user, receives string) []events.SQSMessage {
	var all []events.SQSMessage
	for i, entry := range []mail.Entry{
		{Kind: mail.EndSessions, User: user},
		{Kind: message.PasswordChanged, To: user + "@example.com", User: user, ClientID: ridersID, Time: "2026-01-01T12:00:00Z"},
	} {
		m := queued(t, entry)
		m.MessageId, m.Attributes["MessageGroupId"] = fmt.Sprint(user, i), user
		m.Attributes["ApproximateReceiveCount"] = receives
		all = append(all, m)
	}
	return all
}

func TestSessionsEndBeforeTheNotice(t *testing.T) {
	h, p, logged := poolHandler(t)
	reply, err := h.Handle(t.Context(), batchOf(reset(t, "jane", "1")...))
	if err != nil || reply.BatchItemFailures != nil {
		t.Fatalf("got %v, %v", reply, err)
	}
	if want := []string{"end " + poolID + " jane", "send jane@example.com"}; !slices.Equal(p.calls, want) {
		t.Errorf("the calls are %q, want %q", p.calls, want)
	}
	if line := logged.Lines(t)[0]; line["kind"] != "end-sessions" || line["Outcome"] != "sessions-ended" || line["level"] != "INFO" {
		t.Errorf("the line is %v", line)
	}
	if len(p.deleted) != 2 || len(p.dead) != 0 {
		t.Errorf("%d entries were deleted, dead letters are %q", len(p.deleted), p.reasons())
	}
}

// While sessions cannot be ended, the notice waits, and other people's mails do not.
func TestSessionsThatDoNotEndHoldUpTheNotice(t *testing.T) {
	api := func(code string) error { return &smithy.GenericAPIError{Code: code, Message: "jane"} }
	for name, test := range map[string]struct {
		err     error
		outcome string
		delay   int32 // seconds, after the first attempt
	}{
		"Cognito limits calls":       {api("TooManyRequestsException"), throttled, 2},
		"a permission is missing":    {api("AccessDeniedException"), failed, 30},
		"the pool is not there":      {api("ResourceNotFoundException"), failed, 30},
		"Cognito does not answer":    {context.DeadlineExceeded, unavailable, 5},
		"an error without any words": {errors.New("jane"), failed, 30},
	} {
		t.Run(name, func(t *testing.T) {
			h, p, logged := poolHandler(t)
			p.fail = test.err
			reply, err := h.Handle(t.Context(), batchOf(append(reset(t, "jane", "1"), record(t, "other", "other", "other@example.com"))...))
			if err != nil || !slices.Equal(reported(reply), []string{"jane0", "jane1"}) {
				t.Errorf("the batch reports %q, %v", reported(reply), err)
			}
			if want := []string{"send other@example.com"}; !slices.Equal(p.calls, want) {
				t.Errorf("the calls are %q, want %q", p.calls, want)
			}
			if outcome := logged.Lines(t)[0]["Outcome"]; outcome != test.outcome || p.delayed[0].VisibilityTimeout != test.delay {
				t.Errorf("the outcome is %s, with a delay of %d s", outcome, p.delayed[0].VisibilityTimeout)
			}
			if strings.Contains(logged.String(), "jane") {
				t.Errorf("the log names the user: %s", logged)
			}
		})
	}
}

// What cannot be repaired by waiting must not keep the notice from its reader.
func TestSessionsThatCannotEndBecomeADeadLetter(t *testing.T) {
	gone := &smithy.GenericAPIError{Code: "AccessDeniedException"}
	for name, test := range map[string]struct {
		err    error
		user   string
		reason string
	}{
		"after the last attempt": {gone, "jane", "AccessDeniedException"},
		"nobody is named":        {nil, "", errNoUser.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			h, p, _ := poolHandler(t)
			h.now = func() time.Time { return sentAt.Add(minFailureTime) }
			p.fail = test.err
			reply, err := h.Handle(t.Context(), batchOf(reset(t, test.user, "5")...))
			if err != nil || reply.BatchItemFailures != nil && test.user != "" {
				t.Errorf("got %v, %v", reply, err)
			}
			if len(p.dead) == 0 || p.reasons()[0] != test.reason {
				t.Errorf("the dead letters are %q", p.reasons())
			}
			if test.user != "" && !slices.Equal(p.calls, []string{"send jane@example.com"}) {
				t.Errorf("the calls are %q", p.calls)
			}
		})
	}
}

func TestSomebodyWhoWasDeletedHasNoSessions(t *testing.T) {
	h, p, logged := poolHandler(t)
	p.fail = &types.UserNotFoundException{}
	reply, err := h.Handle(t.Context(), batchOf(reset(t, "jane", "1")[:1]...))
	if err != nil || reply.BatchItemFailures != nil || len(p.dead) != 0 {
		t.Errorf("got %v, %v, dead letters %q", reply, err, p.reasons())
	}
	logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": "sessions-ended"})
}

//go:build !nousers

package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"poolpost/internal/functiontest"
	"poolpost/internal/mail"
	"poolpost/internal/message"
)

// resetWith is the event of a reset, with other attributes and client metadata.
func resetWith(t *testing.T, attributes, metadata map[string]string) []byte {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(functiontest.Events(t)["confirm-forgot-password"], &event); err != nil {
		t.Fatal(err)
	}
	request := event["request"].(map[string]any)
	request["clientMetadata"] = metadata
	for name, value := range attributes {
		request["userAttributes"].(map[string]any)[name] = value
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// queued are the entries on the queue, in order.
func (r *recorder) queued(t *testing.T) []mail.Entry {
	t.Helper()
	var all []mail.Entry
	for _, in := range r.entries {
		entry, err := mail.Decode(in.MessageBody)
		if err != nil {
			t.Fatal(err)
		}
		if in.MessageGroupId != userID || in.QueueUrl != queueURL {
			t.Errorf("%s is on %s, in group %s", entry.Kind, in.QueueUrl, in.MessageGroupId)
		}
		all = append(all, entry)
	}
	return all
}

// kinds are those of the entries on the queue, in order.
func (r *recorder) kinds(t *testing.T) []message.Kind {
	var all []message.Kind
	for _, entry := range r.queued(t) {
		all = append(all, entry.Kind)
	}
	return all
}

func TestAResetEndsSessionsAndThenTellsTheUser(t *testing.T) {
	h, r, logged := newHandler(t)
	h.config.Groups = nil
	checkReturned(t, h, resetWith(t, nil, map[string]string{"locale": "fr-CA"}))
	if want := []string{"end sessions", "enqueue"}; !slices.Equal(r.did, want) {
		t.Errorf("it did %q, want %q", r.did, want)
	}
	if want := (adminUser{"eu-central-1_Sample001", userID}); len(r.ended) != 1 || r.ended[0] != want {
		t.Errorf("the sessions of %v end, want those of %v", r.ended, want)
	}
	notice := r.queued(t)[0]
	at, err := time.Parse(time.RFC3339, notice.Time)
	if err != nil || time.Since(at) > time.Minute || !strings.HasSuffix(notice.Time, "Z") {
		t.Errorf("the notice says that it was at %q", notice.Time)
	}
	if notice.Kind != message.PasswordChanged || notice.To != "jane@example.com" || notice.User != userID ||
		notice.ClientID != clientID || !slices.Equal(notice.Locales, []string{"fr-CA"}) || notice.Code != "" {
		t.Errorf("the notice is %+v", notice)
	}
	logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": "password-reset", "kind": "password-changed", "warning": nil})
}

func TestSessionsAndNoticeDependOnSettingsAndAddress(t *testing.T) {
	for name, test := range map[string]struct {
		attributes map[string]string
		keep       bool // endSessionsAfterReset: false
		ended      int
		kinds      []message.Kind
	}{
		"sessions that stay":                       {nil, true, 0, []message.Kind{message.PasswordChanged}},
		"an address that nobody has verified":      {map[string]string{"email_verified": "false"}, false, 1, nil},
		"a user without an address":                {map[string]string{"email": ""}, false, 1, nil},
		"neither":                                  {map[string]string{"email": ""}, true, 0, nil},
		"somebody who was imported has a password": {map[string]string{"cognito:user_status": "CONFIRMED"}, false, 1, []message.Kind{message.PasswordChanged}},
	} {
		t.Run(name, func(t *testing.T) {
			h, r, logged := newHandler(t)
			h.config.EndSessions = !test.keep
			checkReturned(t, h, resetWith(t, test.attributes, nil))
			if len(r.ended) != test.ended || !slices.Equal(r.kinds(t), test.kinds) {
				t.Errorf("%d users' sessions end, and the queue has %q", len(r.ended), r.kinds(t))
			}
			logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": "password-reset"})
		})
	}
}

// What does not succeed in time is on the queue, in front of the notice.
func TestSessionsThatDoNotEndInTimeAreQueued(t *testing.T) {
	wait := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	says := func(status int, code string) func(context.Context) error {
		return func(context.Context) error { return &functiontest.APIError{Status: status, Code: code} }
	}
	for name, fail := range map[string]func(context.Context) error{
		"Cognito does not answer": wait,
		"Cognito limits calls":    says(400, "TooManyRequestsException"),
		"Cognito is down":         says(500, "InternalErrorException"),
		"a permission is missing": says(400, "AccessDeniedException"),
		"it panics":               func(context.Context) error { panic("sample panic") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, r, logged := newHandler(t)
				h.budget = budget
				r.fail = func(ctx context.Context, does string) error {
					if does == "end sessions" {
						return fail(ctx)
					}
					return nil
				}
				began := time.Now()
				checkReturned(t, h, functiontest.Events(t)["confirm-forgot-password"])
				if took := time.Since(began); took > budget {
					t.Errorf("it took %v", took)
				}
				entries := r.queued(t)
				if want := []message.Kind{mail.EndSessions, message.PasswordChanged}; !slices.Equal(r.kinds(t), want) {
					t.Fatalf("the queue has %q, want %q", r.kinds(t), want)
				}
				if entries[0].User != userID || entries[0].To != "" || entries[0].Name != "" {
					t.Errorf("the first entry is %+v", entries[0])
				}
				if r.entries[0].MessageDeduplicationId == r.entries[1].MessageDeduplicationId {
					t.Error("the queue would drop the notice")
				}
				line := logged.Lines(t)[0]
				if line["Outcome"] != "password-reset" || line["warning"] == nil {
					t.Errorf("the line is %v", line)
				}
				if !slices.Equal(r.groupNames(), h.config.Groups) {
					t.Errorf("the user joined %q", r.groupNames())
				}
			})
		})
	}
}

func TestAResetWithoutAQueueIsAFailure(t *testing.T) {
	h, r, logged := newHandler(t)
	r.fail = func(_ context.Context, does string) error {
		if does == "enqueue" {
			return &functiontest.APIError{Status: 400, Code: "QueueDoesNotExist"}
		}
		return nil
	}
	checkReturned(t, h, functiontest.Events(t)["confirm-forgot-password"])
	logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
	if len(r.ended) != 1 || !strings.Contains(logged.String(), "QueueDoesNotExist") {
		t.Errorf("%d users' sessions ended: %s", len(r.ended), logged)
	}
}

// A queue drops what comes again with the same id within five minutes.
func TestEveryResetIsTold(t *testing.T) {
	ids := func(events ...[]byte) (all []string) {
		h, r, _ := newHandler(t)
		for _, event := range events {
			checkReturned(t, h, event)
		}
		for _, in := range r.entries {
			if len(in.MessageDeduplicationId) > 128 || strings.ContainsAny(in.MessageDeduplicationId, " \n/") {
				t.Errorf("SQS refuses the id %q", in.MessageDeduplicationId)
			}
			all = append(all, in.MessageDeduplicationId)
		}
		return all
	}
	with := func(id string) []byte { return resetWith(t, nil, map[string]string{"requestId": id}) }
	for name, test := range map[string]struct {
		first, second []byte
		same          bool
	}{
		"a repeat of Cognito's":                    {with("a"), with("a"), true},
		"two requests":                             {with("a"), with("b"), false},
		"two resets by an app that does not say":   {with(""), with(""), false},
		"a request with an id that SQS refuses":    {with("a\n" + strings.Repeat("/", 500)), with("a\n" + strings.Repeat("/", 500)), true},
		"the same request, of another user's name": {with("a"), resetWith(t, map[string]string{"sub": "ffffffff-1111-4222-8333-444455556666"}, map[string]string{"requestId": "a"}), false},
	} {
		if got := ids(test.first, test.second); len(got) != 2 || (got[0] == got[1]) != test.same {
			t.Errorf("%s: the ids are %q", name, got)
		}
	}
}

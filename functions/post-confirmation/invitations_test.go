//go:build !noevents && !noinvitations && !nousers

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"poolpost/events"
	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

// followingUp is a handler with invitations.followUp, which publishes events.
func followingUp(t testing.TB) (*handler, lambda.Handler, *recorder, *functiontest.Log) {
	h, r, logged := newHandler(t)
	publishing(h)
	return h, withInvitations(h), r, logged
}

// override is what a reply says about groups; everything else must be as in the event.
func override(t *testing.T, payload, reply []byte) map[string]any {
	t.Helper()
	var was, is map[string]any
	if err := errors.Join(json.Unmarshal(payload, &was), json.Unmarshal(reply, &is)); err != nil {
		t.Fatal(err)
	}
	response, _ := is["response"].(map[string]any)
	claims, _ := response["claimsOverrideDetails"].(map[string]any)
	groups, _ := claims["groupOverrideDetails"].(map[string]any)
	if len(response) != 1 || len(claims) != 1 || groups == nil {
		t.Fatalf("the response is %v", response)
	}
	delete(was, "response")
	delete(is, "response")
	if !reflect.DeepEqual(was, is) {
		t.Errorf("the event was\n%v\nand is\n%v", was, is)
	}
	return groups
}

func TestSomebodyWhoAcceptsAnInvitation(t *testing.T) {
	const editors, members = "arn:aws:iam::123456789012:role/editors", "arn:aws:iam::123456789012:role/members"
	for name, test := range map[string]struct {
		outcome string
		mail    bool
		locales []string
		tokens  map[string]any // what they say about groups; nil: what Cognito says
	}{
		"accept-an-invitation":                               {"welcomed", true, nil, map[string]any{"groupsToOverride": []any{"members", "riders"}, "iamRolesToOverride": []any{}, "preferredRole": nil}},
		"accept-an-invitation-in-canadian-french":            {"welcomed", true, []string{"fr-CA"}, map[string]any{"groupsToOverride": []any{"members", "riders"}, "iamRolesToOverride": []any{}, "preferredRole": nil}},
		"accept-an-invitation-with-groups-and-roles":         {"welcomed", true, nil, map[string]any{"groupsToOverride": []any{"editors", "members", "riders"}, "iamRolesToOverride": []any{editors, members}, "preferredRole": editors}},
		"accept-an-invitation-to-an-unverified-address":      {"not-welcomed", false, nil, map[string]any{"groupsToOverride": []any{"members", "riders"}, "iamRolesToOverride": []any{}, "preferredRole": nil}},
		"accept-an-invitation-without-a-group-configuration": {"welcomed", true, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, both, r, logged := followingUp(t)
			payload := functiontest.Events(t)[name]
			reply, err := both.Invoke(t.Context(), payload)
			if err != nil {
				t.Fatal(err)
			}
			if test.tokens == nil {
				if !bytes.Equal(reply, payload) {
					t.Errorf("the event did not come back byte for byte: %s", reply)
				}
			} else if got := override(t, payload, reply); !reflect.DeepEqual(got, test.tokens) {
				t.Errorf("the tokens have %v, want %v", got, test.tokens)
			}
			if got := r.groupNames(); !slices.Equal(got, []string{"members", "riders"}) {
				t.Errorf("the user joined %q", got)
			}
			logged.CheckLine(t, map[string]any{"Outcome": test.outcome, "trigger": "TokenGeneration_NewPasswordChallenge", "reason": nil})
			if warns := strings.Contains(logged.String(), `"warning"`); warns != (test.tokens == nil) {
				t.Errorf("the line is %s", logged)
			}
			var e events.Event
			if len(r.events) != 1 || json.Unmarshal([]byte(r.events[0]), &e) != nil || e.Type != events.UserInvitationAccepted || e.Sub != userID || e.ClientID != clientID {
				t.Errorf("the events are %q", r.events)
			}
			queued := r.queued(t)
			if !test.mail {
				if len(queued) != 0 {
					t.Errorf("there are mails: %v", queued)
				}
				return
			}
			if len(queued) != 1 || queued[0].Kind != message.Welcome || queued[0].To != "jane@example.com" || !slices.Equal(queued[0].Locales, test.locales) {
				t.Errorf("the mails are %+v", queued)
			}
		})
	}
}

// Whatever Cognito repeats, and whenever else an administrator makes somebody choose a new password,
// there is one mail and one event.
func TestARepeatedFirstPasswordIsTheSameEntryAndEvent(t *testing.T) {
	_, both, r, _ := followingUp(t)
	for range 3 {
		if _, err := both.Invoke(t.Context(), functiontest.Events(t)["accept-an-invitation"]); err != nil {
			t.Fatal(err)
		}
	}
	ids := map[string]bool{}
	for i, in := range r.entries {
		var e events.Event
		if err := json.Unmarshal([]byte(r.events[i]), &e); err != nil {
			t.Fatal(err)
		}
		ids[in.MessageDeduplicationId], ids[e.ID] = true, true
	}
	if len(r.entries) != 3 || len(ids) != 2 || !ids["welcome-"+userID] {
		t.Errorf("%d entries and events have the ids %v", len(r.entries), ids)
	}
	other, _ := published(t, functiontest.Events(t)["confirm-sign-up"])
	if ids[other.ID] {
		t.Error("a confirmation has the same id")
	}
}

// The price of each sign-in and each refresh is a look at the trigger source: no call, no line.
func TestOtherTokensPassUntouched(t *testing.T) {
	for _, source := range []string{"HostedAuth", "Authentication", "AuthenticateDevice", "RefreshTokens", "ClientCredentials", "OfALaterDay"} {
		_, both, r, logged := followingUp(t)
		payload := functiontest.Event(t, "sign-in", "triggerSource", "TokenGeneration_"+source)
		checkReturned(t, both, payload)
		if len(r.did) != 0 || logged.Len() != 0 {
			t.Errorf("%s: it did %q and logged %s", source, r.did, logged)
		}
	}
}

// Behind invitations, everything else is as without it.
func TestOtherEventsAreAsWithoutInvitations(t *testing.T) {
	for name, payload := range functiontest.Events(t) {
		if strings.HasPrefix(name, "accept-") || name == "sign-in" || name == "refresh-tokens" {
			continue
		}
		without, _, r, _ := followingUp(t)
		checkReturned(t, without, payload)
		_, both, rBoth, logged := followingUp(t)
		checkReturned(t, both, payload)
		slices.Sort(r.did)
		slices.Sort(rBoth.did)
		if !slices.Equal(r.did, rBoth.did) || logged.Len() == 0 {
			t.Errorf("%s: it did %q, and without invitations %q", name, rBoth.did, r.did)
		}
	}
	// An attribute that anybody can write is no trigger source.
	_, both, r, _ := followingUp(t)
	checkReturned(t, both, functiontest.Event(t, "confirm-sign-up", "request.userAttributes.name", `","triggerSource":"TokenGeneration_Authentication`))
	if len(r.entries) != 1 {
		t.Error("a name hides a confirmation")
	}
}

func TestAVersionThatNobodyKnowsIsLeftToCognito(t *testing.T) {
	_, both, r, logged := followingUp(t)
	checkReturned(t, both, functiontest.Events(t)["accept-an-invitation-in-an-event-of-version-2"])
	logged.CheckLine(t, map[string]any{"level": "WARN", "Outcome": "unknown"})
	if len(r.did) != 0 {
		t.Errorf("it did %q", r.did)
	}
}

func TestAFailureNeverStopsASignIn(t *testing.T) {
	missing := &functiontest.APIError{Status: 400, Code: "ResourceNotFoundException", Message: "Group not found."}
	for name, test := range map[string]struct {
		fail   func(does string) error
		tokens []any // groups; nil: the event came back as it was
		mails  int
		events int
		reason string
	}{
		"a group that does not exist": {func(does string) error {
			if does == "join members" {
				return missing
			}
			return nil
		}, []any{"riders"}, 1, 1, "ResourceNotFoundException"},
		"no group exists": {func(does string) error {
			if strings.HasPrefix(does, "join ") {
				return missing
			}
			return nil
		}, nil, 1, 1, "ResourceNotFoundException"},
		"queues that refuse": {func(does string) error {
			if !strings.HasPrefix(does, "join ") {
				return &functiontest.APIError{Status: 400, Code: "QueueDoesNotExist"}
			}
			return nil
		}, []any{"members", "riders"}, 0, 0, "QueueDoesNotExist"},
		"everything fails":  {func(string) error { return missing }, nil, 0, 0, "ResourceNotFoundException"},
		"everything panics": {func(string) error { panic("sample panic") }, nil, 0, 0, "panic"},
	} {
		t.Run(name, func(t *testing.T) {
			_, both, r, logged := followingUp(t)
			r.fail = func(_ context.Context, does string) error { return test.fail(does) }
			payload := functiontest.Events(t)["accept-an-invitation"]
			reply, err := both.Invoke(t.Context(), payload)
			if err != nil {
				t.Fatal(err)
			}
			if test.tokens == nil && !bytes.Equal(reply, payload) {
				t.Errorf("the event is %s", reply)
			}
			if test.tokens != nil {
				if got := override(t, payload, reply)["groupsToOverride"].([]any); !slices.Equal(got, test.tokens) {
					t.Errorf("the tokens have the groups %v, want %v", got, test.tokens)
				}
			}
			logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
			if !strings.Contains(logged.String(), test.reason) || len(r.entries) != test.mails || len(r.events) != test.events {
				t.Errorf("%d mails, %d events: %s", len(r.entries), len(r.events), logged)
			}
		})
	}
}

// Cognito waits 5 seconds for the answer, and would ask again.
func TestASignInWaitsForAWSNoLongerThanTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, both, r, _ := followingUp(t)
		h.budget = budget
		r.fail = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
		began := time.Now()
		checkReturned(t, both, functiontest.Events(t)["accept-an-invitation"])
		if took := time.Since(began); took != budget {
			t.Errorf("it took %v", took)
		}
	})
}

func TestNothingPersonalOfAnInvitationIsLogged(t *testing.T) {
	_, both, r, logged := followingUp(t)
	for failure, fail := range map[string]func(context.Context, string) error{
		"": nil, "an error without a code": func(context.Context, string) error { return errors.New("secret of jane@example.com") },
	} {
		r.fail = fail
		for name, payload := range functiontest.WithSecrets(t) {
			if !strings.HasPrefix(name, "accept-") {
				continue // the others are those of a handler without invitations, or log nothing
			}
			t.Run(failure+" "+name, func(t *testing.T) {
				logged.CheckNothingPersonal(t, func() error {
					_, err := both.Invoke(t.Context(), payload)
					return err
				})
			})
		}
	}
}

func TestStart_withInvitationsButWithoutTheirCode(t *testing.T) {
	dir := t.TempDir()
	settings := `{"groups": [], "nameAttributes": [], "invitations": true}`
	if err := os.WriteFile(filepath.Join(dir, config.File), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MAIL_QUEUE_URL", queueURL)
	logged := &functiontest.Log{}
	cfg := functiontest.AWS(func(*http.Request, string, []byte) (any, error) { return nil, nil }).Config()
	if _, ok := start(dir, cfg, logged.Logger("post-confirmation")).(invitations); !ok {
		t.Error("it does not answer PreTokenGeneration")
	}
	defer func(f func(*handler) lambda.Handler) { withInvitations = f }(withInvitations)
	withInvitations = nil
	checkReturned(t, start(dir, aws.Config{}, logged.Logger("post-confirmation")), functiontest.Events(t)["accept-an-invitation"])
	logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed", "reason": lambdaenv.ErrLeftOut.Error()})
}

// What every sign-in pays, beside the invocation.
func BenchmarkSignIn(b *testing.B) {
	h, both, _, _ := followingUp(b)
	h.log = logging.NewWith("post-confirmation", io.Discard, time.Now)
	payload := functiontest.Events(b)["sign-in"]
	functiontest.Bench(b, 6, func() {
		if _, err := both.Invoke(b.Context(), payload); err != nil {
			b.Fatal(err)
		}
	})
}

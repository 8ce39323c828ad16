//go:build !nousers

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/internal/awsconfig"
	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
	"poolpost/internal/trigger"
)

const (
	userID   = "0a1b2c3d-1111-4222-8333-444455556666"
	clientID = "1ridersexample23456789abcd"
	queueURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/sample-mail.fifo"

	eventQueueURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/sample-events"
)

// A recorder is both sides of AWS: it keeps what it is asked, and answers what
// fail says.
type recorder struct {
	mu      sync.Mutex
	joined  []addUserToGroup
	entries []functiontest.SendMessage
	events  []string    // bodies
	ended   []adminUser // whose sessions
	updated []updateAttributes
	did     []string // in order
	fail    func(ctx context.Context, operation string) error
}

type addUserToGroup struct{ UserPoolId, Username, GroupName string }

type updateAttributes struct {
	UserPoolId, Username string
	UserAttributes       []struct{ Name, Value string }
}

type adminUser struct{ UserPoolId, Username string }

func (r *recorder) answer(request *http.Request, operation string, input []byte) (any, error) {
	var join addUserToGroup
	var entry functiontest.SendMessage
	var user adminUser
	var update updateAttributes
	var err error
	does := "enqueue"
	switch operation {
	case "SendMessage":
		err = functiontest.Strictly(input, &entry)
		if entry.QueueUrl == eventQueueURL {
			does = "publish"
		}
	case "AdminUserGlobalSignOut":
		err = functiontest.Strictly(input, &user)
		does = "end sessions"
	case "AdminUpdateUserAttributes":
		err = functiontest.Strictly(input, &update)
		does = "update"
	case "AdminAddUserToGroup":
		err = functiontest.Strictly(input, &join)
		does = "join " + join.GroupName
	default:
		err = fmt.Errorf("unexpected %s", operation)
	}
	if err == nil && r.fail != nil {
		err = r.fail(request.Context(), does)
	}
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.did = append(r.did, does)
	switch {
	case entry.QueueUrl == eventQueueURL:
		r.events = append(r.events, entry.MessageBody)
		return entry.Output(), nil
	case operation == "SendMessage":
		r.entries = append(r.entries, entry)
		return entry.Output(), nil
	case operation == "AdminUserGlobalSignOut":
		r.ended = append(r.ended, user)
		return struct{}{}, nil
	case operation == "AdminUpdateUserAttributes":
		r.updated = append(r.updated, update)
		return struct{}{}, nil
	}
	r.joined = append(r.joined, join)
	return nil, nil
}

// groupNames are the groups that were joined, sorted.
func (r *recorder) groupNames() []string {
	var names []string
	for _, in := range r.joined {
		names = append(names, in.GroupName)
	}
	slices.Sort(names)
	return names
}

func newHandler(t testing.TB) (*handler, *recorder, *functiontest.Log) {
	t.Helper()
	logged, r := &functiontest.Log{}, &recorder{}
	_, c := functiontest.Dir[config.PostConfirmation](t, "post-confirmation")
	cfg := functiontest.AWS(r.answer).Config()
	return &handler{
		config: c, optional: optional{users: userPool{cognitoidentityprovider.NewFromConfig(cfg)}}, queue: mail.Queue{SQS: sqs.NewFromConfig(cfg), URL: queueURL}, budget: time.Minute, log: logged.Logger("post-confirmation"),
	}, r, logged
}

// checkReturned invokes the handler and checks that the user sees no failure.
func checkReturned(t *testing.T, h lambda.Handler, payload []byte) {
	t.Helper()
	reply, err := h.Invoke(t.Context(), payload)
	if err != nil || !bytes.Equal(reply, payload) {
		t.Errorf("the event did not come back byte for byte: %v", err)
	}
}

func TestEverySampleEventHasItsEffects(t *testing.T) {
	const to = "jane@example.com"
	type row struct {
		outcome string
		joins   bool
		entry   *mail.Entry // nil: no mail
	}
	functiontest.EachEvent(t, map[string]row{
		"confirm-sign-up": {"welcomed", true, &mail.Entry{Kind: message.Welcome, To: to, Name: "Jane Sample", ClientID: clientID, Locales: []string{"fr-CA"}}},
		"confirm-sign-up-with-null-client-metadata": {"welcomed", true,
			&mail.Entry{Kind: message.Welcome, To: to, Name: "Jane Sample", ClientID: clientID}},
		"confirm-sign-up-by-an-administrator-with-a-null-client": {"welcomed", true, &mail.Entry{Kind: message.Welcome, To: to, Name: "Jane Sample"}},
		"confirm-sign-up-by-an-administrator-without-a-client":   {"welcomed", true, &mail.Entry{Kind: message.Welcome, To: to, Name: "Jane Sample"}},
		"confirm-sign-up-with-a-numeric-version-and-boolean-attributes": {"welcomed", true,
			&mail.Entry{Kind: message.Welcome, To: to, Name: "Jane Sample", ClientID: clientID}},
		"confirm-sign-up-with-a-hostile-name": {"welcomed", true,
			&mail.Entry{Kind: message.Welcome, To: to, Name: message.CleanName("Jane</p><script>\r\nBcc: victim@example.com {####} \u202e https://evil.example"), ClientID: clientID}},
		"confirm-sign-up-with-unknown-fields-everywhere": {"welcomed", true,
			&mail.Entry{Kind: message.Welcome, To: to, Name: "Jane Sample", ClientID: clientID, Locales: []string{"ar"}}},
		"confirm-sign-up-of-an-unverified-address":                {"not-welcomed", true, nil},
		"confirm-sign-up-without-an-address":                      {"not-welcomed", true, nil},
		"first-sign-in-through-facebook":                          {"not-welcomed", true, nil},
		"first-sign-in-through-google-with-an-unverified-address": {"not-welcomed", true, nil},
		"confirm-sign-up-of-2016-without-a-sub":                   {"not-welcomed", true, nil},
		"confirm-sign-up-in-cognito-local":                        {"unknown", false, nil},
		"test-event-of-the-documentation":                         {"unknown", false, nil},
		"confirm-forgot-password":                                 {"password-reset", true, &mail.Entry{Kind: message.PasswordChanged, To: to, Name: "Jane Sample", ClientID: clientID}},
		"unknown-source-of-a-later-day":                           {"unknown", false, nil},
		"unknown-version":                                         {"unknown", false, nil},
		"accept-an-invitation":                                    {"unknown", false, nil},
		"accept-an-invitation-in-canadian-french":                 {"unknown", false, nil},
		"accept-an-invitation-with-groups-and-roles":              {"unknown", false, nil},
		"accept-an-invitation-to-an-unverified-address":           {"unknown", false, nil},
		"accept-an-invitation-without-a-group-configuration":      {"unknown", false, nil},
		"accept-an-invitation-in-an-event-of-version-2":           {"unknown", false, nil},
		"sign-in":        {"unknown", false, nil},
		"refresh-tokens": {"unknown", false, nil},
	}, func(t *testing.T, payload []byte, want row) {
		h, r, logged := newHandler(t)
		checkReturned(t, h, payload)
		level := "INFO"
		if want.outcome == "unknown" {
			level = "WARN"
		}
		logged.CheckLine(t, map[string]any{"level": level, "Outcome": want.outcome, "reason": nil})
		var groups []string
		if want.joins {
			groups = h.config.Groups
		}
		if got := r.groupNames(); !slices.Equal(got, groups) {
			t.Errorf("the user joined %q, want %q", got, groups)
		}
		if want.entry == nil {
			if len(r.entries) != 0 {
				t.Errorf("a welcome mail is on the queue: %s", r.entries[0].MessageBody)
			}
			return
		}
		if len(r.entries) != 1 {
			t.Fatalf("there are %d entries on the queue, not one", len(r.entries))
		}
		entry, err := mail.Decode(r.entries[0].MessageBody)
		if err != nil {
			t.Fatal(err)
		}
		if entry.Kind != want.entry.Kind || entry.To != want.entry.To || entry.Name != want.entry.Name ||
			entry.ClientID != want.entry.ClientID || !slices.Equal(entry.Locales, want.entry.Locales) {
			t.Errorf("the entry is %+v, want %+v", entry, *want.entry)
		}
	})
}

func TestTheRequestsNameUserPoolGroupAndQueue(t *testing.T) {
	h, r, _ := newHandler(t)
	checkReturned(t, h, functiontest.Events(t)["confirm-sign-up"])
	for _, in := range r.joined {
		if in.UserPoolId != "eu-central-1_Sample001" || in.Username != userID {
			t.Errorf("user %s of pool %s joins %s", in.Username, in.UserPoolId, in.GroupName)
		}
	}
	in := r.entries[0]
	if in.QueueUrl != queueURL || in.MessageGroupId != userID || in.MessageDeduplicationId != "welcome-"+userID {
		t.Errorf("the entry is on %s, group %s, deduplication id %s", in.QueueUrl, in.MessageGroupId, in.MessageDeduplicationId)
	}
}

func TestARepeatedEventIsTheSameEntry(t *testing.T) {
	h, r, _ := newHandler(t)
	for range 3 { // as often as Cognito calls
		checkReturned(t, h, functiontest.Events(t)["confirm-sign-up"])
	}
	if len(r.entries) != 3 {
		t.Fatalf("there are %d entries, not 3", len(r.entries))
	}
	for _, in := range r.entries[1:] {
		first := r.entries[0]
		if in.MessageDeduplicationId != first.MessageDeduplicationId || in.MessageGroupId != first.MessageGroupId || in.MessageBody != first.MessageBody {
			t.Error("the queue would take the repeated entry for another one")
		}
	}
}

func TestAnotherUserIsAnotherEntry(t *testing.T) {
	h, r, _ := newHandler(t)
	first := functiontest.Events(t)["confirm-sign-up"]
	checkReturned(t, h, first)
	checkReturned(t, h, bytes.ReplaceAll(first, []byte(userID), []byte("ffffffff-1111-4222-8333-444455556666")))
	if r.entries[0].MessageDeduplicationId == r.entries[1].MessageDeduplicationId || r.entries[0].MessageGroupId == r.entries[1].MessageGroupId {
		t.Error("the queue would drop the mail of the second user")
	}
}

func TestAFailureNeverReachesTheUser(t *testing.T) {
	throttled := &functiontest.APIError{Status: 400, Code: "TooManyRequestsException", Message: "slow down"}
	// Only the operation that is named fails; the others must go on.
	only := func(failing string, err error) func(context.Context, string) error {
		return func(_ context.Context, operation string) error {
			if operation == failing {
				return err
			}
			return nil
		}
	}
	for name, test := range map[string]struct {
		spoil   func(*testing.T, *handler, *recorder)
		groups  []string
		entries int
		reason  string
	}{
		"a group that does not exist": {func(_ *testing.T, _ *handler, r *recorder) {
			r.fail = only("join members", &functiontest.APIError{Status: 400, Code: "ResourceNotFoundException", Message: "Group not found."})
		}, []string{"riders"}, 1, "ResourceNotFoundException"},
		"a queue that refuses": {func(_ *testing.T, _ *handler, r *recorder) {
			r.fail = only("enqueue", throttled)
		}, []string{"members", "riders"}, 0, "TooManyRequestsException"},
		"everything fails": {func(_ *testing.T, _ *handler, r *recorder) {
			r.fail = func(context.Context, string) error { return throttled }
		}, nil, 0, "TooManyRequestsException"},
		"a panic while a group is joined": {func(_ *testing.T, _ *handler, r *recorder) {
			r.fail = func(_ context.Context, operation string) error {
				if operation == "join riders" {
					panic("sample panic")
				}
				return nil
			}
		}, []string{"members"}, 1, "panic"},
		"a panic while the mail is queued": {func(_ *testing.T, _ *handler, r *recorder) {
			r.fail = func(_ context.Context, operation string) error {
				if operation == "enqueue" {
					panic("sample panic")
				}
				return nil
			}
		}, []string{"members", "riders"}, 0, "panic"},
	} {
		t.Run(name, func(t *testing.T) {
			h, r, logged := newHandler(t)
			test.spoil(t, h, r)
			checkReturned(t, h, functiontest.Events(t)["confirm-sign-up"])
			logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
			if !strings.Contains(logged.String(), test.reason) {
				t.Errorf("the reason %q is not logged: %s", test.reason, logged)
			}
			if got := r.groupNames(); !slices.Equal(got, test.groups) || len(r.entries) != test.entries {
				t.Errorf("the user joined %q and has %d mails, want %q and %d", got, len(r.entries), test.groups, test.entries)
			}
		})
	}
}

func TestStart_withoutSettingsOrVariables(t *testing.T) {
	t.Setenv("MAIL_QUEUE_URL", "")
	dir, _ := functiontest.Dir[config.PostConfirmation](t, "post-confirmation")
	for dir, reason := range map[string]string{
		dir:         "the environment variable MAIL_QUEUE_URL is not set",
		t.TempDir(): "no such file or directory",
	} {
		logged := &functiontest.Log{}
		h := start(dir, aws.Config{}, logged.Logger("post-confirmation"))
		checkReturned(t, h, functiontest.Events(t)["confirm-sign-up"])
		logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
		if !strings.Contains(logged.String(), reason) {
			t.Errorf("the reason %q is not logged: %s", reason, logged)
		}
	}
}

func TestASlowAWSIsLeftWhenTheBudgetIsSpent(t *testing.T) {
	h, r, logged := newHandler(t)
	h.budget = 50 * time.Millisecond
	r.fail = func(ctx context.Context, _ string) error {
		<-ctx.Done()
		return fmt.Errorf("operation error: %w", ctx.Err())
	}
	start := time.Now()
	checkReturned(t, h, functiontest.Events(t)["confirm-sign-up"])
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v with a budget of %v", took, h.budget)
	}
	logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed", "reason": "timeout"})
}

func TestCallsOverHTTPKeepTheBudget(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a server that never answers": func(_ http.ResponseWriter, r *http.Request) {
			body := make([]byte, 1<<16)
			for _, err := r.Body.Read(body); err == nil; _, err = r.Body.Read(body) {
			}
			<-r.Context().Done()
		},
		"a server that is down, which is asked again and again": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answer)
			defer server.Close()
			cfg := awsconfig.WithRetries(aws.Config{
				Region: "eu-central-1", BaseEndpoint: &server.URL,
				Credentials: credentials.NewStaticCredentialsProvider("sample", "sample", ""),
			}, retries)
			h, _, logged := newHandler(t)
			h.users, h.queue.SQS, h.budget = userPool{cognitoidentityprovider.NewFromConfig(cfg)}, sqs.NewFromConfig(cfg), 100*time.Millisecond
			start := time.Now()
			checkReturned(t, h, functiontest.Events(t)["confirm-sign-up"])
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("it took %v with a budget of %v", took, h.budget)
			}
			logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
		})
	}
}

// Cognito waits 5 seconds, for a cold start as well.
func TestAColdStartWithoutAnAnswerOfAWSIsOverBeforeCognitoCallsAgain(t *testing.T) {
	dir, _ := functiontest.Dir[config.PostConfirmation](t, "post-confirmation")
	t.Setenv("MAIL_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/123456789012/mail.fifo")
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		logged := &functiontest.Log{}
		h := start(dir, functiontest.AWS(func(r *http.Request, _ string, _ []byte) (any, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}).Config(), logged.Logger("post-confirmation"))
		checkReturned(t, h, functiontest.Events(t)["confirm-sign-up"])
		if took := time.Since(began); took < budget || took > 4500*time.Millisecond {
			t.Errorf("it took %v: %s", took, logged)
		}
	})
}

// One instance confirms many people while SQS is away.
func TestNobodysAttemptsAreUsedUpByThoseBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		cfg := functiontest.AWS(func(*http.Request, string, []byte) (any, error) {
			asked++
			return nil, &functiontest.APIError{Status: http.StatusServiceUnavailable}
		}).Config()
		cfg = awsconfig.WithRetries(cfg, retries)
		h, _, _ := newHandler(t)
		h.budget = budget
		h.queue.SQS = sqs.NewFromConfig(cfg)
		for person := range 100 {
			asked = 0
			checkReturned(t, h, functiontest.Events(t)["confirm-sign-up"])
			if asked < 12 { // 3.5 s hold that many of the longest waits
				t.Fatalf("person %d has %d attempts", person, asked)
			}
		}
	})
}

func TestAnEventThatCannotBeReadComesBackIfItIsJSON(t *testing.T) {
	for name, payload := range map[string]string{
		"a list":                       "[1]",
		"a text":                       `"PostConfirmation_ConfirmSignUp"`,
		"attributes that are a list":   `{"triggerSource":"PostConfirmation_ConfirmSignUp","request":{"userAttributes":[]}}`,
		"a source that is an object":   `{"triggerSource":{}}`,
		"a caller that is a number":    `{"callerContext":7}`,
		"white space around the event": " \n{\"userName\":[] }\t",
	} {
		t.Run(name, func(t *testing.T) {
			h, r, logged := newHandler(t)
			checkReturned(t, h, []byte(payload))
			logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
			if reason := logged.Lines(t)[0]["reason"].(string); !strings.HasPrefix(reason, "decode event: ") {
				t.Errorf("the reason is %q", reason)
			}
			if len(r.joined)+len(r.entries) != 0 {
				t.Error("it had effects")
			}
		})
	}
	for name, payload := range map[string]string{"nothing": "", "half an event": `{"version":"1"`, "no JSON": "\xff"} {
		t.Run(name+" is an error", func(t *testing.T) {
			h, r, logged := newHandler(t)
			if reply, err := h.Invoke(t.Context(), []byte(payload)); !errors.Is(err, trigger.ErrNotJSON) || reply != nil {
				t.Errorf("got %q, %v, want %v", reply, err, trigger.ErrNotJSON)
			}
			logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
			if len(r.joined)+len(r.entries) != 0 {
				t.Error("it had effects")
			}
		})
	}
}

func TestNothingPersonalIsLogged(t *testing.T) {
	h, r, logged := newHandler(t)
	const quote = "secret of jane@example.com"
	for failure, fail := range map[string]func(context.Context, string) error{
		"": nil,
		"an error of AWS": func(context.Context, string) error {
			return &functiontest.APIError{Status: 400, Code: "InvalidParameterValue", Message: quote}
		},
		"an error without a code": func(context.Context, string) error { return errors.New(quote) },
		"a panic":                 func(context.Context, string) error { panic(quote) },
	} {
		r.fail = fail
		for name, payload := range functiontest.WithSecrets(t) {
			t.Run(failure+" "+name, func(t *testing.T) {
				logged.CheckNothingPersonal(t, func() error {
					_, err := h.Invoke(t.Context(), payload)
					return err
				})
			})
		}
	}
}

func BenchmarkInvoke(b *testing.B) {
	h, r, _ := newHandler(b)
	h.log = logging.NewWith("post-confirmation", io.Discard, time.Now)
	h.config.Groups = h.config.Groups[:1]
	payload := functiontest.Events(b)["confirm-sign-up"]
	if _, err := h.Invoke(b.Context(), payload); err != nil {
		b.Fatal(err)
	}
	cfg := functiontest.Answering(b, r.entries[0].Output())
	h.users, h.queue.SQS = userPool{cognitoidentityprovider.NewFromConfig(cfg)}, sqs.NewFromConfig(cfg)
	// Two calls through the SDK's clients, each about 300 allocations, and the list of the groups that
	// were joined, which PreTokenGeneration answers with.
	functiontest.Bench(b, 616, func() {
		if _, err := h.Invoke(b.Context(), payload); err != nil {
			b.Fatal(err)
		}
	})
}

// poolpost smoke finds its lines by this token.
func TestLinesOfASmokeTestAreMarked(t *testing.T) {
	const token = "0123456789ab"
	h, _, logged := newHandler(t)
	checkReturned(t, h, functiontest.Event(t, "confirm-sign-up", "request.userAttributes.email", logging.SmokeAddress("success", token)))
	logged.CheckLine(t, map[string]any{"test": token})
}

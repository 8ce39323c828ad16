package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/internal/awsconfig"
	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
)

const (
	queueURL  = "https://sqs.eu-central-1.amazonaws.com/123456789012/sample-mail.fifo"
	requestID = "00000000-0000-4000-8000-00000000abcd"
	userID    = "0a1b2c3d-1111-4222-8333-444455556666"
	ridersID  = "1ridersexample23456789abcd"
)

// A recorder is the mail queue: it keeps what is put on it, unless it fails.
type recorder struct {
	entries []functiontest.SendMessage
	asked   int
	fail    error
}

func (r *recorder) answer(request *http.Request, operation string, input []byte) (any, error) {
	if r.asked++; r.fail != nil {
		return nil, r.fail
	}
	var in functiontest.SendMessage
	if err := functiontest.Strictly(input, &in); err != nil || operation != "SendMessage" {
		return nil, fmt.Errorf("unexpected %s: %w", operation, err)
	}
	r.entries = append(r.entries, in)
	return in.Output(), request.Context().Err()
}

func newHandler(t testing.TB) (*handler, *recorder, *functiontest.Log) {
	t.Helper()
	logged, r := &functiontest.Log{}, &recorder{}
	h := &handler{queue: mail.Queue{SQS: sqs.NewFromConfig(functiontest.AWS(r.answer).Config()), URL: queueURL}, log: logged.Logger("custom-email-sender")}
	_, h.config = functiontest.Dir[config.CustomEmailSender](t, "custom-email-sender")
	return h, r, logged
}

// invocation is the context of an invocation by Lambda.
func invocation(t testing.TB) context.Context {
	return lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: requestID})
}

// code is the encrypted code of an event.
func code(t *testing.T, payload []byte) string {
	t.Helper()
	var e struct{ Request struct{ Code string } }
	if err := json.Unmarshal(payload, &e); err != nil {
		t.Fatal(err)
	}
	return e.Request.Code
}

func TestSampleEvents(t *testing.T) {
	const jane = "jane@example.com"
	wanted := []string{"fr-CA"}
	notice := mail.TakeoverAlert{
		Time: "Friday, March 19, 2021 02:25 PM UTC", IP: "192.0.2.7", Device: "Opera 74, Linux",
		ReportURL: "https://sample.auth.eu-central-1.amazoncognito.com/feedback?valid=0",
	}
	placed := notice
	placed.City, placed.Country = "Berlin", "Germany"
	entry := func(kind message.Kind, change func(*mail.Entry)) *mail.Entry {
		e := &mail.Entry{Kind: kind, To: jane, Name: "Jane", ClientID: ridersID, Locales: wanted, User: userID, Sub: userID}
		if change != nil {
			change(e)
		}
		return e
	}
	functiontest.EachEvent(t, map[string]*mail.Entry{ // nil: the event is unknown
		"sign-up": entry(message.SignUp, func(e *mail.Entry) {
			e.Locales, e.Return = []string{"de", "fr-CA"}, "https://riders.example.com/trips/7"
		}),
		"resend-code":           entry(message.SignUp, nil),
		"forgot-password":       entry(message.ForgotPassword, func(e *mail.Entry) { e.Return = "https://riders.example.com/" }),
		"update-user-attribute": entry(message.AttributeChange, nil),
		"verify-user-attribute": entry(message.AttributeChange, nil),
		"admin-create-user":     entry(message.Invitation, func(e *mail.Entry) { e.ClientID = "" }),
		"authentication":        entry(message.SignInCode, nil),
		"account-take-over-notification": entry(message.AccountTakeover, func(e *mail.Entry) {
			e.Name, e.Sub, e.Locales, e.Takeover = "", "", nil, &notice
		}),
		"account-take-over-notification-without-an-action-and-a-client": entry(message.AccountTakeover, func(e *mail.Entry) {
			e.ClientID, e.Name, e.Sub, e.Locales, e.Takeover = "", "", "", nil, &notice
		}),
		// send-mail makes a dead letter of these three, with the reason.
		"account-take-over-notification-without-any-address": entry(message.AccountTakeover, func(e *mail.Entry) {
			e.To, e.Name, e.Sub, e.Locales, e.Takeover = "", "", "", nil, &placed
		}),
		"sign-up-without-an-address": entry(message.SignUp, func(e *mail.Entry) { e.To, e.Name, e.Locales = "", "", nil }),
		"sign-up-without-a-code":     entry(message.SignUp, nil),
		"sign-up-with-a-hostile-name": entry(message.SignUp, func(e *mail.Entry) {
			e.Name, e.Locales = "Jane Bcc x example. com a href 'https ex", nil
		}),
		"sign-up-with-a-numeric-version-and-boolean-attributes": entry(message.SignUp, func(e *mail.Entry) { e.Name, e.Locales = "", nil }),
		"sign-up-with-unknown-fields-everywhere":                entry(message.SignUp, nil),
		"sign-up-with-long-metadata":                            entry(message.SignUp, nil),
		"sign-up-under-the-source-of-another-trigger":           entry(message.SignUp, nil),
		"sign-up-without-client-metadata":                       entry(message.SignUp, nil),
		"sign-up-whose-user-name-is-the-address": entry(message.SignUp, func(e *mail.Entry) {
			e.To, e.User, e.Name, e.Locales = "Jane@example.com", "Jane@example.com", "", nil
		}),
		"forgot-password-in-a-pool-with-aliases": entry(message.ForgotPassword, func(e *mail.Entry) { e.Locales = nil }),
		// send-mail cannot decrypt the code, and makes a dead letter of it.
		"sign-up-in-fakecloud-without-encryption":             entry(message.SignUp, func(e *mail.Entry) { e.ClientID = "" }),
		"admin-create-user-in-cognito-local":                  nil,
		"unknown-source-of-a-later-day":                       nil,
		"unknown-version":                                     nil,
		"event-of-another-trigger":                            nil,
		"event-of-the-custom-sms-sender":                      nil,
		"event-of-the-custom-sms-sender-under-another-source": nil,
	}, func(t *testing.T, payload []byte, want *mail.Entry) {
		h, r, logged := newHandler(t)
		_, err := h.Invoke(invocation(t), payload)
		if want == nil {
			if err != logging.ErrUnknown || len(r.entries) != 0 {
				t.Errorf("got %v with %d entries; an event that is not known must be kept", err, len(r.entries))
			}
			logged.CheckLine(t, map[string]any{"level": "WARN", "Outcome": logging.Unknown})
			return
		}
		if err != nil || len(r.entries) != 1 {
			t.Fatalf("got %v with %d entries", err, len(r.entries))
		}
		in := r.entries[0]
		if in.QueueUrl != queueURL || in.MessageGroupId != userID || in.MessageDeduplicationId != requestID {
			t.Errorf("the entry is on %s in the group %s as %s", in.QueueUrl, in.MessageGroupId, in.MessageDeduplicationId)
		}
		var got mail.Entry
		if err := json.Unmarshal([]byte(in.MessageBody), &got); err != nil {
			t.Fatal(err)
		}
		want.Code = code(t, payload) // as encrypted as it came
		if !reflect.DeepEqual(got, *want) {
			t.Errorf("the entry is\n%+v\nwant\n%+v", got, *want)
		}
		logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": "queued", "kind": string(want.Kind)})
	})
}

// The name of the trigger in an event counts only without a request type of its own.
func TestSourcesOfThisTrigger(t *testing.T) {
	const ours, sms = "customEmailSenderRequestV1", "customSMSSenderRequestV1"
	for _, test := range []struct {
		source string
		kind   any // of the request; nil: absent
		want   message.Kind
	}{
		{"CustomEmailSender_SignUp", ours, message.SignUp},
		{"CustomEmailSender_SignUp", nil, message.SignUp},
		{"CustomEmailSender_SignUp", "", message.SignUp},
		{"CustomMessage_SignUp", ours, message.SignUp},
		{"CustomMessage_AdminCreateUser", ours, message.Invitation},
		{"PreSignUp_AdminCreateUser", ours, message.Invitation},
		{"UserMigration_ForgotPassword", ours, message.ForgotPassword},
		{"TokenGeneration_Authentication", ours, message.SignInCode},
		{"CustomMessage_AccountTakeOverNotification", ours, message.AccountTakeover},
		{"CustomMessage_SignUp", nil, ""},
		{"CustomMessage_SignUp", "", ""},
		{"CustomMessage_SignUp", sms, ""},
		{"CustomSMSSender_SignUp", sms, ""},
		{"CustomMessage_SignUp", "customEmailSenderRequestV2", ""},
		{"PostConfirmation_ConfirmSignUp", ours, ""},
		{"CustomMessage_", ours, ""},
		{"SignUp", ours, ""},
		{"", ours, ""},
	} {
		h, r, logged := newHandler(t)
		payload := functiontest.Event(t, "resend-code", "triggerSource", test.source, "request.type", test.kind)
		_, err := h.Invoke(invocation(t), payload)
		if test.want == "" {
			if err != logging.ErrUnknown || len(r.entries) != 0 {
				t.Errorf("%s of the type %v: got %v with %d entries", test.source, test.kind, err, len(r.entries))
			}
			continue
		}
		if err != nil || len(r.entries) != 1 {
			t.Errorf("%s of the type %v: got %v with %d entries", test.source, test.kind, err, len(r.entries))
			continue
		}
		_, suffix, _ := strings.Cut(test.source, "_")
		logged.CheckLine(t, map[string]any{"kind": string(test.want), "trigger": "CustomEmailSender_" + suffix})
	}
}

// Lambda invokes again with the same request id, and the queue drops the repeat
// by it; another request of the same person is another email.
func TestRetryQueuesTheSameEntry(t *testing.T) {
	h, r, _ := newHandler(t)
	payload := functiontest.Events(t)["resend-code"]
	for _, id := range []string{"first", "first", "second"} {
		ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: id})
		if _, err := h.Invoke(ctx, payload); err != nil {
			t.Fatal(err)
		}
		if got := r.entries[len(r.entries)-1].MessageDeduplicationId; got != id {
			t.Errorf("the entry of the request %s has the id %s", id, got)
		}
	}
}

// Whatever is not queued is an error, so that Lambda tries again and keeps it.
func TestUnqueuedEventsAreErrors(t *testing.T) {
	signUp := string(functiontest.Events(t)["sign-up"])
	for name, test := range map[string]struct {
		payload string
		spoil   func(*handler, *recorder)
		reason  string
	}{
		"a queue that throttles": {signUp, func(_ *handler, r *recorder) { r.fail = &functiontest.APIError{Status: 400, Code: "RequestThrottled"} }, "RequestThrottled"},
		"a queue that is gone":   {signUp, func(_ *handler, r *recorder) { r.fail = errors.New("no route to jane@example.com") }, "*errors.errorString"},
		"a panic":                {signUp, func(h *handler, _ *recorder) { h.queue.SQS = nil }, "panic"},
		"an event that is cut":   {signUp[:len(signUp)/2], nil, "decode event: is not JSON"},
		"no event":               {"", nil, "decode event: is not JSON"},
		"a code of a megabyte":   {strings.Replace(signUp, `"code": "`, `"code": "`+strings.Repeat("A", 1<<20), 1), nil, "the entry is too long for the queue"},
	} {
		t.Run(name, func(t *testing.T) {
			h, r, logged := newHandler(t)
			if test.spoil != nil {
				test.spoil(h, r)
			}
			_, err := h.Invoke(invocation(t), []byte(test.payload))
			if err == nil || err.Error() != test.reason || len(r.entries) != 0 {
				t.Errorf("got %v with %d entries, want %q", err, len(r.entries), test.reason)
			}
			logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed", "reason": test.reason})
		})
	}
	h, _, logged := newHandler(t)
	if _, err := h.Invoke(t.Context(), []byte(signUp)); err != errNoRequest {
		t.Errorf("without a request id: got %v", err)
	}
	logged.CheckLine(t, map[string]any{"Outcome": "failed"})
}

func TestStart_withoutSettingsOrVariables(t *testing.T) {
	t.Setenv("MAIL_QUEUE_URL", "")
	dir, _ := functiontest.Dir[config.CustomEmailSender](t, "custom-email-sender")
	for dir, reason := range map[string]string{
		dir:         "the environment variable MAIL_QUEUE_URL is not set",
		t.TempDir(): "no such file or directory",
	} {
		logged := &functiontest.Log{}
		h := start(dir, aws.Config{}, logged.Logger("custom-email-sender"))
		_, err := h.Invoke(invocation(t), functiontest.Events(t)["sign-up"])
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("got %v, want %s", err, reason)
		}
		logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
	}
}

// The queue drops the repeat of a request whose answer got lost.
func TestQueueIsTriedThreeTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for failures, want := range map[int]string{2: "queued", 3: "failed"} {
			h, r, logged := newHandler(t)
			cfg := functiontest.AWS(func(request *http.Request, operation string, input []byte) (any, error) {
				output, err := r.answer(request, operation, input)
				if r.asked <= failures {
					return nil, io.EOF
				}
				return output, err
			}).Config()
			h.queue.SQS = sqs.NewFromConfig(awsconfig.WithRetries(cfg))
			_, err := h.Invoke(invocation(t), functiontest.Events(t)["sign-up"])
			if r.asked != 3 || (err == nil) != (want == "queued") {
				t.Errorf("%d failures: it is asked %d times, %v", failures, r.asked, err)
			}
			for _, entry := range r.entries {
				if entry != r.entries[0] || entry.MessageDeduplicationId != requestID {
					t.Errorf("the queue would take this for another entry: %+v", entry)
				}
			}
			logged.CheckLine(t, map[string]any{"Outcome": want})
		}
	})
}

// An entry fits the queue whatever an app sends along: what a person may choose is
// bounded, and all together are.
func TestLargestEntryFitsTheQueue(t *testing.T) {
	huge := strings.Repeat("\x01é", 1<<13) // which JSON makes six times longer
	attributes := map[string]string{"sub": userID, "email": "jane@example.com", "given_name": huge, "name": huge, "locale": huge, "custom:agentName": huge}
	for _, key := range []string{"LOGIN_TIME", "CITY", "COUNTRY", "IP_ADDRESS", "DEVICE_NAME", "ONE_CLICK_LINK_INVALID"} {
		attributes[key] = huge
	}
	for _, source := range []string{"SignUp", "AccountTakeOverNotification"} {
		payload, err := json.Marshal(map[string]any{
			"version": "1", "triggerSource": "CustomEmailSender_" + source, "userName": userID,
			"request": map[string]any{"code": strings.Repeat("A", 2000), "userAttributes": attributes, "clientMetadata": map[string]string{"locale": huge, "return": huge}},
		})
		if err != nil {
			t.Fatal(err)
		}
		h, r, logged := newHandler(t)
		if _, err := h.Invoke(invocation(t), payload); err != nil || len(r.entries) != 1 {
			t.Fatalf("%s: got %v with %d entries: %s", source, err, len(r.entries), logged)
		}
		if n := len(r.entries[0].MessageBody); n > 16<<10 {
			t.Errorf("%s: the entry has %d bytes", source, n)
		}
	}
}

func TestNothingPersonalIsLogged(t *testing.T) {
	h, r, logged := newHandler(t)
	for name, payload := range functiontest.WithSecrets(t) {
		for _, r.fail = range []error{nil, errors.New("no route to " + string(payload))} {
			t.Run(name, func(t *testing.T) {
				logged.CheckNothingPersonal(t, func() error {
					_, err := h.Invoke(invocation(t), payload)
					return err
				}, userID, "berlin", "192.0.2.7", "aydec") // a code in base64 begins so
			})
		}
	}
}

func BenchmarkInvoke(b *testing.B) {
	h, r, _ := newHandler(b)
	h.log = logging.NewWith("custom-email-sender", io.Discard, time.Now)
	payload := functiontest.Events(b)["sign-up"]
	if _, err := h.Invoke(invocation(b), payload); err != nil {
		b.Fatal(err)
	}
	h.queue.SQS = sqs.NewFromConfig(functiontest.Answering(b, r.entries[0].Output()))
	// A call through the SDK's client allocates about 300 times: its middleware and signature.
	functiontest.Bench(b, 330, func() {
		if _, err := h.Invoke(invocation(b), payload); err != nil {
			b.Fatal(err)
		}
	})
}

// poolpost smoke finds its lines by this token.
func TestLinesOfASmokeTestAreMarked(t *testing.T) {
	const token = "0123456789ab"
	h, _, logged := newHandler(t)
	if _, err := h.Invoke(invocation(t), functiontest.Event(t, "resend-code", "request.userAttributes.email", logging.SmokeAddress("success", token))); err != nil {
		t.Fatal(err)
	}
	logged.CheckLine(t, map[string]any{"test": token})
}

//go:build !noevents && !nousers

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/events"
	"poolpost/internal/awsconfig"
	"poolpost/internal/config"
	"poolpost/internal/functiontest"
)

// publishing lets a handler publish events that include attributes.
func publishing(h *handler, attributes ...string) {
	h.events = newPublisher(h.queue.SQS, eventQueueURL, config.Events{Locales: []string{"en", "fr"}, Attributes: attributes})
}

// published is the only event that was published for a trigger's event.
func published(t *testing.T, payload []byte, attributes ...string) (events.Event, string) {
	t.Helper()
	h, r, _ := newHandler(t)
	publishing(h, attributes...)
	checkReturned(t, h, payload)
	if len(r.events) != 1 {
		t.Fatalf("there are %d events, not one: %q", len(r.events), r.events)
	}
	var e events.Event
	if err := json.Unmarshal([]byte(r.events[0]), &e); err != nil {
		t.Fatal(err)
	}
	return e, r.events[0]
}

func TestEverySampleEventIsPublished(t *testing.T) {
	const confirmed, changed = events.UserConfirmed, events.UserPasswordChanged
	functiontest.EachEvent(t, map[string]string{ // empty: nothing is published
		"confirm-sign-up": confirmed,
		"confirm-sign-up-with-null-client-metadata":                     confirmed,
		"confirm-sign-up-by-an-administrator-with-a-null-client":        confirmed,
		"confirm-sign-up-by-an-administrator-without-a-client":          confirmed,
		"confirm-sign-up-with-a-numeric-version-and-boolean-attributes": confirmed,
		"confirm-sign-up-with-a-hostile-name":                           confirmed,
		"confirm-sign-up-with-unknown-fields-everywhere":                confirmed,
		"confirm-sign-up-of-an-unverified-address":                      confirmed,
		"confirm-sign-up-without-an-address":                            confirmed,
		"first-sign-in-through-facebook":                                confirmed,
		"first-sign-in-through-google-with-an-unverified-address":       confirmed,
		"confirm-sign-up-of-2016-without-a-sub":                         confirmed,
		"confirm-sign-up-in-cognito-local":                              "",
		"test-event-of-the-documentation":                               "",
		"confirm-forgot-password":                                       changed,
		"unknown-source-of-a-later-day":                                 "",
		"unknown-version":                                               "",
		"accept-an-invitation":                                          "",
		"accept-an-invitation-in-canadian-french":                       "",
		"accept-an-invitation-with-groups-and-roles":                    "",
		"accept-an-invitation-to-an-unverified-address":                 "",
		"accept-an-invitation-without-a-group-configuration":            "",
		"accept-an-invitation-in-an-event-of-version-2":                 "",
		"sign-in":        "",
		"refresh-tokens": "",
	}, func(t *testing.T, payload []byte, want string) {
		h, r, _ := newHandler(t)
		publishing(h)
		checkReturned(t, h, payload)
		if want == "" && len(r.events) == 0 {
			return
		}
		if len(r.events) != 1 {
			t.Fatalf("there are %d events", len(r.events))
		}
		var e events.Event
		if err := json.Unmarshal([]byte(r.events[0]), &e); err != nil {
			t.Fatal(err)
		}
		if e.Type != want || e.Version != 1 || len(e.ID) != 36 || e.UserPoolID == "" || time.Since(e.Time) > time.Minute || e.Time.Location() != time.UTC {
			t.Errorf("the event is %s", r.events[0])
		}
		for _, personal := range []string{"jane", "Jane", "Sample", "email", "address", "@"} {
			if strings.Contains(strings.ReplaceAll(r.events[0], "_Sample001", ""), personal) {
				t.Errorf("the event holds %q: %s", personal, r.events[0])
			}
		}
	})
}

func TestAnEventSaysWhoAndWhere(t *testing.T) {
	e, text := published(t, functiontest.Events(t)["confirm-sign-up"])
	want := events.Event{
		Version: 1, ID: events.NewID("eu-central-1_Sample001", userID, events.UserConfirmed, ""), Type: events.UserConfirmed, Time: e.Time,
		UserPoolID: "eu-central-1_Sample001", ClientID: clientID, Sub: userID, Locale: "fr",
	}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("the event is\n%s\nwant\n%+v", text, want)
	}
}

// Personal data is in an event only if the settings ask for it.
func TestAnEventHasTheAttributesOfTheSettings(t *testing.T) {
	e, text := published(t, functiontest.Events(t)["confirm-sign-up"], "email", "custom:unknown")
	if want := map[string]string{"email": "jane@example.com"}; !reflect.DeepEqual(e.Attributes, want) {
		t.Errorf("the event is %s", text)
	}
}

func TestRepeatsOfATriggerAreOneEvent(t *testing.T) {
	all := functiontest.Events(t)
	changed := all["confirm-forgot-password"]
	with := func(event []byte, key, value string) []byte {
		var m map[string]any
		if err := json.Unmarshal(event, &m); err != nil {
			t.Fatal(err)
		}
		m["request"].(map[string]any)["clientMetadata"] = map[string]string{key: value}
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	other := func(event []byte, old, new string) []byte { return bytes.ReplaceAll(event, []byte(old), []byte(new)) }
	id := func(event []byte) string {
		e, _ := published(t, event)
		return e.ID
	}
	confirmed := all["confirm-sign-up"]
	for name, test := range map[string]struct {
		one, other []byte
		same       bool
	}{
		"a confirmation, again":                           {confirmed, confirmed, true},
		"a confirmation, with other metadata":             {confirmed, with(confirmed, "requestId", "x"), true},
		"another user":                                    {confirmed, other(confirmed, userID, "ffffffff-1111-4222-8333-444455556666"), false},
		"another pool":                                    {confirmed, other(confirmed, "_Sample001", "_Sample002"), false},
		"another type":                                    {confirmed, changed, false},
		"a change of a password, again":                   {with(changed, "requestId", "x"), with(changed, "requestId", "x"), true},
		"a change of a password, and the next":            {with(changed, "requestId", "x"), with(changed, "requestId", "y"), false},
		"two changes by an app that tells them not apart": {with(changed, "locale", "en"), with(changed, "locale", "fr"), true},
	} {
		if one, other := id(test.one), id(test.other); (one == other) != test.same {
			t.Errorf("%s: the ids are %s and %s", name, one, other)
		}
	}
}

// What is in the way of one call must not stop the other, and nothing reaches the user.
func TestMailAndEventDoNotDependOnEachOther(t *testing.T) {
	hang := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for name, test := range map[string]struct {
		failing string
		fails   func(context.Context) error
		mails   int
		events  int
		reason  string
	}{
		"the mail queue hangs":       {"enqueue", hang, 0, 1, "timeout"},
		"the mail queue refuses":     {"enqueue", func(context.Context) error { return &functiontest.APIError{Status: 400, Code: "QueueDoesNotExist"} }, 0, 1, "QueueDoesNotExist"},
		"the mail queue panics":      {"enqueue", func(context.Context) error { panic("sample") }, 0, 1, "panic"},
		"the event queue hangs":      {"publish", hang, 1, 0, "timeout"},
		"the event queue refuses":    {"publish", func(context.Context) error { return &functiontest.APIError{Status: 403, Code: "AccessDenied"} }, 1, 0, "AccessDenied"},
		"publishing an event panics": {"publish", func(context.Context) error { panic("sample") }, 1, 0, "panic"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, r, logged := newHandler(t)
				publishing(h)
				h.budget = budget
				r.fail = func(ctx context.Context, does string) error {
					if does == test.failing {
						return test.fails(ctx)
					}
					return nil
				}
				checkReturned(t, h, functiontest.Events(t)["confirm-sign-up"])
				if len(r.entries) != test.mails || len(r.events) != test.events || len(r.joined) != 2 {
					t.Errorf("%d mails, %d events, %d groups", len(r.entries), len(r.events), len(r.joined))
				}
				logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
				if !strings.Contains(logged.String(), test.reason) {
					t.Errorf("the reason %q is not logged: %s", test.reason, logged)
				}
			})
		})
	}
}

// A person waits for no handshake: mail and event go over the connection that was opened at start.
func TestMailAndEventShareAConnection(t *testing.T) {
	// As deployed. With more, the SDK and net/http give up a connection now and then.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var connections atomic.Int32
	sends := make(chan string, 2)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in functiontest.SendMessage
		if json.Unmarshal(body, &in) == nil && in.MessageBody != "" {
			sends <- in.QueueUrl
			_ = json.NewEncoder(w).Encode(in.Output())
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	dir, _ := functiontest.Dir[config.PostConfirmation](t, "post-confirmation")
	settings := `{"groups": [], "nameAttributes": [], "events": {"locales": ["en"]}}`
	if err := os.WriteFile(filepath.Join(dir, config.File), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MAIL_QUEUE_URL", server.URL+"/123456789012/mail.fifo")
	t.Setenv("EVENT_QUEUE_URL", server.URL+"/123456789012/events")
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	cfg := awsconfig.Load()
	cfg.Region, cfg.Credentials = "eu-central-1", credentials.NewStaticCredentialsProvider("sample", "sample", "")
	logged := &functiontest.Log{}
	h := start(dir, cfg, logged.Logger("post-confirmation"))
	for range 3 {
		checkReturned(t, h, functiontest.Events(t)["confirm-sign-up"])
		for _, queue := range []string{"/mail.fifo", "/events"} {
			if got := <-sends; !strings.HasSuffix(got, queue) {
				t.Errorf("a message is sent to %s, want %s", got, queue)
			}
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("there were %d connections: %s", n, logged)
	}
}

func TestStart_withHooksButWithoutTheirQueueOrCode(t *testing.T) {
	dir, _ := functiontest.Dir[config.PostConfirmation](t, "post-confirmation")
	settings := `{"groups": [], "nameAttributes": [], "events": {"locales": ["en"]}}`
	if err := os.WriteFile(filepath.Join(dir, config.File), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MAIL_QUEUE_URL", queueURL)
	check := func(reason string) {
		t.Helper()
		logged := &functiontest.Log{}
		checkReturned(t, start(dir, aws.Config{}, logged.Logger("post-confirmation")), functiontest.Events(t)["confirm-sign-up"])
		logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
		if !strings.Contains(logged.String(), reason) {
			t.Errorf("the reason %q is not logged: %s", reason, logged)
		}
	}
	check("the environment variable EVENT_QUEUE_URL is not set")
	t.Setenv("EVENT_QUEUE_URL", eventQueueURL)
	defer func(f func(*sqs.Client, string, config.Events) publisher) { newPublisher = f }(newPublisher)
	newPublisher = nil
	check("a part that this build leaves out")
}

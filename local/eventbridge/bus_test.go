package eventbridge

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"poolpost/events"
)

const pool = "eu-central-1_Example01"

func detail(kind, pool string) []byte {
	text, err := json.Marshal(events.Event{Version: 1, ID: events.NewID("sample"), Type: kind, Time: time.Now().UTC(), UserPoolID: pool, Sub: "sub"})
	if err != nil {
		panic(err)
	}
	return text
}

// What a rule matches: types, its pool, and the source of everybody's events or of its own.
func TestRulesMatchTypesPoolAndSource(t *testing.T) {
	for name, test := range map[string]struct {
		source, kind, pool string
		want               []string
	}{
		"an event for both":         {events.Source, events.UserConfirmed, pool, []string{"crm", "ledger"}},
		"an event for one":          {events.Source, events.MailBounced, pool, []string{"crm"}},
		"an event for none":         {events.Source, events.MailComplained, pool, nil},
		"an event of another pool":  {events.Source, events.UserConfirmed, "eu-central-1_Other0001", nil},
		"an event of somebody else": {"com.example", events.UserConfirmed, pool, nil},
		"a dead event of one hook":  {events.RedriveSource("ledger"), events.UserConfirmed, pool, []string{"ledger"}},
	} {
		b := New(Options{Region: "eu-central-1", Account: "123456789012", UserPoolID: pool, Rules: []Rule{
			{Name: "crm", Types: []string{events.UserConfirmed, events.MailBounced}}, {Name: "ledger", Types: []string{events.UserConfirmed}},
		}})
		if err := b.Put(test.source, detail(test.kind, test.pool)); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range b.Events()[0].Deliveries {
			got = append(got, d.Rule)
			if d.State != NoTarget {
				t.Errorf("%s: without a target, %s is %s", name, d.Rule, d.State)
			}
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: it matches %q, want %q", name, got, test.want)
		}
		b.Close()
	}
}

// A target that is down is tried for a day, less and less often.
func TestADeliveryIsRepeatedForADay(t *testing.T) {
	for name, test := range map[string]struct {
		answers func(age time.Duration) Answer
		state   string
		least   int
		most    int
		lasts   time.Duration
	}{
		"at once":                  {func(time.Duration) Answer { return Answer{OK: true} }, Delivered, 1, 1, 0},
		"for good":                 {func(time.Duration) Answer { return Answer{} }, Dead, 1, 1, 0},
		"down for an hour":         {func(age time.Duration) Answer { return Answer{OK: age > time.Hour, Retry: true} }, Delivered, 10, 40, 2 * time.Hour},
		"down for more than a day": {func(time.Duration) Answer { return Answer{Retry: true} }, Dead, 100, maxAttempts, 25 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				b := New(Options{UserPoolID: pool, Rules: []Rule{{Name: "crm", Types: events.Types, Deliver: func(context.Context, []byte) Answer {
					return test.answers(time.Since(began))
				}}}})
				if err := b.Put(events.Source, detail(events.UserConfirmed, pool)); err != nil {
					t.Fatal(err)
				}
				if err := b.Idle(t.Context()); err != nil {
					t.Fatal(err)
				}
				d := b.Events()[0].Deliveries[0]
				if n := len(d.Attempts); d.State != test.state || n < test.least || n > test.most {
					t.Errorf("it is %s after %d attempts", d.State, n)
				}
				if took := time.Since(began); took > test.lasts {
					t.Errorf("it took %v", took)
				}
				if dead := len(b.DeadLetters()); dead == 1 != (test.state == Dead) {
					t.Errorf("there are %d dead letters", dead)
				}
				b.Close()
			})
		})
	}
}

func TestThePipeFailsWhatTheBusRefuses(t *testing.T) {
	b := New(Options{UserPoolID: pool})
	defer b.Close()
	for name, body := range map[string]string{
		"no JSON": "x", "a list": "[]", "no type": `{"time":"2026-11-30T21:04:00Z"}`, "no time": `{"type":"user.confirmed"}`,
		"a type of 129 characters": `{"time":"2026-11-30T21:04:00Z","type":"` + strings.Repeat("x", 129) + `"}`,
		"257 KB":                   `{"time":"2026-11-30T21:04:00Z","type":"x","x":"` + strings.Repeat("x", 257<<10) + `"}`,
	} {
		batch, err := json.Marshal(map[string]any{"Records": []map[string]string{{"body": body}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Pipe(t.Context(), batch); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if n := len(b.Events()); n != 0 {
		t.Errorf("there are %d events", n)
	}
}

// What is retried is what EventBridge documents of API destinations.
func TestAWebhookIsRepeatedAfterSomeAnswers(t *testing.T) {
	var last atomic.Pointer[http.Request]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last.Store(r)
		_, _ = io.Copy(io.Discard, r.Body) // or it would not notice that nobody waits
		switch status := r.URL.Query().Get("status"); status {
		case "hang":
			<-r.Context().Done()
		case "redirect":
			http.Redirect(w, r, "/?status=ok", http.StatusFound)
		case "ok":
			w.WriteHeader(http.StatusAccepted)
		default:
			w.WriteHeader(int(status[0]-'0')*100 + int(status[1]-'0')*10 + int(status[2]-'0'))
		}
	}))
	defer server.Close()
	for status, want := range map[string]Answer{
		"ok": {OK: true}, "204": {OK: true}, "redirect": {}, "400": {}, "404": {}, "410": {}, "422": {},
		"401": {Retry: true}, "407": {Retry: true}, "409": {Retry: true}, "429": {Retry: true}, "500": {Retry: true}, "503": {Retry: true}, "hang": {Retry: true},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		got := Webhook(server.URL+"/?status="+status, "X-Key", "secret")(ctx, []byte(`{}`))
		cancel()
		if got.OK != want.OK || got.Retry != want.Retry || got.Text == "" {
			t.Errorf("%s: got %+v", status, got)
		}
		asked := last.Load()
		if asked.Header.Get("X-Key") != "secret" || asked.Method != http.MethodPost || asked.Header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s: it was asked with %s %v", status, asked.Method, asked.Header)
		}
	}
	if got := Webhook("http://127.0.0.1:1/", "X-Key", "secret")(t.Context(), nil); got.OK || !got.Retry {
		t.Errorf("a server that is down: %+v", got)
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func (a *failures) putEvents(w http.ResponseWriter, body []byte) {
	var in struct {
		Entries []struct{ EventBusName, Source, DetailType, Detail string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		a.t.Error(err)
	}
	var out []map[string]string
	failed := 0
	for _, e := range in.Entries {
		if a.refuse != "" && strings.Contains(e.Detail, a.refuse) {
			failed++
			out = append(out, map[string]string{"ErrorCode": "InternalFailure", "ErrorMessage": "secret@example.com"})
			continue
		}
		a.put = append(a.put, strings.Join([]string{e.EventBusName, e.Source, e.DetailType, e.Detail}, " "))
		out = append(out, map[string]string{"EventId": "sample"})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"Entries": out, "FailedEntryCount": failed})
}

// hookEvent is what EventBridge puts on a dead-letter queue.
func hookEvent(source, kind, pool, account, id string) string {
	return fmt.Sprintf(`{"version":"0","id":"envelope-%s","detail-type":"%s","source":"%s","account":"%s","time":"2026-11-23T10:00:00Z",`+
		`"detail":{"version":1,"id":"%s","type":"user.confirmed","time":"2026-11-23T10:00:00.123Z","userPoolId":"%s","attributes":{"email":"secret@example.com"}}}`,
		id, kind, source, account, id, pool)
}

const (
	hookPool    = "eu-central-1_sample"
	hookAccount = "123456789012"
)

func newHookFailures(t *testing.T) *failures {
	a := newFailures(t)
	a.queues = map[string][]*queued{"/crm": {
		{body: hookEvent("poolpost", "user.confirmed", hookPool, hookAccount, "one"), age: 2 * time.Hour, reason: "SDK_CLIENT_ERROR"},
		{body: hookEvent("poolpost.redrive.crm", "user.confirmed", hookPool, hookAccount, "two"), age: time.Hour, reason: "NO_PERMISSIONS"},
		{body: hookEvent("poolpost", "user.confirmed", "eu-central-1_other", hookAccount, "of another pool")},
		{body: hookEvent("poolpost", "user.confirmed", hookPool, "210987654321", "of another account")},
		{body: hookEvent("poolpost", "user.deleted", hookPool, hookAccount, "under another type")},
		{body: hookEvent("poolpost.redrive.other", "user.confirmed", hookPool, hookAccount, "of another hook")},
		{body: hookEvent("com.example", "user.confirmed", hookPool, hookAccount, "of another source")},
		{body: "secret@example.com"},
	}}
	return a
}

func TestDeadEventsOfHooksAreListed(t *testing.T) {
	got, err := command(t, newHookFailures(t), "dead-letters")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"8 events that could not be delivered to the hook crm\n", "user.confirmed  SDK_CLIENT_ERROR", "user.confirmed  NO_PERMISSIONS", "5  foreign", "1  unreadable",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing: %s", part, got)
		}
	}
	if strings.Contains(got, "secret") {
		t.Errorf("it is personal: %s", got)
	}
}

// The id stays, and no other hook gets the event again.
func TestRedrivePutsEventsOnTheBusForTheirHook(t *testing.T) {
	a := newHookFailures(t)
	out, err := command(t, a, "redrive")
	if err == nil || !strings.HasPrefix(err.Error(), "6 messages are not of this deployment") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(out, "2 events put on the event bus again, for the hook crm, 6 left") || strings.Contains(out, "secret") {
		t.Errorf("it says %s", out)
	}
	if len(a.put) != 2 {
		t.Fatalf("EventBridge got %q", a.put)
	}
	for i, id := range []string{"one", "two"} {
		if !strings.HasPrefix(a.put[i], `rides poolpost.redrive.crm user.confirmed {"version":1,"id":"`+id+`"`) {
			t.Errorf("EventBridge got %s", a.put[i])
		}
	}
	if len(a.queues["/crm"]) != 6 {
		t.Errorf("%d messages are left", len(a.queues["/crm"]))
	}
}

func TestAnEventThatTheBusRefusesStays(t *testing.T) {
	a := newHookFailures(t)
	a.queues["/crm"] = a.queues["/crm"][:2]
	a.refuse = `"id":"two"`
	_, err := command(t, a, "redrive")
	if err == nil || err.Error() != "put events on the bus rides: EventBridge refuses 1 with InternalFailure" {
		t.Errorf("got %v", err)
	}
	if len(a.put) != 1 || len(a.queues["/crm"]) != 1 || a.queues["/crm"][0].hidden {
		t.Errorf("EventBridge got %q, and %d are left", a.put, len(a.queues["/crm"]))
	}
	a.refuse = ""
	if _, err := command(t, a, "redrive", "--kind", "mail.bounced"); err != nil || len(a.put) != 1 {
		t.Errorf("of another kind: %v, %q", err, a.put)
	}
	if _, err := command(t, a, "redrive", "--kind", "user.confirmed", "--dry-run"); err != nil || len(a.put) != 1 {
		t.Errorf("a dry run: %v, %q", err, a.put)
	}
	if _, err := command(t, a, "redrive", "--kind", "user.confirmed"); err != nil || len(a.put) != 2 || len(a.queues["/crm"]) != 0 {
		t.Errorf("of its kind: %v, %q", err, slices.Clone(a.put))
	}
}

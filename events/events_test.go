package events_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"poolpost/events"
	"poolpost/internal/functiontest"
)

// samples are events of each type, with everything and with the least.
func samples() (list []events.Event) {
	whole := events.Event{
		Version: events.Version, ID: events.NewID("sample"), Time: time.Date(2026, 11, 30, 21, 4, 0, 123e6, time.UTC), UserPoolID: "eu-central-1_Sample001",
		ClientID: "1webexample3456789abcdefgh", Sub: "0a1b2c3d-1111-4222-8333-444455556666", Locale: "pt-BR",
	}
	least := events.Event{Version: events.Version, ID: whole.ID, Time: whole.Time.Truncate(time.Second), UserPoolID: whole.UserPoolID}
	for _, kind := range events.Types {
		a, b := whole, least
		a.Type, b.Type = kind, kind
		if strings.HasPrefix(kind, "mail.") {
			a.Mail = &events.Mail{"0107018f-sample", "welcome", "Permanent", "NoEmail", "abuse", "OnAccountSuppressionList", "5.1.1"}
			b.Mail = &events.Mail{MessageID: "0107018f-sample"}
		} else {
			a.Attributes = map[string]string{"email": "jane@example.com", "custom:plate": "B-AB 123"}
		}
		list = append(list, a, b)
	}
	return list
}

func asJSON(t *testing.T, e events.Event) string {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile("event.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, text string) error {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(value)
}

func TestTheSchemaAcceptsEventsAndNothingElse(t *testing.T) {
	s := schema(t)
	var user, mail string
	for _, e := range samples() {
		text := asJSON(t, e)
		if err := validate(s, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if e.Attributes != nil {
			user = text
		} else if e.Mail != nil && e.Sub != "" {
			mail = text
		}
	}
	later := strings.Replace(user, `"version"`, `"device":"phone","version"`, 1)
	if err := validate(s, later); err != nil {
		t.Errorf("a member that is added later: %v", err)
	}
	replace := func(text, old, new string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("%s has no %s", text, old)
		}
		return strings.Replace(text, old, new, 1)
	}
	for name, text := range map[string]string{
		"a list":                            "[" + user + "]",
		"another version":                   replace(user, `"version":1`, `"version":2`),
		"an id that is no UUID":             replace(user, `"id":"`, `"id":"x`),
		"a time without a date":             replace(user, "2026-11-30T", ""),
		"an unknown type":                   replace(user, `"type":"user.`, `"type":"users.`),
		"no pool":                           replace(user, "userPoolId", "pool"),
		"an attribute that is a number":     replace(user, `"jane@example.com"`, "1"),
		"mail in an event about a user":     replace(user, `"attributes":{`, `"mail":{"messageId":"x",`),
		"attributes in an event about mail": replace(mail, `"mail":{`, `"attributes":{"email":"a"},"mail":{`),
		"no mail in an event about mail":    replace(mail, `"mail":{`, `"email":{`),
		"mail without its id":               replace(mail, "messageId", "message"),
		"a status that is an address":       replace(mail, "5.1.1", "jane@example.com"),
	} {
		if validate(s, text) == nil {
			t.Errorf("%s is accepted: %s", name, text)
		}
	}
}

// One list of members: that of the types in Go.
func TestTheSchemaAndTheDocumentationHaveEveryMember(t *testing.T) {
	members := func(of reflect.Type) (names []string) {
		for field := range of.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			names = append(names, name)
		}
		slices.Sort(names)
		return names
	}
	text, err := os.ReadFile("event.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]struct {
			Enum       []string
			Properties map[string]any
		}
	}
	var s object
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	event, mail := members(reflect.TypeFor[events.Event]()), members(reflect.TypeFor[events.Mail]())
	if got := slices.Sorted(maps.Keys(s.Properties)); !slices.Equal(got, event) {
		t.Errorf("the schema has %q, want %q", got, event)
	}
	if got := slices.Sorted(maps.Keys(s.Properties["mail"].Properties)); !slices.Equal(got, mail) {
		t.Errorf("the schema of mail has %q, want %q", got, mail)
	}
	if got := s.Properties["type"].Enum; !slices.Equal(got, events.Types) {
		t.Errorf("the schema has the types %q", got)
	}
	column := func(rows [][]string) (names []string) {
		for _, row := range rows {
			names = append(names, strings.Trim(row[0], "`"))
		}
		return names
	}
	rows := column(functiontest.Table(t, "docs/hooks.md", "### The event"))
	n := slices.Index(rows, "messageId")
	rows = slices.Concat(slices.Sorted(slices.Values(rows[:len(event)])), slices.Sorted(slices.Values(rows[n:n+len(mail)])))
	if want := slices.Concat(event, mail); !slices.Equal(rows, want) {
		t.Errorf("docs/hooks.md has %q, want %q", rows, want)
	}
	if got := column(functiontest.Table(t, "docs/hooks.md", "### Types of events")); !slices.Equal(got[:len(events.Types)], events.Types) {
		t.Errorf("docs/hooks.md has the types %q", got)
	}
}

// The request that an adopter writes a server for is an event of these types.
func TestTheDocumentationHasAnEvent(t *testing.T) {
	_, text, _ := strings.Cut(functiontest.Section(t, "docs/hooks.md", "### A webhook in five minutes"), "```json\n")
	text, _, _ = strings.Cut(text, "```")
	var envelope struct {
		Source     string
		DetailType string `json:"detail-type"`
		Detail     json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &envelope); err != nil {
		t.Fatal(err)
	}
	var e events.Event
	if err := json.Unmarshal(envelope.Detail, &e); err != nil || validate(schema(t), string(envelope.Detail)) != nil ||
		envelope.Source != events.Source || envelope.DetailType != e.Type || e.ID != events.NewID("eu-central-1_Sample001", "sub", events.UserConfirmed, "") {
		t.Errorf("it is %+v, %v", e, err)
	}
}

func TestTheTypesInTypeScript(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile("events.ts")
	if err != nil {
		t.Fatal(err)
	}
	check := "import type { Envelope, Event } from './events'\n"
	for i, e := range samples() {
		check += fmt.Sprintf("const e%d: Event = %s\n", i, asJSON(t, e))
	}
	check += `
function read(m: Envelope): string | undefined {
  const e: Event = m.detail
  switch (e.type) {
    case 'mail.bounced': return e.mail.bounceType
    case 'user.confirmed': return e.attributes?.['email']
    // @ts-expect-error no such type
    case 'user.deleted': return undefined
  }
  // @ts-expect-error an event about a user may be left, which has no mail
  return e.mail.kind
}
// @ts-expect-error an event about mail has mail
const none: Event = { version: 1, id: '', time: '', userPoolId: '', type: 'mail.bounced' }
`
	for name, content := range map[string]string{"events.ts": string(text), "check.ts": check} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	functiontest.CheckTypes(t, filepath.Join(dir, "check.ts"))
}

func TestNewIDIsAUUIDOfItsParts(t *testing.T) {
	seen := map[string][]string{}
	for _, parts := range [][]string{nil, {""}, {"a", "bc"}, {"ab", "c"}, {"abc"}, {"a", "b", "c"}, {"abc", ""}, {"a\x00b"}, {"A", "bc"}} {
		id := events.NewID(parts...)
		if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
			t.Errorf("%q: %s is no UUID of version 5", parts, id)
		}
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q have the id %s", parts, other, id)
		}
		seen[id] = parts
		if events.NewID(parts...) != id {
			t.Errorf("%q has another id the second time", parts)
		}
	}
	// Hooks remember ids, so they stay what they are.
	if id := events.NewID("eu-central-1_Sample001", "sub", events.UserConfirmed, ""); id != "0712e525-e204-5003-9763-1f73b9751a60" {
		t.Errorf("the id is %s", id)
	}
}

package mail

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"poolpost/internal/message"
)

func TestEncodeAndDecode(t *testing.T) {
	for name, entry := range map[string]Entry{
		"a whole entry": {
			Kind: message.Welcome, To: "ada@example.com", Name: "Ada O’Brien & Co", ClientID: "1sample1", Locales: []string{"fr-CA", "fr"},
		},
		"the least":       {Kind: message.Welcome, To: "ada@example.com"},
		"without address": {Kind: message.Welcome}, // send-mail gives the reason
	} {
		body, err := json.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Decode(string(body)); err != nil || !reflect.DeepEqual(got, entry) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

// Entries wait on the queue while the functions are replaced.
func TestEntryFieldNamesAreStable(t *testing.T) {
	const body = `{"kind":"k","to":"t","name":"n","clientId":"i","locales":["l"],"sub":"s","user":"u","time":"w","code":"c","return":"r",` +
		`"notice":{"time":"t","city":"c","country":"o","ip":"i","device":"d","notMe":"m"}}`
	entry, err := Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(entry); err != nil || string(got) != body {
		t.Errorf("it is encoded as %s, %v", got, err)
	}
}

// A newer function may put more on the queue than an older one knows.
func TestDecodeIgnoresUnknownFields(t *testing.T) {
	got, err := Decode(`{"kind":"welcome","to":"ada@example.com","since":2}`)
	if err != nil || got.To != "ada@example.com" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDecodeRefusesInvalidEntries(t *testing.T) {
	for body, want := range map[string]string{
		``:                                   "decode mail queue entry: unexpected end of JSON input",
		`hello`:                              "decode mail queue entry: invalid character 'h' looking for beginning of value",
		`[]`:                                 "decode mail queue entry: json: cannot unmarshal array into Go value of type mail.Entry",
		`{"kind":1,"to":"ada@example.com"}`:  "decode mail queue entry: json: cannot unmarshal number into Go struct field Entry.kind of type message.Kind",
		`{}`:                                 "decode mail queue entry: it lacks a kind",
		`null`:                               "decode mail queue entry: it lacks a kind",
		`{"to":"ada@example.com"}`:           "decode mail queue entry: it lacks a kind",
		`{"kind":"","to":"ada@example.com"}`: "decode mail queue entry: it lacks a kind",
		`{"kind":"welcome","to":"ada@example.com"} {}`: "decode mail queue entry: invalid character '{' after top-level value",
	} {
		entry, err := Decode(body)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %+v, %v", body, entry, err)
		}
		if err != nil && strings.Contains(err.Error(), "ada@") {
			t.Errorf("the error quotes the address: %v", err)
		}
	}
}

// The characters that SQS takes are those of "SendMessage" in its API reference.
func TestBodyHasOnlyCharactersThatSQSAccepts(t *testing.T) {
	q, asked := newQueue(t)
	for name, want := range map[string]string{
		"Ann\ufffe Example\uffff":                                      "Ann Example",
		"\x00\x08\x0b\x1f\x7f\u0085\u2028":                             "\x00\x08\x0b\x1f\x7f\u0085\u2028",
		"\ud7ff\ue000\ufffd\ufffe\U00010000\U0001fffe\U0010ffff\uffff": "\ud7ff\ue000\ufffd\U00010000\U0001fffe\U0010ffff",
		"\xff\xed\xa0\x80":                                             "\ufffd\ufffd\ufffd\ufffd", // no UTF-8
	} {
		if err := q.Put(t.Context(), Entry{Kind: message.Welcome, Name: name, Return: name}, "sub", "id"); err != nil {
			t.Fatal(err)
		}
		for _, r := range asked.MessageBody {
			if r != '\t' && r != '\n' && r != '\r' && (r < 0x20 || r > 0xd7ff && r < 0xe000 || r == 0xfffe || r == 0xffff) {
				t.Errorf("SQS refuses the body for %U", r)
			}
		}
		if entry, err := Decode(asked.MessageBody); err != nil || entry.Name != want || entry.Return != want {
			t.Errorf("%+q became %+q, %v", name, entry.Name, err)
		}
	}
}

func TestEntriesHaveALimit(t *testing.T) {
	const start, end = `{"kind":"welcome","name":"`, `"}`
	fits := start + strings.Repeat("a", maxEntry-len(start)-len(end)) + end
	if _, err := Decode(fits); err != nil {
		t.Errorf("%d bytes: %v", len(fits), err)
	}
	if _, err := Decode(fits + " "); err == nil {
		t.Errorf("%d bytes are decoded", len(fits)+1)
	}
}

// Package mail is what functions put on the mail queue, and how. Only send-mail
// takes it off again.
package mail

import (
	"encoding/json"
	"errors"
	"fmt"

	"poolpost/internal/message"
	"poolpost/internal/trigger"
)

// EndSessions is the kind of an entry that asks for no mail: all sessions of its User are to end.
// It waits, is repeated and becomes a dead letter as mails do, and mails to the user wait behind it.
const EndSessions message.Kind = "end-sessions"

// IsKind reports whether an entry can be of a kind.
func IsKind(kind message.Kind) bool { return kind == EndSessions || kind.Exists() }

// Entry asks for one mail. It is the body of a message on the mail queue, as
// JSON. Its names never change: a new send-mail reads what an old function has put on
// the queue.
type Entry struct {
	Kind     message.Kind `json:"kind"`
	To       string       `json:"to"`
	Name     string       `json:"name,omitempty"`     // as greeted: gone through message.CleanName
	ClientID string       `json:"clientId,omitempty"` // app client id; empty for the default client
	Locales  []string     `json:"locales,omitempty"`  // wanted, in the order of preference
	Sub      string       `json:"sub,omitempty"`      // of the user

	User   string `json:"user,omitempty"`   // Cognito user name
	Time   string `json:"time,omitempty"`   // of what the message password-changed is about, as RFC 3339
	Code   string `json:"code,omitempty"`   // code or temporary password, as Cognito encrypted it: base64
	Return string `json:"return,omitempty"` // where the person wants to be returned to; not checked yet

	Takeover *TakeoverAlert `json:"notice,omitempty"` // of the message account-takeover
}

// TakeoverAlert is what Cognito says about a sign-in that looks like an account takeover.
// The values are as they came.
type TakeoverAlert struct {
	Time      string `json:"time,omitempty"`
	City      string `json:"city,omitempty"`
	Country   string `json:"country,omitempty"`
	IP        string `json:"ip,omitempty"`
	Device    string `json:"device,omitempty"`
	ReportURL string `json:"notMe,omitempty"` // address that reports to Cognito that it was somebody else
}

// maxLocale is more bytes than a language tag has (package message).
const maxLocale = 64

// NewEntry is an entry for the user of an event: whom, in which language, and by which
// of some attributes to greet. To is empty when the user has no address.
func NewEntry(kind message.Kind, event *trigger.Event, nameAttributes []string) Entry {
	e := Entry{
		Kind:     kind,
		To:       event.UserAttributes["email"],
		Name:     message.FirstName(nameAttributes, event.UserAttributes),
		ClientID: event.ClientID,
		Sub:      event.UserAttributes["sub"],
	}
	for _, wanted := range event.WantedLocales() {
		if wanted != "" && len(wanted) <= maxLocale {
			e.Locales = append(e.Locales, wanted)
		}
	}
	return e
}

// maxEntry is more bytes than an entry has that our functions write.
const maxEntry = 128 << 10

// Decode reads the body of a message on the mail queue. Whether a mail can be made
// of it is for send-mail to say.
func Decode(body string) (Entry, error) {
	var e Entry
	if len(body) > maxEntry {
		return e, fmt.Errorf("decode mail queue entry: it has more than %d bytes", maxEntry)
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return e, fmt.Errorf("decode mail queue entry: %w", err)
	}
	if e.Kind == "" {
		return e, errors.New("decode mail queue entry: it lacks a kind")
	}
	return e, nil
}

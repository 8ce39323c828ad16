// Package mail is what functions put on the mail queue. Only send-mail takes it
// off again.
package mail

import (
	"encoding/json"
	"errors"
	"fmt"

	"poolpost/internal/message"
)

// Entry asks for one mail. It is the body of a message on the mail queue, as
// JSON.
type Entry struct {
	Kind     message.Kind `json:"kind"`
	To       string       `json:"to"`
	Name     string       `json:"name,omitempty"`     // as greeted: gone through message.CleanName
	ClientID string       `json:"clientId,omitempty"` // app client id; empty for the default client
	Locales  []string     `json:"locales,omitempty"`  // wanted, in the order of preference
}

// Decode reads the body of a message on the mail queue.
func Decode(body string) (Entry, error) {
	var e Entry
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return e, fmt.Errorf("decode mail queue entry: %w", err)
	}
	if e.Kind == "" || e.To == "" {
		return e, errors.New("decode mail queue entry: it lacks a kind or an address")
	}
	return e, nil
}

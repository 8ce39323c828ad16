// Package events are what Poolpost publishes on an EventBridge bus: the detail of each event, for
// hooks in Go. It links nothing but the standard library. docs/hooks.md says when each type is
// published, and how it is delivered.
package events

import (
	"crypto/sha1"
	"time"
	"uuid"
)

// Source is the source of every event on the bus. An event that is put there again for one hook,
// after it was a dead letter, has RedriveSource.
const Source = "poolpost"

// RedriveSource is the source of an event that is delivered again to the hook of a name only.
func RedriveSource(hook string) string { return Source + ".redrive." + hook }

// Version is that of Event. It is higher when a member is removed or changes its meaning; new
// members can appear at any time.
const Version = 1

// The types of events, which are the detail type on the bus as well.
const (
	UserConfirmed          = "user.confirmed"
	UserPasswordChanged    = "user.password-changed"
	UserInvitationAccepted = "user.invitation-accepted"
	MailBounced            = "mail.bounced"
	MailComplained         = "mail.complained"
)

// Types are all types.
var Types = []string{UserConfirmed, UserPasswordChanged, UserInvitationAccepted, MailBounced, MailComplained}

// Event is the detail of an event. What is not known is left out.
type Event struct {
	Version    int       `json:"version"`
	ID         string    `json:"id"`   // a UUID; the same when the event comes again
	Type       string    `json:"type"` // one of Types, or of a later version
	Time       time.Time `json:"time"` // in UTC
	UserPoolID string    `json:"userPoolId"`
	ClientID   string    `json:"clientId,omitempty"` // app client
	Sub        string    `json:"sub,omitempty"`      // of the user
	Locale     string    `json:"locale,omitempty"`   // one of the settings

	// Attributes are those of the user that the settings list, by their names in Cognito; of events
	// about users only.
	Attributes map[string]string `json:"attributes,omitempty"`

	Mail *Mail `json:"mail,omitempty"` // of events about mail only
}

// Mail is what SES says about an email that bounced or was reported. The words are SES's own.
type Mail struct {
	MessageID        string `json:"messageId"`                  // that SES gave it
	Kind             string `json:"kind,omitempty"`             // of message, such as welcome
	BounceType       string `json:"bounceType,omitempty"`       // Permanent, Transient or Undetermined
	BounceSubType    string `json:"bounceSubType,omitempty"`    // such as NoEmail
	ComplaintType    string `json:"complaintType,omitempty"`    // such as abuse
	ComplaintSubType string `json:"complaintSubType,omitempty"` // such as OnAccountSuppressionList
	Status           string `json:"status,omitempty"`           // such as 5.1.1 (RFC 3463)
}

// namespace is that of the ids of events, a random UUID.
var namespace = uuid.MustParse("5d0c4f0e-3a61-4c52-9d3b-6b7a1f8f2c11")

// NewID is the id of an event: a UUID of version 5 (RFC 9562), the same for the same parts.
func NewID(parts ...string) string {
	hash := sha1.New()
	hash.Write(namespace[:])
	for _, part := range parts {
		hash.Write([]byte(part))
		hash.Write([]byte{0}) // or "a", "bc" would be "ab", "c"
	}
	var id uuid.UUID
	copy(id[:], hash.Sum(nil))
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

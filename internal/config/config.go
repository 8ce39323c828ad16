// Package config is the part of the settings that a function runs with: the
// file settings.json beside its bootstrap, written when the function is built.
// What is known only after the deployment comes through environment variables,
// which each function's main.go names.
package config

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// File is the name of the settings beside a bootstrap.
const File = "settings.json"

// Client is an app client, as far as functions need it.
type Client struct {
	Name         string   `json:"name"`
	Locale       string   `json:"locale"`
	URL          string   `json:"url"`
	SignInURL    string   `json:"signInUrl"`
	AttributeURL string   `json:"attributeUrl,omitempty"`
	ResetURL     string   `json:"resetUrl,omitempty"`
	ReturnURLs   []string `json:"returnUrls,omitempty"`
}

// CustomMessage is what custom-message runs with.
type CustomMessage struct {
	Clients        []Client `json:"clients"` // the first is the default
	Locales        []string `json:"locales"`
	NameAttributes []string `json:"nameAttributes"` // in the order of preference
}

// PreSignUp is what pre-sign-up runs with.
type PreSignUp struct {
	Locales           []string          `json:"locales"` // the first is the default
	Email             EmailRules        `json:"email"`
	Attributes        []AttributeRule   `json:"attributes"`
	AutoConfirm       AutoConfirm       `json:"autoConfirm"`
	ExternalProviders ExternalProviders `json:"externalProviders"`
}

// RefusalsFile is where the sentences of a locale lie, below the folder of
// pre-sign-up: most sign-ups are not refused and need none.
func RefusalsFile(locale string) string { return filepath.Join("refusals", locale+".json") }

// SentencesIn reads the sentences of a locale, by their codes, in dir.
func SentencesIn(dir string) func(locale string) (map[string]string, error) {
	return func(locale string) (map[string]string, error) {
		return read[map[string]string](filepath.Join(dir, RefusalsFile(locale)))
	}
}

// EmailRules, AutoConfirm and ExternalProviders are those of the settings, where
// they are explained.
type EmailRules struct {
	AllowedDomains       []string `json:"allowedDomains,omitempty"`
	DeniedDomains        []string `json:"deniedDomains,omitempty"`
	RefuseTypos          bool     `json:"refuseTypos,omitempty"`
	RefuseDisposable     bool     `json:"refuseDisposable,omitempty"`
	RefuseRoleAccounts   bool     `json:"refuseRoleAccounts,omitempty"`
	RefusePlusAddresses  bool     `json:"refusePlusAddresses,omitempty"`
	AcceptUnicodeDomains bool     `json:"acceptUnicodeDomains,omitempty"`
	RequireMailExchanger bool     `json:"requireMailExchanger,omitempty"`
	RefuseSuppressed     bool     `json:"refuseSuppressed,omitempty"`
}

type AutoConfirm struct {
	Domains     []string `json:"domains,omitempty"`
	VerifyEmail bool     `json:"verifyEmail,omitempty"`
}

type ExternalProviders struct {
	Policy         string   `json:"policy"`
	Trusted        []string `json:"trusted,omitempty"`
	AssumeVerified []string `json:"assumeVerified,omitempty"`
}

// The policies for external providers.
const (
	AcceptProviders = "accept"
	RefuseProviders = "refuse"
	LinkProviders   = "link"
)

// AttributeRule is a rule for one attribute.
type AttributeRule struct {
	Key            string            `json:"key"`   // as in events, such as custom:agentName
	Label          map[string]string `json:"label"` // what people call it, by locale
	Required       bool              `json:"required,omitempty"`
	Pattern        string            `json:"pattern,omitempty"`      // for the whole value
	ASCIIPattern   string            `json:"asciiPattern,omitempty"` // the same for values in ASCII, much shorter
	MinLength      int               `json:"minLength,omitempty"`
	MaxLength      int               `json:"maxLength,omitempty"`
	AllowedValues  []string          `json:"allowedValues,omitempty"`
	ForbiddenWords []string          `json:"forbiddenWords,omitempty"`
	RefuseURLs     bool              `json:"refuseUrls,omitempty"`
}

// AnchorPattern makes the pattern of a rule (Go's RE2 syntax) match whole values only.
// The pattern must compile without it as well: "a)|(b" would mean something else between
// the parentheses.
func AnchorPattern(pattern string) string { return `^(?:` + pattern + `)$` }

// PostConfirmation is what post-confirmation runs with.
type PostConfirmation struct {
	Groups         []string `json:"groups"`
	NameAttributes []string `json:"nameAttributes"`
}

// CustomEmailSender is what custom-email-sender runs with.
type CustomEmailSender struct {
	NameAttributes []string `json:"nameAttributes"`
}

// MailFeedback is what mail-feedback runs with: the values that tags of mails
// can have.
type MailFeedback struct {
	Clients []string `json:"clients"` // names
	Locales []string `json:"locales"`
}

// SendMail is what send-mail runs with.
type SendMail struct {
	Senders map[string]Sender `json:"senders"` // by the names of Clients, one for each
	Clients []Client          `json:"clients"`
	Locales []string          `json:"locales"`
	Codes   bool              `json:"codes,omitempty"` // opens Cognito's codes, and sends mails with them
}

// Sender is what the mails of a client's brand are sent as.
type Sender struct {
	From    string `json:"from"` // "Name <a@b>", encoded for a header
	ReplyTo string `json:"replyTo,omitempty"`
	// Feedback is where SES forwards bounces to; empty for the address of From.
	Feedback string `json:"feedback,omitempty"`
}

// VerifyLink is what verify-link runs with.
type VerifyLink struct {
	Clients []Client `json:"clients"`
	Locales []string `json:"locales"`
}

// Read reads the settings beside a bootstrap, in dir.
func Read[T any](dir string) (T, error) { return read[T](filepath.Join(dir, File)) }

func read[T any](file string) (T, error) {
	var value T
	text, err := os.ReadFile(file)
	if err != nil {
		return value, fmt.Errorf("read settings: %w", err)
	}
	notNull := json.JoinUnmarshalers(
		json.UnmarshalFromFunc(notNull[string]), json.UnmarshalFromFunc(notNull[int]), json.UnmarshalFromFunc(notNull[bool]))
	err = json.Unmarshal(text, &value, json.RejectUnknownMembers(true), json.WithUnmarshalers(notNull))
	if err != nil {
		return value, fmt.Errorf("read settings %s: %w", file, err)
	}
	return value, nil
}

// notNull refuses null, which encoding/json takes for the zero value: a limit that cannot
// be read must not become none.
func notNull[T any](d *jsontext.Decoder, _ *T) error {
	if d.PeekKind() == jsontext.KindNull {
		return errors.New("it is null")
	}
	return errors.ErrUnsupported // go on as without this function
}

// ClientByName returns the client of that name, or the first one.
func ClientByName(clients []Client, name string) Client {
	for _, c := range clients {
		if c.Name == name {
			return c
		}
	}
	return clients[0]
}

// ClientByID returns the client whose app client id is id, and whether there is one; ids
// are by the clients' names. Without an id it is the first client.
func ClientByID(clients []Client, ids map[string]string, id string) (Client, bool) {
	if id == "" {
		return clients[0], true
	}
	for _, c := range clients {
		if ids[c.Name] == id {
			return c, true
		}
	}
	return clients[0], false
}

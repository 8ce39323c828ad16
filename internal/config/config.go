// Package config is the part of the settings that a function runs with: the file settings.json
// beside its bootstrap, written when the function is built. What only the deployment knows is
// in environment variables, which each function's main.go names.
package config

import (
	"cmp"
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// File is the name of the settings beside a bootstrap; bundle.Write writes it.
const File = "settings.json"

// The types that are tagged for YAML too are those of poolpost.yaml (package
// settings), so that a setting of a client or a rule is one field, here. What is
// tagged "-" for JSON is for the build only; for YAML, the build makes it up.

// Client is an app client of the pool. Its addresses are up to 300 characters long
// each: mails contain them, and Cognito limits their length.
type Client struct {
	// Name is the app client's name, unique in the pool.
	Name string `yaml:"name" json:"name"`
	// ID is what the logical id of the app client is made of, so that a new name does not replace
	// it; Name if empty.
	ID string `yaml:"id" json:"-"`
	// Brand is the ID of a brand.
	Brand string `yaml:"brand" json:"-"`
	// Locale is the locale for people who ask for none that the pool has.
	Locale string `yaml:"locale" json:"locale"`
	// URL is where people continue after confirming: the app's front page.
	URL string `yaml:"url" json:"url"`
	// SignInURL is the page that an invitation leads to; URL if empty.
	SignInURL string `yaml:"signInUrl" json:"signInUrl"`
	// AttributeURL is the app's page that verifies a changed attribute: it
	// needs the user's access token, so it must be the app's own. It gets the
	// query parameter code. URL if empty, and then the code is typed by hand.
	AttributeURL string `yaml:"attributeUrl" json:"attributeUrl,omitempty"`
	// ResetURL is the app's own page for a new password, which gets user and
	// code as query parameters. If empty, the page behind the link does it.
	ResetURL string `yaml:"resetUrl" json:"resetUrl,omitempty"`
	// ReturnURLs are the addresses that the app may ask to be returned to with
	// the client metadata "return": an origin, or an origin and a path prefix.
	ReturnURLs []string `yaml:"returnUrls" json:"returnUrls,omitempty"`
	// RefreshTokenDays is how long people stay signed in, 1 to 3650 days.
	RefreshTokenDays int `yaml:"refreshTokenDays" json:"-"`
	// RotateRefreshTokens gives the app a new refresh token with each refresh. RefreshGraceSeconds is
	// how long the one before is still taken, 0 to 60 seconds.
	RotateRefreshTokens bool `yaml:"rotateRefreshTokens" json:"-"`
	RefreshGraceSeconds int  `yaml:"refreshGraceSeconds" json:"-"`
	// AccessTokenMinutes and IDTokenMinutes are how long tokens are valid, 5 minutes to a day.
	AccessTokenMinutes int `yaml:"accessTokenMinutes" json:"-"`
	IDTokenMinutes     int `yaml:"idTokenMinutes" json:"-"`
	// Existing is for a client of a pool that exists. A client that the deployment makes has no
	// secret: browsers and phones cannot keep one.
	Existing ExistingClient `yaml:"existing" json:"existing,omitzero"`
}

// ExistingClient is an app client that somebody else made.
type ExistingClient struct {
	ID string `yaml:"id" json:"-"` // of the app client; functions get it in their environment
	// Secret is the name or the ARN of a secret in AWS Secrets Manager, which holds the client's
	// secret as plain text. Empty for a client without one.
	Secret string `yaml:"secret" json:"secret,omitempty"`
}

// StableID is ID, or Name. It does not change with the name.
func (c Client) StableID() string { return cmp.Or(c.ID, c.Name) }

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
	Captcha           Captcha           `json:"captcha,omitzero"`  // zero: nobody proves anything
	Hook              SignUpHook        `json:"hook,omitzero"`     // zero: nobody else is asked
	Clients           []string          `json:"clients,omitempty"` // their names, for the hook
}

// RefusalsFile is where the sentences of a locale are, below the folder of
// pre-sign-up: most sign-ups are not refused and need none.
func RefusalsFile(locale string) string { return filepath.Join("refusals", locale+".json") }

// SentencesIn reads the sentences of a locale, by their codes, in dir.
func SentencesIn(dir string) func(locale string) (map[string]string, error) {
	return func(locale string) (map[string]string, error) {
		return read[map[string]string](filepath.Join(dir, RefusalsFile(locale)))
	}
}

// EmailRules decide by the email address. A domain "example.com" means itself;
// "*.example.com" means every domain below it. Domains may be written in any
// letters and are kept in lower case and Punycode.
type EmailRules struct {
	// AllowedDomains, if not empty, are the only ones that may sign up.
	AllowedDomains []string `yaml:"allowedDomains" json:"allowedDomains,omitempty"`
	// DeniedDomains may not sign up, even if allowed above.
	DeniedDomains []string `yaml:"deniedDomains" json:"deniedDomains,omitempty"`
	// RefuseTypos refuses common misspellings of large mail providers, and names
	// the right one. Their mail would go to a stranger.
	RefuseTypos bool `yaml:"refuseTypos" json:"refuseTypos,omitempty"`
	// RefuseDisposable refuses the domains of throw-away mailboxes, by a public list.
	RefuseDisposable bool `yaml:"refuseDisposable" json:"refuseDisposable,omitempty"`
	// RefuseRoleAccounts refuses addresses of a function, such as admin@.
	RefuseRoleAccounts bool `yaml:"refuseRoleAccounts" json:"refuseRoleAccounts,omitempty"`
	// RefusePlusAddresses refuses a plus sign before the @.
	RefusePlusAddresses bool `yaml:"refusePlusAddresses" json:"refusePlusAddresses,omitempty"`
	// AcceptUnicodeDomains accepts domains that are not written in ASCII. SES
	// takes them in Punycode only, so something must convert them before mail is
	// sent; Cognito is not documented to.
	AcceptUnicodeDomains bool `yaml:"acceptUnicodeDomains" json:"acceptUnicodeDomains,omitempty"`
	// RequireMailExchanger refuses a domain of which DNS says for certain that
	// it takes no mail.
	RequireMailExchanger bool `yaml:"requireMailExchanger" json:"requireMailExchanger,omitempty"`
	// RefuseSuppressed refuses an address on SES's suppression list of the
	// account: no mail would reach it.
	RefuseSuppressed bool `yaml:"refuseSuppressed" json:"refuseSuppressed,omitempty"`
}

// AutoConfirm confirms sign-ups without a mail. Anybody can type an address of
// these domains, so nothing is proved about it.
type AutoConfirm struct {
	// Domains are written as in EmailRules; none is the default.
	Domains []string `yaml:"domains" json:"domains,omitempty"`
	// VerifyEmail marks the address as verified as well.
	VerifyEmail bool `yaml:"verifyEmail" json:"verifyEmail,omitempty"`
}

// ExternalProviders decide about a first sign-in through Facebook and the like.
type ExternalProviders struct {
	// Policy is accept (an account of its own, Cognito's default), refuse, or
	// link: to the account that has the same address, if both are verified.
	Policy string `yaml:"policy" json:"policy"`
	// Trusted are the providers that are believed to verify addresses: only they are linked.
	Trusted []string `yaml:"trusted" json:"trusted,omitempty"`
	// AssumeVerified are those of them that verify addresses without saying so:
	// Facebook sends no email_verified.
	AssumeVerified []string `yaml:"assumeVerified" json:"assumeVerified,omitempty"`
	// LinkReplacesPassword links an account that was never linked before, too, and makes its
	// password useless first: a stranger may have chosen it.
	LinkReplacesPassword bool `yaml:"linkReplacesPassword" json:"linkReplacesPassword,omitempty"`
}

// The policies for external providers.
const (
	AcceptProviders = "accept"
	RefuseProviders = "refuse"
	LinkProviders   = "link"
)

// Captcha asks people to prove that they are some. docs/captcha.md explains it.
type Captcha struct {
	// Provider is turnstile, altcha, hcaptcha or recaptcha; nobody is asked if empty.
	Provider string `yaml:"provider" json:"provider"`
	// SiteKey is the provider's public key of the site, for front ends.
	SiteKey string `yaml:"siteKey" json:"siteKey,omitempty"`
	// Secret is the name or the ARN of a secret in AWS Secrets Manager that holds the provider's
	// secret key as plain text. The deployment makes that of ALTCHA.
	Secret string `yaml:"secret" json:"-"`
	// Hosts are those of the pages that people may solve it on; those of the clients' addresses if
	// empty. The local run adds its own.
	Hosts []string `yaml:"hosts" json:"hosts,omitempty"`
	// Action is what the page must call the action, with turnstile, and with recaptcha if MinScore is set.
	Action string `yaml:"action" json:"action,omitempty"`
	// MinScore is that of reCAPTCHA v3, in percent; 0 for v2, which has no scores.
	MinScore int `yaml:"minScore" json:"minScore,omitempty"`
	// Difficulty is how many keys a browser derives for a challenge of ALTCHA, on average.
	Difficulty int `yaml:"difficulty" json:"-"`
	// ExpiryMinutes is how long a challenge of ALTCHA can be used.
	ExpiryMinutes int `yaml:"expiryMinutes" json:"-"`
	// TimeoutMS is how long the whole check may take, in milliseconds.
	TimeoutMS int `yaml:"timeoutMs" json:"timeoutMs"`
	// OnFailure is refuse or accept: what happens to a sign-up when the check cannot be made.
	OnFailure string `yaml:"onFailure" json:"onFailure"`
}

// The providers of a captcha.
const (
	Turnstile = "turnstile"
	Altcha    = "altcha"
	HCaptcha  = "hcaptcha"
	Recaptcha = "recaptcha"
)

// CaptchaUnavailable is the outcome where a captcha could not be checked, or no challenge be made. It
// has an alarm, infra/captcha.go.
const CaptchaUnavailable = "captcha-unavailable"

// Challenges are those of ALTCHA, which verify-link hands out; zero: none.
type Challenges struct {
	Difficulty    int      `json:"difficulty"`
	ExpiryMinutes int      `json:"expiryMinutes"`
	Origins       []string `json:"origins"` // of pages that may read them
}

// SignUpHook is a Lambda function of the adopter's own, which is asked about a sign-up that all
// rules accept. docs/hooks.md has what it gets and what it may answer.
type SignUpHook struct {
	// Function is its name or ARN, with or without an alias or version; none if empty.
	Function string `yaml:"function" json:"function"`
	// TimeoutMS is how long it may take, in milliseconds, its cold start included.
	TimeoutMS int `yaml:"timeoutMs" json:"timeoutMs"`
	// OnFailure is refuse or accept: what happens to a sign-up when it does not answer.
	OnFailure string `yaml:"onFailure" json:"onFailure"`
	// MayAutoConfirm lets it confirm sign-ups without a mail. It never verifies an address.
	MayAutoConfirm bool `yaml:"mayAutoConfirm" json:"mayAutoConfirm,omitempty"`
}

// What is done about a sign-up when the captcha or the hook does not answer.
const (
	RefuseOnFailure = "refuse"
	AcceptOnFailure = "accept"
)

// MaxTimeoutMS is the longest time of captcha and hook together, in milliseconds. Cognito waits 5 s
// for pre-sign-up. Its start takes up to one of them, when a connection is slow to open, and the
// rules take up to another.
const MaxTimeoutMS = 3000

// AttributeRule is a rule for one attribute at sign-up.
type AttributeRule struct {
	// Name is a custom attribute's short name or a standard attribute's name.
	Name string `yaml:"name" json:"-"`
	// Key is its name in events, such as custom:agentName.
	Key string `yaml:"-" json:"key"`
	// Label is what people call the attribute, by locale; Name if empty.
	Label map[string]string `yaml:"label" json:"label"`
	// Required refuses a sign-up without the attribute, or with a blank one.
	Required bool `yaml:"required" json:"required,omitempty"`
	// Pattern is a regular expression (Go's RE2 syntax) for the whole value.
	Pattern string `yaml:"pattern" json:"pattern,omitempty"`
	// ASCIIPattern accepts the same values in ASCII, and is much shorter.
	ASCIIPattern string `yaml:"-" json:"asciiPattern,omitempty"`
	// MinLength and MaxLength bound the value in characters; 0 is no bound.
	MinLength int `yaml:"minLength" json:"minLength,omitempty"`
	MaxLength int `yaml:"maxLength" json:"maxLength,omitempty"`
	// AllowedValues, if not empty, are the only values.
	AllowedValues []string `yaml:"allowedValues" json:"allowedValues,omitempty"`
	// ForbiddenWords may not be in the value as whole words, in upper, lower
	// or full-width letters. An entry can be several words.
	ForbiddenWords []string `yaml:"forbiddenWords" json:"forbiddenWords,omitempty"`
	// RefuseURLs refuses a value with a web or email address in it.
	RefuseURLs bool `yaml:"refuseUrls" json:"refuseUrls,omitempty"`
}

// AnchorPattern makes the pattern of a rule (Go's RE2 syntax) match whole values only.
// The pattern must compile without it as well: "a)|(b" would mean something else between
// the parentheses.
func AnchorPattern(pattern string) string { return `^(?:` + pattern + `)$` }

// PostConfirmation is what post-confirmation runs with.
type PostConfirmation struct {
	Groups         []string `json:"groups"`
	NameAttributes []string `json:"nameAttributes"`
	EndSessions    bool     `json:"endSessions,omitempty"` // after the reset of a password
	Locales        []string `json:"locales,omitempty"`     // one of which an empty attribute locale becomes; none: it stays
	Events         Events   `json:"events,omitzero"`
	Invitations    bool     `json:"invitations,omitempty"` // it is the trigger PreTokenGeneration too
}

// Events is what events about users are made with; zero: none are published.
type Events struct {
	Locales    []string `json:"locales"`              // the first is the default
	Attributes []string `json:"attributes,omitempty"` // that events include, by their names in Cognito
}

// Published reports whether there are any.
func (e Events) Published() bool { return len(e.Locales) > 0 }

// ForgetUnconfirmed is what forget-unconfirmed runs with.
type ForgetUnconfirmed struct {
	AfterDays     int  `json:"afterDays"`
	AtMostPercent int  `json:"atMostPercent"` // of the pool's users, at once
	DryRun        bool `json:"dryRun,omitempty"`
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
	Events  bool     `json:"events,omitempty"` // bounces and complaints are published as events
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
	// BouncesTo is where SES forwards bounces to, as senders in internal/bundle/config.go decides;
	// empty for the address of From.
	BouncesTo string `json:"bouncesTo,omitempty"`
}

// VerifyLink is what verify-link runs with.
type VerifyLink struct {
	Clients    []Client   `json:"clients"`
	Locales    []string   `json:"locales"`
	Challenges Challenges `json:"challenges,omitzero"`
	// ChosenUserNames: user names are any text. Otherwise, they are UUIDs.
	ChosenUserNames bool `json:"chosenUserNames,omitempty"`
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
// be read must not disappear.
func notNull[T any](d *jsontext.Decoder, _ *T) error {
	if d.PeekKind() == jsontext.KindNull {
		return errors.New("it is null")
	}
	return errors.ErrUnsupported // go on as without this function
}

// ClientIDs are app client ids by the names of the settings.
type ClientIDs map[string]string

// ClientName is the name of a client of the settings; empty for another one. It asks nobody.
func (ids ClientIDs) ClientName(_ context.Context, _, id string) (string, error) {
	for name, known := range ids {
		if known == id {
			return name, nil
		}
	}
	return "", nil
}

// ClientByName returns the client of that name, or the first one.
func ClientByName(clients []Client, name string) Client {
	i := slices.IndexFunc(clients, func(c Client) bool { return c.Name == name })
	return clients[max(i, 0)]
}

// ClientByID returns the client whose app client id is id, by the ids of clients' names, and
// whether there is one. Without an id, or such a client, it is the first.
func ClientByID(clients []Client, ids map[string]string, id string) (Client, bool) {
	i := slices.IndexFunc(clients, func(c Client) bool { return id == "" || ids[c.Name] == id })
	return clients[max(i, 0)], i >= 0
}

// Package settings reads poolpost.yaml, the one file that an adopter edits.
//
// Everything is typed, everything has a default where a default is safe, and
// every mistake in the file is reported at once, with line, key and remedy.
// The package belongs to build time: the CDK app and the local run read
// settings, a function reads only its own part of them (package config).
package settings

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"poolpost/internal/config"
)

// Settings is the whole of poolpost.yaml. One file describes one user pool.
type Settings struct {
	Pool         Pool         `yaml:"pool"`
	Mail         Mail         `yaml:"mail"`
	Links        Links        `yaml:"links"`
	Brands       []Brand      `yaml:"brands"`
	Clients      []Client     `yaml:"clients"`
	Locales      []string     `yaml:"locales"`
	SignUp       SignUp       `yaml:"signUp"`
	Groups       []Group      `yaml:"groups"`
	Invitations  Invitations  `yaml:"invitations"`
	Hooks        Hooks        `yaml:"hooks"`
	SignIn       SignIn       `yaml:"signIn"`
	IdentityPool IdentityPool `yaml:"identityPool"`
	Alarms       Alarms       `yaml:"alarms"`
}

// Pool is the Cognito user pool. Users sign in with their email address. Of a pool that exists, the
// keys from Attributes on describe what it is: the local run has such a pool, and poolpost doctor
// says where they differ.
type Pool struct {
	Name           string            `yaml:"name"`       // 1 to 128 characters
	ID             string            `yaml:"id"`         // what the stack is named after; Name if empty
	Region         string            `yaml:"region"`     // of the pool and of its SES identity
	Tags           map[string]string `yaml:"tags"`       // on every resource that takes tags
	Existing       ExistingPool      `yaml:"existing"`   // empty: the deployment makes a pool
	Attributes     []Attribute       `yaml:"attributes"` // custom ones
	PasswordPolicy PasswordPolicy    `yaml:"passwordPolicy"`
	SelfSignUp     bool              `yaml:"selfSignUp"` // otherwise only administrators create users
	Devices        string            `yaml:"devices"`    // whether they are remembered: always, on-prompt or off
	MFA            string            `yaml:"mfa"`        // off, optional or required
}

// StableID is ID, or Name. It does not change with the name.
func (p Pool) StableID() string { return cmp.Or(p.ID, p.Name) }

// ExistingPool is a user pool that somebody else made. The deployment makes everything but the pool,
// its clients and its groups, and poolpost attach joins it to the pool.
type ExistingPool struct {
	ID string `yaml:"id"` // such as eu-central-1_Sample001
	// UserNames are generated or chosen.
	UserNames string `yaml:"userNames"`
}

// Values of ExistingPool.UserNames.
const (
	// GeneratedUserNames are UUIDs, as in every pool whose people sign up with their address
	// (UsernameAttributes).
	GeneratedUserNames = "generated"
	// ChosenUserNames are any text that an app or its people choose.
	ChosenUserNames = "chosen"
)

// Exists reports whether somebody else made the pool.
func (p Pool) Exists() bool { return p.Existing.ID != "" }

// HasChosenUserNames reports whether user names are any text. Otherwise, they are UUIDs.
func (p Pool) HasChosenUserNames() bool { return p.Existing.UserNames == ChosenUserNames }

// Attribute is a custom attribute of type String. Cognito can neither require
// nor remove custom attributes; SignUp.Attributes can require them.
type Attribute struct {
	Name      string `yaml:"name"`      // 1 to 20 characters, without the prefix "custom:" that it has in events
	MinLength int    `yaml:"minLength"` // in characters, 0 to 2048
	MaxLength int    `yaml:"maxLength"`
}

// PasswordPolicy is Cognito's PasswordPolicyType.
type PasswordPolicy struct {
	MinimumLength         int  `yaml:"minimumLength"` // 6 to 99 characters
	RequireNumbers        bool `yaml:"requireNumbers"`
	RequireLowercase      bool `yaml:"requireLowercase"`
	RequireUppercase      bool `yaml:"requireUppercase"`
	RequireSymbols        bool `yaml:"requireSymbols"`
	TemporaryPasswordDays int  `yaml:"temporaryPasswordDays"` // how long an invitation can be used, 1 to 365
	HistorySize           int  `yaml:"historySize"`           // how many earlier passwords nobody takes again, 0 to 24
}

// Mail says how mail leaves the pool.
type Mail struct {
	From    Address `yaml:"from"`
	ReplyTo string  `yaml:"replyTo"` // receives answers; From if empty
	// NameAttributes are the attributes that people are greeted by, the first
	// one that a user has; custom ones under their short name.
	NameAttributes []string `yaml:"nameAttributes"`
	// Delivery says who sends what Cognito asks for: cognito, or ses for
	// send-mail, which sends through SES itself.
	Delivery string `yaml:"delivery"`
	Identity string `yaml:"identity"` // what SES has verified: From, or its domain, which is the default
	// MailFrom is a domain below Identity that bounces go to, so that SPF is aligned; empty: SES's own.
	MailFrom string `yaml:"mailFrom"`
	// DMARC is the DMARC record of Identity (RFC 7489); empty: none is created.
	DMARC string `yaml:"dmarc"`
	// HostedZone is the Route 53 zone that gets the records of Identity, MailFrom and DMARC; without
	// it they are outputs of the stack.
	HostedZone HostedZone `yaml:"hostedZone"`
	Rate       int        `yaml:"rate"` // how many mails a second SES takes from the account, 1 to 10000
}

// Values of Mail.Delivery.
const (
	DeliveryCognito = "cognito"
	DeliverySES     = "ses"
)

// HostedZone is a public hosted zone of Route 53.
type HostedZone struct {
	ID   string `yaml:"id"`   // such as Z0123456789EXAMPLE
	Name string `yaml:"name"` // such as example.com
}

// Address is a mailbox with an optional display name.
type Address struct {
	Name    string `yaml:"name"`
	Address string `yaml:"address"`
}

// Links says where the pages behind the links live.
type Links struct {
	Host       string     `yaml:"host"`       // in prod, see HostIn; if empty, the address that API Gateway gives
	HostedZone HostedZone `yaml:"hostedZone"` // gets the record of the host and that of its certificate
	// CertificateARN is the certificate of Host in AWS Certificate Manager, when
	// its zone is not in Route 53.
	CertificateARN string `yaml:"certificateArn"`
	// FormerHosts are served as well, for links in emails that are already sent.
	FormerHosts []LinkHost `yaml:"formerHosts"`
	// KeepDefaultAddress leaves the address that API Gateway gives open beside Host, for the same.
	KeepDefaultAddress bool `yaml:"keepDefaultAddress"`
	// HostInEmails is false while Host has no DNS record yet: it is served, and emails still link to
	// the first of FormerHosts or, without one, to API Gateway's address.
	HostInEmails bool `yaml:"hostInEmails"`
}

// LinkHost is a host of the pages. Without a zone and a certificate, it has those of Links.
type LinkHost struct {
	Host           string     `yaml:"host" short:"true"`
	HostedZone     HostedZone `yaml:"hostedZone"`
	CertificateARN string     `yaml:"certificateArn"`
}

// Brand is what a message and a page look like, for one or more clients.
type Brand struct {
	Name        string `yaml:"name"`
	ID          string `yaml:"id"`          // what clients refer to; Name if empty
	DisplayName string `yaml:"displayName"` // the app's name as people know it
	// Color is the colour of buttons, as #rrggbb. White text must stand out
	// from it with a contrast of at least 4.5 (WCAG 2.2 AA).
	Color         string `yaml:"color"`
	Logo          Logo   `yaml:"logo"`          // above a mail, in the place of DisplayName
	PostalAddress string `yaml:"postalAddress"` // at the foot of every mail
	Support       string `yaml:"support"`       // where people are sent for help; ReplyTo if empty
	// From and ReplyTo are for this brand's mails; each part that is empty is that of
	// Mail. Others need DeliverySES: Cognito has one sender for the pool.
	From    Address `yaml:"from"`
	ReplyTo string  `yaml:"replyTo"`
	// Wording replaces words of templates/locales for this brand, by locale,
	// kind of message and key.
	Wording map[string]map[string]map[string]string `yaml:"wording"`
}

// StableID is ID, or Name. It does not change with the name.
func (b Brand) StableID() string { return cmp.Or(b.ID, b.Name) }

// Logo is a picture that mail programs load from the app's own server.
type Logo struct {
	URL   string `yaml:"url"`   // https, up to 300 characters
	Width int    `yaml:"width"` // as shown, 16 to 240 pixels; the height follows
	Alt   string `yaml:"alt"`   // where pictures are not loaded; DisplayName if empty
}

// Client is an app client of the pool.
type Client = config.Client

// ExistingClient is an app client of a pool that exists.
type ExistingClient = config.ExistingClient

// Group is a group that users join when they confirm. In the file, it can be its name alone.
type Group struct {
	Name string `yaml:"name" short:"true"` // Cognito cannot rename a group
	ID   string `yaml:"id"`                // what the logical id is made of; Name if empty
}

// StableID is ID, or Name. It does not change with the name.
func (g Group) StableID() string { return cmp.Or(g.ID, g.Name) }

// Invitations are those of people whom an administrator creates (AdminCreateUser).
type Invitations struct {
	// FollowUp does for whoever accepts one what follows a confirmation: groups, the welcome mail and
	// an event. Cognito then invokes a function for every sign-in.
	FollowUp bool `yaml:"followUp"`
}

// SignUp holds the rules of who may sign up.
type SignUp struct {
	Email             config.EmailRules        `yaml:"email"`
	Attributes        []config.AttributeRule   `yaml:"attributes"` // custom ones under their short name
	AutoConfirm       config.AutoConfirm       `yaml:"autoConfirm"`
	ExternalProviders config.ExternalProviders `yaml:"externalProviders"`
	Captcha           config.Captcha           `yaml:"captcha"`
	Hook              config.SignUpHook        `yaml:"hook"`
	// RememberLocale writes the language of the sign-up to the attribute locale, if it is empty.
	RememberLocale bool `yaml:"rememberLocale"`
	// ForgetAfterDays is how old an account is that was never confirmed when it is deleted; 0: never.
	ForgetAfterDays int `yaml:"forgetAfterDays"`
	// ForgetDryRun only counts what would be deleted.
	ForgetDryRun bool `yaml:"forgetDryRun"`
	// ForgetAtMostPercent of the pool's users are deleted at once. If more are due, none is.
	ForgetAtMostPercent int `yaml:"forgetAtMostPercent"`
}

// defaultCaptcha asks nobody.
var defaultCaptcha = config.Captcha{Difficulty: 500, ExpiryMinutes: 10, TimeoutMS: 1000, OnFailure: config.RefuseOnFailure}

// UsesCaptcha reports whether people prove that they are some.
func (s SignUp) UsesCaptcha() bool { return s.Captcha.Provider != "" }

// UsesAltcha reports whether they do so with a challenge of our own.
func (s SignUp) UsesAltcha() bool { return s.Captcha.Provider == config.Altcha }

// Forgets reports whether accounts that were never confirmed are deleted, or counted.
func (s SignUp) Forgets() bool { return s.ForgetAfterDays > 0 }

// defaultHook asks nobody.
var defaultHook = config.SignUpHook{TimeoutMS: 2000, OnFailure: config.RefuseOnFailure}

// UsesHook reports whether a function of the adopter's is asked about sign-ups.
func (s SignUp) UsesHook() bool { return s.Hook.Function != "" }

// Hooks publish events about users and mail on an event bus of EventBridge, and deliver them
// (package events, docs/hooks.md).
type Hooks struct {
	// Bus is the name of the event bus, in the account and region of the pool. If empty and the file
	// has hooks, it is default, the bus that every account has.
	Bus string `yaml:"bus"`
	// Attributes are those of the user that events include, custom ones under their short name.
	Attributes []string    `yaml:"attributes"`
	Events     []EventHook `yaml:"events"`
}

// DefaultBus is the event bus that every account has.
const DefaultBus = "default"

// Publish reports whether events are published.
func (h Hooks) Publish() bool { return h.Bus != "" }

// EventHook delivers events of some types to one target: one of Function, Queue, Topic and
// StateMachine, each a name or an ARN, or URL.
type EventHook struct {
	Name         string   `yaml:"name"`
	ID           string   `yaml:"id"`    // what its dead-letter queue hangs on; Name if empty
	Types        []string `yaml:"types"` // of package events
	Function     string   `yaml:"function"`
	Queue        string   `yaml:"queue"` // a standard one, of SQS
	Topic        string   `yaml:"topic"` // a standard one, of SNS
	StateMachine string   `yaml:"stateMachine"`
	URL          string   `yaml:"url"`    // https
	Header       string   `yaml:"header"` // of each request to URL, whose value is Secret
	// Secret is the name or the ARN of a secret in AWS Secrets Manager that holds a plain text.
	Secret string `yaml:"secret"`
	// SecretVersion is the VersionId to use; the current one if empty. CloudFormation reads the
	// secret again only when this changes.
	SecretVersion string `yaml:"secretVersion"`
}

// StableID is ID, or Name. It does not change with the name.
func (h EventHook) StableID() string { return cmp.Or(h.ID, h.Name) }

// SignIn adds Cognito's hosted sign-in, for Facebook, and says how long sessions last. The hosted
// sign-in is deployed, and not part of the local run.
type SignIn struct {
	DomainPrefix  string `yaml:"domainPrefix"`  // the first part of the hosted page's address in prod; see DomainPrefixIn
	FacebookAppID string `yaml:"facebookAppId"` // a number; empty for no hosted sign-in
	// FacebookSecret is the name of the secret in AWS Secrets Manager that holds
	// the app's secret as plain text.
	FacebookSecret string `yaml:"facebookSecret"`
	// FacebookSecretVersion is the VersionId to use; the current one if empty. CloudFormation
	// reads the secret again only when this changes.
	FacebookSecretVersion string `yaml:"facebookSecretVersion"`
	// EndSessionsAfterReset signs people out everywhere when their password was reset: refresh
	// tokens that somebody else has would outlive it.
	EndSessionsAfterReset bool `yaml:"endSessionsAfterReset"`
}

// Scopes are the OAuth scopes of hosted sign-in. With the last one people can change and verify
// their own attributes, as they can after a sign-in with a password.
var Scopes = []string{"openid", "email", "profile", "aws.cognito.signin.user.admin"}

// Alarms says who hears of them.
type Alarms struct {
	Email string `yaml:"email"` // is subscribed to the alarms' topic; SNS asks the address first
	// Runbooks is where docs/runbooks.md can be read in a browser. Without it, alarms name the file.
	Runbooks string `yaml:"runbooks"`
}

// IdentityPool is the Cognito identity pool that turns a sign-in into AWS
// credentials.
type IdentityPool struct {
	Enabled       bool   `yaml:"enabled"`
	Guests        bool   `yaml:"guests"`        // gives credentials to people who have not signed in
	FacebookAppID string `yaml:"facebookAppId"` // also accepts sign-ins from that Facebook app
	// ExampleBucket adds an S3 bucket in which each signed-in identity reaches
	// its own objects only: an example of what the roles are for.
	ExampleBucket bool `yaml:"exampleBucket"`
}

// Default returns the pool of the well-known tutorial, made safe: what a key
// means when the file does not have it.
func Default() *Settings {
	return &Settings{
		Pool: Pool{
			Name:           "App_Users",
			Tags:           map[string]string{"AppName": "MyApp"},
			Attributes:     []Attribute{{Name: "agentName", MaxLength: maxAttributeLength}},
			PasswordPolicy: PasswordPolicy{MinimumLength: 8, RequireNumbers: true, TemporaryPasswordDays: 7},
			SelfSignUp:     true,
			Devices:        "always",
			MFA:            "off",
			Existing:       ExistingPool{UserNames: GeneratedUserNames},
		},
		Mail:    Mail{NameAttributes: []string{"given_name", "name"}, Delivery: DeliveryCognito, Rate: 1},
		Links:   Links{KeepDefaultAddress: true, HostInEmails: true},
		Locales: []string{"en"},
		SignUp: SignUp{
			Email:             config.EmailRules{RefuseTypos: true},
			ExternalProviders: config.ExternalProviders{Policy: config.AcceptProviders},
			Captcha:           defaultCaptcha,
			Hook:              defaultHook,
			ForgetDryRun:      true, ForgetAtMostPercent: 10,
		},
		SignIn:       SignIn{EndSessionsAfterReset: true},
		IdentityPool: IdentityPool{Enabled: true, Guests: true},
	}
}

// defaultEntries are Default for the entries of lists.
var defaultEntries = []any{
	Attribute{MaxLength: maxAttributeLength},
	Brand{Color: "#1d4ed8"},
	Client{RefreshTokenDays: 30, AccessTokenMinutes: 60, IDTokenMinutes: 60},
	EventHook{Header: "X-Api-Key"},
}

// maxAttributeLength is Cognito's, in characters.
const maxAttributeLength = 2048

// Client returns the client of that name, and whether there is one.
func (s *Settings) Client(name string) (Client, bool) {
	return find(s.Clients, func(c Client) bool { return c.Name == name })
}

// Brand returns the brand of that id, and whether there is one.
func (s *Settings) Brand(id string) (Brand, bool) {
	return find(s.Brands, func(b Brand) bool { return b.StableID() == id })
}

// GroupNames are the names of the groups, in the order of the file.
func (s *Settings) GroupNames() []string {
	names := make([]string, len(s.Groups))
	for i, g := range s.Groups {
		names[i] = g.Name
	}
	return names
}

func find[T any](list []T, wanted func(T) bool) (found T, ok bool) {
	if i := slices.IndexFunc(list, wanted); i >= 0 {
		return list[i], true
	}
	return found, false
}

// AttributeKey returns the name under which events and the API carry an
// attribute: custom ones get the prefix "custom:".
func (s *Settings) AttributeKey(name string) string {
	if slices.ContainsFunc(s.Pool.Attributes, func(a Attribute) bool { return a.Name == name }) {
		return "custom:" + name
	}
	return name
}

// HasAttribute reports whether users can have an attribute: a custom one, by its short name, or a
// standard one.
func (s *Settings) HasAttribute(name string) bool {
	return s.AttributeKey(name) != name || slices.Contains(standardAttributes, name)
}

// UsesCustomSender reports whether send-mail sends what Cognito asks for, instead of
// Cognito.
func (m Mail) UsesCustomSender() bool { return m.Delivery == DeliverySES }

// SourceIdentity is the identity that Cognito sends with: the domain, or the sender's address.
func (m Mail) SourceIdentity() string {
	if strings.Contains(m.Identity, "@") {
		return m.From.Address
	}
	return m.Identity
}

// CoveredByIdentity reports whether SES sends as an address: Identity is the address
// itself, or its domain.
func (m Mail) CoveredByIdentity(address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return m.Identity == address || m.Identity == strings.ToLower(domain)
}

// Name is a name for what is built of a settings file: drivers for drivers.yaml in the working
// directory. Files elsewhere, or with another ending, may be called the same, so they get a hash.
func Name(file string) string {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	path, err := filepath.Abs(file)
	if here, wdErr := os.Getwd(); err == nil && wdErr == nil && path == filepath.Join(here, name+".yaml") {
		return name
	}
	sum := sha256.Sum256([]byte(path))
	return fmt.Sprintf("%s-%x", name, sum[:4])
}

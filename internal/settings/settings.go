// Package settings reads poolpost.yaml, the one file that an adopter edits.
//
// Everything is typed, everything has a default where a default is safe, and
// every mistake in the file is reported at once, with line, key and remedy.
// The package belongs to build time: the CDK app and the local run read
// settings, a function reads only its own part of them (package config).
package settings

import (
	"path/filepath"
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
	Groups       []string     `yaml:"groups"`
	SignIn       SignIn       `yaml:"signIn"`
	IdentityPool IdentityPool `yaml:"identityPool"`
	Alarms       Alarms       `yaml:"alarms"`
}

// Pool is the Cognito user pool. Users sign in with their e-mail address.
type Pool struct {
	// Name is the pool's name, 1 to 128 characters.
	Name string `yaml:"name"`
	// Region is the AWS region of the pool and of its SES identity.
	Region string `yaml:"region"`
	// Tags go on every resource that takes tags.
	Tags map[string]string `yaml:"tags"`
	// Attributes are the custom attributes; in events they are "custom:NAME".
	Attributes []Attribute `yaml:"attributes"`
	// PasswordPolicy is what Cognito asks of a password.
	PasswordPolicy PasswordPolicy `yaml:"passwordPolicy"`
	// SelfSignUp lets people sign up themselves; otherwise only
	// administrators create users.
	SelfSignUp bool `yaml:"selfSignUp"`
	// Devices says whether devices are remembered: always, on-prompt or off.
	Devices string `yaml:"devices"`
	// MFA is off, optional or required.
	MFA string `yaml:"mfa"`
}

// Attribute is a custom attribute of type String. Cognito can neither require
// nor remove custom attributes; SignUp.Attributes can require them.
type Attribute struct {
	// Name is 1 to 20 characters, without the prefix "custom:".
	Name string `yaml:"name"`
	// MinLength and MaxLength bound the value, in characters, 0 to 2048.
	MinLength int `yaml:"minLength"`
	MaxLength int `yaml:"maxLength"`
}

// PasswordPolicy is Cognito's PasswordPolicyType.
type PasswordPolicy struct {
	// MinimumLength is 6 to 99 characters.
	MinimumLength    int  `yaml:"minimumLength"`
	RequireNumbers   bool `yaml:"requireNumbers"`
	RequireLowercase bool `yaml:"requireLowercase"`
	RequireUppercase bool `yaml:"requireUppercase"`
	RequireSymbols   bool `yaml:"requireSymbols"`
	// TemporaryPasswordDays is how long an invitation can be used, 1 to 365 days.
	TemporaryPasswordDays int `yaml:"temporaryPasswordDays"`
}

// Mail says how mail leaves the pool.
type Mail struct {
	// From is the sender, for example "MyApp <no-reply@example.com>".
	From Address `yaml:"from"`
	// ReplyTo receives answers; empty means that answers go to From.
	ReplyTo string `yaml:"replyTo"`
	// NameAttributes are the attributes that people are greeted by, the first
	// one that a user has; custom ones under their short name.
	NameAttributes []string `yaml:"nameAttributes"`
	// Delivery says who sends what Cognito asks for: cognito, or ses for
	// send-mail, which sends through SES itself.
	Delivery string `yaml:"delivery"`
	// Identity is what SES has verified: the domain of From, or From itself. The
	// domain of From if empty.
	Identity string `yaml:"identity"`
	// HostedZone is the Route 53 zone that gets the DKIM records of the
	// identity; without it they are outputs of the stack.
	HostedZone HostedZone `yaml:"hostedZone"`
	// Rate is how many mails a second SES takes from the account, 1 to 10000.
	Rate int `yaml:"rate"`
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
	// Host is the host name of the link page, such as links.example.com. If
	// empty, links lead to the address that API Gateway gives.
	Host string `yaml:"host"`
	// HostedZone gets the record of Host and that of its certificate.
	HostedZone HostedZone `yaml:"hostedZone"`
	// CertificateARN is the certificate of Host in AWS Certificate Manager, when
	// its zone is not in Route 53.
	CertificateARN string `yaml:"certificateArn"`
}

// Brand is what a message and a page look like, for one or more clients.
type Brand struct {
	// Name is what clients refer to.
	Name string `yaml:"name"`
	// DisplayName is the app's name as people know it.
	DisplayName string `yaml:"displayName"`
	// Color is the colour of buttons, as #rrggbb. White text must stand out
	// from it with a contrast of at least 4.5 (WCAG 2.2 AA).
	Color string `yaml:"color"`
	// Logo stands above a mail in the place of DisplayName.
	Logo Logo `yaml:"logo"`
	// PostalAddress stands at the foot of every mail.
	PostalAddress string `yaml:"postalAddress"`
	// Support is the e-mail address that people are sent to for help; ReplyTo if
	// empty.
	Support string `yaml:"support"`
	// From is the sender of this brand's mails; each part that is empty is that
	// of Mail.From. Another one needs DeliverySES: Cognito has one for the pool.
	From Address `yaml:"from"`
	// ReplyTo receives answers to them, under the same condition; Mail.ReplyTo
	// if empty.
	ReplyTo string `yaml:"replyTo"`
	// Wording replaces words of templates/locales for this brand, by locale,
	// kind of message and key.
	Wording map[string]map[string]map[string]string `yaml:"wording"`
}

// Logo is a picture that mail programs load from the app's own server.
type Logo struct {
	// URL is https and up to 300 characters long.
	URL string `yaml:"url"`
	// Width is how wide it is shown, 16 to 240 pixels; the height follows.
	Width int `yaml:"width"`
	// Alt stands in its place where pictures are not loaded; DisplayName if
	// empty.
	Alt string `yaml:"alt"`
}

// Client is an app client of the pool.
type Client = config.Client

// SignUp holds the rules of who may sign up.
type SignUp struct {
	Email config.EmailRules `yaml:"email"`
	// Attributes are rules for attributes, custom ones under their short name.
	Attributes        []config.AttributeRule   `yaml:"attributes"`
	AutoConfirm       config.AutoConfirm       `yaml:"autoConfirm"`
	ExternalProviders config.ExternalProviders `yaml:"externalProviders"`
}

// SignIn adds Cognito's hosted sign-in, for Facebook. It is deployed, and not
// part of the local run.
type SignIn struct {
	// DomainPrefix is the first part of the hosted page's address.
	DomainPrefix string `yaml:"domainPrefix"`
	// FacebookAppID is the number of the Facebook app; empty for no hosted
	// sign-in.
	FacebookAppID string `yaml:"facebookAppId"`
	// FacebookSecret is the name of the secret in AWS Secrets Manager that holds
	// the app's secret as plain text.
	FacebookSecret string `yaml:"facebookSecret"`
}

// Alarms says who hears of them.
type Alarms struct {
	// Email is subscribed to the alarms' topic; SNS asks the address first.
	Email string `yaml:"email"`
}

// IdentityPool is the Cognito identity pool that turns a sign-in into AWS
// credentials. It is deployed, and not part of the local run.
type IdentityPool struct {
	Enabled bool `yaml:"enabled"`
	// Guests gives credentials to people who have not signed in.
	Guests bool `yaml:"guests"`
	// FacebookAppID also accepts sign-ins from that Facebook app.
	FacebookAppID string `yaml:"facebookAppId"`
	// ExampleBucket adds an S3 bucket in which each signed-in identity reaches
	// its own objects only: an example of what the roles are for.
	ExampleBucket bool `yaml:"exampleBucket"`
}

// Default returns the pool of the well-known tutorial, made safe: what a key
// means when the file does not have it.
func Default() *Settings {
	return &Settings{
		Pool: Pool{
			Name:       "App_Users",
			Tags:       map[string]string{"AppName": "MyApp"},
			Attributes: []Attribute{{Name: "agentName", MaxLength: maxAttributeLength}},
			PasswordPolicy: PasswordPolicy{
				MinimumLength:         8,
				RequireNumbers:        true,
				TemporaryPasswordDays: 7,
			},
			SelfSignUp: true,
			Devices:    "always",
			MFA:        "off",
		},
		Mail:         Mail{NameAttributes: []string{"given_name", "name"}, Delivery: DeliveryCognito, Rate: 1},
		Locales:      []string{"en"},
		SignUp:       SignUp{Email: config.EmailRules{RefuseTypos: true}, ExternalProviders: config.ExternalProviders{Policy: config.AcceptProviders}},
		IdentityPool: IdentityPool{Enabled: true, Guests: true},
	}
}

// defaultEntries are Default for the entries of lists.
var defaultEntries = []any{
	Attribute{MaxLength: maxAttributeLength},
	Brand{Color: "#1d4ed8"},
	Client{RefreshTokenDays: 30},
}

// maxAttributeLength is Cognito's, in characters.
const maxAttributeLength = 2048

// Client returns the client of that name, and whether there is one.
func (s *Settings) Client(name string) (Client, bool) {
	for _, c := range s.Clients {
		if c.Name == name {
			return c, true
		}
	}
	return Client{}, false
}

// Brand returns the brand of that name, and whether there is one.
func (s *Settings) Brand(name string) (Brand, bool) {
	for _, b := range s.Brands {
		if b.Name == name {
			return b, true
		}
	}
	return Brand{}, false
}

// AttributeKey returns the name under which events and the API carry an
// attribute: custom ones get the prefix "custom:".
func (s *Settings) AttributeKey(name string) string {
	for _, a := range s.Pool.Attributes {
		if a.Name == name {
			return "custom:" + name
		}
	}
	return name
}

// UsesCustomSender reports whether send-mail sends what Cognito asks for, instead of
// Cognito.
func (m Mail) UsesCustomSender() bool { return m.Delivery == DeliverySES }

// CoveredByIdentity reports whether SES sends as an address: Identity is the address
// itself, or its domain.
func (m Mail) CoveredByIdentity(address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return m.Identity == address || m.Identity == strings.ToLower(domain)
}

// Name is what a settings file is called without folder and ending.
func Name(file string) string {
	return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
}

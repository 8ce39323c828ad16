package message

import "slices"

// Kind is a kind of message. It is also the name of its template, its words
// and its files.
type Kind string

// The kinds of message.
const (
	SignUp          Kind = "sign-up"
	ForgotPassword  Kind = "forgot-password"
	AttributeChange Kind = "attribute-change"
	Invitation      Kind = "invitation"
	SignInCode      Kind = "sign-in-code"
	AccountTakeover Kind = "account-takeover"
	PasswordChanged Kind = "password-changed"
	ProviderLinked  Kind = "provider-linked"
	Welcome         Kind = "welcome"
)

// Names of placeholders. Each has one known context: Link in an href,
// Greeting is made from Name, the others are text.
const (
	Link     = "link"
	Code     = "code"
	User     = "user"
	Name     = "name"
	Greeting = "greeting"
	Time     = "time"
	Place    = "place"
	Device   = "device"
)

// A Spec is what distinguishes one kind of message from the others.
type Spec struct {
	Kind Kind
	// Sources are what Cognito sends it for: the trigger source without the name
	// of its trigger, as the developer guide lists them for the custom message and
	// the custom email sender triggers. Kinds without are for send-mail alone.
	Sources      []string
	Placeholders []string // the placeholders that it must contain, besides the greeting
	Validity     Validity // how long its code can be used
	Target       Target   // where its link leads
}

// A Validity is how long the code of a message can be used. Without a unit, the
// message does not mention it; without a number, the pool's password policy says.
type Validity struct {
	Number int
	Unit   string // as in the locale files
}

// Units of a Validity.
const (
	Hours = "hours"
	Days  = "days"
)

// Target is where the link of a message leads.
type Target int

const (
	NoTarget      Target = iota
	ConfirmPage          // our page that confirms a sign-up
	ResetPage            // the app's page that sets a new password, or ours
	AttributePage        // the app's page that verifies an attribute, or its front page
	SignInPage           // the app's sign-in
	NotMePage            // our page for people who did not do it
	FrontPage            // the app's front page
)

// specs are all kinds of message. Cognito documents the validity of its codes: 24
// hours for addresses, one hour for a forgotten password.
var specs = [...]Spec{
	{
		Kind: SignUp, Sources: []string{"SignUp", "ResendCode"},
		Placeholders: []string{Link, Code}, Validity: Validity{24, Hours}, Target: ConfirmPage,
	},
	{
		Kind: ForgotPassword, Sources: []string{"ForgotPassword"},
		Placeholders: []string{Link, Code}, Validity: Validity{1, Hours}, Target: ResetPage,
	},
	{
		Kind: AttributeChange, Sources: []string{"UpdateUserAttribute", "VerifyUserAttribute"},
		Placeholders: []string{Link, Code}, Validity: Validity{24, Hours}, Target: AttributePage,
	},
	{
		Kind: Invitation, Sources: []string{"AdminCreateUser"},
		Placeholders: []string{Link, Code, User}, Validity: Validity{Unit: Days}, Target: SignInPage,
	},
	{
		Kind: SignInCode, Sources: []string{"Authentication"},
		Placeholders: []string{Code},
	},
	{
		Kind:         AccountTakeover,
		Placeholders: []string{Link, Time, Place, Device}, Target: SignInPage,
	},
	{
		Kind:         PasswordChanged,
		Placeholders: []string{Link, Time}, Target: NotMePage,
	},
	{
		Kind:         ProviderLinked,
		Placeholders: []string{Link}, Target: SignInPage,
	},
	{
		Kind:         Welcome,
		Placeholders: []string{Link}, Target: FrontPage,
	},
}

// Kinds are all kinds of message.
func Kinds() []Kind {
	kinds := make([]Kind, len(specs))
	for i, spec := range specs {
		kinds[i] = spec.Kind
	}
	return kinds
}

// Spec describes a kind. It is empty for a kind that does not exist.
func (k Kind) Spec() Spec {
	for _, spec := range specs {
		if spec.Kind == k {
			return spec
		}
	}
	return Spec{}
}

// Exists reports whether a kind is one of Kinds.
func (k Kind) Exists() bool { return k.Spec().Kind != "" }

// KindOf returns the kind of message that Cognito sends for a source.
func KindOf(source string) (Kind, bool) {
	for _, spec := range specs {
		if slices.Contains(spec.Sources, source) {
			return spec.Kind, true
		}
	}
	return "", false
}

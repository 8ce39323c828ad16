package bundle

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"poolpost/internal/config"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
)

// clients are the SDK's clients that each function may link. A client takes up to a
// millisecond of a start.
var clients = map[string][]string{
	"custom-email-sender": {"sqs"},
	"custom-message":      {"cognitoidentityprovider"}, // in a pool with several app clients
	"forget-unconfirmed":  {"cognitoidentityprovider"},
	"mail-feedback":       {"sqs"}, // with hooks
	"post-confirmation":   {"cognitoidentityprovider", "sqs"},
	"pre-sign-up":         {"cognitoidentityprovider", "lambda", "secretsmanager", "sesv2", "sqs"}, // when its settings ask AWS
	"send-mail":           {"cognitoidentityprovider", "sesv2", "sqs"},                             // and those of the Encryption SDK
	"verify-link":         {"secretsmanager"},                                                      // when it makes challenges, or app clients have secrets
}

// What belongs to build time, or to another function, costs a cold start when a
// function links it.
func TestFunctionsLinkNoHeavyPackages(t *testing.T) {
	// Never in a function: what compiles messages and reads poolpost.yaml.
	buildTime := []string{"poolpost/infra", "poolpost/internal/settings", "poolpost/internal/compile", "poolpost/templates", "html/template", "text/template", "go.yaml.in/yaml", "golang.org/x/"}
	for _, f := range Functions {
		name := f.Name
		// The Encryption SDK is what send-mail alone may link, as the next test but one
		// holds.
		with := noRPC
		if name == "send-mail" {
			with += ",nocodes"
		}
		for _, p := range links(t, with, "./functions/"+name) {
			for _, heavy := range buildTime {
				// Unicode domains become Punycode where they are compared, and where emails
				// are sent.
				if strings.HasPrefix(p, heavy) && (name != "pre-sign-up" && name != "send-mail" || p != "golang.org/x/net/idna" && !strings.HasPrefix(p, "golang.org/x/text/")) {
					t.Errorf("%s links %s, which belongs to build time", name, p)
				}
			}
			client, ok := strings.CutPrefix(p, "github.com/aws/aws-sdk-go-v2/service/")
			client, _, _ = strings.Cut(client, "/")
			if ok && client != "internal" && !slices.Contains(clients[name], client) {
				t.Errorf("%s links the SDK's client of %s", name, client)
			}
		}
	}
}

// maxLinked is how many packages more than an empty function each one links, at
// most, with the settings of the tests. One that creeps in is looked at before
// everybody waits for it.
var maxLinked = map[string]int{
	"custom-email-sender": 75, // the SDK's client of SQS
	"custom-message":      8,
	"forget-unconfirmed":  72, // the SDK's client of Cognito; nobody waits for it
	"mail-feedback":       7,
	"post-confirmation":   81, // the SDK's clients of SQS and Cognito
	"pre-sign-up":         17,
	"send-mail":           98, // the SDK's clients of Cognito, SES and SQS
	"verify-link":         7,  // four unsigned operations need no client
}

func TestFunctionsLinkFewPackages(t *testing.T) {
	s := settingstest.Sample(t)
	empty := links(t, noRPC, "./bench/empty")
	for _, f := range Functions {
		name := f.Name
		more := slices.DeleteFunc(links(t, tags(s), "./functions/"+name), func(p string) bool { return slices.Contains(empty, p) })
		t.Logf("%s links %d packages more than an empty function", name, len(more))
		if len(more) > maxLinked[name] {
			t.Errorf("%s links %d packages more than an empty function, and may link %d: %s", name, len(more), maxLinked[name], strings.Join(more, " "))
		}
		for _, p := range more {
			if name == "custom-message" || name == "pre-sign-up" {
				if strings.HasPrefix(p, "github.com/aws/") {
					t.Errorf("%s links %s, and asks AWS nothing", name, p)
				}
			}
		}
	}
}

// What the settings have no use for is not built in, and all else is.
func TestOptionalPartsFollowTheSettings(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*settings.Settings)
		want   string // the tags of what is left out
	}{
		"the shipped settings":    {func(*settings.Settings) {}, "noclients,noevents,noinvitations,noaws,nocaptcha,nopasswords,nocodes,noaltcha,nosecrets"},
		"mails sent by send-mail": {func(s *settings.Settings) { s.Mail.Delivery = settings.DeliverySES }, "noclients,noevents,noinvitations,noaws,nocaptcha,nopasswords,noaltcha,nosecrets"},
		"a second client":         {func(s *settings.Settings) { s.Clients = append(s.Clients, s.Clients[0]) }, "noevents,noinvitations,noaws,nocaptcha,nopasswords,nocodes,noaltcha,nosecrets"},
		"no groups":               {func(s *settings.Settings) { s.Groups = nil }, "noclients,noevents,noinvitations,noaws,nocaptcha,nopasswords,nocodes,noaltcha,nosecrets"},
		"sessions that stay":      {func(s *settings.Settings) { s.SignIn.EndSessionsAfterReset = false }, "noclients,noevents,noinvitations,noaws,nocaptcha,nopasswords,nocodes,noaltcha,nosecrets"},
		"neither":                 {func(s *settings.Settings) { s.Groups, s.SignIn.EndSessionsAfterReset = nil, false }, "noclients,noevents,nousers,noinvitations,noaws,nocaptcha,nopasswords,nocodes,noaltcha,nosecrets"},
		"the suppression list":    {func(s *settings.Settings) { s.SignUp.Email.RefuseSuppressed = true }, "noclients,noevents,noinvitations,nocaptcha,nopasswords,nocodes,noaltcha,nosecrets"},
		"a hook":                  {func(s *settings.Settings) { s.SignUp.Hook.Function = "sign-up-hook" }, "noclients,noevents,noinvitations,nocaptcha,nopasswords,nocodes,noaltcha,nosecrets"},
		"linking":                 {func(s *settings.Settings) { s.SignUp.ExternalProviders.Policy = "link" }, "noclients,noevents,noinvitations,nocaptcha,nopasswords,nocodes,noaltcha,nosecrets"},
		"linking that replaces passwords": {func(s *settings.Settings) {
			s.SignUp.ExternalProviders.Policy, s.SignUp.ExternalProviders.LinkReplacesPassword = "link", true
		}, "noclients,noevents,noinvitations,nocaptcha,nocodes,noaltcha,nosecrets"},
		"events":               {func(s *settings.Settings) { s.Hooks.Bus = settings.DefaultBus }, "noclients,noinvitations,noaws,nocaptcha,nopasswords,nocodes,noaltcha,nosecrets"},
		"a captcha":            {func(s *settings.Settings) { s.SignUp.Captcha.Provider = "turnstile" }, "noclients,noevents,noinvitations,noaws,nopasswords,nocodes,noaltcha,nosecrets"},
		"a captcha of our own": {func(s *settings.Settings) { s.SignUp.Captcha.Provider = "altcha" }, "noclients,noevents,noinvitations,noaws,nopasswords,nocodes,nosecrets"},
		"invitations":          {func(s *settings.Settings) { s.Invitations.FollowUp = true }, "noclients,noevents,noaws,nocaptcha,nopasswords,nocodes,noaltcha,nosecrets"},
		"only the language": {func(s *settings.Settings) {
			s.Groups, s.SignIn.EndSessionsAfterReset, s.SignUp.RememberLocale = nil, false, true
		}, "noclients,noevents,noinvitations,noaws,nocaptcha,nopasswords,nocodes,noaltcha,nosecrets"},
		"a client with a secret": {func(s *settings.Settings) { s.Clients[0].Existing.Secret = "myapp/web" }, "noclients,noevents,noinvitations,noaws,nocaptcha,nopasswords,nocodes,noaltcha"},
		"a pool with two clients": {func(s *settings.Settings) {
			s.Pool.Existing.ID, s.Clients = "eu-central-1_Sample001", append(s.Clients, s.Clients[0])
		}, "noclients,noevents,noinvitations,noaws,nocaptcha,nopasswords,nocodes,noaltcha,nosecrets"},
	} {
		s := settingstest.Sample(t)
		test.change(s)
		if got := tags(s); got != noRPC+","+test.want {
			t.Errorf("%s: the tags are %s", name, got)
		}
	}
}

// Without hooks, no package of events is linked, not even in part.
func TestEventsAreLinkedWithHooksOnly(t *testing.T) {
	s := settingstest.Sample(t)
	for _, bus := range []string{"", settings.DefaultBus} {
		s.Hooks.Bus = bus
		for _, f := range Functions {
			publishes := f.Name == "post-confirmation" || f.Name == "mail-feedback"
			if linked := slices.Contains(links(t, tags(s), "./functions/"+f.Name), "poolpost/events"); linked != (publishes && bus != "") {
				t.Errorf("with the bus %q, %s links events: %t", bus, f.Name, linked)
			}
		}
	}
}

// The mail queue is for a pre-sign-up that replaces passwords only.
func TestPasswordsAreReplacedWithTheSettingOnly(t *testing.T) {
	s := settingstest.Sample(t)
	s.SignUp.ExternalProviders = config.ExternalProviders{Policy: config.LinkProviders, Trusted: []string{"Google"}}
	for _, replaces := range []bool{false, true} {
		s.SignUp.ExternalProviders.LinkReplacesPassword = replaces
		if linked := slices.Contains(links(t, tags(s), "./functions/pre-sign-up"), "poolpost/internal/mail"); linked != replaces {
			t.Errorf("with linkReplacesPassword %t, pre-sign-up links the mail queue: %t", replaces, linked)
		}
	}
}

// Without a captcha, nothing of one is linked; verify-link has only challenges of our own.
func TestCaptchasAreLinkedWhenTheSettingsHaveThem(t *testing.T) {
	s := settingstest.Sample(t)
	for _, provider := range []string{"", config.Turnstile, config.Altcha} {
		s.SignUp.Captcha.Provider = provider
		for _, f := range Functions {
			want := f.Name == "pre-sign-up" && provider != "" || f.Name == "verify-link" && provider == config.Altcha
			linked := links(t, tags(s), "./functions/"+f.Name)
			for _, p := range []string{"poolpost/internal/altcha", "poolpost/internal/secret"} {
				if slices.Contains(linked, p) != want {
					t.Errorf("with the provider %q, %s links %s: %t", provider, f.Name, p, !want)
				}
			}
		}
	}
}

// links are the packages that a program links, built with some tags.
func links(t *testing.T, tags, path string) []string {
	t.Helper()
	command := exec.Command("go", "list", "-deps", "-tags", tags, path)
	command.Dir = root
	out, err := command.Output()
	if err != nil {
		t.Fatalf("list what %s links: %v", path, err)
	}
	return strings.Fields(string(out))
}

// The Encryption SDK is for send-mail alone, and only where it opens codes.
func TestOnlySendMailLinksTheEncryptionSDK(t *testing.T) {
	for _, delivery := range []string{settings.DeliveryCognito, settings.DeliverySES} {
		s := &settings.Settings{Mail: settings.Mail{Delivery: delivery}}
		for _, f := range Functions {
			name := f.Name
			want := name == "send-mail" && delivery == settings.DeliverySES
			found := slices.ContainsFunc(links(t, tags(s), "./functions/"+name), func(p string) bool { return strings.Contains(p, "/encryption-sdk/") })
			if found != want {
				t.Errorf("%s: %s links the Encryption SDK: %t", delivery, name, found)
			}
		}
	}
}

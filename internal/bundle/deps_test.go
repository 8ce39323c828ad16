package bundle

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
)

// clients are the SDK's clients that each function may link. A client takes up to a
// millisecond of a start. verify-link has none: a person waits for its page.
var clients = map[string][]string{
	"custom-email-sender": {"sqs"},
	"custom-message":      {"cognitoidentityprovider"}, // in a pool with several app clients
	"post-confirmation":   {"cognitoidentityprovider", "sqs"},
	"pre-sign-up":         {"cognitoidentityprovider", "lambda", "sesv2"}, // when its settings ask AWS
	"send-mail":           {"sesv2", "sqs"},                               // and those of the Encryption SDK
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
		for _, p := range links(t, tags(name == "send-mail"), "./functions/"+name) {
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
	"custom-email-sender": 74, // the SDK's client of SQS
	"custom-message":      8,
	"mail-feedback":       6,
	"post-confirmation":   80, // the SDK's clients of SQS and Cognito
	"pre-sign-up":         17,
	"send-mail":           91, // the SDK's clients of SES and SQS
	"verify-link":         7,  // four unsigned operations need no client
}

func TestFunctionsLinkFewPackages(t *testing.T) {
	s := settingstest.Sample(t)
	empty := links(t, tags(false), "./bench/empty")
	for _, f := range Functions {
		name := f.Name
		more := slices.DeleteFunc(links(t, tags(f.Minimal(s)), "./functions/"+name), func(p string) bool { return slices.Contains(empty, p) })
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
		want   []string // what has an optional part and is built without it
	}{
		"the shipped settings":    {func(*settings.Settings) {}, []string{"custom-message", "pre-sign-up", "send-mail"}},
		"mails sent by send-mail": {func(s *settings.Settings) { s.Mail.Delivery = settings.DeliverySES }, []string{"custom-message", "pre-sign-up"}},
		"a second client":         {func(s *settings.Settings) { s.Clients = append(s.Clients, s.Clients[0]) }, []string{"pre-sign-up", "send-mail"}},
		"no groups":               {func(s *settings.Settings) { s.Groups = nil }, []string{"custom-message", "post-confirmation", "pre-sign-up", "send-mail"}},
		"the suppression list":    {func(s *settings.Settings) { s.SignUp.Email.RefuseSuppressed = true }, []string{"custom-message", "send-mail"}},
		"a hook":                  {func(s *settings.Settings) { s.SignUp.Hook.Function = "sign-up-hook" }, []string{"custom-message", "send-mail"}},
		"linking":                 {func(s *settings.Settings) { s.SignUp.ExternalProviders.Policy = "link" }, []string{"custom-message", "send-mail"}},
	} {
		s := settingstest.Sample(t)
		test.change(s)
		minimal := Names(slices.DeleteFunc(slices.Clone(Functions), func(f Function) bool { return !f.Minimal(s) }))
		if !slices.Equal(minimal, test.want) {
			t.Errorf("%s: minimal are %q, want %q", name, minimal, test.want)
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
			found := slices.ContainsFunc(links(t, tags(f.Minimal(s)), "./functions/"+name), func(p string) bool { return strings.Contains(p, "/encryption-sdk/") })
			if found != want {
				t.Errorf("%s: %s links the Encryption SDK: %t", delivery, name, found)
			}
		}
	}
}

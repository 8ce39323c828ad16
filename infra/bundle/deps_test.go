package bundle

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"poolpost/internal/settings"
)

// What belongs to build time, or to another function, costs a cold start when a
// function links it.
func TestFunctionsLinkNothingHeavy(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	// Never in a function: what compiles messages and reads poolpost.yaml.
	buildTime := []string{"poolpost/infra", "poolpost/internal/settings", "poolpost/internal/message/compile", "html/template", "text/template", "go.yaml.in/yaml", "golang.org/x/"}
	const services = "github.com/aws/aws-sdk-go-v2/service/"
	allowed := map[string][]string{ // the AWS services of each function
		"custom-email-sender": {"sqs"},
		"custom-message":      nil,
		"mail-feedback":       nil,
		"pre-sign-up":         nil,
		"post-confirmation":   {"cognitoidentityprovider", "sqs"},
		"send-mail":           {"sesv2", "sqs"},
		"verify-link":         {"cognitoidentityprovider"},
	}
	for _, name := range Functions {
		packages := links(t, root, "lambda.norpc,nocodes", name)
		t.Logf("%s links %d packages", name, len(packages))
		for _, p := range packages {
			for _, heavy := range buildTime {
				// Unicode domains become Punycode where mails are sent.
				if strings.HasPrefix(p, heavy) && (name != "send-mail" || p != "golang.org/x/net/idna" && !strings.HasPrefix(p, "golang.org/x/text/")) {
					t.Errorf("%s links %s, which belongs to build time", name, p)
				}
			}
			if service, ok := strings.CutPrefix(p, services); ok {
				service, _, _ = strings.Cut(service, "/")
				found := service == "internal" // shared by the service clients
				for _, a := range allowed[name] {
					found = found || a == service
				}
				if !found {
					t.Errorf("%s links the AWS service %s", name, service)
				}
			}
		}
	}
}

// links are the packages that a function links, built with some tags.
func links(t *testing.T, root, tags, name string) []string {
	t.Helper()
	command := exec.Command("go", "list", "-deps", "-tags", tags, "./functions/"+name)
	command.Dir = root
	out, err := command.Output()
	if err != nil {
		t.Fatalf("list what %s links: %v", name, err)
	}
	return strings.Fields(string(out))
}

// The Encryption SDK is for send-mail alone, and only where it opens codes.
func TestOnlySendMailLinksTheEncryptionSDK(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, delivery := range []string{settings.DeliveryCognito, settings.DeliverySES} {
		s := &settings.Settings{Mail: settings.Mail{Delivery: delivery}}
		for _, name := range Functions {
			want := name == "send-mail" && delivery == settings.DeliverySES
			found := slices.ContainsFunc(links(t, root, Tags(s), name), func(p string) bool { return strings.Contains(p, "/encryption-sdk/") })
			if found != want {
				t.Errorf("%s: %s links the Encryption SDK: %t", delivery, name, found)
			}
		}
	}
}

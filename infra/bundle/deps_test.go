package bundle

import (
	"os/exec"
	"strings"
	"testing"
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
		command := exec.Command("go", "list", "-deps", "-tags", "lambda.norpc,nocodes", "./functions/"+name)
		command.Dir = root
		out, err := command.Output()
		if err != nil {
			t.Fatalf("list what %s links: %v", name, err)
		}
		packages := strings.Fields(string(out))
		t.Logf("%s links %d packages", name, len(packages))
		for _, p := range packages {
			for _, heavy := range buildTime {
				if strings.HasPrefix(p, heavy) {
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

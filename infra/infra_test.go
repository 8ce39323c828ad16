package infra

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/bundle"
	"poolpost/internal/settings"
)

func TestInvalidSettingsAreRefusedBeforeDeployment(t *testing.T) {
	const file = "poolpost.yaml"
	t.Chdir(t.TempDir())
	attributes := regexp.MustCompile(`attributes: \[.*\]`)
	if err := os.WriteFile(file, []byte(bare), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := settings.ReadForDeployment(file, "dev", ""); err != nil {
		t.Errorf("good settings are refused: %v", err)
	}
	for name, test := range map[string]struct{ text, want string }{
		"a sender outside the verified domain": {strings.Replace(bare, "identity: no-reply@example.com", "identity: example.org", 1),
			`poolpost.yaml:3: mail.identity: must be no-reply@example.com, the sender's address, or its domain, not "example.org": SES sends only for what it has verified`},
		"an attribute with a name of 21 characters": {attributes.ReplaceAllString(bare, "attributes: [{name: abcdefghijklmnopqrstu}]"),
			`poolpost.yaml:2: pool.attributes[0].name: must be 1 to 20 characters without spaces, not "abcdefghijklmnopqrstu"`},
		"51 attributes": {attributes.ReplaceAllString(bare, "attributes: ["+manyAttributes(51)+"]"),
			`poolpost.yaml:2: pool.attributes: has 51 entries; Cognito takes 50 custom attributes at most`},
		"a client without an address": {strings.Replace(bare, "{name: web, url: https://app.example.com/}", "{name: web}", 1),
			`poolpost.yaml:5: clients[0].url: is missing; write the app's address, such as https://app.example.com/`},
		"an app on this machine": {strings.Replace(bare, "https://app.example.com/", "http://localhost:3000/", 1),
			`poolpost.yaml:5: clients[0].url: must begin with https://: an app on this machine is for the local run only`},
		"an unknown region": {strings.Replace(bare, "eu-west-1", "eu-nowhere-9", 1),
			`poolpost.yaml:2: pool.region: CloudFormation cannot create user pools and SES identities in eu-nowhere-9; take one of `},
		"an unknown way of delivery": {strings.Replace(bare, "mail: {", "mail: {delivery: post, ", 1),
			`poolpost.yaml:3: mail.delivery: must be one of cognito, ses, not "post"`},
	} {
		if err := os.WriteFile(file, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := settings.ReadForDeployment(file, "dev", ""); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: got\n%v\nwant\n%s", name, err, test.want)
		}
	}
}

func manyAttributes(n int) string {
	var list []string
	for i := range n {
		list = append(list, "{name: a"+strings.Repeat("b", i%17)+string(rune('a'+i/17))+"}")
	}
	return strings.Join(list, ", ")
}

// stackIn is an empty stack, in a region or, without one, in that of whoever deploys it.
func stackIn(region string) awscdk.Stack {
	props := &awscdk.StackProps{}
	if region != "" {
		props.Env = &awscdk.Environment{Region: jsii.String(region)}
	}
	return awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Test"), props)
}

func TestNewReportsErrorsAndCreatesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(file, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("poolpost.yaml", bare)
	write("long.yaml", strings.Replace(bare, "pool: {", "pool: {name: "+strings.Repeat("a", 126)+", ", 1))
	write("broken.yaml", "pools: {}\n")
	write("wordless/locales/en.yaml", "nonsense: true\n")
	if err := os.MkdirAll("broken/layout.txt", 0o755); err != nil {
		t.Fatal(err)
	}
	const stage = "stage: must be 1 to 63 lower-case letters, digits and hyphens, such as dev or prod, not "
	for _, test := range []struct {
		name, region string
		props        Props
		want         string // how the error begins
	}{
		{"no stage", "", Props{}, stage + `""`},
		{"a stage with a blank", "", Props{Stage: "my stage"}, stage + `"my stage"`},
		{"a stage of 64 letters", "", Props{Stage: strings.Repeat("a", 64)}, stage + `"` + strings.Repeat("a", 64)},
		{"a stage that makes the pool's name too long", "", Props{SettingsFile: "long.yaml", Stage: "dev"},
			"long.yaml:2: pool.name: is too long for stage dev: the user pool's name " + strings.Repeat("a", 126) + "-dev would have 130 characters, and Cognito takes 128;"},
		{"another region", "eu-central-1", Props{Stage: "dev"},
			"poolpost.yaml:2: pool.region: is eu-west-1, and the stack is in eu-central-1; write the same region in both"},
		{"another region and no stage", "eu-central-1", Props{}, stage + "\"\"\npoolpost.yaml:2: pool.region: is eu-west-1"},
		{"no settings", "", Props{SettingsFile: "nowhere.yaml", Stage: "dev"}, "read settings: open nowhere.yaml: "},
		{"a mistake in the settings", "", Props{SettingsFile: "broken.yaml", Stage: "dev"}, "broken.yaml: mail.from.address: is missing;"},
		{"no folder of templates", "eu-west-1", Props{Stage: "dev", TemplatesDir: "nowhere"}, "read templates: there is no folder nowhere"},
		{"a file for a folder of templates", "eu-west-1", Props{Stage: "dev", TemplatesDir: "poolpost.yaml"}, "read templates: there is no folder poolpost.yaml"},
		{"a mistake in the words", "", Props{Stage: "dev", TemplatesDir: "wordless"}, "templates/locales/en.yaml:"},
		{"a template that cannot be read", "", Props{Stage: "dev", TemplatesDir: "broken"}, "read template: read broken/layout.txt: is a directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := stackIn(test.region)
			pool, err := New(stack, "Pool", test.props)
			if pool != nil || err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, %v\nwant %s", pool, err, test.want)
			}
			if n := len(*stack.Node().Children()); n != 0 {
				t.Errorf("the stack has %d constructs", n)
			}
			if _, err := os.Stat(".build"); !os.IsNotExist(err) {
				t.Errorf("something was built: %v", err)
			}
		})
	}
	if _, err := NewIdentity(stackIn("eu-central-1"), "Identity", ""); err == nil || !strings.HasPrefix(err.Error(), "poolpost.yaml:2: pool.region: is eu-west-1") {
		t.Errorf("an identity in another region: %v", err)
	}
	if _, err := NewIdentity(stackIn(""), "Identity", ""); err != nil {
		t.Errorf("an identity in a stack without a region: %v", err)
	}
}

// A stack may have two pools, and its own things beside them.
func TestTwoPoolsInAStack(t *testing.T) {
	stack := stackIn("us-east-1")
	set, dir := parse(t, full), functionsFolder(t)
	one := newPool(stack, "One", set, "prod", dir)
	newPool(stack, "Other", parse(t, bare), "dev", dir)
	one.Outputs(stack)
	awssqs.NewQueue(one, jsii.String("Mine"), nil) // in the construct itself
	tp := templateOf(t, awscdk.NewApp(nil), stack)
	names := map[string]bool{}
	for _, dashboard := range tp.all("AWS::CloudWatch::Dashboard") {
		names[dashboard.get("DashboardName")] = true
	}
	if !names[`"Test-One-us-east-1"`] || !names[`"Test-Other-us-east-1"`] {
		t.Errorf("the dashboards are %v", names)
	}
	if got, want := slices.Sorted(maps.Keys(one.Functions)), bundle.Names(bundle.FunctionsOf(set)); !slices.Equal(got, want) {
		t.Errorf("the functions are %q, want %q", got, want)
	}
	if got := slices.Sorted(maps.Keys(one.Clients)); !slices.Equal(got, []string{"kiosk", "web"}) {
		t.Errorf("the clients are %q", got)
	}
	for name, missing := range map[string]bool{
		"UserPool": one.UserPool == nil, "IdentityPool": one.IdentityPool == nil, "ExampleBucket": one.ExampleBucket == nil,
		"MailQueue": one.MailQueue == nil, "DeadLetterQueue": one.DeadLetterQueue == nil, "OnFailureQueue": one.OnFailureQueue == nil,
		"AlarmTopic": one.AlarmTopic == nil, "Key": one.Key == nil, "ConfigurationSet": one.ConfigurationSet == nil,
		"LinkAPI": one.LinkAPI == nil, "LinksURL": one.LinksURL == nil,
	} {
		if missing {
			t.Errorf("there is no %s", name)
		}
	}
}

// The CDK needs Node.js. Without it, make prints one line.
func TestMissingNodeIsReported(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() // with Go, for the Makefile, and nothing else
	if err := os.Symlink(tool, filepath.Join(path, "go")); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"bootstrap", "synth", "diff", "deploy", "destroy"} {
		command := exec.Command("make", "--no-print-directory", target)
		command.Dir = ".."
		command.Env = append(os.Environ(), "PATH="+path, "MAKELEVEL=", "MAKEFLAGS=") // the last one wins; not as part of make test
		out, err := command.CombinedOutput()
		line, rest, _ := strings.Cut(string(out), "\n")
		if err == nil || line != "node is not installed: install Node.js 22 or newer from https://nodejs.org/" || !strings.HasPrefix(rest, "make: ***") {
			t.Errorf("make %s: %v\n%s", target, err, out)
		}
	}
}

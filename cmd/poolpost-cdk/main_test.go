package main

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"
	"go.yaml.in/yaml/v3"
)

const sample = "internal/settings/testdata/sample.yaml"

// The stacks have the names and tags that they are deployed with, and the resources that
// the tests of package infra expect.
func TestTheStacksOfTheShippedSettings(t *testing.T) {
	t.Chdir("../..") // the functions are built in .build, as by make synth
	app := awscdk.NewApp(nil)
	if err := run(app, sample, "dev"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		id, name  string
		protected bool
		tags      map[string]string
		golden    string
	}{
		// All stages fall silent when the identity is deleted.
		{"Identity", "Poolpost-Identity-example-com", true, map[string]string{}, "infra/testdata/identity.yaml"},
		{"Pool", "Poolpost-App-Users-dev", false, map[string]string{"AppName": "MyApp", "Stage": "dev"}, "infra/testdata/template.yaml"},
	} {
		stack := app.Node().FindChild(jsii.String(test.id)).(awscdk.Stack)
		if *stack.StackName() != test.name || *stack.TerminationProtection() != test.protected || *stack.Region() != "eu-central-1" {
			t.Errorf("%s is %s in %s, protected: %t", test.id, *stack.StackName(), *stack.Region(), *stack.TerminationProtection())
		}
		tags := map[string]string{}
		for key, value := range *stack.Tags().TagValues() {
			tags[key] = *value
		}
		if !maps.Equal(tags, test.tags) {
			t.Errorf("%s has the tags %v, want %v", test.id, tags, test.tags)
		}
		text, err := os.ReadFile(test.golden)
		if err != nil {
			t.Fatal(err)
		}
		var golden map[string]map[string]any
		if err := yaml.Unmarshal(text, &golden); err != nil {
			t.Fatal(err)
		}
		made := *assertions.Template_FromStack(stack, nil).ToJSON()
		for _, section := range []string{"Resources", "Outputs"} {
			got, want := keys(made[section]), keys(golden[section])
			if !slices.Equal(got, want) {
				t.Errorf("%s has the %s\n%q\nwant\n%q", test.id, section, got, want)
			}
		}
		annotations, everything := assertions.Annotations_FromStack(stack), jsii.String("*")
		if found := *annotations.FindError(everything, assertions.Match_AnyValue()); len(found) > 0 {
			t.Errorf("%s: cdk-nag finds %d faults", test.id, len(found))
		}
	}
}

// In every stage but dev, the stack is protected.
func TestProdStackIsProtected(t *testing.T) {
	t.Chdir("../..")
	app := awscdk.NewApp(nil)
	if err := run(app, sample, "prod"); err != nil {
		t.Fatal(err)
	}
	stack := app.Node().FindChild(jsii.String("Pool")).(awscdk.Stack)
	if *stack.StackName() != "Poolpost-App-Users-prod" || !*stack.TerminationProtection() {
		t.Errorf("%s can be deleted by mistake", *stack.StackName())
	}
}

func keys(section any) []string {
	m, _ := section.(map[string]any)
	return slices.Sorted(maps.Keys(m))
}

func TestInvalidStageIsAnError(t *testing.T) {
	t.Chdir("../..")
	for _, test := range []struct{ stage, want string }{
		{"my stage", `stage: must be 1 to 63 lower-case letters, digits and hyphens, such as dev or prod, not "my stage"`},
		{strings.Repeat("a", 120), "stage: must be 1 to 63 lower-case letters"},
	} {
		if err := run(awscdk.NewApp(nil), sample, test.stage); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: got %v", test.stage, err)
		}
	}
	if err := run(awscdk.NewApp(nil), "nowhere.yaml", "dev"); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("no settings: %v", err)
	}
}

// A feature flag that is set after the first deployment can change names and logical IDs, and so
// replace what people have deployed. Without any, they are those of the tests of package infra.
func TestTheAppHasNoFeatureFlags(t *testing.T) {
	text, err := os.ReadFile("../../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var app struct {
		App     string
		Context map[string]any
	}
	if err := json.Unmarshal(text, &app); err != nil {
		t.Fatal(err)
	}
	if app.App == "" || len(app.Context) > 0 {
		t.Errorf("cdk.json has the app %q and the context %v", app.App, app.Context)
	}
}

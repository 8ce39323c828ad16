// Command poolpost-cdk is Poolpost's own CDK app: a stack Pool with the user pool of
// poolpost.yaml and everything around it, and a stack Identity with its SES identity. An app of
// your own imports package infra instead.
//
// The CDK CLI runs it (cdk.json). Context: settings, the settings file; stage, such as
// dev or prod.
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"poolpost/infra"
	"poolpost/internal/settings"
)

func main() {
	// Without jsii.Close: the CDK's process ends with this one, and Close complains
	// that it has.
	app := awscdk.NewApp(nil)
	if err := run(app, contextValue(app, "settings", "poolpost.yaml"), contextValue(app, "stage", "dev")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	app.Synth(nil)
}

// run declares both stacks. The ids Default keep the names of the constructs out of the
// logical ids.
func run(app awscdk.App, file, stage string) error {
	set, err := settings.ReadForDeployment(file, stage, "")
	if err != nil {
		return err
	}
	newStack := func(id, name, description string, protected bool) awscdk.Stack {
		return awscdk.NewStack(app, jsii.String(id), &awscdk.StackProps{
			StackName:             jsii.String(name),
			Description:           jsii.String("Poolpost: " + description),
			Env:                   &awscdk.Environment{Region: jsii.String(set.Pool.Region)},
			TerminationProtection: jsii.Bool(protected),
		})
	}
	identityStack := newStack("Identity", set.IdentityStackName(), "the SES identity "+set.Mail.Identity, true)
	identity, err := infra.NewIdentity(identityStack, "Default", file)
	if err != nil {
		return err
	}
	identity.Outputs(identityStack)

	poolStack := newStack("Pool", set.StackName(stage), "the user pool "+set.Pool.Name+" and its sign-up", stage != "dev")
	for _, key := range slices.Sorted(maps.Keys(set.Pool.Tags)) {
		awscdk.Tags_Of(poolStack).Add(jsii.String(key), jsii.String(set.Pool.Tags[key]), nil)
	}
	awscdk.Tags_Of(poolStack).Add(jsii.String("Stage"), jsii.String(stage), nil)
	pool, err := infra.New(poolStack, "Default", infra.Props{SettingsFile: file, Stage: stage})
	if err != nil {
		return err
	}
	pool.Outputs(poolStack)

	// Exceptions are suppressed at their resources, with reasons.
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: jsii.Bool(true)}), nil)
	return nil
}

// contextValue is a value given to the CLI with -c, or its default.
func contextValue(app awscdk.App, key, otherwise string) string {
	if value, ok := app.Node().TryGetContext(jsii.String(key)).(string); ok && value != "" {
		return value
	}
	return otherwise
}

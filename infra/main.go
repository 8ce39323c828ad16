// Command infra is the CDK app: it builds the functions and describes two
// stacks, Pool with the user pool of poolpost.yaml and everything around it, and
// Identity with what SES sends as.
//
// The CDK CLI runs it (cdk.json). Context: settings, the settings file; stage,
// such as dev or prod.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/regioninfo"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/bundle"
	"poolpost/internal/compile"
	"poolpost/internal/settings"
	"poolpost/templates"
)

func main() {
	// Without jsii.Close: the CDK's process ends with this one, and Close complains
	// that it has.
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	app := awscdk.NewApp(nil)
	file := contextValue(app, "settings", "poolpost.yaml")
	stage := contextValue(app, "stage", "dev")
	set, err := readSettings(file)
	if err != nil {
		return err
	}
	// Built before every synthesis, so the assets are never older than the code.
	dir := filepath.Join(".build", "arm64", settings.Name(file))
	out, err := compile.All(templates.Beside(file), set)
	if err != nil {
		return err
	}
	functions := bundle.FunctionsOf(set)
	if err := bundle.Write(dir, set, out, functions); err != nil {
		return err
	}
	if err := bundle.BuildBinaries(context.Background(), dir, set, bundle.Lambda, functions); err != nil {
		return err
	}
	newIdentityStack(app, set)
	newStack(app, props{Settings: set, Stage: stage, Functions: dir})
	addChecks(app)
	app.Synth(nil)
	return nil
}

// readSettings refuses what AWS would refuse, before anything is built or
// deployed. That a region exists is not for the settings themselves to know.
func readSettings(file string) (*settings.Settings, error) {
	set, err := settings.ReadForDeployment(file)
	if err != nil {
		return nil, err
	}
	for _, region := range *regioninfo.RegionInfo_Regions() {
		if *region.Name() == set.Pool.Region {
			return set, nil
		}
	}
	return nil, fmt.Errorf("%s: pool.region: AWS has no region %q that the CDK knows; write another one, such as eu-central-1", file, set.Pool.Region)
}

// contextValue is a value given to the CLI with -c, or its default.
func contextValue(app awscdk.App, key, otherwise string) string {
	if value, ok := app.Node().TryGetContext(jsii.String(key)).(string); ok && value != "" {
		return value
	}
	return otherwise
}

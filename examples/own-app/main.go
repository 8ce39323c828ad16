// Command own-app is a CDK app with Poolpost and a bucket of the app in one stack. It uses only
// the public API.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"poolpost/infra"
)

func main() {
	app := awscdk.NewApp(nil)
	if _, err := newStack(app); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	app.Synth(nil)
}

func newStack(app awscdk.App) (awscdk.Stack, error) {
	stack := awscdk.NewStack(app, jsii.String("Readers"), &awscdk.StackProps{
		Env: &awscdk.Environment{Region: jsii.String("eu-central-1")},
	})
	pool, err := infra.New(stack, "Poolpost", infra.Props{SettingsFile: "poolpost.yaml", Stage: "prod"})
	if err != nil {
		return nil, err
	}
	pool.Outputs(stack)

	// Users who have signed in may read this bucket.
	books := awss3.NewBucket(stack, jsii.String("Books"), nil)
	books.GrantRead(pool.IdentityPool.AuthenticatedRole(), nil)
	return stack, nil
}

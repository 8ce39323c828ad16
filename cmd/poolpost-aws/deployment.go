package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// A deployment is the stack of a pool as CloudFormation knows it.
type deployment struct {
	*account
	Stack   types.Stack
	Outputs map[string]string // by the names that package infra gives them

	// Filled by inspect.
	resources []types.StackResourceSummary
	functions map[string]*lambda.GetFunctionOutput // by the names of their folders
}

func newDeployment(a *account, stack types.Stack) *deployment {
	d := &deployment{account: a, Stack: stack, Outputs: map[string]string{}}
	for _, o := range stack.Outputs {
		d.Outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return d
}

// output is an output that a command cannot do without.
func (d *deployment) output(name string) (string, error) {
	if value := d.Outputs[name]; value != "" {
		return value, nil
	}
	return "", fmt.Errorf("the stack %s has no output %s: %s, or, in an app of your own, call Outputs of infra.Pool",
		d.StackName, name, d.deploy())
}

// findResources asks for the resources that exist.
func (d *deployment) findResources(ctx context.Context) error {
	pages := cloudformation.NewListStackResourcesPaginator(
		cloudformation.NewFromConfig(d.Config), &cloudformation.ListStackResourcesInput{StackName: &d.StackName})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, r := range page.StackResourceSummaries {
			if r.PhysicalResourceId != nil && r.ResourceStatus != types.ResourceStatusDeleteComplete {
				d.resources = append(d.resources, r)
			}
		}
	}
	return nil
}

// inspect asks for the resources that exist, and for Poolpost's functions, which package infra
// describes by their names.
func (d *deployment) inspect(ctx context.Context) error {
	if err := d.findResources(ctx); err != nil {
		return err
	}
	d.functions = map[string]*lambda.GetFunctionOutput{}
	client := lambda.NewFromConfig(d.Config)
	for _, id := range d.ids("AWS::Lambda::Function") {
		f, err := client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &id})
		if hasCode(err, "ResourceNotFoundException") {
			continue // somebody has deleted it
		}
		if err != nil {
			return err
		}
		if name, ok := strings.CutPrefix(aws.ToString(f.Configuration.Description), "Poolpost: "); ok {
			d.functions[name] = f
		}
	}
	return nil
}

// ids are the physical IDs of the resources of a type, or of all. A stack that is not deployed has
// none.
func (d *deployment) ids(kind string) []string {
	if d == nil {
		return nil
	}
	var ids []string
	for _, r := range d.resources {
		if kind == "" || aws.ToString(r.ResourceType) == kind {
			ids = append(ids, aws.ToString(r.PhysicalResourceId))
		}
	}
	return ids
}

// functionARN is empty for a function that is not deployed.
func (d *deployment) functionARN(name string) string {
	if f, ok := d.functions[name]; ok {
		return aws.ToString(f.Configuration.FunctionArn)
	}
	return ""
}

// logGroup is where a function logs to.
func logGroup(c *lambdatypes.FunctionConfiguration) string {
	if c.LoggingConfig != nil && c.LoggingConfig.LogGroup != nil {
		return *c.LoggingConfig.LogGroup
	}
	return "/aws/lambda/" + aws.ToString(c.FunctionName)
}

// usable refuses stacks whose outputs and resources are not to be relied on.
func (d *deployment) usable() error {
	status, name := string(d.Stack.StackStatus), aws.ToString(d.Stack.StackName)
	say := func(remedy string) error { return fmt.Errorf("the stack %s is in %s: %s", name, status, remedy) }
	switch {
	case status == "UPDATE_ROLLBACK_FAILED":
		return say("fix what its events in the CloudFormation console name, then run " +
			"aws cloudformation continue-update-rollback --stack-name " + name + " --region " + d.Region)
	case status == "ROLLBACK_COMPLETE", status == "ROLLBACK_FAILED", status == "CREATE_FAILED":
		return say("its creation failed; read its events in the CloudFormation console, delete it, and deploy again")
	case status == "DELETE_FAILED":
		return say("delete it again in the CloudFormation console, which names what it could not delete")
	case strings.HasPrefix(status, "DELETE_"):
		return say("it is being deleted")
	case status == "CREATE_IN_PROGRESS", status == "ROLLBACK_IN_PROGRESS", status == "REVIEW_IN_PROGRESS", strings.HasPrefix(status, "IMPORT_"):
		return say("wait until it is complete")
	}
	return nil
}

// deploy is the remedy for what a deployment would create.
func (a *account) deploy() string {
	command := "run make deploy"
	if a.Flags.Settings != "poolpost.yaml" {
		command += " SETTINGS=" + a.Flags.Settings
	}
	if a.Flags.Stage != "dev" {
		command += " STAGE=" + a.Flags.Stage
	}
	return command
}

func (a *account) missing() error {
	return fmt.Errorf("there is no stack %s in region %s of account %s: check --settings, --stage and AWS_PROFILE, or %s",
		a.StackName, a.Region, a.ID, a.deploy())
}

package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// A deployment is the stack of a pool as CloudFormation knows it.
type deployment struct {
	*account
	Stack   types.Stack
	Outputs map[string]string // by the names that package infra gives them
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

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/settings"
)

// An account is the AWS account of the caller's credentials, in the region of the settings. Every
// command begins with connect. Commands that act on what is deployed go on with stack.
type account struct {
	aws.Config // for the SDK's clients
	ID         string
	Partition  string // aws, or that of another partition, such as aws-us-gov
	Settings   *settings.Settings
	Flags      *cli.Flags
	StackName  string // of the flags; whether there is such a stack, stack says
}

// connect reads the settings as a deployment to the stage does, finds credentials as the AWS CLI
// does, and asks STS whose they are. It writes nothing and changes nothing. Its errors, like those
// of every call with its Config, are for explain.
func connect(ctx context.Context, f *cli.Flags) (*account, error) {
	set, err := settings.ReadForDeployment(f.Settings, f.Stage, "")
	if err != nil {
		return nil, err
	}
	return connectIn(ctx, set.Pool.Region, f, set)
}

// connectIn is connect to a region, or to that of the environment if it is empty. The settings are
// nil for an app that has none.
func connectIn(ctx context.Context, region string, f *cli.Flags, set *settings.Settings) (*account, error) {
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(region),
		config.WithLogger(logging.Nop{}), // errors are returned; the SDK's warnings only repeat them
		config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) { o.Client = impatient() }),
	)
	if err != nil {
		return nil, &credentialsError{err}
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, &credentialsError{err}
	}
	if cfg.Region == "" {
		return nil, errors.New("there is no region: set AWS_REGION")
	}
	a := &account{Config: cfg, Settings: set, Flags: f, StackName: f.Stack}
	if f.Stack == "" {
		a.StackName = set.StackName(f.Stage)
	}
	caller, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		if hasCode(err, unknownKey...) && a.worksElsewhere(ctx) {
			return nil, &regionError{cfg.Region}
		}
		return nil, err
	}
	who, err := arn.Parse(aws.ToString(caller.Arn))
	if err != nil {
		return nil, fmt.Errorf("STS GetCallerIdentity: %w", err)
	}
	a.ID, a.Partition = aws.ToString(caller.Account), who.Partition
	return a, nil
}

// impatient asks the metadata service of EC2 for credentials. On a machine outside EC2 nothing
// answers at its address, and the SDK's own client would wait for several seconds.
func impatient() *imds.Client {
	return imds.New(imds.Options{
		HTTPClient: &http.Client{Timeout: 400 * time.Millisecond}, Retryer: aws.NopRetryer{}, EnableFallback: aws.FalseTernary,
	})
}

// worksElsewhere reports whether the credentials are good in the first region of the partition,
// which is always enabled. AWS answers the same to unknown credentials and in a region that the
// account has not enabled.
func (a *account) worksElsewhere(ctx context.Context) bool {
	home := "us-east-1"
	if strings.HasPrefix(a.Region, "us-gov-") {
		home = "us-gov-west-1"
	}
	_, err := sts.NewFromConfig(a.Config, func(o *sts.Options) { o.Region = home }).
		GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	return err == nil
}

// String names what a command is about to act on.
func (a *account) String() string {
	return fmt.Sprintf("stack %s, region %s, account %s", a.StackName, a.Region, a.ID)
}

// stack finds the stack of the settings and the stage, and announces it on s.Err before the
// command acts. A stack that is missing, unfinished or broken is an error.
func (a *account) stack(ctx context.Context, s cli.Streams) (*deployment, error) {
	d, err := a.find(ctx, a.StackName)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, a.missing()
	}
	if err := d.usable(); err != nil {
		return nil, err
	}
	fmt.Fprintln(s.Err, a)
	return d, nil
}

// find returns a stack in whatever state it is, or nil if there is none.
func (a *account) find(ctx context.Context, name string) (*deployment, error) {
	reply, err := cloudformation.NewFromConfig(a.Config).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	// The only error of this operation for a stack that does not exist, and its text.
	if hasCode(err, "ValidationError") && strings.Contains(err.Error(), "does not exist") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(reply.Stacks) != 1 {
		return nil, fmt.Errorf("CloudFormation DescribeStacks: %d stacks are called %s", len(reply.Stacks), name)
	}
	return newDeployment(a, reply.Stacks[0]), nil
}

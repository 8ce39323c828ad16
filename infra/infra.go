// Package infra is the CDK construct of a user pool and everything around it: the functions, the
// pages behind links, the mail queue and its sender, alarms and a dashboard. A settings file says
// what is in it (docs/settings.md).
//
// An app of your own needs a stack in the region of the settings, and one call:
//
//	pool, err := infra.New(stack, "Poolpost", infra.Props{SettingsFile: "poolpost.yaml", Stage: "prod"})
//
// New builds the functions with the go command, from the sources of the poolpost module that your
// go.mod requires and with the versions of that module's own go.mod. The construct suppresses,
// with reasons, what cdk-nag finds in it; it does not run cdk-nag. The SES identity is a construct
// of its own, NewIdentity.
package infra

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognitoidentitypool"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsses"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"poolpost/internal/bundle"
	"poolpost/internal/compile"
	"poolpost/internal/settings"
	"poolpost/templates"
)

// Props say what to deploy. Paths are relative to the working directory, which the CDK CLI sets
// to the folder of cdk.json.
type Props struct {
	// SettingsFile is the settings file; empty: poolpost.yaml.
	SettingsFile string

	// Stage is dev, prod or another name of 1 to 63 lower-case letters, digits and hyphens. It is
	// part of the names of resources, unless it is prod. In every stage but dev, the resources that
	// hold users' data are retained and protected from deletion.
	Stage string

	// TemplatesDir has files that replace Poolpost's own messages, pages, layouts and locales of
	// the same name. Empty: the folder templates beside the settings file, if there is one.
	TemplatesDir string

	// BuildDir is where the functions are built, each in a folder of its name; empty:
	// .build/arm64 and settings.Name of the settings file.
	BuildDir string
}

// A Pool is a user pool and everything around it. Its fields are for what an app
// adds: a permission, another client, a metric.
type Pool struct {
	constructs.Construct

	// UserPool is an awscognito.UserPool, unless it is that of pool.existing.
	UserPool awscognito.IUserPool
	// Clients are the app clients, by their names in the settings.
	Clients map[string]awscognito.IUserPoolClient
	// Domain has the hosted sign-in page; nil unless signIn.facebookAppId.
	Domain awscognito.UserPoolDomain
	// IdentityPool is nil unless identityPool.enabled.
	IdentityPool awscognitoidentitypool.IdentityPool
	// ExampleBucket is nil unless identityPool.exampleBucket.
	ExampleBucket awss3.Bucket
	// Functions are the Lambda functions, by the names of their folders, such as
	// pre-sign-up.
	Functions map[string]awslambda.Function
	// MailQueue has the emails to be sent, DeadLetterQueue those that could not be sent.
	MailQueue, DeadLetterQueue awssqs.Queue
	// OnFailureQueue is the on-failure destination of custom-email-sender and mail-feedback.
	OnFailureQueue awssqs.Queue
	// EventQueue has the events that are not on the event bus yet; nil without hooks.
	EventQueue awssqs.Queue
	// AlarmTopic is notified by every alarm.
	AlarmTopic awssns.Topic
	// Key encrypts codes between Cognito and send-mail; nil unless mail.delivery is ses.
	Key awskms.Key
	// ConfigurationSet is the one that every email is sent with.
	ConfigurationSet awsses.ConfigurationSet
	// LinkAPI is the API in front of verify-link.
	LinkAPI awsapigatewayv2.HttpApi
	// LinksURL is what links begin with, without a final slash.
	LinksURL *string

	linksTarget   *string                  // what a host outside Route 53 is a CNAME of
	captchaSecret *string                  // the ARN, or a pattern of it; nil without signUp.captcha
	hookQueues    map[string]*string       // the dead-letter queues of hooks, by their ids
	linksServed   []constructs.IDependable // what serves LinksURL, unless that is API Gateway's own
	settings      *settings.Settings
	stage         string
	functionsDir  string // has a folder for each function
	stack         awscdk.Stack
	functionNames []string // in the order of the dashboard
	alarms        []interfacesawscloudwatch.IAlarmRef
	// asyncFunctions are the ARNs, by name, of the functions with the on-failure destination.
	asyncFunctions map[string]*string
	values         bundle.Values // for the environment of functions, filled as resources are made
}

// New reads the settings, compiles the messages, builds the functions and declares a user pool
// with everything around it in scope. The id, unless it is Default, is part of the logical id of
// each resource: if it changes, CloudFormation replaces the user pool, and its users are gone.
//
// The error lists every mistake in the settings, or in the messages, one a line. A bad stage, a
// stack in another region than the settings, and functions that do not compile are errors too. On
// an error, nothing is added to scope. Like every construct of the CDK, New panics if scope
// already has a child with this id.
func New(scope constructs.Construct, id string, props Props) (*Pool, error) {
	file := cmp.Or(props.SettingsFile, "poolpost.yaml")
	set, err := settings.ReadForDeployment(file, props.Stage, regionOf(scope))
	if err != nil {
		return nil, err
	}
	dir := cmp.Or(props.BuildDir, filepath.Join(".build", "arm64", settings.Name(file)))
	// Before every synthesis, so that the assets are never older than the code.
	if err := build(set, file, props.TemplatesDir, dir); err != nil {
		return nil, err
	}
	return newPool(scope, id, set, props.Stage, dir), nil
}

// regionOf is the region of a scope's stack; empty if the stack is environment-agnostic.
func regionOf(scope constructs.Construct) string {
	region := awscdk.Stack_Of(scope).Region()
	if *awscdk.Token_IsUnresolved(region) {
		return ""
	}
	return *region
}

// build compiles the messages and builds the functions.
func build(set *settings.Settings, file, templatesDir, dir string) error {
	sources := templates.Beside(file)
	if templatesDir != "" {
		if info, err := os.Stat(templatesDir); err != nil || !info.IsDir() {
			return fmt.Errorf("read templates: there is no folder %s", templatesDir)
		}
		sources = templates.Overlay(templatesDir)
	}
	out, err := compile.All(sources, set)
	if err != nil {
		return err
	}
	functions := bundle.FunctionsOf(set)
	if err := bundle.Write(dir, set, out, functions); err != nil {
		return err
	}
	return bundle.BuildBinaries(context.Background(), dir, set, bundle.Lambda, functions)
}

// newPool is the table of contents of the deployment.
func newPool(scope constructs.Construct, id string, set *settings.Settings, stage, functionsDir string) *Pool {
	p := &Pool{
		Clients:   map[string]awscognito.IUserPoolClient{},
		Functions: map[string]awslambda.Function{},

		asyncFunctions: map[string]*string{},
		hookQueues:     map[string]*string{},

		settings: set, stage: stage, functionsDir: functionsDir, stack: awscdk.Stack_Of(scope),
	}
	constructs.NewConstruct_Override(p, scope, jsii.String(id)) // p itself is the construct
	// A stack may have several pools.
	name := *p.stack.StackName()
	if id != "Default" {
		name += "-" + id
	}
	p.values = bundle.Values{Stack: name, Stage: stage, SendInterval: set.Mail.SendInterval()}
	for _, key := range slices.Sorted(maps.Keys(set.Pool.Tags)) {
		awscdk.Tags_Of(p).Add(jsii.String(key), jsii.String(set.Pool.Tags[key]), nil)
	}
	awscdk.Tags_Of(p).Add(jsii.String("Stage"), jsii.String(stage), nil)

	p.newAlarmTopic()
	p.newConfigurationSet()
	p.newQueues()
	p.newEventQueue()
	p.newLinkAPI()
	p.newCustomSenderKey()
	p.newCaptchaSecret()
	if set.Pool.Exists() {
		p.findUserPool()
		p.newTriggers()
		p.serveUserPool()
	} else {
		p.newTriggers()
		p.newUserPool()
		p.newClients()
	}
	p.grantTriggers()
	p.newIdentityPool()
	p.newSendMail()
	p.newMailFeedback()
	p.newVerifyLink()
	p.newForgetUnconfirmed()
	p.newHooks()
	p.alarmThrottles()
	p.newDashboard()
	return p
}

// protected reports whether the users of the stage must survive a mistake.
func (p *Pool) protected() bool { return p.stage != "dev" }

// removal is the policy of resources that hold data.
func (p *Pool) removal() awscdk.RemovalPolicy {
	if p.protected() {
		// A first deployment that fails leaves nothing behind.
		return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
	}
	return awscdk.RemovalPolicy_DESTROY
}

// keep retains a resource that the CDK has no removal policy for, outside dev.
func (p *Pool) keep(r constructs.Construct) {
	if p.protected() {
		r.Node().DefaultChild().(awscdk.CfnResource).ApplyRemovalPolicy(p.removal(), nil)
	}
}

// identify writes the id of the settings, if there is one, to a resource, for poolpost plan: a
// logical id does not show what it is made of.
func identify(r constructs.Construct, id string) {
	if id != "" {
		r.Node().DefaultChild().(awscdk.CfnResource).AddMetadata(jsii.String("PoolpostId"), id)
	}
}

// name is the name of a resource that people look up by name.
func (p *Pool) name(base string) *string { return jsii.String(settings.Staged(base, p.stage)) }

func number(n int) *float64 { return jsii.Number(float64(n)) }

// numberOrNil leaves out what is 0.
func numberOrNil(n int) *float64 {
	if n == 0 {
		return nil
	}
	return number(n)
}

// suppress says why a rule of cdk-nag does not apply to a construct and its children.
func suppress(c constructs.IConstruct, rule, reason string) {
	cdknag.NagSuppressions_AddResourceSuppressions(c, &[]*cdknag.NagPackSuppression{
		{Id: jsii.String(rule), Reason: jsii.String(reason)},
	}, jsii.Bool(true))
}

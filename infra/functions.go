package main

import (
	"path/filepath"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/bundle"
	"poolpost/internal/config"
)

// A function is one of the folders below functions/.
type function struct {
	awslambda.Function
	id    string // in the stack
	name  string
	limit float64 // of one invocation, in seconds
	role  awsiam.Role
}

// newFunction is a function with its own role and log group. The role may write
// its log and its traces, and nothing else yet.
func (s *stack) newFunction(id, name string) *function {
	row := bundle.Named(name)
	log := awslogs.NewLogGroup(s.Stack, jsii.String(id+"Log"), &awslogs.LogGroupProps{
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	role := awsiam.NewRole(s.Stack, jsii.String(id+"Role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.String("Runs " + name),
	})
	log.GrantWrite(role)
	env := map[string]*string{
		// The CA bundle is one file; without this, Go reads every file of the
		// certificate folders too, which takes a small function a long time.
		"SSL_CERT_DIR": jsii.String("/nonexistent"),
		// Below 1,769 MB a function has less than one CPU.
		"GOMAXPROCS": jsii.String("1"),
	}
	for variable, value := range row.Env(s.Settings, s.values) {
		env[variable] = jsii.String(value)
	}
	f := awslambda.NewFunction(s.Stack, jsii.String(id), &awslambda.FunctionProps{
		Description:   jsii.String("Poolpost: " + name),
		Runtime:       awslambda.Runtime_PROVIDED_AL2023(),
		Architecture:  awslambda.Architecture_ARM_64(),
		Handler:       jsii.String("bootstrap"),
		Code:          awslambda.Code_FromAsset(jsii.String(filepath.Join(s.Functions, name)), nil),
		Timeout:       awscdk.Duration_Seconds(jsii.Number(row.Timeout.Seconds())),
		MemorySize:    number(row.MemoryMB(s.Settings)),
		Environment:   &env,
		Role:          role,
		LogGroup:      log,
		LoggingFormat: awslambda.LoggingFormat_JSON,
		Tracing:       awslambda.Tracing_ACTIVE,
	})
	suppress(role, "AwsSolutions-IAM5", "X-Ray's PutTraceSegments and PutTelemetryRecords take no resource, so AWS allows * only.")
	return &function{Function: f, id: id, name: name, limit: row.Timeout.Seconds(), role: role}
}

// allow gives a function's role one more permission, in a policy of its own: a
// function waits for its role's default policy, and one that names the pool
// there would be a circle, since the pool waits for its triggers.
func (s *stack) allow(id string, f *function, resource *string, actions ...string) {
	awsiam.NewPolicy(s.Stack, jsii.String(id), &awsiam.PolicyProps{
		Roles: &[]awsiam.IRole{f.role},
		Statements: &[]awsiam.PolicyStatement{
			awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings(actions...), Resources: &[]*string{resource}}),
		},
	})
}

// triggers are the functions that the pool invokes. One of customMessage and
// emailSender is nil: Cognito must not have both (package bundle, FunctionsOf).
type triggers struct {
	customMessage, emailSender, preSignUp, postConfirmation *function

	all []*function
}

func (s *stack) newTriggers(api *linkAPI, queue *mailQueue, failed awssqs.Queue) *triggers {
	t := &triggers{
		preSignUp:        s.newFunction("PreSignUp", "pre-sign-up"),
		postConfirmation: s.newFunction("PostConfirmation", "post-confirmation"),
	}
	queue.main.GrantSendMessages(t.postConfirmation.role)
	if s.Settings.Mail.UsesCustomSender() {
		t.emailSender = s.newFunction("CustomEmailSender", "custom-email-sender")
		queue.main.GrantSendMessages(t.emailSender.role)
		keepFailures(t.emailSender, failed)
		t.all = []*function{t.emailSender, t.preSignUp, t.postConfirmation}
		return t
	}
	t.customMessage = s.newFunction("CustomMessage", "custom-message")
	t.all = []*function{t.customMessage, t.preSignUp, t.postConfirmation}
	return t
}

// of are the triggers as the pool takes them.
func (t *triggers) of() *awscognito.UserPoolTriggers {
	of := &awscognito.UserPoolTriggers{PreSignUp: t.preSignUp.Function, PostConfirmation: t.postConfirmation.Function}
	if t.emailSender != nil {
		of.CustomEmailSender = t.emailSender.Function
	} else {
		of.CustomMessage = t.customMessage.Function
	}
	return of
}

// allow gives the triggers what they need of the pool that they belong to.
func (t *triggers) allow(s *stack, pool awscognito.UserPool) {
	if len(s.Settings.Groups) > 0 {
		s.allow("JoinGroups", t.postConfirmation, pool.UserPoolArn(), "cognito-idp:AdminAddUserToGroup")
	}
	if t.customMessage != nil && len(s.Settings.Clients) > 1 {
		s.allow("NameClients", t.customMessage, pool.UserPoolArn(), "cognito-idp:DescribeUserPoolClient")
	}
	if s.Settings.SignUp.ExternalProviders.Policy == config.LinkProviders {
		s.allow("LinkProviders", t.preSignUp, pool.UserPoolArn(), "cognito-idp:AdminGetUser", "cognito-idp:AdminLinkProviderForUser")
	}
	if s.Settings.SignUp.Email.RefuseSuppressed {
		t.preSignUp.role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions: jsii.Strings("ses:GetSuppressedDestination"), Resources: jsii.Strings("*"),
		}))
		suppress(t.preSignUp.role, "AwsSolutions-IAM5", "GetSuppressedDestination takes no resource (service authorization reference), so AWS allows * only.")
	}
}

// newSendMail is the consumer of the mail queue.
func (s *stack) newSendMail(ses *mailIdentity, queue *mailQueue, clients []client) *function {
	f := s.newFunction("SendMail", "send-mail")
	queue.dead.GrantSendMessages(f.role)
	f.role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		// Every identity: in the sandbox, SES also asks for that of the recipient
		// (observed). The sender is what must not be another's.
		Actions:   jsii.Strings("ses:SendEmail"),
		Resources: &[]*string{s.sesARN("identity", jsii.String("*")), ses.configurationSetARN},
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"ses:FromAddress": s.senders()},
		},
	}))
	suppress(f.role.Node().FindChild(jsii.String("DefaultPolicy")), "AwsSolutions-IAM5",
		"In its sandbox, SES checks the identity of the recipient too (observed), so any identity of this account and region; ses:FromAddress keeps the sender.")
	f.AddEventSource(awslambdaeventsources.NewSqsEventSource(queue.main, &awslambdaeventsources.SqsEventSourceProps{
		BatchSize:               jsii.Number(batchSize),
		ReportBatchItemFailures: jsii.Bool(true),
		MaxConcurrency:          number(s.Settings.Mail.Senders()),
	}))
	return f
}

// senders are the addresses that mails are sent from, those of the clients'
// brands, each once.
func (s *stack) senders() []string {
	var all []string
	for _, c := range s.Settings.Clients {
		brand, _ := s.Settings.Brand(c.Brand)
		all = append(all, brand.From.Address)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// clientIDs are the app client ids by the names of the settings, as JSON.
func (s *stack) clientIDs(clients []client) *string {
	ids := map[string]*string{}
	for _, c := range clients {
		ids[c.Name] = c.UserPoolClientId()
	}
	return s.ToJsonString(ids, nil)
}

// newVerifyLink is the page behind the link. It calls Cognito's operations that
// take no signature, so its role needs no permission for them.
func (s *stack) newVerifyLink(api *linkAPI, clients []client) *function {
	f := s.newFunction("VerifyLink", "verify-link")
	api.route(f)
	return f
}

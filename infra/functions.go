package infra

import (
	"path/filepath"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/bundle"
	"poolpost/internal/config"
	"poolpost/internal/rules"
)

// newFunction is a function with its own role and log group. The role may write its log and its
// traces only.
func (p *Pool) newFunction(id, name string) awslambda.Function {
	log := awslogs.NewLogGroup(p, jsii.String(id+"Log"), &awslogs.LogGroupProps{
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	role := awsiam.NewRole(p, jsii.String(id+"Role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.String("Runs " + name),
	})
	log.GrantWrite(role)
	env := map[string]*string{
		// The CA bundle is one file. Without this variable, Go also reads every file of the
		// certificate folders, which slows down the start.
		"SSL_CERT_DIR": jsii.String("/nonexistent"),
		// Below 1,769 MB a function has less than one CPU.
		"GOMAXPROCS": jsii.String("1"),
	}
	row := bundle.Named(name)
	for variable, value := range row.Env(p.settings, p.values) {
		env[variable] = jsii.String(value)
	}
	f := awslambda.NewFunction(p, jsii.String(id), &awslambda.FunctionProps{
		Description:   jsii.String("Poolpost: " + name),
		Runtime:       awslambda.Runtime_PROVIDED_AL2023(),
		Architecture:  awslambda.Architecture_ARM_64(),
		Handler:       jsii.String("bootstrap"),
		Code:          awslambda.Code_FromAsset(jsii.String(filepath.Join(p.functionsDir, name)), nil),
		Timeout:       awscdk.Duration_Seconds(jsii.Number(row.Timeout.Seconds())),
		MemorySize:    number(row.MemoryMB(p.settings)),
		Environment:   &env,
		Role:          role,
		LogGroup:      log,
		LoggingFormat: awslambda.LoggingFormat_JSON,
		Tracing:       awslambda.Tracing_ACTIVE,
	})
	if _, ok := env["LINKS_URL"]; ok {
		f.Node().AddDependency(p.linksServed...)
	}
	suppress(role, "AwsSolutions-IAM5",
		"xray:PutTraceSegments and xray:PutTelemetryRecords do not support resource-level permissions.")
	p.Functions[name] = f
	p.functionNames = append(p.functionNames, name)
	p.alarmFunction(id, name, f)
	return f
}

// allow adds a permission to a function's role, in a policy of its own: a function depends on
// its role's default policy, so a statement there that names the pool would be a cycle, since
// the pool depends on its triggers.
func (p *Pool) allow(id string, f awslambda.Function, resource *string, actions ...string) {
	awsiam.NewPolicy(p, jsii.String(id), &awsiam.PolicyProps{
		Roles: &[]awsiam.IRole{f.Role()},
		Statements: &[]awsiam.PolicyStatement{
			awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
				Actions: jsii.Strings(actions...), Resources: &[]*string{resource},
			}),
		},
	})
}

// newTriggers are the functions that the pool invokes. Cognito must not have both custom-message
// and custom-email-sender.
func (p *Pool) newTriggers() {
	if p.settings.Mail.UsesCustomSender() {
		p.newCustomEmailSender()
	} else {
		p.newFunction("CustomMessage", "custom-message")
		p.newAlarm(alarm{
			id: "DefaultMails", meaning: "custom-message could not fill a message, and Cognito sent its default text.",
			metric: p.outcomeMetric("custom-message", "failed"), threshold: 1,
		})
	}

	preSignUp := p.newFunction("PreSignUp", "pre-sign-up")
	p.newAlarm(alarm{
		id: "PreSignUpFails", pageNow: true, meaning: "pre-sign-up could not apply its rules and refused people with TRY_AGAIN.",
		metric: p.outcomeMetric("pre-sign-up", rules.TryAgain), threshold: 1,
	})
	if p.settings.SignUp.UsesCaptcha() {
		p.allowCaptcha(preSignUp)
		p.alarmCaptcha()
	}
	if p.settings.SignUp.UsesHook() {
		p.newAlarm(alarm{
			id: "HookFails", pageNow: p.settings.SignUp.Hook.OnFailure != config.AcceptOnFailure,
			meaning: "The function of signUp.hook did not decide about a sign-up, and signUp.hook.onFailure did.",
			metric:  p.outcomeMetric("pre-sign-up", rules.HookFailed), threshold: 1,
		})
	}

	f := p.newFunction("PostConfirmation", "post-confirmation")
	p.MailQueue.GrantSendMessages(f)
	if p.EventQueue != nil {
		p.EventQueue.GrantSendMessages(f)
	}
	p.newAlarm(alarm{
		id: "NotWelcomed", meaning: "post-confirmation could not add a group, queue an email, write the language or publish an event.",
		metric: p.outcomeMetric("post-confirmation", "failed"), threshold: 1,
	})
}

// newCustomEmailSender queues the emails that Cognito requests.
func (p *Pool) newCustomEmailSender() {
	const name = "custom-email-sender"
	f := p.newFunction("CustomEmailSender", name)
	p.MailQueue.GrantSendMessages(f)
	p.configureAsyncInvoke(name, f)
	p.newAlarm(alarm{
		id: "RequestsLost", pageNow: true,
		meaning: "Lambda could not deliver a failed event of custom-email-sender to its on-failure destination, and its email is lost.",
		metric:  f.Metric(jsii.String("DestinationDeliveryFailures"), metric("Sum")), threshold: 1,
	})
}

// grantTriggers lets the triggers call the operations of their pool that they need.
func (p *Pool) grantTriggers() {
	pool := p.UserPool.UserPoolArn()
	if len(p.settings.Groups) > 0 {
		p.allow("JoinGroups", p.Functions["post-confirmation"], pool, "cognito-idp:AdminAddUserToGroup")
	}
	if p.settings.SignIn.EndSessionsAfterReset {
		p.allow("EndSessions", p.Functions["post-confirmation"], pool, "cognito-idp:AdminUserGlobalSignOut")
	}
	if p.settings.SignUp.RememberLocale {
		p.allow("RememberLocales", p.Functions["post-confirmation"], pool, "cognito-idp:AdminUpdateUserAttributes")
	}
	preSignUp := p.Functions["pre-sign-up"]
	if len(p.settings.Clients) > 1 && !p.settings.Pool.Exists() {
		if f, ok := p.Functions["custom-message"]; ok {
			p.allow("NameClients", f, pool, "cognito-idp:DescribeUserPoolClient")
		}
		if p.settings.SignUp.UsesHook() {
			p.allow("NameClientsForHook", preSignUp, pool, "cognito-idp:DescribeUserPoolClient")
		}
	}
	if p.settings.SignUp.UsesHook() {
		p.allow("AskHook", preSignUp, p.hookARN(), "lambda:InvokeFunction")
	}
	if p.settings.SignUp.ExternalProviders.Policy == config.LinkProviders {
		p.allow("LinkProviders", preSignUp, pool, "cognito-idp:AdminGetUser", "cognito-idp:AdminLinkProviderForUser")
	}
	if p.settings.SignUp.ExternalProviders.LinkReplacesPassword {
		p.allow("ReplacePasswords", preSignUp, pool, "cognito-idp:AdminSetUserPassword", "cognito-idp:AdminUserGlobalSignOut")
		p.MailQueue.GrantSendMessages(preSignUp)
	}
	if p.settings.SignUp.Email.RefuseSuppressed {
		preSignUp.AddToRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions: jsii.Strings("ses:GetSuppressedDestination"), Resources: jsii.Strings("*"),
		}))
		suppress(preSignUp.Role(), "AwsSolutions-IAM5",
			"ses:GetSuppressedDestination does not support resource-level permissions (service authorization reference).")
	}
}

// hookARN is the ARN of the adopter's function, with its alias if the settings name one: a call of
// an alias needs the permission for the alias.
func (p *Pool) hookARN() *string {
	return p.arn("lambda", "function", ":", p.settings.SignUp.Hook.Function)
}

// newSendMail is the consumer of the mail queue.
func (p *Pool) newSendMail() {
	f := p.newFunction("SendMail", "send-mail")
	p.DeadLetterQueue.GrantSendMessages(f)
	f.AddToRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		// Every identity: in the sandbox, SES also checks the recipient's (observed). The
		// condition restricts the sender.
		Actions: jsii.Strings("ses:SendEmail"),
		Resources: &[]*string{
			p.sesARN("identity", jsii.String("*")),
			p.sesARN("configuration-set", p.ConfigurationSet.ConfigurationSetName()),
		},
		Conditions: &map[string]any{"StringEquals": map[string]any{"ses:FromAddress": p.senders()}},
	}))
	suppress(f.Role().Node().FindChild(jsii.String("DefaultPolicy")), "AwsSolutions-IAM5",
		"In the sandbox, SES also checks the recipient's identity (observed), "+
			"so every identity of this account and region is allowed; ses:FromAddress restricts the sender.")
	// It grants sqs:DeleteMessage and sqs:ChangeMessageVisibility too, which send-mail calls itself.
	f.AddEventSource(awslambdaeventsources.NewSqsEventSource(p.MailQueue, &awslambdaeventsources.SqsEventSourceProps{
		BatchSize:               jsii.Number(batchSize),
		ReportBatchItemFailures: jsii.Bool(true),
		MaxConcurrency:          number(p.settings.Mail.MaxConcurrency()),
	}))
	p.grantDecrypt()
	if p.settings.SignIn.EndSessionsAfterReset {
		p.allow("EndSessionsLater", f, p.UserPool.UserPoolArn(), "cognito-idp:AdminUserGlobalSignOut")
	}
	p.newAlarm(alarm{
		id: "DailyQuota", pageNow: true, meaning: "The daily SES quota is used up, and emails wait until SES accepts more.",
		metric: p.outcomeMetric("send-mail", "daily-quota"), threshold: 1,
	})
	p.newAlarm(alarm{
		id: "SendingPaused", pageNow: true,
		meaning: "SES has paused sending for the account or the configuration set, and emails wait.",
		metric:  p.outcomeMetric("send-mail", "paused"), threshold: 1,
	})
}

// senders are the addresses of the clients' brands that emails are sent from, each once.
func (p *Pool) senders() []string {
	var all []string
	for _, c := range p.settings.Clients {
		brand, _ := p.settings.Brand(c.Brand)
		all = append(all, brand.From.Address)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// newMailFeedback gets the SES events of this pool's configuration set, and of no other emails
// of the account.
func (p *Pool) newMailFeedback() {
	const name = "mail-feedback"
	f := p.newFunction("MailFeedback", name)
	p.configureAsyncInvoke(name, f)
	if p.EventQueue != nil {
		p.EventQueue.GrantSendMessages(f)
	}
	awsevents.NewRule(p, jsii.String("MailEvents"), &awsevents.RuleProps{
		Description: jsii.String("Poolpost: SES events for emails of " + p.settings.Pool.Name),
		EventPattern: &awsevents.EventPattern{
			Source: jsii.Strings("aws.ses"),
			// SES tags every email with its configuration set.
			Detail: &map[string]any{"mail": map[string]any{"tags": map[string]any{
				"ses:configuration-set": []*string{p.ConfigurationSet.ConfigurationSetName()},
			}}},
		},
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(f, nil)},
	})
}

// newVerifyLink serves the pages behind links. It calls only operations of Cognito without a
// signature, so its role needs no permission for them.
func (p *Pool) newVerifyLink() {
	f := p.newFunction("VerifyLink", "verify-link")
	p.routeLinks(f)
	if p.settings.SignUp.UsesAltcha() {
		p.allowCaptcha(f)
	}
	p.readClientSecrets(f)
	p.newAlarm(alarm{
		id: "PagesUnavailable", pageNow: true, meaning: "The link page could not do what people asked for: Cognito fails, limits or refuses its calls.",
		metric: sum(p.outcomeMetric("verify-link", "unavailable"), p.outcomeMetric("verify-link", "reset-unavailable"),
			p.outcomeMetric("verify-link", "unhealthy")), threshold: 3,
	})
	p.newAlarm(alarm{
		id: "LinkAPIFails", pageNow: true, meaning: "The address of the link page answers with errors (5xx).",
		metric: p.LinkAPI.MetricServerError(quarterHour()), threshold: 3,
	})
}

package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/bundle"
)

// findUserPool is the pool of pool.existing, with its clients. They are there before the triggers.
func (p *Pool) findUserPool() {
	p.UserPool = awscognito.UserPool_FromUserPoolId(p, jsii.String("UserPool"), jsii.String(p.settings.Pool.Existing.ID))
	p.values.UserPoolID = *p.UserPool.UserPoolId()
	ids := map[string]string{}
	for _, c := range p.settings.Clients {
		p.Clients[c.Name] = awscognito.UserPoolClient_FromUserPoolClientId(p, jsii.String("Client-"+c.StableID()), jsii.String(c.Existing.ID))
		ids[c.Name] = c.Existing.ID
	}
	p.values.Clients = *p.stack.ToJsonString(ids, nil)
}

// serveUserPool lets the pool of pool.existing invoke the triggers. Nothing does until poolpost
// attach writes lambdaConfig to the pool, and there is nothing else to be granted then.
func (p *Pool) serveUserPool() {
	for _, t := range p.triggers() {
		p.Functions[t.function].AddPermission(jsii.String("Invoke"+t.name), &awslambda.Permission{
			Principal:     awsiam.NewServicePrincipal(jsii.String("cognito-idp.amazonaws.com"), nil),
			SourceAccount: p.stack.Account(),
			SourceArn:     p.UserPool.UserPoolArn(),
		})
	}
}

// A trigger of the pool, by its name in LambdaConfig.
type trigger struct{ name, function string }

func (p *Pool) triggers() []trigger {
	all := []trigger{{"PreSignUp", "pre-sign-up"}, {"PostConfirmation", "post-confirmation"}}
	if p.settings.Mail.UsesCustomSender() {
		return append(all, trigger{"CustomEmailSender", "custom-email-sender"})
	}
	return append(all, trigger{"CustomMessage", "custom-message"})
}

// lambdaConfig is what the pool gets of LambdaConfig, as UpdateUserPool takes it.
func (p *Pool) lambdaConfig() map[string]any {
	all := map[string]any{}
	for _, t := range p.triggers() {
		all[t.name] = p.Functions[t.function].FunctionArn()
	}
	if sender, ok := all["CustomEmailSender"]; ok {
		all["CustomEmailSender"] = map[string]any{"LambdaArn": sender, "LambdaVersion": "V1_0"}
		all["KMSKeyID"] = p.Key.KeyArn()
	}
	return all
}

// emailConfiguration is the EmailConfiguration of a pool for which Cognito sends. Where send-mail
// does, that of the pool stays as it is.
func (p *Pool) emailConfiguration() map[string]any {
	mail := p.settings.Mail
	all := map[string]any{
		"EmailSendingAccount": "DEVELOPER", "ConfigurationSet": p.ConfigurationSet.ConfigurationSetName(),
		"From": bundle.From(mail.From), "SourceArn": p.sesARN("identity", jsii.String(mail.SourceIdentity())),
	}
	if mail.ReplyTo != "" {
		all["ReplyToEmailAddress"] = mail.ReplyTo
	}
	return all
}

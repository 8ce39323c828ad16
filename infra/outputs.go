package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// Outputs adds the outputs that a front end and the poolpost command read to a stack: Pool, the
// id of the pool in the settings, Stage, Region,
// UserPoolId, ClientId of the first client, ClientIds by name, IdentityPoolId, ExampleBucketName,
// HostedSignInUrl, LinksUrl, LinksTarget for a CNAME record of a host outside Route 53,
// MailQueueUrl, DeadLetterQueueUrl, FailedEventsQueueUrl, and AsyncFunctionArns, by name, of the
// functions whose failed events are there; with pool.existing, LambdaConfig and EmailConfiguration,
// which the pool gets; with hooks, EventBusName and HookDeadLetterQueueUrls, by
// the hooks' ids. The stack must have no other outputs with these names.
func (p *Pool) Outputs(stack awscdk.Stack) {
	output(stack, "Pool", jsii.String(p.settings.Pool.StableID()))
	output(stack, "Stage", jsii.String(p.stage))
	output(stack, "Region", p.stack.Region())
	output(stack, "UserPoolId", p.UserPool.UserPoolId())
	output(stack, "ClientId", p.Clients[p.settings.Clients[0].Name].UserPoolClientId())
	output(stack, "ClientIds", jsii.String(p.values.Clients))
	if p.IdentityPool != nil {
		output(stack, "IdentityPoolId", p.IdentityPool.IdentityPoolId())
	}
	if p.ExampleBucket != nil {
		output(stack, "ExampleBucketName", p.ExampleBucket.BucketName())
	}
	if p.Domain != nil {
		output(stack, "HostedSignInUrl", p.Domain.BaseUrl(nil))
	}
	output(stack, "LinksUrl", p.LinksURL)
	if p.linksTarget != nil {
		output(stack, "LinksTarget", p.linksTarget)
	}
	output(stack, "MailQueueUrl", p.MailQueue.QueueUrl())
	output(stack, "DeadLetterQueueUrl", p.DeadLetterQueue.QueueUrl())
	output(stack, "FailedEventsQueueUrl", p.OnFailureQueue.QueueUrl())
	if p.settings.Pool.Exists() {
		output(stack, "LambdaConfig", p.stack.ToJsonString(p.lambdaConfig(), nil))
		if !p.settings.Mail.UsesCustomSender() {
			output(stack, "EmailConfiguration", p.stack.ToJsonString(p.emailConfiguration(), nil))
		}
	}
	output(stack, "AsyncFunctionArns", p.stack.ToJsonString(p.asyncFunctions, nil))
	if len(p.hookQueues) > 0 {
		output(stack, "EventBusName", jsii.String(p.settings.Hooks.Bus))
		output(stack, "HookDeadLetterQueueUrls", p.stack.ToJsonString(p.hookQueues, nil))
	}
}

// Outputs adds the DNS records of a domain outside Route 53 to a stack: DkimName1, DkimValue1 and so
// on, MailFromMx and MailFromTxt, the values of the records of mail.mailFrom, and DmarcTxt, that of
// mail.dmarc. Other identities have no outputs.
func (i *Identity) Outputs(stack awscdk.Stack) {
	for _, r := range i.records {
		last := len(r.outputs) - 1
		if last > 0 {
			output(stack, r.outputs[0], r.name)
		}
		output(stack, r.outputs[last], r.value)
	}
}

// output adds an output. CloudFormation allows only letters and digits in its name.
func output(stack awscdk.Stack, name string, value *string) {
	awscdk.NewCfnOutput(stack, jsii.String(name), &awscdk.CfnOutputProps{Value: value})
}

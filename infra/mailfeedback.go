package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/jsii-runtime-go"
)

// newMailFeedback takes what SES reports about this pool's emails: those of its
// configuration set, and none of the account's others.
func (p *Pool) newMailFeedback() {
	f := p.newFunction("MailFeedback", "mail-feedback")
	p.alarmErrors("MailFeedback", "mail-feedback")
	p.keepFailures(f)
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

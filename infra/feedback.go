package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

// newMailFeedback takes what SES tells of this pool's mails: those of its
// configuration set, and none of the account's others.
func (s *stack) newMailFeedback(ses *mailIdentity, failed awssqs.Queue) *function {
	f := s.newFunction("MailFeedback", "mail-feedback")
	keepFailures(f, failed)
	awsevents.NewRule(s.Stack, jsii.String("MailEvents"), &awsevents.RuleProps{
		Description: jsii.String("Poolpost: what becomes of the mails of " + s.Settings.Pool.Name),
		EventPattern: &awsevents.EventPattern{
			Source: jsii.Strings("aws.ses"),
			// SES tags every mail with its configuration set.
			Detail: &map[string]any{"mail": map[string]any{"tags": map[string]any{
				"ses:configuration-set": []*string{ses.configurationSet.ConfigurationSetName()},
			}}},
		},
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(f.Function, nil)},
	})
	return f
}

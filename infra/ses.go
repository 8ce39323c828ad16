package infra

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsses"
	"github.com/aws/jsii-runtime-go"
)

// newConfigurationSet is the configuration set that sends the events of this pool's emails to
// EventBridge. It does not track clicks: that would rewrite links that carry codes.
func (p *Pool) newConfigurationSet() {
	p.ConfigurationSet = awsses.NewConfigurationSet(p, jsii.String("ConfigurationSet"), &awsses.ConfigurationSetProps{
		ReputationMetrics: jsii.Bool(true),
		TlsPolicy:         awsses.ConfigurationSetTlsPolicy_REQUIRE,
	})
	bus := awsevents.EventBus_FromEventBusName(p, jsii.String("DefaultBus"), jsii.String("default"))
	p.ConfigurationSet.AddEventDestination(jsii.String("Events"), &awsses.ConfigurationSetEventDestinationOptions{
		Destination: awsses.EventDestination_EventBus(bus),
		Events: &[]awsses.EmailSendingEvent{
			awsses.EmailSendingEvent_BOUNCE, awsses.EmailSendingEvent_COMPLAINT, awsses.EmailSendingEvent_REJECT,
			awsses.EmailSendingEvent_DELIVERY, awsses.EmailSendingEvent_DELIVERY_DELAY, awsses.EmailSendingEvent_RENDERING_FAILURE,
		},
	})
	p.values.ConfigurationSet = *p.ConfigurationSet.ConfigurationSetName()

	// Before SES reviews the account. It does not publish the rates every hour.
	p.newAlarm(alarm{
		id: "Bounces", meaning: "4% of the account's emails bounce, and SES reviews an account at 5%.",
		metric: reputationMetric("Reputation.BounceRate"), threshold: 0.8 * bounceReview, sparse: true,
	})
	p.newAlarm(alarm{
		id: "Complaints", meaning: "0.08% of the account's emails are reported as spam, and SES reviews an account at 0.1%.",
		metric: reputationMetric("Reputation.ComplaintRate"), threshold: 0.8 * complaintReview, sparse: true,
	})
}

func (p *Pool) sesARN(kind string, name *string) *string {
	return p.stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("ses"), Resource: jsii.String(kind), ResourceName: name,
	})
}

// cognitoEmail lets Cognito send through SES, as the sender of the settings.
func (p *Pool) cognitoEmail() awscognito.UserPoolEmail {
	mail := p.settings.Mail
	o := &awscognito.UserPoolSESOptions{
		FromEmail:            jsii.String(mail.From.Address),
		SesRegion:            jsii.String(p.settings.Pool.Region),
		ConfigurationSetName: p.ConfigurationSet.ConfigurationSetName(),
	}
	if mail.From.Name != "" {
		o.FromName = jsii.String(mail.From.Name)
	}
	if mail.ReplyTo != "" {
		o.ReplyTo = jsii.String(mail.ReplyTo)
	}
	if !strings.Contains(mail.Identity, "@") {
		o.SesVerifiedDomain = jsii.String(mail.Identity)
	}
	return awscognito.UserPoolEmail_WithSES(o)
}

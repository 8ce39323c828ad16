package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsses"
	"github.com/aws/jsii-runtime-go"
)

// A mailIdentity is what the pool sends as, and how.
type mailIdentity struct {
	configurationSet    awsses.ConfigurationSet
	configurationSetARN *string
}

// newMailIdentity is the configuration set that tells EventBridge what becomes
// of this pool's mails. There is no click tracking: it would rewrite links that
// carry codes.
func (s *stack) newMailIdentity() *mailIdentity {
	m := &mailIdentity{}
	m.configurationSet = awsses.NewConfigurationSet(s.Stack, jsii.String("ConfigurationSet"), &awsses.ConfigurationSetProps{
		ReputationMetrics: jsii.Bool(true),
		TlsPolicy:         awsses.ConfigurationSetTlsPolicy_REQUIRE,
	})
	m.configurationSet.AddEventDestination(jsii.String("Events"), &awsses.ConfigurationSetEventDestinationOptions{
		Destination: awsses.EventDestination_EventBus(awsevents.EventBus_FromEventBusName(s.Stack, jsii.String("DefaultBus"), jsii.String("default"))),
		Events: &[]awsses.EmailSendingEvent{
			awsses.EmailSendingEvent_BOUNCE, awsses.EmailSendingEvent_COMPLAINT, awsses.EmailSendingEvent_REJECT,
			awsses.EmailSendingEvent_DELIVERY, awsses.EmailSendingEvent_DELIVERY_DELAY, awsses.EmailSendingEvent_RENDERING_FAILURE,
		},
	})
	m.configurationSetARN = s.sesARN("configuration-set", m.configurationSet.ConfigurationSetName())
	return m
}

func (s *stack) sesARN(kind string, name *string) *string {
	return s.FormatArn(&awscdk.ArnComponents{Service: jsii.String("ses"), Resource: jsii.String(kind), ResourceName: name})
}

// sender is how Cognito sends: through SES, as the sender of all brands.
func (m *mailIdentity) sender(s *stack) awscognito.UserPoolEmail {
	mail := s.Settings.Mail
	o := &awscognito.UserPoolSESOptions{
		FromEmail:            jsii.String(mail.From.Address),
		SesRegion:            jsii.String(s.Settings.Pool.Region),
		ConfigurationSetName: m.configurationSet.ConfigurationSetName(),
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

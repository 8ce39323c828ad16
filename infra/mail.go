package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsses"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// A mailIdentity is what SES sends as.
type mailIdentity struct {
	identity            awsses.EmailIdentity // nil when it is not this stack's
	identityARN         *string
	configurationSet    awsses.ConfigurationSet
	configurationSetARN *string
	resources           []constructs.IDependable
}

// newMailIdentity is the SES identity, a domain or a single address, and the
// configuration set that tells EventBridge what becomes of mails. There is no
// click tracking: it would rewrite links that carry codes.
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
	m.configurationSetARN = s.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("ses"), Resource: jsii.String("configuration-set"), ResourceName: m.configurationSet.ConfigurationSetName(),
	})
	mail := s.Settings.Mail
	m.identityARN = s.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("ses"), Resource: jsii.String("identity"), ResourceName: jsii.String(mail.Identity),
	})
	m.resources = []constructs.IDependable{m.configurationSet}
	if mail.CreateIdentity {
		m.identity = awsses.NewEmailIdentity(s.Stack, jsii.String("Identity"), &awsses.EmailIdentityProps{
			Identity:         s.identity(),
			ConfigurationSet: m.configurationSet,
		})
		// Mails that people wait for must not stop when a stack is taken down.
		m.identity.ApplyRemovalPolicy(s.removal())
		m.resources = append(m.resources, m.identity)
		if mail.HostedZone.ID != "" {
			s.recordDKIM(m.identity)
		}
	}
	return m
}

// identity is the kind of identity that the settings mean.
func (s *stack) identity() awsses.Identity {
	mail := s.Settings.Mail
	if strings.Contains(mail.Identity, "@") {
		return awsses.Identity_Email(jsii.String(mail.Identity))
	}
	return awsses.Identity_Domain(jsii.String(mail.Identity))
}

// recordDKIM puts the identity's records into the hosted zone of the settings,
// which may be that of a domain above it. The CDK's Identity_PublicHostedZone
// would make the zone's domain the identity.
func (s *stack) recordDKIM(identity awsses.EmailIdentity) {
	for i, record := range *identity.DkimRecords() {
		// A CfnRecordSet, since the construct above it adds the zone's name to a
		// name that only the deployment knows.
		awsroute53.NewCfnRecordSet(s.Stack, jsii.String(fmt.Sprintf("DKIM%d", i+1)), &awsroute53.CfnRecordSetProps{
			HostedZoneId: jsii.String(s.Settings.Mail.HostedZone.ID), Type: jsii.String("CNAME"), Ttl: jsii.String("1800"),
			Name: record.Name, ResourceRecords: &[]*string{record.Value},
		})
	}
}

// sender is how Cognito sends: through SES, as the From of the settings.
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

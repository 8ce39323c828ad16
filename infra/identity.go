package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsses"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/settings"
)

// newIdentityStack is the SES identity of the settings, a domain or a single
// address, with the records that verify it. It is a stack of its own for two
// reasons: people report that Cognito refuses a pool whose identity is not
// verified yet, and an account has each identity once, whatever number of stages
// and pools send as it. So nothing here depends on a stage or a pool, and who
// has the identity already never deploys this.
func newIdentityStack(scope constructs.Construct, set *settings.Settings) awscdk.Stack {
	mail := set.Mail
	stack := awscdk.NewStack(scope, jsii.String("Identity"), &awscdk.StackProps{
		StackName:   jsii.String("Poolpost-Identity-" + hyphenated(mail.Identity)),
		Description: jsii.String("Poolpost: what SES sends as, " + mail.Identity),
		Env:         &awscdk.Environment{Region: jsii.String(set.Pool.Region)},
		// All stages would fall silent at once.
		TerminationProtection: jsii.Bool(true),
	})
	identity := awsses.NewEmailIdentity(stack, jsii.String("Identity"), &awsses.EmailIdentityProps{Identity: identityOf(mail.Identity)})
	if strings.Contains(mail.Identity, "@") {
		return stack // SES sends a link to the address
	}
	for i, record := range *identity.DkimRecords() {
		if mail.HostedZone.ID == "" {
			output(stack, fmt.Sprintf("DkimName%d", i+1), record.Name)
			output(stack, fmt.Sprintf("DkimValue%d", i+1), record.Value)
			continue
		}
		// The zone may be that of a domain above the identity, while the CDK's
		// Identity_PublicHostedZone would make the zone's domain the identity. A
		// CfnRecordSet, since the construct above it adds the zone's name to a name
		// that only the deployment knows.
		awsroute53.NewCfnRecordSet(stack, jsii.String(fmt.Sprintf("DKIM%d", i+1)), &awsroute53.CfnRecordSetProps{
			HostedZoneId: jsii.String(mail.HostedZone.ID), Type: jsii.String("CNAME"), Ttl: jsii.String("1800"),
			Name: record.Name, ResourceRecords: &[]*string{record.Value},
		})
	}
	return stack
}

// identityOf is the kind of identity that the settings mean.
func identityOf(name string) awsses.Identity {
	if strings.Contains(name, "@") {
		return awsses.Identity_Email(jsii.String(name))
	}
	return awsses.Identity_Domain(jsii.String(name))
}

package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognitoidentitypool"
	"github.com/aws/jsii-runtime-go"
)

// newOutputs are what a front end needs, and the records that a domain needs.
func (s *stack) newOutputs(pool awscognito.UserPool, clients []client, identities awscognitoidentitypool.IdentityPool, ses *mailIdentity, api *linkAPI) {
	output := func(name string, value *string) {
		awscdk.NewCfnOutput(s.Stack, jsii.String(name), &awscdk.CfnOutputProps{Value: value})
	}
	output("Region", s.Region())
	output("UserPoolId", pool.UserPoolId())
	for _, c := range clients {
		// An output's name has letters and digits only.
		output("ClientId"+clean(c.Client.Name, -1), c.UserPoolClientId())
	}
	output("ClientIds", s.clientIDs(clients))
	if identities != nil {
		output("IdentityPoolId", identities.IdentityPoolId())
	}
	output("LinksUrl", api.url)
	if ses.identity != nil && s.Settings.Mail.HostedZone.ID == "" {
		for i, record := range *ses.identity.DkimRecords() {
			output("DkimName"+string(rune('1'+i)), record.Name)
			output("DkimValue"+string(rune('1'+i)), record.Value)
		}
	}
}

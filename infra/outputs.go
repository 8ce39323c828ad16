package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognitoidentitypool"
	"github.com/aws/jsii-runtime-go"
)

// newOutputs are what a front end needs.
func (s *stack) newOutputs(pool awscognito.UserPool, clients []client, identities awscognitoidentitypool.IdentityPool, api *linkAPI) {
	output(s.Stack, "Region", s.Region())
	output(s.Stack, "UserPoolId", pool.UserPoolId())
	output(s.Stack, "ClientId", clients[0].UserPoolClientId()) // the default
	output(s.Stack, "ClientIds", s.clientIDs(clients))
	if identities != nil {
		output(s.Stack, "IdentityPoolId", identities.IdentityPoolId())
	}
	output(s.Stack, "LinksUrl", api.url)
}

// output makes a value known after the deployment. Its name has letters and
// digits only.
func output(stack awscdk.Stack, name string, value *string) {
	awscdk.NewCfnOutput(stack, jsii.String(name), &awscdk.CfnOutputProps{Value: value})
}

package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognitoidentitypool"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
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

// newQueueOutputs are what make dead-letters and make redrive look for.
func (s *stack) newQueueOutputs(queue *mailQueue, failed awssqs.Queue) {
	output(s.Stack, "MailQueueUrl", queue.main.QueueUrl())
	output(s.Stack, "DeadLetterQueueUrl", queue.dead.QueueUrl())
	output(s.Stack, "FailedEventsQueueUrl", failed.QueueUrl())
}

// output makes a value known after the deployment. Its name has letters and
// digits only.
func output(stack awscdk.Stack, name string, value *string) {
	awscdk.NewCfnOutput(stack, jsii.String(name), &awscdk.CfnOutputProps{Value: value})
}

//go:build !oneclient

package main

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"poolpost/internal/awscall"
	"poolpost/internal/awsconfig"
)

// clientNames asks Cognito for the names of app clients. A trigger's
// environment cannot hold client ids, because the clients depend on the pool
// and the pool on its triggers; the event has the id only.
//
// The call is signed without the SDK's whole Cognito client (package awscall),
// which people would wait for.
type clientNames struct {
	cognito *awscall.Service
	known   map[string]string // client id: name; a function handles one event at a time
}

// cognitoClients asks with the function's role.
func cognitoClients() *clientNames { return newClientNames(awsconfig.Load()) }

func newClientNames(cfg aws.Config) *clientNames {
	return &clientNames{cognito: awscall.Cognito(cfg), known: map[string]string{}}
}

// name is the name of an app client. Only an answer is remembered, not a
// failure; and of the event no more than the id.
func (c *clientNames) name(ctx context.Context, pool, id string) (string, error) {
	if name, ok := c.known[id]; ok {
		return name, nil
	}
	var answer struct{ UserPoolClient struct{ ClientName string } }
	err := c.cognito.Operation(ctx, "DescribeUserPoolClient", map[string]string{"UserPoolId": pool, "ClientId": id}, &answer)
	if err != nil {
		return "", err
	}
	c.known[strings.Clone(id)] = answer.UserPoolClient.ClientName
	return answer.UserPoolClient.ClientName, nil
}

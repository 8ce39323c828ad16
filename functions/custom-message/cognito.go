//go:build !minimal

package main

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"poolpost/internal/awsconfig"
)

func init() { newClientNames = func() clientNames { return newUserPool(awsconfig.Load()) } }

// A clientNameCache asks Cognito for the names of app clients.
type clientNameCache struct {
	cognito *cognitoidentityprovider.Client
	known   map[string]string // client id: name; a function handles one event at a time
}

func newUserPool(cfg aws.Config) *clientNameCache {
	return &clientNameCache{cognitoidentityprovider.NewFromConfig(awsconfig.WithReconnect(cfg)), map[string]string{}}
}

// clientName is the name of an app client. Only a response is remembered, not a
// failure; and of the event no more than the id.
func (u *clientNameCache) clientName(ctx context.Context, pool, id string) (string, error) {
	if name, ok := u.known[id]; ok {
		return name, nil
	}
	out, err := u.cognito.DescribeUserPoolClient(ctx, &cognitoidentityprovider.DescribeUserPoolClientInput{
		UserPoolId: &pool, ClientId: &id,
	})
	if err != nil || out.UserPoolClient == nil {
		return "", err
	}
	name := aws.ToString(out.UserPoolClient.ClientName)
	u.known[strings.Clone(id)] = name
	return name, nil
}

// Package clientname asks Cognito for the names of app clients. A trigger's environment cannot
// hold their IDs, because the clients depend on the pool and the pool on its triggers.
package clientname

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"poolpost/internal/awsconfig"
)

// A Cache remembers the names of app clients. It is for one event at a time, as in a function.
type Cache struct {
	cognito *cognitoidentityprovider.Client
	known   map[string]string // client ID: name
}

// New asks nothing yet.
func New(cfg aws.Config) *Cache {
	return &Cache{cognitoidentityprovider.NewFromConfig(awsconfig.WithReconnect(cfg)), map[string]string{}}
}

// ClientName is the name of an app client. Only a response is remembered, not a failure; and of
// the event no more than the ID.
func (c *Cache) ClientName(ctx context.Context, pool, id string) (string, error) {
	if name, ok := c.known[id]; ok {
		return name, nil
	}
	out, err := c.cognito.DescribeUserPoolClient(ctx, &cognitoidentityprovider.DescribeUserPoolClientInput{
		UserPoolId: &pool, ClientId: &id,
	})
	if err != nil || out.UserPoolClient == nil {
		return "", err
	}
	name := aws.ToString(out.UserPoolClient.ClientName)
	c.known[strings.Clone(id)] = name
	return name, nil
}

//go:build !nogroups

package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"poolpost/internal/trigger"
)

func init() {
	newGroups = func(cfg aws.Config) (groups, string) {
		pool, _ := cognitoidentityprovider.NewDefaultEndpointResolverV2().ResolveEndpoint(
			context.Background(), cognitoidentityprovider.EndpointParameters{Region: &cfg.Region}.WithDefaults())
		return userPool{cognitoidentityprovider.NewFromConfig(cfg)}, pool.URI.String()
	}
}

type userPool struct {
	cognito *cognitoidentityprovider.Client
}

func (p userPool) add(ctx context.Context, event *trigger.Event, group string) error {
	_, err := p.cognito.AdminAddUserToGroup(ctx, &cognitoidentityprovider.AdminAddUserToGroupInput{
		UserPoolId: &event.UserPoolID, Username: &event.UserName, GroupName: &group,
	})
	if err != nil {
		return fmt.Errorf("add to group %s: %w", group, err)
	}
	return nil
}

//go:build !nousers

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/internal/trigger"
)

func init() {
	newUsers = func(cfg aws.Config) (users, string) {
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

func (p userPool) endSessions(ctx context.Context, event *trigger.Event) error {
	_, err := p.cognito.AdminUserGlobalSignOut(ctx, &cognitoidentityprovider.AdminUserGlobalSignOutInput{
		UserPoolId: &event.UserPoolID, Username: &event.UserName,
	})
	if _, ok := errors.AsType[*types.UserNotFoundException](err); ok {
		return nil // deleted meanwhile
	}
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

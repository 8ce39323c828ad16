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
	return unlessDeleted("end sessions", err)
}

// setLocale sends no code: Cognito does that for a changed address or phone number only.
func (p userPool) setLocale(ctx context.Context, event *trigger.Event, locale string) error {
	_, err := p.cognito.AdminUpdateUserAttributes(ctx, &cognitoidentityprovider.AdminUpdateUserAttributesInput{
		UserPoolId: &event.UserPoolID, Username: &event.UserName,
		UserAttributes: []types.AttributeType{{Name: aws.String("locale"), Value: &locale}},
	})
	return unlessDeleted("set the locale", err)
}

// unlessDeleted is the error of an operation on a user, who may have been deleted meanwhile.
func unlessDeleted(operation string, err error) error {
	if _, ok := errors.AsType[*types.UserNotFoundException](err); ok || err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", operation, err)
}

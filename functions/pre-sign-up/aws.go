//go:build !minimal

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	ses "github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"poolpost/internal/awsconfig"
	"poolpost/internal/rules"
)

func init() {
	newAWS = func() (rules.Suppressions, accounts) {
		cfg := awsconfig.Load()
		return newSuppressions(cfg), newUserPool(cfg)
	}
}

// suppressions is SES's suppression list of the account.
type suppressions struct{ ses *sesv2.Client }

func newSuppressions(cfg aws.Config) suppressions {
	return suppressions{sesv2.NewFromConfig(awsconfig.WithReconnect(cfg))}
}

// Suppressed is GetSuppressedDestination of SES v2: NotFoundException means that
// the address is not on the list.
func (s suppressions) Suppressed(ctx context.Context, address string) (bool, error) {
	_, err := s.ses.GetSuppressedDestination(ctx, &sesv2.GetSuppressedDestinationInput{EmailAddress: &address})
	if _, ok := errors.AsType[*ses.NotFoundException](err); ok {
		return false, nil
	}
	return err == nil, err
}

// userPool are the accounts of the pool, as far as linking needs them.
type userPool struct {
	cognito *cognitoidentityprovider.Client
}

func newUserPool(cfg aws.Config) userPool {
	return userPool{cognitoidentityprovider.NewFromConfig(awsconfig.WithReconnect(cfg))}
}

// maxUserName is Cognito's, in characters (API reference, UsernameType).
const maxUserName = 128

// find returns the account with an address, or nil.
func (u userPool) find(ctx context.Context, pool, email string) (*account, error) {
	if utf8.RuneCountInString(email) > maxUserName {
		return nil, nil // it could not have signed up
	}
	user, err := u.cognito.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{
		UserPoolId: aws.String(pool), Username: aws.String(email),
	})
	if _, ok := errors.AsType[*types.UserNotFoundException](err); ok {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if user.UserStatus == types.UserStatusTypeExternalProvider {
		return nil, nil
	}
	found := &account{
		name:   aws.ToString(user.Username),
		active: user.Enabled && user.UserStatus == types.UserStatusTypeConfirmed,
	}
	same := false
	for _, a := range user.UserAttributes {
		switch value := aws.ToString(a.Value); aws.ToString(a.Name) {
		case "email":
			same = strings.EqualFold(value, email)
		case "email_verified":
			found.verified = value == "true"
		}
	}
	if !same { // the name of another user happens to be this address
		return nil, nil
	}
	return found, nil
}

// link is AdminLinkProviderForUser. Cognito may call a trigger up to three
// times, so a link that is there already is fine (the text is observed). It changes an
// account, so it is not repeated here.
func (u userPool) link(ctx context.Context, pool, user, provider, id string) error {
	_, err := u.cognito.AdminLinkProviderForUser(ctx, &cognitoidentityprovider.AdminLinkProviderForUserInput{
		UserPoolId: aws.String(pool),
		DestinationUser: &types.ProviderUserIdentifierType{
			ProviderName: aws.String("Cognito"), ProviderAttributeValue: aws.String(user),
		},
		// The provider's own id of the person, for every kind of provider (API
		// reference, AdminLinkProviderForUser).
		SourceUser: &types.ProviderUserIdentifierType{
			ProviderName: aws.String(provider), ProviderAttributeName: aws.String("Cognito_Subject"),
			ProviderAttributeValue: aws.String(id),
		},
	}, func(o *cognitoidentityprovider.Options) { o.Retryer = aws.NopRetryer{} })
	invalid, ok := errors.AsType[*types.InvalidParameterException](err)
	if ok && strings.Contains(invalid.ErrorMessage(), "already linked") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("link to %s: %w", provider, err)
	}
	return nil
}

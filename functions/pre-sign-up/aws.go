//go:build !noaws

package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	ses "github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"poolpost/internal/awsconfig"
	"poolpost/internal/clientname"
	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/rules"
	"poolpost/internal/trigger"
)

func init() {
	newAWS = func(c config.PreSignUp, queue string) (ask rules.Network, a accounts, names clientNames, err error) {
		cfg := awsconfig.Load()
		s := newServices(cfg)
		if c.ExternalProviders.LinkReplacesPassword {
			if newPasswords == nil {
				return ask, nil, nil, lambdaenv.ErrLeftOut
			}
			s.passwords = newPasswords(cfg, queue)
		}
		ask.Suppressions = s
		if c.ExternalProviders.Policy == config.LinkProviders {
			a = s
		}
		if c.Hook.Function != "" {
			ask.Hook = newHook(cfg, c.Hook.Function)
			if len(c.Clients) > 1 {
				names = clientname.New(cfg)
			}
		}
		return ask, a, names, nil
	}
}

// services are SES's suppression list of the account, and the users of the pool.
type services struct {
	ses     *sesv2.Client
	cognito *cognitoidentityprovider.Client
	passwords
}

// passwords are replaced where an account is linked for the first time.
type passwords interface {
	replacePassword(ctx context.Context, event *trigger.Event, user string) error
}

// newPasswords returns what replaces passwords and puts the notice on the mail queue. A build with
// the tag nopasswords leaves it out.
var newPasswords func(cfg aws.Config, queue string) passwords

func newServices(cfg aws.Config) services {
	cfg = awsconfig.WithReconnect(cfg)
	return services{ses: sesv2.NewFromConfig(cfg), cognito: cognitoidentityprovider.NewFromConfig(cfg)}
}

// Suppressed is GetSuppressedDestination of SES v2: NotFoundException means that
// the address is not on the list.
func (s services) Suppressed(ctx context.Context, address string) (bool, error) {
	_, err := s.ses.GetSuppressedDestination(ctx, &sesv2.GetSuppressedDestinationInput{EmailAddress: &address})
	if _, ok := errors.AsType[*ses.NotFoundException](err); ok {
		return false, nil
	}
	return err == nil, err
}

// maxUserName is Cognito's, in characters (API reference, UsernameType).
const maxUserName = 128

// find returns the account with an address, or nil.
func (s services) find(ctx context.Context, pool, email string) (*account, error) {
	if utf8.RuneCountInString(email) > maxUserName {
		return nil, nil // it could not have signed up
	}
	user, err := s.cognito.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{
		UserPoolId: &pool, Username: &email,
	})
	if _, ok := errors.AsType[*types.UserNotFoundException](err); ok {
		return nil, nil
	}
	if err != nil || user.UserStatus == types.UserStatusTypeExternalProvider {
		return nil, err
	}
	found := &account{
		name:    aws.ToString(user.Username),
		claimed: user.UserStatus != types.UserStatusTypeUnconfirmed,
		active:  user.Enabled && user.UserStatus == types.UserStatusTypeConfirmed,
	}
	same := false
	for _, a := range user.UserAttributes {
		switch value := aws.ToString(a.Value); aws.ToString(a.Name) {
		case "email":
			same = strings.EqualFold(value, email)
		case "email_verified":
			found.verified = value == "true"
		case "identities":
			// Written by Cognito; without it, the account only looks as if nothing were linked.
			_ = json.Unmarshal([]byte(value), &found.identities)
		}
	}
	if !same { // the name of another user happens to be this address
		return nil, nil
	}
	return found, nil
}

// link is AdminLinkProviderForUser. Cognito may call a trigger up to three times, so a link that
// is there already is fine. Both texts for it are observed; the second one is that of
// https://github.com/aws/aws-sdk-js-v3/issues/5281. It changes an account, so it is not repeated.
func (s services) link(ctx context.Context, pool, user, provider, id string) error {
	_, err := s.cognito.AdminLinkProviderForUser(ctx, &cognitoidentityprovider.AdminLinkProviderForUserInput{
		UserPoolId:      &pool,
		DestinationUser: &types.ProviderUserIdentifierType{ProviderName: aws.String("Cognito"), ProviderAttributeValue: &user},
		// The provider's own id of the person, for every kind of provider (API
		// reference, AdminLinkProviderForUser).
		SourceUser: &types.ProviderUserIdentifierType{
			ProviderName: &provider, ProviderAttributeName: aws.String("Cognito_Subject"), ProviderAttributeValue: &id,
		},
	}, func(o *cognitoidentityprovider.Options) { o.Retryer = aws.NopRetryer{} })
	invalid, ok := errors.AsType[*types.InvalidParameterException](err)
	if ok && (strings.Contains(invalid.ErrorMessage(), "already linked") ||
		strings.Contains(invalid.ErrorMessage(), "may not be passed in as a SourceUser")) {
		return nil
	}
	return err
}

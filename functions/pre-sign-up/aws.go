//go:build !noaws

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"poolpost/internal/awscall"
	"poolpost/internal/awsconfig"
	"poolpost/internal/config"
	"poolpost/internal/rules"
)

// connect is what the function asks AWS for: SES's suppression list and, when the
// settings link, the accounts of the pool.
func connect(c config.PreSignUp) (rules.Suppressions, *accounts, error) {
	cfg := awsconfig.Load()
	list := suppressions{awscall.New(cfg, "email", "ses")}
	if c.ExternalProviders.Policy == config.LinkProviders {
		return list, &accounts{awscall.Cognito(cfg)}, nil
	}
	return list, nil, nil
}

// suppressions is SES's suppression list of the account.
type suppressions struct{ ses *awscall.Service }

// Suppressed is GetSuppressedDestination of SES v2: NotFoundException means that
// the address is not on the list. Everything but letters, digits and -._~ is
// escaped, as the SDKs do and the signature needs.
func (s suppressions) Suppressed(ctx context.Context, address string) (bool, error) {
	err := s.ses.Get(ctx, "/v2/email/suppression/addresses/"+url.QueryEscape(address), nil)
	if e, ok := errors.AsType[*awscall.Error](err); ok && e.Status == http.StatusNotFound && e.Code == "NotFoundException" {
		return false, nil
	}
	return err == nil, err
}

// accounts are the pool's own, as far as linking needs them.
type accounts struct{ cognito *awscall.Service }

// maxUserName is Cognito's, in characters (API reference, UsernameType).
const maxUserName = 128

// find returns the account with an address, or nil.
func (c *accounts) find(ctx context.Context, pool, email string) (*account, error) {
	if utf8.RuneCountInString(email) > maxUserName {
		return nil, nil // it could not have signed up
	}
	var user struct {
		Username       string
		UserStatus     string
		Enabled        bool
		UserAttributes []struct{ Name, Value string }
	}
	err := c.cognito.Operation(ctx, "AdminGetUser", map[string]string{"UserPoolId": pool, "Username": email}, &user)
	if e, ok := errors.AsType[*awscall.Error](err); ok && e.Code == "UserNotFoundException" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if user.UserStatus == "EXTERNAL_PROVIDER" {
		return nil, nil
	}
	found := &account{name: user.Username, active: user.Enabled && user.UserStatus == "CONFIRMED"}
	same := false
	for _, a := range user.UserAttributes {
		switch a.Name {
		case "email":
			same = strings.EqualFold(a.Value, email)
		case "email_verified":
			found.verified = a.Value == "true"
		}
	}
	if !same { // the name of another user happens to be this address
		return nil, nil
	}
	return found, nil
}

// link is AdminLinkProviderForUser. Cognito may call a trigger up to three
// times, so a link that is there already is fine (the text is observed).
func (c *accounts) link(ctx context.Context, pool, user, provider, id string) error {
	type identity struct {
		ProviderName           string
		ProviderAttributeName  string `json:",omitempty"`
		ProviderAttributeValue string
	}
	err := c.cognito.Operation(ctx, "AdminLinkProviderForUser", struct {
		UserPoolId                  string
		DestinationUser, SourceUser identity
	}{
		pool,
		identity{"Cognito", "", user},
		// The provider's own id of the person, for every kind of provider (API
		// reference, AdminLinkProviderForUser).
		identity{provider, "Cognito_Subject", id},
	}, nil)
	if e, ok := errors.AsType[*awscall.Error](err); ok && e.Code == "InvalidParameterException" && strings.Contains(e.Message, "already linked") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("link to %s: %w", provider, err)
	}
	return nil
}

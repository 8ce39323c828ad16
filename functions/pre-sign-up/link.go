package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"poolpost/internal/awscall"
	"poolpost/internal/cognito"
	"poolpost/internal/logging"
	"poolpost/internal/rules"
)

// join decides what becomes of somebody who comes through an external provider
// while the pool has an account with the same address.
//
// An account whose address is not verified is nobody's yet: with it, a stranger
// could keep the address's owner out. One that is verified is linked when the
// provider is trusted, and says or is assumed to know that the address is
// verified on its side, too. Otherwise the person is asked to sign in to it,
// because a second account beside it is what nobody wants.
//
// After linking, too, the person is refused, to sign in once more: Cognito ends
// the sign-in during which the link was made with an error of its own, "Already
// found an entry for username" (observed), and the next one leads to the
// account.
func (h *handler) join(ctx context.Context, event *cognito.Event, a rules.Applicant, line *logging.Line) error {
	account, err := h.accounts.find(ctx, event.UserPoolID, a.Email)
	if err != nil {
		return err
	}
	if account == nil || !account.verified {
		return nil
	}
	provider, id := h.identity(event.UserName)
	line.Detail = provider
	word := event.UserAttributes["email_verified"]
	verified := word == "true" || word == "" && slices.Contains(h.config.ExternalProviders.AssumeVerified, provider)
	if provider == "" || !verified || !account.active {
		return h.rules.Refuse(rules.AccountExists, a.Locale)
	}
	if err := h.accounts.link(ctx, event.UserPoolID, account.name, provider, id); err != nil {
		return err
	}
	return h.rules.Refuse(rules.AccountLinked, a.Locale)
}

// identity splits a user name such as Facebook_1234 into the name of a trusted
// provider and the person's id there; of two names that fit, it is the longer
// one. Both are empty for another provider. The provider's name has been seen in
// lower case, too (observed).
func (h *handler) identity(userName string) (provider, id string) {
	for _, name := range h.config.ExternalProviders.Trusted {
		n := len(name)
		if n > len(provider) && len(userName) > n+1 && strings.EqualFold(userName[:n], name) && userName[n] == '_' {
			provider, id = name, userName[n+1:]
		}
	}
	return provider, id
}

// accounts are the pool's own, as far as linking needs them.
type accounts struct{ cognito *awscall.Service }

// An account is a user with a password.
type account struct {
	name     string
	verified bool // the address
	active   bool // signed up to the end, and not disabled
}

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

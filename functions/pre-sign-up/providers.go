package main

import (
	"context"
	"slices"
	"strings"

	"poolpost/internal/logging"
	"poolpost/internal/rules"
	"poolpost/internal/trigger"
)

// linkAccount decides about somebody who comes through an external provider
// while the pool has an account with the same address.
//
// An account whose address is not verified belongs to nobody yet: with it, a stranger could keep
// the address's owner out. A verified one is linked when the provider is trusted, and says or is
// assumed to have verified the address, too. Otherwise the person has to sign in to the account,
// rather than get a second one.
//
// After linking, the person is refused, too, and signs in once more: Cognito ends the sign-in
// during which the link was made with an error, "Already found an entry for username"
// (observed), and the next one leads to the account.
func (h *handler) linkAccount(ctx context.Context, event *trigger.Event, a rules.Applicant, line *logging.Line) error {
	account, err := h.accounts.find(ctx, event.UserPoolID, a.Email)
	if err != nil {
		return err
	}
	if account == nil || !account.verified {
		return nil
	}
	provider, id := h.identity(event.UserName)
	line.Detail = provider
	claim := event.UserAttributes["email_verified"]
	verified := claim == "true" || claim == "" && slices.Contains(h.config.ExternalProviders.AssumeVerified, provider)
	if provider == "" || !verified || !account.active {
		return h.rules.Refuse(rules.AccountExists, a.Locale)
	}
	if err := h.accounts.link(ctx, event.UserPoolID, account.name, provider, id); err != nil {
		return err
	}
	return h.rules.Refuse(rules.AccountLinked, a.Locale)
}

// identity splits a user name such as Facebook_1234 into the name of a trusted provider, the
// longest that fits, and the person's id there. Both are empty for another provider. The name
// may be in lower case (observed).
func (h *handler) identity(userName string) (provider, id string) {
	for _, name := range h.config.ExternalProviders.Trusted {
		n := len(name)
		if n > len(provider) && len(userName) > n+1 && strings.EqualFold(userName[:n], name) && userName[n] == '_' {
			provider, id = name, userName[n+1:]
		}
	}
	return provider, id
}

// An account is a user with a password.
type account struct {
	name     string
	verified bool // the address
	active   bool // signed up to the end, and not disabled
}

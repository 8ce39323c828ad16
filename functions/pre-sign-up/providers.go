package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"poolpost/internal/logging"
	"poolpost/internal/rules"
	"poolpost/internal/trigger"
)

// linkBudget is how long a link and what goes before it may take, after the rules. Cognito waits
// 5 s for a trigger: the start may take one of them, and the rules another.
const linkBudget = 2500 * time.Millisecond

// linkAccount decides about somebody who comes through an external provider while the pool has an
// account with the same address. Finding the account is one of the rules, and limited as they are.
//
// Where the provider is not trusted or has not verified the address, the pool is not even asked: the
// answer would tell anybody who types an address at a provider whether it has an account.
//
// An account that nobody has confirmed belongs to nobody yet: with it, a stranger could keep the
// address's owner out. Of the others, one to which a provider was linked before is linked. One that
// has a password only may be a stranger's who signed up with the address and had its owner, or a
// scanner of the owner's mail, press the button: its password is replaced first, if the settings
// say so, and otherwise the person has to sign in with it.
//
// After linking, the person is refused, too, and signs in once more: Cognito was seen to end the
// sign-in during which the link was made with an error, "Already found an entry for username",
// and the next one leads to the account.
func (h *handler) linkAccount(ctx, limited context.Context, event *trigger.Event, a rules.Applicant, line *logging.Line) error {
	providers := h.config.ExternalProviders
	provider, id := h.identity(event.UserName)
	claim := event.UserAttributes["email_verified"]
	if provider == "" || claim != "true" && (claim != "" || !slices.Contains(providers.AssumeVerified, provider)) {
		return nil
	}
	account, err := h.accounts.find(limited, event.UserPoolID, a.Email)
	if err != nil {
		return err
	}
	if account == nil || !account.verified && !account.claimed && len(account.identities) == 0 {
		return nil
	}
	line.Detail = provider
	linkedBefore := len(account.identities) > 0
	switch {
	case !account.verified, !account.active:
		return h.rules.Refuse(rules.AccountExists, a.Locale)
	case !keepsCase(provider, id):
		line.Warning = errCase
		return h.rules.Refuse(rules.AccountExists, a.Locale)
	case account.has(provider, id): // at an earlier attempt of the trigger
		return h.rules.Refuse(rules.AccountLinked, a.Locale)
	case !linkedBefore && !providers.LinkReplacesPassword:
		return h.rules.Refuse(rules.AccountExists, a.Locale)
	}
	ctx, cancel := context.WithTimeout(ctx, linkBudget)
	defer cancel()
	if !linkedBefore {
		// Before the link: if anything fails, nobody signs in to an account whose password a stranger
		// knows, and the next attempt does all of it again.
		if err := h.accounts.replacePassword(ctx, event, account.name); err != nil {
			return err
		}
	}
	if err := h.accounts.link(ctx, event.UserPoolID, account.name, provider, id); err != nil {
		// Cognito may have linked them all the same, now or at an earlier attempt of the trigger.
		account, findErr := h.accounts.find(ctx, event.UserPoolID, a.Email)
		if findErr != nil || account == nil || !account.has(provider, id) {
			return err
		}
	}
	return h.rules.Refuse(rules.AccountLinked, a.Locale)
}

var errCase = logging.Safe("the provider's ID of the person has lower-case letters only, and may have lost its capitals: it is not linked")

// keepsCase reports whether the ID in an event is the provider's own, letter by letter. In a pool
// that does not distinguish case, Cognito writes attributes in lower case, those of events included,
// and still compares the ID with its capitals (developer guide, "User pool case sensitivity"). So
// an ID with letters, all of them lower-case, may be that of somebody else, or of nobody. Facebook
// and Google have digits only, and Apple's letters are lower-case.
func keepsCase(provider, id string) bool {
	return id == strings.ToUpper(id) || id != strings.ToLower(id) || provider == "SignInWithApple"
}

// identity splits a user name such as Facebook_1234 into the name of a trusted provider, the
// longest that fits, and the person's id there. Both are empty for another provider. The name
// may be in lower case (observed, docs/observed.md).
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
	name       string
	claimed    bool                                    // somebody has confirmed it, or an administrator has made it
	verified   bool                                    // the address
	active     bool                                    // confirmed, and neither disabled nor in want of a new password
	identities []struct{ ProviderName, UserID string } // that are linked to it
}

func (a *account) has(provider, id string) bool {
	for _, i := range a.identities {
		if strings.EqualFold(i.ProviderName, provider) && i.UserID == id {
			return true
		}
	}
	return false
}

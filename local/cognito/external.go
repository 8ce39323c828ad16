package cognito

import (
	"context"
	"maps"
)

// externalProvider is the state of a user who came through a provider.
const externalProvider = "EXTERNAL_PROVIDER"

// maxLinks is how many identities can be linked to a user (API reference,
// AdminLinkProviderForUser).
const maxLinks = 5

// An identity is a person at an external provider.
type identity struct{ provider, id string }

// userName is what Cognito calls a user who came through a provider, and what
// PreSignUp is told (developer guide, "Pre sign-up Lambda trigger").
func (i identity) userName() string { return i.provider + "_" + i.id }

type providerUser struct{ ProviderName, ProviderAttributeName, ProviderAttributeValue string }

type adminLinkProviderInput struct {
	UserPoolId                  string
	DestinationUser, SourceUser providerUser
}

func (in adminLinkProviderInput) constraints() []constraint {
	return []constraint{
		isPoolID(in.UserPoolId),
		{"sourceUser.providerName", in.SourceUser.ProviderName, 1, 32, usernameType},
		{"sourceUser.providerAttributeValue", in.SourceUser.ProviderAttributeValue, 1, 2048, nil},
		{"destinationUser.providerAttributeValue", in.DestinationUser.ProviderAttributeValue, 1, 2048, nil},
	}
}

// adminLinkProviderForUser is AdminLinkProviderForUser to a user with a
// password. The texts of the refusals are observed.
func (p *Pool) adminLinkProviderForUser(_ context.Context, _ caller, in adminLinkProviderInput) (any, error) {
	if err := p.checkPool(in.UserPoolId); err != nil {
		return nil, err
	}
	source := identity{in.SourceUser.ProviderName, in.SourceUser.ProviderAttributeValue}
	if in.DestinationUser.ProviderName != "Cognito" || source.provider == "Cognito" || in.SourceUser.ProviderAttributeName != "Cognito_Subject" {
		return nil, invalidParameter("This pool links a user of the provider Cognito to the attribute Cognito_Subject of another provider.")
	}
	err := p.locked(func() error {
		u := p.users[in.DestinationUser.ProviderAttributeValue]
		if u == nil {
			return userNotFound()
		}
		switch p.identities[source] {
		case nil:
		case u:
			return invalidParameter("SourceUser is already linked to DestinationUser")
		default:
			return invalidParameter("Merging is not currently supported, provide a SourceUser that has not been signed up in order to link")
		}
		links := 0
		for _, other := range p.identities {
			if other == u {
				links++
			}
		}
		if links == maxLinks {
			return failure("LimitExceededException", "A user can have %d linked identities.", maxLinks)
		}
		p.identities[source] = u
		return nil
	})
	return struct{}{}, err
}

// SignInWithProvider is what Cognito does when somebody comes back from an
// external provider to the hosted sign-in. It returns the name of the user who
// is now signed in: the one that the provider's is linked to, the one of an
// earlier sign-in, or a new one. An error is what the app's callback address is
// given as error_description (observed).
//
// Tokens are not part of it, and neither is a second visit that changes
// attributes.
func (p *Pool) SignInWithProvider(ctx context.Context, clientID, provider, id string, attributes map[string]string) (string, error) {
	if _, err := p.client(clientID); err != nil {
		return "", err
	}
	who := identity{provider, id}
	if name := p.signedUp(who); name != "" {
		return name, nil
	}
	c := caller{sdk: "aws-sdk-unknown-unknown"}.of(clientID)
	submitted := maps.Clone(attributes)
	submitted["cognito:email_alias"], submitted["cognito:phone_number_alias"] = "", "" // observed
	flags, err := p.callPreSignUp(ctx, c, "PreSignUp_ExternalProvider", who.userName(), preSignUpRequest{
		UserAttributes: submitted, ValidationData: map[string]string{},
	})
	if err != nil {
		return "", err
	}
	if p.signedUp(who) != "" {
		// Somebody linked the identity while it was signing up (observed).
		return "", failure("InvalidRequest", "Already found an entry for username %s", who.userName())
	}
	u := newUser(externalProvider, attributes)
	u.name = who.userName()
	if err := u.apply(flags); err != nil {
		return "", err
	}
	u.status = externalProvider
	var event postConfirmationRequest
	err = p.locked(func() error {
		u.created, u.modified = p.now(), p.now()
		p.users[u.name], p.identities[who] = u, u
		p.order = append(p.order, u)
		event.UserAttributes = u.forEvent()
		return nil
	})
	if err != nil {
		return "", err
	}
	return u.name, p.callPostConfirmation(ctx, c, "PostConfirmation_ConfirmSignUp", u.name, event)
}

// signedUp is the name of the user that an identity leads to, or empty.
func (p *Pool) signedUp(who identity) (name string) {
	_ = p.locked(func() error {
		if u := p.identities[who]; u != nil {
			name = u.name
		}
		return nil
	})
	return name
}

package cognito

import (
	"context"
	"maps"
)

const externalProvider = "EXTERNAL_PROVIDER"

// maxLinks is how many identities can be linked to a user (API reference,
// AdminLinkProviderForUser).
const maxLinks = 5

// An identity is a person at an external provider.
type identity struct{ provider, id string }

// userName is what Cognito calls a user who came through a provider, and what
// PreSignUp gets (developer guide, "Pre sign-up Lambda trigger").
func (i identity) userName() string { return i.provider + "_" + i.id }

type providerUser struct{ ProviderName, ProviderAttributeName, ProviderAttributeValue string }

type adminLinkProviderInput struct {
	adminRequest
	DestinationUser, SourceUser providerUser
}

// adminLinkProviderForUser is AdminLinkProviderForUser to a user with a
// password. The texts of the refusals are observed.
func (p *Pool) adminLinkProviderForUser(_ context.Context, _ caller, in adminLinkProviderInput) (any, error) {
	source := identity{in.SourceUser.ProviderName, in.SourceUser.ProviderAttributeValue}
	if in.DestinationUser.ProviderName != "Cognito" || source.provider == "Cognito" || in.SourceUser.ProviderAttributeName != "Cognito_Subject" {
		return nil, invalidParameter("This pool links a user of the provider Cognito to the attribute Cognito_Subject of another provider.")
	}
	u := p.users[in.DestinationUser.ProviderAttributeValue]
	if u == nil {
		return nil, errUserNotFound
	}
	switch p.identities[source] {
	case nil:
	case u:
		return nil, invalidParameter("SourceUser is already linked to DestinationUser")
	default:
		return nil, invalidParameter("Merging is not currently supported, provide a SourceUser that has not been signed up in order to link")
	}
	links := 0
	for _, other := range p.identities {
		if other == u {
			links++
		}
	}
	if links == maxLinks {
		return nil, failure("LimitExceededException", "A user can have %d linked identities.", maxLinks)
	}
	p.identities[source] = u
	return nil, nil
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
	p.mu.Lock()
	defer p.mu.Unlock()
	who := identity{provider, id}
	if u := p.identities[who]; u != nil {
		return u.name, nil
	}
	c := caller{sdk: "aws-sdk-unknown-unknown", clientID: &clientID}
	submitted := maps.Clone(attributes)
	submitted["cognito:email_alias"], submitted["cognito:phone_number_alias"] = "", "" // observed
	flags, err := p.callPreSignUp(ctx, c, "PreSignUp_ExternalProvider", who.userName(), preSignUpRequest{
		UserAttributes: submitted, ValidationData: map[string]string{},
	})
	if err != nil {
		return "", err
	}
	if p.identities[who] != nil {
		// Somebody linked the identity while it was signing up (observed).
		return "", failure("InvalidRequest", "Already found an entry for username %s", who.userName())
	}
	u := newUser(externalProvider, attributes)
	u.name = who.userName()
	if err := u.apply(flags); err != nil {
		return "", err
	}
	u.status = externalProvider
	u.created, u.modified = p.now(), p.now()
	p.users[u.name], p.identities[who] = u, u
	p.order = append(p.order, u)
	return u.name, p.callPostConfirmation(ctx, c, "PostConfirmation_ConfirmSignUp", u, nil)
}

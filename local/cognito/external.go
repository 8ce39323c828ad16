package cognito

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

const externalProvider = "EXTERNAL_PROVIDER"

// maxLinks is how many identities can be linked to a user (API reference,
// AdminLinkProviderForUser).
const maxLinks = 5

// An identity is a person at an external provider.
type identity struct{ provider, id string }

// userName is what Cognito calls a user who came through a provider, and what PreSignUp gets
// (developer guide, "Pre sign-up Lambda trigger"). A pool that does not distinguish case has it in
// lower case (observed: https://github.com/aws-amplify/amplify-js/issues/13844), and tells people
// apart by the ID as it is ("User pool case sensitivity").
func (i identity) userName() string { return strings.ToLower(i.provider + "_" + i.id) }

// A linkedIdentity is one of a user's.
type linkedIdentity struct {
	identity
	since time.Time
}

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
	if len(u.identities) == maxLinks {
		return nil, failure("LimitExceededException", "A user can have %d linked identities.", maxLinks)
	}
	p.identify(u, source)
	return nil, nil
}

func (p *Pool) identify(u *user, who identity) {
	p.identities[who] = u
	u.identities = append(u.identities, linkedIdentity{who, p.now()})
}

// identitiesText is the attribute identities, in the form of recorded events. The primary one is
// that through which the user came.
func (u *user) identitiesText() string {
	type entry struct {
		UserID       string  `json:"userId"`
		ProviderName string  `json:"providerName"`
		ProviderType string  `json:"providerType"`
		Issuer       *string `json:"issuer"` // of SAML alone
		Primary      bool    `json:"primary"`
		DateCreated  int64   `json:"dateCreated"` // milliseconds since 1970
	}
	var list []entry
	for _, i := range u.identities {
		kind := "OIDC"
		if slices.Contains([]string{"Facebook", "Google", "LoginWithAmazon", "SignInWithApple"}, i.provider) {
			kind = i.provider
		}
		list = append(list, entry{i.id, i.provider, kind, nil, i.userName() == u.name, i.since.UnixMilli()})
	}
	return string(encode(list))
}

// writeProvided gives a user the attributes of a provider, as each sign-in does.
func (p *Pool) writeProvided(u *user, attributes map[string]string) error {
	if email := attributes["email"]; email != "" && u.status != externalProvider {
		if err := p.readdress(u, email); err != nil {
			return err
		}
	}
	maps.Copy(u.attributes, attributes)
	if attributes["email"] != "" && attributes["email_verified"] == "" {
		u.attributes["email_verified"] = "false"
	}
	u.modified = p.now()
	return nil
}

// SignInWithProvider is what Cognito does when somebody comes back from an
// external provider to the hosted sign-in. It returns the name of the user who
// is now signed in: the one that the provider's is linked to, the one of an
// earlier sign-in, or a new one. An error is what the app's callback address is
// given as error_description (observed).
//
// Each sign-in writes the provider's attributes again, also to an account that the identity is
// linked to. An address that the provider does not call verified is not ("Specifying identity
// provider attribute mappings"). Tokens are not part of it.
func (p *Pool) SignInWithProvider(ctx context.Context, clientID, provider, id string, attributes map[string]string) (string, error) {
	if _, err := p.client(clientID); err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	who := identity{provider, id}
	if u := p.identities[who]; u != nil {
		return u.name, p.writeProvided(u, attributes)
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
	if u := p.identities[who]; u != nil {
		// Somebody linked the identity while it was signing up (both observed).
		if p.options.LinkedSignInSucceeds {
			return u.name, p.writeProvided(u, attributes)
		}
		return "", failure("InvalidRequest", "Already found an entry for username %s", who.userName())
	}
	u := newUser(externalProvider, attributes)
	u.name = who.userName()
	if err := u.apply(flags); err != nil {
		return "", err
	}
	u.status = externalProvider
	u.created, u.modified = p.now(), p.now()
	p.users[u.name] = u
	p.identify(u, who)
	p.order = append(p.order, u)
	return u.name, p.callPostConfirmation(ctx, c, "PostConfirmation_ConfirmSignUp", u, nil)
}

package cognito

import (
	"context"
	"maps"
	"slices"
)

// An identityProvider is IdentityProviderType of the API reference.
type identityProvider struct {
	UserPoolId, ProviderName, ProviderType string
	ProviderDetails, AttributeMapping      map[string]string
	IdpIdentifiers                         []string
	CreationDate, LastModifiedDate         epoch
}

// providers are the identity providers of the settings, as the CDK app deploys them. The secret of
// the Facebook app is only in AWS.
func (p *Pool) providers() []identityProvider {
	facebook := p.options.Settings.SignIn.FacebookAppID
	if facebook == "" {
		return nil
	}
	return []identityProvider{{
		UserPoolId: p.options.PoolID, ProviderName: "Facebook", ProviderType: "Facebook",
		ProviderDetails: map[string]string{
			"authorize_scopes": "public_profile,email", "client_id": facebook, "client_secret": "sample",
		},
		AttributeMapping: map[string]string{"email": "email", "name": "name"},
		IdpIdentifiers:   []string{},
		CreationDate:     epoch(p.created), LastModifiedDate: epoch(p.created),
	}}
}

type providerDescription struct {
	ProviderName, ProviderType     string
	CreationDate, LastModifiedDate epoch
}

type listProvidersResult struct {
	Providers []providerDescription
	NextToken string `json:",omitempty"`
}

// listIdentityProviders is ListIdentityProviders.
func (p *Pool) listIdentityProviders(_ context.Context, _ caller, in listInput) (any, error) {
	some, next, err := page(p.providers(), in.MaxResults, in.NextToken)
	result := listProvidersResult{[]providerDescription{}, next}
	for _, i := range some {
		result.Providers = append(result.Providers, providerDescription{i.ProviderName, i.ProviderType, i.CreationDate, i.LastModifiedDate})
	}
	return result, err
}

type providerInput struct {
	adminRequest
	ProviderName string
}

type providerResult struct{ IdentityProvider identityProvider }

// describeIdentityProvider is DescribeIdentityProvider; the text of the refusal is our own.
func (p *Pool) describeIdentityProvider(_ context.Context, _ caller, in providerInput) (any, error) {
	for _, i := range p.providers() {
		if i.ProviderName == in.ProviderName {
			return providerResult{i}, nil
		}
	}
	return nil, failure("ResourceNotFoundException", "Identity provider %s does not exist.", in.ProviderName)
}

type identifierInput struct {
	adminRequest
	IdpIdentifier string
}

// getIdentityProviderByIdentifier is GetIdentityProviderByIdentifier: no provider has one.
func (p *Pool) getIdentityProviderByIdentifier(_ context.Context, _ caller, in identifierInput) (any, error) {
	return nil, failure("ResourceNotFoundException", "Identity provider %s does not exist.", in.IdpIdentifier)
}

type disableProviderInput struct {
	adminRequest
	User providerUser
}

// adminDisableProviderForUser is AdminDisableProviderForUser for an identity that is linked to a
// user: it unlinks it, and the next sign-in makes another user.
func (p *Pool) adminDisableProviderForUser(_ context.Context, _ caller, in disableProviderInput) (any, error) {
	who := identity{in.User.ProviderName, in.User.ProviderAttributeValue}
	u := p.identities[who]
	if u == nil {
		return nil, errUserNotFound
	}
	if in.User.ProviderAttributeName != "Cognito_Subject" || u.status == externalProvider {
		return nil, invalidParameter("This pool unlinks an identity of another provider, by its attribute Cognito_Subject, from the user that it is linked to.")
	}
	delete(p.identities, who)
	u.identities = slices.DeleteFunc(u.identities, func(i linkedIdentity) bool { return i.identity == who })
	return nil, nil
}

// A tagsInput is about a resource by its ARN.
type tagsInput struct{ ResourceArn string }

func (in tagsInput) authorize(p *Pool, _ *caller) error {
	if in.ResourceArn != p.arn() {
		return failure("ResourceNotFoundException", "User pool %s does not exist.", in.ResourceArn)
	}
	return nil
}

// listTags is ListTagsForResource.
func (p *Pool) listTags(context.Context, caller, tagsInput) (any, error) {
	return map[string]any{"Tags": maps.Clone(p.options.Settings.Pool.Tags)}, nil
}

func (p *Pool) arn() string {
	return "arn:aws:cognito-idp:" + p.region + ":123456789012:userpool/" + p.options.PoolID
}

// getCSVHeader is GetCSVHeader: the columns of a file of users. Their order is our own.
func (p *Pool) getCSVHeader(context.Context, caller, adminRequest) (any, error) {
	header := slices.DeleteFunc(slices.Clone(p.everything), func(name string) bool { return name == "sub" })
	return map[string]any{"UserPoolId": p.options.PoolID, "CSVHeader": append(header, "cognito:mfa_enabled", "cognito:username")}, nil
}

// nothing answers with an empty list of that name.
func nothing(member string) func(context.Context, caller, adminRequest) (any, error) {
	return func(context.Context, caller, adminRequest) (any, error) {
		return map[string]any{member: []string{}}, nil
	}
}

type resourceServerInput struct {
	adminRequest
	Identifier string
}

// describeResourceServer is DescribeResourceServer: no settings lead to one.
func (p *Pool) describeResourceServer(_ context.Context, _ caller, in resourceServerInput) (any, error) {
	return nil, failure("ResourceNotFoundException", "Resource server %s does not exist.", in.Identifier)
}

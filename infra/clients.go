package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/settings"
)

// newClients are the app clients of the settings. They have no secret: browsers and phones
// cannot keep one.
func (p *Pool) newClients() {
	facebook := p.newFacebook()
	readable := attributes()
	readable.EmailVerified = jsii.Bool(true)
	ids := map[string]*string{}
	var custom []*string
	for _, a := range p.settings.Pool.Attributes {
		custom = append(custom, jsii.String(a.Name))
	}
	clientAttributes := func(standard *awscognito.StandardAttributesMask) awscognito.ClientAttributes {
		return awscognito.NewClientAttributes().WithStandardAttributes(standard).WithCustomAttributes(custom...)
	}
	var scopes []awscognito.OAuthScope
	for _, scope := range settings.Scopes {
		scopes = append(scopes, awscognito.OAuthScope_Custom(jsii.String(scope)))
	}
	for _, c := range p.settings.Clients {
		o := &awscognito.UserPoolClientOptions{
			UserPoolClientName:         jsii.String(c.Name),
			GenerateSecret:             jsii.Bool(false),
			AuthFlows:                  &awscognito.AuthFlow{UserSrp: jsii.Bool(true)},
			RefreshTokenValidity:       awscdk.Duration_Days(number(c.RefreshTokenDays)),
			EnableTokenRevocation:      jsii.Bool(true),
			PreventUserExistenceErrors: jsii.Bool(true),
			ReadAttributes:             clientAttributes(readable),
			WriteAttributes:            clientAttributes(attributes()),
			DisableOAuth:               jsii.Bool(true),
		}
		if facebook != nil {
			o.DisableOAuth = nil
			o.SupportedIdentityProviders = &[]awscognito.UserPoolClientIdentityProvider{
				awscognito.UserPoolClientIdentityProvider_COGNITO(), awscognito.UserPoolClientIdentityProvider_FACEBOOK(),
			}
			o.OAuth = &awscognito.OAuthSettings{
				Flows:        &awscognito.OAuthFlows{AuthorizationCodeGrant: jsii.Bool(true)},
				Scopes:       &scopes,
				CallbackUrls: jsii.Strings(c.SignInURL),
				LogoutUrls:   jsii.Strings(c.URL),
			}
		}
		client := p.UserPool.AddClient(jsii.String("Client-"+c.Name), o)
		if facebook != nil {
			client.Node().AddDependency(facebook)
		}
		p.Clients[c.Name], ids[c.Name] = client, client.UserPoolClientId()
	}
	p.values.Clients = *p.stack.ToJsonString(ids, nil)
}

// attributes are the standard attributes of users that an app may write, and read.
func attributes() *awscognito.StandardAttributesMask {
	return &awscognito.StandardAttributesMask{
		Email: jsii.Bool(true), Fullname: jsii.Bool(true), GivenName: jsii.Bool(true), FamilyName: jsii.Bool(true),
		Nickname: jsii.Bool(true), Locale: jsii.Bool(true), ProfilePicture: jsii.Bool(true), Timezone: jsii.Bool(true),
	}
}

// newFacebook is hosted sign-in with Facebook, if the settings have it. The app's secret stays
// in Secrets Manager.
func (p *Pool) newFacebook() awscognito.UserPoolIdentityProviderFacebook {
	f := p.settings.SignIn
	if f.FacebookAppID == "" {
		return nil
	}
	p.Domain = p.UserPool.AddDomain(jsii.String("Domain"), &awscognito.UserPoolDomainOptions{
		CognitoDomain: &awscognito.CognitoDomainOptions{DomainPrefix: jsii.String(f.DomainPrefixIn(p.stage))},
	})
	var version *awscdk.SecretsManagerSecretOptions
	if f.FacebookSecretVersion != "" {
		version = &awscdk.SecretsManagerSecretOptions{VersionId: jsii.String(f.FacebookSecretVersion)}
	}
	props := &awscognito.UserPoolIdentityProviderFacebookProps{
		UserPool:     p.UserPool,
		ClientId:     jsii.String(f.FacebookAppID),
		ClientSecret: awscdk.SecretValue_SecretsManager(jsii.String(f.FacebookSecret), version).UnsafeUnwrap(),
		Scopes:       jsii.Strings("public_profile", "email"),
		AttributeMapping: &awscognito.AttributeMapping{
			Email: awscognito.ProviderAttribute_FACEBOOK_EMAIL(), Fullname: awscognito.ProviderAttribute_FACEBOOK_NAME(),
		},
	}
	return awscognito.NewUserPoolIdentityProviderFacebook(p, jsii.String("Facebook"), props)
}

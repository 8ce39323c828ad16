package infra

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/settings"
)

// newClients are the app clients of the settings. They have no secret: browsers and phones
// cannot keep one.
func (p *Pool) newClients() {
	facebook := p.newFacebook()
	ids := map[string]*string{}
	var scopes []awscognito.OAuthScope
	for _, scope := range settings.Scopes {
		scopes = append(scopes, awscognito.OAuthScope_Custom(jsii.String(scope)))
	}
	for _, c := range p.settings.Clients {
		access := p.settings.Access(c)
		o := &awscognito.UserPoolClientOptions{
			UserPoolClientName:         jsii.String(c.Name),
			GenerateSecret:             jsii.Bool(false),
			AuthFlows:                  &awscognito.AuthFlow{UserSrp: jsii.Bool(slices.Contains(access.AuthFlows, settings.AllowSRP))},
			RefreshTokenValidity:       awscdk.Duration_Days(number(int(access.RefreshToken.Hours()) / 24)),
			AccessTokenValidity:        awscdk.Duration_Minutes(number(int(access.AccessToken.Minutes()))),
			IdTokenValidity:            awscdk.Duration_Minutes(number(int(access.IDToken.Minutes()))),
			EnableTokenRevocation:      jsii.Bool(access.RevokesTokens),
			PreventUserExistenceErrors: jsii.Bool(access.HidesUsers),
			ReadAttributes:             attributes(access.Reads),
			WriteAttributes:            attributes(access.Writes),
			DisableOAuth:               jsii.Bool(true),
		}
		if access.Rotates {
			o.RefreshTokenRotationGracePeriod = awscdk.Duration_Seconds(number(int(access.Grace.Seconds())))
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
		client := p.UserPool.AddClient(jsii.String("Client-"+c.StableID()), o)
		p.keep(client)
		identify(client, c.ID)
		if facebook != nil {
			client.Node().AddDependency(facebook)
		}
		p.Clients[c.Name], ids[c.Name] = client, client.UserPoolClientId()
	}
	p.values.Clients = *p.stack.ToJsonString(ids, nil)
}

// attributes are attributes of users, by their names in the API.
func attributes(names []string) awscognito.ClientAttributes {
	has := func(name string) *bool { return jsii.Bool(slices.Contains(names, name)) }
	var custom []*string
	for _, name := range names {
		if short, ok := strings.CutPrefix(name, "custom:"); ok {
			custom = append(custom, jsii.String(short))
		}
	}
	return awscognito.NewClientAttributes().WithCustomAttributes(custom...).WithStandardAttributes(&awscognito.StandardAttributesMask{
		Email: has("email"), EmailVerified: has("email_verified"), Fullname: has("name"), GivenName: has("given_name"),
		FamilyName: has("family_name"), Nickname: has("nickname"), Locale: has("locale"), ProfilePicture: has("picture"),
		Timezone: has("zoneinfo"),
	})
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
	props := &awscognito.UserPoolIdentityProviderFacebookProps{
		UserPool:     p.UserPool,
		ClientId:     jsii.String(f.FacebookAppID),
		ClientSecret: secretText(f.FacebookSecret, f.FacebookSecretVersion),
		Scopes:       jsii.Strings("public_profile", "email"),
		AttributeMapping: &awscognito.AttributeMapping{
			Email: awscognito.ProviderAttribute_FACEBOOK_EMAIL(), Fullname: awscognito.ProviderAttribute_FACEBOOK_NAME(),
		},
	}
	return awscognito.NewUserPoolIdentityProviderFacebook(p, jsii.String("Facebook"), props)
}

// readClientSecrets lets a function read the secrets of app clients that have one.
func (p *Pool) readClientSecrets(f awslambda.Function) {
	var secrets []*string
	for _, c := range p.settings.Clients {
		if c.Existing.Secret != "" {
			secrets = append(secrets, p.secretARN(c.Existing.Secret))
		}
	}
	if len(secrets) > 0 {
		allowSecrets(f, secrets...)
	}
}

// allowSecrets lets a function read secrets, and nothing else about them.
func allowSecrets(f awslambda.Function, arns ...*string) {
	f.AddToRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings("secretsmanager:GetSecretValue"), Resources: &arns,
	}))
	if slices.ContainsFunc(arns, func(arn *string) bool { return strings.HasSuffix(*arn, "?") }) {
		suppress(f.Role(), "AwsSolutions-IAM5", "Six characters that Secrets Manager chooses are the end of the ARN.")
	}
}

var wholeSecretARN = regexp.MustCompile(`^arn:.*-[A-Za-z0-9]{6}$`)

// secretARN is the ARN of a secret, by its name or ARN. Secrets Manager adds a hyphen and six
// characters to the name.
func (p *Pool) secretARN(name string) *string {
	arn := p.arn("secretsmanager", "secret", ":", name)
	if !wholeSecretARN.MatchString(name) {
		arn = jsii.String(*arn + "-??????")
	}
	return arn
}

// secretText is a reference to a plain text in Secrets Manager, of a version or of the current one.
func secretText(name, version string) *string {
	var options *awscdk.SecretsManagerSecretOptions
	if version != "" {
		options = &awscdk.SecretsManagerSecretOptions{VersionId: &version}
	}
	return awscdk.SecretValue_SecretsManager(&name, options).UnsafeUnwrap()
}

package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/settings"
)

// newUserPool is the pool of the settings, with its triggers.
func (s *stack) newUserPool(ses *mailIdentity, t *triggers, key awskms.Key) awscognito.UserPool {
	p := s.Settings.Pool
	custom := map[string]awscognito.ICustomAttribute{}
	for _, a := range p.Attributes {
		custom[a.Name] = awscognito.NewStringAttribute(&awscognito.StringAttributeProps{
			MinLen: number(a.MinLength), MaxLen: number(a.MaxLength), Mutable: jsii.Bool(true),
		})
	}
	props := &awscognito.UserPoolProps{
		UserPoolName:        s.name(p.Name),
		SelfSignUpEnabled:   jsii.Bool(p.SelfSignUp),
		SignInAliases:       &awscognito.SignInAliases{Email: jsii.Bool(true)},
		SignInCaseSensitive: jsii.Bool(false),
		AutoVerify:          &awscognito.AutoVerifiedAttrs{Email: jsii.Bool(true)},
		// A changed address counts only when it is verified; until then the old one stays.
		KeepOriginal:       &awscognito.KeepOriginalAttrs{Email: jsii.Bool(true)},
		StandardAttributes: &awscognito.StandardAttributes{Email: &awscognito.StandardAttribute{Required: jsii.Bool(true), Mutable: jsii.Bool(true)}},
		CustomAttributes:   &custom,
		PasswordPolicy: &awscognito.PasswordPolicy{
			MinLength:            number(p.PasswordPolicy.MinimumLength),
			RequireDigits:        jsii.Bool(p.PasswordPolicy.RequireNumbers),
			RequireLowercase:     jsii.Bool(p.PasswordPolicy.RequireLowercase),
			RequireUppercase:     jsii.Bool(p.PasswordPolicy.RequireUppercase),
			RequireSymbols:       jsii.Bool(p.PasswordPolicy.RequireSymbols),
			TempPasswordValidity: awscdk.Duration_Days(number(p.PasswordPolicy.TemporaryPasswordDays)),
		},
		AccountRecovery: awscognito.AccountRecovery_EMAIL_ONLY,
		Mfa:             mfa(p.MFA),
		// An authenticator app: text messages would need a phone number and SNS.
		MfaSecondFactor:    secondFactor(p.MFA),
		DeviceTracking:     devices(p.Devices),
		Email:              ses.sender(s),
		FeaturePlan:        awscognito.FeaturePlan_ESSENTIALS,
		LambdaTriggers:     t.of(),
		DeletionProtection: jsii.Bool(s.protected()),
		RemovalPolicy:      s.removal(),
	}
	if key != nil {
		props.CustomSenderKmsKey = key
	}
	pool := awscognito.NewUserPool(s.Stack, jsii.String("UserPool"), props)
	pool.Node().AddDependency(ses.configurationSet)
	for _, name := range s.Settings.Groups {
		pool.AddGroup(jsii.String("Group-"+name), &awscognito.UserPoolGroupOptions{GroupName: jsii.String(name)})
	}
	t.allow(s, pool)
	suppress(pool, "AwsSolutions-COG1", "The password policy is the adopter's (pool.passwordPolicy); the default is the tutorial's, 8 characters with a digit.")
	suppress(pool, "AwsSolutions-COG8", "The Plus feature plan costs extra for every user; threat protection is the adopter's choice.")
	if p.MFA != "required" {
		suppress(pool, "AwsSolutions-COG2", "MFA is the adopter's choice (pool.mfa).")
	}
	return pool
}

func mfa(setting string) awscognito.Mfa {
	switch setting {
	case "required":
		return awscognito.Mfa_REQUIRED
	case "optional":
		return awscognito.Mfa_OPTIONAL
	default:
		return awscognito.Mfa_OFF
	}
}

func secondFactor(setting string) *awscognito.MfaSecondFactor {
	if setting == "off" {
		return nil
	}
	return &awscognito.MfaSecondFactor{Otp: jsii.Bool(true), Sms: jsii.Bool(false)}
}

// devices are DeviceConfiguration: "always" in the console is not asking the
// user.
func devices(setting string) *awscognito.DeviceTracking {
	if setting == "off" {
		return nil
	}
	return &awscognito.DeviceTracking{
		ChallengeRequiredOnNewDevice:     jsii.Bool(false),
		DeviceOnlyRememberedOnUserPrompt: jsii.Bool(setting == "on-prompt"),
	}
}

// A client is an app client, with its settings.
type client struct {
	settings.Client
	awscognito.UserPoolClient
}

// newClients are the app clients of the settings, without a secret: they run in
// browsers and on phones, which cannot keep one.
func (s *stack) newClients(pool awscognito.UserPool) []client {
	facebook := s.newFacebook(pool)
	var custom []*string
	for _, a := range s.Settings.Pool.Attributes {
		custom = append(custom, jsii.String(a.Name))
	}
	var list []client
	for _, c := range s.Settings.Clients {
		o := &awscognito.UserPoolClientOptions{
			UserPoolClientName:         jsii.String(c.Name),
			GenerateSecret:             jsii.Bool(false),
			AuthFlows:                  &awscognito.AuthFlow{UserSrp: jsii.Bool(true)},
			RefreshTokenValidity:       awscdk.Duration_Days(number(c.RefreshTokenDays)),
			EnableTokenRevocation:      jsii.Bool(true),
			PreventUserExistenceErrors: jsii.Bool(true),
			ReadAttributes:             awscognito.NewClientAttributes().WithStandardAttributes(readable()).WithCustomAttributes(custom...),
			WriteAttributes:            awscognito.NewClientAttributes().WithStandardAttributes(writable()).WithCustomAttributes(custom...),
			DisableOAuth:               jsii.Bool(true),
		}
		if facebook != nil {
			o.DisableOAuth = nil
			o.SupportedIdentityProviders = &[]awscognito.UserPoolClientIdentityProvider{
				awscognito.UserPoolClientIdentityProvider_COGNITO(), awscognito.UserPoolClientIdentityProvider_FACEBOOK(),
			}
			o.OAuth = &awscognito.OAuthSettings{
				Flows:        &awscognito.OAuthFlows{AuthorizationCodeGrant: jsii.Bool(true)},
				Scopes:       &[]awscognito.OAuthScope{awscognito.OAuthScope_OPENID(), awscognito.OAuthScope_EMAIL(), awscognito.OAuthScope_PROFILE()},
				CallbackUrls: jsii.Strings(c.SignInURL),
				LogoutUrls:   jsii.Strings(c.URL),
			}
		}
		construct := pool.AddClient(jsii.String("Client-"+c.Name), o)
		if facebook != nil {
			construct.Node().AddDependency(facebook)
		}
		list = append(list, client{c, construct})
	}
	return list
}

// readable are the standard attributes that an app sees.
func readable() *awscognito.StandardAttributesMask {
	mask := writable()
	mask.EmailVerified = jsii.Bool(true)
	return mask
}

// writable are those that it changes: what people tell about themselves.
func writable() *awscognito.StandardAttributesMask {
	return &awscognito.StandardAttributesMask{
		Email: jsii.Bool(true), Fullname: jsii.Bool(true), GivenName: jsii.Bool(true), FamilyName: jsii.Bool(true),
		Nickname: jsii.Bool(true), Locale: jsii.Bool(true), ProfilePicture: jsii.Bool(true), Timezone: jsii.Bool(true),
	}
}

// newFacebook is hosted sign-in with Facebook, when the settings have it: the
// app's secret stays in Secrets Manager.
func (s *stack) newFacebook(pool awscognito.UserPool) awscognito.UserPoolIdentityProviderFacebook {
	f := s.Settings.SignIn
	if f.FacebookAppID == "" {
		return nil
	}
	pool.AddDomain(jsii.String("Domain"), &awscognito.UserPoolDomainOptions{
		CognitoDomain: &awscognito.CognitoDomainOptions{DomainPrefix: jsii.String(f.DomainPrefix)},
	})
	return awscognito.NewUserPoolIdentityProviderFacebook(s.Stack, jsii.String("Facebook"), &awscognito.UserPoolIdentityProviderFacebookProps{
		UserPool:     pool,
		ClientId:     jsii.String(f.FacebookAppID),
		ClientSecret: awscdk.SecretValue_SecretsManager(jsii.String(f.FacebookSecret), nil).UnsafeUnwrap(),
		Scopes:       jsii.Strings("public_profile", "email"),
		AttributeMapping: &awscognito.AttributeMapping{
			Email: awscognito.ProviderAttribute_FACEBOOK_EMAIL(), Fullname: awscognito.ProviderAttribute_FACEBOOK_NAME(),
		},
	})
}

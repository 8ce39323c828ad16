package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/settings"
)

// newUserPool is the pool of the settings, with its triggers.
func (p *Pool) newUserPool() {
	set := p.settings.Pool
	custom := map[string]awscognito.ICustomAttribute{}
	for _, a := range set.Attributes {
		custom[a.Name] = awscognito.NewStringAttribute(&awscognito.StringAttributeProps{
			MinLen: number(a.MinLength), MaxLen: number(a.MaxLength), Mutable: jsii.Bool(true),
		})
	}
	props := &awscognito.UserPoolProps{
		UserPoolName:        p.name(set.Name),
		SelfSignUpEnabled:   jsii.Bool(set.SelfSignUp),
		SignInAliases:       &awscognito.SignInAliases{Email: jsii.Bool(true)},
		SignInCaseSensitive: jsii.Bool(false),
		AutoVerify:          &awscognito.AutoVerifiedAttrs{Email: jsii.Bool(true)},
		// The old address stays in use until the new one is verified.
		KeepOriginal: &awscognito.KeepOriginalAttrs{Email: jsii.Bool(true)},
		// No StandardAttributes: email is the sign-in name anyway, and people report that a pool
		// whose Schema has the CDK's entry for it, without a data type, refuses every later
		// update (https://github.com/aws/aws-cdk/issues/8585).
		CustomAttributes: &custom,
		PasswordPolicy: &awscognito.PasswordPolicy{
			MinLength:            number(set.PasswordPolicy.MinimumLength),
			RequireDigits:        jsii.Bool(set.PasswordPolicy.RequireNumbers),
			RequireLowercase:     jsii.Bool(set.PasswordPolicy.RequireLowercase),
			RequireUppercase:     jsii.Bool(set.PasswordPolicy.RequireUppercase),
			RequireSymbols:       jsii.Bool(set.PasswordPolicy.RequireSymbols),
			TempPasswordValidity: awscdk.Duration_Days(number(set.PasswordPolicy.TemporaryPasswordDays)),
			PasswordHistorySize:  numberOrNil(set.PasswordPolicy.HistorySize),
		},
		AccountRecovery: awscognito.AccountRecovery_EMAIL_ONLY,
		Mfa:             mfa[set.MFA],
		DeviceTracking:  devices(set.DeviceRules()),
		Email:           p.cognitoEmail(),
		FeaturePlan:     awscognito.FeaturePlan_ESSENTIALS,
		LambdaTriggers: &awscognito.UserPoolTriggers{
			PreSignUp: p.Functions["pre-sign-up"], PostConfirmation: p.Functions["post-confirmation"],
		},
		DeletionProtection: jsii.Bool(p.protected()),
		RemovalPolicy:      p.removal(),
	}
	if set.MFA != "off" {
		// An authenticator app: SMS would need a phone number and SNS.
		props.MfaSecondFactor = &awscognito.MfaSecondFactor{Otp: jsii.Bool(true), Sms: jsii.Bool(false)}
	}
	if p.settings.Invitations.FollowUp {
		props.LambdaTriggers.PreTokenGeneration = p.Functions["post-confirmation"]
	}
	if p.settings.Mail.UsesCustomSender() {
		props.LambdaTriggers.CustomEmailSender, props.CustomSenderKmsKey = p.Functions["custom-email-sender"], p.Key
	} else {
		props.LambdaTriggers.CustomMessage = p.Functions["custom-message"]
	}
	pool := awscognito.NewUserPool(p, jsii.String("UserPool"), props)
	pool.Node().AddDependency(p.ConfigurationSet)
	p.UserPool, p.values.UserPoolID = pool, *pool.UserPoolId()
	for _, g := range p.settings.Groups {
		group := pool.AddGroup(jsii.String("Group-"+g.StableID()), &awscognito.UserPoolGroupOptions{GroupName: jsii.String(g.Name)})
		p.keep(group)
		identify(group, g.ID)
	}
	p.newDeliveryErrors()
	suppress(pool, "AwsSolutions-COG1",
		"The adopter sets the password policy (pool.passwordPolicy); the default is the tutorial's: 8 characters with a digit.")
	suppress(pool, "AwsSolutions-COG8",
		"The Plus feature plan costs extra for every user; threat protection is the adopter's choice.")
	if set.MFA != "required" {
		suppress(pool, "AwsSolutions-COG2", "MFA is the adopter's choice (pool.mfa).")
	}
}

// newDeliveryErrors is Cognito's own log of the messages that it could not deliver, of which it
// says nothing anywhere else (developer guide, "Exporting user pool logs"). Its lines name users,
// so they are kept for as long as it takes to look.
func (p *Pool) newDeliveryErrors() {
	log := awslogs.NewLogGroup(p, jsii.String("DeliveryErrorsLog"), &awslogs.LogGroupProps{
		LogGroupName: p.vendedLog(p.UserPool.UserPoolId()),
		Retention:    awslogs.RetentionDays_ONE_WEEK, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	awscognito.NewCfnLogDeliveryConfiguration(p, jsii.String("DeliveryErrors"), &awscognito.CfnLogDeliveryConfigurationProps{
		UserPoolId: p.UserPool.UserPoolId(),
		LogConfigurations: &[]*awscognito.CfnLogDeliveryConfiguration_LogConfigurationProperty{{
			EventSource: jsii.String("userNotification"), LogLevel: jsii.String("ERROR"), // the only level of this source
			CloudWatchLogsConfiguration: &awscognito.CfnLogDeliveryConfiguration_CloudWatchLogsConfigurationProperty{
				// Cognito takes no ARN that ends with ":*", as LogGroupArn does.
				LogGroupArn: p.stack.FormatArn(&awscdk.ArnComponents{
					Service: jsii.String("logs"), Resource: jsii.String("log-group"), ResourceName: log.LogGroupName(),
					ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
				}),
			},
		}},
	})
	p.newAlarm(alarm{
		id: "CognitoCannotDeliver", pageNow: true, meaning: "Cognito could not deliver codes, invitations or other messages.",
		metric: p.logMetric(log, "Undelivered", "messages", "").With(quarterHour()), threshold: 3,
	})
}

var mfa = map[string]awscognito.Mfa{
	"required": awscognito.Mfa_REQUIRED, "optional": awscognito.Mfa_OPTIONAL, "off": awscognito.Mfa_OFF,
}

// devices is DeviceConfiguration. "Always" in the console means not to ask the user.
func devices(rules settings.DeviceRules) *awscognito.DeviceTracking {
	if !rules.Tracked {
		return nil
	}
	return &awscognito.DeviceTracking{
		ChallengeRequiredOnNewDevice:     jsii.Bool(rules.ReplacesMFA),
		DeviceOnlyRememberedOnUserPrompt: jsii.Bool(rules.OnPrompt),
	}
}

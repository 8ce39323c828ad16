package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/jsii-runtime-go"
)

// newCodeKey is the key that Cognito encrypts codes and temporary passwords with
// before it hands them to custom-email-sender. There is none when Cognito sends
// the mails.
//
// Cognito gets its right to encrypt by a grant that whoever creates the pool
// makes, here CloudFormation (Cognito developer guide, "Custom sender Lambda
// triggers"). The key's policy leaves that to IAM, as the CDK's default does: a
// statement of its own, with the pool's id as the guide has it, would be a
// circle, since the pool waits for its key. Older editions of the guide let
// Cognito itself make the grant, for pools of this account; it does no harm.
func (s *stack) newCodeKey() awskms.Key {
	if !s.Settings.Mail.UsesCustomSender() {
		return nil
	}
	key := awskms.NewKey(s.Stack, jsii.String("CodeKey"), &awskms.KeyProps{
		Description:       jsii.String("Poolpost: codes on their way from Cognito to send-mail"),
		EnableKeyRotation: jsii.Bool(true),
		// A pool that stays cannot work without its key.
		RemovalPolicy: s.removal(),
	})
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cognito-idp.amazonaws.com"), nil)},
		Actions:    jsii.Strings("kms:CreateGrant"),
		Resources:  jsii.Strings("*"), // this key
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": s.Account()},
			"ArnLike": map[string]any{"aws:SourceArn": s.FormatArn(&awscdk.ArnComponents{
				Service: jsii.String("cognito-idp"), Resource: jsii.String("userpool"), ResourceName: jsii.String("*"),
			})},
		},
	}), nil)
	return key
}

// openCodes lets send-mail open the codes of this pool.
func (s *stack) openCodes(sender *function, key awskms.Key, pool awscognito.UserPool) {
	if key == nil {
		return
	}
	sender.role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings("kms:Decrypt"),
		Resources: &[]*string{key.KeyArn()},
		// What Cognito binds every code to.
		Conditions: &map[string]any{"StringEquals": map[string]any{"kms:EncryptionContext:userpool-id": pool.UserPoolId()}},
	}))
}

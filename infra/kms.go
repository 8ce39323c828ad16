package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/jsii-runtime-go"
)

// newCustomSenderKey is the key that Cognito encrypts codes and temporary passwords with
// before it passes them to custom-email-sender. Without that trigger there is no key.
//
// Whoever creates the pool, here CloudFormation, makes the grant that lets Cognito encrypt
// (Cognito developer guide, "Custom sender Lambda triggers"). The key's policy leaves that to
// IAM, as the CDK's default does: a statement with the pool's id, as the guide has it, would be
// a cycle, since the pool depends on its key. Older editions of the guide let Cognito itself
// make the grant, for pools of this account; that does no harm.
func (p *Pool) newCustomSenderKey() {
	if !p.settings.Mail.UsesCustomSender() {
		return
	}
	p.Key = awskms.NewKey(p, jsii.String("CodeKey"), &awskms.KeyProps{
		Description:       jsii.String("Poolpost: codes on their way from Cognito to send-mail"),
		EnableKeyRotation: jsii.Bool(true),
		// A retained pool cannot work without its key.
		RemovalPolicy: p.removal(),
	})
	p.Key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cognito-idp.amazonaws.com"), nil)},
		Actions:    jsii.Strings("kms:CreateGrant"),
		Resources:  jsii.Strings("*"), // this key
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": p.stack.Account()},
			"ArnLike": map[string]any{"aws:SourceArn": p.stack.FormatArn(&awscdk.ArnComponents{
				Service: jsii.String("cognito-idp"), Resource: jsii.String("userpool"), ResourceName: jsii.String("*"),
			})},
		},
	}), nil)
	p.values.KMSKeyARN = *p.Key.KeyArn()
}

// grantDecrypt lets send-mail decrypt the codes of this pool.
func (p *Pool) grantDecrypt() {
	if p.Key == nil {
		return
	}
	p.Functions["send-mail"].AddToRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings("kms:Decrypt"),
		Resources: &[]*string{p.Key.KeyArn()},
		// Cognito encrypts every code in this context.
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"kms:EncryptionContext:userpool-id": p.UserPool.UserPoolId()},
		},
	}))
}

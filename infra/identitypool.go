package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognitoidentitypool"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// newIdentityPool turns a sign-in into AWS credentials, if the settings have it. There is one
// role for users who have signed in and one for guests. Neither has permissions until the
// adopter adds them; the example bucket shows how.
func (p *Pool) newIdentityPool() {
	o := p.settings.IdentityPool
	if !o.Enabled {
		return
	}
	var userPools []awscognitoidentitypool.IUserPoolAuthenticationProvider
	for _, c := range p.settings.Clients {
		client := &awscognitoidentitypool.UserPoolAuthenticationProviderProps{
			UserPool: p.UserPool, UserPoolClient: p.Clients[c.Name],
		}
		userPools = append(userPools, awscognitoidentitypool.NewUserPoolAuthenticationProvider(client))
	}
	providers := &awscognitoidentitypool.IdentityPoolAuthenticationProviders{UserPools: &userPools}
	if o.FacebookAppID != "" {
		providers.Facebook = &awscognitoidentitypool.IdentityPoolFacebookLoginProvider{AppId: jsii.String(o.FacebookAppID)}
	}
	p.IdentityPool = awscognitoidentitypool.NewIdentityPool(p, jsii.String("IdentityPool"), &awscognitoidentitypool.IdentityPoolProps{
		IdentityPoolName:               p.name(p.settings.Pool.Name),
		AllowUnauthenticatedIdentities: jsii.Bool(o.Guests),
		AuthenticationProviders:        providers,
	})
	p.keep(p.IdentityPool)
	if o.Guests {
		suppress(p.IdentityPool, "AwsSolutions-COG7",
			"Guests are enabled (identityPool.guests); their role has only the permissions that the adopter adds.")
	}
	if o.ExampleBucket {
		p.newExampleBucket()
	}
}

// newExampleBucket shows what the roles are for: each signed-in identity reaches only the
// objects below its own identity id.
func (p *Pool) newExampleBucket() {
	p.ExampleBucket = awss3.NewBucket(p, jsii.String("ExampleBucket"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		EnforceSSL:        jsii.Bool(true),
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		RemovalPolicy:     p.removal(),
	})
	const own = "${cognito-identity.amazonaws.com:sub}" // the policy variable of the caller's identity id
	role := p.IdentityPool.AuthenticatedRole()
	role.AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
		Resources: &[]*string{p.ExampleBucket.ArnForObjects(jsii.String(own + "/*"))},
	}))
	role.AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:    jsii.Strings("s3:ListBucket"),
		Resources:  &[]*string{p.ExampleBucket.BucketArn()},
		Conditions: &map[string]any{"StringLike": map[string]any{"s3:prefix": []string{own + "/*"}}},
	}))
	suppress(p.ExampleBucket, "AwsSolutions-S1", "This bucket is an example; the adopter decides about access logs.")
	suppress(role, "AwsSolutions-IAM5", "The policy variable limits access to objects below the caller's own identity id.")
}

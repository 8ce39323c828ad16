package cognito

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// The provider is the one that the CDK app deploys, but for the secret, which is only in AWS.
func TestProviderIsTheDeployedOne(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Settings.SignIn.FacebookAppID = "1234567890" })
	provider := w.call("DescribeIdentityProvider", `{"UserPoolId":"`+poolID+`","ProviderName":"Facebook"}`)["IdentityProvider"].(map[string]any)
	properties := deployedIn(t, "full.yaml", "AWS::Cognito::UserPoolIdentityProvider")
	provider["ProviderDetails"].(map[string]any)["client_secret"] = properties["ProviderDetails"].(map[string]any)["client_secret"]
	for _, name := range []string{"ProviderName", "ProviderType", "ProviderDetails", "AttributeMapping"} {
		same(t, name, provider[name], properties[name])
	}
	ctx := context.Background()
	list, err := w.admin.ListIdentityProviders(ctx, &cognito.ListIdentityProvidersInput{UserPoolId: aws.String(poolID)})
	ok(t, err)
	if len(list.Providers) != 1 || *list.Providers[0].ProviderName != "Facebook" || list.Providers[0].ProviderType != "Facebook" {
		t.Errorf("listed %+v", list.Providers)
	}

	without := newWorld(t)
	if list, err = without.admin.ListIdentityProviders(ctx, &cognito.ListIdentityProvidersInput{UserPoolId: aws.String(poolID)}); err != nil || len(list.Providers) != 0 {
		t.Errorf("without a provider: %+v, %v", list, err)
	}
	_, err = without.admin.DescribeIdentityProvider(ctx, &cognito.DescribeIdentityProviderInput{UserPoolId: aws.String(poolID), ProviderName: aws.String("Facebook")})
	refused(t, err, "ResourceNotFoundException", "Identity provider Facebook does not exist.")
	_, err = w.admin.GetIdentityProviderByIdentifier(ctx, &cognito.GetIdentityProviderByIdentifierInput{UserPoolId: aws.String(poolID), IdpIdentifier: aws.String("fb")})
	refused(t, err, "ResourceNotFoundException", "Identity provider fb does not exist.")
}

func TestAnIdentityIsUnlinked(t *testing.T) {
	w := newWorld(t)
	sub := w.mustSignUp(ada)
	ok(t, w.link(sub, "Facebook", "123"))
	ok(t, w.link(sub, "Google", "123"))
	unlink := func(provider, attribute, id string) error {
		_, err := w.admin.AdminDisableProviderForUser(t.Context(), &cognito.AdminDisableProviderForUserInput{
			UserPoolId: aws.String(poolID),
			User:       &types.ProviderUserIdentifierType{ProviderName: aws.String(provider), ProviderAttributeName: aws.String(attribute), ProviderAttributeValue: aws.String(id)},
		})
		return err
	}
	if err := unlink("Facebook", "email", "123"); err == nil {
		t.Error("an identity is unlinked by its address")
	}
	ok(t, unlink("Facebook", "Cognito_Subject", "123"))
	refused(t, unlink("Facebook", "Cognito_Subject", "123"), "UserNotFoundException", "User does not exist.")
	if name, err := w.comes("Facebook", "123"); err != nil || name != "facebook_123" {
		t.Errorf("the unlinked identity: %q, %v", name, err)
	}
	if name, err := w.comes("Google", "123"); err != nil || name != sub {
		t.Errorf("the other one: %q, %v", name, err)
	}
	if err := unlink("Facebook", "Cognito_Subject", "123"); err == nil {
		t.Error("a provider's own user is unlinked from itself")
	}
}

func TestWhatOperatorsRead(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Settings.Pool.Tags = map[string]string{"AppName": "MyApp"} })
	arn := "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/" + poolID
	ctx := context.Background()
	tags, err := w.admin.ListTagsForResource(ctx, &cognito.ListTagsForResourceInput{ResourceArn: aws.String(arn)})
	ok(t, err)
	if !maps.Equal(tags.Tags, map[string]string{"AppName": "MyApp"}) {
		t.Errorf("the tags are %v", tags.Tags)
	}
	_, err = w.admin.ListTagsForResource(ctx, &cognito.ListTagsForResourceInput{ResourceArn: aws.String(arn + "x")})
	refused(t, err, "ResourceNotFoundException", "User pool "+arn+"x does not exist.")

	header, err := w.admin.GetCSVHeader(ctx, &cognito.GetCSVHeaderInput{UserPoolId: aws.String(poolID)})
	ok(t, err)
	for _, name := range []string{"email", "email_verified", "custom:agentName", "cognito:mfa_enabled", "cognito:username"} {
		if !slices.Contains(header.CSVHeader, name) {
			t.Errorf("the header lacks %s: %v", name, header.CSVHeader)
		}
	}
	if slices.Contains(header.CSVHeader, "sub") {
		t.Error("sub can be imported")
	}

	for operation, member := range map[string]string{
		"ListUserImportJobs": "UserImportJobs", "ListResourceServers": "ResourceServers", "ListUserPoolClientSecrets": "ClientSecrets",
	} {
		answer, err := json.Marshal(w.call(operation, `{"UserPoolId":"`+poolID+`","MaxResults":10}`))
		if want := `{"` + member + `":[]}`; err != nil || string(answer) != want {
			t.Errorf("%s answers %s, want %s", operation, answer, want)
		}
		if got := w.call(operation, `{"UserPoolId":"eu-central-1_Other"}`); got["__type"] != "ResourceNotFoundException" {
			t.Errorf("%s of another pool: %v", operation, got)
		}
	}
	if got := w.call("DescribeResourceServer", `{"UserPoolId":"`+poolID+`","Identifier":"api"}`); got["__type"] != "ResourceNotFoundException" {
		t.Errorf("a resource server: %v", got)
	}
	for _, operation := range []string{"AdminListUserAuthEvents", "AdminUpdateAuthEventFeedback", "UpdateAuthEventFeedback", "DescribeRiskConfiguration", "SetRiskConfiguration"} {
		if got := w.call(operation, `{"UserPoolId":"`+poolID+`","Username":"`+ada+`"}`); got["__type"] != "UserPoolAddOnNotEnabledException" {
			t.Errorf("%s: %v", operation, got)
		}
	}
}

func TestAdministratorsChangeGroupsAndAuthenticators(t *testing.T) {
	w := newWorld(t, withMFA("optional"))
	ctx := context.Background()
	_, err := w.admin.CreateGroup(ctx, &cognito.CreateGroupInput{UserPoolId: aws.String(poolID), GroupName: aws.String("crew"), Description: aws.String("Crew"), Precedence: aws.Int32(3)})
	ok(t, err)
	updated, err := w.admin.UpdateGroup(ctx, &cognito.UpdateGroupInput{UserPoolId: aws.String(poolID), GroupName: aws.String("crew"), Precedence: aws.Int32(0)})
	ok(t, err)
	if g := updated.Group; *g.Description != "Crew" || *g.Precedence != 0 {
		t.Errorf("the group is %+v", g)
	}
	_, err = w.admin.UpdateGroup(ctx, &cognito.UpdateGroupInput{UserPoolId: aws.String(poolID), GroupName: aws.String("nobody")})
	refused(t, err, "ResourceNotFoundException", "Group not found.")

	w.mustSignUp(ada)
	u := w.pool.find(ada)
	u.totp = totp{secret: []byte("secret"), enabled: true, preferred: true}
	one := `{"UserPoolId":"` + poolID + `","Username":"` + ada + `"}`
	if got := w.call("AdminGetUserAuthFactors", one); got["PreferredMfaSetting"] != "SOFTWARE_TOKEN_MFA" || got["Username"] != u.name {
		t.Errorf("the factors are %v", got)
	}
	w.call("AdminDeleteSoftwareToken", one)
	if got := w.call("AdminGetUserAuthFactors", one); got["PreferredMfaSetting"] != nil {
		t.Errorf("afterwards the factors are %v", got)
	}
}

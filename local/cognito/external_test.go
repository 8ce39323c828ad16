package cognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// link is AdminLinkProviderForUser with the AWS SDK.
func (w *world) link(user, provider, id string) error {
	_, err := w.admin.AdminLinkProviderForUser(w.t.Context(), &cognito.AdminLinkProviderForUserInput{
		UserPoolId:      aws.String(poolID),
		DestinationUser: &types.ProviderUserIdentifierType{ProviderName: aws.String("Cognito"), ProviderAttributeValue: aws.String(user)},
		SourceUser: &types.ProviderUserIdentifierType{
			ProviderName: aws.String(provider), ProviderAttributeName: aws.String("Cognito_Subject"), ProviderAttributeValue: aws.String(id),
		},
	})
	return err
}

func (w *world) comes(provider, id string) (string, error) {
	return w.pool.SignInWithProvider(w.t.Context(), webClient, provider, id, map[string]string{"email": ada, "name": "Ada"})
}

func TestProviderUserSignsUpOnce(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		if name, err := w.comes("Facebook", "123"); err != nil || name != "facebook_123" {
			t.Errorf("got %q, %v", name, err)
		}
	}
	signUps, confirmations := w.called("pre-sign-up"), w.called("post-confirmation")
	if len(signUps) != 1 || len(confirmations) != 1 {
		t.Fatalf("pre-sign-up was called %d times and post-confirmation %d times", len(signUps), len(confirmations))
	}
	var e struct {
		TriggerSource, UserName string
		CallerContext           struct{ ClientID string }
		Request                 struct{ UserAttributes, ValidationData map[string]string }
	}
	ok(t, json.Unmarshal(signUps[0], &e))
	if e.TriggerSource != "PreSignUp_ExternalProvider" || e.UserName != "facebook_123" || e.CallerContext.ClientID != webClient ||
		e.Request.UserAttributes["email"] != ada || e.Request.ValidationData == nil || len(e.Request.ValidationData) != 0 {
		t.Errorf("pre-sign-up got %s", signUps[0])
	}
	if !strings.Contains(string(confirmations[0]), `"triggerSource":"PostConfirmation_ConfirmSignUp"`) || strings.Contains(string(confirmations[0]), `"sub":"facebook_123"`) {
		t.Errorf("post-confirmation got %s", confirmations[0])
	}
	var confirmed struct {
		Request struct{ UserAttributes map[string]string }
	}
	ok(t, json.Unmarshal(confirmations[0], &confirmed))
	identities := fmt.Sprintf(`[{"userId":"123","providerName":"Facebook","providerType":"Facebook","issuer":null,"primary":true,"dateCreated":%d}]`, w.now().UnixMilli())
	if got := confirmed.Request.UserAttributes["identities"]; got != identities {
		t.Errorf("post-confirmation got the identities %s, want %s", got, identities)
	}
	out, err := w.admin.AdminGetUser(t.Context(), &cognito.AdminGetUserInput{UserPoolId: aws.String(poolID), Username: aws.String("facebook_123")})
	if err != nil || out.UserStatus != "EXTERNAL_PROVIDER" {
		t.Errorf("got %+v, %v", out, err)
	}
	if !slices.ContainsFunc(out.UserAttributes, func(a types.AttributeType) bool { return *a.Name == "identities" && *a.Value == identities }) {
		t.Errorf("AdminGetUser has %+v", out.UserAttributes)
	}
	// The address is still free for an account with a password (derived: a
	// provider's user does not sign in with it).
	if _, err := w.admin.AdminGetUser(t.Context(), &cognito.AdminGetUserInput{UserPoolId: aws.String(poolID), Username: aws.String(ada)}); err == nil {
		t.Error("the provider's user is found by the address")
	}
}

func TestRefusedProviderUserIsNotCreated(t *testing.T) {
	w := newWorld(t)
	w.functions["pre-sign-up"] = func(context.Context, []byte) ([]byte, error) { return nil, thrown("CODE: not here") }
	if _, err := w.comes("Facebook", "123"); err == nil || !strings.Contains(err.Error(), "PreSignUp failed with error CODE: not here.") {
		t.Errorf("got %v", err)
	}
	if w.pool.identities[identity{"Facebook", "123"}] != nil || len(w.called("post-confirmation")) != 0 {
		t.Error("there is a user all the same")
	}
	if _, err := w.pool.SignInWithProvider(t.Context(), "1nobodys11111111111111111x", "Facebook", "123", nil); err == nil {
		t.Error("an unknown app client is served")
	}
}

func TestLinkedIdentitySignsInToTheAccount(t *testing.T) {
	w := newWorld(t)
	sub := w.mustSignUp(ada)
	// Linked while it signs up, as pre-sign-up does: this first sign-in fails.
	w.functions["pre-sign-up"] = func(_ context.Context, payload []byte) ([]byte, error) {
		return payload, w.link(sub, "Facebook", "123")
	}
	if _, err := w.comes("Facebook", "123"); err == nil || !strings.Contains(err.Error(), "Already found an entry for username facebook_123") {
		t.Errorf("got %v", err)
	}
	if name, err := w.comes("Facebook", "123"); err != nil || name != sub {
		t.Errorf("the second sign-in: got %q, %v, want %s", name, err, sub)
	}

	w.pool.options.LinkedSignInSucceeds = true
	if name, err := w.comes("Facebook", "124"); err == nil || name != "" {
		t.Errorf("linked to the first identity's account: %q, %v", name, err)
	}
	w.functions["pre-sign-up"] = func(_ context.Context, payload []byte) ([]byte, error) {
		return payload, w.link(sub, "Facebook", "125")
	}
	if name, err := w.comes("Facebook", "125"); err != nil || name != sub {
		t.Errorf("the first sign-in, as reported since 2023: got %q, %v, want %s", name, err, sub)
	}
}

// The ID in the event is in lower case, and people are told apart by the ID as it is.
func TestAnIDIsInLowerCaseInTheEvent(t *testing.T) {
	w := newWorld(t)
	sub := w.mustSignUp(ada)
	ok(t, w.link(sub, "Okta", "00uab"))
	if name, err := w.comes("Okta", "00uAB"); err != nil || name != "okta_00uab" {
		t.Errorf("got %q, %v", name, err)
	}
	if asked := w.called("pre-sign-up"); !strings.Contains(string(asked[len(asked)-1]), `"userName":"okta_00uab"`) {
		t.Errorf("pre-sign-up got %s", asked[len(asked)-1])
	}
	if name, err := w.comes("Okta", "00uab"); err != nil || name != sub {
		t.Errorf("the linked ID: %q, %v", name, err)
	}
}

func TestEachSignInWritesTheProvidersAttributes(t *testing.T) {
	w := newWorld(t)
	sub := w.mustSignUp(ada)
	_, err := w.admin.AdminConfirmSignUp(t.Context(), &cognito.AdminConfirmSignUpInput{UserPoolId: aws.String(poolID), Username: aws.String(ada)})
	ok(t, err)
	ok(t, w.link(sub, "Facebook", "123"))
	for _, test := range []struct{ given, want map[string]string }{
		{map[string]string{"email": ada, "email_verified": "true", "name": "Ada L."}, map[string]string{"email_verified": "true", "name": "Ada L."}},
		{map[string]string{"name": "Ada"}, map[string]string{"email_verified": "true", "name": "Ada"}},
		{map[string]string{"email": ada}, map[string]string{"email_verified": "false", "name": "Ada", "email": ada}},
		{map[string]string{"email": "ada.l@example.com", "email_verified": "true"}, map[string]string{"email_verified": "true", "email": "ada.l@example.com"}},
	} {
		if name, err := w.pool.SignInWithProvider(t.Context(), webClient, "Facebook", "123", test.given); err != nil || name != sub {
			t.Fatalf("%v: %q, %v", test.given, name, err)
		}
		out, err := w.admin.AdminGetUser(t.Context(), &cognito.AdminGetUserInput{UserPoolId: aws.String(poolID), Username: aws.String(sub)})
		ok(t, err)
		got := map[string]string{}
		for _, a := range out.UserAttributes {
			got[*a.Name] = *a.Value
		}
		for key, value := range test.want {
			if got[key] != value {
				t.Errorf("after %v, %s is %q, want %q", test.given, key, got[key], value)
			}
		}
		if want := fmt.Sprintf(`[{"userId":"123","providerName":"Facebook","providerType":"Facebook","issuer":null,"primary":false,"dateCreated":%d}]`, w.now().UnixMilli()); got["identities"] != want {
			t.Errorf("the identities are %s", got["identities"])
		}
	}
	// An address of another account stays there.
	w.mustSignUp("bob@example.com")
	if _, err := w.pool.SignInWithProvider(t.Context(), webClient, "Facebook", "123", map[string]string{"email": "bob@example.com"}); err == nil {
		t.Error("it takes another account's address")
	}
}

func TestRefusedLinks(t *testing.T) {
	w := newWorld(t)
	sub, other := w.mustSignUp(ada), w.mustSignUp("bob@example.com")
	if _, err := w.comes("Google", "signed-up"); err != nil {
		t.Fatal(err)
	}
	ok(t, w.link(sub, "Facebook", "123"))
	for name, test := range map[string]struct{ user, provider, id, want string }{
		"twice":                          {sub, "Facebook", "123", "SourceUser is already linked to DestinationUser"},
		"to another user":                {other, "Facebook", "123", "Merging is not currently supported"},
		"an identity that has signed up": {sub, "Google", "signed-up", "Merging is not currently supported"},
		"to an unknown user":             {"nobody", "Facebook", "124", "UserNotFoundException"},
		"to an address":                  {ada, "Facebook", "124", "UserNotFoundException"},
		"a user with a password":         {sub, "Cognito", other, "InvalidParameterException"},
		"an unknown user":                {sub, "Facebook", "", "InvalidParameterException"},
	} {
		if err := w.link(test.user, test.provider, test.id); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
	for i := range maxLinks - 1 {
		if err := w.link(sub, "Facebook", fmt.Sprint("more-", i)); err != nil {
			t.Error(err)
		}
	}
	var limit *types.LimitExceededException
	if err := w.link(sub, "Facebook", "too-many"); !errors.As(err, &limit) {
		t.Errorf("a sixth identity: got %v", err)
	}
}

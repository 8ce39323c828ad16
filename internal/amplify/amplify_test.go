package amplify

import (
	"reflect"
	"slices"
	"testing"

	"poolpost/internal/settings/settingstest"
)

func TestTheFileFollowsTheSettings(t *testing.T) {
	outputs := map[string]string{"ClientId": "1sample", "LinksUrl": "https://links.example.com", "IdentityPoolId": "eu-central-1:00000000-0000-4000-8000-000000000000", "HostedSignInUrl": "https://sample.auth.eu-central-1.amazoncognito.com"}
	s := settingstest.SampleWith(t, "  mfa: off", "  mfa: optional", "  guests: true", "  guests: false")
	a := New(outputs, s).Auth
	want := &OAuth{
		Domain: "sample.auth.eu-central-1.amazoncognito.com", Providers: []string{"FACEBOOK"}, ResponseType: "code",
		SignIn: []string{"https://app.example.com/sign-in"}, SignOut: []string{"https://app.example.com/"},
		Scopes: []string{"openid", "email", "profile", "aws.cognito.signin.user.admin"},
	}
	if !reflect.DeepEqual(a.OAuth, want) {
		t.Errorf("hosted sign-in is %+v", a.OAuth)
	}
	if a.Guests || a.MFAConfiguration != "OPTIONAL" || !slices.Equal(a.MFAMethods, []string{"TOTP"}) {
		t.Errorf("got %+v", a)
	}
	if got := New(outputs, s).Custom.HelpURL; got != "https://links.example.com/help?client=1sample" {
		t.Errorf("the page for people who cannot sign in is %s", got)
	}
	s.Pool.MFA, s.IdentityPool.Guests = "required", true
	if a := New(map[string]string{}, s).Auth; a.Guests || a.OAuth != nil || a.MFAConfiguration != "REQUIRED" {
		t.Errorf("without an identity pool and hosted sign-in: %+v", a)
	}
	s.SignUp.Attributes[0].Label = nil
	if got := New(map[string]string{}, s).Custom.Attributes[0]; got.Key != "custom:agentName" || got.Label["en"] != "agentName" {
		t.Errorf("an attribute without a label is %+v", got)
	}
}

package cognito

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/internal/settings"
)

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	ok(t, err)
	var all map[string]any
	ok(t, json.Unmarshal(text, &all))
	return all
}

func TestTokens(t *testing.T) {
	w := newWorld(t)
	sub := w.mustConfirm(ada, with("custom:agentName", "Smith"))
	_, err := w.admin.AdminAddUserToGroup(context.Background(), &cognito.AdminAddUserToGroupInput{UserPoolId: aws.String(poolID), Username: aws.String(ada), GroupName: aws.String("members")})
	ok(t, err)
	out, err := w.signIn(ada, password)
	ok(t, err)
	r := out.AuthenticationResult
	if r.ExpiresIn != 3600 || *r.TokenType != "Bearer" || *r.RefreshToken == "" {
		t.Errorf("answered %+v", r)
	}
	now := float64(w.now().Unix())
	shared := map[string]any{
		"sub": sub, "iss": "https://cognito-idp.eu-central-1.amazonaws.com/" + poolID,
		"auth_time": now, "iat": now, "exp": now + 3600,
	}
	access, identity := claimsOf(t, *r.AccessToken), claimsOf(t, *r.IdToken)
	for name, test := range map[string]struct{ got, want map[string]any }{
		"access": {access, map[string]any{
			"token_use": "access", "client_id": webClient, "username": sub, "scope": "aws.cognito.signin.user.admin",
		}},
		"id": {identity, map[string]any{
			"token_use": "id", "aud": webClient, "cognito:username": sub, "email": ada, "email_verified": true, "custom:agentName": "Smith",
		}},
	} {
		for _, want := range []map[string]any{shared, test.want} {
			for claim, value := range want {
				if test.got[claim] != value {
					t.Errorf("the %s token has %s %v, want %v", name, claim, test.got[claim], value)
				}
			}
		}
		if groups, _ := test.got["cognito:groups"].([]any); len(groups) != 1 || groups[0] != "members" {
			t.Errorf("the %s token has the groups %v", name, groups)
		}
	}
	if access["jti"] == identity["jti"] || access["origin_jti"] != identity["origin_jti"] || access["event_id"] != identity["event_id"] {
		t.Errorf("the ids do not fit: %v and %v", access, identity)
	}
}

func TestRefreshTokens(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Settings.Clients = append(o.Settings.Clients, settings.Client{Name: "kiosk", RefreshTokenDays: 1})
		o.ClientIDs = map[string]string{"web": webClient, "kiosk": strings.Repeat("k", 26)}
	})
	w.mustConfirm(ada)
	out, err := w.signIn(ada, password)
	ok(t, err)
	refresh := func(client string) (*cognito.InitiateAuthOutput, error) {
		return w.api.InitiateAuth(context.Background(), &cognito.InitiateAuthInput{
			ClientId: &client, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
			AuthParameters: map[string]string{"REFRESH_TOKEN": *out.AuthenticationResult.RefreshToken},
		})
	}
	w.advance(30*24*time.Hour - time.Second)
	again, err := refresh(webClient)
	ok(t, err)
	before, after := claimsOf(t, *out.AuthenticationResult.AccessToken), claimsOf(t, *again.AuthenticationResult.AccessToken)
	if again.AuthenticationResult.RefreshToken != nil || after["origin_jti"] != before["origin_jti"] || after["auth_time"] != before["auth_time"] || after["exp"] == before["exp"] {
		t.Errorf("from %v\nto %v", before, after)
	}
	_, err = refresh(strings.Repeat("k", 26))
	refused(t, err, "NotAuthorizedException", "Invalid Refresh Token")
	w.advance(time.Second)
	_, err = refresh(webClient)
	refused(t, err, "NotAuthorizedException", "Refresh Token has expired")
}

func TestInitiateAuthRefuses(t *testing.T) {
	start := func(flow types.AuthFlowType, parameters map[string]string) func(w *world) error {
		return func(w *world) error {
			_, err := w.api.InitiateAuth(context.Background(), &cognito.InitiateAuthInput{ClientId: aws.String(webClient), AuthFlow: flow, AuthParameters: parameters})
			return err
		}
	}
	for name, test := range map[string]struct {
		run           func(w *world) error
		kind, message string
	}{
		"a wrong password": {start("USER_PASSWORD_AUTH", map[string]string{"USERNAME": ada, "PASSWORD": "wrong"}),
			"NotAuthorizedException", "Incorrect username or password."},
		"an unknown user in the same words": {start("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "eve@example.com", "PASSWORD": "wrong"}),
			"NotAuthorizedException", "Incorrect username or password."},
		"no password": {start("USER_PASSWORD_AUTH", map[string]string{"USERNAME": ada}),
			"InvalidParameterException", "Missing required parameter PASSWORD"},
		"a secret hash": {start("USER_PASSWORD_AUTH", map[string]string{"USERNAME": ada, "PASSWORD": password, "SECRET_HASH": "c2FtcGxl"}),
			"NotAuthorizedException", "Unable to verify secret hash for client " + webClient},
		"a flow that the client has not": {start("USER_SRP_AUTH", map[string]string{"USERNAME": ada}),
			"InvalidParameterException", "USER_SRP_AUTH flow not enabled for this client"},
		"an unknown flow": {start("MAGIC", nil),
			"InvalidParameterException", "1 validation error detected: Value 'MAGIC' at 'authFlow' failed to satisfy constraint: Member must satisfy enum value set: [USER_SRP_AUTH, REFRESH_TOKEN_AUTH, REFRESH_TOKEN, CUSTOM_AUTH, ADMIN_NO_SRP_AUTH, USER_PASSWORD_AUTH, ADMIN_USER_PASSWORD_AUTH, USER_AUTH]"},
		"a refresh token that was never issued": {start("REFRESH_TOKEN_AUTH", map[string]string{"REFRESH_TOKEN": "sample"}),
			"NotAuthorizedException", "Invalid Refresh Token"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.mustConfirm(ada)
			refused(t, test.run(w), test.kind, test.message)
		})
	}
}

func TestWrongPasswordDoesNotRevealAnUnconfirmedUser(t *testing.T) {
	w := newWorld(t)
	w.mustSignUp(ada)
	_, err := w.signIn(ada, "wrong")
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
}

func TestUnknownChallengeIsRefused(t *testing.T) {
	w := newWorld(t)
	_, err := w.api.RespondToAuthChallenge(context.Background(), &cognito.RespondToAuthChallengeInput{ClientId: aws.String(webClient), ChallengeName: types.ChallengeNameTypeSmsMfa})
	refused(t, err, "InvalidParameterException", "This pool has no challenge SMS_MFA.")
}

func TestAccessTokens(t *testing.T) {
	w := newWorld(t)
	name := w.mustConfirm(ada)
	out, err := w.signIn(ada, password)
	ok(t, err)
	get := func(token string) (*cognito.GetUserOutput, error) {
		return w.api.GetUser(context.Background(), &cognito.GetUserInput{AccessToken: &token})
	}
	token := *out.AuthenticationResult.AccessToken
	user, err := get(token)
	ok(t, err)
	if *user.Username != name || *user.UserAttributes[0].Name != "sub" || *user.UserAttributes[1].Value != ada {
		t.Errorf("GetUser answered %+v", user)
	}
	parts := strings.Split(token, ".")
	stranger := newWorld(t)
	stranger.mustConfirm(ada)
	for name, forged := range map[string]string{
		"an ID token":              *out.AuthenticationResult.IdToken,
		"no token":                 "sample",
		"a token without a body":   "..",
		"one of another pool":      *stranger.mustSignIn(ada),
		"one without a signature":  parts[0] + "." + parts[1] + ".",
		"one with another content": parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"token_use":"access"}`)) + "." + parts[2],
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(forged)
			refused(t, err, "NotAuthorizedException", "Invalid Access Token")
		})
	}
	w.advance(time.Hour)
	_, err = get(token)
	refused(t, err, "NotAuthorizedException", "Access Token has expired")
}

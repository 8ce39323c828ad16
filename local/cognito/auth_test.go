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

func (w *world) start(flow types.AuthFlowType, parameters map[string]string) error {
	_, err := w.api.InitiateAuth(context.Background(), &cognito.InitiateAuthInput{ClientId: aws.String(webClient), AuthFlow: flow, AuthParameters: parameters})
	return err
}

func (w *world) adminStart(flow types.AuthFlowType, parameters map[string]string) error {
	_, err := w.admin.AdminInitiateAuth(context.Background(), &cognito.AdminInitiateAuthInput{
		UserPoolId: aws.String(poolID), ClientId: aws.String(webClient), AuthFlow: flow, AuthParameters: parameters,
	})
	return err
}

func TestSignInStartsAsTheClientAllows(t *testing.T) {
	withPassword := map[string]string{"USERNAME": ada, "PASSWORD": password}
	srpA := map[string]string{"USERNAME": ada, "SRP_A": "a1"}
	tests := []struct {
		start      func(*world, types.AuthFlowType, map[string]string) error
		flow       types.AuthFlowType
		parameters map[string]string
		message    string // of an InvalidParameterException
	}{
		{(*world).start, "USER_PASSWORD_AUTH", withPassword, "USER_PASSWORD_AUTH flow not enabled for this client"},
		{(*world).start, "USER_AUTH", withPassword, "USER_AUTH flow not enabled for this client"},
		{(*world).start, "CUSTOM_AUTH", withPassword, "CUSTOM_AUTH flow not enabled for this client"},
		{(*world).start, "ADMIN_USER_PASSWORD_AUTH", withPassword, "Initiate Auth method not supported."},
		{(*world).start, "ADMIN_NO_SRP_AUTH", withPassword, "Initiate Auth method not supported."},
		{(*world).start, "MAGIC", nil, "1 validation error detected: Value 'MAGIC' at 'authFlow' failed to satisfy constraint: Member must satisfy enum value set: [USER_SRP_AUTH, REFRESH_TOKEN_AUTH, REFRESH_TOKEN, CUSTOM_AUTH, ADMIN_NO_SRP_AUTH, USER_PASSWORD_AUTH, ADMIN_USER_PASSWORD_AUTH, USER_AUTH]"},
		{(*world).start, "USER_SRP_AUTH", map[string]string{"USERNAME": ada}, "Missing required parameter SRP_A"},
		{(*world).start, "USER_SRP_AUTH", map[string]string{"SRP_A": "a1"}, "Missing required parameter USERNAME"},
		{(*world).start, "REFRESH_TOKEN_AUTH", nil, "Missing required parameter REFRESH_TOKEN"},
		{(*world).start, "USER_SRP_AUTH", srpA, ""},
		{(*world).adminStart, "ADMIN_USER_PASSWORD_AUTH", withPassword, "Auth flow not enabled for this client"},
		{(*world).adminStart, "ADMIN_NO_SRP_AUTH", withPassword, "Auth flow not enabled for this client"},
		{(*world).adminStart, "USER_PASSWORD_AUTH", withPassword, "Initiate Auth method not supported."},
		{(*world).adminStart, "CUSTOM_AUTH", withPassword, "CUSTOM_AUTH flow not enabled for this client"},
		{(*world).adminStart, "USER_SRP_AUTH", srpA, ""},
	}
	w := newWorld(t)
	w.mustConfirm(ada)
	for _, test := range tests {
		t.Run(string(test.flow), func(t *testing.T) {
			if err := test.start(w, test.flow, test.parameters); test.message == "" {
				ok(t, err)
			} else {
				refused(t, err, "InvalidParameterException", test.message)
			}
		})
	}
	t.Run("a secret hash", func(t *testing.T) {
		err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": ada, "SRP_A": "a1", "SECRET_HASH": "c2FtcGxl"})
		refused(t, err, "NotAuthorizedException", "Unable to verify secret hash for client "+webClient)
	})
	t.Run("a client that does not allow SRP", func(t *testing.T) {
		w := newWorld(t)
		w.pool.clients[webClient] = appClient{Access: settings.Access{AuthFlows: []string{settings.AllowRefresh}}}
		refused(t, w.start("USER_SRP_AUTH", srpA), "InvalidParameterException", "USER_SRP_AUTH is not enabled for the client.")
	})
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

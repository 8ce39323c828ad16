package cognito

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/internal/settings"
)

// withoutDevices is a pool that does not track devices.
func withoutDevices(o *Options) { o.Settings.Pool.Devices = "off" }

// A refresher is one of the two operations that take a refresh token.
type refresher func(w *world, client, token, device string) (*types.AuthenticationResultType, error)

func byInitiateAuth(w *world, client, token, device string) (*types.AuthenticationResultType, error) {
	parameters := map[string]string{"REFRESH_TOKEN": token}
	if device != "" {
		parameters["DEVICE_KEY"] = device
	}
	out, err := w.api.InitiateAuth(context.Background(), &cognito.InitiateAuthInput{
		ClientId: &client, AuthFlow: types.AuthFlowTypeRefreshTokenAuth, AuthParameters: parameters,
	})
	if err != nil {
		return nil, err
	}
	return out.AuthenticationResult, nil
}

func byGetTokens(w *world, client, token, device string) (*types.AuthenticationResultType, error) {
	in := &cognito.GetTokensFromRefreshTokenInput{ClientId: &client, RefreshToken: &token}
	if device != "" {
		in.DeviceKey = &device
	}
	out, err := w.api.GetTokensFromRefreshToken(context.Background(), in)
	if err != nil {
		return nil, err
	}
	return out.AuthenticationResult, nil
}

var refreshers = map[string]refresher{"InitiateAuth": byInitiateAuth, "GetTokensFromRefreshToken": byGetTokens}

func TestRefreshTokens(t *testing.T) {
	kiosk := strings.Repeat("k", 26)
	for name, refresh := range refreshers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withoutDevices, func(o *Options) {
				o.Settings.Clients = append(o.Settings.Clients, settings.Client{Name: "kiosk", RefreshTokenDays: 1, AccessTokenMinutes: 5, IDTokenMinutes: 10})
				o.ClientIDs = map[string]string{"web": webClient, "kiosk": kiosk}
			})
			w.mustConfirm(ada)
			out, err := w.signIn(ada, password)
			ok(t, err)
			first := out.AuthenticationResult
			token := *first.RefreshToken
			w.advance(30*24*time.Hour - time.Second)
			again, err := refresh(w, webClient, token, "")
			ok(t, err)
			before, after := claimsOf(t, *first.AccessToken), claimsOf(t, *again.AccessToken)
			if again.RefreshToken != nil || after["origin_jti"] != before["origin_jti"] || after["auth_time"] != before["auth_time"] ||
				after["exp"] == before["exp"] || after["jti"] == before["jti"] {
				t.Errorf("from %v\nto %v", before, after)
			}
			_, err = refresh(w, kiosk, token, "")
			refused(t, err, "NotAuthorizedException", "Invalid Refresh Token")
			for _, forged := range []string{"sample", token[:len(token)-2] + "AA", *first.AccessToken, "....", "a.b.c.d.e"} {
				_, err = refresh(w, webClient, forged, "")
				refused(t, err, "NotAuthorizedException", "Invalid Refresh Token")
			}
			w.advance(time.Second)
			_, err = refresh(w, webClient, token, "")
			refused(t, err, "NotAuthorizedException", "Refresh Token has expired")
		})
	}
}

func TestGetTokensWithAClientSecret(t *testing.T) {
	w := newWorld(t)
	_, err := w.api.GetTokensFromRefreshToken(context.Background(), &cognito.GetTokensFromRefreshTokenInput{
		ClientId: aws.String(webClient), RefreshToken: aws.String("sample"), ClientSecret: aws.String("sample"),
	})
	refused(t, err, "NotAuthorizedException", "Unable to verify secret hash for client "+webClient)
}

// What ends sign-ins, and which: each test signs in twice, and ends the first.
func TestSignedOutTokensAreDead(t *testing.T) {
	ctx := context.Background()
	user := func(w *world) (pool, name *string) { return aws.String(poolID), aws.String(ada) }
	for name, test := range map[string]struct {
		end          func(w *world, first *types.AuthenticationResultType) error
		secondLives  bool
		refresh, use string // texts of NotAuthorizedException
	}{
		"RevokeToken ends one": {func(w *world, first *types.AuthenticationResultType) error {
			_, err := w.api.RevokeToken(ctx, &cognito.RevokeTokenInput{ClientId: aws.String(webClient), Token: first.RefreshToken})
			return err
		}, true, "Refresh Token has been revoked", "Access Token has been revoked"},
		"GlobalSignOut ends all": {func(w *world, first *types.AuthenticationResultType) error {
			_, err := w.api.GlobalSignOut(ctx, &cognito.GlobalSignOutInput{AccessToken: first.AccessToken})
			return err
		}, false, "Refresh Token has been revoked", "Access Token has been revoked"},
		"AdminUserGlobalSignOut ends all": {func(w *world, _ *types.AuthenticationResultType) error {
			pool, name := user(w)
			_, err := w.admin.AdminUserGlobalSignOut(ctx, &cognito.AdminUserGlobalSignOutInput{UserPoolId: pool, Username: name})
			return err
		}, false, "Refresh Token has been revoked", "Access Token has been revoked"},
		"AdminDisableUser ends all": {func(w *world, _ *types.AuthenticationResultType) error {
			pool, name := user(w)
			_, err := w.admin.AdminDisableUser(ctx, &cognito.AdminDisableUserInput{UserPoolId: pool, Username: name})
			return err
		}, false, "Refresh Token has been revoked", "Access Token has been revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withoutDevices)
			w.mustConfirm(ada)
			var sessions []*types.AuthenticationResultType
			for range 2 {
				out, err := w.signIn(ada, password)
				ok(t, err)
				sessions = append(sessions, out.AuthenticationResult)
			}
			ok(t, test.end(w, sessions[0]))
			for i, s := range sessions {
				for _, refresh := range refreshers {
					_, refreshed := refresh(w, webClient, *s.RefreshToken, "")
					_, used := w.api.GetUser(ctx, &cognito.GetUserInput{AccessToken: s.AccessToken})
					if i == 1 && test.secondLives {
						ok(t, refreshed)
						ok(t, used)
						continue
					}
					refused(t, refreshed, "NotAuthorizedException", test.refresh)
					refused(t, used, "NotAuthorizedException", test.use)
				}
			}
		})
	}
}

func TestSigningInAfterASignOutEverywhere(t *testing.T) {
	w := newWorld(t, withoutDevices)
	w.mustConfirm(ada)
	w.mustConfirm("bob@example.com")
	other := w.mustSignIn("bob@example.com")
	_, err := w.api.GlobalSignOut(context.Background(), &cognito.GlobalSignOutInput{AccessToken: w.mustSignIn(ada)})
	ok(t, err)
	// In the same second.
	for _, token := range []*string{w.mustSignIn(ada), other} {
		_, err := w.api.GetUser(context.Background(), &cognito.GetUserInput{AccessToken: token})
		ok(t, err)
	}
}

func TestRevokeTokenRefuses(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	out, err := w.signIn(ada, password)
	ok(t, err)
	revoke := func(token *string) error {
		_, err := w.api.RevokeToken(context.Background(), &cognito.RevokeTokenInput{ClientId: aws.String(webClient), Token: token})
		return err
	}
	refused(t, revoke(out.AuthenticationResult.AccessToken), "UnsupportedTokenTypeException", "Only refresh tokens can be revoked.")
	ok(t, revoke(aws.String("sample")))
}

func TestRevokedTokensAreForgottenWhenTheyHaveExpired(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	for range 5 {
		out, err := w.signIn(ada, password)
		ok(t, err)
		_, err = w.api.RevokeToken(context.Background(), &cognito.RevokeTokenInput{ClientId: aws.String(webClient), Token: out.AuthenticationResult.RefreshToken})
		ok(t, err)
		w.advance(31 * 24 * time.Hour)
	}
	if n := len(w.pool.revoked); n != 1 {
		t.Errorf("%d revoked sign-ins are remembered, want the last one", n)
	}
}

func TestDisabledUsers(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	w.mustConfirm(ada)
	_, err := w.admin.AdminDisableUser(ctx, &cognito.AdminDisableUserInput{UserPoolId: aws.String(poolID), Username: aws.String(ada)})
	ok(t, err)
	_, err = w.signIn(ada, password)
	refused(t, err, "NotAuthorizedException", "User is disabled.")
	_, err = w.signIn(ada, "wrong")
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	found, err := w.admin.ListUsers(ctx, &cognito.ListUsersInput{UserPoolId: aws.String(poolID), Filter: aws.String(`status = "Disabled"`)})
	ok(t, err)
	if len(found.Users) != 1 || found.Users[0].Enabled {
		t.Errorf("found %+v", found.Users)
	}
	_, err = w.admin.AdminEnableUser(ctx, &cognito.AdminEnableUserInput{UserPoolId: aws.String(poolID), Username: aws.String(ada)})
	ok(t, err)
	w.mustSignIn(ada)
}

func TestDisabledInTheMiddleOfASignIn(t *testing.T) {
	w, first := onDevice(t)
	key := *first.NewDeviceMetadata.DeviceKey
	out, err := w.signInOn(key, ada, password)
	ok(t, err)
	_, err = w.admin.AdminDisableUser(context.Background(), &cognito.AdminDisableUserInput{UserPoolId: aws.String(poolID), Username: aws.String(ada)})
	ok(t, err)
	_, err = w.proveDevice(out, key, *first.NewDeviceMetadata.DeviceGroupKey, devicePassword)
	refused(t, err, "NotAuthorizedException", "User is disabled.")
}

// TestRotatedRefreshTokens: each refresh gives a new refresh token, and the one before is taken for
// the grace period only.
func TestRotatedRefreshTokens(t *testing.T) {
	rotating := func(o *Options) {
		o.Settings.Clients[0].RotateRefreshTokens, o.Settings.Clients[0].RefreshGraceSeconds = true, 10
	}
	w := newWorld(t, withoutDevices, rotating)
	w.mustConfirm(ada)
	out, err := w.signIn(ada, password)
	ok(t, err)
	first := *out.AuthenticationResult.RefreshToken
	_, err = byInitiateAuth(w, webClient, first, "")
	refused(t, err, "InvalidParameterException", "REFRESH_TOKEN_AUTH flow not enabled for this client")
	w.advance(24 * time.Hour)
	second, err := byGetTokens(w, webClient, first, "")
	ok(t, err)
	if second.RefreshToken == nil || *second.RefreshToken == first {
		t.Fatal("there is no new refresh token")
	}
	w.advance(10 * time.Second)
	again, err := byGetTokens(w, webClient, first, "") // as an app that lost the answer
	ok(t, err)
	w.advance(time.Second)
	_, err = byGetTokens(w, webClient, first, "")
	refused(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	for _, token := range []string{*second.RefreshToken, *again.RefreshToken} {
		_, err = byGetTokens(w, webClient, token, "")
		ok(t, err)
	}
	// A new one is valid for what is left.
	w.advance(29*24*time.Hour - 12*time.Second)
	last, err := byGetTokens(w, webClient, *second.RefreshToken, "")
	refused(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	if last != nil {
		t.Error("a used token gives tokens")
	}
	if n := len(w.pool.used); n != 3 {
		t.Errorf("%d used tokens are remembered, want 3", n)
	}
	w.advance(time.Minute)
	out, err = w.signIn(ada, password)
	ok(t, err)
	_, err = byGetTokens(w, webClient, *out.AuthenticationResult.RefreshToken, "")
	ok(t, err)
	if n := len(w.pool.used); n != 1 {
		t.Errorf("%d used tokens are remembered after the sign-in has ended, want the new one", n)
	}
}

func TestLifetimesOfTokens(t *testing.T) {
	w := newWorld(t, withoutDevices, func(o *Options) {
		o.Settings.Clients[0].AccessTokenMinutes, o.Settings.Clients[0].IDTokenMinutes = 5, 10
	})
	w.mustConfirm(ada)
	out, err := w.signIn(ada, password)
	ok(t, err)
	result := out.AuthenticationResult
	lives := func(token string) float64 {
		claims := claimsOf(t, token)
		return claims["exp"].(float64) - claims["iat"].(float64)
	}
	if access, id := lives(*result.AccessToken), lives(*result.IdToken); access != 300 || id != 600 || result.ExpiresIn != 300 {
		t.Errorf("the access token lives for %v s, the ID token for %v s, and the app reads %d s", access, id, result.ExpiresIn)
	}
}

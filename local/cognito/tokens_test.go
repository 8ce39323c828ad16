package cognito

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// asking is a pool that asks a function before it issues tokens.
func asking(o *Options) { o.Triggers["PreTokenGeneration"] = "pre-token-generation" }

// join adds somebody to a new group with a role.
func (w *world) join(address, group, role string, precedence *int32) {
	w.t.Helper()
	ctx, pool := context.Background(), aws.String(poolID)
	in := &cognito.CreateGroupInput{UserPoolId: pool, GroupName: &group, Precedence: precedence}
	if role != "" {
		in.RoleArn = &role
	}
	_, err := w.admin.CreateGroup(ctx, in)
	ok(w.t, err)
	_, err = w.admin.AdminAddUserToGroup(ctx, &cognito.AdminAddUserToGroupInput{UserPoolId: pool, Username: &address, GroupName: &group})
	ok(w.t, err)
}

// accept sets the first password of somebody who is invited.
func (w *world) accept(address string, metadata map[string]string) (*types.AuthenticationResultType, error) {
	w.t.Helper()
	ok(w.t, w.invite(address, func(in *cognito.AdminCreateUserInput) { in.TemporaryPassword = aws.String("temporary-1") }))
	asked, err := w.signIn(address, "temporary-1")
	ok(w.t, err)
	out, err := w.api.RespondToAuthChallenge(context.Background(), &cognito.RespondToAuthChallengeInput{
		ClientId: aws.String(webClient), ChallengeName: types.ChallengeNameTypeNewPasswordRequired, Session: asked.Session,
		ChallengeResponses: map[string]string{"USERNAME": address, "NEW_PASSWORD": password}, ClientMetadata: metadata,
	})
	if err != nil {
		return nil, err
	}
	return out.AuthenticationResult, nil
}

// groupClaims are those of both tokens.
func groupClaims(t *testing.T, r *types.AuthenticationResultType) (access, identity map[string]any) {
	t.Helper()
	some := func(token *string) map[string]any {
		found := map[string]any{}
		for name, value := range claimsOf(t, *token) {
			if name == "cognito:groups" || name == "cognito:roles" || name == "cognito:preferred_role" {
				found[name] = value
			}
		}
		return found
	}
	return some(r.AccessToken), some(r.IdToken)
}

func TestTokensHaveGroupsAndRoles(t *testing.T) {
	const editors, drivers, twins = "arn:aws:iam::123456789012:role/editors", "arn:aws:iam::123456789012:role/drivers", "arn:aws:iam::123456789012:role/twins"
	w := newWorld(t, asking, withoutDevices)
	w.mustConfirm(ada)
	check := func(groups, roles []any, preferred any) {
		t.Helper()
		out, err := w.signIn(ada, password)
		ok(t, err)
		access, identity := groupClaims(t, out.AuthenticationResult)
		wantAccess, wantIdentity := map[string]any{}, map[string]any{}
		if groups != nil {
			wantAccess["cognito:groups"], wantIdentity["cognito:groups"] = groups, groups
		}
		if roles != nil {
			wantIdentity["cognito:roles"] = roles
		}
		if preferred != nil {
			wantIdentity["cognito:preferred_role"] = preferred
		}
		if !reflect.DeepEqual(access, wantAccess) || !reflect.DeepEqual(identity, wantIdentity) {
			t.Errorf("the access token has %v, want %v; the ID token %v, want %v", access, wantAccess, identity, wantIdentity)
		}
	}
	check(nil, nil, nil)
	w.join(ada, "readers", "", aws.Int32(0))
	check([]any{"readers"}, nil, nil)
	w.join(ada, "editors", editors, nil)
	check([]any{"readers", "editors"}, []any{editors}, nil)
	w.join(ada, "drivers", drivers, aws.Int32(7))
	w.join(ada, "others", editors, aws.Int32(3))
	check([]any{"readers", "editors", "drivers", "others"}, []any{editors, drivers}, editors)
	w.join(ada, "twins", twins, aws.Int32(3))
	check([]any{"readers", "editors", "drivers", "others", "twins"}, []any{editors, drivers, twins}, nil)

	// What a function says takes the place of all that.
	w.functions["pre-token-generation"] = responding(map[string]any{"claimsOverrideDetails": map[string]any{
		"groupOverrideDetails": map[string]any{"groupsToOverride": []string{"a"}, "iamRolesToOverride": []string{twins}, "preferredRole": twins},
	}})
	check([]any{"a"}, []any{twins}, twins)
	w.functions["pre-token-generation"] = responding(map[string]any{"claimsOverrideDetails": map[string]any{
		"groupOverrideDetails": map[string]any{"groupsToOverride": []string{"a"}},
	}})
	check([]any{"a"}, nil, nil)
	w.functions["pre-token-generation"] = responding(map[string]any{"claimsOverrideDetails": map[string]any{}})
	check([]any{"readers", "editors", "drivers", "others", "twins"}, []any{editors, drivers, twins}, nil)
}

// The groups of the first tokens are those of before the trigger, unless its reply has them.
func TestAFunctionMayAddGroupsWhileTokensAreMade(t *testing.T) {
	for name, test := range map[string]struct {
		reply bool
		want  map[string]any
	}{
		"and say so":   {true, map[string]any{"cognito:groups": []any{"members"}}},
		"and say none": {false, map[string]any{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, asking, withoutDevices)
			w.functions["pre-token-generation"] = func(ctx context.Context, payload []byte) ([]byte, error) {
				_, err := w.admin.AdminAddUserToGroup(ctx, &cognito.AdminAddUserToGroupInput{UserPoolId: aws.String(poolID), Username: aws.String(ada), GroupName: aws.String("members")})
				if err != nil || !test.reply {
					return payload, err
				}
				return responding(map[string]any{"claimsOverrideDetails": map[string]any{
					"groupOverrideDetails": map[string]any{"groupsToOverride": []string{"members"}},
				}})(ctx, payload)
			}
			first, err := w.accept(ada, nil)
			ok(t, err)
			if access, _ := groupClaims(t, first); !reflect.DeepEqual(access, test.want) {
				t.Errorf("the first token has %v", access)
			}
			delete(w.functions, "pre-token-generation")
			again, err := byInitiateAuth(w, webClient, *first.RefreshToken, "")
			ok(t, err)
			if access, _ := groupClaims(t, again); !reflect.DeepEqual(access, map[string]any{"cognito:groups": []any{"members"}}) {
				t.Errorf("the next token has %v", access)
			}
		})
	}
}

// Each way to tokens has its source, and each asks once.
func TestSourcesOfTokens(t *testing.T) {
	source := func(w *world) string {
		t.Helper()
		payloads := w.called("pre-token-generation")
		var event struct{ TriggerSource string }
		ok(t, json.Unmarshal(payloads[len(payloads)-1], &event))
		return event.TriggerSource
	}
	w, first := onDevice(t, asking)
	key, group := *first.NewDeviceMetadata.DeviceKey, *first.NewDeviceMetadata.DeviceGroupKey
	if got := source(w); got != "TokenGeneration_Authentication" {
		t.Errorf("of a sign-in it is %s", got)
	}
	asked, err := w.signInOn(key, ada, password)
	ok(t, err)
	_, err = w.proveDevice(asked, key, group, devicePassword)
	ok(t, err)
	if got := source(w); got != "TokenGeneration_AuthenticateDevice" {
		t.Errorf("on a known device it is %s", got)
	}
	for name, refresh := range refreshers {
		_, err = refresh(w, webClient, *first.RefreshToken, key)
		ok(t, err)
		if got := source(w); got != "TokenGeneration_RefreshTokens" {
			t.Errorf("of %s it is %s", name, got)
		}
	}
	const bob = "bob@example.com"
	_, err = w.accept(bob, nil)
	ok(t, err)
	if got := source(w); got != "TokenGeneration_NewPasswordChallenge" {
		t.Errorf("of a first password it is %s", got)
	}
	_, err = w.signIn(bob, password)
	ok(t, err)
	if got := source(w); got != "TokenGeneration_Authentication" {
		t.Errorf("of the next sign-in it is %s", got)
	}
	if calls := len(w.called("pre-token-generation")); calls != 6 {
		t.Errorf("there were %d calls, want 6", calls)
	}
}

// A function that fails stops the sign-in, of somebody who has the new password already.
func TestTokensThatAFunctionRefuses(t *testing.T) {
	w := newWorld(t, asking, withoutDevices)
	w.functions["pre-token-generation"] = throwing("Not now")
	const text = "PreTokenGeneration failed with error Not now."
	_, err := w.accept(ada, nil)
	refused(t, err, "UserLambdaValidationException", text)
	if status := w.attributes(ada)["status"]; status != "CONFIRMED" {
		t.Errorf("the user is %s", status)
	}
	_, err = w.signIn(ada, password)
	refused(t, err, "UserLambdaValidationException", text)
	w.functions["pre-token-generation"] = answering(`{"request":{},"response":{"claimsOverrideDetails":[]}}`)
	_, err = w.signIn(ada, password)
	refused(t, err, "InvalidLambdaResponseException", "Unrecognizable lambda output")
	delete(w.functions, "pre-token-generation")
	signedIn, err := w.signIn(ada, password)
	ok(t, err)
	w.functions["pre-token-generation"] = throwing("Not now")
	for _, refresh := range refreshers {
		_, err = refresh(w, webClient, *signedIn.AuthenticationResult.RefreshToken, "")
		refused(t, err, "UserLambdaValidationException", text)
	}
}

package cognito

import (
	"context"
	"encoding/base32"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

func withMFA(setting string) func(*Options) {
	return func(o *Options) { o.Settings.Pool.MFA = setting }
}

// The vectors of RFC 6238, appendix B, for SHA-1, with six digits.
func TestTOTP(t *testing.T) {
	for seconds, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totpCode([]byte("12345678901234567890"), seconds/totpStep); got != want {
			t.Errorf("at %d the code is %s, want %s", seconds, got, want)
		}
	}
}

// appCode is what an authenticator app shows.
func (w *world) appCode(secret string) string {
	w.t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	ok(w.t, err)
	return totpCode(key, w.now().Unix()/totpStep)
}

// setUpTOTP gives a signed-in user an authenticator app, and returns its secret.
func (w *world) setUpTOTP(token *string) string {
	w.t.Helper()
	ctx := context.Background()
	associated, err := w.api.AssociateSoftwareToken(ctx, &cognito.AssociateSoftwareTokenInput{AccessToken: token})
	ok(w.t, err)
	secret := *associated.SecretCode
	_, err = w.api.VerifySoftwareToken(ctx, &cognito.VerifySoftwareTokenInput{AccessToken: token, UserCode: aws.String(other(w.appCode(secret)))})
	refused(w.t, err, "EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA")
	verified, err := w.api.VerifySoftwareToken(ctx, &cognito.VerifySoftwareTokenInput{AccessToken: token, UserCode: aws.String(w.appCode(secret)), FriendlyDeviceName: aws.String("phone")})
	ok(w.t, err)
	if verified.Status != types.VerifySoftwareTokenResponseTypeSuccess {
		w.t.Errorf("the app is %s", verified.Status)
	}
	return secret
}

func (w *world) preferTOTP(token *string, enabled bool) error {
	_, err := w.api.SetUserMFAPreference(context.Background(), &cognito.SetUserMFAPreferenceInput{
		AccessToken: token, SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: enabled, PreferredMfa: enabled},
	})
	return err
}

func TestOptionalMFA(t *testing.T) {
	w := newWorld(t, withMFA("optional"))
	w.mustConfirm(ada)
	token := w.mustSignIn(ada)
	refused(t, w.preferTOTP(token, true), "InvalidParameterException", "User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA")
	secret := w.setUpTOTP(token)
	w.mustSignIn(ada) // not asked before it is enabled
	ok(t, w.preferTOTP(token, true))
	user, err := w.api.GetUser(context.Background(), &cognito.GetUserInput{AccessToken: token})
	ok(t, err)
	if aws.ToString(user.PreferredMfaSetting) != "SOFTWARE_TOKEN_MFA" || len(user.UserMFASettingList) != 1 {
		t.Errorf("GetUser answered %+v", user)
	}

	out, err := w.signIn(ada, password)
	ok(t, err)
	if out.ChallengeName != types.ChallengeNameTypeSoftwareTokenMfa || out.AuthenticationResult != nil || out.ChallengeParameters["FRIENDLY_DEVICE_NAME"] != "phone" {
		t.Fatalf("answered %+v", out)
	}
	prove := func(code string) (*cognito.RespondToAuthChallengeOutput, error) {
		return w.respond(types.ChallengeNameTypeSoftwareTokenMfa, *out.Session, map[string]string{"USERNAME": ada, "SOFTWARE_TOKEN_MFA_CODE": code})
	}
	_, err = prove(w.appCode(secret)) // the one of VerifySoftwareToken
	refused(t, err, "ExpiredCodeException", "Your software token has already been used once.")
	_, err = prove(other(w.appCode(secret)))
	refused(t, err, "CodeMismatchException", "Invalid code received for user")
	w.advance(time.Minute)
	signedIn, err := prove(w.appCode(secret))
	ok(t, err)
	if signedIn.AuthenticationResult == nil {
		t.Fatalf("answered %+v", signedIn)
	}
	_, err = prove(w.appCode(secret))
	refused(t, err, "NotAuthorizedException", "Invalid session for the user, session can only be used once.")
	ok(t, w.preferTOTP(token, false))
	w.mustSignIn(ada)
}

// Whoever has no authenticator app sets one up while signing in.
func TestRequiredMFA(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, withMFA("required"))
	w.mustConfirm(ada)
	out, err := w.signIn(ada, password)
	ok(t, err)
	if out.ChallengeName != types.ChallengeNameTypeMfaSetup || out.ChallengeParameters["MFAS_CAN_SETUP"] != `["SOFTWARE_TOKEN_MFA"]` {
		t.Fatalf("answered %+v", out)
	}
	finish := func(session *string) (*cognito.RespondToAuthChallengeOutput, error) {
		return w.respond(types.ChallengeNameTypeMfaSetup, *session, map[string]string{"USERNAME": ada})
	}
	associated, err := w.api.AssociateSoftwareToken(ctx, &cognito.AssociateSoftwareTokenInput{Session: out.Session})
	ok(t, err)
	_, err = finish(associated.Session)
	refused(t, err, "InvalidParameterException", "The software token has not been verified.")
	verified, err := w.api.VerifySoftwareToken(ctx, &cognito.VerifySoftwareTokenInput{
		Session: associated.Session, UserCode: aws.String(w.appCode(*associated.SecretCode)),
	})
	ok(t, err)
	signedIn, err := finish(verified.Session)
	ok(t, err)
	if signedIn.AuthenticationResult == nil {
		t.Fatalf("answered %+v", signedIn)
	}
	out, err = w.signIn(ada, password)
	ok(t, err)
	if out.ChallengeName != types.ChallengeNameTypeSoftwareTokenMfa {
		t.Errorf("the second time: %s", out.ChallengeName)
	}
}

func TestMFASetUpInASession(t *testing.T) {
	w := newWorld(t, withMFA("required"))
	_, err := w.api.AssociateSoftwareToken(context.Background(), &cognito.AssociateSoftwareTokenInput{Session: aws.String("sample-session-of-nobody")})
	refused(t, err, "NotAuthorizedException", "Invalid session for the user.")
}

func TestMFAThatIsOff(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	token := w.mustSignIn(ada)
	_, err := w.api.AssociateSoftwareToken(context.Background(), &cognito.AssociateSoftwareTokenInput{AccessToken: token})
	refused(t, err, "SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool")
	refused(t, w.preferTOTP(token, true), "InvalidParameterException", "User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA")
	_, err = w.api.SetUserMFAPreference(context.Background(), &cognito.SetUserMFAPreferenceInput{
		AccessToken: token, SMSMfaSettings: &types.SMSMfaSettingsType{Enabled: true},
	})
	refused(t, err, "InvalidParameterException", "User does not have delivery config set to turn on SMS_MFA")
	factors, err := w.api.GetUserAuthFactors(context.Background(), &cognito.GetUserAuthFactorsInput{AccessToken: token})
	ok(t, err)
	if len(factors.ConfiguredUserAuthFactors) != 1 || factors.ConfiguredUserAuthFactors[0] != types.AuthFactorTypePassword || factors.UserMFASettingList != nil {
		t.Errorf("the factors are %+v", factors)
	}
}

// A remembered device is asked after the authenticator app, and takes nothing away from it.
func TestMFAOnARememberedDevice(t *testing.T) {
	w, first := onDevice(t, withMFA("optional"))
	secret := w.setUpTOTP(first.AccessToken)
	ok(t, w.preferTOTP(first.AccessToken, true))
	w.advance(time.Minute)
	key := *first.NewDeviceMetadata.DeviceKey
	out, err := w.signInOn(key, ada, password)
	ok(t, err)
	out, err = w.respond(out.ChallengeName, *out.Session, map[string]string{"USERNAME": ada, "SOFTWARE_TOKEN_MFA_CODE": w.appCode(secret)})
	ok(t, err)
	if out.ChallengeName != types.ChallengeNameTypeDeviceSrpAuth {
		t.Fatalf("after the code: %+v", out)
	}
	out, err = w.proveDevice(out, key, *first.NewDeviceMetadata.DeviceGroupKey, devicePassword)
	ok(t, err)
	if out.AuthenticationResult == nil {
		t.Errorf("answered %+v", out)
	}
}

package cognito

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"poolpost/internal/settings"
)

func TestForgotPassword(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	out, err := w.forgot("ADA@example.com")
	ok(t, err)
	if *out.CodeDeliveryDetails.Destination != "a***@e***" || w.last().To != ada || w.last().TriggerSource != "CustomMessage_ForgotPassword" {
		t.Errorf("sent %+v", w.last())
	}
	ok(t, w.reset(ada, w.code(), "sample-pass-2"))
	_, err = w.signIn(ada, password)
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	_, err = w.signIn(ada, "sample-pass-2")
	ok(t, err)
}

func TestForgotPasswordDoesNotRevealUsers(t *testing.T) {
	for name, prepare := range map[string]func(w *world){
		"an unknown user":                   func(*world) {},
		"a user who has not confirmed":      func(w *world) { w.mustSignUp(ada) },
		"a user whose address is unchecked": func(w *world) { w.mustSignUp(ada); ok(w.t, w.adminConfirm(ada)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			prepare(w)
			before := w.delivered()
			out, err := w.forgot(ada)
			ok(t, err)
			if d := out.CodeDeliveryDetails; *d.Destination != "a***@e***" || *d.AttributeName != "email" || d.DeliveryMedium != "EMAIL" {
				t.Errorf("answered %s", *d.Destination)
			}
			if w.delivered() != before {
				t.Error("an email was sent")
			}
		})
	}
}

func TestConfirmForgotPasswordRefuses(t *testing.T) {
	const mismatch, expired = "Invalid verification code provided, please try again.", "Invalid code provided, please request a code again."
	for name, test := range map[string]struct {
		run           func(w *world) error
		kind, message string
	}{
		"a wrong code": {func(w *world) error { return w.reset(ada, other(w.code()), "sample-pass-2") },
			"CodeMismatchException", mismatch},
		"a code after one hour": {func(w *world) error { w.advance(time.Hour); return w.reset(ada, w.code(), "sample-pass-2") },
			"ExpiredCodeException", expired},
		"a code that was used": {func(w *world) error {
			ok(w.t, w.reset(ada, w.code(), "sample-pass-2"))
			return w.reset(ada, w.code(), "sample-pass-3")
		},
			"ExpiredCodeException", expired},
		"an unknown user": {func(w *world) error { return w.reset("eve@example.com", "123456", "sample-pass-2") },
			"CodeMismatchException", mismatch},
		"a weak password, before the code is used up": {func(w *world) error {
			err := w.reset(ada, w.code(), "sample-pass")
			ok(w.t, w.reset(ada, w.code(), "sample-pass-2"))
			return err
		},
			"InvalidPasswordException", "Password did not conform with policy: Password must have numeric characters"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.mustConfirm(ada)
			_, err := w.forgot(ada)
			ok(t, err)
			refused(t, test.run(w), test.kind, test.message)
		})
	}
}

func TestPasswordPolicy(t *testing.T) {
	all := settings.PasswordPolicy{MinimumLength: 10, RequireNumbers: true, RequireLowercase: true, RequireUppercase: true, RequireSymbols: true}
	for name, test := range map[string]struct{ password, message string }{
		"too short":                         {"Aa1-", "Password not long enough"},
		"length counts characters":          {"Aé1-aaaaa", "Password not long enough"},
		"no lower case":                     {"AAAAAAAA1-", "Password must have lowercase characters"},
		"no upper case":                     {"aaaaaaaa1-", "Password must have uppercase characters"},
		"no digit":                          {"Aaaaaaaaa-", "Password must have numeric characters"},
		"no symbol":                         {"Aaaaaaaaa1", "Password must have symbol characters"},
		"a letter with an accent is none":   {"Aaaaaaaaé1", "Password must have symbol characters"},
		"everything":                        {"Aaaaaaaa1-", ""},
		"a blank inside counts as a symbol": {"Aaaa aaaa1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.Settings.Pool.PasswordPolicy = all })
			err := w.pool.checkPassword(test.password)
			if test.message == "" {
				ok(t, err)
				return
			}
			want := "InvalidPasswordException: Password did not conform with policy: " + test.message
			if err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
	t.Run("a temporary password keeps it", func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.Settings.Pool.PasswordPolicy = all })
		seen := map[string]bool{}
		for range 100 {
			p, err := w.pool.temporaryPassword()
			ok(t, err)
			ok(t, w.pool.checkPassword(p))
			seen[p] = true
		}
		if len(seen) != 100 {
			t.Errorf("%d different passwords of 100", len(seen))
		}
	})
}

// TestPasswordHistory: with a history of two, the current password and the one before it are refused.
func TestPasswordHistory(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Settings.Pool.PasswordPolicy.HistorySize = 2 })
	w.mustConfirm(ada)
	const text = "Password has previously been used."
	reset := func(passwords ...string) error {
		t.Helper()
		w.advance(time.Hour) // the limits of an hour are others' tests
		_, err := w.forgot(ada)
		ok(t, err)
		code := w.code()
		for _, password := range passwords {
			err = w.reset(ada, code, password)
		}
		return err
	}
	refused(t, reset(password), "PasswordHistoryPolicyViolationException", text)
	ok(t, reset(password, "sample-pass-2")) // the code is there for a second try
	refused(t, reset(password), "PasswordHistoryPolicyViolationException", text)
	_, err := w.api.ChangePassword(context.Background(), &cognito.ChangePasswordInput{
		AccessToken: w.token("sample-pass-2"), PreviousPassword: aws.String("sample-pass-2"), ProposedPassword: aws.String(password),
	})
	refused(t, err, "PasswordHistoryPolicyViolationException", text)
	_, err = w.admin.AdminSetUserPassword(context.Background(), &cognito.AdminSetUserPasswordInput{
		UserPoolId: aws.String(poolID), Username: aws.String(ada), Password: aws.String("sample-pass-2"), Permanent: true,
	})
	refused(t, err, "PasswordHistoryPolicyViolationException", text)
	ok(t, reset("sample-pass-3"))
	ok(t, reset(password))
	w.advance(time.Hour)
	// Whoever has no code learns nothing about passwords.
	refused(t, w.reset(ada, "000000", password), "ExpiredCodeException", "Invalid code provided, please request a code again.")
}

func (w *world) token(password string) *string {
	w.t.Helper()
	out, err := w.signIn(ada, password)
	ok(w.t, err)
	return out.AuthenticationResult.AccessToken
}

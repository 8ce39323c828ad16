package cognito

import (
	"strings"
	"testing"
	"time"
)

func TestHourlyLimitsOfAUser(t *testing.T) {
	for name, test := range map[string]struct {
		allowed int
		prepare func(w *world)
		run     func(w *world) error
	}{
		"ConfirmSignUp": {15, func(w *world) { w.mustSignUp(ada) },
			func(w *world) error { return w.confirm(ada, other(w.code())) }},
		"ConfirmSignUp for an unknown user": {15, func(w *world) { w.mustSignUp("eve@example.com") },
			func(w *world) error { return w.confirm(ada, w.code()) }},
		"ResendConfirmationCode": {5, func(w *world) { w.mustSignUp(ada) },
			func(w *world) error { _, err := w.resend(ada); return err }},
		"ResendConfirmationCode for an unknown user": {5, func(*world) {},
			func(w *world) error { _, err := w.resend(ada); return err }},
		"ForgotPassword": {5, func(w *world) { w.mustConfirm(ada) },
			func(w *world) error { _, err := w.forgot(ada); return err }},
		"ConfirmForgotPassword": {5, func(w *world) { w.mustConfirm(ada); _, err := w.forgot(ada); ok(w.t, err) },
			func(w *world) error { return w.reset(ada, other(w.code()), "sample-pass-2") }},
		"GetUserAttributeVerificationCode": {5, func(w *world) { w.mustConfirm(ada) },
			func(w *world) error { _, err := w.askForCode(w.mustSignIn(ada), "email"); return err }},
		"VerifyUserAttribute": {15, func(w *world) { w.mustConfirm(ada); _, err := w.askForCode(w.mustSignIn(ada), "email"); ok(w.t, err) },
			func(w *world) error { return w.verify(w.mustSignIn(ada), "email", other(w.code())) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.prepare(w)
			const kind, message = "LimitExceededException", "Attempt limit exceeded, please try after some time."
			limited := func(err error) bool { return err != nil && strings.Contains(err.Error(), kind) }
			for i := range test.allowed {
				if err := test.run(w); limited(err) {
					t.Fatalf("request %d: %v", i+1, err)
				}
				w.advance(time.Second)
			}
			refused(t, test.run(w), kind, message)
			w.advance(time.Hour - time.Duration(test.allowed)*time.Second)
			if err := test.run(w); limited(err) {
				t.Errorf("an hour after the first request: %v", err)
			}
			refused(t, test.run(w), kind, message)
		})
	}
}

func TestWrongPasswordsLockAUserOut(t *testing.T) {
	for _, address := range []string{ada, "nobody@example.com"} {
		t.Run(address, func(t *testing.T) {
			w := newWorld(t)
			w.mustConfirm(ada)
			wrong := func() {
				t.Helper()
				_, err := w.signIn(address, "wrong")
				refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
			}
			locked := func() {
				t.Helper()
				_, err := w.signIn(address, password)
				refused(t, err, "NotAuthorizedException", "Password attempts exceeded")
			}
			for range 5 {
				wrong()
			}
			locked()
			w.advance(time.Second)
			wrong() // the sixth locks for two seconds
			w.advance(time.Second)
			locked()
			w.advance(time.Second)
			wrong()
			w.advance(15 * time.Minute)
			for range 4 {
				wrong() // all is forgotten: the fifth is the first to lock
			}
			_, err := w.signIn(address, password)
			if address == ada {
				ok(t, err)
			}
		})
	}
}

func TestLockoutDoublesUpToFifteenMinutes(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	for range 4 {
		w.locked(ada)
	}
	lasts := time.Second
	for range 50 {
		_, err := w.signIn(ada, "wrong")
		refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
		w.advance(lasts - time.Second)
		if !w.locked(ada) {
			t.Fatalf("the lockout is over before %s", lasts)
		}
		w.advance(time.Second)
		lasts = min(2*lasts, 15*time.Minute)
	}
	w.mustSignIn(ada)
}

// locked tries to sign in and reports whether the user is locked out.
func (w *world) locked(address string) bool {
	_, err := w.signIn(address, "wrong")
	return err != nil && strings.Contains(err.Error(), "Password attempts exceeded")
}

func TestSignInResetsTheLockout(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	for range 3 {
		for range 4 {
			if w.locked(ada) {
				t.Fatal("locked out")
			}
		}
		w.mustSignIn(ada)
	}
}

func TestLimitsApplyToEveryAlias(t *testing.T) {
	w := newWorld(t)
	names := []string{w.mustSignUp(ada), ada, "ADA@example.com"}
	for i := range 5 {
		_, err := w.resend(names[i%3])
		ok(t, err)
	}
	for _, name := range names {
		_, err := w.resend(name)
		refused(t, err, "LimitExceededException", "Attempt limit exceeded, please try after some time.")
	}
	_, err := w.resend("eve@example.com")
	ok(t, err)
}

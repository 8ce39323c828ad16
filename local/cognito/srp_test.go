package cognito

import (
	"context"
	"crypto/rand"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/local/srp"
)

// ask starts a sign-in of a name, and returns the parameters of the challenge.
func (w *world) ask(username, public string) (map[string]string, error) {
	out, err := w.api.InitiateAuth(context.Background(), &cognito.InitiateAuthInput{
		ClientId: aws.String(webClient), AuthFlow: types.AuthFlowTypeUserSrpAuth,
		AuthParameters: map[string]string{"USERNAME": username, "SRP_A": public},
	})
	if err != nil {
		return nil, err
	}
	if out.ChallengeName != types.ChallengeNameTypePasswordVerifier || out.AuthenticationResult != nil {
		w.t.Fatalf("answered %+v", out)
	}
	return out.ChallengeParameters, nil
}

func TestEveryNameOfAUserSignsIn(t *testing.T) {
	w := newWorld(t)
	sub := w.mustConfirm(ada)
	for _, name := range []string{ada, "ADA@Example.com", sub} {
		out, err := w.signIn(name, password)
		ok(t, err)
		if claims := claimsOf(t, *out.AuthenticationResult.AccessToken); claims["sub"] != sub {
			t.Errorf("%s is %v", name, claims["sub"])
		}
	}
}

// "Managing user existence error responses": what is made up is the same each time, and looks like
// what is not.
func TestNobodyLearnsWhetherThereIsAUser(t *testing.T) {
	w := newWorld(t)
	sub := w.mustConfirm(ada)
	known, err := w.ask(ada, "a1")
	ok(t, err)
	first, err := w.ask("eve@example.com", "a1")
	ok(t, err)
	second, err := w.ask("EVE@example.com", "a1")
	ok(t, err)
	other, err := w.ask("eva@example.com", "a1")
	ok(t, err)
	if known["USER_ID_FOR_SRP"] != sub || known["USERNAME"] != sub {
		t.Errorf("of the user: %v", known)
	}
	for _, name := range []string{"USERNAME", "USER_ID_FOR_SRP", "SALT"} {
		if first[name] != second[name] || first[name] == other[name] || len(first[name]) > len(known[name])+2 {
			t.Errorf("%s: %q, %q, of another name %q", name, first[name], second[name], other[name])
		}
	}
	if first["SRP_B"] == second["SRP_B"] {
		t.Error("the public value is the same twice")
	}
	for _, name := range []string{ada, "eve@example.com"} {
		_, err := w.signIn(name, "wrong")
		refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	}
}

func TestPublicValuesOfTheAppAreChecked(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	for _, public := range []string{"0", "00", "xyz", strings.Repeat("f", 1025), "-1"} {
		_, err := w.ask(ada, public)
		refused(t, err, "InvalidParameterException", "Invalid SRP_A")
	}
}

func TestAnswersToThePasswordChallenge(t *testing.T) {
	const wrong = "Incorrect username or password."
	for name, test := range map[string]struct {
		change        func(w *world, answer map[string]string)
		kind, message string // none: signed in
	}{
		"the right one": {func(*world, map[string]string) {}, "", ""},
		"another signature": {func(_ *world, a map[string]string) { a["PASSWORD_CLAIM_SIGNATURE"] = "c2FtcGxl" },
			"NotAuthorizedException", wrong},
		"no Base64": {func(_ *world, a map[string]string) { a["PASSWORD_CLAIM_SIGNATURE"] = "?" },
			"NotAuthorizedException", wrong},
		"the name of another user": {func(w *world, a map[string]string) { a["USERNAME"] = "bob@example.com" },
			"NotAuthorizedException", wrong},
		"a signature of another time": {func(w *world, a map[string]string) {
			a["TIMESTAMP"] = w.now().Add(time.Second).Format(srp.Layout)
		}, "NotAuthorizedException", wrong},
		"a time in another language": {func(_ *world, a map[string]string) { a["TIMESTAMP"] = "Mi Jan 2 03:04:05 UTC 2030" },
			"InvalidParameterException", "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."},
		"a time of another form": {func(_ *world, a map[string]string) { a["TIMESTAMP"] = "2030-01-02T03:04:05Z" },
			"InvalidParameterException", "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."},
		"another challenge's block": {func(_ *world, a map[string]string) { a["PASSWORD_CLAIM_SECRET_BLOCK"] = "c2FtcGxl" },
			"NotAuthorizedException", "Invalid session for the user."},
		"no signature": {func(_ *world, a map[string]string) { delete(a, "PASSWORD_CLAIM_SIGNATURE") },
			"InvalidParameterException", "Missing required parameter PASSWORD_CLAIM_SIGNATURE"},
		"after three minutes": {func(w *world, _ map[string]string) { w.advance(3 * time.Minute) },
			"NotAuthorizedException", "Invalid session for the user, session is expired."},
		"after the user was deleted": {func(w *world, _ map[string]string) {
			_, err := w.admin.AdminDeleteUser(context.Background(), &cognito.AdminDeleteUserInput{UserPoolId: aws.String(poolID), Username: aws.String(ada)})
			ok(w.t, err)
		}, "UserNotFoundException", "User does not exist."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.mustConfirm(ada)
			w.mustConfirm("bob@example.com")
			answer, err := w.proof(ada, password)
			ok(t, err)
			test.change(w, answer)
			out, err := w.respond("PASSWORD_VERIFIER", "", answer)
			if test.kind != "" {
				refused(t, err, test.kind, test.message)
				return
			}
			ok(t, err)
			if out.AuthenticationResult == nil {
				t.Errorf("answered %+v", out)
			}
		})
	}
}

func TestAnAnswerCountsOnce(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	answer, err := w.proof(ada, password)
	ok(t, err)
	wrong := maps.Clone(answer)
	wrong["PASSWORD_CLAIM_SIGNATURE"] = "c2FtcGxl"
	_, err = w.respond("PASSWORD_VERIFIER", "", wrong)
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	_, err = w.respond("PASSWORD_VERIFIER", "", answer) // nobody guesses on
	refused(t, err, "NotAuthorizedException", "Invalid session for the user, session can only be used once.")
}

// A clock that is wrong signs with a wrong time.
func TestSkewedTimestamps(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	for skew, taken := range map[time.Duration]bool{
		4 * time.Minute: true, -4 * time.Minute: true, 6 * time.Minute: false, -6 * time.Minute: false, 24 * time.Hour: false,
	} {
		client, err := srp.NewClient(rand.Reader)
		ok(t, err)
		parameters, err := w.ask(ada, client.Public())
		ok(t, err)
		answer, err := client.Answer("Example01", parameters["USER_ID_FOR_SRP"], password, parameters, w.now().Add(skew))
		ok(t, err)
		if _, err = w.respond("PASSWORD_VERIFIER", "", answer); taken {
			ok(t, err)
		} else {
			refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
		}
	}
}

func TestUnconfirmedUsersAreTold(t *testing.T) {
	for name, test := range map[string]struct {
		hide          bool
		password      string
		kind, message string
	}{
		"with any password":                  {false, "wrong", "UserNotConfirmedException", "User is not confirmed."},
		"with the right one":                 {false, password, "UserNotConfirmedException", "User is not confirmed."},
		"or with the right one only":         {true, password, "UserNotConfirmedException", "User is not confirmed."},
		"and otherwise that it is the wrong": {true, "wrong", "NotAuthorizedException", "Incorrect username or password."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.HideUnconfirmed = test.hide })
			w.mustSignUp(ada)
			_, err := w.signIn(ada, test.password)
			refused(t, err, test.kind, test.message)
		})
	}
}

// Sign-ins leave nothing behind but what belongs to the last minutes.
func TestSignInsAreForgotten(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	for range 300 {
		_, err := w.ask(ada, "a1")
		ok(t, err)
		w.advance(10 * time.Second)
	}
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	// Three minutes, and as long again.
	if n := len(w.pool.sessions); n > 37 || n != len(w.pool.waiting) {
		t.Errorf("%d sessions are kept, %d in order", n, len(w.pool.waiting))
	}
}

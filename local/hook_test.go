package local

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/internal/bundle"
	"poolpost/internal/settings/settingstest"
)

// startHooked starts everything with a hook, which the settings name by an ARN with an alias.
func startHooked(t *testing.T, hook string) *Stack {
	t.Helper()
	return startWith(t, settingstest.FileWith(t, "hook.yaml", "signUp:\n", "signUp:\n  hook:\n"+
		"    function: arn:aws:lambda:eu-central-1:210987654321:function:seats:live\n    mayAutoConfirm: true\n    timeoutMs: 3000\n"),
		func(o *Options) { o.Hook = hook })
}

// invited signs somebody up with an invitation.
func (s *Stack) invited(t *testing.T, email, locale, invitation string) error {
	t.Helper()
	_, err := s.sdk().SignUp(t.Context(), &cognito.SignUpInput{
		ClientId: aws.String(s.clientIDs["web"]), Username: aws.String(email), Password: aws.String(password),
		UserAttributes: []types.AttributeType{attribute("email", email), attribute("custom:agentName", "Ann")},
		ValidationData: []types.AttributeType{attribute("invitation", invitation)},
		ClientMetadata: map[string]string{"locale": locale},
	})
	return err
}

// The example in Go, as the function that Lambda would run.
func TestTheExampleOfAHookDecides(t *testing.T) {
	t.Setenv("INVITATIONS", "SPRING-2026,VIP")
	dir := t.TempDir()
	noError(t, bundle.GoBuild(t.Context(), filepath.Join(dir, "bootstrap"), bundle.ThisMachine, "./examples/sign-up-hook"))
	s := startHooked(t, dir)
	noError(t, s.invited(t, "invited@example.com", "en", "VIP"))
	err := s.invited(t, "stranger@example.com", "fr", "AUTUMN")
	if want := "PreSignUp failed with error HOOK_INVITATION_REQUIRED: Veuillez saisir le code de votre invitation."; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A server plays the function: what it answers, and what it does instead.
func TestAServerPlaysTheHook(t *testing.T) {
	var asked atomic.Int32
	answers := map[string]http.HandlerFunc{
		"refused@example.com": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"decision":"refuse","code":"NO_SEAT","sentence":"No seat is left."}`)
		},
		"confirmed@example.com": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"decision":"accept","autoConfirm":true}`)
		},
		"failed@example.com": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret", http.StatusInternalServerError) },
		"panicked@example.com": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			fmt.Fprint(w, `{"errorMessage":"secret"}`)
		},
		"nothing@example.com":  func(http.ResponseWriter, *http.Request) {},
		"nonsense@example.com": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"6mb@example.com":      func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `"`+strings.Repeat("x", 6<<20)) },
		"late@example.com":     func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		request, _ := io.ReadAll(r.Body)
		for email, answer := range answers {
			if strings.Contains(string(request), `"email":"`+email+`"`) {
				answer(w, r)
				return
			}
		}
		fmt.Fprint(w, `{"decision":"accept"}`)
	}))
	defer server.Close()
	s := startHooked(t, server.URL)
	for email, want := range map[string]string{
		"accepted@example.com":  "",
		"confirmed@example.com": "",
		"refused@example.com":   "HOOK_NO_SEAT: No seat is left.",
		"failed@example.com":    "TRY_AGAIN: ",
		"panicked@example.com":  "TRY_AGAIN: ",
		"nothing@example.com":   "TRY_AGAIN: ",
		"nonsense@example.com":  "TRY_AGAIN: ",
		"6mb@example.com":       "TRY_AGAIN: ",
		"late@example.com":      "TRY_AGAIN: ",
	} {
		before, start := asked.Load(), time.Now()
		err := s.invited(t, email, "en", "")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), "PreSignUp failed with error "+want)) {
			t.Errorf("%s: got %v, want %s", email, err, want)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s waits %v", email, took)
		}
		if n := asked.Load() - before; n != 1 {
			t.Errorf("%s: the hook is asked %d times", email, n)
		}
	}
	user, err := s.sdk().AdminGetUser(t.Context(), &cognito.AdminGetUserInput{UserPoolId: aws.String(s.poolID), Username: aws.String("confirmed@example.com")})
	noError(t, err)
	for _, a := range user.UserAttributes {
		if *a.Name == "email_verified" && *a.Value == "true" {
			t.Error("the hook has verified an address")
		}
	}
	if user.UserStatus != types.UserStatusTypeConfirmed {
		t.Errorf("the hook confirms somebody, and the status is %s", user.UserStatus)
	}
	before := asked.Load()
	if _, err := s.trySignUp(t, "web", "ann@gmial.com", "Ann", nil); err == nil || !strings.Contains(err.Error(), "EMAIL_TYPO") || asked.Load() != before {
		t.Errorf("a rule refuses with %v, and the hook is asked %d times", err, asked.Load()-before)
	}
}

// A file plays the function, as it is at each sign-up. Without anything that plays it, it does not exist.
func TestAFilePlaysTheHook(t *testing.T) {
	file := filepath.Join(t.TempDir(), "answer.json")
	write := func(text string) { noError(t, os.WriteFile(file, []byte(text), 0o600)) }
	write(`{"decision":"refuse"}`)
	s := startHooked(t, file)
	if err := s.invited(t, "file@example.com", "en", ""); err == nil || !strings.Contains(err.Error(), "HOOK_REFUSED: Your sign-up was not accepted.") {
		t.Errorf("got %v", err)
	}
	write(`{"decision":"accept"}`)
	noError(t, s.invited(t, "file@example.com", "en", ""))

	nobody := startHooked(t, "")
	if err := nobody.invited(t, "nobody@example.com", "en", ""); err == nil || !strings.Contains(err.Error(), "TRY_AGAIN") {
		t.Errorf("without the function: %v", err)
	}
	if !strings.Contains(logs.String(), `"reason":"hook: ResourceNotFoundException"`) {
		t.Error("the log does not say why")
	}
}

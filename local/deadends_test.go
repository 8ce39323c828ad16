package local

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/internal/amplify"
	"poolpost/internal/message"
	"poolpost/internal/settings/settingstest"
)

// asksForAPassword is what an app does for somebody who has forgotten the password.
func (s *Stack) asksForAPassword(t *testing.T, email string) {
	t.Helper()
	_, err := s.sdk().ForgotPassword(t.Context(), &cognito.ForgotPasswordInput{
		ClientId: aws.String(s.clientIDs["web"]), Username: aws.String(email), ClientMetadata: map[string]string{"locale": "fr"},
	})
	noError(t, err)
}

// Somebody who forgets the password before the address is confirmed gets no link for a new one. The
// page that the app leads to sends the one that works.
func TestAPasswordForgottenBeforeTheAddressIsConfirmed(t *testing.T) {
	eachDelivery(t, confirmByAddress)
}

func confirmByAddress(t *testing.T, s *Stack) {
	s.signUp(t, "ida@example.com", "Ida", map[string]string{"locale": "fr"})
	first := linkOf(t, s.mail(t, "ida@example.com", "fr", message.SignUp))
	s.asksForAPassword(t, "ida@example.com")
	if n := len(s.box.Messages()); n != 1 {
		t.Fatalf("there are %d emails, so there is no dead end", n)
	}
	outputs := amplify.New(map[string]string{"ClientId": s.clientIDs["web"], "LinksUrl": s.webURL}, s.settings)
	page := browse(t, http.MethodGet, outputs.Custom.HelpURL+"&lang=fr", nil)
	if page.title != s.title(t, "fr", "help") {
		t.Fatalf("the page is %+v", page)
	}
	page.form.Set("email", "IDA@example.com")
	if sent := s.press(t, page); sent.status != http.StatusOK || sent.title != s.title(t, "fr", "help-sent") {
		t.Fatalf("after the address was typed: %+v", sent)
	}
	var second string
	if s.settings.Mail.UsesCustomSender() {
		// Cognito does not pass the language on with this event.
		second = linkOf(t, s.mail(t, "ida@example.com", "en", message.SignUp))
	} else {
		second = linkOf(t, s.another(t, s.box.Messages()[len(s.box.Messages())-1]))
	}
	if second == first {
		t.Fatal("the new email has the old link")
	}
	second = strings.Replace(second, "lang=en", "lang=fr", 1)
	if done := s.press(t, browse(t, http.MethodGet, second, nil)); done.title != s.title(t, "fr", "confirmed") {
		t.Fatalf("the new link: %+v", done)
	}
	s.asksForAPassword(t, "ida@example.com")
	s.mail(t, "ida@example.com", "fr", message.ForgotPassword)
}

// The page is the same for an address that is confirmed, one that is waiting, one without an account,
// and one that has asked too often.
func TestThePageForAnAddressTellsNothing(t *testing.T) {
	s := startStack(t)
	s.signUp(t, "jon@example.com", "Jon", nil)
	s.signUp(t, "kim@example.com", "Kim", nil)
	s.press(t, browse(t, http.MethodGet, linkOf(t, s.mail(t, "kim@example.com", "en", message.SignUp)), nil))
	s.invite(t, "lea@example.com", "temp-sample-3")
	page := browse(t, http.MethodGet, s.webURL+"/help", nil)
	for range 7 { // Cognito allows five an hour
		for _, address := range []string{"jon@example.com", "kim@example.com", "lea@example.com", "nobody@example.com"} {
			page.form.Set("email", address)
			if sent := s.press(t, page); sent.status != http.StatusOK || sent.title != s.title(t, "en", "help-sent") {
				t.Errorf("%s: %+v", address, sent)
			}
		}
	}
	page.form.Set("email", "nobody")
	if again := s.press(t, page); again.status != http.StatusUnprocessableEntity || again.action != "/help" {
		t.Errorf("what is no address: %+v", again)
	}
}

// Whoever has an invitation that has expired reads whom to ask, in the email and on the page.
func TestAnExpiredInvitationNamesWhomToAsk(t *testing.T) { eachDelivery(t, askForAnother) }

func askForAnother(t *testing.T, s *Stack) {
	s.invite(t, "mia@example.com", "temp-sample-3")
	const ask = "Ask for a new"
	invitation := strings.Join(strings.Fields(s.mail(t, "mia@example.com", "en", message.Invitation).HTML), " ")
	if _, whom, ok := strings.Cut(invitation, ask+" invitation:"); !ok || !strings.Contains(whom[:120], "support@example.com") {
		t.Errorf("the invitation does not say whom to ask:\n%s", invitation)
	}
	if text := s.get(t, "/help"); !strings.Contains(text, ask+" one: support@example.com") {
		t.Errorf("the page does not say whom to ask:\n%s", text)
	}
}

// startForgetful starts everything with what is off in the shipped settings, and more of it. The
// binaries are the same, and so is the name of the file.
func startForgetful(t *testing.T, more string, change ...func(*Options)) *Stack {
	t.Helper()
	return startWith(t, settingstest.FileWith(t, "forgetful.yaml", "signUp:\n", "signUp:\n  rememberLocale: true\n  forgetAfterDays: 30\n"+more), change...)
}

func (s *Stack) locale(t *testing.T, user string) string {
	t.Helper()
	out, err := s.sdk().AdminGetUser(t.Context(), &cognito.AdminGetUserInput{UserPoolId: aws.String(s.poolID), Username: aws.String(user)})
	noError(t, err)
	for _, a := range out.UserAttributes {
		if *a.Name == "locale" {
			return *a.Value
		}
	}
	return ""
}

// Cognito passes no client metadata on with an invitation or, with mail.delivery ses, with a new link.
// What the link of the sign-up said is remembered.
func TestTheLanguageOfTheSignUpIsRemembered(t *testing.T) {
	s := startForgetful(t, "")
	for address, test := range map[string]struct{ asked, link, want string }{
		"ned@example.com": {"fr-CA", "fr", "fr"}, "oda@example.com": {"", "en", "en"},
	} {
		user := s.signUp(t, address, "Ned", map[string]string{"locale": test.asked})
		page := browse(t, http.MethodGet, linkOf(t, s.mail(t, address, test.link, message.SignUp)), nil)
		if got := s.locale(t, user); got != "" {
			t.Errorf("%s: before the confirmation, locale is %q", address, got)
		}
		s.press(t, page)
		if got := s.locale(t, user); got != test.want {
			t.Errorf("%s: locale is %q, want %q", address, got, test.want)
		}
	}
	// It is not taken away from somebody who has one, and off in the shipped settings.
	off := startStack(t)
	user := off.signUp(t, "pat@example.com", "Pat", map[string]string{"locale": "fr"})
	off.press(t, browse(t, http.MethodGet, linkOf(t, off.mail(t, "pat@example.com", "fr", message.SignUp)), nil))
	if got := off.locale(t, user); got != "" {
		t.Errorf("without the setting, locale is %q", got)
	}
}

// forgets invokes the function as its schedule does, and as an operator can.
func (s *Stack) forgets(t *testing.T) {
	t.Helper()
	response, err := http.Post(s.awsURL+"/2015-03-31/functions/forget-unconfirmed/invocations", "application/json", strings.NewReader("{}"))
	noError(t, err)
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK || string(body) != "null" {
		t.Fatalf("the function answers %d %s, %v", response.StatusCode, body, err)
	}
}

func (s *Stack) exists(t *testing.T, user string) bool {
	t.Helper()
	_, err := s.sdk().AdminGetUser(t.Context(), &cognito.AdminGetUserInput{UserPoolId: aws.String(s.poolID), Username: aws.String(user)})
	if _, ok := errors.AsType[*types.UserNotFoundException](err); ok {
		return false
	}
	noError(t, err)
	return true
}

func TestAccountsThatWereNeverConfirmedAreForgotten(t *testing.T) {
	for name, test := range map[string]struct {
		settings  string
		old       int // accounts, of which the others of the pool are a few
		forgotten bool
	}{
		"a dry run":        {"", 3, false},
		"a few":            {"  forgetDryRun: false\n", 3, true},
		"too many at once": {"  forgetDryRun: false\n", 11, false},
		"many, if allowed": {"  forgetDryRun: false\n  forgetAtMostPercent: 90\n", 11, true},
	} {
		t.Run(name, func(t *testing.T) {
			var ago atomic.Int64
			clock := func() time.Time { return time.Now().Add(-time.Duration(ago.Load())) }
			s := startForgetful(t, test.settings, func(o *Options) { o.hooks.clock = clock })
			ago.Store(int64(31 * 24 * time.Hour))
			var old []string
			for i := range test.old {
				old = append(old, s.signUp(t, fmt.Sprintf("old%d@example.com", i), "Ola", nil))
			}
			confirmed := s.signUp(t, "pam@example.com", "Pam", nil)
			s.press(t, browse(t, http.MethodGet, linkOf(t, s.mail(t, "pam@example.com", "en", message.SignUp)), nil))
			s.invite(t, "quy@example.com", "temp-sample-3")
			ago.Store(0)
			recent := s.signUp(t, "ron@example.com", "Ron", nil)
			s.forgets(t)
			for _, user := range old {
				if s.exists(t, user) == test.forgotten {
					t.Errorf("%s is there: %t", user, !test.forgotten)
				}
			}
			for _, user := range []string{confirmed, "quy@example.com", recent} {
				if !s.exists(t, user) {
					t.Errorf("%s is deleted", user)
				}
			}
			if test.forgotten { // the address is free again
				s.signUp(t, "old0@example.com", "Ola", nil)
			}
		})
	}
}

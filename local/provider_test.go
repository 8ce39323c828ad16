package local

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/internal/message"
	"poolpost/internal/settings/settingstest"
)

// comes is somebody who comes back from a provider to the hosted sign-in.
func (s *Stack) comes(t *testing.T, provider string, attributes map[string]string) (string, error) {
	t.Helper()
	return s.pool.SignInWithProvider(t.Context(), s.clientIDs["web"], provider, "1234", attributes)
}

// The real function links through the real protocol.
func TestProviderUserIsLinkedToTheAccount(t *testing.T) {
	s := startWith(t, settingstest.FileWith(t, "rules.yaml", "signUp:\n", "signUp:\n  externalProviders: {policy: link, trusted: [Google, Facebook], assumeVerified: [Facebook], linkReplacesPassword: true}\n"))
	ida := map[string]string{"email": "Ida@example.com", "name": "Ida"}
	verified := map[string]string{"email": "Ida@example.com", "email_verified": "true"}

	// A stranger's account with the same address, which nobody has confirmed,
	// does not keep Ida out, and is not linked.
	stranger := s.signUp(t, "ida@example.com", "Stranger", nil)
	if name, err := s.comes(t, "Apple", verified); err != nil || name != "apple_1234" {
		t.Errorf("with an unconfirmed account: %q, %v", name, err)
	}
	if got := s.status(t, stranger); got != types.UserStatusTypeUnconfirmed {
		t.Errorf("the unconfirmed account is %s", got)
	}

	// Once its address is verified it is Ida's own.
	s.press(t, browse(t, "GET", linkOf(t, s.mail(t, "ida@example.com", "en", message.SignUp)), nil))
	// Whoever only claims her address does not learn that it has an account.
	if name, err := s.pool.SignInWithProvider(t.Context(), s.clientIDs["web"], "Google", "4321", ida); err != nil || name != "google_4321" {
		t.Errorf("unverified at the provider: %q, %v", name, err)
	}
	for _, provider := range []string{"Google", "Facebook"} {
		attributes := verified
		if provider == "Facebook" {
			attributes = ida // it never says that an address is verified
		}
		_, err := s.comes(t, provider, attributes)
		if err == nil || !strings.Contains(err.Error(), "PreSignUp failed with error ACCOUNT_LINKED: ") || strings.Contains(err.Error(), "..") {
			t.Errorf("%s: the first sign-in: %v", provider, err)
		}
		if name, err := s.comes(t, provider, attributes); err != nil || name != stranger {
			t.Errorf("%s: the second sign-in: %q, %v, want the account", provider, name, err)
		}
	}
	if !slices.ContainsFunc(strings.Split(logs.String(), "\n"), func(line string) bool {
		return strings.Contains(line, `"Outcome":"ACCOUNT_LINKED"`) && strings.Contains(line, `"detail":"Google"`)
	}) {
		t.Error("there is no line of the log about the link")
	}

	// Facebook does not say that an address is verified, so the account's is not any more: it is still
	// hers, and nothing more is linked to it.
	if _, err := s.pool.SignInWithProvider(t.Context(), s.clientIDs["web"], "Google", "9999", verified); err == nil || !strings.Contains(err.Error(), "PreSignUp failed with error ACCOUNT_EXISTS: ") {
		t.Errorf("after Facebook: %v", err)
	}

	// Nobody else is affected.
	if name, err := s.pool.SignInWithProvider(t.Context(), s.clientIDs["web"], "Google", "5678", map[string]string{"email": "new@example.com", "email_verified": "true"}); err != nil || name != "google_5678" {
		t.Errorf("without an account: %q, %v", name, err)
	}
}

// A stranger signs up with Ida's address, and a scanner of her mail presses the button in a browser.
// Then she comes through Google herself.
func TestAStrangersPasswordIsNoWayIntoALinkedAccount(t *testing.T) {
	verified := map[string]string{"email": "ida@example.com", "email_verified": "true"}
	attack := func(t *testing.T, more string) (s *Stack, account string, stranger *string, err error) {
		s = startWith(t, settingstest.FileWith(t, "rules.yaml", "signUp:\n", "signUp:\n  externalProviders: {policy: link, trusted: [Google]"+more+"}\n"))
		account = s.signUp(t, "ida@example.com", "Stranger", nil)
		s.press(t, browse(t, "GET", linkOf(t, s.mail(t, "ida@example.com", "en", message.SignUp)), nil))
		stranger = s.signIn(t, "ida@example.com", password)
		_, err = s.comes(t, "Google", verified)
		return s, account, stranger, err
	}
	refused := func(err error, code string) bool {
		return err != nil && strings.Contains(err.Error(), "PreSignUp failed with error "+code+": ")
	}
	t.Run("by default, nobody is merged into it", func(t *testing.T) {
		t.Parallel()
		s, _, stranger, err := attack(t, "")
		for range 2 {
			if !refused(err, "ACCOUNT_EXISTS") {
				t.Errorf("Ida comes through Google: %v", err)
			}
			_, err = s.comes(t, "Google", verified)
		}
		user, err := s.sdk().GetUser(t.Context(), &cognito.GetUserInput{AccessToken: stranger})
		noError(t, err)
		if slices.ContainsFunc(user.UserAttributes, func(a types.AttributeType) bool { return *a.Name == "identities" }) {
			t.Error("a provider is linked to the stranger's account")
		}
	})
	t.Run("with linkReplacesPassword, the stranger is out", func(t *testing.T) {
		t.Parallel()
		s, account, stranger, err := attack(t, ", linkReplacesPassword: true")
		if !refused(err, "ACCOUNT_LINKED") {
			t.Errorf("Ida comes through Google: %v", err)
		}
		if _, err := s.sdk().GetUser(t.Context(), &cognito.GetUserInput{AccessToken: stranger}); err == nil {
			t.Error("the stranger's session goes on")
		}
		if _, err := newApp(s).proveBySRP(t.Context(), &appPage{Client: "web", Email: "ida@example.com"}, password); err == nil {
			t.Error("the stranger's password still works")
		}
		if name, err := s.comes(t, "Google", verified); err != nil || name != account {
			t.Errorf("Ida's next sign-in: %q, %v, want the account", name, err)
		}
		if sub := linkOf(t, s.mail(t, "ida@example.com", "en", message.ProviderLinked)); sub != "https://app.example.com/sign-in" {
			t.Errorf("the notice leads to %s", sub)
		}
		// The owner of the mailbox can have a password again.
		_, err = s.sdk().ForgotPassword(t.Context(), &cognito.ForgotPasswordInput{ClientId: aws.String(s.clientIDs["web"]), Username: aws.String("ida@example.com")})
		noError(t, err)
		page := browse(t, "GET", linkOf(t, s.mail(t, "ida@example.com", "en", message.ForgotPassword)), nil)
		page.form.Set("password", "another-sample-2")
		page.form.Set("repeat", "another-sample-2")
		if done := s.press(t, page); done.title != s.title(t, "en", "reset-done") {
			t.Errorf("a new password: %+v", done)
		}
		s.signIn(t, "ida@example.com", "another-sample-2")
	})
}

func TestSampleAppSignsInThroughAProvider(t *testing.T) {
	s := startWith(t, settingstest.FileWith(t, "rules.yaml", "signUp:\n", "signUp:\n  externalProviders: {policy: link, trusted: [Google]}\n"))
	if page := browse(t, "GET", s.webURL+"/provider", nil); page.status != 200 || page.title != "Sign in with a provider" {
		t.Errorf("the form: %+v", page)
	}
	come := func(email string) shown {
		return browse(t, "POST", s.webURL+"/provider", url.Values{"provider": {"Google"}, "id": {"1"}, "email": {email}, "verified": {"true"}})
	}
	if page := come("ann@example.net"); page.status != 400 || page.title != "Sign in with a provider" {
		t.Errorf("a denied address: %+v", page)
	}
	if page := come(""); page.status != 400 || page.title != "Sign in with a provider" {
		t.Errorf("no address: %+v", page)
	}
	if page := come("ann@example.com"); page.status != 200 || page.title != "Signed in" {
		t.Errorf("an address of nobody: %+v", page)
	}
}

func TestTrustedDomainIsConfirmedWithoutEmail(t *testing.T) {
	s := startWith(t, settingstest.FileWith(t, "rules.yaml", "signUp:\n", "signUp:\n  autoConfirm: {domains: [staff.example], verifyEmail: true}\n"))
	if got := s.status(t, s.signUp(t, "kim@staff.example", "Kim", nil)); got != types.UserStatusTypeConfirmed {
		t.Errorf("the user is %s", got)
	}
	s.mail(t, "kim@staff.example", "en", message.Welcome)
	if got := s.status(t, s.signUp(t, "kim@example.com", "Kim", nil)); got != types.UserStatusTypeUnconfirmed {
		t.Errorf("the user of another domain is %s", got)
	}
}

func TestSuppressedAddressIsRefused(t *testing.T) {
	s := startWith(t, settingstest.FileWith(t, "rules.yaml", "  email:\n", "  email:\n    refuseSuppressed: true\n"))
	s.signUp(t, "lea@example.com", "Lea", nil)
	_, err := s.trySignUp(t, "web", "SuppressionList@simulator.amazonses.com", "Ann", nil)
	refused, ok := errors.AsType[*types.UserLambdaValidationException](err)
	if !ok || !strings.HasPrefix(refused.ErrorMessage(), "PreSignUp failed with error EMAIL_SUPPRESSED: ") {
		t.Errorf("got %v", err)
	}
}

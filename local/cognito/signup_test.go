package cognito

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

func TestSignUpToSignIn(t *testing.T) {
	w := newWorld(t)
	out, err := w.signUp(ada, with("custom:agentName", "Smith"))
	ok(t, err)
	if out.UserConfirmed || !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(*out.UserSub) {
		t.Errorf("SignUp answered %+v", out)
	}
	d := out.CodeDeliveryDetails
	if *d.AttributeName != "email" || d.DeliveryMedium != "EMAIL" || *d.Destination != "a***@e***" {
		t.Errorf("the code went to %s %s %s", *d.AttributeName, d.DeliveryMedium, *d.Destination)
	}
	_, err = w.signIn(ada, password)
	refused(t, err, "UserNotConfirmedException", "User is not confirmed.")
	ok(t, w.confirm(ada, w.code()))
	got := w.attributes(ada)
	for name, want := range map[string]string{
		"status": "CONFIRMED", "email": ada, "email_verified": "true", "custom:agentName": "Smith", "sub": *out.UserSub,
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if _, err := w.signIn(ada, password); err != nil {
		t.Error(err)
	}
}

func TestSignUpRefuses(t *testing.T) {
	const schema = "Attributes did not conform to the schema: "
	for name, test := range map[string]struct {
		change        func(*cognito.SignUpInput)
		kind, message string
	}{
		"an unknown app client": {func(in *cognito.SignUpInput) { in.ClientId = aws.String("nobody") },
			"ResourceNotFoundException", "User pool client nobody does not exist."},
		"a secret hash, since no client has a secret": {func(in *cognito.SignUpInput) { in.SecretHash = aws.String("c2FtcGxl") },
			"NotAuthorizedException", "Unable to verify secret hash for client " + webClient},
		"a user name that is no address": {func(in *cognito.SignUpInput) { in.Username = aws.String("ada") },
			"InvalidParameterException", "Username should be an email."},
		"a user name with a blank": {func(in *cognito.SignUpInput) { in.Username = aws.String("ada smith") },
			"InvalidParameterException", `1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`},
		"two parameters at once": {func(in *cognito.SignUpInput) {
			in.Username, in.Password = aws.String(strings.Repeat("a", 129)), aws.String(" blank")
		},
			"InvalidParameterException", `2 validation errors detected: Value at 'username' failed to satisfy constraint: Member must have length less than or equal to 128; Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: [\S]+.*[\S]+`},
		"an email attribute that is another address": {with("email", "eve@example.com"),
			"InvalidParameterException", "The email attribute is not the user name."},
		"an invalid email attribute": {with("email", "ada at example"),
			"InvalidParameterException", "Invalid email address format."},
		"an attribute that the client may not write": {with("phone_number", "+12065550100"),
			"NotAuthorizedException", "A client attempted to write unauthorized attribute"},
		"an attribute that the pool has not": {with("custom:badge", "7"),
			"InvalidParameterException", schema + "custom:badge: Attribute does not exist in the schema."},
		"a custom attribute that is too short": {with("custom:agentName", "A"),
			"InvalidParameterException", schema + "custom:agentName: String must be at least 2 characters long"},
		"a custom attribute that is too long, counted in characters": {with("custom:agentName", strings.Repeat("é", 21)),
			"InvalidParameterException", schema + "custom:agentName: String must be no longer than 20 characters"},
		"an attribute of 300 KB": {with("name", strings.Repeat("n", 300_000)),
			"InvalidParameterException", "1 validation error detected: Value at 'userAttributes.1.member.value' failed to satisfy constraint: Member must have length less than or equal to 2048"},
		"a client that says the address is verified": {with("email_verified", "true"),
			"NotAuthorizedException", "A client attempted to write unauthorized attribute"},
		"a password that is too short": {func(in *cognito.SignUpInput) { in.Password = aws.String("pass-1") },
			"InvalidPasswordException", "Password did not conform with policy: Password not long enough"},
		"no password": {func(in *cognito.SignUpInput) { in.Password = nil },
			"InvalidPasswordException", "Password did not conform with policy: Password not long enough"},
		"a password without a digit": {func(in *cognito.SignUpInput) { in.Password = aws.String("sample-pass") },
			"InvalidPasswordException", "Password did not conform with policy: Password must have numeric characters"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.signUp(ada, test.change)
			refused(t, err, test.kind, test.message)
			if len(w.calls) > 0 || w.delivered() > 0 {
				t.Error("a trigger was called, or an email sent")
			}
		})
	}
}

func TestSignUpIsRefusedWhenOnlyAdminsCreateUsers(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Settings.Pool.SelfSignUp = false })
	_, err := w.signUp(ada)
	refused(t, err, "NotAuthorizedException", "SignUp is not permitted for this user pool")
}

func TestAddressBelongsToOneUser(t *testing.T) {
	w := newWorld(t)
	w.mustSignUp(ada)
	_, err := w.signUp("ADA@Example.com")
	refused(t, err, "UsernameExistsException", "An account with the given email already exists.")
	if calls := w.called("pre-sign-up"); len(calls) != 1 {
		t.Errorf("PreSignUp was called %d times, want 1", len(calls))
	}
}

func TestUserIsFoundByNameAndByAddressInAnyCase(t *testing.T) {
	w := newWorld(t)
	name := w.mustConfirm("Ada@Example.com")
	for _, username := range []string{name, ada, "ADA@EXAMPLE.COM"} {
		if _, err := w.signIn(username, password); err != nil {
			t.Errorf("sign in as %s: %v", username, err)
		}
	}
	if got := w.attributes(name)["email"]; got != "Ada@Example.com" {
		t.Errorf("the address became %s", got)
	}
}

func TestConcurrentSignUps(t *testing.T) {
	w := newWorld(t)
	var wait sync.WaitGroup
	results := make(chan error, 60)
	for i := range 60 {
		wait.Go(func() {
			// Twenty addresses, each signed up three times.
			_, err := w.signUp(fmt.Sprintf("user%d@example.com", i%20))
			results <- err
		})
	}
	wait.Wait()
	close(results)
	accepted := 0
	for err := range results {
		if err == nil {
			accepted++
			continue
		}
		refused(t, err, "UsernameExistsException", "An account with the given email already exists.")
	}
	if accepted != 20 || w.delivered() != 20 {
		t.Errorf("%d sign-ups were accepted and %d mails sent, want 20 of each", accepted, w.delivered())
	}
}

func TestConfirmSignUpRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		prepare       func(w *world) (address, code string)
		kind, message string
	}{
		"a wrong code": {func(w *world) (string, string) { return ada, other(w.code()) },
			"CodeMismatchException", "Invalid verification code provided, please try again."},
		"a code after 24 hours": {func(w *world) (string, string) { w.advance(24 * time.Hour); return ada, w.code() },
			"ExpiredCodeException", "Invalid code provided, please request a code again."},
		"a code that a newer one replaced": {func(w *world) (string, string) {
			code := w.code()
			_, err := w.resend(ada)
			ok(w.t, err)
			return ada, code
		},
			"ExpiredCodeException", "Invalid code provided, please request a code again."},
		"an unknown user, as one without a code": {func(w *world) (string, string) { return "eve@example.com", w.code() },
			"ExpiredCodeException", "Invalid code provided, please request a code again."},
		"a user who is confirmed": {func(w *world) (string, string) {
			ok(w.t, w.confirm(ada, w.code()))
			return ada, w.code()
		},
			"NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"},
		"a code with a blank": {func(*world) (string, string) { return ada, "123 456" },
			"InvalidParameterException", `1 validation error detected: Value at 'confirmationCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [\S]+`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.mustSignUp(ada)
			address, code := test.prepare(w)
			refused(t, w.confirm(address, code), test.kind, test.message)
		})
	}
}

func TestCodeIsValidUntilItsLastSecond(t *testing.T) {
	w := newWorld(t)
	w.mustSignUp(ada)
	w.advance(24*time.Hour - time.Second)
	ok(t, w.confirm(ada, w.code()))
}

func TestResendConfirmationCode(t *testing.T) {
	t.Run("sends a new code", func(t *testing.T) {
		w := newWorld(t)
		w.mustSignUp(ada)
		out, err := w.resend("ADA@example.com")
		ok(t, err)
		if *out.CodeDeliveryDetails.Destination != "a***@e***" || w.last().TriggerSource != "CustomMessage_ResendCode" {
			t.Errorf("sent %+v to %s", w.last(), *out.CodeDeliveryDetails.Destination)
		}
		ok(t, w.confirm(ada, w.code()))
	})
	t.Run("is refused for a confirmed user", func(t *testing.T) {
		w := newWorld(t)
		w.mustConfirm(ada)
		_, err := w.resend(ada)
		refused(t, err, "InvalidParameterException", "User is already confirmed.")
	})
	t.Run("answers for an unknown user as for a known one, and sends nothing", func(t *testing.T) {
		w := newWorld(t)
		out, err := w.resend("Ada@example.com")
		ok(t, err)
		d := out.CodeDeliveryDetails
		if *d.Destination != "a***@e***" || *d.AttributeName != "email" || d.DeliveryMedium != "EMAIL" || w.delivered() > 0 {
			t.Errorf("answered %s, %d messages", *d.Destination, w.delivered())
		}
	})
}

func TestDestinationsAreMasked(t *testing.T) {
	for from, want := range map[string]string{
		"ada@example.com": "a***@e***", "Ünal@example.com": "ü***@e***", "ada": "a***@***", "": "***@***",
	} {
		if got := maskAddress(from); got != want {
			t.Errorf("%q became %q, want %q", from, got, want)
		}
	}
}

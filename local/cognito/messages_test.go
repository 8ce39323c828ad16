package cognito

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

func TestCustomMessageIsSent(t *testing.T) {
	w := newWorld(t)
	w.functions["custom-message"] = responding(map[string]any{
		"emailSubject": "Welcome, {####}",
		"emailMessage": `<a href="https://links.example.com/confirm?code={####}">Confirm</a> {####} {username} 👋🏽`,
	})
	w.mustSignUp(ada)
	d := w.last()
	code := w.code()
	want := Delivery{
		To: ada, TriggerSource: "CustomMessage_SignUp",
		Subject: "Welcome, {####}", // only bodies are filled
		Body:    fmt.Sprintf(`<a href="https://links.example.com/confirm?code=%s">Confirm</a> %s {username} 👋🏽`, code, code),
	}
	if d != want {
		t.Errorf("sent %+v\nwant %+v", d, want)
	}
	ok(t, w.confirm(ada, code))
}

func TestDefaultMessageIsSentWithTheReason(t *testing.T) {
	mail := func(body any, subject any) map[string]any {
		return map[string]any{"emailMessage": body, "emailSubject": subject}
	}
	for name, test := range map[string]struct {
		response map[string]any
		note     string
	}{
		"an event as it came":       {nil, "the function set no emailMessage"},
		"a subject alone":           {mail(nil, "Hello"), "the function set no emailMessage"},
		"no code in the email":      {mail("Welcome to the app", "Hello"), "emailMessage lacks the placeholder {####}"},
		"an empty email":            {mail("", "Hello"), "emailMessage lacks the placeholder {####}"},
		"a code that is escaped":    {mail("code=%7B####%7D", "Hello"), "emailMessage lacks the placeholder {####}"},
		"an email that is too long": {mail("{####}"+strings.Repeat("é", 19_995), "Hello"), "emailMessage has 20001 characters; Cognito takes 6 to 20000"},
		"a subject too long":        {mail("Your code: {####}", strings.Repeat("s", 141)), "emailSubject has 141 characters; Cognito takes 1 to 140"},
		"an empty subject":          {mail("Your code: {####}", ""), "emailSubject has 0 characters; Cognito takes 1 to 140"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.functions["custom-message"] = responding(test.response)
			w.mustSignUp(ada)
			d := w.last()
			if d.Note != test.note {
				t.Errorf("the note is %q, want %q", d.Note, test.note)
			}
			if d.Subject != "Your verification code" || d.Body != "Your confirmation code is "+w.code() {
				t.Errorf("sent %q: %q", d.Subject, d.Body)
			}
		})
	}
}

func TestMissingSubjectGetsTheDefault(t *testing.T) {
	w := newWorld(t)
	w.functions["custom-message"] = responding(map[string]any{"emailMessage": "Code {####}"})
	w.mustSignUp(ada)
	d := w.last()
	if d.Subject != "Your verification code" || !strings.HasPrefix(d.Body, "Code ") || d.Note != "the function set no emailSubject" {
		t.Errorf("sent %+v", d)
	}
}

func TestLongestMessageIsSent(t *testing.T) {
	w := newWorld(t)
	w.functions["custom-message"] = responding(map[string]any{
		"emailMessage": "{####}" + strings.Repeat("é", 19_994), "emailSubject": strings.Repeat("é", 140),
	})
	w.mustSignUp(ada)
	if d := w.last(); d.Note != "" {
		t.Errorf("the note is %q", d.Note)
	}
}

func TestRefusedCharactersFailTheRequest(t *testing.T) {
	const (
		body    = `1 validation error detected: Value at 'emailBody' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*\{####\}[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]* (the first such character is U+%s)`
		subject = `1 validation error detected: Value at 'emailSubject' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}\s]+ (the first such character is U+%s)`
	)
	for name, test := range map[string]struct{ member, character, pattern, number string }{
		"a no-break space":                {"emailMessage", "\u00a0", body, "00A0"},
		"a narrow no-break space":         {"emailMessage", "\u202f", body, "202F"},
		"an ideographic space":            {"emailMessage", "\u3000", body, "3000"},
		"a zero-width joiner":             {"emailMessage", "\u200d", body, "200D"},
		"a soft hyphen":                   {"emailMessage", "\u00ad", body, "00AD"},
		"a byte order mark":               {"emailMessage", "\ufeff", body, "FEFF"},
		"a right-to-left override":        {"emailMessage", "\u202e", body, "202E"},
		"a line separator":                {"emailMessage", "\u2028", body, "2028"},
		"a private character":             {"emailMessage", "\ue000", body, "E000"},
		"NUL":                             {"emailMessage", "\x00", body, "0000"},
		"a no-break space in the subject": {"emailSubject", "\u00a0", subject, "00A0"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			response := map[string]any{"emailMessage": "Code {####}", "emailSubject": "Hello"}
			response[test.member] = response[test.member].(string) + test.character
			w.functions["custom-message"] = responding(response)
			_, err := w.signUp(ada)
			refused(t, err, "InvalidParameterException", fmt.Sprintf(test.pattern, test.number))
			if w.delivered() > 0 {
				t.Error("an email was sent")
			}
		})
	}
}

func TestAllowedCharacters(t *testing.T) {
	w := newWorld(t)
	text := "Grüße, 你好, مرحبا, e\u0301, ❤\ufe0f, 👋🏽 €1 *\r\n\t\v\f"
	w.functions["custom-message"] = responding(map[string]any{"emailMessage": text + "{####}", "emailSubject": text})
	w.mustSignUp(ada)
	if d := w.last(); d.Note != "" || d.Subject != text {
		t.Errorf("sent %+v", d)
	}
}

func TestInvitations(t *testing.T) {
	temporary := func(in *cognito.AdminCreateUserInput) { in.TemporaryPassword = aws.String("a<b&c-123") }
	t.Run("the default email has name and password, escaped for HTML", func(t *testing.T) {
		w := newWorld(t)
		ok(t, w.invite(ada, temporary))
		d := w.last()
		if d.Subject != "Your temporary password" || d.Body != "Your username is ada@example.com and temporary password is a&lt;b&amp;c-123." || d.To != ada {
			t.Errorf("sent %+v", d)
		}
	})
	t.Run("the function's mail has both placeholders filled", func(t *testing.T) {
		w := newWorld(t)
		w.functions["custom-message"] = responding(map[string]any{"emailMessage": "{username} / {####} / {username}", "emailSubject": "Hello"})
		ok(t, w.invite(ada, temporary))
		if d := w.last(); d.Body != "ada@example.com / a&lt;b&amp;c-123 / ada@example.com" || d.Note != "" {
			t.Errorf("sent %+v", d)
		}
	})
	t.Run("an email without the user name is not sent", func(t *testing.T) {
		w := newWorld(t)
		w.functions["custom-message"] = responding(map[string]any{"emailMessage": "Password: {####}", "emailSubject": "Hello"})
		ok(t, w.invite(ada))
		if d := w.last(); d.Note != "emailMessage lacks the placeholder {username}" || d.Subject != "Your temporary password" {
			t.Errorf("sent %+v", d)
		}
	})
	t.Run("a text is measured with the address in it", func(t *testing.T) {
		w := newWorld(t)
		w.functions["custom-message"] = responding(map[string]any{
			"emailMessage": "{username}{####}" + strings.Repeat("x", 20_001-15-16), "emailSubject": "Hello",
		})
		ok(t, w.invite(ada, temporary)) // 15 characters, and 16 when < and & are escaped
		if d := w.last(); d.Note != "emailMessage has 20001 characters; Cognito takes 6 to 20000" {
			t.Errorf("sent %+v", d)
		}
	})
}

// noSMS is what Cognito says when it has nothing to send an SMS with.
const noSMS = "CodeDeliveryFailureException: Invalid phone number provided/Unable to send the message. User pool does not have SMS configuration to send messages."

func TestNoSMSIsSent(t *testing.T) {
	w := newWorld(t).phones()
	w.mustConfirm(ada, with("phone_number", "+12065550100"))
	before := w.delivered()
	_, err := w.api.GetUserAttributeVerificationCode(context.Background(), &cognito.GetUserAttributeVerificationCodeInput{
		AccessToken: w.mustSignIn(ada), AttributeName: aws.String("phone_number"),
	})
	if err == nil || !strings.Contains(err.Error(), noSMS) || w.delivered() > before {
		t.Errorf("got %v, and %d messages", err, w.delivered()-before)
	}
}

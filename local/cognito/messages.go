package cognito

import (
	"context"
	"fmt"
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The placeholders of a message. No page gives the first two as constants, but
// every event has them (observed).
const (
	codePlaceholder     = "{####}"
	linkPlaceholder     = "{##Click Here##}"
	usernamePlaceholder = "{username}"
)

// The sources of CustomMessage.
const (
	sourceSignUp          = "CustomMessage_SignUp"
	sourceResendCode      = "CustomMessage_ResendCode"
	sourceForgotPassword  = "CustomMessage_ForgotPassword"
	sourceUpdateAttribute = "CustomMessage_UpdateUserAttribute"
	sourceVerifyAttribute = "CustomMessage_VerifyUserAttribute"
	sourceAdminCreateUser = "CustomMessage_AdminCreateUser"
)

// A notice is a code on its way to a user.
type notice struct {
	source     string
	userName   string
	attributes map[string]string // as the event gets them
	code       string            // or a temporary password
	metadata   map[string]string
	email      string // where it goes; either may be empty
	phone      string
}

// A text is a message before its placeholders are filled.
type text struct{ subject, body string }

// defaultText is what Cognito sends without a trigger: the defaults of
// VerificationMessageTemplateType and MessageTemplateType, which the API
// reference does not give (observed).
func (n notice) defaultText() text {
	if n.source == sourceAdminCreateUser {
		return text{"Your temporary password", "Your username is {username} and temporary password is {####}."}
	}
	return text{"Your verification code", "Your confirmation code is {####}"}
}

// send asks the CustomMessage function for the text of a notice, and delivers
// it (developer guide, "Custom message Lambda trigger"). Mails are left to the
// CustomEmailSender function where the pool has one. The pool has nothing to send an SMS with; the
// text is observed at sign-ins: https://github.com/aws-amplify/amplify-js/issues/166
func (p *Pool) send(ctx context.Context, c caller, n notice) error {
	if n.phone != "" {
		return failure("CodeDeliveryFailureException", "Invalid phone number provided/Unable to send the message. User pool does not have SMS configuration to send messages.")
	}
	if n.email == "" {
		return nil
	}
	if function, ok := p.options.Triggers[customEmailSender]; ok {
		return p.handOver(ctx, c, function, n)
	}
	request := customMessageRequest{
		UserAttributes: n.attributes,
		CodeParameter:  codePlaceholder,
		LinkParameter:  linkPlaceholder,
		ClientMetadata: n.metadata,
	}
	if n.source == sourceAdminCreateUser {
		request.UsernameParameter = new(usernamePlaceholder)
	}
	var custom customMessageResponse
	if err := p.trigger(ctx, c, customMessage, n.source, n.userName, request, &custom); err != nil {
		return err
	}
	message, note, err := p.compose(n, custom)
	if err != nil {
		return err
	}
	p.unlocked(func() { p.options.Deliver(Delivery{n.email, message.subject, n.fill(message.body), n.source, note}) })
	return nil
}

// compose picks the text of an email: the function's, or Cognito's with a note that says why. It
// fails where Cognito fails.
func (p *Pool) compose(n notice, custom customMessageResponse) (text, string, error) {
	fallback := n.defaultText()
	if _, ok := p.options.Triggers[customMessage]; !ok {
		return fallback, "the pool has no CustomMessage trigger", nil
	}
	body, subject := custom.EmailMessage, custom.EmailSubject
	if body == nil {
		return fallback, "the function set no emailMessage", nil
	}
	if err := checkCharacters("emailBody", *body, `[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*\{####\}[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*`); err != nil {
		return text{}, "", err
	}
	if broken := n.broken(*body); broken != "" {
		return fallback, broken, nil
	}
	if subject == nil {
		return text{fallback.subject, *body}, "the function set no emailSubject", nil
	}
	if err := checkCharacters("emailSubject", *subject, `[\p{L}\p{M}\p{S}\p{N}\p{P}\s]+`); err != nil {
		return text{}, "", err
	}
	if broken := outside("emailSubject", *subject, 1, 140); broken != "" {
		return fallback, broken, nil
	}
	return text{*subject, *body}, "", nil
}

// broken says which rule a body breaks, or nothing. Cognito then sends its
// default text and reports nothing (observed). The page asks for the code in every
// message, and for both placeholders in an invitation.
func (n notice) broken(body string) string {
	needed := []string{codePlaceholder}
	if n.source == sourceAdminCreateUser {
		needed = append(needed, usernamePlaceholder)
	}
	for _, placeholder := range needed {
		if !strings.Contains(body, placeholder) {
			return "emailMessage lacks the placeholder " + placeholder
		}
	}
	return outside("emailMessage", n.fill(body), 6, 20_000)
}

// outside says that a text is too short or too long, or nothing. Lengths are
// those of EmailVerificationMessageType and its like, in characters (Smithy:
// Unicode scalar values), with the placeholders filled.
func outside(name, value string, shortest, longest int) string {
	if n := utf8.RuneCountInString(value); n < shortest || n > longest {
		return fmt.Sprintf("%s has %d characters; Cognito takes %d to %d", name, n, shortest, longest)
	}
	return ""
}

// checkCharacters refuses what the pattern of a message refuses; the API call
// then fails (observed), in these words but for the hint in brackets. The
// pattern is Java's: \s is six characters of ASCII.
func checkCharacters(name, value, pattern string) error {
	for _, r := range value {
		if !unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P) && !strings.ContainsRune(" \t\n\v\f\r", r) {
			return invalidParameter("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s (the first such character is U+%04X)", name, pattern, r)
		}
	}
	return nil
}

// fill replaces the placeholders of a body; {username} is the address that the
// user was invited with. The page speaks of the body only,
// so a subject keeps them. Temporary passwords can hold < and &, and the
// custom sender triggers get them escaped, so a mail does too (derived).
func (n notice) fill(body string) string {
	replacements := []string{codePlaceholder, html.EscapeString(n.code)}
	if n.source == sourceAdminCreateUser {
		replacements = append(replacements, usernamePlaceholder, html.EscapeString(n.attributes["email"]))
	}
	return strings.NewReplacer(replacements...).Replace(body)
}

// delivery describes where a notice with a code goes, with the destination masked.
func (n notice) delivery() codeDelivery {
	return deliveryTo(n.email)
}

func (u *user) notify(source, code string, metadata map[string]string) notice {
	return notice{source: source, userName: u.name, attributes: u.forEvent(), code: code, metadata: metadata}
}

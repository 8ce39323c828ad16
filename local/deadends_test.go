package local

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"poolpost/internal/amplify"
	"poolpost/internal/message"
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

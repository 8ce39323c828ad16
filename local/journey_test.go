package local

import (
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/internal/message"
	"poolpost/internal/settings/settingstest"
)

const password = "sample-pass-1"

// eachDelivery goes on a journey once with emails that Cognito sends and once with
// emails that go through SES. The person sees the same.
func eachDelivery(t *testing.T, journey func(*testing.T, *Stack)) {
	t.Run("through Cognito", func(t *testing.T) { journey(t, startStack(t)) })
	t.Run("through SES", func(t *testing.T) { journey(t, startSES(t)) })
}

func attribute(name, value string) types.AttributeType {
	return types.AttributeType{Name: aws.String(name), Value: aws.String(value)}
}

// signUp signs a person up with the AWS SDK.
func (s *Stack) signUp(t testing.TB, email, agentName string, metadata map[string]string) string {
	t.Helper()
	out, err := s.trySignUp(t, "web", email, agentName, metadata)
	noError(t, err)
	return *out.UserSub
}

func (s *Stack) trySignUp(t testing.TB, client, email, agentName string, metadata map[string]string) (*cognito.SignUpOutput, error) {
	return s.sdk().SignUp(t.Context(), &cognito.SignUpInput{
		ClientId: aws.String(s.clientIDs[client]), Username: aws.String(email), Password: aws.String(password),
		UserAttributes: []types.AttributeType{attribute("email", email), attribute("custom:agentName", agentName)},
		ClientMetadata: metadata,
	})
}

// signIn returns an access token.
func (s *Stack) signIn(t testing.TB, email, password string) *string {
	t.Helper()
	out, err := newApp(s).proveBySRP(t.Context(), &appPage{Client: "web", Email: email}, password)
	if err != nil || out.AuthenticationResult == nil {
		t.Fatalf("%s cannot sign in: %v", email, err)
	}
	return out.AuthenticationResult.AccessToken
}

// invite creates a user, who gets an invitation with a temporary password.
func (s *Stack) invite(t testing.TB, email, password string, more ...types.AttributeType) {
	t.Helper()
	_, err := s.sdk().AdminCreateUser(t.Context(), &cognito.AdminCreateUserInput{
		UserPoolId: aws.String(s.poolID), Username: aws.String(email), TemporaryPassword: aws.String(password),
		DesiredDeliveryMediums: []types.DeliveryMediumType{types.DeliveryMediumTypeEmail},
		UserAttributes:         append(more, attribute("email", email)),
	})
	noError(t, err)
}

func (s *Stack) status(t testing.TB, user string) types.UserStatusType {
	t.Helper()
	out, err := s.sdk().AdminGetUser(t.Context(), &cognito.AdminGetUserInput{UserPoolId: aws.String(s.poolID), Username: aws.String(user)})
	noError(t, err)
	return out.UserStatus
}

func TestSignUpConfirmAndWelcome(t *testing.T) { eachDelivery(t, signUpToWelcome) }

func signUpToWelcome(t *testing.T, s *Stack) {
	ctx := t.Context()
	sub := s.signUp(t, "Ann@example.com", "Ann Example", nil)

	m := s.mail(t, "Ann@example.com", "en", message.SignUp)
	if m.Note != "" {
		t.Errorf("Cognito would not have sent this email as it is: %s", m.Note)
	}
	if ses := s.settings.Mail.UsesCustomSender(); (m.Via == "SES") != ses || strings.Contains(m.Text, "Hello Ann Example,") != ses {
		t.Errorf("the email came through %s with the text %q", m.Via, m.Text)
	}
	if !strings.Contains(strings.Join(strings.Fields(m.HTML), " "), "Hello Ann Example,") {
		t.Error("the email does not greet by name")
	}
	address := linkOf(t, m)
	query, err := url.Parse(address)
	noError(t, err)
	code := query.Query().Get("code")
	if !strings.Contains(m.HTML, ">"+code+"<") {
		t.Errorf("the email does not show the code %s beside the button", code)
	}

	// Opening the link, as mail scanners do, changes nothing.
	for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodGet} {
		if p := browse(t, method, address, nil); p.status != http.StatusOK {
			t.Errorf("%s of the link: status %d", method, p.status)
		}
	}
	if got := s.status(t, sub); got != types.UserStatusTypeUnconfirmed {
		t.Fatalf("after the link was only opened the user is %s, want UNCONFIRMED", got)
	}

	page := browse(t, http.MethodGet, address, nil)
	done := s.press(t, page)
	if done.status != http.StatusOK || done.title != s.title(t, "en", "confirmed") || done.next != "https://app.example.com/?status=confirmed" {
		t.Errorf("after the button: %+v", done)
	}
	if got := s.status(t, sub); got != types.UserStatusTypeConfirmed {
		t.Fatalf("after the button the user is %s, want CONFIRMED", got)
	}
	if again := s.press(t, page); again.status != http.StatusOK || again.title != s.title(t, "en", "already-confirmed") {
		t.Errorf("after pressing the button twice: %+v", again)
	}

	welcome := s.mail(t, "Ann@example.com", "en", message.Welcome)
	if welcome.Via != "SES" || !strings.Contains(welcome.Text, "Hello Ann Example,") || linkOf(t, welcome) != "https://app.example.com/" {
		t.Errorf("the welcome email is not as it should be: %+v", welcome)
	}
	groups, err := s.sdk().AdminListGroupsForUser(ctx, &cognito.AdminListGroupsForUserInput{UserPoolId: aws.String(s.poolID), Username: aws.String(sub)})
	noError(t, err)
	if len(groups.Groups) != 1 || *groups.Groups[0].GroupName != "members" {
		t.Errorf("the user is in %v, want members", groups.Groups)
	}
	s.signIn(t, "ANN@EXAMPLE.COM", password)
}

func TestLocaleIsKeptFromSignUpToWelcome(t *testing.T) { eachDelivery(t, keepLanguage) }

func keepLanguage(t *testing.T, s *Stack) {
	s.signUp(t, "ben@example.com", "Ben", map[string]string{"locale": "ar-EG", "return": s.webURL + "/sign-in"})
	m := s.mail(t, "ben@example.com", "ar", message.SignUp)
	if !strings.Contains(m.HTML, `dir="rtl"`) {
		t.Error("the Arabic mail does not run from right to left")
	}
	page := browse(t, http.MethodGet, linkOf(t, m), nil)
	done := s.press(t, page)
	if done.title != s.title(t, "ar", "confirmed") || done.next != s.webURL+"/sign-in?status=confirmed" {
		t.Errorf("after the button: %+v", done)
	}
	s.mail(t, "ben@example.com", "ar", message.Welcome)
}

func TestExpiredConfirmationLinkOffersANewOne(t *testing.T) {
	s := startStack(t)
	s.signUp(t, "cleo@example.com", "Cleo", map[string]string{"locale": "fr"})
	first := linkOf(t, s.mail(t, "cleo@example.com", "fr", message.SignUp))
	opened := browse(t, http.MethodGet, first, nil)
	opened.form.Set("code", otherCode(opened.form.Get("code")))
	page := s.press(t, opened)
	if page.status != http.StatusUnprocessableEntity || page.title != s.title(t, "fr", "wrong-code") {
		t.Fatalf("a wrong code: %+v", page)
	}
	before := len(s.box.Messages())
	if sent := browse(t, http.MethodPost, s.webURL+"/resend", page.form); sent.status != http.StatusOK || sent.action != "" {
		t.Fatalf("asking for a new link: %+v", sent)
	}
	messages := s.box.Messages()
	if len(messages) != before+1 {
		t.Fatalf("%d mails after asking for a new link, want %d", len(messages), before+1)
	}
	// The language came back with the form: the new mail is in French, too.
	second := linkOf(t, messages[0])
	if old := s.press(t, browse(t, http.MethodGet, first, nil)); old.status != http.StatusGone {
		t.Errorf("the first link still works: %+v", old)
	}
	if done := s.press(t, browse(t, http.MethodGet, second, nil)); done.title != s.title(t, "fr", "confirmed") {
		t.Errorf("the new link: %+v", done)
	}
}

func TestLinkWithoutItsCodeAsksForIt(t *testing.T) {
	s := startStack(t)
	s.signUp(t, "ned@example.com", "Ned", nil)
	link := linkOf(t, s.mail(t, "ned@example.com", "en", message.SignUp))
	before, code, _ := strings.Cut(link, "&code=")
	code, _, _ = strings.Cut(code, "&")
	page := browse(t, http.MethodGet, before, nil)
	if page.status != http.StatusOK || page.title != s.title(t, "en", "confirm-code") {
		t.Fatalf("a link that was cut off: %+v", page)
	}
	page.form.Set("code", otherCode(code))
	if wrong := s.press(t, page); wrong.status != http.StatusUnprocessableEntity || wrong.title != s.title(t, "en", "wrong-code") {
		t.Errorf("a mistyped code: %+v", wrong)
	}
	page.form.Set("code", code[:3]+" "+code[3:])
	if done := s.press(t, page); done.title != s.title(t, "en", "confirmed") {
		t.Errorf("the right code: %+v", done)
	}
}

// otherCode is a code that differs in its first digit.
func otherCode(code string) string { return string('0'+(code[0]-'0'+1)%10) + code[1:] }

func TestLinkThatWasCutWorksOrTellsSo(t *testing.T) {
	s := startStack(t)
	s.signUp(t, "ole@example.com", "Ole", nil)
	address := linkOf(t, s.mail(t, "ole@example.com", "en", message.SignUp))
	user := strings.Index(address, "&user=") + len("&user=")
	for end := user - len("&user="); end < user+36; end++ { // as long as a UUID
		page := browse(t, http.MethodGet, address[:end], nil)
		if page.status != http.StatusBadRequest || page.title != s.title(t, "en", "bad-link") || page.action != "" {
			t.Fatalf("a link of %d characters: %+v", end, page)
		}
	}
	wrapped := address[:user+24] + "=%0D%0A" + address[user+24:]
	if done := s.press(t, browse(t, http.MethodGet, wrapped, nil)); done.title != s.title(t, "en", "confirmed") {
		t.Errorf("a link in two lines: %+v", done)
	}
}

func TestCodeIsTypedOnTheSamplePage(t *testing.T) {
	s := startStack(t)
	user := s.signUp(t, "pia@example.com", "Pia", nil)
	opened := browse(t, http.MethodGet, linkOf(t, s.mail(t, "pia@example.com", "en", message.SignUp)), nil)
	code := opened.form.Get("code")
	for typed, want := range map[string]int{code[:5]: http.StatusBadRequest, code + " or " + otherCode(code): http.StatusBadRequest} {
		page := browse(t, http.MethodPost, s.webURL+"/code", url.Values{"email": {"pia@example.com"}, "code": {typed}})
		if page.status != want || s.status(t, user) != types.UserStatusTypeUnconfirmed {
			t.Errorf("%q: %+v", typed, page)
		}
	}
	browse(t, http.MethodPost, s.webURL+"/code", url.Values{"email": {"pia@example.com"}, "code": {"Your code is " + code[:3] + "–" + code[3:] + "."}})
	if got := s.status(t, user); got != types.UserStatusTypeConfirmed {
		t.Errorf("the user is %s", got)
	}
}

func TestLinkOfAnUnknownAppClient(t *testing.T) {
	s := startStack(t)
	s.signUp(t, "oda@example.com", "Oda", nil)
	link := strings.Replace(linkOf(t, s.mail(t, "oda@example.com", "en", message.SignUp)), s.clientIDs["web"], "9unknownexample23456789abc", 1)
	other := browse(t, http.MethodGet, link, nil)
	other.form.Set("user", "00000000-0000-4000-8000-000000000000")
	if page := s.press(t, other); page.status != http.StatusNotFound || page.title != s.title(t, "en", "unknown-client") {
		t.Errorf("a link of another pool: %+v", page)
	}
	// One made by hand in this pool does what every other one does.
	if page := s.press(t, browse(t, http.MethodGet, link, nil)); page.status != http.StatusOK || page.title != s.title(t, "en", "confirmed") {
		t.Errorf("a link of a client made by hand: %+v", page)
	}
}

func TestHealth(t *testing.T) {
	s := startStack(t)
	if p := browse(t, http.MethodGet, s.webURL+"/health", nil); p.status != http.StatusOK {
		t.Errorf("status %d", p.status)
	}
	if p := browse(t, http.MethodGet, s.webURL+"/no-such-page", nil); p.status != http.StatusNotFound || p.title != s.title(t, "en", "not-found") {
		t.Errorf("an unknown page: %+v", p)
	}
}

func TestTooManyAttempts(t *testing.T) {
	s := startStack(t)
	s.signUp(t, "dora@example.com", "Dora", nil)
	page := browse(t, http.MethodGet, linkOf(t, s.mail(t, "dora@example.com", "en", message.SignUp)), nil)
	page.form.Set("code", "000000")
	var last shown
	for range 20 { // Cognito allows 15 an hour
		last = s.press(t, page)
	}
	if last.status != http.StatusTooManyRequests || last.title != s.title(t, "en", "limit-reached") {
		t.Errorf("after 20 attempts: %+v", last)
	}
}

func TestForgottenPasswordIsResetThroughTheLink(t *testing.T) { eachDelivery(t, replacePassword) }

func replacePassword(t *testing.T, s *Stack) {
	ctx := t.Context()
	sub := s.signUp(t, "emil@example.com", "Emil", nil)
	if _, err := s.sdk().AdminConfirmSignUp(ctx, &cognito.AdminConfirmSignUpInput{UserPoolId: aws.String(s.poolID), Username: aws.String(sub)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.sdk().AdminResetUserPassword(ctx, &cognito.AdminResetUserPasswordInput{UserPoolId: aws.String(s.poolID), Username: aws.String(sub)}); err == nil {
		t.Fatal("a user without a verified address was sent a code")
	}
	// Confirmed by link this time, so that the address is verified.
	s.signUp(t, "fay@example.com", "Fay", nil)
	s.press(t, browse(t, http.MethodGet, linkOf(t, s.mail(t, "fay@example.com", "en", message.SignUp)), nil))
	elsewhere := &cognito.GetUserInput{AccessToken: s.signIn(t, "fay@example.com", password)}
	_, err := s.sdk().GetUser(ctx, elsewhere)
	noError(t, err)
	_, err = s.sdk().ForgotPassword(ctx, &cognito.ForgotPasswordInput{ClientId: aws.String(s.clientIDs["web"]), Username: aws.String("fay@example.com")})
	noError(t, err)
	page := browse(t, http.MethodGet, linkOf(t, s.mail(t, "fay@example.com", "en", message.ForgotPassword)), nil)
	if page.title != s.title(t, "en", "reset") {
		t.Fatalf("the page: %+v", page)
	}
	page.form.Set("password", "short")
	page.form.Set("repeat", "short")
	refused := s.press(t, page)
	if refused.status != http.StatusUnprocessableEntity {
		t.Fatalf("a password against the policy: %+v", refused)
	}
	refused.form.Set("password", "another-sample-2")
	refused.form.Set("repeat", "another-sample-2")
	if done := s.press(t, refused); done.title != s.title(t, "en", "reset-done") || done.next != "https://app.example.com/sign-in?status=reset-done" {
		t.Fatalf("a good password: %+v", done)
	}
	if _, err := s.sdk().GetUser(ctx, elsewhere); err == nil {
		t.Error("who was signed in before the reset still is")
	}
	here := s.signIn(t, "fay@example.com", "another-sample-2")
	notMe := linkOf(t, s.mail(t, "fay@example.com", "en", message.PasswordChanged))
	if strings.Contains(notMe, "code=") {
		t.Errorf("the notice has a code: %s", notMe)
	}
	page = browse(t, http.MethodGet, notMe, nil)
	if page.title != s.title(t, "en", "not-me") {
		t.Fatalf("the page of somebody else's password: %+v", page)
	}
	// Nothing has changed, also for who has signed in since: the notice comes after the sessions ended.
	if _, err := s.sdk().GetUser(ctx, &cognito.GetUserInput{AccessToken: here}); err != nil {
		t.Errorf("after the page: %v", err)
	}
	if sent := s.press(t, page); sent.title != s.title(t, "en", "reset-sent") {
		t.Fatalf("a link against it: %+v", sent)
	}
}

func TestExpiredResetLinkOffersANewOne(t *testing.T) {
	s := startStack(t)
	s.signUp(t, "pia@example.com", "Pia", map[string]string{"locale": "fr"})
	s.press(t, browse(t, http.MethodGet, linkOf(t, s.mail(t, "pia@example.com", "fr", message.SignUp)), nil))
	s.mail(t, "pia@example.com", "fr", message.Welcome) // it comes at its own time
	forgot := &cognito.ForgotPasswordInput{
		ClientId: aws.String(s.clientIDs["web"]), Username: aws.String("pia@example.com"), ClientMetadata: map[string]string{"locale": "fr"},
	}
	var links []string
	for range 2 {
		if _, err := s.sdk().ForgotPassword(t.Context(), forgot); err != nil {
			t.Fatal(err)
		}
		links = append(links, linkOf(t, s.box.Messages()[0]))
	}
	set := func(link string) shown {
		page := browse(t, http.MethodGet, link, nil)
		page.form.Set("password", "another-sample-2")
		page.form.Set("repeat", "another-sample-2")
		return s.press(t, page)
	}
	old := set(links[0])
	if old.status != http.StatusGone || old.title != s.title(t, "fr", "reset-expired") {
		t.Fatalf("the older link: %+v", old)
	}
	if sent := s.press(t, old); sent.title != s.title(t, "fr", "reset-sent") {
		t.Fatalf("asking for a new link: %+v", sent)
	}
	if before := set(links[1]); before.status != http.StatusGone {
		t.Errorf("the link before it: %+v", before)
	}
	if done := set(linkOf(t, s.box.Messages()[0])); done.title != s.title(t, "fr", "reset-done") {
		t.Errorf("the new link: %+v", done)
	}
}

func TestPasswordThatWasUsedBeforeIsRefused(t *testing.T) {
	s := startWith(t, settingstest.FileWith(t, "history.yaml", "  passwordPolicy:\n", "  passwordPolicy:\n    historySize: 3\n"))
	s.signUp(t, "ida@example.com", "Ida", nil)
	s.press(t, browse(t, http.MethodGet, linkOf(t, s.mail(t, "ida@example.com", "en", message.SignUp)), nil))
	_, err := s.sdk().ForgotPassword(t.Context(), &cognito.ForgotPasswordInput{ClientId: aws.String(s.clientIDs["web"]), Username: aws.String("ida@example.com")})
	noError(t, err)
	page := browse(t, http.MethodGet, linkOf(t, s.mail(t, "ida@example.com", "en", message.ForgotPassword)), nil)
	for _, try := range []struct{ password, page string }{{password, "reset-used"}, {"another-sample-2", "reset-done"}} {
		page.form.Set("password", try.password)
		page.form.Set("repeat", try.password)
		if page = s.press(t, page); page.title != s.title(t, "en", try.page) {
			t.Fatalf("%s: %+v", try.page, page)
		}
	}
}

func TestInvitationHasNoPasswordInItsLink(t *testing.T) {
	eachDelivery(t, invite)
}

const temporaryPassword = `temp<3>&"a'b-sample`

func invite(t *testing.T, s *Stack) {
	s.invite(t, "gus@example.com", temporaryPassword, attribute("email_verified", "true"))
	m := s.mail(t, "gus@example.com", "en", message.Invitation)
	if m.Note != "" || !strings.Contains(m.HTML, "gus@example.com") || !strings.Contains(html.UnescapeString(m.HTML), temporaryPassword) {
		t.Errorf("the invitation lacks something: %s", m.Note)
	}
	if s.settings.Mail.UsesCustomSender() && !strings.Contains(m.Text, temporaryPassword) {
		t.Errorf("the text part has another password than %s: %s", temporaryPassword, m.Text)
	}
	if got := linkOf(t, m); got != "https://app.example.com/sign-in" {
		t.Errorf("the invitation leads to %s", got)
	}
}

func TestChangedAddressIsVerifiedInTheApp(t *testing.T) { eachDelivery(t, changeAddress) }

func changeAddress(t *testing.T, s *Stack) {
	ctx := t.Context()
	s.signUp(t, "hal@example.com", "Hal", nil)
	s.press(t, browse(t, http.MethodGet, linkOf(t, s.mail(t, "hal@example.com", "en", message.SignUp)), nil))
	token := s.signIn(t, "hal@example.com", password)
	_, err := s.sdk().UpdateUserAttributes(ctx, &cognito.UpdateUserAttributesInput{AccessToken: token, UserAttributes: []types.AttributeType{attribute("email", "hal.new@example.com")}})
	noError(t, err)
	address, err := url.Parse(linkOf(t, s.mail(t, "hal.new@example.com", "en", message.AttributeChange)))
	noError(t, err)
	if address.Host != "app.example.com" {
		t.Errorf("the link leads to %s, want the app: only the app has the access token", address.Host)
	}
	_, err = s.sdk().VerifyUserAttribute(ctx, &cognito.VerifyUserAttributeInput{
		AccessToken: token, AttributeName: aws.String("email"), Code: aws.String(address.Query().Get("code")),
	})
	if err != nil {
		t.Errorf("verifying with the code of the link: %v", err)
	}
}

func TestRefusedSignUpHasACodeAndASentence(t *testing.T) {
	s := startStack(t)
	cases := []struct {
		name, email, agent, locale, want string
	}{
		{"a denied domain", "ann@example.net", "Ann", "", "PreSignUp failed with error EMAIL_DOMAIN_NOT_ALLOWED: Addresses "},
		{"a domain below a denied one, in capitals", "ann@MAIL.Example.NET", "Ann", "", "PreSignUp failed with error EMAIL_DOMAIN_NOT_ALLOWED: "},
		{"a name that is too short", "ann@example.com", "A", "", "PreSignUp failed with error ATTRIBUTE_TOO_SHORT: "},
		{"a name with markup", "ann@example.com", "<b>Ann</b>", "", "PreSignUp failed with error ATTRIBUTE_INVALID: "},
		{"in French", "ann@example.net", "Ann", "fr-CA", "PreSignUp failed with error EMAIL_DOMAIN_NOT_ALLOWED: Les adresses"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.trySignUp(t, "web", c.email, c.agent, map[string]string{"locale": c.locale})
			refused, ok := errors.AsType[*types.UserLambdaValidationException](err)
			if !ok || !strings.HasPrefix(refused.ErrorMessage(), c.want) || strings.HasSuffix(refused.ErrorMessage(), "..") {
				t.Errorf("got %v, want a UserLambdaValidationException %q", err, c.want)
			}
		})
	}
}

// A stranger chooses the name that an email greets with.
func TestHostileNamesAreEscaped(t *testing.T) { eachDelivery(t, hostileNames) }

func hostileNames(t *testing.T, s *Stack) {
	names := map[string]string{
		"ida":  "{####} {username}",
		"jon":  "www.evil.example/login",
		"kim":  "Kim <a href='https://evil.example'>click</a>",
		"lara": "Lara\r\nBcc: x@evil.example",
		"mo":   "\u202eelpmaxe.live",
		"nia":  strings.Repeat("Nia ", 24),
	}
	for user, name := range names {
		t.Run(user, func(t *testing.T) {
			email := user + "@example.com"
			// AdminCreateUser, because pre-sign-up would refuse most of these.
			s.invite(t, email, "temp-sample-3", attribute("custom:agentName", name))
			m := s.mail(t, email, "en", message.Invitation)
			if m.Note != "" {
				t.Errorf("Cognito would have sent its default: %s", m.Note)
			}
			if linkOf(t, m) != "https://app.example.com/sign-in" || strings.Contains(m.HTML, "evil.example") {
				t.Error("the name has put something clickable into the email")
			}
			if n := strings.Count(m.HTML, "temp-sample-3"); n != 1 {
				t.Errorf("the password is in the email %d times", n)
			}
		})
	}
}

// Runs after the journeys above: whatever they logged is looked through.
func TestNothingPersonalIsLogged(t *testing.T) { eachDelivery(t, nothingPersonal) }

func nothingPersonal(t *testing.T, s *Stack) {
	s.signUp(t, "secret.person@example.com", "Secret Name", map[string]string{"locale": "en", "note": "secret-metadata"})
	m := s.mail(t, "secret.person@example.com", "en", message.SignUp)
	address := linkOf(t, m)
	query, err := url.Parse(address)
	noError(t, err)
	s.press(t, browse(t, http.MethodGet, address, nil))
	s.mail(t, "secret.person@example.com", "en", message.Welcome)
	text := logs.String()
	lines := 0
	for line := range strings.Lines(text) {
		_, line, _ = strings.Cut(line, ": ")
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil && fields["Function"] != nil {
			lines++
		}
	}
	if lines < 5 {
		t.Fatalf("only %d lines were logged: %s", lines, text)
	}
	secrets := []string{"example.com", "Secret", "secret", password, query.Query().Get("code"), query.Query().Get("user"), "confirm?", "Bearer", "userAttributes", "{####}"}
	for _, secret := range secrets {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("the logs hold %q: …%s…", secret, text[max(0, i-80):min(len(text), i+80)])
		}
	}
}

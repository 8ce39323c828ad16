package local

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/chromedp/chromedp"

	"poolpost/internal/altcha"
	"poolpost/internal/message"
	"poolpost/internal/settings/settingstest"
)

// withAltcha are the sample settings with little work.
func withAltcha(t testing.TB) string {
	return settingstest.FileWith(t, "altcha.yaml", "signUp:\n", "signUp:\n  captcha: {provider: altcha, difficulty: 10, timeoutMs: 3000}\n")
}

// proven signs somebody up with a proof, as validation data or as client metadata.
func (s *Stack) proven(t *testing.T, email, proof string, inMetadata bool) error {
	t.Helper()
	in := &cognito.SignUpInput{
		ClientId: aws.String(s.clientIDs["web"]), Username: aws.String(email), Password: aws.String(password),
		UserAttributes: []types.AttributeType{attribute("email", email), attribute("custom:agentName", "Ann")},
	}
	switch {
	case proof == "":
	case inMetadata:
		in.ClientMetadata = map[string]string{"captcha": proof}
	default:
		in.ValidationData = []types.AttributeType{attribute("captcha", proof)}
	}
	_, err := s.sdk().SignUp(t.Context(), in)
	return err
}

func checkRefusal(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "PreSignUp failed with error "+code+": ") {
		t.Errorf("got %v, want %s", err, code)
	}
}

// challenge is GET /captcha from a page of an origin.
func (s *Stack) challenge(t *testing.T, origin string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.webURL+"/captcha", nil)
	noError(t, err)
	if origin != "" {
		request.Header.Set("Origin", origin)
	}
	answer, err := http.DefaultClient.Do(request)
	noError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	noError(t, err)
	return answer, string(text)
}

func TestASignUpWithProofOfWork(t *testing.T) {
	s := startWith(t, withAltcha(t))
	answer, text := s.challenge(t, "https://app.example.com")
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "https://app.example.com", "Vary": "Origin",
	} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	proof, err := altcha.Solve([]byte(text))
	noError(t, err)
	noError(t, s.proven(t, "ann@example.com", proof, false))
	s.mail(t, "ann@example.com", "en", message.SignUp)
	noError(t, s.proven(t, "bob@example.com", proof, true)) // until it expires
	checkRefusal(t, s.proven(t, "none@example.com", "", false), "CAPTCHA_MISSING")
	checkRefusal(t, s.proven(t, "wrong@example.com", "eyJ9", false), "CAPTCHA_FAILED")
	checkRefusal(t, s.proven(t, "ann@gmial.com", proof, false), "EMAIL_TYPO")
	if _, second := s.challenge(t, ""); second == text {
		t.Error("two challenges are the same")
	}
	for _, origin := range []string{"", "null", "https://app.example.com.evil.example", "http://app.example.com", "https://example.com"} {
		answer, _ := s.challenge(t, origin)
		if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "" || answer.StatusCode != http.StatusOK {
			t.Errorf("a page of %q gets %s, and may read it as %q", origin, answer.Status, got)
		}
	}
}

// Without a captcha, there are no challenges.
func TestNoChallengesWithoutALTCHA(t *testing.T) {
	s := startStack(t)
	if answer, text := s.challenge(t, "https://app.example.com"); answer.StatusCode != http.StatusNotFound || answer.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("GET /captcha answers %s: %.100s", answer.Status, text)
	}
	if _, page := get(t, s.webURL+"/"); strings.Contains(page, "captcha") {
		t.Error("the sample app asks for proof")
	}
}

// The page of the sample app solves a challenge when it is sent.
func TestTheSampleAppProvesThatAPersonSignsUp(t *testing.T) {
	s := startWith(t, withAltcha(t))
	b := startBrowser(t)
	b.do("sign up", chromedp.Navigate(s.webURL+"/"),
		chromedp.SendKeys(chromedp.CSS("#email"), "carla@example.com"), chromedp.SendKeys(chromedp.CSS("#attribute-agentName"), "Carla"),
		chromedp.SendKeys(chromedp.CSS("#password"), password))
	b.press("form.card button", "#code")
	s.mail(t, "carla@example.com", "en", message.SignUp)
}

// The stand-in for a service says yes to the sample proof only.
func TestASignUpWithAServiceThatIsNotHere(t *testing.T) {
	s := startWith(t, settingstest.FileWith(t, "turnstile.yaml", "signUp:\n",
		"signUp:\n  captcha: {provider: turnstile, siteKey: 1x00000000000000000000AA, secret: myapp/turnstile, timeoutMs: 3000}\n"))
	_, page := get(t, s.webURL+"/")
	if !strings.Contains(page, `value="XXXX.DUMMY.TOKEN.XXXX"`) {
		t.Error("the sample app has no sample proof")
	}
	noError(t, s.proven(t, "ann@example.com", "XXXX.DUMMY.TOKEN.XXXX", false))
	checkRefusal(t, s.proven(t, "bob@example.com", "0.another", false), "CAPTCHA_FAILED")
	if answer, _ := s.challenge(t, ""); answer.StatusCode != http.StatusNotFound {
		t.Errorf("GET /captcha answers %s", answer.Status)
	}
}

// ALTCHA's own widget, in the example front end on another origin, solves our challenges.
func TestTheExampleFrontEndProvesThatAPersonSignsUp(t *testing.T) {
	s, e, _ := startExample(t, withAltcha(t))
	e.opens(e.url, "Sign in")
	e.presses("Create an account", "Agent name")
	e.shows("Protected by") // the widget is there
	e.examined("captcha")
	e.speaks("ar", "اسم الوكيل")
	e.examined("captcha-ar")
	e.speaks("en", "Agent name")
	e.types("custom:agentName", "Dora Example", "email", "dora@gmial.com", "password", password)
	e.presses("Create an account", "gmail.com")
	e.types("email", "dora@example.com") // with another proof
	e.presses("Create an account", "Check your mail")
	s.mail(t, "dora@example.com", "en", message.SignUp)
}

package local

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"poolpost/internal/message"
	pool "poolpost/local/cognito"
	"poolpost/local/identitypool"
)

func TestLocalOrigins(t *testing.T) {
	for origin, want := range map[string]bool{
		"http://localhost:5173":               true,
		"https://localhost":                   true,
		"http://127.0.0.1:3000":               true,
		"http://[::1]:3000":                   true,
		"http://app.localhost:3000":           true,
		"http://localhost.:3000":              false,
		"http://app.localhost.example.com":    false,
		"http://evillocalhost":                false,
		"":                                    false,
		"null":                                false,
		"localhost:5173":                      false,
		"file://localhost":                    false,
		"https://app.example.com":             false,
		"http://192.0.2.1:5173":               false,
		"http://localhost.example.com":        false,
		"http://127.0.0.1.example.com":        false,
		"http://localhost:5173@example.com":   false,
		"http://example.com@localhost:5173":   false,
		"http://localhost:5173/":              false,
		"http://localhost:5173 https://x.com": false,
	} {
		if got := isLocalOrigin(origin); got != want {
			t.Errorf("%q: got %t, want %t", origin, got, want)
		}
	}
}

func TestCORSOfTheAWSAPIs(t *testing.T) {
	s := startStack(t)
	const (
		devServer = "http://localhost:5173"
		elsewhere = "https://app.example.com"
	)
	tests := []struct {
		name, method, path, origin, target string
		status                             int
		allowed                            bool // the browser shows the page what comes back
	}{
		{"the preflight of a page on this machine", "OPTIONS", "/", devServer, "", http.StatusNoContent, true},
		{"the user pool from a page on this machine", "POST", "/", devServer, pool.Target + "SignUp", http.StatusBadRequest, true},
		{"the user pool from a program", "POST", "/", "", pool.Target + "SignUp", http.StatusBadRequest, false},
		{"the preflight of a page elsewhere", "OPTIONS", "/", elsewhere, "", http.StatusNotFound, false},
		{"the user pool from a page elsewhere", "POST", "/", elsewhere, pool.Target + "SignUp", http.StatusForbidden, false},
		{"the user pool from a page without an origin of its own", "POST", "/", "null", pool.Target + "SignUp", http.StatusForbidden, false},
		{"the keys of tokens from a page on this machine", "GET", "/eu-central-1_Example01/.well-known/jwks.json", devServer, "", http.StatusOK, true},
		{"the keys of tokens from a page elsewhere", "GET", "/eu-central-1_Example01/.well-known/jwks.json", elsewhere, "", http.StatusOK, false},
		{"the identity pool from a page on this machine", "POST", "/", devServer, identitypool.Target + "GetId", http.StatusBadRequest, true},
		{"the identity pool from a page elsewhere", "POST", "/", elsewhere, identitypool.Target + "GetId", http.StatusForbidden, false},
		{"the keys of the identity pool from a page on this machine", "GET", identitypool.KeysPath, devServer, "", http.StatusOK, true},
		{"a function with the user pool's target", "POST", "/2015-03-31/functions/send-mail/invocations", devServer, pool.Target + "SignUp", http.StatusBadRequest, true},
		{"the queue from a page on this machine", "POST", "/", devServer, "AmazonSQS.SendMessage", http.StatusForbidden, false},
		{"SES from a page on this machine", "POST", "/v2/email/outbound-emails", devServer, "", http.StatusForbidden, false},
		{"a function from a page on this machine", "POST", "/2015-03-31/functions/send-mail/invocations", devServer, "", http.StatusForbidden, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), test.method, s.awsURL+test.path, strings.NewReader("{}"))
			noError(t, err)
			set := func(name, value string) {
				if value != "" {
					request.Header.Set(name, value)
				}
			}
			set("Origin", test.origin)
			set("X-Amz-Target", test.target)
			if test.method == http.MethodOptions {
				set("Access-Control-Request-Method", "POST")
				set("Access-Control-Request-Headers", "cache-control,content-type,x-amz-target,x-amz-user-agent")
			}
			response, err := http.DefaultClient.Do(request)
			noError(t, err)
			defer response.Body.Close()
			if response.StatusCode != test.status {
				body, _ := io.ReadAll(response.Body)
				t.Errorf("got status %d, want %d: %s", response.StatusCode, test.status, body)
			}
			want := map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Methods": "", "Access-Control-Allow-Headers": ""}
			if test.allowed {
				want["Access-Control-Allow-Origin"] = test.origin
				if test.method == http.MethodOptions {
					want["Access-Control-Allow-Methods"] = "POST"
					want["Access-Control-Allow-Headers"] = "cache-control,content-type,x-amz-target,x-amz-user-agent"
				}
			}
			for name, value := range want {
				if got := response.Header.Get(name); got != value {
					t.Errorf("%s: got %q, want %q", name, got, value)
				}
			}
		})
	}
}

// SDKs read every answer as JSON.
func TestOtherServicesAreRefusedInJSON(t *testing.T) {
	s := startStack(t)
	for _, target := range []string{"AWSCognitoSyncService.ListRecords", ""} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.awsURL+"/", strings.NewReader("{}"))
		noError(t, err)
		request.Header.Set("X-Amz-Target", target)
		response, err := http.DefaultClient.Do(request)
		noError(t, err)
		defer response.Body.Close()
		var answer struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusNotFound ||
			answer.Type != "UnknownOperationException" || !strings.Contains(answer.Message, target) {
			t.Errorf("%q: %d %+v, %v", target, response.StatusCode, answer, err)
		}
	}
}

// signUpPage is an app on an origin of its own, which signs up without a server
// behind it, as amazon-cognito-identity-js does.
var signUpPage = template.Must(template.New("").Parse(`<!doctype html><title>App</title><p id="outcome" hidden></p><script>
fetch({{.Address}}, {
	method: "POST",
	headers: {
		"Cache-Control": "no-store", "Content-Type": "application/x-amz-json-1.1",
		"X-Amz-Target": {{.Target}}, "X-Amz-User-Agent": "aws-amplify/5.0.4 auth framework/0",
	},
	body: {{.Body}},
}).then(response => response.json()).then(
	reply => reply.UserSub ? "signed up" : JSON.stringify(reply),
	error => String(error),
).then(outcome => {
	const p = document.getElementById("outcome")
	p.textContent = outcome
	p.hidden = false
})
</script>`))

func TestSignUpFromAnotherOrigin(t *testing.T) {
	s := startStack(t)
	b := startBrowser(t)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		err := signUpPage.Execute(w, map[string]string{
			"Address": s.awsURL + "/",
			"Target":  pool.Target + "SignUp",
			"Body": fmt.Sprintf(`{"ClientId":%q,"Username":"ann@example.com","Password":%q,"UserAttributes":[`+
				`{"Name":"email","Value":"ann@example.com"},{"Name":"custom:agentName","Value":"Ann Example"}]}`, s.clientIDs["web"], password),
		})
		if err != nil {
			t.Error(err)
		}
	}))
	defer app.Close()
	b.do("open the app", chromedp.Navigate(app.URL), chromedp.WaitVisible(chromedp.CSS("#outcome")))
	if got := b.text("#outcome"); got != "signed up" {
		t.Fatalf("the app got %q", got)
	}
	s.mail(t, "ann@example.com", "en", message.SignUp)
}

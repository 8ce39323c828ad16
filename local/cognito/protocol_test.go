package cognito

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// post sends a request by hand and returns status, type of error and body.
func post(p *Pool, target, authorization, body string) (int, string, string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Authorization", authorization)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Code, w.Header().Get("X-Amzn-Errortype"), w.Body.String()
}

func TestMalformedRequests(t *testing.T) {
	p := newWorld(t).pool
	for name, test := range map[string]struct{ target, body, kind string }{
		"an operation that the pool has not": {Target + "DeleteUserPool", `{}`, "UnknownOperationException:"},
		"no operation":                       {"", `{}`, "UnknownOperationException:"},
		"a text for an object":               {Target + "SignUp", `"hello"`, "SerializationException:"},
		"a number for a text":                {Target + "SignUp", `{"Username":7}`, "SerializationException:"},
		"half an object":                     {Target + "SignUp", `{"Username":`, "SerializationException:"},
		"nothing":                            {Target + "SignUp", ``, "SerializationException:"},
		"more than a megabyte":               {Target + "SignUp", strings.Repeat(" ", maxBody+1), "SerializationException:"},
		"an empty object":                    {Target + "SignUp", `{}`, "InvalidParameterException:"},
		"an administrator who does not sign": {Target + "ListUsers", `{"UserPoolId":"` + poolID + `"}`, "MissingAuthenticationTokenException:"},
	} {
		t.Run(name, func(t *testing.T) {
			status, kind, body := post(p, test.target, "", test.body)
			if status != http.StatusBadRequest || kind != test.kind || !strings.Contains(body, `"__type":"`+strings.TrimSuffix(kind, ":")) {
				t.Errorf("got %d %s %s", status, kind, body)
			}
		})
	}
	t.Run("the answer names the unknown operation", func(t *testing.T) {
		for operation, want := range map[string]string{
			"CreateUserPool":      "CreateUserPool is not part of the local pool: poolpost.yaml says what there is: change it, and start the local run again.",
			"CreateUserImportJob": "CreateUserImportJob is not part of the local pool: an import reads a file that was uploaded to AWS; create users with AdminCreateUser.",
			"SetUserSettings":     "SetUserSettings is not part of the local pool: it is about second factors in text messages, which this pool never sends.",
			"SingUp":              "SingUp is not an operation of Cognito user pools that the local pool knows; docs/local.md lists what it has.",
		} {
			if _, kind, body := post(p, Target+operation, "", `{}`); kind != "UnknownOperationException:" || !strings.Contains(body, want) {
				t.Errorf("%s: got %s %s", operation, kind, body)
			}
		}
	})
	t.Run("the message is in a header as well, if it is ASCII", func(t *testing.T) {
		w := newWorld(t)
		w.functions["pre-sign-up"] = throwing("Nicht Sie, Müller")
		for body, want := range map[string]string{
			`{"ClientId":"` + webClient + `","Username":"ada","Password":"sample-pass-1"}`:             "Username should be an email.",
			`{"ClientId":"` + webClient + `","Username":"ada@example.com","Password":"sample-pass-1"}`: "",
		} {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
			r.Header.Set("X-Amz-Target", Target+"SignUp")
			answer := httptest.NewRecorder()
			w.pool.ServeHTTP(answer, r)
			if got := answer.Header().Get("X-Amzn-Errormessage"); got != want || answer.Code != http.StatusBadRequest {
				t.Errorf("got %d %q, want %q", answer.Code, got, want)
			}
		}
	})
	t.Run("GET is not the protocol", func(t *testing.T) {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != http.StatusMethodNotAllowed || !json.Valid(w.Body.Bytes()) {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}

func TestAdminOperationsNeedCredentials(t *testing.T) {
	w := newWorld(t)
	_, err := w.api.AdminGetUser(context.Background(), &cognito.AdminGetUserInput{UserPoolId: aws.String(poolID), Username: aws.String(ada)})
	refused(t, err, "MissingAuthenticationTokenException", "Missing Authentication Token")
}

func TestPoolFailureIsAnInternalError(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Rand = strings.NewReader("too short") })
	_, err := w.signUp(ada)
	refused(t, err, "InternalErrorException", "Something went wrong")
}

func TestCanceledRequestIsStillCompleted(t *testing.T) {
	w := newWorld(t)
	w.functions["pre-sign-up"] = func(ctx context.Context, payload []byte) ([]byte, error) { return payload, ctx.Err() }
	ctx, leave := context.WithCancel(context.Background())
	leave()
	body := `{"ClientId":"` + webClient + `","Username":"` + ada + `","Password":"` + password + `"}`
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", Target+"SignUp")
	answer := httptest.NewRecorder()
	w.pool.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK || w.delivered() != 1 {
		t.Errorf("got %d %s and %d mails", answer.Code, answer.Body, w.delivered())
	}
}

// TestNothingPersonalIsLogged goes through a life with a log, and plants a
// failure that is logged.
func TestNothingPersonalIsLogged(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	entropy := &failing{left: 1 << 20}
	w := newWorld(t, func(o *Options) { o.Rand = entropy })
	w.mustConfirm(ada, with("custom:agentName", "Smith"))
	code := w.code()
	token := *w.mustSignIn(ada)
	entropy.left = 0
	if _, err := w.resend("eve@example.com"); err != nil {
		t.Fatal(err) // needs no entropy
	}
	if _, err := w.signIn(ada, password); err == nil {
		t.Fatal("signed in without entropy")
	}
	if !strings.Contains(log.String(), "InitiateAuth") {
		t.Fatalf("the failure was not logged: %s", log.String())
	}
	for _, secret := range []string{"ada", "example.com", password, code, token, "Smith"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %q: %s", secret, log.String())
		}
	}
}

// failing is a source of bytes that ends.
type failing struct{ left, next int }

func (f *failing) Read(b []byte) (int, error) {
	if len(b) > f.left {
		return 0, errors.New("no more entropy")
	}
	f.left -= len(b)
	for i := range b {
		f.next = f.next*1103515245 + 12345
		b[i] = byte(f.next >> 16)
	}
	return len(b), nil
}

// FuzzServeHTTP: whatever comes, the answer is JSON, with a status that the
// protocol has.
func FuzzServeHTTP(f *testing.F) {
	f.Add("SignUp", `{"ClientId":"`+webClient+`","Username":"ada@example.com","Password":"sample-pass-1","UserAttributes":[{"Name":"name","Value":"{####}"}]}`)
	f.Add("ConfirmSignUp", `{"ClientId":"`+webClient+`","Username":"ada@example.com","ConfirmationCode":"123456"}`)
	f.Add("ForgotPassword", `{"ClientId":"`+webClient+`","Username":"@"}`)
	f.Add("AdminCreateUser", `{"UserPoolId":"`+poolID+`","Username":"eve@example.com","DesiredDeliveryMediums":["EMAIL"]}`)
	f.Add("ListUsers", `{"UserPoolId":"`+poolID+`","Filter":"email ^= \"\\\"","Limit":1}`)
	f.Add("InitiateAuth", `{"ClientId":"`+webClient+`","AuthFlow":"USER_SRP_AUTH","AuthParameters":{"USERNAME":"ada@example.com","SRP_A":"a1"}}`)
	f.Add("InitiateAuth", `{"ClientId":"`+webClient+`","AuthFlow":"REFRESH_TOKEN_AUTH","AuthParameters":{"REFRESH_TOKEN":"a..b.c.d"}}`)
	f.Add("RespondToAuthChallenge", `{"ClientId":"`+webClient+`","ChallengeName":"PASSWORD_VERIFIER","ChallengeResponses":{"USERNAME":"a","PASSWORD_CLAIM_SECRET_BLOCK":"?","PASSWORD_CLAIM_SIGNATURE":"?","TIMESTAMP":"Wed Jan 2 03:04:05 UTC 2030"}}`)
	f.Add("ConfirmDevice", `{"AccessToken":"a.b.c","DeviceKey":"eu-central-1_0","DeviceSecretVerifierConfig":{"Salt":"AA==","PasswordVerifier":"AA=="}}`)
	f.Add("VerifySoftwareToken", `{"Session":"a","UserCode":"000000"}`)
	f.Add("RevokeToken", `{"ClientId":"`+webClient+`","Token":"....."}`)
	f.Add("AdminSetUserPassword", `{"UserPoolId":"`+poolID+`","Username":"eve@example.com","Password":"sample-pass-1","Permanent":true}`)
	f.Add("RespondToAuthChallenge", `{"ClientId":"`+webClient+`","ChallengeName":"NEW_PASSWORD_REQUIRED","ChallengeResponses":{"USERNAME":"\ud800","NEW_PASSWORD":"sample-pass-1"}}`)
	f.Add("VerifyUserAttribute", `{"AccessToken":"a.b.c","AttributeName":"email","Code":"1"}`)
	f.Add("UpdateUserAttributes", `[]`)
	f.Add("", "\x00")
	p, err := New(Options{Settings: sampleSettings(), PoolID: poolID, ClientIDs: map[string]string{"web": webClient}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, operation, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header["X-Amz-Target"] = []string{Target + operation}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sample")
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		answer, err := io.ReadAll(w.Body)
		ok(t, err)
		if !json.Valid(answer) {
			t.Errorf("the answer is not JSON: %q", answer)
		}
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
			t.Errorf("status %d: %s", w.Code, answer)
		}
	})
}

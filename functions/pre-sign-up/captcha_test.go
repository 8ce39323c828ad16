//go:build !nocaptcha && !noaws

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"poolpost/internal/altcha"
	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/rules"
	"poolpost/internal/secret"
)

const captchaKey = "secret-sample-key" // a log with it would have the word secret

// secrets is Secrets Manager with one secret, and how often it is read.
func secrets(t *testing.T, answer http.HandlerFunc) (*secret.Secret, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	cfg := service(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		body, _ := io.ReadAll(r.Body)
		if got := r.Header.Get("X-Amz-Target"); got != "secretsmanager.GetSecretValue" || string(body) != `{"SecretId":"myapp/captcha"}` {
			t.Errorf("Secrets Manager is asked for %s with %s", got, body)
		}
		answer(w, r)
	})
	return secret.New(cfg, "myapp/captcha"), &asked
}

var hasSecret = says(`{"SecretString":"` + captchaKey + `\n"}`) // as an editor may write it

// provers are the settings of the providers that are asked for a verdict.
var provers = map[string]config.Captcha{
	config.Turnstile: {Provider: config.Turnstile, SiteKey: "0x4AAAAAAASampleKey", Hosts: []string{"app.example.com"}, Action: "signup"},
	config.HCaptcha:  {Provider: config.HCaptcha, SiteKey: "00000000-sample", Hosts: []string{"app.example.com"}},
	config.Recaptcha: {Provider: config.Recaptcha, SiteKey: "6LsampleKey", Hosts: []string{"app.example.com"}, Action: "signup", MinScore: 50},
}

// withCaptcha is a handler that asks for proof.
func withCaptcha(t *testing.T, c config.Captcha, check rules.Captcha, change ...func(*config.PreSignUp)) (*handler, *functiontest.Log) {
	t.Helper()
	c.TimeoutMS = cmp.Or(c.TimeoutMS, 2000)
	c.OnFailure = cmp.Or(c.OnFailure, config.RefuseOnFailure)
	h, logged := newHandler(t, append([]func(*config.PreSignUp){func(p *config.PreSignUp) { p.Captcha = c }}, change...)...)
	var err error
	if h.rules, err = rules.New(h.config, functiontest.Sentences(t), rules.Network{Captcha: check}); err != nil {
		t.Fatal(err)
	}
	return h, logged
}

// siteverifies is a provider's service over TLS, and how often it was asked.
func siteverifies(t *testing.T, c config.Captcha, key *secret.Secret, answer http.HandlerFunc) (siteverifier, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	s := newSiteverifier(c, key, server.URL+"/siteverify")
	s.client.Transport.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	return s, &asked
}

func verdictOf(members string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		fmt.Fprintf(w, "{%s}", members)
	}
}

const yes = `"success":true,"hostname":"app.example.com","action":"signup","score":0.9,"challenge_ts":"2026-12-01T12:00:00Z","error-codes":[]`

// proven is an event of a sign-up with a proof.
func proven(t testing.TB, source, proof string, changes ...any) []byte {
	t.Helper()
	return functiontest.Event(t, "sign-up", append([]any{
		"triggerSource", "PreSignUp_" + source, "request.userAttributes", good, "request.validationData", map[string]any{"captcha": proof},
	}, changes...)...)
}

func TestTheServiceJudges(t *testing.T) {
	for name, test := range map[string]struct {
		verdict string
		only    string // a provider; empty: all
		code    string // empty: accepted
		detail  string
	}{
		"a person":                       {yes, "", "", ""},
		"a person, with more members":    {yes + `,"metadata":{"interactive":false},"cdata":null`, "", "", ""},
		"a host in capitals":             {strings.Replace(yes, "app.example.com", "App.Example.COM", 1), "", "", ""},
		"another site":                   {strings.Replace(yes, "app.example.com", "app.example.com.evil.example", 1), "", rules.CaptchaFailed, "hostname"},
		"no host":                        {`"success":true,"action":"signup","score":0.9`, "", rules.CaptchaFailed, "hostname"},
		"another action":                 {strings.Replace(yes, "signup", "login", 1), config.Turnstile, rules.CaptchaFailed, "action"},
		"another action of reCAPTCHA v3": {strings.Replace(yes, "signup", "login", 1), config.Recaptcha, rules.CaptchaFailed, "action"},
		"no action":                      {`"success":true,"hostname":"app.example.com"`, config.Turnstile, rules.CaptchaFailed, "action"},
		"just enough of a score":         {strings.Replace(yes, "0.9", "0.5", 1), config.Recaptcha, "", ""},
		"too low a score":                {strings.Replace(yes, "0.9", "0.49", 1), config.Recaptcha, rules.CaptchaFailed, "score"},
		"a token of reCAPTCHA v2":        {`"success":true,"hostname":"app.example.com"`, config.Recaptcha, rules.CaptchaFailed, "action"},
		"a token that is no token":       {`"success":false,"error-codes":["invalid-input-response"]`, "", rules.CaptchaFailed, "invalid-input-response"},
		"a used or expired token":        {`"success":false,"error-codes":["timeout-or-duplicate"]`, "", rules.CaptchaFailed, "timeout-or-duplicate"},
		"a used token of hCaptcha":       {`"success":false,"error-codes":["invalid-or-already-seen-response"]`, config.HCaptcha, rules.CaptchaFailed, "invalid-or-already-seen-response"},
		"a token of another site key":    {`"success":false,"error-codes":["sitekey-secret-mismatch"]`, config.HCaptcha, rules.CaptchaFailed, "sitekey-secret-mismatch"},
		"a no without a code":            {`"success":false`, "", rules.CaptchaFailed, "refused"},
		"a code that is no word":         {`"success":false,"error-codes":["secret jane@example.com"]`, "", rules.CaptchaFailed, "refused"},
		"a no with a host and an action": {`"success":false,"hostname":"app.example.com","action":"signup","error-codes":["timeout-or-duplicate"]`, "", rules.CaptchaFailed, "timeout-or-duplicate"},
	} {
		for provider, c := range provers {
			if test.only != "" && test.only != provider {
				continue
			}
			t.Run(name+", "+provider, func(t *testing.T) {
				key, _ := secrets(t, hasSecret)
				check, asked := siteverifies(t, c, key, verdictOf(test.verdict))
				h, logged := withCaptcha(t, c, check)
				event := proven(t, "SignUp", "a-sample-token")
				reply, err := h.Invoke(t.Context(), event)
				if test.code != "" {
					checkRefused(t, reply, err, test.code)
					logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": test.code, "detail": test.detail, "reason": nil})
				} else {
					if err != nil || !bytes.Equal(reply, event) {
						t.Errorf("the event did not come back byte for byte: %v", err)
					}
					logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": "accepted", "warning": nil})
				}
				if asked.Load() != 1 {
					t.Errorf("the service is asked %d times", asked.Load())
				}
			})
		}
	}
}

func TestWhatTheServiceIsAsked(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for provider, c := range provers {
		t.Run(provider, func(t *testing.T) {
			key, _ := secrets(t, hasSecret)
			check, _ := siteverifies(t, c, key, func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				got := map[string]string{}
				for name := range r.PostForm {
					got[name] = r.PostForm.Get(name)
				}
				want := map[string]string{"secret": captchaKey, "response": "a+sample=token&"}
				switch provider {
				case config.Turnstile:
					if !uuid.MatchString(got["idempotency_key"]) {
						t.Errorf("the idempotency key is %q", got["idempotency_key"])
					}
					delete(got, "idempotency_key")
				case config.HCaptcha:
					want["sitekey"] = c.SiteKey
				}
				if r.Method != http.MethodPost || !maps.Equal(got, want) {
					t.Errorf("it is asked %s %v, want %v", r.Method, got, want)
				}
				verdictOf(yes)(w, r)
			})
			h, _ := withCaptcha(t, c, check)
			if _, err := h.Invoke(t.Context(), proven(t, "SignUp", "a+sample=token&")); err != nil {
				t.Error(err)
			}
		})
	}
}

// turnstile uses up tokens, as Cloudflare documents it: again, and with the same idempotency key, a
// token has the same verdict.
func turnstile() http.HandlerFunc {
	var mu sync.Mutex
	used := map[string]string{}
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		token, key := r.PostFormValue("response"), r.PostFormValue("idempotency_key")
		if first, ok := used[token]; ok && first != key {
			verdictOf(`"success":false,"error-codes":["timeout-or-duplicate"]`)(w, r)
			return
		}
		used[token] = key
		verdictOf(yes)(w, r)
	}
}

func TestATokenIsUsedOnceForEachSignUp(t *testing.T) {
	c := provers[config.Turnstile]
	key, read := secrets(t, hasSecret)
	check, _ := siteverifies(t, c, key, turnstile())
	h, _ := withCaptcha(t, c, check)
	for _, step := range []struct {
		name, user, pool, token, code string
	}{
		{"a sign-up", "0a1b2c3d-1111-4222-8333-444455556666", "eu-central-1_Sample001", "one", ""},
		{"Cognito's second call", "0a1b2c3d-1111-4222-8333-444455556666", "eu-central-1_Sample001", "one", ""},
		{"Cognito's third call", "0a1b2c3d-1111-4222-8333-444455556666", "eu-central-1_Sample001", "one", ""},
		{"somebody else with the same token", "0a1b2c3d-1111-4222-8333-444455557777", "eu-central-1_Sample001", "one", rules.CaptchaFailed},
		{"the same name in another pool", "0a1b2c3d-1111-4222-8333-444455556666", "eu-central-1_Sample002", "one", rules.CaptchaFailed},
		{"the person again, with a new token", "0a1b2c3d-1111-4222-8333-444455556666", "eu-central-1_Sample001", "two", ""},
	} {
		reply, err := h.Invoke(t.Context(), proven(t, "SignUp", step.token, "userName", step.user, "userPoolId", step.pool))
		if step.code != "" {
			checkRefused(t, reply, err, step.code)
		} else if err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	if read.Load() != 1 {
		t.Errorf("the secret is read %d times", read.Load())
	}
}

func TestProofOfWork(t *testing.T) {
	c := config.Captcha{Provider: config.Altcha}
	challenge := func(key string, expires time.Time) string {
		text, err := altcha.Challenge(key, 1, expires)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := altcha.Solve(text)
		if err != nil {
			t.Fatal(err)
		}
		return proof
	}
	now := time.Now()
	good := challenge(captchaKey, now.Add(time.Minute))
	for name, test := range map[string]struct {
		proof, code, detail string
	}{
		"a solution":              {good, "", ""},
		"the same one once more":  {good, "", ""}, // until it expires
		"an expired one":          {challenge(captchaKey, now.Add(-time.Second)), rules.CaptchaFailed, "expired"},
		"one of another pool":     {challenge("another", now.Add(time.Minute)), rules.CaptchaFailed, "signature"},
		"a token of a service":    {"0.sample", rules.CaptchaFailed, "malformed"},
		"more than any proof has": {strings.Repeat("a", 1<<16), rules.CaptchaFailed, "too-long"},
	} {
		key, _ := secrets(t, hasSecret)
		h, logged := withCaptcha(t, c, proofOfWork{key, time.Now})
		reply, err := h.Invoke(t.Context(), proven(t, "SignUp", test.proof))
		if test.code == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		checkRefused(t, reply, err, test.code)
		logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": test.code, "detail": test.detail})
	}
}

// Where the proof is, who needs none, and that rules come first.
func TestWhoIsAskedForProof(t *testing.T) {
	for name, test := range map[string]struct {
		event []byte
		code  string
		asked int32
	}{
		"as validation data":      {proven(t, "SignUp", "sample"), "", 1},
		"as client metadata":      {proven(t, "SignUp", "sample", "request.validationData", nil, "request.clientMetadata", map[string]any{"captcha": "sample"}), "", 1},
		"as both":                 {proven(t, "SignUp", "sample", "request.clientMetadata", map[string]any{"captcha": "another"}), "", 1},
		"none":                    {payload(t, "SignUp", good), rules.CaptchaMissing, 0},
		"an empty one":            {proven(t, "SignUp", ""), rules.CaptchaMissing, 0},
		"under another name":      {proven(t, "SignUp", "", "request.validationData", map[string]any{"token": "sample"}), rules.CaptchaMissing, 0},
		"an object":               {proven(t, "SignUp", "", "request.validationData", map[string]any{"captcha": map[string]any{"a": "b"}}), rules.CaptchaMissing, 0},
		"a list":                  {proven(t, "SignUp", "", "request.validationData", []any{"captcha"}), rules.CaptchaMissing, 0},
		"a rule refuses":          {proven(t, "SignUp", "sample", "request.userAttributes", map[string]any{"email": "jane@gmial.com", "custom:agentName": "Jane"}), rules.EmailTypo, 0},
		"an administrator":        {payload(t, "AdminCreateUser", good), "", 0},
		"a provider":              {payload(t, "ExternalProvider", good), "", 0},
		"a source of a later day": {payload(t, "Later", good), rules.CaptchaMissing, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := provers[config.Turnstile]
			key, _ := secrets(t, hasSecret)
			check, asked := siteverifies(t, c, key, func(w http.ResponseWriter, r *http.Request) {
				if got := r.PostFormValue("response"); got != "sample" {
					t.Errorf("the proof is %q", got)
				}
				verdictOf(yes)(w, r)
			})
			h, _ := withCaptcha(t, c, check)
			reply, err := h.Invoke(t.Context(), test.event)
			if test.code != "" {
				checkRefused(t, reply, err, test.code)
			} else if err != nil || !bytes.Equal(reply, test.event) {
				t.Errorf("it is not accepted as it is: %v", err)
			}
			if asked.Load() != test.asked {
				t.Errorf("the service is asked %d times, want %d", asked.Load(), test.asked)
			}
		})
	}
}

// Each kind of failure, of the service and of Secrets Manager, with either policy: one line, nothing
// personal, one call, and an end.
func TestTheCaptchaFails(t *testing.T) {
	html := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			fmt.Fprint(w, "<html>secret jane@example.com")
		}
	}
	cases := map[string]struct {
		answer, secret http.HandlerFunc
		reason         string
	}{
		"our secret is wrong":   {answer: verdictOf(`"success":false,"error-codes":["invalid-input-secret"]`), reason: "the service refuses our key"},
		"our secret is missing": {answer: verdictOf(`"success":false,"error-codes":["missing-input-secret"]`), reason: "the service refuses our key"},
		"an inner error":        {answer: verdictOf(`"success":false,"error-codes":["internal-error"]`), reason: "the service failed"},
		"a page with 200":       {answer: html(200), reason: "the answer is not a verdict in JSON"},
		"a page with 403":       {answer: html(403), reason: "the answer is not a verdict in JSON"},
		"a page with 500":       {answer: html(500), reason: "the service failed"},
		"too many requests":     {answer: html(429), reason: "the service failed"},
		"a yes with 500":        {answer: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); fmt.Fprint(w, "{"+yes+"}") }, reason: "the service failed"},
		"a yes that is no JSON": {answer: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, "{"+yes+"}")
		}, reason: "the answer is not a verdict in JSON"},
		"a redirect": {answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}, reason: "the answer is not a verdict in JSON"},
		"no verdict":               {answer: verdictOf(`"hostname":"app.example.com"`), reason: "the answer is not a verdict in JSON"},
		"a verdict that is a text": {answer: verdictOf(`"success":"true"`), reason: "the answer is not a verdict in JSON"},
		"two verdicts":             {answer: verdictOf(`"success":false,"success":true,"hostname":"app.example.com","action":"signup"`), reason: "the answer is not a verdict in JSON"},
		"half a verdict": {answer: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"success":tr`)
		}, reason: "the answer is not a verdict in JSON"},
		"6 MB":                  {answer: verdictOf(`"secret":"` + strings.Repeat("secret", 1<<20) + `",` + yes), reason: ""},
		"nothing":               {answer: func(http.ResponseWriter, *http.Request) {}, reason: "the answer is not a verdict in JSON"},
		"a broken connection":   {answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, reason: ""},
		"an answer after hours": {answer: brokenAnswers()["an answer after hours"], reason: "timeout"},
		"a byte at a time": {answer: func(w http.ResponseWriter, r *http.Request) {
			hold(r)
			w.Header().Set("Content-Type", "application/json")
			for r.Context().Err() == nil {
				fmt.Fprint(w, " ")
				w.(http.Flusher).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		}, reason: "timeout"},
		"no secret":                       {secret: failWith(400, "ResourceNotFoundException", "secret"), reason: "ResourceNotFoundException"},
		"no permission for the secret":    {secret: failWith(400, "AccessDeniedException", "secret"), reason: "AccessDeniedException"},
		"a secret without a text":         {secret: says(`{"SecretBinary":"c2VjcmV0"}`), reason: "the key has no text"},
		"a secret of white space":         {secret: says(`{"SecretString":" \n"}`), reason: "the key has no text"},
		"Secrets Manager does not answer": {secret: brokenAnswers()["an answer after hours"], reason: "timeout"},
	}
	for name, test := range cases {
		for _, policy := range []string{config.RefuseOnFailure, config.AcceptOnFailure} {
			t.Run(name+", "+policy, func(t *testing.T) {
				c := provers[config.Turnstile]
				c.OnFailure, c.TimeoutMS = policy, config.MaxTimeoutMS // enough for 6 MB on a slow machine
				if test.reason == "timeout" {
					c.TimeoutMS = 1000
				}
				answer, value := test.answer, test.secret
				if answer == nil {
					answer = verdictOf(yes)
				}
				if value == nil {
					value = hasSecret
				}
				key, _ := secrets(t, value)
				check, asked := siteverifies(t, c, key, answer)
				h, logged := withCaptcha(t, c, check)
				checkPolicy(t, h, logged, proven(t, "SignUp", "secret-token"), policy, "captcha-unavailable", "captcha: "+test.reason, 3500*time.Millisecond)
				if calls := asked.Load(); (test.answer == nil) != (calls == 0) || calls > 1 {
					t.Errorf("the service is asked %d times", calls)
				}
			})
		}
	}
}

// What somebody can cause with a proof is no failure of ours, or the policy accept would let
// everybody in.
func TestAProofThatTheServiceCannotReadIsRefused(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge} {
		c := provers[config.Turnstile]
		c.OnFailure = config.AcceptOnFailure
		key, _ := secrets(t, hasSecret)
		check, _ := siteverifies(t, c, key, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); fmt.Fprint(w, "<html>") })
		h, logged := withCaptcha(t, c, check)
		reply, err := h.Invoke(t.Context(), proven(t, "SignUp", "sample"))
		checkRefused(t, reply, err, rules.CaptchaFailed)
		logged.CheckLine(t, map[string]any{"Outcome": rules.CaptchaFailed, "detail": "bad-request"})
	}
}

// Nothing of an event is logged, whatever the proof.
func TestNothingPersonalIsLoggedOfTheCaptcha(t *testing.T) {
	for _, verdict := range []string{yes, `"success":false,"error-codes":["secret word"]`, `"success":false,"error-codes":["internal-error"]`} {
		c := provers[config.Turnstile]
		key, _ := secrets(t, hasSecret)
		check, _ := siteverifies(t, c, key, verdictOf(verdict))
		h, logged := withCaptcha(t, c, check)
		for name, event := range functiontest.WithSecrets(t) {
			t.Run(name, func(t *testing.T) {
				logged.CheckNothingPersonal(t, func() error {
					_, err := h.Invoke(t.Context(), event)
					return err
				})
			})
		}
	}
}

// The captcha and the hook may both fail open; each says so.
func TestCaptchaAndHookFailTogether(t *testing.T) {
	c := provers[config.Turnstile]
	c.OnFailure = config.AcceptOnFailure
	key, _ := secrets(t, hasSecret)
	check, _ := siteverifies(t, c, key, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	cfg := service(t, failWith(404, "ResourceNotFoundException", "secret"))
	cfg.HTTPClient = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	h, logged := withCaptcha(t, c, check, func(p *config.PreSignUp) {
		p.Hook = config.SignUpHook{Function: "sign-up-hook", TimeoutMS: 1000, OnFailure: config.AcceptOnFailure}
		p.Clients = []string{"riders"}
	})
	var err error
	if h.rules, err = rules.New(h.config, functiontest.Sentences(t), rules.Network{Captcha: check, Hook: newHook(cfg, "sign-up-hook")}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Invoke(t.Context(), proven(t, "SignUp", "sample")); err != nil {
		t.Error(err)
	}
	logged.CheckLine(t, map[string]any{
		"level": "WARN", "Outcome": "hook-failed", "detail": "accepted", "warning": "captcha: the service failed; hook: ResourceNotFoundException",
	})
}

func TestConfigure_captcha(t *testing.T) {
	configured := func(settings string) error {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, config.File), []byte(settings), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := configure(dir, logging.New("pre-sign-up"))
		return err
	}
	const settings = `{"locales":["en"],"externalProviders":{"policy":"accept"},"captcha":{"provider":"altcha","timeoutMs":1000,"onFailure":"refuse"}}`
	aws := httptest.NewServer(says("{}"))
	defer aws.Close()
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ENDPOINT_URL", aws.URL)
	t.Setenv("CAPTCHA_SECRET", "")
	if err := configured(settings); err == nil || err.Error() != "the environment variable CAPTCHA_SECRET is not set" {
		t.Errorf("without the secret's name: %v", err)
	}
	t.Setenv("CAPTCHA_SECRET", "myapp/captcha")
	for _, provider := range []string{config.Turnstile, config.Altcha} {
		t.Setenv("CAPTCHA_URL", aws.URL)
		if err := configured(strings.Replace(settings, "altcha", provider, 1)); err != nil {
			t.Errorf("%s: %v", provider, err)
		}
	}
	defer func(f func(config.Captcha, string) rules.Captcha) { newCaptcha = f }(newCaptcha)
	newCaptcha = nil
	if err := configured(settings); !errors.Is(err, lambdaenv.ErrLeftOut) {
		t.Errorf("without its optional part: %v", err)
	}
}

// Every provider of the settings has an address over TLS.
func TestTheAddressesOfSiteverify(t *testing.T) {
	for provider := range provers {
		if !strings.HasPrefix(siteverifyURLs[provider], "https://") {
			t.Errorf("%s is asked at %q", provider, siteverifyURLs[provider])
		}
	}
}

// BenchmarkProofOfWork is an event with a proof that is accepted, with its log line.
func BenchmarkProofOfWork(b *testing.B) {
	text, err := altcha.Challenge(captchaKey, 1, time.Now().Add(time.Hour))
	if err != nil {
		b.Fatal(err)
	}
	proof, err := altcha.Solve(text)
	if err != nil {
		b.Fatal(err)
	}
	key := secret.New(functiontest.Answering(b, map[string]string{"SecretString": captchaKey}), "myapp/captcha")
	dir, c := functiontest.Dir[config.PreSignUp](b, "pre-sign-up")
	c.Captcha = config.Captcha{Provider: config.Altcha, TimeoutMS: 1000, OnFailure: config.RefuseOnFailure}
	r, err := rules.New(c, config.SentencesIn(dir), rules.Network{Captcha: proofOfWork{key, time.Now}})
	if err != nil {
		b.Fatal(err)
	}
	h := &handler{config: c, rules: r, log: logging.NewWith("pre-sign-up", io.Discard, time.Now)}
	event := proven(b, "SignUp", proof)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Invoke(b.Context(), event); err != nil {
			b.Fatal(err)
		}
	}
}

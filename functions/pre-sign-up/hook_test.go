//go:build !noaws

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"poolpost/internal/clientname"
	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/rules"
)

// checkPolicy checks what onFailure does about a sign-up, within a time, when the hook or the captcha
// cannot decide, and what the log says of it.
func checkPolicy(t *testing.T, h *handler, logged *functiontest.Log, event []byte, policy, outcome, reason string, within time.Duration) {
	t.Helper()
	var reply []byte
	var err error
	start := time.Now()
	logged.CheckNothingPersonal(t, func() error {
		reply, err = h.Invoke(t.Context(), event)
		return err
	})
	if took := time.Since(start); took > within {
		t.Errorf("it took %v", took)
	}
	want := map[string]any{"level": "ERROR", "Outcome": outcome, "detail": "refused"}
	field := "reason"
	if policy == config.AcceptOnFailure {
		want = map[string]any{"level": "WARN", "Outcome": outcome, "detail": "accepted", "reason": nil}
		field = "warning"
		if err != nil || !bytes.Equal(reply, event) {
			t.Errorf("the event did not come back byte for byte: %v", err)
		}
	} else {
		checkRefused(t, reply, err, rules.TryAgain)
	}
	logged.CheckLine(t, want)
	if got, _ := logged.Lines(t)[0][field].(string); !strings.HasPrefix(got, reason) {
		t.Errorf("the %s is %q, want %s", field, got, reason)
	}
}

// asks is a handler whose hook is what Lambda answers, and how often Lambda was asked.
func asks(t *testing.T, answer http.HandlerFunc, change ...func(*config.PreSignUp)) (*handler, *functiontest.Log, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	cfg := service(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // the connection is opened
			return
		}
		asked.Add(1)
		if got, want := r.URL.EscapedPath(), "/2015-03-31/functions/sign-up-hook%3Alive/invocations"; got != want || r.Method != http.MethodPost {
			t.Errorf("Lambda is asked %s %s, want POST %s", r.Method, got, want)
		}
		if kind := r.Header.Get("X-Amz-Invocation-Type"); kind != "" && kind != "RequestResponse" {
			t.Errorf("the invocation is of type %s", kind)
		}
		if got := r.Header.Get("Authorization"); !strings.Contains(got, "/eu-central-1/lambda/aws4_request") {
			t.Errorf("the signature is %s", got)
		}
		answer(w, r)
	})
	h, logged := newHandler(t, append([]func(*config.PreSignUp){func(c *config.PreSignUp) {
		c.Hook = config.SignUpHook{Function: "sign-up-hook:live", TimeoutMS: 1000, OnFailure: config.RefuseOnFailure}
		c.Clients = []string{"riders"}
	}}, change...)...)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	cfg.HTTPClient = &http.Client{Transport: transport}
	var err error
	h.rules, err = rules.New(h.config, functiontest.Sentences(t), rules.Network{Hook: newHook(cfg, h.config.Hook.Function)})
	if err != nil {
		t.Fatal(err)
	}
	return h, logged, &asked
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

func fails(payload string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		fmt.Fprint(w, payload)
	}
}

// hold waits until the request was sent. The SDK closes its body with the header of the response,
// and a transport that still sends it breaks the connection.
func hold(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	time.Sleep(20 * time.Millisecond)
}

func accepts(c *config.PreSignUp) { c.Hook.OnFailure = config.AcceptOnFailure }

func mayConfirm(c *config.PreSignUp) { c.Hook.MayAutoConfirm = true }

var good = map[string]any{"email": "Jane@example.com", "custom:agentName": "Jane"}

func TestTheHookDecides(t *testing.T) {
	const confirmed = `"response":{"autoConfirmUser":true,"autoVerifyEmail":false,"autoVerifyPhone":false}`
	for name, test := range map[string]struct {
		source   string
		answer   string
		change   func(*config.PreSignUp)
		err      string // empty: accepted
		response string // empty: the event comes back as it is
		line     map[string]any
	}{
		"it accepts": {"SignUp", `{"decision":"accept"}`, nil, "", "", map[string]any{"level": "INFO", "Outcome": "accepted", "warning": nil}},
		"it refuses": {"SignUp", `{"decision":"refuse","code":"NO_SEAT","sentence":"No seat is left"}`, nil, "HOOK_NO_SEAT: No seat is left", "",
			map[string]any{"level": "INFO", "Outcome": "hook-refused", "warning": nil, "reason": nil, "detail": nil}},
		"it refuses with something that cannot be shown": {"SignUp", `{"decision":"refuse","code":"secret","sentence":"secret\nsecret"}`, accepts, "HOOK_REFUSED: Your sign-up was not accepted", "",
			map[string]any{"level": "WARN", "Outcome": "hook-refused", "warning": "hook: ignored in its answer: code, sentence"}},
		"it refuses a provider's user":       {"ExternalProvider", `{"decision":"refuse"}`, nil, "HOOK_REFUSED: Your sign-up was not accepted", "", map[string]any{"Outcome": "hook-refused"}},
		"it refuses a source of a later day": {"Later", `{"decision":"refuse"}`, nil, "HOOK_REFUSED: Your sign-up was not accepted", "", map[string]any{"Outcome": "hook-refused", "trigger": "unknown"}},
		"it confirms":                        {"SignUp", `{"decision":"accept","autoConfirm":true}`, mayConfirm, "", confirmed, map[string]any{"level": "INFO", "Outcome": "accepted", "warning": nil}},
		"it may not confirm": {"SignUp", `{"decision":"accept","autoConfirm":true}`, nil, "", "",
			map[string]any{"level": "WARN", "Outcome": "accepted", "warning": "hook: ignored in its answer: autoConfirm"}},
		"it may not confirm a provider's user": {"ExternalProvider", `{"decision":"accept","autoConfirm":true}`, mayConfirm, "", "",
			map[string]any{"level": "WARN", "Outcome": "accepted"}},
		"it may not confirm a source of a later day": {"Later", `{"decision":"accept","autoConfirm":true}`, mayConfirm, "", "", map[string]any{"Outcome": "accepted"}},
		"it never verifies an address": {"SignUp", `{"decision":"accept","autoConfirm":true,"autoVerifyEmail":true}`, func(c *config.PreSignUp) {
			mayConfirm(c)
			c.AutoConfirm = config.AutoConfirm{Domains: []string{"staff.example"}, VerifyEmail: true}
		}, "", confirmed, map[string]any{"Outcome": "accepted"}},
		"the settings verify an address": {"SignUp", `{"decision":"accept","autoConfirm":false}`, func(c *config.PreSignUp) {
			c.AutoConfirm = config.AutoConfirm{Domains: []string{"example.com"}, VerifyEmail: true}
		}, "", strings.Replace(confirmed, `"autoVerifyEmail":false`, `"autoVerifyEmail":true`, 1), map[string]any{"Outcome": "accepted"}},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []func(*config.PreSignUp)
			if test.change != nil {
				changes = append(changes, test.change)
			}
			h, logged, asked := asks(t, says(test.answer), changes...)
			event := payload(t, test.source, good)
			reply, err := h.Invoke(t.Context(), event)
			switch {
			case test.err != "":
				if err == nil || err.Error() != test.err || reply != nil {
					t.Errorf("got %q, %v, want %s", reply, err, test.err)
				}
			case err != nil || test.response == "" && !bytes.Equal(reply, event) || !strings.Contains(string(reply), test.response):
				t.Errorf("got %s, %v", reply, err)
			}
			logged.CheckLine(t, test.line)
			if asked.Load() != 1 {
				t.Errorf("the hook is asked %d times", asked.Load())
			}
		})
	}
}

func TestTheHookIsAskedOnlyAboutWhomTheRulesAccept(t *testing.T) {
	for name, event := range map[string][]byte{
		"a rule refuses":       payload(t, "SignUp", map[string]any{"email": "jane@throwaway.example", "custom:agentName": "Jane"}),
		"an administrator":     payload(t, "AdminCreateUser", good),
		"an event that is not": []byte("[]"),
	} {
		h, _, asked := asks(t, says(`{"decision":"refuse"}`))
		if _, _ = h.Invoke(t.Context(), event); asked.Load() != 0 {
			t.Errorf("%s: the hook is asked %d times", name, asked.Load())
		}
	}
}

// Each kind of failure, with either policy: one line, nothing personal, one call, and an end.
func TestTheHookFails(t *testing.T) {
	big := `{"decision":"accept","note":"` + strings.Repeat("secret", 1<<20) + `"}`
	cases := map[string]struct {
		answer http.HandlerFunc
		reason string
	}{
		"a panic":                            {fails(`{"errorType":"panic","errorMessage":"secret jane@example.com"}`), "the function returned an error"},
		"a time limit":                       {fails(`{"errorMessage":"2026 secret Task timed out after 3.00 seconds"}`), "the function returned an error"},
		"an error that looks like an answer": {fails(`{"decision":"accept"}`), "the function returned an error"},
		"no function":                        {failWith(404, "ResourceNotFoundException", "secret"), "ResourceNotFoundException"},
		"nothing":                            {says(""), "its answer is not a JSON object with a decision"},
		"nonsense":                           {says("<html>secret jane@example.com"), "its answer is not a JSON object with a decision"},
		"6 MB":                               {says(big), "its answer has more than 64 KB"},
		"bytes without end": {func(w http.ResponseWriter, r *http.Request) {
			hold(r)
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte("secret"), 1<<10)); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		}, "timeout"},
		"a byte at a time": {func(w http.ResponseWriter, r *http.Request) {
			hold(r)
			for r.Context().Err() == nil {
				fmt.Fprint(w, " ")
				w.(http.Flusher).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		}, "timeout"},
		"late": {func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() }, "timeout"},
	}
	for name, answer := range brokenAnswers() {
		cases[name] = struct {
			answer http.HandlerFunc
			reason string
		}{answer, ""}
	}
	for name, test := range cases {
		for _, policy := range []string{config.RefuseOnFailure, config.AcceptOnFailure} {
			t.Run(name+", "+policy, func(t *testing.T) {
				limit := config.MaxTimeoutMS // enough for 6 MB on a slow machine
				if test.reason == "timeout" || name == "an answer after hours" {
					limit = 300
				}
				h, logged, asked := asks(t, test.answer, func(c *config.PreSignUp) { c.Hook.OnFailure, c.Hook.TimeoutMS = policy, limit })
				checkPolicy(t, h, logged, payload(t, "SignUp", good), policy, "hook-failed", "hook: "+test.reason, 2*time.Second)
				if asked.Load() != 1 {
					t.Errorf("the hook is asked %d times", asked.Load())
				}
			})
		}
	}
}

// Cognito waits 5 s: with the slowest start, the slowest rules and the slowest hook or link, too.
func TestNobodyWaitsLongerThanCognito(t *testing.T) {
	const start = time.Second // 0.7 s of it for the connection
	for name, last := range map[string]time.Duration{"the hook": config.MaxTimeoutMS * time.Millisecond, "a link": linkBudget} {
		if all := start + rules.Budget + last; all > 5*time.Second {
			t.Errorf("with %s, a sign-up may take %v", name, all)
		}
	}
}

// No answer of the hook, and nothing of an event, is logged.
func TestNothingPersonalIsLoggedOfTheHook(t *testing.T) {
	for _, answer := range []string{`{"decision":"accept","note":"secret"}`, `{"decision":"secret"}`, `{"decision":"refuse","code":"secret","sentence":"secret\u0000"}`} {
		h, logged, _ := asks(t, says(answer))
		for name, event := range functiontest.WithSecrets(t) {
			t.Run(name, func(t *testing.T) {
				logged.CheckNothingPersonal(t, func() error {
					_, err := h.Invoke(t.Context(), event)
					return err
				})
			})
		}
	}
	// The sentence is for the person alone, and so is the code.
	h, logged, _ := asks(t, says(`{"decision":"refuse","code":"SECRET_CODE","sentence":"the secret sentence"}`))
	if _, err := h.Invoke(t.Context(), payload(t, "SignUp", good)); err == nil || !strings.Contains(err.Error(), "the secret sentence") {
		t.Errorf("the person reads %v", err)
	}
	if strings.Contains(strings.ToLower(logged.String()), "secret") {
		t.Errorf("it is logged: %s", logged)
	}
}

func TestTheRequestOfTheHook(t *testing.T) {
	for name, test := range map[string]struct {
		source   string
		changes  []any
		provider string
		locale   string
	}{
		"a sign-up":                      {"SignUp", []any{"request.clientMetadata", map[string]any{"locale": "fr", "plan": "pro"}, "request.validationData", map[string]any{"invitation": "7"}}, "", "fr"},
		"a provider that is not trusted": {"ExternalProvider", []any{"userName", "Facebook_1_2"}, "Facebook", "en"},
		"a trusted provider":             {"ExternalProvider", []any{"userName", "my_company_1_2"}, "My_Company", "en"},
		"no client":                      {"SignUp", []any{"callerContext.clientId", nil}, "", "en"},
	} {
		t.Run(name, func(t *testing.T) {
			var got rules.HookRequest
			h, _, _ := asks(t, func(w http.ResponseWriter, r *http.Request) {
				if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
					t.Error(err)
				}
				fmt.Fprint(w, `{"decision":"accept"}`)
			}, mayConfirm, func(c *config.PreSignUp) { c.ExternalProviders.Trusted = []string{"My", "My_Company"} })
			event := functiontest.Event(t, "sign-up", append([]any{"triggerSource", "PreSignUp_" + test.source}, test.changes...)...)
			if _, err := h.Invoke(t.Context(), event); err != nil {
				t.Fatal(err)
			}
			var in struct {
				UserName      string
				CallerContext struct{ ClientID string }
				Request       struct {
					UserAttributes, ClientMetadata map[string]string
					ValidationData                 json.RawMessage
				}
			}
			if err := json.Unmarshal(event, &in); err != nil {
				t.Fatal(err)
			}
			want := rules.HookRequest{
				Version: 1, TriggerSource: "PreSignUp_" + test.source, Region: "eu-central-1", UserPoolID: "eu-central-1_Sample001", UserName: in.UserName,
				Client: rules.HookClient{ID: in.CallerContext.ClientID}, Provider: test.provider, Locale: test.locale, Email: "jane@example.com",
				Attributes: in.Request.UserAttributes, ClientMetadata: in.Request.ClientMetadata, ValidationData: []byte(in.Request.ValidationData),
				MayAutoConfirm: test.source == "SignUp",
			}
			if want.Client.ID != "" {
				want.Client.Name = "riders"
			}
			if want.ClientMetadata == nil {
				want.ClientMetadata = map[string]string{}
			}
			a, _ := json.Marshal(got)
			b, _ := json.Marshal(want)
			if !reflect.DeepEqual(string(a), string(b)) {
				t.Errorf("the hook gets\n%s\nwant\n%s", a, b)
			}
		})
	}
}

// With several clients, Cognito says which one it is. Without its answer, the hook is asked all the same.
func TestTheHookGetsTheNameOfTheClient(t *testing.T) {
	for name, test := range map[string]struct {
		cognito http.HandlerFunc
		client  string
		warning any
	}{
		"Cognito answers": {says(`{"UserPoolClient":{"ClientName":"drivers"}}`), "drivers", nil},
		"Cognito refuses": {failWith(400, "NotAuthorizedException", "secret"), "", "client: NotAuthorizedException"},
		"Cognito is slow": {brokenAnswers()["an answer after hours"], "", "client: timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			var got rules.HookRequest
			h, logged, _ := asks(t, func(w http.ResponseWriter, r *http.Request) {
				if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
					t.Error(err)
				}
				fmt.Fprint(w, `{"decision":"accept"}`)
			})
			h.clients = clientname.New(service(t, test.cognito))
			if _, err := h.Invoke(t.Context(), payload(t, "SignUp", good)); err != nil || got.Client.Name != test.client || got.Client.ID == "" {
				t.Errorf("the client is %+v, %v", got.Client, err)
			}
			logged.CheckLine(t, map[string]any{"Outcome": "accepted", "warning": test.warning})
		})
	}
}

// Who has an account does not sign up: the hook decides about new accounts only.
func TestTheHookIsAskedAfterLinking(t *testing.T) {
	verified := map[string]any{"email": "Jane@example.com", "email_verified": "true"}
	for name, test := range map[string]struct {
		user  string
		code  string
		asked int32
	}{
		"no account":                {"", "HOOK_REFUSED", 1},
		"an account that is linked": {native("CONFIRMED", "jane@example.com", "true", true), rules.AccountLinked, 0},
		"an account that is not":    {native("CONFIRMED", "jane@example.com", "false", true), rules.AccountExists, 0},
	} {
		h, _, asked := asks(t, says(`{"decision":"refuse"}`), func(c *config.PreSignUp) {
			c.ExternalProviders = config.ExternalProviders{Policy: config.LinkProviders, Trusted: []string{"Google"}, LinkReplacesPassword: true}
		})
		h.accounts = (&pool{t: t, user: test.user}).accounts()
		reply, err := h.Invoke(t.Context(), comes(t, "Google_123", verified))
		if refused, ok := errors.AsType[*rules.Refusal](err); !ok || refused.Code != test.code || reply != nil || asked.Load() != test.asked {
			t.Errorf("%s: got %v, and the hook is asked %d times", name, err, asked.Load())
		}
	}
}

// The connection is open before the first event, and an idle one is not used again: AWS closes
// it, and a call that gets no response must not be repeated.
func TestTheConnectionOfTheHook(t *testing.T) {
	endpoint, answered, unanswered := functiontest.CloseIdle(t)
	cfg := service(t, func(http.ResponseWriter, *http.Request) {})
	others := http.DefaultTransport.(*http.Transport).Clone()
	cfg.BaseEndpoint, cfg.HTTPClient = &endpoint, &http.Client{Transport: others}
	h := newHook(cfg, "sign-up-hook")
	if answered.Load() != 1 {
		t.Errorf("%d connections are opened at start", answered.Load())
	}
	transport := h.lambda.Options().HTTPClient.(*http.Client).Transport.(*http.Transport)
	if transport.IdleConnTimeout != idle || others.IdleConnTimeout == idle {
		t.Errorf("a connection is kept for %v, those of others for %v", transport.IdleConnTimeout, others.IdleConnTimeout)
	}
	transport.IdleConnTimeout = 10 * time.Millisecond
	for range 3 {
		time.Sleep(50 * time.Millisecond)
		if _, err := h.Ask(t.Context(), []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	if answered.Load() != 4 || unanswered.Load() != 0 {
		t.Errorf("%d requests have a response and %d have none, want 4 and 0", answered.Load(), unanswered.Load())
	}
}

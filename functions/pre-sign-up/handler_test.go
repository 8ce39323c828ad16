package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/logging"
	"poolpost/internal/rules"
	"poolpost/internal/trigger"
)

func newHandler(t testing.TB, change ...func(*config.PreSignUp)) (*handler, *functiontest.Log) {
	t.Helper()
	logged := &functiontest.Log{}
	h := &handler{log: logged.Logger("pre-sign-up")}
	dir, c := functiontest.Dir[config.PreSignUp](t, "pre-sign-up")
	h.config = c
	for _, f := range change {
		f(&h.config)
	}
	var err error
	if h.rules, err = rules.New(h.config, config.SentencesIn(dir), rules.Network{}); err != nil {
		t.Fatal(err)
	}
	return h, logged
}

// payload is an event with these attributes.
func payload(t testing.TB, source string, attributes map[string]any) []byte {
	t.Helper()
	return functiontest.Event(t, "sign-up", "triggerSource", "PreSignUp_"+source, "request.userAttributes", attributes)
}

func TestSampleEvents(t *testing.T) {
	type row struct{ code, locale, trigger string }
	functiontest.EachEvent(t, map[string]row{
		"sign-up":                                               {"", "en", "PreSignUp_SignUp"},
		"sign-up-with-an-accented-agent-name":                   {"", "en", "PreSignUp_SignUp"},
		"sign-up-with-null-client-metadata":                     {"", "en", "PreSignUp_SignUp"},
		"sign-up-with-a-numeric-version-and-boolean-attributes": {"", "en", "PreSignUp_SignUp"},
		"sign-up-with-unknown-fields-everywhere":                {"", "fr", "PreSignUp_SignUp"},
		"sign-up-without-user-attributes":                       {rules.EmailMissing, "en", "PreSignUp_SignUp"},
		"sign-up-with-a-denied-address-in-french":               {rules.DomainNotAllowed, "fr", "PreSignUp_SignUp"},
		"sign-up-with-a-hostile-agent-name":                     {rules.AttributeTooLong, "en", "PreSignUp_SignUp"},
		"sign-up-without-an-agent-name-in-arabic":               {rules.AttributeMissing, "ar", "PreSignUp_SignUp"},
		"admin-create-user-without-an-app-client":               {"", "en", "PreSignUp_AdminCreateUser"},
		"external-provider-facebook":                            {"", "en", "PreSignUp_ExternalProvider"},
		"external-provider-facebook-in-lower-case":              {"", "en", "PreSignUp_ExternalProvider"},
		"external-provider-google-with-a-verified-address":      {"", "en", "PreSignUp_ExternalProvider"},
		"external-provider-saml-whose-id-is-the-address":        {"", "en", "PreSignUp_ExternalProvider"},
		"sign-up-with-validation-data":                          {"", "en", "PreSignUp_SignUp"},
		"sign-up-with-a-token-of-turnstile":                     {"", "en", "PreSignUp_SignUp"},
		"sign-up-without-validation-data-and-response":          {"", "en", "PreSignUp_SignUp"},
		"sign-up-in-localstack-is-held-to-the-rules":            {rules.EmailMissing, "en", "unknown"},
		"sign-up-in-cognito-local-is-held-to-the-rules":         {"", "en", "unknown"},
		"external-provider-without-an-address":                  {rules.EmailMissing, "en", "PreSignUp_ExternalProvider"},
		"external-provider-with-a-denied-address":               {rules.DomainNotAllowed, "en", "PreSignUp_ExternalProvider"},
		"unknown-source-of-a-later-day-is-held-to-the-rules":    {rules.AttributeMissing, "en", "unknown"},
		"unknown-version-is-held-to-the-rules":                  {rules.AttributeMissing, "en", "unknown"},
	}, func(t *testing.T, event []byte, want row) {
		h, logged := newHandler(t)
		reply, err := h.Invoke(t.Context(), event)
		if want.code == "" {
			if err != nil || !bytes.Equal(reply, event) {
				t.Errorf("the event did not come back byte for byte: %v", err)
			}
			level := "INFO"
			if want.trigger == logging.Unknown {
				level = "WARN"
			}
			logged.CheckLine(t, map[string]any{"level": level, "Outcome": "accepted", "locale": want.locale, "trigger": want.trigger, "reason": nil})
			return
		}
		checkRefused(t, reply, err, want.code)
		refused, _ := errors.AsType[*rules.Refusal](err)
		if !isIn(t, refused, want.locale) {
			t.Errorf("the sentence is not in %s: %s", want.locale, refused.Sentence)
		}
		logged.CheckLine(t, map[string]any{"Outcome": want.code, "locale": want.locale, "trigger": want.trigger, "reason": nil})
	})
}

// isIn reports whether a refusal begins as its words in a locale do, up to the
// first placeholder.
func isIn(t *testing.T, refused *rules.Refusal, locale string) bool {
	t.Helper()
	words, _, _ := strings.Cut(functiontest.Compiled(t).Refusals[locale][refused.Code], "{")
	return words != "" && strings.HasPrefix(refused.Sentence, words)
}

// checkRefused checks that a sign-up was refused: no reply, and an error that
// is a code and a sentence.
func checkRefused(t *testing.T, reply []byte, err error, code string) {
	t.Helper()
	refused, ok := errors.AsType[*rules.Refusal](err)
	if reply != nil || !ok {
		t.Fatalf("got %q, %v, want a refusal", reply, err)
	}
	if refused.Code != code || refused.Sentence == "" || refused.Error() != refused.Code+": "+refused.Sentence {
		t.Errorf("got %q, want one with the code %s", refused, code)
	}
}

// checkDecision checks that an event is refused with a code or, without one, comes back as it is.
func checkDecision(t *testing.T, event, reply []byte, err error, code string) {
	t.Helper()
	if code != "" {
		checkRefused(t, reply, err, code)
	} else if err != nil || !bytes.Equal(reply, event) {
		t.Errorf("the event did not come back byte for byte: %v", err)
	}
}

func TestRulesApplyToSignUpAndUnknownSources(t *testing.T) {
	none := map[string]any{}
	denied := map[string]any{"email": "jane@throwaway.example"}
	nameless := map[string]any{"email": "jane@example.com"}
	for name, test := range map[string]struct {
		source     string
		attributes map[string]any
		code       string
	}{
		"a sign-up without anything":                        {"SignUp", none, rules.EmailMissing},
		"a sign-up with a denied address":                   {"SignUp", denied, rules.DomainNotAllowed},
		"a sign-up without a required attribute":            {"SignUp", nameless, rules.AttributeMissing},
		"a user of an administrator without anything":       {"AdminCreateUser", none, ""},
		"a user of an administrator with a denied address":  {"AdminCreateUser", denied, ""},
		"a provider's user without anything":                {"ExternalProvider", none, rules.EmailMissing},
		"a provider's user with a denied address":           {"ExternalProvider", denied, rules.DomainNotAllowed},
		"a provider's user without a required attribute":    {"ExternalProvider", nameless, ""},
		"a provider's user with a blank address":            {"ExternalProvider", map[string]any{"email": " "}, rules.EmailMissing},
		"an unknown source without anything":                {"Later", none, rules.EmailMissing},
		"an unknown source without a required attribute":    {"Later", nameless, rules.AttributeMissing},
		"an unknown source with a denied address":           {"Later", denied, rules.DomainNotAllowed},
		"a source that only begins like an administrator's": {"AdminCreateUserLater", none, rules.EmailMissing},
		"no source": {"", none, rules.EmailMissing},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newHandler(t)
			event := payload(t, test.source, test.attributes)
			reply, err := h.Invoke(t.Context(), event)
			checkDecision(t, event, reply, err, test.code)
		})
	}
}

func TestAllowedDomainsRequireAnAddressFromProviderUsers(t *testing.T) {
	for name, test := range map[string]struct {
		attributes map[string]any
		code       string
	}{
		"no address":                   {map[string]any{}, rules.EmailMissing},
		"an empty address":             {map[string]any{"email": ""}, rules.EmailMissing},
		"an address of another domain": {map[string]any{"email": "jane@example.com"}, rules.DomainNotAllowed},
		"an address of the list's":     {map[string]any{"email": "jane@staff.example"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newHandler(t, func(c *config.PreSignUp) { c.Email.AllowedDomains = []string{"staff.example"} })
			event := payload(t, "ExternalProvider", test.attributes)
			reply, err := h.Invoke(t.Context(), event)
			checkDecision(t, event, reply, err, test.code)
		})
	}
}

func TestOnlySignUpsOfTrustedDomainsAreConfirmed(t *testing.T) {
	const confirmed, verified = `"response":{"autoConfirmUser":true,"autoVerifyEmail":false,"autoVerifyPhone":false}`, `"response":{"autoConfirmUser":true,"autoVerifyEmail":true,"autoVerifyPhone":false}`
	for name, test := range map[string]struct {
		source, email string
		verify        bool
		response      string // empty: the event comes back as it is
	}{
		"a trusted domain":                     {"SignUp", "jane@staff.example", false, confirmed},
		"a trusted domain, verified":           {"SignUp", "jane@staff.example", true, verified},
		"a trusted domain in upper case":       {"SignUp", "jane@STAFF.Example", true, verified},
		"below a trusted domain":               {"SignUp", "jane@a.staff.example", true, ""},
		"another domain":                       {"SignUp", "jane@example.com", true, ""},
		"a trusted domain as the name":         {"SignUp", "staff.example@example.com", true, ""},
		"through a provider":                   {"ExternalProvider", "jane@staff.example", true, ""},
		"by an administrator":                  {"AdminCreateUser", "jane@staff.example", true, ""},
		"by an administrator, without address": {"AdminCreateUser", "", true, ""},
		"an unknown source":                    {"Later", "jane@staff.example", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, logged := newHandler(t, func(c *config.PreSignUp) {
				c.AutoConfirm = config.AutoConfirm{Domains: []string{"staff.example"}, VerifyEmail: test.verify}
			})
			attributes := map[string]any{"custom:agentName": "Jane"}
			if test.email != "" {
				attributes["email"] = test.email
			}
			event := payload(t, test.source, attributes)
			reply, err := h.Invoke(t.Context(), event)
			if err != nil {
				t.Fatal(err)
			}
			if test.response == "" && !bytes.Equal(reply, event) || !strings.Contains(string(reply), test.response) {
				t.Errorf("got %s", reply)
			}
			logged.CheckLine(t, map[string]any{"Outcome": "accepted"})
		})
	}
	h, _ := newHandler(t, func(c *config.PreSignUp) { c.AutoConfirm.Domains = []string{"throwaway.example"} })
	reply, err := h.Invoke(t.Context(), payload(t, "SignUp", map[string]any{"email": "jane@throwaway.example", "custom:agentName": "Jane"}))
	checkRefused(t, reply, err, rules.DomainNotAllowed) // trust is no way around the rules
}

func TestUndecidableEventsAreRefused(t *testing.T) {
	good := payload(t, "SignUp", map[string]any{"email": "jane@example.com", "custom:agentName": "Jane"})
	withLetter := payload(t, "SignUp", map[string]any{"email": "zoe@example.com", "custom:agentName": "Zoë"})
	const unreadable = "decode event: "
	for name, test := range map[string]struct {
		payload string
		spoil   func(*testing.T, *handler)
		reason  string
	}{
		"no payload":                   {"", nil, unreadable},
		"no JSON":                      {"\x00\xff", nil, unreadable},
		"half an event":                {string(good[:len(good)-20]), nil, unreadable},
		"a list":                       {"[]", nil, unreadable},
		"a text":                       {`"PreSignUp_SignUp"`, nil, unreadable},
		"attributes that are a list":   {`{"triggerSource":"PreSignUp_SignUp","request":{"userAttributes":["email"]}}`, nil, unreadable},
		"an address that is an object": {`{"triggerSource":"PreSignUp_AdminCreateUser","request":{"userAttributes":{"email":{}}}}`, nil, unreadable},
		"a source that is a list":      {`{"triggerSource":["PreSignUp_AdminCreateUser"]}`, nil, unreadable},
		"a pattern that does not compile": {string(withLetter), func(t *testing.T, h *handler) {
			broken, _ := newHandler(t, func(c *config.PreSignUp) {
				c.Attributes[0].Pattern, c.Attributes[0].ASCIIPattern = "[", ".*"
			})
			h.rules = broken.rules
		}, "panic"},
		"a panic":         {string(good), func(_ *testing.T, h *handler) { h.config.Locales = nil }, "panic"},
		"no rules at all": {string(good), func(_ *testing.T, h *handler) { h.rules = nil }, "panic"},
	} {
		t.Run(name, func(t *testing.T) {
			h, logged := newHandler(t)
			if test.spoil != nil {
				test.spoil(t, h)
			}
			reply, err := h.Invoke(t.Context(), []byte(test.payload))
			checkRefused(t, reply, err, rules.TryAgain)
			logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": rules.TryAgain})
			if !strings.Contains(logged.String(), `"reason":"`+test.reason) {
				t.Errorf("the reason %q is not logged: %s", test.reason, logged)
			}
		})
	}
}

func TestStart_withoutRulesRefuses(t *testing.T) {
	none := t.TempDir()
	settings := filepath.Join(none, config.File)
	if err := os.WriteFile(settings, []byte(`{"locales": []}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for dir, reason := range map[string]string{
		t.TempDir(): "no such file or directory",
		none:        "the settings name no locale",
	} {
		logged := &functiontest.Log{}
		h := start(dir, logged.Logger("pre-sign-up"))
		reply, err := h.Invoke(t.Context(), functiontest.Events(t)["admin-create-user-without-an-app-client"])
		checkRefused(t, reply, err, rules.TryAgain)
		logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": rules.TryAgain})
		if !strings.Contains(logged.String(), reason) {
			t.Errorf("the reason %q is not logged: %s", reason, logged)
		}
	}
}

// Without its sentences, a refusal still has its code, and the log says why.
func TestRefusalWithoutASentence(t *testing.T) {
	h, logged := newHandler(t)
	var err error
	if h.rules, err = rules.New(h.config, config.SentencesIn(t.TempDir()), rules.Network{}); err != nil {
		t.Fatal(err)
	}
	reply, err := h.Invoke(t.Context(), payload(t, "SignUp", map[string]any{"email": "jane@throwaway.example", "custom:agentName": "Jane"}))
	checkRefused(t, reply, err, rules.DomainNotAllowed)
	logged.CheckLine(t, map[string]any{"level": "WARN", "Outcome": rules.DomainNotAllowed})
	if !strings.Contains(logged.String(), `"warning":"open `) {
		t.Errorf("why is not logged: %s", logged)
	}
}

func TestNothingPersonalIsLoggedOrReturned(t *testing.T) {
	h, logged := newHandler(t)
	withoutRules := *h
	withoutRules.rules = nil // panics
	check := func(name string, payload []byte) {
		for _, h := range []*handler{h, &withoutRules} {
			t.Run(name, func(t *testing.T) {
				logged.CheckNothingPersonal(t, func() error {
					_, err := h.Invoke(t.Context(), payload)
					return err
				})
			})
		}
	}
	for name, payload := range functiontest.WithSecrets(t) {
		check(name, payload)
	}
	for name, attributes := range map[string]map[string]any{
		"an address that is refused":   {"email": "secret jane@example.com"},
		"a domain that is refused":     {"email": "jane@secret.throwaway.example"},
		"an attribute that is refused": {"email": "jane@example.com", "custom:agentName": "secret!"},
		"an attribute that is a list":  {"email": []string{"secret"}},
	} {
		check(name, payload(t, "SignUp", attributes))
	}
}

func FuzzInvoke(f *testing.F) {
	for _, event := range functiontest.Events(f) {
		f.Add(event)
	}
	h, _ := newHandler(f)
	h.log = logging.NewWith("pre-sign-up", io.Discard, time.Now)
	sentences := functiontest.Compiled(f).Refusals["en"]
	f.Fuzz(func(t *testing.T, event []byte) {
		reply, err := h.Invoke(t.Context(), event)
		if err != nil {
			refused, ok := errors.AsType[*rules.Refusal](err)
			if !ok || reply != nil || sentences[refused.Code] == "" || refused.Sentence == "" {
				t.Fatalf("got %q, %v, want a refusal", reply, err)
			}
			return
		}
		if !bytes.Equal(reply, event) {
			t.Fatalf("an accepted event came back as %q", reply)
		}
		checkAccepted(t, event)
	})
}

// checkAccepted checks, in other words than the rules do, what must hold for
// everyone who may sign up.
func checkAccepted(t *testing.T, event []byte) {
	t.Helper()
	e, err := trigger.Decode(event)
	if err != nil {
		t.Fatalf("an event that cannot be read was accepted: %v", err)
	}
	address := strings.ToLower(e.UserAttributes["email"])
	switch e.TriggerSource {
	case "PreSignUp_AdminCreateUser":
		return
	case "PreSignUp_ExternalProvider":
		if address == "" {
			return
		}
	default:
		if n := utf8.RuneCountInString(e.UserAttributes["custom:agentName"]); n < 2 || n > 10 {
			t.Errorf("an agent name of %d characters was accepted", n)
		}
	}
	local, domain, _ := strings.Cut(address, "@")
	controls := strings.ContainsFunc(address, func(c rune) bool { return c <= ' ' || c >= 0x7f })
	if controls || strings.ContainsAny(local, "\"(),:;<>[\\]") || strings.ContainsAny(domain, "@<>\"(),:;\\") || !strings.Contains(domain, ".") || strings.HasSuffix("."+domain, ".throwaway.example") {
		t.Errorf("the address %q was accepted", address)
	}
}

func BenchmarkInvoke(b *testing.B) {
	h, _ := newHandler(b)
	h.log = logging.NewWith("pre-sign-up", io.Discard, time.Now)
	event := payload(b, "SignUp", map[string]any{"email": "jane@example.com", "custom:agentName": "Agent Jane"})
	// 8 of them are jsontext's decoder, which reads the event.
	functiontest.Bench(b, 24, func() {
		if _, err := h.Invoke(b.Context(), event); err != nil {
			b.Fatal(err)
		}
	})
}

// poolpost smoke finds its lines by this token.
func TestLinesOfASmokeTestAreMarked(t *testing.T) {
	const token = "0123456789ab"
	h, logged := newHandler(t)
	if _, err := h.Invoke(t.Context(), payload(t, "SignUp", map[string]any{"email": logging.SmokeAddress("success", token), "custom:agentName": "Jane"})); err != nil {
		t.Fatal(err)
	}
	logged.CheckLine(t, map[string]any{"test": token})
}

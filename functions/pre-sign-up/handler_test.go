package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"poolpost/internal/cognito"
	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/message/compile"
	"poolpost/internal/settings"
)

const sampleSettings = `
pool: {region: eu-central-1}
mail: {from: {address: no-reply@example.com}}
links: {host: links.example.com}
brands: [{name: sample, displayName: Sample, postalAddress: "1 Sample Street", support: help@example.com}]
clients: [{name: web, brand: sample, locale: en, url: "https://app.example.com/"}]
locales: [en, fr, ar]
signUp:
  email:
    deniedDomains: [throwaway.example, "*.throwaway.example", alone.example, "*.below.example"]
  attributes:
    - name: agentName
      label: {en: Agent name, fr: Nom d’agent, ar: اسم الوكيل}
      required: true
      # Alternatives: the pattern is for the whole value all the same.
      pattern: "[\\p{L}\\p{M}][\\p{L}\\p{M}\\p{N} -]*|[0-9]{3}"
      minLength: 2
      maxLength: 10
    - {name: nickname, maxLength: 8}
`

type sample struct {
	settings *settings.Settings
	compiled *compile.Output
}

// compiled is done once: it reads every template of the project.
var compiled = sync.OnceValues(func() (sample, error) {
	s, err := settings.Parse("sample.yaml", []byte(sampleSettings))
	if err != nil {
		return sample{}, err
	}
	out, err := compile.All(os.DirFS("../../templates"), s)
	return sample{s, out}, err
})

func sampleRules(t testing.TB) *rules {
	t.Helper()
	all, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	c := config.PreSignUp{
		Locales:       all.settings.Locales,
		DeniedDomains: all.settings.SignUp.Email.DeniedDomains,
		Refusals:      all.compiled.Refusals,
	}
	for _, a := range all.settings.SignUp.Attributes {
		c.Attributes = append(c.Attributes, config.AttributeRule{
			Key: all.settings.AttributeKey(a.Name), Label: a.Label, Required: a.Required,
			Pattern: a.Pattern, MinLength: a.MinLength, MaxLength: a.MaxLength,
		})
	}
	r, err := newRules(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newHandler(t testing.TB) (*handler, *bytes.Buffer) {
	t.Helper()
	var logged bytes.Buffer
	return &handler{rules: sampleRules(t), log: logging.NewWith("pre-sign-up", slog.NewJSONHandler(&logged, nil), time.Now)}, &logged
}

// payload is an event with these attributes, as JSON of anything.
func payload(t testing.TB, source string, attributes map[string]any) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{
		"version": "1", "region": "eu-central-1", "userPoolId": "eu-central-1_Sample001", "userName": "0a1b2c3d-1111-4222-8333-444455556666",
		"callerContext": map[string]any{"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "1example23456789abcdefghij"},
		"triggerSource": "PreSignUp_" + source,
		"request":       map[string]any{"userAttributes": attributes, "validationData": nil},
		"response":      map[string]any{"autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkLine checks the only line that was logged.
func checkLine(t testing.TB, logged *bytes.Buffer, want map[string]any) {
	t.Helper()
	var line map[string]any
	if err := json.Unmarshal(logged.Bytes(), &line); err != nil {
		t.Fatalf("%v; want one line: %s", err, logged)
	}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("the log line has %s %v, want %v", key, line[key], value)
		}
	}
}

func TestEverySampleEventIsDecidedAsItShould(t *testing.T) {
	wants := map[string]struct{ code, locale, trigger string }{
		"sign-up":                           {"", "en", "PreSignUp_SignUp"},
		"sign-up-with-null-client-metadata": {"", "en", "PreSignUp_SignUp"},
		"sign-up-with-a-numeric-version-and-boolean-attributes": {"", "en", "PreSignUp_SignUp"},
		"sign-up-with-unknown-fields-everywhere":                {"", "fr", "PreSignUp_SignUp"},
		"sign-up-without-user-attributes":                       {emailMissing, "en", "PreSignUp_SignUp"},
		"sign-up-with-a-denied-address-in-french":               {domainNotAllowed, "fr", "PreSignUp_SignUp"},
		"sign-up-with-a-hostile-agent-name":                     {attributeTooLong, "en", "PreSignUp_SignUp"},
		"sign-up-without-an-agent-name-in-arabic":               {attributeMissing, "ar", "PreSignUp_SignUp"},
		"admin-create-user-without-an-app-client":               {"", "en", "PreSignUp_AdminCreateUser"},
		"external-provider-facebook":                            {"", "en", "PreSignUp_ExternalProvider"},
		"external-provider-without-an-address":                  {"", "en", "PreSignUp_ExternalProvider"},
		"external-provider-with-a-denied-address":               {domainNotAllowed, "en", "PreSignUp_ExternalProvider"},
		"unknown-source-of-a-later-day-is-held-to-the-rules":    {attributeMissing, "en", "unknown"},
	}
	for file, want := range wants {
		t.Run(file, func(t *testing.T) {
			event, err := os.ReadFile(filepath.Join("testdata/events", file+".json"))
			if err != nil {
				t.Fatal(err)
			}
			h, logged := newHandler(t)
			reply, err := h.Invoke(t.Context(), event)
			if want.code == "" {
				if err != nil || !bytes.Equal(reply, event) {
					t.Errorf("the event did not come back byte for byte: %v", err)
				}
				checkLine(t, logged, map[string]any{"level": "INFO", "Outcome": "accepted", "locale": want.locale, "trigger": want.trigger, "reason": nil})
				return
			}
			checkRefused(t, reply, err, want.code)
			refused, _ := errors.AsType[*refusal](err)
			if !isIn(t, refused, want.locale) {
				t.Errorf("the sentence is not in %s: %s", want.locale, refused.sentence)
			}
			checkLine(t, logged, map[string]any{"Outcome": want.code, "locale": want.locale, "trigger": want.trigger, "reason": nil})
		})
	}
	files, err := filepath.Glob("testdata/events/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, ok := wants[strings.TrimSuffix(filepath.Base(file), ".json")]; !ok {
			t.Errorf("%s has no row in this test", file)
		}
	}
}

// isIn reports whether a refusal begins as its words in a locale do, up to the
// first placeholder.
func isIn(t *testing.T, refused *refusal, locale string) bool {
	t.Helper()
	all, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	words, _, _ := strings.Cut(all.compiled.Refusals[locale][refused.code], "{")
	return words != "" && strings.HasPrefix(refused.sentence, words)
}

// checkRefused checks that a sign-up was refused: no reply, and an error that
// is a code and a sentence.
func checkRefused(t *testing.T, reply []byte, err error, code string) {
	t.Helper()
	refused, ok := errors.AsType[*refusal](err)
	if reply != nil || !ok {
		t.Fatalf("got %q, %v, want a refusal", reply, err)
	}
	if refused.code != code || refused.sentence == "" || refused.Error() != refused.code+": "+refused.sentence {
		t.Errorf("got %q, want one with the code %s", refused, code)
	}
}

func TestNothingButSignUpAndWhatIsUnknownIsHeldToTheRules(t *testing.T) {
	none := map[string]any{}
	denied := map[string]any{"email": "jane@throwaway.example"}
	nameless := map[string]any{"email": "jane@example.com"}
	for name, test := range map[string]struct {
		source     string
		attributes map[string]any
		code       string
	}{
		"a sign-up without anything":                        {"SignUp", none, emailMissing},
		"a sign-up with a denied address":                   {"SignUp", denied, domainNotAllowed},
		"a sign-up without a required attribute":            {"SignUp", nameless, attributeMissing},
		"a user of an administrator without anything":       {"AdminCreateUser", none, ""},
		"a user of an administrator with a denied address":  {"AdminCreateUser", denied, ""},
		"a provider's user without anything":                {"ExternalProvider", none, ""},
		"a provider's user with a denied address":           {"ExternalProvider", denied, domainNotAllowed},
		"a provider's user without a required attribute":    {"ExternalProvider", nameless, ""},
		"a provider's user with a blank address":            {"ExternalProvider", map[string]any{"email": " "}, emailMissing},
		"an unknown source without anything":                {"Later", none, emailMissing},
		"an unknown source without a required attribute":    {"Later", nameless, attributeMissing},
		"an unknown source with a denied address":           {"Later", denied, domainNotAllowed},
		"a source that only begins like an administrator's": {"AdminCreateUserLater", none, emailMissing},
		"no source": {"", none, emailMissing},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newHandler(t)
			event := payload(t, test.source, test.attributes)
			reply, err := h.Invoke(t.Context(), event)
			if test.code != "" {
				checkRefused(t, reply, err, test.code)
			} else if err != nil || !bytes.Equal(reply, event) {
				t.Errorf("the event did not come back byte for byte: %v", err)
			}
		})
	}
}

func TestWhatCannotBeDecidedIsRefused(t *testing.T) {
	good := payload(t, "SignUp", map[string]any{"email": "jane@example.com", "custom:agentName": "Jane"})
	for name, test := range map[string]struct {
		payload string
		spoil   func(*testing.T, *handler)
	}{
		"no payload":                   {"", nil},
		"no JSON":                      {"\x00\xff", nil},
		"half an event":                {string(good[:len(good)-20]), nil},
		"a list":                       {"[]", nil},
		"a text":                       {`"PreSignUp_SignUp"`, nil},
		"attributes that are a list":   {`{"triggerSource":"PreSignUp_SignUp","request":{"userAttributes":["email"]}}`, nil},
		"an address that is an object": {`{"triggerSource":"PreSignUp_AdminCreateUser","request":{"userAttributes":{"email":{}}}}`, nil},
		"a source that is a list":      {`{"triggerSource":["PreSignUp_AdminCreateUser"]}`, nil},
		"settings that cannot be read": {string(good), func(t *testing.T, h *handler) {
			h.rules = nil
			_, h.broken = config.Read[config.PreSignUp](t.TempDir())
		}},
		"rules that cannot be compiled": {string(good), func(_ *testing.T, h *handler) { h.rules, h.broken = newRules(config.PreSignUp{}) }},
		"a panic":                       {string(good), func(_ *testing.T, h *handler) { h.rules.patterns = nil }},
		"no rules at all":               {string(good), func(_ *testing.T, h *handler) { h.rules = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			h, logged := newHandler(t)
			if test.spoil != nil {
				test.spoil(t, h)
			}
			reply, err := h.Invoke(t.Context(), []byte(test.payload))
			checkRefused(t, reply, err, tryAgain)
			checkLine(t, logged, map[string]any{"level": "ERROR", "Outcome": tryAgain})
			if !strings.Contains(logged.String(), `"reason":"`) {
				t.Errorf("the cause is not logged: %s", logged)
			}
		})
	}
}

func TestNothingPersonalIsLoggedOrTold(t *testing.T) {
	secret := func(what string) string { return "secret-" + what + "-jane@example.com" }
	plant := func(source string, attributes map[string]any) []byte {
		attributes["sub"], attributes["name"], attributes["locale"] = secret("sub"), secret("name"), secret("locale")
		attributes[secret("key")] = secret("attribute")
		b, err := json.Marshal(map[string]any{
			"version": secret("version"), "region": secret("region"), "userPoolId": secret("pool"), "userName": secret("user"),
			"callerContext": map[string]any{"awsSdkVersion": secret("sdk"), "clientId": secret("client")},
			"triggerSource": source,
			"request": map[string]any{
				"userAttributes": attributes, "clientMetadata": map[string]any{"locale": secret("locale"), secret("key"): secret("metadata")},
				"validationData": map[string]any{"password": secret("password"), secret("key"): secret("token")},
			},
			"response": map[string]any{secret("key"): secret("response")}, secret("key"): secret("later"),
		})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	fine := map[string]any{"email": "secret@example.com", "custom:agentName": "Agent Jane"}
	for name, test := range map[string]struct {
		payload []byte
		spoil   func(*handler)
	}{
		"an accepted sign-up":               {plant("PreSignUp_SignUp", fine), nil},
		"an address that is refused":        {plant("PreSignUp_SignUp", map[string]any{"email": "secret jane@example.com"}), nil},
		"a domain that is refused":          {plant("PreSignUp_SignUp", map[string]any{"email": "jane@secret.throwaway.example"}), nil},
		"an attribute that is too long":     {plant("PreSignUp_SignUp", map[string]any{"email": "secret@example.com", "custom:agentName": secret("name")}), nil},
		"an attribute that is refused":      {plant("PreSignUp_SignUp", map[string]any{"email": "secret@example.com", "custom:agentName": "secret!"}), nil},
		"an attribute that is no text":      {plant("PreSignUp_SignUp", map[string]any{"email": []string{secret("list")}}), nil},
		"a user of an administrator":        {plant("PreSignUp_AdminCreateUser", map[string]any{"email": secret("address")}), nil},
		"a source that is a secret":         {plant(secret("source"), map[string]any{"email": secret("address")}), nil},
		"an event that is cut off":          {plant("PreSignUp_SignUp", fine)[:300], nil},
		"an event that is one secret":       {[]byte(secret("event")), nil},
		"a panic":                           {plant("PreSignUp_SignUp", fine), func(h *handler) { h.rules = nil }},
		"an error that quotes the address":  {plant("PreSignUp_SignUp", fine), func(h *handler) { h.broken = errors.New(secret("error")) }},
		"an error that wraps such an error": {plant("PreSignUp_SignUp", fine), func(h *handler) { h.broken = fmt.Errorf("read: %w", errors.New(secret("error"))) }},
	} {
		t.Run(name, func(t *testing.T) {
			h, logged := newHandler(t)
			if test.spoil != nil {
				test.spoil(h)
			}
			told := ""
			printed := capture(t, func() {
				if _, err := h.Invoke(t.Context(), test.payload); err != nil {
					told = err.Error()
				}
			})
			if logged.Len() == 0 {
				t.Error("nothing was logged")
			}
			all := logged.String() + printed + told
			for _, sign := range []string{"secret", "jane", "Jane", "example.com"} {
				if strings.Contains(all, sign) {
					t.Errorf("%q was logged or told: %s", sign, all)
				}
			}
		})
	}
}

// capture returns what is written to standard output and standard error
// meanwhile.
func capture(t *testing.T, run func()) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = file, file
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	run()
	printed, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(printed)
}

func FuzzInvoke(f *testing.F) {
	files, err := filepath.Glob("testdata/events/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		event, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(event)
	}
	h, _ := newHandler(f)
	h.log = logging.NewWith("pre-sign-up", slog.NewJSONHandler(io.Discard, nil), time.Now)
	codes := []string{emailMissing, emailInvalid, domainNotAllowed, attributeMissing, attributeTooShort, attributeTooLong, attributeInvalid, tryAgain}
	f.Fuzz(func(t *testing.T, event []byte) {
		reply, err := h.Invoke(t.Context(), event)
		if err != nil {
			refused, ok := errors.AsType[*refusal](err)
			if !ok || reply != nil || !slices.Contains(codes, refused.code) || refused.sentence == "" {
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
	e, err := cognito.Decode(event)
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
	_, domain, _ := strings.Cut(address, "@")
	if strings.ContainsAny(domain, "@ \t\r\n\x00<>\"(),:;\\") || !strings.Contains(domain, ".") || strings.HasSuffix("."+domain, ".throwaway.example") {
		t.Errorf("the address %q was accepted", address)
	}
}

func BenchmarkInvoke(b *testing.B) {
	h, _ := newHandler(b)
	h.log = logging.NewWith("pre-sign-up", slog.NewJSONHandler(io.Discard, nil), time.Now)
	event := payload(b, "SignUp", map[string]any{"email": "jane@example.com", "custom:agentName": "Agent Jane"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Invoke(b.Context(), event); err != nil {
			b.Fatal(err)
		}
	}
}

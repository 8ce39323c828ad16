package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/settings/settingstest"
)

func TestRulesAreExplained(t *testing.T) {
	strict := settingstest.FileWith(t, "rules.yaml", settingstest.AllLocales, "locales: [en, fr, ar]", "  email:\n", "  email:\n    refuseRoleAccounts: true\n    requireMailExchanger: true\n    refuseSuppressed: true\n")
	hooked := settingstest.FileWith(t, "rules.yaml", settingstest.AllLocales, "locales: [en, fr, ar]", "signUp:\n", "signUp:\n  hook: {function: sign-up-hook, mayAutoConfirm: true}\n")
	answer := func(text string) string {
		file := filepath.Join(t.TempDir(), "answer.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	requests := make(chan []byte, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, _ := io.ReadAll(r.Body)
		requests <- request
		fmt.Fprint(w, `{"decision":"refuse","code":"NO_SEAT","sentences":{"fr":"Plus de place"}}`)
	}))
	defer server.Close()
	asked := settingstest.FileWith(t, "rules.yaml", settingstest.AllLocales, "locales: [en, fr, ar]", "signUp:\n", "signUp:\n  captcha: {provider: altcha}\n")
	ann := []string{"--email", "ann@example.com", "--attr", "agentName=Ann"}
	providers := settingstest.FileWith(t, "rules.yaml", settingstest.AllLocales, "locales: [en, fr, ar]", "signUp:\n", "signUp:\n  autoConfirm: {domains: [staff.example]}\n  externalProviders: {policy: link, trusted: [Google]}\n")
	for name, test := range map[string]struct {
		settings string
		args     []string
		steps    map[string]string // some rules, with their results
		result   string
	}{
		"an address of a function": {strict, []string{"--email", "admin@example.com", "--attr", "agentName=Ann"},
			map[string]string{"address": "passed", "role": "EMAIL_ROLE", "required agentName": "not reached", "plus": "off", "mail-exchanger": "not reached"},
			"refused: PreSignUp failed with error EMAIL_ROLE: Please use an address of your own, not one of a team or a department."},
		"in French": {strict, []string{"--email", "ann@example.net", "--locale", "fr-CA"},
			map[string]string{"denied-domain": "EMAIL_DOMAIN_NOT_ALLOWED"}, "refused: PreSignUp failed with error EMAIL_DOMAIN_NOT_ALLOWED: Les adresses"},
		"soft rules have no answer without the network": {strict, []string{"--email", "ann@example.com", "--attr", "agentName=Ann"},
			map[string]string{"pattern agentName": "passed", "mail-exchanger": "no answer", "suppression-list": "no answer"}, "accepted"},
		"a value with an equals sign": {strict, []string{"--email", "ann@example.com", "--attr", "agentName=a=b"},
			map[string]string{"pattern agentName": "ATTRIBUTE_INVALID"}, "refused: "},
		"nothing at all":                   {strict, nil, map[string]string{"address": "EMAIL_MISSING"}, "refused: "},
		"a trusted domain":                 {providers, []string{"--email", "ann@staff.example", "--attr", "agentName=Ann"}, nil, "accepted, and confirmed without an email"},
		"a captcha that is passed":         {asked, ann, map[string]string{"captcha": "passed"}, "accepted, if the captcha is passed: --captcha says"},
		"a captcha that is not passed":     {asked, append(ann, "--captcha", "failed", "--locale", "fr"), map[string]string{"captcha": "CAPTCHA_FAILED"}, "refused: PreSignUp failed with error CAPTCHA_FAILED: La vérification"},
		"no proof":                         {asked, append(ann, "--captcha", "missing"), map[string]string{"captcha": "CAPTCHA_MISSING"}, "refused: PreSignUp failed with error CAPTCHA_MISSING: "},
		"a captcha that cannot be checked": {asked, append(ann, "--captcha", "unavailable"), map[string]string{"captcha": "TRY_AGAIN"}, "refused: PreSignUp failed with error TRY_AGAIN: "},
		"a provider's user proves nothing": {asked, []string{"--email", "ann@example.com", "--provider", "--captcha", "failed"}, map[string]string{"captcha": "passed"}, "accepted"},
		"a hook that is not asked":         {hooked, ann, map[string]string{"hook": "not reached"}, "accepted, unless your function of signUp.hook refuses"},
		"a hook that accepts":              {hooked, append(ann, "--hook", answer(`{"decision":"accept"}`)), map[string]string{"hook": "passed"}, "accepted"},
		"a hook that confirms":             {hooked, append(ann, "--hook", answer(`{"decision":"accept","autoConfirm":true}`)), map[string]string{"hook": "passed"}, "accepted, and confirmed without an email"},
		"a hook that makes no sense":       {hooked, append(ann, "--hook", answer(`[]`)), map[string]string{"hook": "TRY_AGAIN"}, "refused: PreSignUp failed with error TRY_AGAIN: "},
		"a hook that is a server":          {hooked, append(ann, "--locale", "fr", "--hook", server.URL), map[string]string{"hook": "HOOK_NO_SEAT"}, "refused: PreSignUp failed with error HOOK_NO_SEAT: Plus de place."},
		"a rule before the hook":           {hooked, []string{"--email", "ann@example.net", "--hook", answer(`{"decision":"accept"}`)}, map[string]string{"hook": "not reached"}, "refused: PreSignUp failed with error EMAIL_DOMAIN_NOT_ALLOWED"},
		"a provider":                       {providers, []string{"--email", "ann@staff.example", "--provider"}, map[string]string{"required agentName": "passed"}, "accepted, unless the pool has an account"},
	} {
		t.Run(name, func(t *testing.T) {
			out, _ := must(t, append([]string{"--settings", test.settings, "rules"}, test.args...)...)
			for rule, result := range test.steps {
				if !regexp.MustCompile(`(?m)^` + rule + `  +` + result + `  `).MatchString(out) {
					t.Errorf("%s is not %s in\n%s", rule, result, out)
				}
			}
			if lines := strings.Split(strings.TrimSpace(out), "\n"); !strings.HasPrefix(lines[len(lines)-1], test.result) {
				t.Errorf("the result is %q, want %q", lines[len(lines)-1], test.result)
			}
		})
	}
	var got map[string]any
	if err := json.Unmarshal(<-requests, &got); err != nil || got["email"] != "ann@example.com" || got["locale"] != "fr" || got["version"] != 1.0 {
		t.Errorf("the server got %v: %v", got, err)
	}
}

func TestTheHookIsWhatItSays(t *testing.T) {
	hooked := settingstest.FileWith(t, "rules.yaml", "signUp:\n", "signUp:\n  hook: {function: sign-up-hook}\n")
	empty, text := t.TempDir(), filepath.Join(t.TempDir(), "answer.txt")
	if err := os.WriteFile(text, []byte("accept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ settings, hook, want string }{
		{settingstest.File(), "http://127.0.0.1:9001/", "the settings have no signUp.hook.function"},
		{hooked, "https://127.0.0.1:9001/", "must be a loopback address"},
		{hooked, "http://example.com/", "must be a loopback address"},
		{hooked, "nowhere", "no such file or directory"},
		{hooked, empty, "bootstrap"},
		{hooked, text, `must be a file with JSON, such as {"decision": "accept"}`},
	} {
		code, _, errOut := execute(t, "rules", "--settings", test.settings, "--email", "ann@example.com", "--hook", test.hook)
		if code != cli.Failed || !strings.HasPrefix(errOut, "--hook") || !strings.Contains(errOut, test.want) {
			t.Errorf("%s: exit code %d, %q, want %q", test.hook, code, errOut, test.want)
		}
	}
}

func TestRulesInJSON(t *testing.T) {
	out, _ := must(t, "rules", "--json", "--settings", settingstest.File(), "--email", "ann@example.net")
	var got explanation
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(got.Steps, func(s explainStep) bool { return s.Name == "denied-domain" })
	if i < 0 || got.Accepted || !strings.HasPrefix(got.Result, "refused: ") || got.Steps[i].Result != "EMAIL_DOMAIN_NOT_ALLOWED" || got.Steps[i].Kind != "hard" {
		t.Errorf("got %s", out)
	}
}

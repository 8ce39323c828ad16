package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"poolpost/internal/settings/settingstest"
)

func TestRulesAreExplained(t *testing.T) {
	strict := settingstest.FileWith(t, "rules.yaml", settingstest.AllLocales, "locales: [en, fr, ar]", "  email:\n", "  email:\n    refuseRoleAccounts: true\n    requireMailExchanger: true\n    refuseSuppressed: true\n")
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
		"nothing at all":   {strict, nil, map[string]string{"address": "EMAIL_MISSING"}, "refused: "},
		"a trusted domain": {providers, []string{"--email", "ann@staff.example", "--attr", "agentName=Ann"}, nil, "accepted, and confirmed without an email"},
		"a provider":       {providers, []string{"--email", "ann@staff.example", "--provider"}, map[string]string{"required agentName": "passed"}, "accepted, unless the pool has an account"},
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

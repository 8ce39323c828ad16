package rules

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
)

// newRules are the rules of the sample settings, changed.
func newRules(t testing.TB, change func(*config.PreSignUp)) *Rules {
	t.Helper()
	dir, c := functiontest.Dir[config.PreSignUp](t, "pre-sign-up")
	if change != nil {
		change(&c)
	}
	r, err := New(c, config.SentencesIn(dir), Network{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ann is somebody with an address, who is otherwise fine.
func ann(email string) Applicant {
	return Applicant{Email: email, Attributes: map[string]string{"custom:agentName": "Ann"}, Locale: "en"}
}

// with is somebody with attributes, who is otherwise fine.
func with(attributes map[string]string) Applicant {
	return Applicant{Email: "jane@example.com", Attributes: attributes, Locale: "en"}
}

func decide(t testing.TB, r *Rules, a Applicant) *Refusal {
	t.Helper()
	d := r.Decide(t.Context(), a)
	if d.Warning != nil {
		t.Errorf("there is a warning: %v", d.Warning)
	}
	return d.Refusal
}

func checkCode(t testing.TB, refused *Refusal, want string) {
	t.Helper()
	got := ""
	if refused != nil {
		got = refused.Code
	}
	if got != want {
		t.Errorf("got the code %q, want %q", got, want)
	}
}

// codes are all codes, in the order in which docs/errors.md explains them.
var codes = []string{
	EmailMissing, EmailInvalid, EmailNotASCII, DomainNotAllowed, EmailTypo, EmailDisposable, EmailRole, EmailPlus,
	EmailUnreachable, EmailSuppressed, AttributeMissing, AttributeTooShort, AttributeTooLong, AttributeNotAllowed,
	AttributeInvalid, AttributeURL, AttributeWord, ProviderNotAllowed, AccountExists, AccountLinked,
	CaptchaMissing, CaptchaFailed, HookRefusal, TryAgain,
}

func TestRefusalIsInTheLocaleAndNamesTheField(t *testing.T) {
	r := newRules(t, nil)
	values := []string{"{minimum}", "2", "{maximum}", "10", "{suggestion}", "gmail.com"}
	for locale, label := range map[string]string{"en": "Agent name", "fr": "Nom d’agent", "ar": "اسم الوكيل"} {
		seen := map[string]bool{} // all sentences; each occurs once
		for _, code := range codes {
			t.Run(locale+" "+code, func(t *testing.T) {
				replacements := append([]string{"{attribute}", label}, values...)
				refused := r.Refuse(code, locale, replacements...)
				words := functiontest.Compiled(t).Refusals[locale][code]
				if want := strings.NewReplacer(replacements...).Replace(words); words == "" || refused.Error() != code+": "+want {
					t.Errorf("got %q, want %q", refused, code+": "+want)
				}
				if strings.HasPrefix(code, "ATTRIBUTE") != strings.Contains(refused.Sentence, label) {
					t.Errorf("the field %q is not named when it should be: %s", label, refused.Sentence)
				}
				// "PreSignUp failed with error CODE: sentence." has a full stop already.
				if strings.ContainsAny(refused.Sentence[len(refused.Sentence)-3:], ".。۔!") || strings.ContainsAny(refused.Sentence, "{}\r\n") {
					t.Errorf("the sentence is not fit to be shown: %q", refused.Sentence)
				}
				if seen[refused.Sentence] {
					t.Errorf("another refusal has the same sentence: %q", refused.Sentence)
				}
				seen[refused.Sentence] = true
			})
		}
	}
}

func TestInvalidRulesAreAnError(t *testing.T) {
	for name, test := range map[string]struct {
		config config.PreSignUp
		want   string
	}{
		"no locale": {config.PreSignUp{}, "no locale"},
		"an invalid pattern": {config.PreSignUp{
			Locales: []string{"en"}, Attributes: []config.AttributeRule{{Key: "nickname", Pattern: "("}},
		}, "compile pattern of nickname"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := New(test.config, nil, Network{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
			if refused := r.Refuse(TryAgain, ""); refused.Code != TryAgain || refused.Sentence == "" {
				t.Errorf("without rules the refusal is %q", refused)
			}
		})
	}
}

// everything is a configuration in which every rule is on.
func everything(c *config.PreSignUp) {
	c.Email = config.EmailRules{
		AllowedDomains: []string{"example.com", "gmial.com"}, DeniedDomains: []string{"denied.example.com"}, RefuseTypos: true, RefuseDisposable: true,
		RefuseRoleAccounts: true, RefusePlusAddresses: true, RequireMailExchanger: true, RefuseSuppressed: true,
	}
	c.ExternalProviders.Policy = config.RefuseProviders
	c.Captcha = config.Captcha{Provider: config.Altcha, TimeoutMS: 1000, OnFailure: config.RefuseOnFailure}
	c.Hook = config.SignUpHook{Function: "sign-up-hook", OnFailure: config.RefuseOnFailure}
	a := &c.Attributes[0]
	a.AllowedValues, a.ForbiddenWords, a.RefuseURLs = []string{"Ann"}, []string{"admin"}, true
	c.Attributes = c.Attributes[:1]
}

// The table of docs/sign-up-rules.md has every rule, in the order in which they
// are asked, with its settings key, its codes and whether it is hard or soft.
func TestTheDocumentationListsEveryRule(t *testing.T) {
	var listed, want []string
	for _, row := range functiontest.Table(t, "docs/sign-up-rules.md", "## Settings and codes") {
		listed = append(listed, strings.Join(row, " | "))
	}
	for _, rule := range newRules(t, everything).steps {
		setting, kind := "always", "hard"
		if rule.Setting != "" {
			setting = "`" + rule.Setting + "`"
		}
		if rule.FailOpen {
			kind = "soft"
		}
		want = append(want, strings.Join([]string{"`" + rule.Name + "`", setting, "`" + strings.Join(rule.Codes, "`, `") + "`", kind}, " | "))
	}
	if !slices.Equal(listed, want) {
		t.Errorf("docs/sign-up-rules.md has\n%s\nthe code has\n%s", strings.Join(listed, "\n"), strings.Join(want, "\n"))
	}
}

// Every code has a row in docs/errors.md and a sentence in the source locale,
// which the compiler holds all other locales against.
func TestTheDocumentationListsEveryCode(t *testing.T) {
	var listed []string
	for _, row := range functiontest.Table(t, "docs/errors.md", "## Codes") {
		listed = append(listed, strings.Trim(row[0], "`"))
	}
	if !slices.Equal(listed, codes) {
		t.Errorf("docs/errors.md has\n%v\nthe code has\n%v", listed, codes)
	}
	sentences := slices.Sorted(maps.Keys(functiontest.Compiled(t).Refusals["en"]))
	if codes := slices.Sorted(slices.Values(codes)); !slices.Equal(sentences, codes) {
		t.Errorf("templates/locales/en.yaml has\n%v\nthe code has\n%v", sentences, codes)
	}
}

func TestDecide_steps(t *testing.T) {
	r := newRules(t, func(c *config.PreSignUp) { c.Email.RefusePlusAddresses = true })
	d := r.Decide(t.Context(), with(map[string]string{"custom:agentName": "J", "nickname": "x"}))
	checkCode(t, d.Refusal, AttributeTooShort)
	got := map[string]string{}
	for _, step := range d.Steps {
		got[strings.TrimSpace(step.Name+" "+step.Attribute)] = step.Result
		if asked := step.Result == "passed" || step.Result == AttributeTooShort; asked != (step.Took > 0) {
			t.Errorf("%s: %s took %v", step.Name, step.Result, step.Took)
		}
	}
	for rule, want := range map[string]string{
		"provider": "off", "address": "passed", "denied-domain": "passed", "allowed-domain": "off", "plus": "passed", "role": "off",
		"required agentName": "passed", "min-length agentName": AttributeTooShort, "max-length agentName": "not reached",
		"max-length nickname": "not reached", "pattern nickname": "off", "mail-exchanger": "off",
	} {
		if got[rule] != want {
			t.Errorf("%s is %q, want %q", rule, got[rule], want)
		}
	}
	// The steps of one decision are no other's.
	for i, step := range r.Decide(t.Context(), Applicant{Provider: true}).Steps[1:] {
		if want := (i == 0); want != (step.Result == EmailMissing) || want != (step.Took > 0) {
			t.Errorf("a provider's user without an address: %s: %s, took %v", step.Name, step.Result, step.Took)
		}
	}
}

// BenchmarkDecide is every rule that needs no network, for somebody who is accepted.
func BenchmarkDecide(b *testing.B) {
	r := newRules(b, func(c *config.PreSignUp) {
		everything(c)
		c.ExternalProviders.Policy, c.Email.RequireMailExchanger, c.Email.RefuseSuppressed = config.AcceptProviders, false, false
		c.Captcha = config.Captcha{}
	})
	a := ann("ann.example@example.com")
	b.ReportAllocs()
	for b.Loop() {
		if d := r.Decide(b.Context(), a); d.Refusal != nil {
			b.Fatal(d.Refusal)
		}
	}
}

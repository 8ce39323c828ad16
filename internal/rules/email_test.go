package rules

import (
	"os"
	"regexp"
	"sort"
	"strings"
	"testing"

	"poolpost/internal/config"
)

func TestAllowedDomains(t *testing.T) {
	r := newRules(t, func(c *config.PreSignUp) {
		c.Email.AllowedDomains = []string{"example.com", "*.corp.example"}
		c.Email.DeniedDomains = []string{"interns.corp.example"}
	})
	for name, test := range map[string]struct{ address, want string }{
		"an allowed domain":                          {"jane@example.com", ""},
		"an allowed domain in upper case":            {"jane@EXAMPLE.com", ""},
		"below an allowed domain":                    {"jane@sales.corp.example", ""},
		"below a domain that is allowed itself only": {"jane@sub.example.com", DomainNotAllowed},
		"the domain of which what is below is meant": {"jane@corp.example", DomainNotAllowed},
		"a domain that ends like an allowed one":     {"jane@evilexample.com", DomainNotAllowed},
		"a domain that ends like one below":          {"jane@evilcorp.example", DomainNotAllowed},
		"a domain that begins like an allowed one":   {"jane@example.com.evil.example", DomainNotAllowed},
		"an allowed domain as the name":              {"example.com@evil.example", DomainNotAllowed},
		"an allowed domain between two @":            {"jane@example.com@evil.example", EmailInvalid},
		"an allowed domain behind two @":             {"jane@evil.example@example.com", EmailInvalid},
		"an allowed domain in quotes":                {`"jane@example.com"@evil.example`, EmailInvalid},
		"an allowed domain with a final dot":         {"jane@example.com.", EmailInvalid},
		"an allowed domain behind a NUL":             {"jane@evil.example\x00@example.com", EmailInvalid},
		"denied although allowed":                    {"jane@interns.corp.example", DomainNotAllowed},
		"another domain":                             {"jane@other.example", DomainNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			checkCode(t, decide(t, r, ann(test.address)), test.want)
		})
	}
}

func TestWhatIsBeforeAndBehindTheAt(t *testing.T) {
	r := newRules(t, func(c *config.PreSignUp) {
		c.Email.RefuseDisposable, c.Email.RefuseRoleAccounts, c.Email.RefusePlusAddresses = true, true, true
	})
	for name, test := range map[string]struct{ address, want string }{
		"a person":                              {"jane@example.com", ""},
		"a misspelt provider":                   {"jane@gmial.com", EmailTypo},
		"a misspelt provider in upper case":     {"jane@GMIAL.COM", EmailTypo},
		"a misspelt ending":                     {"jane@hotmail.con", EmailTypo},
		"a provider that is spelt right":        {"jane@gmail.com", ""},
		"a provider that looks like another":    {"jane@ymail.com", ""},
		"below a misspelt provider":             {"jane@mail.yaoo.com", ""},
		"a throw-away mailbox":                  {"jane@mailinator.com", EmailDisposable},
		"a throw-away mailbox in upper case":    {"jane@Mailinator.COM", EmailDisposable},
		"below a throw-away mailbox":            {"jane@x.y.mailinator.com", EmailDisposable},
		"what only ends like one":               {"jane@xmailinator.example.com", ""},
		"the first of the list":                 {"jane@" + line(0), EmailDisposable},
		"the last of the list":                  {"jane@" + line(-1), EmailDisposable},
		"a function":                            {"admin@example.com", EmailRole},
		"a function in upper case":              {"NoReply@example.com", EmailRole},
		"a function with a plus sign":           {"admin+x@example.com", EmailRole},
		"a name that begins like a function's":  {"administrata@example.com", ""},
		"a plus sign":                           {"jane+trips@example.com", EmailPlus},
		"a plus sign at the end":                {"jane+@example.com", EmailPlus},
		"a dot is no plus sign":                 {"jane.trips@example.com", ""},
		"misspelt, and a function: the typo":    {"admin@gmial.com", EmailTypo},
		"everything wrong: the first rule":      {"admin+x@throwaway.example", DomainNotAllowed},
		"a function at a throw-away mailbox":    {"admin@mailinator.com", EmailDisposable},
		"an empty label is no way round a list": {"jane@.mailinator.com", EmailInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			checkCode(t, decide(t, r, ann(test.address)), test.want)
		})
	}
}

// line is a line of the list of disposable domains, -1 the last one.
func line(i int) string {
	lines := strings.Split(strings.TrimSuffix(disposable, "\n"), "\n")
	return lines[(i+len(lines))%len(lines)]
}

func TestTypoSuggestionIsAlwaysAKnownDomain(t *testing.T) {
	r := newRules(t, nil)
	refused := decide(t, r, ann("evil-text@gmial.com"))
	if refused == nil || !strings.Contains(refused.Sentence, "gmail.com") || strings.Contains(refused.Sentence, "evil") || strings.Contains(refused.Sentence, "gmial") {
		t.Errorf("got %v", refused)
	}
	checkCode(t, decide(t, newRules(t, func(c *config.PreSignUp) { c.Email.RefuseTypos = false }), ann("jane@gmial.com")), "")
}

func TestAllowedDomainIsNeitherATypoNorDisposable(t *testing.T) {
	r := newRules(t, func(c *config.PreSignUp) {
		c.Email.AllowedDomains, c.Email.RefuseDisposable = []string{"gmial.com", "mailinator.com"}, true
	})
	checkCode(t, decide(t, r, ann("jane@gmial.com")), "")
	checkCode(t, decide(t, r, ann("jane@mailinator.com")), "")
}

// A misspelling must not be a provider's own domain, nor lead to another one.
func TestMisspelledProviders(t *testing.T) {
	source, err := os.ReadFile("email.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(source), "func typoFix")
	domains := regexp.MustCompile(`"([a-z.]+\.[a-z]+)"`).FindAllStringSubmatch(table, -1)
	if len(domains) < 60 {
		t.Fatalf("there are %d domains in the table", len(domains))
	}
	for _, domain := range domains {
		if meant := typoFix(domain[1]); meant == domain[1] || meant != "" && typoFix(meant) != "" {
			t.Errorf("%s leads to %s", domain[1], meant)
		}
		if _, code := parse("ann@" + domain[1]); code != "" {
			t.Errorf("%s is refused with %s before anybody asks what was meant", domain[1], code)
		}
		if isDisposable(domain[1]) && typoFix(domain[1]) == "" {
			t.Errorf("%s is suggested, and disposable", domain[1])
		}
	}
	for _, own := range []string{"email.com", "mail.com", "gmx.com", "gmx.net", "ymail.com", "hotmail.fr", "yahoo.co.uk", "web.com", "outlook.fr", "live.com", "me.com", "gmail.co", "gamil.com", "webb.de", "we.de"} {
		if meant := typoFix(own); meant != "" {
			t.Errorf("%s may be somebody's own, and is no misspelling of %s", own, meant)
		}
	}
}

func TestDisposableListCanBeSearched(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(disposable, "\n"), "\n")
	if len(lines) < 5000 || !strings.HasSuffix(disposable, "\n") {
		t.Fatalf("it has %d lines, or no line feed at its end: run make update-lists", len(lines))
	}
	if !sort.StringsAreSorted(lines) {
		t.Error("it is not sorted: run make update-lists")
	}
	for i, domain := range lines {
		if !isHostName(domain) {
			t.Errorf("line %d is no domain: %q", i+1, domain)
		}
		if !containsSortedLine(disposable, domain) {
			t.Errorf("line %d is not found: %s", i+1, domain)
		}
	}
	for _, other := range []string{"", "a", "zzzz.zz", "gmail.com", "example.com", "0", "mailinator.co", "mailinator.comm", "mailinator"} {
		if containsSortedLine(disposable, other) {
			t.Errorf("%q is found", other)
		}
	}
	for _, provider := range []string{"gmail.com", "outlook.com", "yahoo.com", "icloud.com", "web.de", "gmx.de", "proton.me", "qq.com", "mail.ru"} {
		if isDisposable(provider) {
			t.Errorf("%s is called disposable", provider)
		}
	}
}

func BenchmarkDisposable(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if isDisposable("mail.example.com") {
			b.Fatal("example.com is called disposable")
		}
	}
}

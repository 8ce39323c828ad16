package main

import (
	"strings"
	"testing"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
)

func TestAddressesAreThoseThatMailCanBeSentTo(t *testing.T) {
	long := strings.Repeat("a", 63)
	for name, test := range map[string]struct{ address, want string }{
		"an ordinary address":                       {"jane@example.com", ""},
		"upper case":                                {"Jane.SAMPLE@Example.COM", ""},
		"a plus sign":                               {"jane+trips@example.com", ""},
		"an apostrophe":                             {"o'sample@example.com", ""},
		"signs that a dot-atom may hold":            {"!#$%&'*+/=?^_`{|}~-@example.com", ""},
		"a domain of many labels":                   {"jane@a.b.c.example.co.uk", ""},
		"an international domain in Punycode":       {"jane@xn--mller-kva.xn--p1ai", ""},
		"64 characters before the @":                {strings.Repeat("a", 64) + "@example.com", ""},
		"254 characters":                            {strings.Repeat("a", 59) + "@" + long + "." + long + "." + long + ".ab", ""},
		"the old percent routing is just a name":    {"jane%throwaway.example@example.com", ""},
		"nothing":                                   {"", emailMissing},
		"blanks":                                    {" \t\u00a0", emailMissing},
		"no @":                                      {"jane.example.com", emailInvalid},
		"nothing before the @":                      {"@example.com", emailInvalid},
		"nothing behind the @":                      {"jane@", emailInvalid},
		"two @":                                     {"jane@throwaway.example@example.com", emailInvalid},
		"two @, the other way round":                {"jane@example.com@throwaway.example", emailInvalid},
		"a quoted @":                                {`"jane@throwaway.example"@example.com`, emailInvalid},
		"a display name":                            {"Jane <jane@example.com>", emailInvalid},
		"angle brackets":                            {"<jane@example.com>", emailInvalid},
		"a comment":                                 {"jane(sample)@example.com", emailInvalid},
		"a comment behind":                          {"jane@example.com(throwaway.example)", emailInvalid},
		"a list":                                    {"jane@example.com,joe@example.com", emailInvalid},
		"a semicolon":                               {"jane@example.com;joe@example.com", emailInvalid},
		"a blank in front":                          {" jane@example.com", emailInvalid},
		"a blank behind":                            {"jane@example.com ", emailInvalid},
		"a blank inside":                            {"jane sample@example.com", emailInvalid},
		"a line break and a header":                 {"jane@example.com\r\nBcc: joe@example.com", emailInvalid},
		"a NUL":                                     {"jane@example.com\x00.throwaway.example", emailInvalid},
		"a dot in front":                            {".jane@example.com", emailInvalid},
		"a dot before the @":                        {"jane.@example.com", emailInvalid},
		"two dots":                                  {"jane..sample@example.com", emailInvalid},
		"a dot at the end of the domain":            {"jane@example.com.", emailInvalid},
		"an empty label":                            {"jane@example..com", emailInvalid},
		"a domain of one label":                     {"jane@localhost", emailInvalid},
		"a label that begins with a hyphen":         {"jane@-example.com", emailInvalid},
		"a label that ends in a hyphen":             {"jane@example-.com", emailInvalid},
		"an underscore in the domain":               {"jane@exa_mple.com", emailInvalid},
		"an IP address":                             {"jane@192.0.2.1", emailInvalid},
		"an IP address in brackets":                 {"jane@[192.0.2.1]", emailInvalid},
		"a port":                                    {"jane@example.com:25", emailInvalid},
		"a top-level domain of one letter":          {"jane@example.c", emailInvalid},
		"letters that SES does not send to":         {"jäne@example.com", emailInvalid},
		"a domain outside ASCII":                    {"jane@exämple.com", emailInvalid},
		"a full-width dot":                          {"jane@example。com", emailInvalid},
		"a full-width @":                            {"jane＠example.com", emailInvalid},
		"a right-to-left override":                  {"jane\u202e@example.com", emailInvalid},
		"a zero-width space":                        {"jane\u200b@example.com", emailInvalid},
		"broken UTF-8":                              {"jane\xff@example.com", emailInvalid},
		"an encoded word":                           {"=?utf-8?q?jane=40throwaway.example?=@example.com", ""},
		"65 characters before the @":                {strings.Repeat("a", 65) + "@example.com", emailInvalid},
		"255 characters":                            {strings.Repeat("a", 60) + "@" + long + "." + long + "." + long + ".ab", emailInvalid},
		"a label of 64 characters":                  {"jane@" + long + "a.com", emailInvalid},
		"300 KB":                                    {strings.Repeat("a", 300<<10) + "@example.com", emailInvalid},
		"300 KB of @":                               {strings.Repeat("@", 300<<10), emailInvalid},
		"an address in a mailto link":               {"mailto:jane@example.com", emailInvalid},
		"HTML":                                      {"<script>alert(1)</script>@example.com", emailInvalid},
		"a backslash":                               {`jane\@example.com`, emailInvalid},
		"a denied domain":                           {"jane@throwaway.example", domainNotAllowed},
		"a denied domain in upper case":             {"jane@THROWAWAY.Example", domainNotAllowed},
		"below a denied domain":                     {"jane@mx1.Throwaway.example", domainNotAllowed},
		"far below a denied domain":                 {"jane@a.b.c.throwaway.example", domainNotAllowed},
		"a domain that ends like a denied one":      {"jane@notthrowaway.example", ""},
		"a domain that begins like a denied one":    {"jane@throwaway.example.com", ""},
		"below a domain that is denied itself":      {"jane@sub.alone.example", ""},
		"a domain that is denied itself":            {"jane@alone.example", domainNotAllowed},
		"a domain of which what is below is denied": {"jane@below.example", ""},
		"below a domain denied for what is below":   {"jane@sub.below.example", domainNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			checkCode(t, sampleRules(t).email(test.address, "en"), test.want)
		})
	}
}

func TestOnlyAllowedDomainsWhenThereAreAny(t *testing.T) {
	r := sampleRules(t)
	r.config.AllowedDomains = []string{"example.com", "*.corp.example"}
	r.config.DeniedDomains = []string{"interns.corp.example"}
	for name, test := range map[string]struct{ address, want string }{
		"an allowed domain":                          {"jane@example.com", ""},
		"an allowed domain in upper case":            {"jane@EXAMPLE.com", ""},
		"below an allowed domain":                    {"jane@sales.corp.example", ""},
		"below a domain that is allowed itself only": {"jane@sub.example.com", domainNotAllowed},
		"the domain of which what is below is meant": {"jane@corp.example", domainNotAllowed},
		"a domain that ends like an allowed one":     {"jane@evilexample.com", domainNotAllowed},
		"a domain that ends like one below":          {"jane@evilcorp.example", domainNotAllowed},
		"a domain that begins like an allowed one":   {"jane@example.com.evil.example", domainNotAllowed},
		"an allowed domain as the name":              {"example.com@evil.example", domainNotAllowed},
		"an allowed domain between two @":            {"jane@example.com@evil.example", emailInvalid},
		"an allowed domain behind two @":             {"jane@evil.example@example.com", emailInvalid},
		"an allowed domain in quotes":                {`"jane@example.com"@evil.example`, emailInvalid},
		"an allowed domain with a final dot":         {"jane@example.com.", emailInvalid},
		"an allowed domain behind a NUL":             {"jane@evil.example\x00@example.com", emailInvalid},
		"denied although allowed":                    {"jane@interns.corp.example", domainNotAllowed},
		"another domain":                             {"jane@other.example", domainNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			checkCode(t, r.email(test.address, "en"), test.want)
		})
	}
}

func TestAttributesAreHeldAgainstTheirRules(t *testing.T) {
	for name, test := range map[string]struct {
		value string
		want  string
	}{
		"a good value":                       {"Agent 7", ""},
		"the shortest":                       {"Jo", ""},
		"the longest":                        {"Josephine-", ""},
		"the longest, in characters":         {"Žofie Ďábl", ""},
		"the longest, of four bytes each":    {strings.Repeat("𐎠", 10), ""},
		"Arabic":                             {"ليلى", ""},
		"nothing":                            {"", attributeMissing},
		"blanks":                             {"   ", attributeMissing},
		"blanks of all sorts":                {" \t\r\n\u00a0\u2003", attributeMissing},
		"one character":                      {"J", attributeTooShort},
		"one character of four bytes":        {"𐎠", attributeTooShort},
		"one too many":                       {"Josephine-1", attributeTooLong},
		"300 KB":                             {strings.Repeat("J", 300<<10), attributeTooLong},
		"a bad character at the end":         {"Jane!", attributeInvalid},
		"a bad character in front":           {"!Jane", attributeInvalid},
		"a good line and a bad one":          {"Jane\n<b>", attributeInvalid},
		"a line break at the end":            {"Jane\n", attributeInvalid},
		"HTML":                               {"<b>", attributeInvalid},
		"Cognito's placeholder":              {"{####}", attributeInvalid},
		"a right-to-left override":           {"Ja\u202ene", attributeInvalid},
		"the other half of the alternatives": {"007", ""},
		"more than that other half":          {"007x", attributeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			checkCode(t, sampleRules(t).attributes(map[string]string{"custom:agentName": test.value}, "en"), test.want)
		})
	}
	t.Run("an attribute that is not there", func(t *testing.T) {
		checkCode(t, sampleRules(t).attributes(nil, "en"), attributeMissing)
	})
	t.Run("an optional attribute that is not there", func(t *testing.T) {
		checkCode(t, sampleRules(t).attributes(map[string]string{"custom:agentName": "Jane", "nickname": ""}, "en"), "")
	})
	t.Run("an optional attribute that is too long", func(t *testing.T) {
		checkCode(t, sampleRules(t).attributes(map[string]string{"custom:agentName": "Jane", "nickname": "Jane of Sampletown"}, "en"), attributeTooLong)
	})
	t.Run("the first fault is the one that is told", func(t *testing.T) {
		refused := sampleRules(t).attributes(map[string]string{"custom:agentName": "J", "nickname": "Jane of Sampletown"}, "en")
		checkCode(t, refused, attributeTooShort)
	})
}

func checkCode(t *testing.T, refused *refusal, want string) {
	t.Helper()
	got := ""
	if refused != nil {
		got = refused.code
	}
	if got != want {
		t.Errorf("got the code %q, want %q", got, want)
	}
}

func TestASentenceIsInTheLocaleAndNamesTheField(t *testing.T) {
	r := sampleRules(t)
	labels := map[string]string{"en": "Agent name", "fr": "Nom d’agent", "ar": "اسم الوكيل"}
	agent := func(locale, value string) *refusal {
		return r.attributes(map[string]string{"custom:agentName": value}, locale)
	}
	told := map[string]bool{} // all sentences; each is told once
	for locale, label := range labels {
		for code, refused := range map[string]*refusal{
			emailMissing:      r.email("", locale),
			emailInvalid:      r.email("jane", locale),
			domainNotAllowed:  r.email("jane@throwaway.example", locale),
			attributeMissing:  agent(locale, ""),
			attributeTooShort: agent(locale, "J"),
			attributeTooLong:  agent(locale, strings.Repeat("J", 11)),
			attributeInvalid:  agent(locale, "<b>"),
			tryAgain:          r.refuse(tryAgain, locale),
		} {
			t.Run(locale+" "+code, func(t *testing.T) {
				checkCode(t, refused, code)
				words := functiontest.Compiled(t).Refusals[locale][code]
				want := strings.NewReplacer("{attribute}", label, "{minimum}", "2", "{maximum}", "10").Replace(words)
				if words == "" || refused.Error() != code+": "+want {
					t.Errorf("got %q, want %q", refused, code+": "+want)
				}
				if strings.HasPrefix(code, "ATTRIBUTE") != strings.Contains(refused.sentence, label) {
					t.Errorf("the field %q is not told when it should be: %s", label, refused.sentence)
				}
				// "PreSignUp failed with error CODE: sentence." has a full stop already.
				if strings.ContainsAny(refused.sentence[len(refused.sentence)-3:], ".。۔!") || strings.ContainsAny(refused.sentence, "{}\r\n") {
					t.Errorf("the sentence is not fit to be shown: %q", refused.sentence)
				}
				if told[refused.sentence] {
					t.Errorf("another refusal has the same sentence: %q", refused.sentence)
				}
				told[refused.sentence] = true
			})
		}
	}
}

func TestRulesThatCannotBeUsedAreAnError(t *testing.T) {
	for name, test := range map[string]struct {
		config config.PreSignUp
		want   string
	}{
		"no locale": {config.PreSignUp{}, "no locale"},
		"a pattern that is none": {config.PreSignUp{
			Locales: []string{"en"}, Attributes: []config.AttributeRule{{Key: "nickname", Pattern: "("}},
		}, "compile pattern of nickname"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := newRules(test.config)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
			if refused := r.refuse(tryAgain, ""); refused.code != tryAgain || refused.sentence == "" {
				t.Errorf("without rules the refusal is %q", refused)
			}
		})
	}
}

package rules

import (
	"encoding/xml"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"poolpost/internal/config"
)

func TestParseAcceptsDeliverableAddresses(t *testing.T) {
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
		"nothing":                                   {"", EmailMissing},
		"spaces":                                    {" \t\u00a0", EmailMissing},
		"no @":                                      {"jane.example.com", EmailInvalid},
		"nothing before the @":                      {"@example.com", EmailInvalid},
		"nothing behind the @":                      {"jane@", EmailInvalid},
		"two @":                                     {"jane@throwaway.example@example.com", EmailInvalid},
		"two @, the other way round":                {"jane@example.com@throwaway.example", EmailInvalid},
		"a quoted @":                                {`"jane@throwaway.example"@example.com`, EmailInvalid},
		"a display name":                            {"Jane <jane@example.com>", EmailInvalid},
		"angle brackets":                            {"<jane@example.com>", EmailInvalid},
		"a comment":                                 {"jane(sample)@example.com", EmailInvalid},
		"a comment behind":                          {"jane@example.com(throwaway.example)", EmailInvalid},
		"a list":                                    {"jane@example.com,joe@example.com", EmailInvalid},
		"a semicolon":                               {"jane@example.com;joe@example.com", EmailInvalid},
		"a space in front":                          {" jane@example.com", EmailInvalid},
		"a space at the end":                        {"jane@example.com ", EmailInvalid},
		"a space inside":                            {"jane sample@example.com", EmailInvalid},
		"a line break and a header":                 {"jane@example.com\r\nBcc: joe@example.com", EmailInvalid},
		"a NUL":                                     {"jane@example.com\x00.throwaway.example", EmailInvalid},
		"a dot in front":                            {".jane@example.com", EmailInvalid},
		"a dot before the @":                        {"jane.@example.com", EmailInvalid},
		"two dots":                                  {"jane..sample@example.com", EmailInvalid},
		"a dot at the end of the domain":            {"jane@example.com.", EmailInvalid},
		"an empty label":                            {"jane@example..com", EmailInvalid},
		"a domain of one label":                     {"jane@localhost", EmailInvalid},
		"a label that begins with a hyphen":         {"jane@-example.com", EmailInvalid},
		"a label that ends in a hyphen":             {"jane@example-.com", EmailInvalid},
		"an underscore in the domain":               {"jane@exa_mple.com", EmailInvalid},
		"an IP address":                             {"jane@192.0.2.1", EmailInvalid},
		"an IP address in brackets":                 {"jane@[192.0.2.1]", EmailInvalid},
		"a port":                                    {"jane@example.com:25", EmailInvalid},
		"a top-level domain of one letter":          {"jane@example.c", EmailInvalid},
		"letters that SES does not send to":         {"jäne@example.com", EmailNotASCII},
		"a domain outside ASCII":                    {"jane@exämple.com", EmailNotASCII},
		"a full-width dot":                          {"jane@example。com", EmailNotASCII},
		"a full-width @":                            {"jane＠example.com", EmailInvalid},
		"a right-to-left override":                  {"jane\u202e@example.com", EmailInvalid},
		"a zero-width space":                        {"jane\u200b@example.com", EmailInvalid},
		"broken UTF-8":                              {"jane\xff@example.com", EmailInvalid},
		"an encoded word":                           {"=?utf-8?q?jane=40throwaway.example?=@example.com", ""},
		"65 characters before the @":                {strings.Repeat("a", 65) + "@example.com", EmailInvalid},
		"255 characters":                            {strings.Repeat("a", 60) + "@" + long + "." + long + "." + long + ".ab", EmailInvalid},
		"a label of 64 characters":                  {"jane@" + long + "a.com", EmailInvalid},
		"300 KB":                                    {strings.Repeat("a", 300<<10) + "@example.com", EmailInvalid},
		"300 KB of @":                               {strings.Repeat("@", 300<<10), EmailInvalid},
		"an address in a mailto link":               {"mailto:jane@example.com", EmailInvalid},
		"HTML":                                      {"<script>alert(1)</script>@example.com", EmailInvalid},
		"a backslash":                               {`jane\@example.com`, EmailInvalid},
		"a denied domain":                           {"jane@throwaway.example", DomainNotAllowed},
		"a denied domain in upper case":             {"jane@THROWAWAY.Example", DomainNotAllowed},
		"below a denied domain":                     {"jane@mx1.Throwaway.example", DomainNotAllowed},
		"far below a denied domain":                 {"jane@a.b.c.throwaway.example", DomainNotAllowed},
		"a domain that ends like a denied one":      {"jane@notthrowaway.example", ""},
		"a domain that begins like a denied one":    {"jane@throwaway.example.com", ""},
		"below a domain that is denied itself":      {"jane@sub.alone.example", ""},
		"a domain that is denied itself":            {"jane@alone.example", DomainNotAllowed},
		"a domain of which what is below is denied": {"jane@below.example", ""},
		"below a domain denied for what is below":   {"jane@sub.below.example", DomainNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			checkCode(t, decide(t, newRules(t, nil), ann(test.address)), test.want)
		})
	}
}

func TestInternationalDomainIsComparedInPunycode(t *testing.T) {
	r := newRules(t, func(c *config.PreSignUp) {
		c.Email.DeniedDomains = []string{"*.xn--mller-kva.example", "xn--mller-kva.example"}
		c.Email.AcceptUnicodeDomains = true
	})
	for name, test := range map[string]struct{ address, want string }{
		"in its own letters":                  {"jane@müller.example", DomainNotAllowed},
		"in upper case":                       {"jane@MÜLLER.Example", DomainNotAllowed},
		"with a combining mark":               {"jane@mu\u0308ller.example", DomainNotAllowed},
		"in full-width letters":               {"jane@ｍüller.example", DomainNotAllowed},
		"with an ideographic full stop":       {"jane@müller。example", DomainNotAllowed},
		"in Punycode":                         {"jane@xn--mller-kva.example", DomainNotAllowed},
		"in Punycode in upper case":           {"jane@XN--MLLER-KVA.EXAMPLE", DomainNotAllowed},
		"below it":                            {"jane@mail.müller.example", DomainNotAllowed},
		"another one":                         {"jane@muller.example", ""},
		"one that looks alike, in Cyrillic":   {"jane@мüller.example", ""},
		"Chinese":                             {"jane@例子.example", ""},
		"Punycode of nothing":                 {"jane@xn--a.example", EmailInvalid},
		"Punycode of what is written simpler": {"jane@xn--abc-.example", EmailInvalid},
		"a symbol":                            {"jane@i❤.example", EmailInvalid},
		"right to left and left to right":     {"jane@אa1.example", EmailInvalid},
		"letters outside ASCII before the @":  {"jäne@müller.example", EmailNotASCII},
		"too long when it is converted":       {"jane@" + strings.Repeat("ü", 60) + ".example", EmailInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			checkCode(t, decide(t, r, ann(test.address)), test.want)
		})
	}
}

// Whether a domain is refused for what it is does not depend on its spelling; only
// without a word on Unicode domains is the spelling itself refused, and last.
func TestUnicodeDomainIsRefusedUnlessAllowed(t *testing.T) {
	r := newRules(t, func(c *config.PreSignUp) { c.Email.DeniedDomains = []string{"xn--mller-kva.example"} })
	checkCode(t, decide(t, r, ann("jane@müller.example")), DomainNotAllowed)
	checkCode(t, decide(t, r, ann("jane@andere-müller.example")), EmailNotASCII)
}

// The public test set of isemail (testdata/isemail.md) has addresses that are
// valid by RFC 5321, others that are valid by RFC 5322 or by old rules only, and
// invalid ones. We accept nothing that it calls invalid, and of the valid ones
// only those that SES can send to. different says why, one by one.
func TestIsemailSuite(t *testing.T) {
	text, err := os.ReadFile("testdata/isemail.xml")
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Test []struct {
			ID        string `xml:"id,attr"`
			Address   string `xml:"address"`
			Category  string `xml:"category"`
			Diagnosis string `xml:"diagnosis"`
		} `xml:"test"`
	}
	if err := xml.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Test) != 164 {
		t.Fatalf("the set has %d addresses", len(set.Test))
	}
	different := map[string]string{ // by id or diagnosis
		"5":                              "test@io: a domain of one label cannot receive email",
		"13":                             "a top-level domain has two letters at least",
		"37":                             "a top-level domain has two letters at least",
		"ISEMAIL_RFC5321_QUOTEDSTRING":   "quoted local parts are not accepted",
		"ISEMAIL_RFC5321_ADDRESSLITERAL": "IP literals are not accepted",
		"ISEMAIL_RFC5321_IPV6DEPRECATED": "IP literals are not accepted",
		"ISEMAIL_RFC5321_TLD":            "a domain of one label cannot receive email",
		"ISEMAIL_RFC5321_TLDNUMERIC":     "a top-level domain does not begin with a digit",
	}
	const dns = "ISEMAIL_DNSWARN" // valid, but DNS knew no such domain when the set was made
	accepted := 0
	for _, test := range set.Test {
		// Controls stand as their symbols, from U+2400 on.
		address := strings.Map(func(c rune) rune {
			if 0x2400 <= c && c <= 0x2421 {
				return c - 0x2400
			}
			return c
		}, test.Address)
		want := (test.Category == "ISEMAIL_VALID_CATEGORY" || test.Category == dns || test.Category == "ISEMAIL_RFC5321") && different[test.Diagnosis] == "" && different[test.ID] == ""
		_, code := parse(address)
		if code == "" {
			accepted++
		}
		if want != (code == "") {
			t.Errorf("%s: %q, %s %s: got the code %q", test.ID, address, test.Category, test.Diagnosis, code)
		}
	}
	t.Logf("%d of %d are accepted", accepted, len(set.Test))
}

// FuzzParse checks that nothing is accepted that could be more than one address,
// and that what is accepted decides the same in another spelling.
func FuzzParse(f *testing.F) {
	for _, address := range []string{
		"jane@example.com", "JANE+x@EXAMPLE.com", "a@b@c.example", "\"a@b\"@c.example", "a@c.example\r\nBcc: d@e.example", "a@müller.example", "a@XN--MLLER-KVA.example",
		"a@[192.0.2.1]", "a b@c.example", "a@c.example\x00", "ä@c.example", "a@ｃ。example", "a@İ.example", "a@faß.example", "ſ@c.example", "a@K.example",
	} {
		f.Add(address)
	}
	r := newRules(f, func(c *config.PreSignUp) {
		c.Email.RefuseDisposable, c.Email.RefuseRoleAccounts, c.Email.RefusePlusAddresses, c.Email.AcceptUnicodeDomains = true, true, true, true
	})
	f.Fuzz(func(t *testing.T, text string) {
		a, code := parse(text)
		if code != "" {
			return
		}
		if strings.Count(text, "@") != 1 || strings.ContainsAny(text, "\"()<>[],;:\\") || strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) || unicode.IsSpace(c) }) {
			t.Fatalf("%q was accepted", text)
		}
		whole := a.String()
		if len(whole) > 254 || strings.ContainsFunc(whole, func(c rune) bool { return c <= ' ' || c >= 0x7f || 'A' <= c && c <= 'Z' }) {
			t.Fatalf("%q is compared as %q", text, whole)
		}
		want := decide(t, r, ann(text))
		local, domain, _ := strings.Cut(text, "@")
		spellings := []string{whole, strings.ToUpper(whole), local + "@" + a.domain, strings.ToUpper(local) + "@" + domain}
		for _, spelling := range slices.Compact(spellings) {
			again := decide(t, r, ann(spelling))
			if (want == nil) != (again == nil) || want != nil && *want != *again {
				t.Errorf("%q is decided as %v, %q as %v", text, want, spelling, again)
			}
		}
	})
}

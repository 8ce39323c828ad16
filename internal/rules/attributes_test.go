package rules

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"poolpost/internal/config"
)

func TestAttributeRules(t *testing.T) {
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
		"nothing":                            {"", AttributeMissing},
		"spaces":                             {"   ", AttributeMissing},
		"spaces of all sorts":                {" \t\r\n\u00a0\u2003", AttributeMissing},
		"one character":                      {"J", AttributeTooShort},
		"one character of four bytes":        {"𐎠", AttributeTooShort},
		"one too many":                       {"Josephine-1", AttributeTooLong},
		"300 KB":                             {strings.Repeat("J", 300<<10), AttributeTooLong},
		"a bad character at the end":         {"Jane!", AttributeInvalid},
		"a bad character in front":           {"!Jane", AttributeInvalid},
		"a good line and a bad one":          {"Jane\n<b>", AttributeInvalid},
		"a line break at the end":            {"Jane\n", AttributeInvalid},
		"HTML":                               {"<b>", AttributeInvalid},
		"Cognito's placeholder":              {"{####}", AttributeInvalid},
		"a right-to-left override":           {"Ja\u202ene", AttributeInvalid},
		"the other half of the alternatives": {"007", ""},
		"more than that other half":          {"007x", AttributeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			checkCode(t, decide(t, newRules(t, nil), with(map[string]string{"custom:agentName": test.value})), test.want)
		})
	}
	t.Run("an attribute that is not there", func(t *testing.T) {
		checkCode(t, decide(t, newRules(t, nil), with(nil)), AttributeMissing)
	})
	t.Run("an optional attribute that is not there", func(t *testing.T) {
		checkCode(t, decide(t, newRules(t, nil), with(map[string]string{"custom:agentName": "Jane", "nickname": ""})), "")
	})
	t.Run("an optional attribute that is too long", func(t *testing.T) {
		checkCode(t, decide(t, newRules(t, nil), with(map[string]string{"custom:agentName": "Jane", "nickname": "Jane of Sampletown"})), AttributeTooLong)
	})
	t.Run("the first fault is reported", func(t *testing.T) {
		refused := decide(t, newRules(t, nil), with(map[string]string{"custom:agentName": "J", "nickname": "Jane of Sampletown"}))
		checkCode(t, refused, AttributeTooShort)
	})
}

func TestAllowedValuesWordsAndAddresses(t *testing.T) {
	r := newRules(t, func(c *config.PreSignUp) {
		c.Attributes = []config.AttributeRule{
			{Key: "custom:agentName", ForbiddenWords: []string{"admin", "Straße", "customer service", "ADMIN-TEAM"}, RefuseURLs: true},
			{Key: "custom:plan", AllowedValues: []string{"free", "team plan"}},
		}
	})
	for name, test := range map[string]struct{ key, value, want string }{
		"an allowed value":                          {"custom:plan", "team plan", ""},
		"no value":                                  {"custom:plan", "", ""},
		"another value":                             {"custom:plan", "gold", AttributeNotAllowed},
		"an allowed value in upper case":            {"custom:plan", "Free", AttributeNotAllowed},
		"an allowed value and a space":              {"custom:plan", "free ", AttributeNotAllowed},
		"a name":                                    {"custom:agentName", "Ann Example", ""},
		"a forbidden word":                          {"custom:agentName", "admin", AttributeWord},
		"in upper case":                             {"custom:agentName", "The ADMIN", AttributeWord},
		"between punctuation":                       {"custom:agentName", "«admin».", AttributeWord},
		"in full-width letters":                     {"custom:agentName", "ａｄＭＩＮ", AttributeWord},
		"with an invisible character":               {"custom:agentName", "ad\u200bmin", AttributeWord},
		"with a variation selector":                 {"custom:agentName", "ad\ufe0fmin", AttributeWord},
		"with a variation selector of plane 14":     {"custom:agentName", "ad\U000e0100min", AttributeWord},
		"with a combining grapheme joiner":          {"custom:agentName", "a\u034fdmin", AttributeWord},
		"with a Hangul filler":                      {"custom:agentName", "admi\u115fn", AttributeWord},
		"with a soft hyphen":                        {"custom:agentName", "ad\u00admin", AttributeWord},
		"with letters that fold":                    {"custom:agentName", "STRAẞE", AttributeWord},
		"in mathematical letters":                   {"custom:agentName", "𝐚𝐝𝐦𝐢𝐧", AttributeWord},
		"in superscript letters":                    {"custom:agentName", "ᴬᵈᵐⁱⁿ", AttributeWord},
		"in letters within circles":                 {"custom:agentName", "ⓐⓓⓜⓘⓝ", AttributeWord},
		"with a decomposed accent":                  {"custom:agentName", "a\u0301dmin", ""},
		"a part of a word":                          {"custom:agentName", "Badminton", ""},
		"with an accent it is another word":         {"custom:agentName", "ádmin", ""},
		"two words":                                 {"custom:agentName", "Customer-Service Ann", AttributeWord},
		"two words apart":                           {"custom:agentName", "customer and service", ""},
		"the second word alone":                     {"custom:agentName", "service", ""},
		"a web address":                             {"custom:agentName", "Ann www.evil.example/login", AttributeURL},
		"a web address without www":                 {"custom:agentName", "evil.example", AttributeURL},
		"a scheme":                                  {"custom:agentName", "javascript://x", AttributeURL},
		"an email address":                          {"custom:agentName", "ann@evil.example", AttributeURL},
		"an ideographic full stop":                  {"custom:agentName", "evil。example", AttributeURL},
		"an international domain":                   {"custom:agentName", "müller.рф", AttributeURL},
		"a domain in brackets":                      {"custom:agentName", "Ann (evil.example)", AttributeURL},
		"a hyphen before the dot":                   {"custom:agentName", "evil-.example", AttributeURL},
		"a domain with a port":                      {"custom:agentName", "evil.example:80", AttributeURL},
		"initials":                                  {"custom:agentName", "J.R.R. Tolkien", ""},
		"initials at the end":                       {"custom:agentName", "Ann E.", ""},
		"a full stop with a space":                  {"custom:agentName", "St. John", ""},
		"a full stop without a space looks like it": {"custom:agentName", "St.John", AttributeURL},
		"a version":                                 {"custom:agentName", "Agent 1.5", ""},
		"dots":                                      {"custom:agentName", "Ann...", ""},
		"dots in front":                             {"custom:agentName", "...Ann", ""},
	} {
		t.Run(name, func(t *testing.T) {
			checkCode(t, decide(t, r, with(map[string]string{test.key: test.value})), test.want)
		})
	}
}

func TestProviderAttributesAreNotChecked(t *testing.T) {
	r := newRules(t, nil)
	a := with(map[string]string{"custom:agentName": "<b>"})
	checkCode(t, decide(t, r, a), AttributeInvalid)
	a.Provider = true
	checkCode(t, decide(t, r, a), "")
}

func TestForbiddenWordIsFoundAnywhere(t *testing.T) {
	for _, around := range []string{"%", "Ann %", "% Ann", "Ann, % & Co", "-%-", "\n%\t", "é %", "% é"} {
		if value := strings.ReplaceAll(around, "%", "AdMiN"); !strings.Contains(fold(value, canonicalCase), fold("admin", canonicalCase)) {
			t.Errorf("it is not found in %q, folded %q", value, fold(value, canonicalCase))
		}
	}
}

func TestFold_fullWidth(t *testing.T) {
	if got, want := fold("ＡＺａｚ０９", canonicalCase), fold("AZaz09", canonicalCase); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPatternMatchesTheWholeValue(t *testing.T) {
	for name, test := range map[string]struct {
		pattern, value string
		want           bool
	}{
		"the whole value":                          {"[a-z]+", "abc", true},
		"a part of the value":                      {"[a-z]+", "abc1", false},
		"the first alternative, as a part":         {"a|b", "ab", false},
		"the second alternative, as a whole":       {"a|b", "b", true},
		"a shorter alternative before the whole":   {"a|ab", "ab", true},
		"a line of a value of several lines":       {"(?m)abc", "abc\nabc", false},
		"a value with a line break at its end":     {"abc", "abc\n", false},
		"a flag for the pattern, and no further":   {"(?i)abc", "ABC", true},
		"a quotation with its end":                 {`\Qa.c\E`, "a.c", true},
		"an anchor of its own, which does no harm": {"^abc$", "abc", true},
		"no pattern, and no value":                 {"", "", true},
		"no pattern, and a value":                  {"", "a", false},
	} {
		whole, err := regexp.Compile(config.AnchorPattern(test.pattern))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := whole.MatchString(test.value); got != test.want {
			t.Errorf("%s: %q matches %q: %t", name, test.pattern, test.value, got)
		}
	}
}

// What is canonically equal is the same word.
func TestComposedAndDecomposedWordsAreTheSame(t *testing.T) {
	for composed, decomposed := range map[string]string{
		"système": "syste\u0300me", "SYSTÈME": "syste\u200b\u0300me", "ＳＹＳＴÈＭＥ": "𝐬𝐲𝐬𝐭𝐞\u0300𝐦𝐞",
		"ệ": "e\u0302\u0323", "Ệ": "e\u0323\u034f\u0302", "관리자": "\u1100\u116a\u11ab\u1105\u1175\u110c\u1161",
	} {
		if a, b := fold(composed, canonicalCase), fold(decomposed, canonicalCase); a != b {
			t.Errorf("%q is %q, and %q is %q", composed, a, decomposed, b)
		}
	}
}

// A word in letters of other scripts reads the same, and is the same to the rule.
func TestForbiddenWordsInLettersThatLookAlike(t *testing.T) {
	for value, refused := range map[string]bool{
		"аdmin":          true, // Cyrillic a
		"АDМІΝ":          true, // Cyrillic capitals, a Greek Nu
		"аdmіn":          true, // Cyrillic i
		"ΑDΜΙΝ of Ann":   true, // Greek
		"Ann, ｔhе аdmіn": true, // full-width and Cyrillic
		"ａｄmin":          true,
		"admın":          true,  // dotless i
		"аdministratiоn": false, // part of a word
		"админ":          false, // another word
		"Αδμιν":          false,
		"ádmin":          false, // an accent makes another word
		"Burn":           false, // rn is not m
		"modem":          false,
	} {
		r := newRules(t, func(c *config.PreSignUp) {
			c.Attributes = []config.AttributeRule{{Name: "name", Key: "name", ForbiddenWords: []string{"admin", "bum", "modern"}}}
		})
		want := ""
		if refused {
			want = AttributeWord
		}
		a := ann("ann@example.com")
		a.Attributes = map[string]string{"email": a.Email, "name": value}
		checkCode(t, decide(t, r, a), want)
	}
}

// The list can be searched in place, and leads to letters of a word only.
func TestLookalikesCanBeSearched(t *testing.T) {
	before, n := rune(0), 0
	for line := range strings.Lines(lookalikes) {
		n++
		pair := []rune(line)
		if len(pair) != 3 || pair[0] < utf8.RuneSelf || pair[0] <= before || !unicode.IsLetter(pair[0]) || pair[1] >= utf8.RuneSelf || !unicode.IsLetter(pair[1]) || pair[2] != '\n' {
			t.Errorf("line %d is %q", n, line)
			continue
		}
		if before = pair[0]; lookalike(before) != pair[1] {
			t.Errorf("%q looks like %q, want %q", before, lookalike(before), pair[1])
		}
		if norm.NFKD.String(string(before)) != string(before) {
			t.Errorf("%q is the same as %q anyway", before, norm.NFKD.String(string(before)))
		}
	}
	if n < 300 {
		t.Errorf("there are %d", n)
	}
	for _, c := range "aZ0 é日я𝐚\U0010ffff\u0000" {
		if got := lookalike(c); got != c {
			t.Errorf("%q looks like %q", c, got)
		}
	}
}

func BenchmarkForbiddenWords(b *testing.B) {
	words := config.AttributeRule{Key: "name", ForbiddenWords: []string{"admin", "support", "moderator"}}
	all, err := attributeRules(words)
	if err != nil {
		b.Fatal(err)
	}
	rule := all[len(all)-1]
	for name, value := range map[string]string{"ASCII": "Ann Example of Exampletown", "Cyrillic": "Анна Примерова из Примера", "long": strings.Repeat("Анна ", 400)} {
		a := &applicant{Applicant: Applicant{Attributes: map[string]string{"name": value}}}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if rule.refuses(a) {
					b.Fatal("it is refused")
				}
			}
		})
	}
}

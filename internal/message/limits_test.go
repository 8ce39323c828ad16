package message

import (
	"regexp"
	"testing"
	"unicode"
	"unicode/utf8"
)

// The pattern of EmailVerificationMessageType (Cognito API reference), with the
// white space of \s written out: Go's \s lacks the vertical tab.
var cognitoPattern = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P} \t\n\v\f\r*]$`)

func TestAcceptedIsCognitosPattern(t *testing.T) {
	accepted := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xd800 && r <= 0xdfff || r == utf8.RuneError {
			continue // no characters; and what a broken byte becomes
		}
		want := cognitoPattern.MatchString(string(r))
		if got := Accepted(r); got != want {
			t.Errorf("%U: got %t, want %t", r, got, want)
		}
		if want {
			accepted++
		}
	}
	if accepted < 100_000 {
		t.Errorf("only %d characters are accepted", accepted)
	}
	if Accepted(utf8.RuneError) {
		t.Error("a broken byte is accepted")
	}
}

func TestPlain(t *testing.T) {
	for name, test := range map[string]struct{ in, want string }{
		"words stay":                         {"Grüße, 世界! 👍🏽 e\u0301 <b>*&", "Grüße, 世界! 👍🏽 e\u0301 <b>*&"},
		"line breaks and tabs stay":          {"a\r\n\tb", "a\r\n\tb"},
		"no-break spaces become spaces":      {"a\u00a0b\u202fc\u3000d\u2003e", "a b c d e"},
		"a line separator becomes a space":   {"a\u2028b", "a b"},
		"joiners and zero-width spaces go":   {"a\u200bb\u200dc\u2060d\ufeffe", "abcde"},
		"soft hyphens go":                    {"a\u00adb", "ab"},
		"direction marks go":                 {"a\u202eb\u2066c\u200fd", "abcd"},
		"controls and private characters go": {"a\x00b\x1bc\ue000d\x7fe", "abcde"},
		"broken bytes go":                    {"a\xffb", "ab"},
	} {
		if got := Plain(test.in); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

package bundle

import (
	"regexp"
	"strings"
	"testing"

	"poolpost/internal/config"
)

func TestASCIIPatternIsShort(t *testing.T) {
	for pattern, want := range map[string]string{
		``:                                    ``,
		`\p{L}+`:                              `[A-Za-z]+`,
		`[\p{L}\p{M}][\p{L}\p{M}\p{N} .'’-]*`: `[A-Za-z][ '\-\.0-9A-Za-z]*`,
		`\p{Arabic}bb`:                        `[^\x00-\x{10FFFF}]bb`,
		`[[:alpha:]]{2,40}`:                   `[A-Za-z]{2,40}`,
		`é?`:                                  `é?`,
		`[`:                                   `[`,
		`(?i)k\d`:                             `(?i:K[0-9])`,
	} {
		if got := asciiPattern(pattern); got != want {
			t.Errorf("%s became %s, want %s", pattern, got, want)
		}
	}
}

// FuzzASCIIPattern checks that both patterns accept the same values in ASCII.
func FuzzASCIIPattern(f *testing.F) {
	for _, pattern := range []string{
		`[\p{L}\p{M}][\p{L}\p{M}\p{N} .'’-]*|[0-9]{3}`, `(?i)[k-s]{2}ſ?`, `[^\p{L}]+`, `(?s).*\bx\b.*`, `\P{Greek}?$`, `(?i:straße|\x{212A})`, `(?m)^a$\n?b*?`, `\p{Han}*`, `[^a]`, `(a|\pN)+?b`,
	} {
		for _, value := range []string{"", "Ann", "a b", "007", "KS", "x", "\n", "O'Brien-1.", "\x7f\x00"} {
			f.Add(pattern, value)
		}
	}
	f.Fuzz(func(t *testing.T, pattern, value string) {
		if len(pattern) > 200 || strings.ContainsFunc(value, func(r rune) bool { return r > 0x7f }) {
			return
		}
		whole, err := regexp.Compile(config.AnchorPattern(pattern))
		if err != nil {
			return
		}
		ascii, err := regexp.Compile(config.AnchorPattern(asciiPattern(pattern)))
		if err != nil {
			t.Fatalf("%s became %s: %v", pattern, asciiPattern(pattern), err)
		}
		if got, want := ascii.MatchString(value), whole.MatchString(value); got != want {
			t.Errorf("%q: %s says %v, %s says %v", value, asciiPattern(pattern), got, pattern, want)
		}
	})
}

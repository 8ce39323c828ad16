package rules

import (
	"cmp"
	_ "embed" // look-alike letters
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"poolpost/internal/config"
)

// attributeRules are the rules for one attribute, in their order. All but the
// first hold only when the attribute is there. An external provider's attributes
// are what they are, and the person cannot fill in more, so nothing is asked of
// them.
func attributeRules(c config.AttributeRule) ([]offlineRule, error) {
	ascii, err := regexp.Compile(config.AnchorPattern(cmp.Or(c.ASCIIPattern, c.Pattern)))
	if err != nil {
		return nil, fmt.Errorf("compile pattern of %s: %w", c.Key, err)
	}
	// Compiled when somebody needs it: with the classes of Unicode that names have,
	// that takes a tenth of a cold start. It was compiled when the function was built, too;
	// if it breaks all the same, the panic refuses the person (pre-sign-up).
	pattern := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(config.AnchorPattern(c.Pattern)) })
	mismatches := func(value string) bool {
		if strings.ContainsFunc(value, notASCII) {
			return !pattern().MatchString(value)
		}
		return !ascii.MatchString(value)
	}
	words := make([]string, len(c.ForbiddenWords))
	for i, word := range c.ForbiddenWords {
		words[i] = fold(word, canonicalCase)
	}
	isBlank := func(v string) bool { return strings.TrimSpace(v) == "" }
	tooShort := func(v string) bool { return utf8.RuneCountInString(v) < c.MinLength }
	tooLong := func(v string) bool { return utf8.RuneCountInString(v) > c.MaxLength }
	notAllowed := func(v string) bool { return !slices.Contains(c.AllowedValues, v) }
	holdsWord := func(v string) bool {
		text := fold(v, canonicalCase)
		isIn := func(word string) bool { return strings.Contains(text, word) }
		if slices.ContainsFunc(words, isIn) {
			return true
		}
		if !strings.ContainsFunc(v, notASCII) {
			return false // nothing that looks like another letter
		}
		text = fold(v, latinCase)
		return slices.ContainsFunc(words, isIn)
	}
	var rules []offlineRule
	for _, check := range []struct {
		name, setting, code string
		enabled             bool
		refuses             func(value string) bool
	}{
		{name: "required", setting: "required", code: AttributeMissing, enabled: c.Required, refuses: isBlank},
		{name: "min-length", setting: "minLength", code: AttributeTooShort, enabled: c.MinLength > 0, refuses: tooShort},
		{name: "max-length", setting: "maxLength", code: AttributeTooLong, enabled: c.MaxLength > 0, refuses: tooLong},
		{name: "allowed-value", setting: "allowedValues", code: AttributeNotAllowed, enabled: len(c.AllowedValues) > 0, refuses: notAllowed},
		{name: "pattern", setting: "pattern", code: AttributeInvalid, enabled: c.Pattern != "", refuses: mismatches},
		{name: "url", setting: "refuseUrls", code: AttributeURL, enabled: c.RefuseURLs, refuses: holdsURL},
		{name: "forbidden-word", setting: "forbiddenWords", code: AttributeWord, enabled: len(words) > 0, refuses: holdsWord},
	} {
		rules = append(rules, offlineRule{
			Name: check.name, Attribute: strings.TrimPrefix(c.Key, "custom:"), Setting: "signUp.attributes[]." + check.setting,
			Codes: []string{check.code}, Enabled: check.enabled,
			refuses: func(a *applicant) bool {
				value := a.Attributes[c.Key]
				return !a.Provider && (value != "" || check.code == AttributeMissing) && check.refuses(value)
			},
			values: func(a *applicant) []string {
				return []string{
					"{attribute}", c.Label[a.Locale], "{minimum}", strconv.Itoa(c.MinLength), "{maximum}", strconv.Itoa(c.MaxLength),
				}
			},
		})
	}
	return rules, nil
}

// fold is the words of a text, folded, with a space before and behind each, so
// that whole words can be found. A word is a run of letters, marks and digits.
// Upper and lower case are the same (Unicode's simple case folding), and so are the forms
// that Unicode calls compatible (NFKD): composed, full-width, mathematical, superscript.
// Characters without a shape are not there. Letters with and without accents
// differ. What is the same in letters is up to letter.
func fold(text string, letter func(rune) rune) string {
	text = strings.Map(func(c rune) rune {
		if invisible(c) {
			return -1
		}
		return c
	}, text)
	var b strings.Builder
	b.WriteByte(' ')
	apart := true
	for _, c := range norm.NFKD.String(text) {
		if c < utf8.RuneSelf && unicode.IsLetter(c) || unicode.In(c, unicode.L, unicode.M, unicode.N) {
			b.WriteRune(letter(c))
			apart = false
		} else if !apart {
			b.WriteByte(' ')
			apart = true
		}
	}
	if !apart {
		b.WriteByte(' ')
	}
	return b.String()
}

// invisible reports whether a character has no shape of its own wherever it
// is. U+034F is ignorable although Unicode lists it among the marks
// (DerivedCoreProperties.txt, Default_Ignorable_Code_Point).
func invisible(c rune) bool {
	return c >= utf8.RuneSelf && unicode.In(c, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) || c == '\u034f'
}

// canonicalCase is the first of the characters that differ from c in case only.
func canonicalCase(c rune) rune {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	least := c
	for other := unicode.SimpleFold(c); other != c; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}

// latinCase is canonicalCase of the letter from a to z that a letter of another script looks like.
func latinCase(c rune) rune { return canonicalCase(lookalike(c)) }

// lookalikes are lines of two letters, sorted by bytes: one that looks like the other, a to z
// (lookalikes.md). They are searched in place, as the list of disposable domains is.
//
//go:embed lookalikes.txt
var lookalikes string

// lookalike is the letter from a to z, or A to Z, that c looks like, or c.
func lookalike(c rune) rune {
	for lines := lookalikes; c >= utf8.RuneSelf && lines != ""; {
		start := strings.LastIndexByte(lines[:len(lines)/2], '\n') + 1
		from, size := utf8.DecodeRuneInString(lines[start:])
		switch {
		case from == c:
			return rune(lines[start+size])
		case from < c:
			lines = lines[start+size+2:]
		default:
			lines = lines[:start]
		}
	}
	return c
}

// dots are the other dots that divide labels (RFC 3490, section 3.1).
var dots = strings.NewReplacer("。", ".", "．", ".", "｡", ".")

// holdsURL reports whether a mail program could make a link of a part of a text:
// a scheme, or labels with a dot between and at least two letters behind the
// last one, as in evil.example and ann@evil.example. A full stop in a name has a
// space behind it.
func holdsURL(text string) bool {
	text = dots.Replace(strings.ToLower(text))
	if strings.Contains(text, "://") || strings.Contains(text, "www.") {
		return true
	}
	labels := strings.FieldsFunc(text, func(c rune) bool { return !unicode.In(c, unicode.L, unicode.M, unicode.N) && c != '.' && c != '-' })
	for _, word := range labels {
		before := ""
		for label := range strings.SplitSeq(word, ".") {
			first, size := utf8.DecodeRuneInString(label)
			if before != "" && size < len(label) && unicode.IsLetter(first) {
				return true
			}
			before = label
		}
	}
	return false
}

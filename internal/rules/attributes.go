package rules

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"poolpost/internal/config"
)

// attributeRules are the rules for one attribute, in their order. All but the
// first hold only when the attribute is there. An external provider's attributes
// are what they are, and the person cannot fill in more, so nothing is asked of
// them.
func (r *Rules) attributeRules(c config.AttributeRule) ([]Rule, error) {
	ascii, err := regexp.Compile(config.Whole(cmp.Or(c.ASCIIPattern, c.Pattern)))
	if err != nil {
		return nil, fmt.Errorf("compile pattern of %s: %w", c.Key, err)
	}
	// Compiled when somebody needs it: with the classes of Unicode that names have,
	// that takes a tenth of a cold start. It was compiled when the function was built, too;
	// if it breaks all the same, the panic refuses the person (pre-sign-up).
	pattern := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(config.Whole(c.Pattern)) })
	matches := func(value string) bool {
		if strings.ContainsFunc(value, notASCII) {
			return pattern().MatchString(value)
		}
		return ascii.MatchString(value)
	}
	words := make([]string, len(c.ForbiddenWords))
	for i, word := range c.ForbiddenWords {
		words[i] = fold(word)
	}
	about := func(name, setting, code string, on bool, bad func(value string) bool, replacements ...string) Rule {
		return Rule{
			Name: name, Subject: strings.TrimPrefix(c.Key, "custom:"), Setting: "signUp.attributes[]." + setting, Codes: []string{code}, On: on,
			ask: func(a *applicant) *Refusal {
				value := a.Attributes[c.Key]
				if a.Provider || value == "" && code != AttributeMissing || !bad(value) {
					return nil
				}
				return r.Refuse(code, a.Locale, append(replacements, "{attribute}", c.Label[a.Locale])...)
			},
		}
	}
	return []Rule{
		about("required", "required", AttributeMissing, c.Required, func(v string) bool { return strings.TrimSpace(v) == "" }),
		about("min-length", "minLength", AttributeTooShort, c.MinLength > 0, func(v string) bool { return utf8.RuneCountInString(v) < c.MinLength }, "{minimum}", strconv.Itoa(c.MinLength)),
		about("max-length", "maxLength", AttributeTooLong, c.MaxLength > 0, func(v string) bool { return utf8.RuneCountInString(v) > c.MaxLength }, "{maximum}", strconv.Itoa(c.MaxLength)),
		about("allowed-value", "allowedValues", AttributeNotAllowed, len(c.AllowedValues) > 0, func(v string) bool { return !slices.Contains(c.AllowedValues, v) }),
		about("pattern", "pattern", AttributeInvalid, c.Pattern != "", func(v string) bool { return !matches(v) }),
		about("url", "refuseUrls", AttributeURL, c.RefuseURLs, holdsURL),
		about("forbidden-word", "forbiddenWords", AttributeWord, len(words) > 0, func(v string) bool {
			text := fold(v)
			return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
		}),
	}, nil
}

// fold is the words of a text, folded, with a space before and behind each, so
// that whole words can be found. A word is a run of letters, marks and digits.
// Upper, lower and full-width letters are the same (Unicode's simple case
// folding); characters without a shape are not there. Letters of other scripts
// that look alike, and letters with and without accents, differ.
func fold(text string) string {
	var b strings.Builder
	b.WriteByte(' ')
	apart := true
	for _, c := range text {
		if invisible(c) {
			continue
		}
		if 'Ａ' <= c && c <= 'ｚ' || '０' <= c && c <= '９' {
			c -= 'Ａ' - 'A'
		}
		if unicode.In(c, unicode.L, unicode.M, unicode.N) {
			b.WriteRune(smallest(c))
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
// stands. U+034F is ignorable although Unicode lists it among the marks
// (DerivedCoreProperties.txt, Default_Ignorable_Code_Point).
func invisible(c rune) bool {
	return unicode.In(c, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) || c == '\u034f'
}

// smallest is the first of the characters that differ from c in case only.
func smallest(c rune) rune {
	least := c
	for other := unicode.SimpleFold(c); other != c; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
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

package compile

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"poolpost/internal/message"
	"poolpost/internal/settings"

	"golang.org/x/text/feature/plural"
	textlanguage "golang.org/x/text/language"
)

// longestValidity are the units with the largest number that can be asked for.
var longestValidity = []message.Validity{{Number: 24, Unit: message.Hours}, {Number: 365, Unit: message.Days}}

// validityOf is how long the code of a kind can be used in a pool.
func validityOf(kind message.Kind, policy settings.PasswordPolicy) message.Validity {
	v := kind.Spec().Validity
	v.Number = cmp.Or(v.Number, policy.TemporaryPasswordDays)
	return v
}

// duration is a validity in words.
func (l *Locale) duration(v message.Validity) string {
	return strings.ReplaceAll(l.Durations[v.Unit][pluralForm(l.Tag, v.Number)], "{n}", strconv.Itoa(v.Number))
}

var pluralNames = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

// pluralForm is the form that a language takes for a whole number, by the
// plural rules of CLDR.
func pluralForm(tag string, n int) string {
	return pluralNames[plural.Cardinal.MatchPlural(textlanguage.Make(tag), n, 0, 0, 0, 0)]
}

// checkDurations asks for exactly the plural forms that the language has, each
// with its number, unless the form is for one number only.
func (l *Locale) checkDurations() {
	for _, longest := range longestValidity {
		numbers := map[string][]int{} // by form
		for n := 1; n <= longest.Number; n++ {
			form := pluralForm(l.Tag, n)
			numbers[form] = append(numbers[form], n)
		}
		key := "durations." + longest.Unit + "."
		words := l.Durations[longest.Unit]
		for _, form := range slices.Sorted(maps.Keys(numbers)) {
			switch word := words[form]; {
			case word == "":
				l.Report(key+form, "is missing; it is the plural form for %d", numbers[form][0])
			case len(numbers[form]) > 1 && !strings.Contains(word, "{n}"):
				l.Report(key+form, "must hold {n}, the number")
			}
			if _, err := expand(words[form], map[string]string{"n": ""}); err != nil {
				l.Report(key+form, "%v", err)
			}
		}
		for _, form := range slices.Sorted(maps.Keys(words)) {
			if numbers[form] == nil {
				l.Report(key+form, "is no plural form of this language; remove it")
			}
		}
	}
}

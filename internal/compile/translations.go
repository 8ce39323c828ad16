package compile

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"poolpost/internal/yamlfile"
)

// braces match a placeholder in the words.
var braces = regexp.MustCompile(`\{[^}]*\}`)

// expand replaces each {placeholder} of a word by its value. One without a
// value is an error that names those that have one.
func expand(word string, values map[string]string) (string, error) {
	var unknown error
	text := braces.ReplaceAllStringFunc(word, func(p string) string {
		value, ok := values[p[1:len(p)-1]]
		if !ok && unknown == nil {
			known := make([]string, 0, len(values))
			for name := range values {
				known = append(known, "{"+name+"}")
			}
			slices.Sort(known)
			unknown = fmt.Errorf("%s cannot be filled here; these can: %s", p, cmp.Or(strings.Join(known, " "), "none"))
		}
		return value
	})
	if unknown == nil && strings.ContainsAny(braces.ReplaceAllString(word, ""), "{}") {
		unknown = errors.New("holds a single brace")
	}
	return text, unknown
}

// translations are the texts of one message or page. They remember which were used.
type translations struct {
	locale *Locale
	path   string            // of the texts in the file of the locale
	texts  map[string]string // of the locale
	own    map[string]string // of the brand, which replace some
	brand  int               // its index in the settings
	used   map[string]bool
	failed bool    // something was reported
	errs   []error // about own
}

// text is a translation with its placeholders filled.
func (t *translations) text(key string, values map[string]string) string {
	t.used[key] = true
	word, own := t.own[key]
	if !own {
		word = t.texts[key]
	}
	text, err := expand(word, values)
	switch {
	case word == "" && !own && t.locale.ours:
		t.report(key, "is missing, and a template of yours uses it")
	case word == "":
		t.report(key, "is missing")
	case err != nil:
		t.report(key, "%v", err)
	}
	return text
}

// report reports a problem with a text, or with a missing one: in the file of the locale
// or, if the brand has its own, in the settings. An adopter can change a file of ours in a copy
// only, but the words of a message in the settings as well.
func (t *translations) report(key, format string, args ...any) {
	t.failed = true
	text := fmt.Sprintf(format, args...)
	kind, isMessage := strings.CutPrefix(t.path, "messages.")
	inSettings := fmt.Sprintf("brands[%d].wording.%s.%s.%s", t.brand, t.locale.Tag, kind, key)
	switch _, own := t.own[key]; {
	case own:
		t.errs = append(t.errs, &yamlfile.Problem{Key: inSettings, Message: text})
		return
	case t.locale.ours && isMessage:
		text += fmt.Sprintf("; this file is Poolpost's: write the text in %s of the settings, or %s", inSettings, copyOurs)
	case t.locale.ours:
		text += "; this file is Poolpost's: " + copyOurs
	}
	t.locale.Report(t.path+"."+key, "%s", text)
}

// copyOurs is how an adopter changes a file of ours.
const copyOurs = "copy it to your own folder templates/locales and change it there"

// reportUnused reports the texts that no template asked for. Words of ours may be unused: an
// adopter's template may leave out a block.
func (t *translations) reportUnused() {
	for _, key := range slices.Sorted(maps.Keys(t.texts)) {
		if !t.used[key] && !t.locale.ours {
			t.report(key, "no template uses it; remove it")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t.own)) {
		if !t.used[key] {
			t.report(key, "no template uses it; remove it")
		}
	}
}

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

// translations are the texts of one message or page. They remember which were used,
// and what was wrong with those.
type translations struct {
	problem  func(key, format string, args ...any) error // with a text, or with a missing one
	texts    map[string]string
	used     map[string]bool
	problems []error
}

// translations are the texts at a path of the file.
func (l *Locale) translations(path string, texts map[string]string) *translations {
	problem := func(key, format string, args ...any) error { return l.problem(path+"."+key, format, args...) }
	return &translations{problem: problem, texts: texts, used: map[string]bool{}}
}

// replaced are the translations with some of them worded differently, at a path of
// the settings.
func (t *translations) replaced(path string, texts map[string]string) *translations {
	if len(texts) == 0 {
		return t
	}
	all := maps.Clone(t.texts)
	maps.Copy(all, texts)
	problem := func(key, format string, args ...any) error {
		if _, ok := texts[key]; ok {
			return &yamlfile.Problem{Key: path + "." + key, Message: fmt.Sprintf(format, args...)}
		}
		return t.problem(key, format, args...)
	}
	return &translations{problem: problem, texts: all, used: map[string]bool{}}
}

// text is a translation with its placeholders filled; err says what is wrong with it.
func (t *translations) text(key string, values map[string]string) string {
	text, err := expand(t.texts[key], values)
	switch {
	case t.used[key]:
	case t.texts[key] == "":
		t.report(key, "is missing")
	case err != nil:
		t.report(key, "%v", err)
	}
	t.used[key] = true
	return text
}

func (t *translations) report(key, format string, args ...any) {
	t.problems = append(t.problems, t.problem(key, format, args...))
}

// err is what is wrong with the texts, once all templates have asked for theirs: the
// others are superfluous.
func (t *translations) err() error {
	for _, key := range slices.Sorted(maps.Keys(t.texts)) {
		if !t.used[key] {
			t.report(key, "no template uses it; remove it")
		}
	}
	return errors.Join(t.problems...)
}

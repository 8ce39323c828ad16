package compile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"poolpost/internal/message"

	"go.yaml.in/yaml/v3"
)

// Locale is one file of words.
type Locale struct {
	Tag string `yaml:"-"` // BCP 47, from the file's name

	Name                string                             `yaml:"name"`
	Direction           string                             `yaml:"direction"` // ltr or rtl
	Greeting            string                             `yaml:"greeting"`
	GreetingWithoutName string                             `yaml:"greetingWithoutName"`
	Questions           string                             `yaml:"questions"`
	Messages            map[message.Kind]map[string]string `yaml:"messages"`
	PageWords           map[string]string                  `yaml:"pageWords"`
	Pages               map[string]map[string]string       `yaml:"pages"`
	PasswordPolicy      struct {
		Separator string `yaml:"separator"`
		Length    string `yaml:"length"`
		Numbers   string `yaml:"numbers"`
		Lowercase string `yaml:"lowercase"`
		Uppercase string `yaml:"uppercase"`
		Symbols   string `yaml:"symbols"`
	} `yaml:"passwordPolicy"`
	Refusals map[string]string `yaml:"refusals"`
}

// readLocales reads every file of words.
func readLocales(templates fs.FS) (map[string]*Locale, error) {
	files, err := fs.Glob(templates, "locales/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list locales: %w", err)
	}
	locales := map[string]*Locale{}
	for _, file := range files {
		text, err := fs.ReadFile(templates, file)
		if err != nil {
			return nil, fmt.Errorf("read locale: %w", err)
		}
		l := &Locale{Tag: strings.TrimSuffix(path.Base(file), ".yaml")}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		decoder.KnownFields(true)
		if err := decoder.Decode(l); err != nil {
			return nil, fmt.Errorf("%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
		}
		if err := l.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		locales[l.Tag] = l
	}
	return locales, nil
}

// check finds words that are there but empty, and a direction that is none.
// Which words there must be, the templates decide when they are compiled.
func (l *Locale) check() error {
	var problems []error
	if l.Direction != "ltr" && l.Direction != "rtl" {
		problems = append(problems, fmt.Errorf("direction: must be ltr or rtl, not %q", l.Direction))
	}
	p := l.PasswordPolicy
	for key, word := range map[string]string{
		"name": l.Name, "greeting": l.Greeting, "greetingWithoutName": l.GreetingWithoutName, "questions": l.Questions,
		"passwordPolicy.separator": p.Separator, "passwordPolicy.length": p.Length, "passwordPolicy.numbers": p.Numbers,
		"passwordPolicy.lowercase": p.Lowercase, "passwordPolicy.uppercase": p.Uppercase, "passwordPolicy.symbols": p.Symbols,
	} {
		if word == "" {
			problems = append(problems, fmt.Errorf("%s: is missing", key))
		}
	}
	if !strings.Contains(l.Greeting, "{name}") {
		problems = append(problems, errors.New("greeting: must hold {name}"))
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

// sourceLocale is the one that others are translated from.
const sourceLocale = "en"

// checkRefusals holds the sentences for refused sign-ups against those of the
// source: the same codes, known placeholders, and no full stop at the end, since
// Cognito adds one.
func (l *Locale) checkRefusals(source *Locale) (problems []error) {
	fault := func(code, format string, args ...any) {
		problems = append(problems, fmt.Errorf("locales/%s.yaml: refusals.%s: %s", l.Tag, code, fmt.Sprintf(format, args...)))
	}
	values := map[string]string{"attribute": "", "minimum": "", "maximum": "", "suggestion": ""}
	for _, code := range slices.Sorted(maps.Keys(l.Refusals)) {
		sentence := l.Refusals[code]
		if source != nil && source.Refusals[code] == "" {
			fault(code, "there is no such refusal; remove it")
		}
		if _, err := expand(sentence, values); err != nil {
			fault(code, "%v", err)
		}
		if strings.HasSuffix(sentence, ".") || strings.HasSuffix(sentence, "。") {
			fault(code, "must not end in a full stop: Cognito adds one")
		}
	}
	if source != nil {
		for _, code := range slices.Sorted(maps.Keys(source.Refusals)) {
			if l.Refusals[code] == "" {
				fault(code, "is missing")
			}
		}
	}
	return problems
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// expand replaces each {placeholder} of a word by its value. One without a
// value is an error that names those that have one.
func expand(word string, values map[string]string) (string, error) {
	var unknown error
	text := placeholder.ReplaceAllStringFunc(word, func(p string) string {
		value, ok := values[p[1:len(p)-1]]
		if !ok && unknown == nil {
			known := make([]string, 0, len(values))
			for name := range values {
				known = append(known, "{"+name+"}")
			}
			slices.Sort(known)
			unknown = fmt.Errorf("%s cannot be filled here; these can: %s", p, strings.Join(known, " "))
		}
		return value
	})
	if unknown == nil && strings.ContainsAny(placeholder.ReplaceAllString(word, ""), "{}") {
		unknown = errors.New("holds a single brace")
	}
	return text, unknown
}

// words are the texts of one message or page, which remember what was used.
type words struct {
	locale string
	path   string // such as messages.sign-up
	texts  map[string]string
	used   map[string]bool
}

func newWords(l *Locale, path string, texts map[string]string) *words {
	return &words{locale: l.Tag, path: path, texts: texts, used: map[string]bool{}}
}

// say returns a word with its placeholders filled.
func (w *words) say(key string, values map[string]string) (string, error) {
	word := w.texts[key]
	if word == "" {
		return "", fmt.Errorf("locales/%s.yaml: %s.%s: is missing", w.locale, w.path, key)
	}
	w.used[key] = true
	text, err := expand(word, values)
	if err != nil {
		return "", fmt.Errorf("locales/%s.yaml: %s.%s: %w", w.locale, w.path, key, err)
	}
	return text, nil
}

// unused names the words that no template asked for.
func (w *words) unused() error {
	var problems []error
	for key := range w.texts {
		if !w.used[key] {
			problems = append(problems, fmt.Errorf("locales/%s.yaml: %s.%s: no template uses it; remove it", w.locale, w.path, key))
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

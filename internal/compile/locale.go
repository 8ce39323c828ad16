package compile

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"

	"poolpost/internal/message"
	"poolpost/internal/yamlfile"
)

// Locale is one file of words.
type Locale struct {
	Tag  string `yaml:"-"` // BCP 47, from the file's name
	ours bool   // not in the folder of an adopter, who cannot change it

	Name                string                             `yaml:"name"`
	Direction           string                             `yaml:"direction"` // ltr or rtl
	Greeting            string                             `yaml:"greeting"`
	GreetingWithoutName string                             `yaml:"greetingWithoutName"`
	Questions           string                             `yaml:"questions"`
	Durations           map[string]map[string]string       `yaml:"durations"` // unit, plural form
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

	*yamlfile.File
}

// readLocales reads the words of the wanted locales, and lists those that there are.
func readLocales(templates fs.FS, files sources, wanted func(tag string) bool) (map[string]*Locale, []string, error) {
	names, err := fs.Glob(templates, "locales/*.yaml")
	if err != nil {
		return nil, nil, fmt.Errorf("list locales: %w", err)
	}
	var tags []string
	var problems []error
	locales := map[string]*Locale{}
	for _, file := range names {
		tag := strings.TrimSuffix(path.Base(file), ".yaml")
		tags = append(tags, tag)
		if !wanted(tag) {
			continue
		}
		text, err := fs.ReadFile(templates, file)
		if err != nil {
			return nil, nil, fmt.Errorf("read locale: %w", err)
		}
		locales[tag], err = readLocale(tag, text, files.isOurs(file))
		problems = append(problems, err)
	}
	return locales, tags, errors.Join(problems...)
}

func readLocale(tag string, text []byte, ours bool) (*Locale, error) {
	l := &Locale{Tag: tag, ours: ours}
	var err error
	if l.File, err = yamlfile.Read("templates/locales/"+tag+".yaml", "language", text, l); err != nil {
		return nil, err
	}
	l.check()
	return l, l.Err()
}

// expand fills the placeholders of the words at a path.
func (l *Locale) expand(path, words string, values map[string]string) string {
	text, err := expand(words, values)
	if err != nil {
		l.Report(path, "%v", err)
	}
	return text
}

// check finds words that are there but empty, and a direction that does not exist.
// Which words there must be, the templates decide when they are compiled.
func (l *Locale) check() {
	if l.Direction != "ltr" && l.Direction != "rtl" {
		l.Report("direction", "must be ltr or rtl, not %q", l.Direction)
	}
	for _, path := range []string{
		"greeting", "greetingWithoutName", "name", "passwordPolicy.length", "passwordPolicy.lowercase", "passwordPolicy.numbers",
		"passwordPolicy.separator", "passwordPolicy.symbols", "passwordPolicy.uppercase", "questions",
	} {
		if l.Texts[path] == "" {
			l.Report(path, "is missing")
		}
	}
	if !strings.Contains(l.Greeting, "{name}") {
		l.Report("greeting", "must hold {name}")
	}
	l.checkDurations()
}

// sourceLocale is the one that others are translated from.
const sourceLocale = "en"

// checkTranslation finds words that were left as they are in the source, and
// such that lost what is filled in. The name of the app may come and go: where
// a sentence needs it differs.
func (l *Locale) checkTranslation(source *Locale) {
	if source == nil || l.ours || language(l.Tag) == language(source.Tag) {
		return
	}
	for _, path := range slices.Sorted(maps.Keys(l.Texts)) {
		word, original := l.Texts[path], source.Texts[path]
		if word == original && isSentence(word) {
			l.Report(path, "is not translated: it is the same as in %s.yaml", source.Tag)
		}
		if strings.HasPrefix(path, "durations.") || strings.HasPrefix(path, "refusals.") {
			continue // what these hold has checks of its own
		}
		for _, p := range braces.FindAllString(original, -1) {
			if p != "{brand}" && !strings.Contains(word, p) {
				l.Report(path, "lacks %s, which %s.yaml has there", p, source.Tag)
			}
		}
	}
}

// language is the first part of a tag: the language without script and region.
func language(tag string) string {
	tag, _, _ = strings.Cut(tag, "-")
	return tag
}

// isSentence reports whether a text has two or more words, besides what is filled
// in: a single one can be the same in two languages.
func isSentence(word string) bool {
	letters := func(r rune) bool { return !unicode.IsLetter(r) }
	return len(strings.FieldsFunc(braces.ReplaceAllString(word, ""), letters)) > 1
}

// checkRefusals checks the sentences for refused sign-ups against those of the
// source: the same codes, the values that are known with each, one line, and no
// full stop at the end, since Cognito adds one.
func (l *Locale) checkRefusals(source *Locale) {
	const key = "refusals."
	for _, code := range slices.Sorted(maps.Keys(l.Refusals)) {
		sentence := l.Refusals[code]
		if source != nil && source.Refusals[code] == "" {
			if l.ours {
				source.Report(key+code, "is missing")
			} else {
				l.Report(key+code, "there is no such refusal; remove it")
			}
			continue
		}
		values := map[string]string{}
		for _, name := range refusalValues(code) {
			values[name] = ""
			if !strings.Contains(sentence, "{"+name+"}") {
				l.Report(key+code, "lacks {%s}", name)
			}
		}
		if _, err := expand(sentence, values); err != nil {
			l.Report(key+code, "%v", err)
		}
		if strings.ContainsFunc(sentence, unicode.IsControl) {
			l.Report(key+code, "must be one line, without tabs and other controls")
		}
		if strings.HasSuffix(sentence, ".") || strings.HasSuffix(sentence, "。") {
			l.Report(key+code, "must not end in a full stop: Cognito adds one")
		}
	}
	if source != nil {
		for _, code := range slices.Sorted(maps.Keys(source.Refusals)) {
			switch {
			case l.Refusals[code] != "":
			case l.ours:
				source.Report(key+code, "there is no such refusal; remove it")
			default:
				l.Report(key+code, "is missing")
			}
		}
	}
}

// refusalValues are the values that package rules knows with a code. The sentence
// must hold each: it says what the person can change.
func refusalValues(code string) (names []string) {
	if strings.HasPrefix(code, "ATTRIBUTE_") {
		names = append(names, "attribute")
	}
	switch code {
	case "ATTRIBUTE_TOO_SHORT":
		names = append(names, "minimum")
	case "ATTRIBUTE_TOO_LONG":
		names = append(names, "maximum")
	case "EMAIL_TYPO":
		names = append(names, "suggestion")
	}
	return names
}

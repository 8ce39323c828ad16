package compile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

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

	texts map[string]string // all of the above, by path such as messages.sign-up.subject
	lines map[string]int    // where each path stands
}

// localeTags are the locales that there are words for.
func localeTags(templates fs.FS) ([]string, error) {
	files, err := fs.Glob(templates, "locales/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list locales: %w", err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(path.Base(file), ".yaml")
	}
	return files, nil
}

// readLocales reads the words of some locales.
func readLocales(templates fs.FS, tags []string) (map[string]*Locale, error) {
	locales := map[string]*Locale{}
	var problems []error
	for _, tag := range tags {
		text, err := fs.ReadFile(templates, "locales/"+tag+".yaml")
		if err != nil {
			return nil, fmt.Errorf("read locale: %w", err)
		}
		locales[tag], err = readLocale(tag, text)
		problems = append(problems, err)
	}
	return locales, errors.Join(problems...)
}

func readLocale(tag string, text []byte) (*Locale, error) {
	l := &Locale{Tag: tag, texts: map[string]string{}, lines: map[string]int{}}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return l, l.unreadable(err)
	}
	l.remember(&document, "")
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(l); err != nil {
		return l, l.unreadable(err)
	}
	return l, l.check()
}

// remember notes the text and the line of everything below a node.
func (l *Locale) remember(node *yaml.Node, at string) {
	switch node.Kind {
	case yaml.DocumentNode:
		l.remember(node.Content[0], at)
	case yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			key := strings.TrimPrefix(at+"."+node.Content[i].Value, ".")
			l.lines[key] = node.Content[i].Line
			l.remember(node.Content[i+1], key)
		}
	case yaml.ScalarNode:
		l.texts[at] = node.Value
	}
}

// file is the locale's, as its errors name it.
func (l *Locale) file() string { return "templates/locales/" + l.Tag + ".yaml" }

// at tells where a path stands or, when it is missing, what it is missing from.
func (l *Locale) at(path string) string {
	line := 0
	for p := path; p != "" && line == 0; p = p[:max(strings.LastIndexByte(p, '.'), 0)] {
		line = l.lines[p]
	}
	if line == 0 {
		return l.file() + ": " + path
	}
	return fmt.Sprintf("%s:%d: %s", l.file(), line, path)
}

// fault is a mistake at a path.
func (l *Locale) fault(path, format string, args ...any) error {
	return &wordsError{l.at(path), fmt.Errorf(format, args...)}
}

var (
	yamlLine     = regexp.MustCompile(`^line (\d+): `)
	unknownField = regexp.MustCompile(`field (.*) not found in type .*`)
	noText       = regexp.MustCompile(`cannot unmarshal .* into string`)
)

// unreadable tells what the YAML decoder says, one mistake a line.
func (l *Locale) unreadable(err error) error {
	texts := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	var several *yaml.TypeError
	if errors.As(err, &several) {
		texts = several.Errors
	}
	var problems []error
	for _, text := range texts {
		text = unknownField.ReplaceAllString(text, "$1: there is no such key")
		text = noText.ReplaceAllString(text, "a text must stand here")
		if m := yamlLine.FindStringSubmatch(text); m != nil {
			problems = append(problems, fmt.Errorf("%s:%s: %s", l.file(), m[1], text[len(m[0]):]))
		} else {
			problems = append(problems, fmt.Errorf("%s: %s", l.file(), text))
		}
	}
	return errors.Join(problems...)
}

// check finds words that are there but empty, and a direction that is none.
// Which words there must be, the templates decide when they are compiled.
func (l *Locale) check() error {
	var problems []error
	if l.Direction != "ltr" && l.Direction != "rtl" {
		problems = append(problems, l.fault("direction", "must be ltr or rtl, not %q", l.Direction))
	}
	for _, path := range []string{
		"greeting", "greetingWithoutName", "name", "passwordPolicy.length", "passwordPolicy.lowercase", "passwordPolicy.numbers",
		"passwordPolicy.separator", "passwordPolicy.symbols", "passwordPolicy.uppercase", "questions",
	} {
		if l.texts[path] == "" {
			problems = append(problems, l.fault(path, "is missing"))
		}
	}
	if !strings.Contains(l.Greeting, "{name}") {
		problems = append(problems, l.fault("greeting", "must hold {name}"))
	}
	return errors.Join(append(problems, l.checkDurations()...)...)
}

// sourceLocale is the one that others are translated from.
const sourceLocale = "en"

// checkTranslation finds words that were left as they are in the source, and
// such that lost what is filled in. The name of the app may come and go: where
// a sentence needs it differs.
func (l *Locale) checkTranslation(source *Locale) (problems []error) {
	if source == nil || language(l.Tag) == language(source.Tag) {
		return nil
	}
	for _, path := range slices.Sorted(maps.Keys(l.texts)) {
		word, original := l.texts[path], source.texts[path]
		if word == original && isSentence(word) {
			problems = append(problems, l.fault(path, "is not translated: it is the same as in %s.yaml", source.Tag))
		}
		if strings.HasPrefix(path, "durations.") || strings.HasPrefix(path, "refusals.") {
			continue // what these hold has checks of its own
		}
		for _, p := range placeholder.FindAllString(original, -1) {
			if p != "{brand}" && !strings.Contains(word, p) {
				problems = append(problems, l.fault(path, "lacks %s, which %s.yaml has there", p, source.Tag))
			}
		}
	}
	return problems
}

// language is the first part of a tag: the language without script and region.
func language(tag string) string {
	tag, _, _ = strings.Cut(tag, "-")
	return tag
}

// isSentence tells whether a word is really two or more, besides what is filled
// in: a single one can be the same in two languages.
func isSentence(word string) bool {
	letters := func(r rune) bool { return !unicode.IsLetter(r) }
	return len(strings.FieldsFunc(placeholder.ReplaceAllString(word, ""), letters)) > 1
}

// checkRefusals holds the sentences for refused sign-ups against those of the
// source: the same codes, the values that are known with each, one line, and no
// full stop at the end, since Cognito adds one.
func (l *Locale) checkRefusals(source *Locale) (problems []error) {
	fault := func(code, format string, args ...any) {
		problems = append(problems, l.fault("refusals."+code, format, args...))
	}
	for _, code := range slices.Sorted(maps.Keys(l.Refusals)) {
		sentence := l.Refusals[code]
		if source != nil && source.Refusals[code] == "" {
			fault(code, "there is no such refusal; remove it")
			continue
		}
		values := map[string]string{}
		for _, name := range refusalValues(code) {
			values[name] = ""
			if !strings.Contains(sentence, "{"+name+"}") {
				fault(code, "lacks {%s}", name)
			}
		}
		if _, err := expand(sentence, values); err != nil {
			fault(code, "%v", err)
		}
		if strings.ContainsFunc(sentence, unicode.IsControl) {
			fault(code, "must be one line, without tabs and other controls")
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

// refusalValues are the values that package rules knows with a code. The sentence
// must hold each: it tells the person what to mend.
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
			unknown = fmt.Errorf("%s cannot be filled here; these can: %s", p, cmp.Or(strings.Join(known, " "), "none"))
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
	at    func(key string) string // where a text stands, or would
	texts map[string]string
	used  map[string]bool
}

func newWords(l *Locale, path string, texts map[string]string) *words {
	at := func(key string) string { return l.at(path + "." + key) }
	return &words{at: at, texts: texts, used: map[string]bool{}}
}

// replaced are the words with some of them said differently; path is where
// those stand.
func (w *words) replaced(path string, texts map[string]string) *words {
	if len(texts) == 0 {
		return w
	}
	all := maps.Clone(w.texts)
	maps.Copy(all, texts)
	at := func(key string) string {
		if _, ok := texts[key]; ok {
			return path + "." + key
		}
		return w.at(key)
	}
	return &words{at: at, texts: all, used: map[string]bool{}}
}

// A wordsError is a mistake in the words. It says itself where they stand, so
// it needs nothing of what templates say around it.
type wordsError struct {
	at  string
	err error
}

func (e *wordsError) Error() string { return e.at + ": " + e.err.Error() }

// say returns a word with its placeholders filled.
func (w *words) say(key string, values map[string]string) (string, error) {
	word := w.texts[key]
	if word == "" {
		return "", &wordsError{w.at(key), errors.New("is missing")}
	}
	w.used[key] = true
	text, err := expand(word, values)
	if err != nil {
		return "", &wordsError{w.at(key), err}
	}
	return text, nil
}

// unused names the words that no template asked for.
func (w *words) unused() error {
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(w.texts)) {
		if !w.used[key] {
			problems = append(problems, &wordsError{w.at(key), errors.New("no template uses it; remove it")})
		}
	}
	return errors.Join(problems...)
}

// executed is the error of a template, or of the words that it could not say.
func executed(err error) error {
	var mistake *wordsError
	if errors.As(err, &mistake) {
		return mistake
	}
	return err
}

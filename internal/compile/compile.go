// Package compile puts words, layout and brand together at build time, and
// holds every message against what Cognito accepts: a message that Cognito
// would refuse, or silently replace by its default text, fails the build.
//
// Its output are the flat files that package message fills. It never runs in a
// function.
package compile

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	texttemplate "text/template"

	"poolpost/internal/message"
	"poolpost/internal/settings"
)

// Output are the files that functions need, by their path below the function's
// folder, and the sentences for refused sign-ups.
type Output struct {
	Messages map[string][]byte            // message.File
	Pages    map[string][]byte            // message.PageFile
	Refusals map[string]map[string]string // locale, code: sentence
}

// All compiles every message and page for every client and locale of the
// settings. The error joins everything that is wrong.
func All(templates fs.FS, s *settings.Settings) (*Output, error) {
	tags, err := localeTags(templates)
	if err != nil {
		return nil, err
	}
	wanted := func(tag string) bool { return tag == sourceLocale || slices.Contains(s.Locales, tag) }
	locales, err := readLocales(templates, slices.DeleteFunc(slices.Clone(tags), func(tag string) bool { return !wanted(tag) }))
	if err != nil {
		return nil, err
	}
	set, err := readTemplates(templates)
	if err != nil {
		return nil, err
	}
	out := &Output{
		Messages: map[string][]byte{},
		Pages:    map[string][]byte{},
		Refusals: map[string]map[string]string{},
	}
	problems := checkBrands(s)
	for _, tag := range s.Locales {
		l, ok := locales[tag]
		if !ok {
			problems = append(problems, fmt.Errorf("locales: there are no words for %q; add templates/locales/%s.yaml, or use some of %s",
				tag, tag, strings.Join(tags, ", ")))
			continue
		}
		problems = append(problems, l.checkTranslation(locales[sourceLocale])...)
		problems = append(problems, l.checkRefusals(locales[sourceLocale])...)
		out.Refusals[tag] = l.Refusals
		for _, client := range s.Clients {
			f := newFrame(s, client, l)
			problems = append(problems, set.messages(f, out.Messages)...)
			problems = append(problems, set.pages(f, out.Pages)...)
		}
	}
	if err := errors.Join(distinct(problems)...); err != nil {
		return nil, err
	}
	return out, nil
}

// distinct keeps the first of problems that say the same: words that several
// messages or clients share are wrong in each.
func distinct(problems []error) []error {
	told := map[string]bool{}
	return slices.DeleteFunc(problems, func(err error) bool {
		again := told[err.Error()]
		told[err.Error()] = true
		return again
	})
}

// checkBrands finds the brands in use that lack what every mail and page tells.
func checkBrands(s *settings.Settings) (problems []error) {
	for _, brand := range s.Brands {
		used := slices.ContainsFunc(s.Clients, func(c settings.Client) bool { return c.Brand == brand.Name })
		if used && brand.Support == "" {
			problems = append(problems, fmt.Errorf("brands: %s: support is missing; write the address that people are sent to for help, or mail.replyTo", brand.Name))
		}
	}
	return problems
}

// A frame is what all messages and pages of one client in one locale share.
type frame struct {
	client   settings.Client
	locale   *Locale
	settings *settings.Settings

	Lang      string // BCP 47
	Dir       string // ltr or rtl
	Start     string // where a line begins: left or right
	Color     string
	DarkColor string // Color where the reader's colours are dark
	Brand     string
	Logo      settings.Logo

	brand  settings.Brand
	values map[string]string // placeholders that are known at build time
}

func newFrame(s *settings.Settings, client settings.Client, l *Locale) *frame {
	brand, _ := s.Brand(client.Brand)
	f := &frame{
		client: client, locale: l, settings: s,
		Lang: l.Tag, Dir: l.Direction, Start: "left",
		Color: brand.Color, DarkColor: onDark(brand.Color), Brand: brand.DisplayName, Logo: brand.Logo, brand: brand,
		values: map[string]string{
			"brand":         brand.DisplayName,
			"support":       brand.Support,
			"postalAddress": brand.PostalAddress,
		},
	}
	if l.Direction == "rtl" {
		f.Start = "right"
	}
	f.values["passwordPolicy"] = passwordPolicy(l, s.Pool.PasswordPolicy)
	return f
}

// Imprint is who writes: the brand, with its postal address if there is one.
func (f *frame) Imprint() string {
	if f.brand.PostalAddress == "" {
		return f.Brand
	}
	return f.Brand + " · " + f.brand.PostalAddress
}

// Questions is where to ask.
func (f *frame) Questions() (string, error) {
	text, err := expand(f.locale.Questions, f.values)
	if err != nil {
		return "", f.locale.fault("questions", "%w", err)
	}
	return text, nil
}

// Footer is both of these in one line.
func (f *frame) Footer() (string, error) {
	questions, err := f.Questions()
	return f.Imprint() + " · " + questions, err
}

// passwordPolicy tells the policy in words.
func passwordPolicy(l *Locale, p settings.PasswordPolicy) string {
	words := l.PasswordPolicy
	parts := []string{strings.ReplaceAll(words.Length, "{minimum}", strconv.Itoa(p.MinimumLength))}
	for _, rule := range []struct {
		required bool
		word     string
	}{
		{p.RequireNumbers, words.Numbers},
		{p.RequireLowercase, words.Lowercase},
		{p.RequireUppercase, words.Uppercase},
		{p.RequireSymbols, words.Symbols},
	} {
		if rule.required {
			parts = append(parts, rule.word)
		}
	}
	return strings.Join(parts, words.Separator)
}

// templates are the parsed layouts and bodies.
type templateSet struct {
	html  map[message.Kind]*htmltemplate.Template
	text  map[message.Kind]*texttemplate.Template
	page  map[string]*htmltemplate.Template // by state
	state []string                          // sorted names of the pages
}

func readTemplates(templates fs.FS) (*templateSet, error) {
	layoutHTML, err := fs.ReadFile(templates, "layout.html")
	if err != nil {
		return nil, fmt.Errorf("read layout: %w", err)
	}
	layoutText, err := fs.ReadFile(templates, "layout.txt")
	if err != nil {
		return nil, fmt.Errorf("read layout: %w", err)
	}
	set := &templateSet{
		html: map[message.Kind]*htmltemplate.Template{},
		text: map[message.Kind]*texttemplate.Template{},
		page: map[string]*htmltemplate.Template{},
	}
	for _, kind := range message.Kinds() {
		file := "messages/" + string(kind) + ".tmpl"
		body, err := fs.ReadFile(templates, file)
		if err != nil {
			return nil, fmt.Errorf("read message: %w", err)
		}
		// One body serves both parts: only the blocks it names differ.
		define := `{{define "body"}}` + strings.ReplaceAll(string(body), "\n", "") + `{{end}}`
		if set.html[kind], err = parseHTML(file, string(layoutHTML), define); err != nil {
			return nil, err
		}
		set.text[kind], err = texttemplate.New(file).Parse(string(layoutText))
		if err == nil {
			_, err = set.text[kind].Parse(define)
		}
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", file, err)
		}
	}
	return set, set.readPages(templates)
}

// comment matches an HTML comment. Outlook reads conditional ones, and
// html/template would remove them.
var comment = regexp.MustCompile(`<!--.*?-->`)

// parseHTML parses a layout and the body that fills it, and keeps the layout's
// comments.
func parseHTML(name, layout, body string) (*htmltemplate.Template, error) {
	var comments []htmltemplate.HTML
	layout = comment.ReplaceAllStringFunc(layout, func(c string) string {
		comments = append(comments, htmltemplate.HTML(c))
		return fmt.Sprintf("{{comment %d}}", len(comments)-1)
	})
	for _, c := range comments {
		if strings.Contains(string(c), "{{") {
			return nil, fmt.Errorf("parse %s: a comment of the layout holds a template action: %s", name, c)
		}
	}
	t, err := htmltemplate.New(name).
		Funcs(htmltemplate.FuncMap{"comment": func(i int) htmltemplate.HTML { return comments[i] }}).
		Parse(layout)
	if err == nil {
		_, err = t.Parse(body)
	}
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	return t, nil
}

// A blank stands in a template as a word that every escaper leaves alone, and
// becomes a mark afterwards.
var blankWord = regexp.MustCompile(`9blank0([a-z]+)9`)

func blank(name string) string { return "9blank0" + name + "9" }

func markBlanks(s string) string {
	return blankWord.ReplaceAllString(s, message.FieldDelimiter+"$1"+message.FieldDelimiter)
}

// entities writes every character that Cognito refuses as a numeric reference.
func entities(html string) string {
	var b strings.Builder
	for _, r := range html {
		if message.Accepted(r) || r == 0 {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "&#x%X;", r)
		}
	}
	return b.String()
}

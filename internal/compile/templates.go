package compile

import (
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	texttemplate "text/template"

	"poolpost/internal/message"
)

// A templateSet is the parsed layouts and bodies.
type templateSet struct {
	html map[message.Kind]*htmltemplate.Template
	text map[message.Kind]*texttemplate.Template
	page map[string]*htmltemplate.Template // by name
}

func readTemplates(templates fs.FS) (*templateSet, error) {
	pages, err := fs.Glob(templates, "pages/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", err)
	}
	files := slices.Concat([]string{"layout.html", "layout.txt", "page.html"}, pages)
	for _, kind := range message.Kinds() {
		files = append(files, messageTemplate(kind))
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := fs.ReadFile(templates, file)
		if err != nil {
			return nil, fmt.Errorf("read template: %w", err)
		}
		texts[file] = string(text)
	}
	set := &templateSet{
		html: map[message.Kind]*htmltemplate.Template{},
		text: map[message.Kind]*texttemplate.Template{},
		page: map[string]*htmltemplate.Template{},
	}
	for _, kind := range message.Kinds() {
		// One body serves both parts: only the blocks it names differ.
		file := messageTemplate(kind)
		body := strings.ReplaceAll(texts[file], "\n", "")
		if set.html[kind], err = parseHTML(file, body, texts["layout.html"]); err != nil {
			return nil, err
		}
		if set.text[kind], err = texttemplate.New(file).Parse(define(body) + texts["layout.txt"]); err != nil {
			return nil, fmt.Errorf("parse %s: %w", file, err)
		}
	}
	for _, file := range pages {
		name := strings.TrimSuffix(path.Base(file), ".tmpl")
		if set.page[name], err = parseHTML(file, texts[file], texts["page.html"]); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func messageTemplate(kind message.Kind) string { return "messages/" + string(kind) + ".tmpl" }

// define makes a body of a template what its layout shows as body.
func define(body string) string { return `{{define "body"}}` + body + `{{end}}` }

// comment matches an HTML comment. Outlook reads conditional ones, and
// html/template would remove them.
var comment = regexp.MustCompile(`<!--.*?-->`)

// parseHTML parses a body and the layout that it fills, and keeps the layout's
// comments.
func parseHTML(name, body, layout string) (*htmltemplate.Template, error) {
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
		Parse(define(body) + layout)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	return t, nil
}

// A placeholder is in a template as a word that every escaper leaves alone; its
// delimiters are put in afterwards.
const placeholderPrefix = "9blank0"

var placeholderWord = regexp.MustCompile(placeholderPrefix + `([a-z]+)9`)

func placeholder(name string) string { return placeholderPrefix + name + "9" }

func delimitPlaceholders(s string) string {
	return placeholderWord.ReplaceAllString(s, message.PlaceholderDelimiter+"$1"+message.PlaceholderDelimiter)
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

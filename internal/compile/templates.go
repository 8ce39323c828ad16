package compile

import (
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"regexp"
	"strings"
	texttemplate "text/template"

	"poolpost/internal/message"
)

// A templateSet is the parsed layouts and bodies.
type templateSet struct {
	html      map[message.Kind]*htmltemplate.Template
	text      map[message.Kind]*texttemplate.Template
	page      map[string]*htmltemplate.Template // by name
	pageNames []string                          // sorted
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

// A placeholder is in a template as a word that every escaper leaves alone; its
// delimiters are put in afterwards.
const placeholderPrefix = "9blank0"

var placeholderWord = regexp.MustCompile(placeholderPrefix + `([a-z]+)9`)

func placeholder(name string) string { return placeholderPrefix + name + "9" }

func delimitPlaceholders(s string) string {
	return placeholderWord.ReplaceAllString(s, message.FieldDelimiter+"$1"+message.FieldDelimiter)
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

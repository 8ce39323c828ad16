package compile

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"poolpost/internal/message"
)

// A page is what the templates of a page see.
type page struct {
	*frame
	words  *words // of this page
	shared *words // of all pages

	Title string
	Text  string
}

// Button is the word on the page's own button.
func (p *page) Button() (string, error) { return p.words.say("button", p.values) }

// Word is a word that several pages share.
func (p *page) Word(key string) (string, error) { return p.shared.say(key, p.values) }

// Blank is a value that is filled in when the page is shown.
func (p *page) Blank(name string) string { return blank(name) }

// MinimumLength is that of the pool's passwords.
func (p *page) MinimumLength() int { return p.settings.Pool.PasswordPolicy.MinimumLength }

// PasswordPattern is the pool's policy, but for the length, as a regular
// expression for the attribute pattern (HTML standard: JavaScript with the flag
// v). The symbols are those of the developer guide, "Adding user pool password
// requirements"; PasswordType lets no password begin or end with a blank.
func (p *page) PasswordPattern() string {
	const symbols = `[ \^$*.\[\]\{\}\(\)?"!@#%&\/\\,><':;\|_~\x60=+\-]`
	policy := p.settings.Pool.PasswordPolicy
	var pattern strings.Builder
	for _, rule := range []struct {
		required bool
		class    string
	}{
		{policy.RequireNumbers, "[0-9]"},
		{policy.RequireLowercase, "[a-z]"},
		{policy.RequireUppercase, "[A-Z]"},
		{policy.RequireSymbols, symbols},
	} {
		if rule.required {
			pattern.WriteString("(?=.*" + rule.class + ")")
		}
	}
	return pattern.String() + `\S.*\S`
}

func (set *templateSet) readPages(templates fs.FS) error {
	layout, err := fs.ReadFile(templates, "page.html")
	if err != nil {
		return fmt.Errorf("read page layout: %w", err)
	}
	files, err := fs.Glob(templates, "pages/*.tmpl")
	if err != nil {
		return fmt.Errorf("list pages: %w", err)
	}
	for _, file := range files {
		body, err := fs.ReadFile(templates, file)
		if err != nil {
			return fmt.Errorf("read page: %w", err)
		}
		state := strings.TrimSuffix(path.Base(file), ".tmpl")
		set.page[state], err = parseHTML(file, string(layout), `{{define "body"}}`+string(body)+`{{end}}`)
		if err != nil {
			return err
		}
		set.state = append(set.state, state)
	}
	return nil
}

// allow returns the directives of a Content-Security-Policy that allow the style
// of a page, and its script if it has one, by their hashes.
func allow(html string) (string, error) {
	styles, scripts := strings.Count(html, "<style>"), strings.Count(html, "<script>")
	if styles != 1 || scripts > 1 {
		return "", fmt.Errorf("page.html must hold one style, not %d, and at most one script, not %d", styles, scripts)
	}
	var directives []string
	for _, kind := range []string{"style", "script"} {
		if _, text, ok := strings.Cut(html, "<"+kind+">"); ok {
			text, _, _ = strings.Cut(text, "</"+kind+">")
			hash := sha256.Sum256([]byte(text))
			directives = append(directives, kind+"-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'")
		}
	}
	return strings.Join(directives, "; "), nil
}

// pages compiles the pages of one client in one locale into files.
func (set *templateSet) pages(f *frame, files map[string][]byte) (problems []error) {
	shared := newWords(f.locale, "pageWords", f.locale.PageWords)
	for _, state := range set.state {
		w := newWords(f.locale, "pages."+state, f.locale.Pages[state])
		p := &page{frame: f, words: w, shared: shared}
		var err1, err2 error
		p.Title, err1 = w.say("title", f.values)
		p.Text, err2 = w.say("text", f.values)
		if err := errors.Join(err1, err2); err != nil {
			problems = append(problems, err)
			continue
		}
		var b strings.Builder
		if err := set.page[state].Execute(&b, p); err != nil {
			problems = append(problems, executed(err))
			continue
		}
		if err := w.unused(); err != nil {
			problems = append(problems, err)
		}
		html := markBlanks(b.String())
		allowed, err := allow(html)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		compiled := message.Page{Inline: allowed, HTML: html}
		files[message.PageFile(f.client.Name, f.Lang, state)] = compiled.Encode()
	}
	for state := range f.locale.Pages {
		if !slices.Contains(set.state, state) {
			problems = append(problems, f.locale.fault("pages."+state, "there is no such page"))
		}
	}
	if err := shared.unused(); err != nil {
		problems = append(problems, err)
	}
	return problems
}

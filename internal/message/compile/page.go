package compile

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
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

var style = regexp.MustCompile(`(?s)<style>(.*?)</style>`)

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
		styles := style.FindAllStringSubmatch(html, -1)
		if len(styles) != 1 {
			problems = append(problems, fmt.Errorf("page.html must hold one style, not %d", len(styles)))
			continue
		}
		hash := sha256.Sum256([]byte(styles[0][1]))
		compiled := message.Page{StyleHash: "sha256-" + base64.StdEncoding.EncodeToString(hash[:]), HTML: html}
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

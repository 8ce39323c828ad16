package compile

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"poolpost/internal/message"
)

// A pageContext is what the templates of a page see.
type pageContext struct {
	*brandContext
	words  *translations // of this page
	shared *translations // of all pages

	Title string
	Text  string
}

// Button is the word on the page's own button.
func (p *pageContext) Button() string { return p.words.text("button", p.values) }

// Word is a word that several pages share.
func (p *pageContext) Word(key string) string { return p.shared.text(key, p.values) }

// Placeholder is filled when the page is shown.
func (p *pageContext) Placeholder(name string) string { return placeholder(name) }

// MinimumLength is that of the pool's passwords.
func (p *pageContext) MinimumLength() int { return p.settings.Pool.PasswordPolicy.MinimumLength }

// PasswordPattern is the pool's policy, but for the length, as a regular
// expression for the attribute pattern (HTML standard: JavaScript with the flag
// v). The symbols are those of the developer guide, "Adding user pool password
// requirements"; PasswordType lets no password begin or end with a space.
func (p *pageContext) PasswordPattern() string {
	const symbols = `(?=.*[ \^$*.\[\]\{\}\(\)?"!@#%&\/\\,><':;\|_~\x60=+\-])`
	classes := required(p.settings.Pool.PasswordPolicy, "(?=.*[0-9])", "(?=.*[a-z])", "(?=.*[A-Z])", symbols)
	return strings.Join(classes, "") + `\S.*\S`
}

// inlinePolicy returns the directives of a Content-Security-Policy that allow the style
// of a page, and its script if it has one, by their hashes.
func inlinePolicy(html string) (string, error) {
	styles, scripts := strings.Count(html, "<style>"), strings.Count(html, "<script>")
	if styles != 1 || scripts > 1 {
		return "", fmt.Errorf("page.html must hold one style, not %d, and at most one script, not %d", styles, scripts)
	}
	var directives []string
	for _, kind := range []string{"style", "script"} {
		if _, rest, ok := strings.Cut(html, "<"+kind+">"); ok {
			text, _, _ := strings.Cut(rest, "</"+kind+">")
			hash := sha256.Sum256([]byte(text))
			directives = append(directives, kind+"-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'")
		}
	}
	return strings.Join(directives, "; "), nil
}

// pages compiles the pages of one client in one locale into files.
func (set *templateSet) pages(b *brandContext, files map[string][]byte) (errs []error) {
	words := func(path string, texts map[string]string) *translations {
		return &translations{locale: b.locale, path: path, texts: texts, used: map[string]bool{}}
	}
	shared := words("pageWords", b.locale.PageWords)
	for _, name := range slices.Sorted(maps.Keys(set.page)) {
		w := words("pages."+name, b.locale.Pages[name])
		p := &pageContext{
			brandContext: b, words: w, shared: shared,
			Title: w.text("title", b.values), Text: w.text("text", b.values),
		}
		var out strings.Builder
		if err := set.page[name].Execute(&out, p); err != nil {
			errs = append(errs, err)
			continue
		}
		w.reportUnused()
		html := delimitPlaceholders(out.String())
		policy, err := inlinePolicy(html)
		errs = append(errs, err)
		files[message.PageFile(b.client.Name, b.Lang, name)] = message.Page{CSPSources: policy, HTML: html}.Encode()
	}
	for _, name := range slices.Sorted(maps.Keys(b.locale.Pages)) {
		if set.page[name] == nil {
			b.locale.Report("pages."+name, "there is no such page")
		}
	}
	shared.reportUnused()
	return errs
}

package compile

import (
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"poolpost/internal/link"
	"poolpost/internal/message"
	"poolpost/internal/settings/settingstest"

	"golang.org/x/net/html"
)

// filledByPages are the placeholders that verify-link fills.
var filledByPages = []string{"client", "user", "code", "typed", "pressed", "return", "lang", "continue", "again", "reason"}

var (
	anyPlaceholder = regexp.MustCompile(message.PlaceholderDelimiter + "([a-z]*)" + message.PlaceholderDelimiter)
	action         = regexp.MustCompile(`action="([^"]*)"`)
)

func TestPages(t *testing.T) {
	s := settingstest.Sample(t)
	out := compiledProject(t)
	sources, err := filepath.Glob(templates + "/pages/*.tmpl")
	if err != nil || len(sources) < 30 {
		t.Fatal(sources, err)
	}
	if want := len(sources) * len(s.Locales); len(out.Pages) != want {
		t.Errorf("there are %d pages, want %d", len(out.Pages), want)
	}
	dir := t.TempDir()
	for file, content := range out.Pages {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, locale := range s.Locales {
		for _, source := range sources {
			state := strings.TrimSuffix(filepath.Base(source), ".tmpl")
			t.Run(locale+"/"+state, func(t *testing.T) {
				page, err := (&message.Files{Dir: dir}).Page("web", locale, state)
				if err != nil {
					t.Fatal(err)
				}
				checkPage(t, locale, page)
			})
		}
	}
}

func checkPage(t *testing.T, locale string, page message.Page) {
	t.Helper()
	if len(page.HTML) > 30<<10 {
		t.Errorf("it has %d bytes", len(page.HTML))
	}
	// Each style and script is allowed by its hash, and nothing else is.
	rest := page.HTML
	var allowed []string
	for _, kind := range []string{"style", "script"} {
		before, after, has := strings.Cut(rest, "<"+kind+">")
		text, after, closed := strings.Cut(after, "</"+kind+">")
		if rest = before + after; has != closed || has != (kind == "style" || strings.Contains(rest, `type="password"`)) {
			t.Errorf("it has a <%s>: %t", kind, has)
		}
		if strings.Contains(text, message.PlaceholderDelimiter) {
			t.Errorf("its %s changes when it is filled", kind)
		}
		if hash := sha256.Sum256([]byte(text)); has {
			allowed = append(allowed, kind+"-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'")
		}
	}
	if want := strings.Join(allowed, "; "); page.CSPSources != want {
		t.Errorf("its policy allows %s, not %s", page.CSPSources, want)
	}
	if strings.Contains(rest, "<style") || strings.Contains(rest, "<script") || strings.Contains(page.HTML, " style=") {
		t.Error("it has a style or a script that no hash covers")
	}
	for _, left := range []string{"ZgotmplZ", "blank0", "{{", "<no value>"} {
		if strings.Contains(page.HTML, left) {
			t.Errorf("it holds %s", left)
		}
	}
	for _, m := range anyPlaceholder.FindAllStringSubmatch(page.HTML, -1) {
		if !slices.Contains(filledByPages, m[1]) {
			t.Errorf("nothing fills its placeholder %q", m[1])
		}
	}
	for _, m := range action.FindAllStringSubmatch(page.HTML, -1) {
		if !slices.Contains([]string{link.PathConfirm, link.PathResend, link.PathReset, link.PathForgot, link.PathHelp, message.PlaceholderDelimiter + "again" + message.PlaceholderDelimiter}, m[1]) {
			t.Errorf("a form goes to %q", m[1])
		}
	}
	dir, _ := directionOf(locale)
	if a := first(page.HTML, "html"); a["lang"] != locale || a["dir"] != dir {
		t.Errorf("<html> has %v", a)
	}

	// Whatever it is filled with, it stays the page that it is.
	plain, nasty := message.Values{}, message.Values{}
	for _, name := range filledByPages {
		plain[name], nasty[name] = "x", `"'><script src=//example.net></script><!-- <a onclick=x>`
	}
	tags := elements(t, message.FillHTML(page.HTML, plain))
	if !slices.Equal(tags, elements(t, message.FillHTML(page.HTML, nasty))) {
		t.Error("a value can change what it is made of")
	}
}

// elements are the tags of a page with the names of their attributes. It fails
// for those that the Content-Security-Policy would block.
func elements(t *testing.T, page string) []string {
	t.Helper()
	var list []string
	tokens := html.NewTokenizer(strings.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		token := tokens.Token()
		if token.Type == html.TextToken {
			continue
		}
		if slices.Contains([]string{"link", "img", "iframe", "base", "object"}, token.Data) {
			t.Errorf("it has a <%s>", token.Data)
		}
		entry := token.Type.String() + " " + token.Data
		for _, a := range token.Attr {
			entry += " " + a.Key
			if a.Key == "src" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s> has %s", token.Data, a.Key)
			}
		}
		list = append(list, entry)
	}
	if len(list) < 15 {
		t.Errorf("it has only the tags %q", list)
	}
	return list
}

func TestPagesUseThePasswordPolicy(t *testing.T) {
	s := inEnglish(t)
	s.Pool.PasswordPolicy.MinimumLength = 17
	s.Pool.PasswordPolicy.RequireSymbols = true
	out := compileAll(t, os.DirFS(templates), s)
	for _, state := range []string{"reset", "reset-code", "reset-wrong-code", "reset-differ", "reset-refused", "reset-used", "reset-unavailable"} {
		page := string(out.Pages[message.PageFile("web", "en", state)])
		for _, part := range []string{`minlength="17"`, "at least 17 characters", "a special character", `pattern="(?=.*[0-9])(?=.*[ \^$*`} {
			if !strings.Contains(strings.ToLower(page), part) {
				t.Errorf("%s lacks %s:\n%s", state, part, page)
			}
		}
	}
}

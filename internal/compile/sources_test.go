package compile

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"poolpost/internal/message"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
	embedded "poolpost/templates"
)

// overlaid are the embedded templates with the files of an adopter's folder. An empty text stands
// for an empty file.
func overlaid(t *testing.T, files map[string]string) fs.FS {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return embedded.Overlay(dir)
}

// text is one of the embedded files.
func text(t *testing.T, name string) string {
	t.Helper()
	b, err := embedded.FS.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// ours is one of the embedded files, changed.
func ours(t *testing.T, name, old, by string) string {
	t.Helper()
	before := text(t, name)
	if !strings.Contains(before, old) {
		t.Fatalf("%s does not hold %q", name, old)
	}
	return strings.ReplaceAll(before, old, by)
}

// inLocales are the shipped settings with these locales.
func inLocales(t *testing.T, locales ...string) *settings.Settings {
	s := settingstest.Sample(t)
	s.Locales = locales
	return s
}

// The words of a block that an adopter leaves out remain in Poolpost's locales.
func TestTemplateMayLeaveOutABlock(t *testing.T) {
	for file, block := range map[string]string{
		"messages/welcome.tmpl": `{{template "note" .Text "note"}}`,
		"pages/confirm.tmpl":    `{{.Button}}`,
		"page.html":             `{{.Word "showPassword"}}`,
	} {
		t.Run(file, func(t *testing.T) {
			all := compileAll(t, embedded.FS, inLocales(t, "en", "fr"))
			out := compileAll(t, overlaid(t, map[string]string{file: ours(t, file, block, "")}), inLocales(t, "en", "fr"))
			if reflect.DeepEqual(out, all) {
				t.Error("the block is still there")
			}
		})
	}
}

func TestProblemsOfOverridesNameARemedy(t *testing.T) {
	const poolposts = "; this file is Poolpost's: write the text in "
	const orCopy = " of the settings, or copy it to your own folder templates/locales and change it there"
	extra := ours(t, "messages/welcome.tmpl", `.Text "note"`, `.Text "extra"`)
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a word that Poolpost's locales do not have": {
			map[string]string{"messages/welcome.tmpl": extra},
			"templates/locales/en.yaml:N: messages.welcome.extra: is missing, and a template of yours uses it" +
				poolposts + "brands[0].wording.en.welcome.extra" + orCopy + "\n" +
				"templates/locales/fr.yaml:N: messages.welcome.extra: is missing, and a template of yours uses it" +
				poolposts + "brands[0].wording.fr.welcome.extra" + orCopy,
		},
		"a word of a page": {
			map[string]string{"pages/confirm.tmpl": `{{.Word "extra"}}` + text(t, "pages/confirm.tmpl")},
			"templates/locales/en.yaml:N: pageWords.extra: is missing, and a template of yours uses it" +
				"; this file is Poolpost's: copy it to your own folder templates/locales and change it there\n" +
				"templates/locales/fr.yaml:N: pageWords.extra: is missing, and a template of yours uses it" +
				"; this file is Poolpost's: copy it to your own folder templates/locales and change it there",
		},
		"a word of theirs that nothing uses": {
			map[string]string{
				"messages/welcome.tmpl": ours(t, "messages/welcome.tmpl", `{{template "note" .Text "note"}}`, ""),
				"locales/en.yaml":       text(t, "locales/en.yaml"),
			},
			"templates/locales/en.yaml:N: messages.welcome.note: no template uses it; remove it",
		},
		"a refusal that an older copy of a locale lacks": {
			map[string]string{"locales/en.yaml": regexp.MustCompile(`(?m)^  EMAIL_TYPO:.*\n`).ReplaceAllString(text(t, "locales/en.yaml"), "")},
			"templates/locales/en.yaml:N: refusals.EMAIL_TYPO: is missing",
		},
		"an unknown refusal": {
			map[string]string{"locales/en.yaml": ours(t, "locales/en.yaml", "\nrefusals:\n", "\nrefusals:\n  EMAIL_UGLY: \"Use a nicer address\"\n")},
			"templates/locales/en.yaml:N: refusals.EMAIL_UGLY: there is no such refusal; remove it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := All(overlaid(t, test.files), inLocales(t, "en", "fr"))
			if err == nil {
				t.Fatal("it compiles")
			}
			if got := regexp.MustCompile(`yaml:\d+`).ReplaceAllString(err.Error(), "yaml:N"); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// A word that only the adopter's template uses can be written in the settings.
func TestWordingOfABrandCanAddAWord(t *testing.T) {
	s := inLocales(t, "en")
	s.Brands[0].Wording = map[string]map[string]map[string]string{"en": {"welcome": {"extra": "See you at the summer party."}}}
	files := overlaid(t, map[string]string{"messages/welcome.tmpl": ours(t, "messages/welcome.tmpl", `.Text "note"`, `.Text "extra"`)})
	if text := compiledFor(t, compileAll(t, files, s), "web", "en", message.Welcome).Text; !strings.Contains(text, "summer party") {
		t.Errorf("got\n%s", text)
	}
}

// A language need not follow the placeholders of an adopter's English words.
func TestOwnEnglishWordsDoNotBindOtherLocales(t *testing.T) {
	own := ours(t, "locales/en.yaml", `heading: "Your account is ready"`, `heading: "Your account is ready, says {support}"`)
	if _, err := All(overlaid(t, map[string]string{"locales/en.yaml": own}), inLocales(t, "en", "fr")); err != nil {
		t.Error(err)
	}
}

func TestUnreadFilesAreRefused(t *testing.T) {
	for name, want := range map[string]string{ // an empty want: accepted
		"messages/welcome.tmpl~":  "",
		".DS_Store":               "",
		"messages/.welcome.swp":   "",
		"README.md":               "",
		"build.mjs":               "",
		"messages/welcom.tmpl":    "did you mean templates/messages/welcome.tmpl?",
		"messages/Welcome.tmpl":   "did you mean templates/messages/welcome.tmpl?",
		"messages/welcome.tmlp":   "did you mean templates/messages/welcome.tmpl?",
		"messages/sign_up.tmpl":   "did you mean templates/messages/sign-up.tmpl?",
		"messages/goodbye.tmpl":   "the names here are account-takeover.tmpl, attribute-change.tmpl, forgot-password.tmpl, ",
		"messages/sub/x.tmpl":     "the names here are account-takeover.tmpl, ",
		"pages/comfirm.tmpl":      "did you mean templates/pages/confirm.tmpl?",
		"welcome.tmpl":            "did you mean templates/messages/welcome.tmpl?",
		"pages/welcome.tmpl":      "did you mean templates/messages/welcome.tmpl?",
		"message/welcome.tmpl":    "templates/message: is unknown; did you mean the folder templates/messages?",
		"locale/en.yaml":          "templates/locale: is unknown; did you mean the folder templates/locales?",
		"locales/en.yml":          "did you mean templates/locales/en.yaml?",
		"locales/fr_CA.yaml":      "(to add a language, list fr_CA in locales of the settings)",
		"locales/klingon.yaml":    "list klingon in locales of the settings",
		"layout.htm":              "did you mean templates/layout.html?",
		"Layout.txt":              "did you mean templates/layout.txt?",
		"logo.png":                "the names here are layout.html, layout.txt, locales, messages, page.html, pages",
		"layout.mjml":             "compile it, since only layout.html is read",
		"locales/pt-BR.yaml.orig": "the names here are ar.yaml, ",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := All(overlaid(t, map[string]string{name: ""}), inLocales(t, "en"))
			if want == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got\n%v\nwant %s", err, want)
			}
			if file, _, _ := strings.Cut(err.Error(), ": "); !strings.HasPrefix("templates/"+name, file) {
				t.Errorf("it names %s", file)
			}
		})
	}
}

// All files of an adopter's folder that are misspelt are reported at once, and another locale
// of the settings is read.
func TestEveryUnreadFileIsReported(t *testing.T) {
	files := map[string]string{
		"layout.htm": "", "pages/nowhere.tmpl": "", "layout.txt": text(t, "layout.txt"),
		"locales/en-GB.yaml": text(t, "locales/en.yaml"),
	}
	_, err := All(overlaid(t, files), inLocales(t, "en", "en-GB"))
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("got %v", err)
	}
	delete(files, "layout.htm")
	delete(files, "pages/nowhere.tmpl")
	compileAll(t, overlaid(t, files), inLocales(t, "en", "en-GB"))
}

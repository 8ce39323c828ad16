package compile

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"poolpost/internal/message"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"

	"go.yaml.in/yaml/v3"
	"golang.org/x/net/html"
)

const (
	root      = "../.."
	templates = root + "/templates"
)

func compileAll(t *testing.T, files fs.FS, s *settings.Settings) *Output {
	t.Helper()
	out, err := All(files, s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// inEnglish are the shipped settings with one locale, so that a mistake is
// reported once.
func inEnglish(t *testing.T) *settings.Settings {
	s := settingstest.Sample(t)
	s.Locales = []string{"en"}
	return s
}

// copied is a copy of the project's own templates, to be changed.
func copied(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	source := os.DirFS(templates)
	err := fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(source, path)
		files[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// replace changes a text that a template holds, in all its places.
func replace(t *testing.T, files fstest.MapFS, file, old, by string) {
	t.Helper()
	text := string(files[file].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s does not hold %q", file, old)
	}
	files[file] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, old, by))}
}

// setWord changes the English words at a path such as messages.sign-up.subject;
// nil removes them.
func setWord(t *testing.T, files fstest.MapFS, path string, value any) {
	t.Helper()
	const file = "locales/en.yaml"
	all := map[string]any{}
	if err := yaml.Unmarshal(files[file].Data, &all); err != nil {
		t.Fatal(err)
	}
	words := all
	keys := strings.Split(path, ".")
	last := len(keys) - 1
	for _, key := range keys[:last] {
		below, ok := words[key].(map[string]any)
		if !ok {
			below = map[string]any{}
			words[key] = below
		}
		words = below
	}
	words[keys[last]] = value
	if value == nil {
		delete(words, keys[last])
	}
	text, err := yaml.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	files[file] = &fstest.MapFile{Data: text}
}

func TestEveryKindHasAFileForEveryClientAndLocale(t *testing.T) {
	s := withDrivers(t)
	out := compileAll(t, os.DirFS(templates), s)
	var want []string
	for _, client := range []string{"web", "drivers"} {
		for _, locale := range s.Locales {
			for _, kind := range message.Kinds() {
				want = append(want, message.File(client, locale, kind))
			}
		}
	}
	var got []string
	for file := range out.Messages {
		got = append(got, file)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// A compiled message of the project, for the client web.
type compiled struct {
	locale string
	kind   message.Kind
	message.Message
}

func (m compiled) name() string { return m.locale + "/" + string(m.kind) }

// compiledOnce is all of the project, for the tests that only look at it.
var compiledOnce = sync.OnceValues(func() (*Output, error) {
	s, err := settings.Read(settingstest.File())
	if err != nil {
		return nil, err
	}
	return All(os.DirFS(templates), s)
})

func compiledProject(t *testing.T) *Output {
	t.Helper()
	out, err := compiledOnce()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func allMessages(t *testing.T) []compiled {
	t.Helper()
	out := compiledProject(t)
	var list []compiled
	for _, locale := range settingstest.Sample(t).Locales {
		for _, kind := range message.Kinds() {
			m, err := message.Decode(out.Messages[message.File("web", locale, kind)])
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, compiled{locale, kind, m})
		}
	}
	return list
}

// each calls a check with every compiled message of the project.
func each(t *testing.T, check func(t *testing.T, m compiled)) {
	t.Helper()
	for _, m := range allMessages(t) {
		t.Run(m.name(), func(t *testing.T) { check(t, m) })
	}
}

func TestLargestMessageLeavesRoom(t *testing.T) {
	largest, name := 0, ""
	for _, m := range allMessages(t) {
		if n := utf8.RuneCountInString(m.Fill(Longest).HTML); n > largest {
			largest, name = n, m.name()
		}
	}
	t.Logf("the largest message is %s: %d of %d characters when its placeholders are filled with the longest values", name, largest, message.MaxHTML)
	if largest > message.MaxHTML*3/4 {
		t.Errorf("%s has %d characters, of Cognito's %d: a longer brand or another language may not fit", name, largest, message.MaxHTML)
	}
}

// html/template drops comments; Outlook lays an email out by the conditional ones.
func TestConditionalCommentsSurvive(t *testing.T) {
	layout, err := os.ReadFile(templates + "/layout.html")
	if err != nil {
		t.Fatal(err)
	}
	want := comment.FindAllString(string(layout), -1)
	if len(want) < 10 || !strings.Contains(want[0], "[if !mso]") {
		t.Fatalf("the layout has only the comments %q", want)
	}
	each(t, func(t *testing.T, m compiled) {
		if got := comment.FindAllString(m.HTML, -1); !slices.Equal(got, want) {
			t.Errorf("got\n%q\nwant\n%q", got, want)
		}
	})
}

func TestNoTemplateSyntaxIsLeft(t *testing.T) {
	each(t, func(t *testing.T, m compiled) {
		for part, text := range map[string]string{
			"greeting": m.Greeting + m.GreetingWithoutName, "subject": m.Subject, "HTML": m.HTML, "text": m.Text,
		} {
			// ZgotmplZ is what html/template writes for a value that it refuses.
			for _, rest := range []string{"ZgotmplZ", "blank0", "{{", "<no value>", "DO NOT EDIT"} {
				if strings.Contains(text, rest) {
					t.Errorf("the %s holds %s", part, rest)
				}
			}
		}
	})
}

// first returns the attributes of the first tag of a name.
func first(page, name string) map[string]string {
	tokens := html.NewTokenizer(strings.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		if t := tokens.Token(); t.Type == html.StartTagToken && t.Data == name {
			attributes := map[string]string{}
			for _, a := range t.Attr {
				attributes[a.Key] = a.Val
			}
			return attributes
		}
	}
	return nil
}

// directionOf is what a language needs, written down separately from the locale files.
func directionOf(locale string) (dir, start string) {
	if locale == "ar" || locale == "he" {
		return "rtl", "right"
	}
	return "ltr", "left"
}

func TestLanguageAndDirectionAreSet(t *testing.T) {
	each(t, func(t *testing.T, m compiled) {
		dir, start := directionOf(m.locale)
		for _, tag := range []string{"html", "div"} {
			page := m.HTML
			if tag == "div" { // the one that stays when a mail program takes the body only
				page = page[strings.Index(page, `<div aria-label`):]
			}
			if a := first(page, tag); a["lang"] != m.locale || a["dir"] != dir {
				t.Errorf("<%s> has %v", tag, a)
			}
		}
		other := "left"
		if start == other {
			other = "right"
		}
		if !strings.Contains(m.HTML, "text-align:"+start) || strings.Contains(m.HTML, "text-align:"+other) || strings.Contains(m.HTML, `align="`+other+`"`) {
			t.Errorf("not every line begins at the %s", start)
		}
		if slices.Contains(m.kind.Spec().Placeholders, message.Code) && !strings.Contains(strings.ReplaceAll(m.HTML, "\n", " "), `<span dir="ltr">`+message.PlaceholderDelimiter+"code") {
			t.Error("the code is not written from left to right")
		}
	})
}

func TestNoBreakSpacesAreEntities(t *testing.T) {
	m := compiledFor(t, compiledProject(t), "web", "fr", message.SignUp)
	words, err := os.ReadFile(templates + "/locales/fr.yaml")
	if err != nil || !strings.ContainsAny(string(words), "\u00a0\u202f") {
		t.Fatal("the French words have no no-break spaces", err)
	}
	if !strings.Contains(m.HTML, "&#xA0;") && !strings.Contains(m.HTML, "&#x202F;") {
		t.Error("the HTML has lost them")
	}
	if strings.ContainsAny(m.HTML+m.Text+m.Subject, "\u00a0\u202f") {
		t.Error("a part contains one of them as it is")
	}
}

func TestWordsMayContainCharactersThatCognitoRefuses(t *testing.T) {
	files := copied(t)
	for path, word := range map[string]string{
		"greeting": "Hello\u00a0{name}\u202f!", "greetingWithoutName": "Hello\u202f!", "messages.sign-up.subject": "Your\u00a0ad\u00address",
		"messages.sign-up.intro": "A\u200d\u2009B",
	} {
		setWord(t, files, path, word)
	}
	m, err := message.Decode(compileAll(t, files, inEnglish(t)).Messages[message.File("web", "en", message.SignUp)])
	if err != nil {
		t.Fatal(err)
	}
	filled := m.Fill(message.Values{message.Name: "Ada", message.Code: "{####}"})
	if filled.Subject != "Your address" {
		t.Errorf("got %q", filled.Subject)
	}
	for part, want := range map[string]string{filled.HTML: "A&#x200D;&#x2009;B", filled.Text: "A B"} {
		if !strings.Contains(part, want) || !strings.Contains(part, "Hello Ada !") {
			t.Errorf("%q is not in\n%s", want, part)
		}
	}
	if m.GreetingWithoutName != "Hello !" {
		t.Errorf("without a name, the greeting is %q", m.GreetingWithoutName)
	}
}

func TestBrandValuesAreEscaped(t *testing.T) {
	s := inEnglish(t)
	s.Brands[0].DisplayName = `T&J's <b> "x"`
	s.Brands[0].Color = "#7c2d12"
	s.Brands[0].PostalAddress = "1\u00a0Sample <i>Street</i>"
	m, err := message.Decode(compileAll(t, os.DirFS(templates), s).Messages[message.File("web", "en", message.SignUp)])
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(m.HTML, "<b>") || strings.Contains(m.HTML, "<i>") || !strings.Contains(m.HTML, "T&amp;J&#39;s &lt;b&gt; &#34;x&#34;") ||
		!strings.Contains(m.HTML, "1&#xA0;Sample &lt;i&gt;") {
		t.Errorf("the HTML is\n%s", m.HTML)
	}
	for part, text := range map[string]string{"subject": m.Subject, "text": m.Text} {
		if !strings.Contains(text, `T&J's <b> "x"`) {
			t.Errorf("the %s is %q", part, text)
		}
	}
	if strings.Contains(m.HTML, "#1d4ed8") || strings.Count(m.HTML, "#7c2d12") < 3 {
		t.Error("the button has another brand's colour")
	}
}

func TestTextPartMatchesTheHTML(t *testing.T) {
	each(t, func(t *testing.T, m compiled) {
		if strings.ContainsAny(m.Text, "<>") || strings.Contains(m.Text, "&#") || strings.Contains(m.Text, "&amp;") {
			t.Errorf("the text holds HTML: %q", m.Text)
		}
		for _, name := range m.kind.Spec().Placeholders {
			if !strings.Contains(m.HTML, marked(name)) || !strings.Contains(m.Text, marked(name)) {
				t.Errorf("only one part has the %s", name)
			}
		}
	})
}

func TestPasswordPolicyInWords(t *testing.T) {
	l := &Locale{}
	l.PasswordPolicy.Separator, l.PasswordPolicy.Length = " + ", "{minimum} letters"
	l.PasswordPolicy.Numbers, l.PasswordPolicy.Lowercase, l.PasswordPolicy.Uppercase, l.PasswordPolicy.Symbols = "n", "l", "u", "s"
	for want, policy := range map[string]settings.PasswordPolicy{
		"6 letters":                  {MinimumLength: 6},
		"8 letters + n":              {MinimumLength: 8, RequireNumbers: true},
		"99 letters + n + l + u + s": {MinimumLength: 99, RequireNumbers: true, RequireLowercase: true, RequireUppercase: true, RequireSymbols: true},
		"12 letters + l + s":         {MinimumLength: 12, RequireLowercase: true, RequireSymbols: true},
		"8 letters + u":              {MinimumLength: 8, RequireUppercase: true},
	} {
		if got := passwordPolicy(l, policy); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// flat are the paths and texts of all words of a locale file.
func flat(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	if err := yaml.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	words := map[string]string{}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, below := range value {
				walk(path+"."+key, below)
			}
		case string:
			words[strings.TrimPrefix(path, ".")] = value
		default:
			t.Errorf("%s: %s is no text: %v", file, path, value)
		}
	}
	walk("", all)
	return words
}

func TestLocalesHaveTheSameWordsWithTheSamePlaceholders(t *testing.T) {
	files, err := filepath.Glob(templates + "/locales/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	english := flat(t, templates+"/locales/en.yaml")
	maps.DeleteFunc(english, func(path, _ string) bool { return strings.HasPrefix(path, "durations.") })
	for _, file := range files {
		words := flat(t, file)
		maps.DeleteFunc(words, func(path, _ string) bool { return strings.HasPrefix(path, "durations.") }) // plurals differ
		for path, word := range english {
			translated, ok := words[path]
			if !ok {
				t.Errorf("%s lacks %s", file, path)
				continue
			}
			// A message may name the brand where English does not; what carries
			// information must be there.
			for _, p := range braces.FindAllString(word, -1) {
				if p != "{brand}" && !strings.Contains(translated, p) {
					t.Errorf("%s: %s lacks %s", file, path, p)
				}
			}
		}
		for path, word := range words {
			original, ok := english[path]
			if !ok {
				t.Errorf("%s has %s, which English lacks", file, path)
			}
			for _, p := range braces.FindAllString(word, -1) {
				if p != "{brand}" && !strings.Contains(original, p) {
					t.Errorf("%s: %s has %s, which English has not", file, path, p)
				}
			}
			// "PreSignUp failed with error CODE: sentence." is what the app
			// gets; the full stop is Cognito's.
			if strings.HasPrefix(path, "refusals.") && strings.HasSuffix(word, ".") {
				t.Errorf("%s: %s ends in a full stop", file, path)
			}
		}
	}
}

func TestRefusalsByLocaleAndCode(t *testing.T) {
	s := settingstest.Sample(t)
	out := compiledProject(t)
	if len(out.Refusals) != len(s.Locales) {
		t.Errorf("%d locales have refusals, of %d", len(out.Refusals), len(s.Locales))
	}
	for _, locale := range s.Locales {
		words := flat(t, templates+"/locales/"+locale+".yaml")
		for code, sentence := range out.Refusals[locale] {
			if sentence == "" || sentence != words["refusals."+code] {
				t.Errorf("%s: %s is %q", locale, code, sentence)
			}
		}
		if len(out.Refusals[locale]) < 8 {
			t.Errorf("%s has only %d refusals", locale, len(out.Refusals[locale]))
		}
	}
}

func TestOversizedMessageFailsTheBuild(t *testing.T) {
	files := copied(t)
	setWord(t, files, "messages.sign-up.note", strings.Repeat("é", 20_000))
	_, err := All(files, inEnglish(t))
	want := regexp.MustCompile(`^templates/messages/sign-up\.tmpl: in en: ` +
		`the HTML has \d{5} characters when its placeholders are filled; Cognito takes 6 to 20000 \(client web\)$`)
	if err == nil || !want.MatchString(err.Error()) {
		t.Errorf("got %v", err)
	}
}

func TestFooterOmitsUnsetLines(t *testing.T) {
	for address, imprint := range map[string]string{"1 Sample Street": "MyApp · 1 Sample Street", "": "MyApp"} {
		s := inEnglish(t)
		s.Brands[0].PostalAddress = address
		out := compileAll(t, os.DirFS(templates), s)
		m := compiledFor(t, out, "web", "en", message.SignUp)
		page := string(out.Pages[message.PageFile("web", "en", "confirm")])
		const questions = "Questions? support@example.com"
		for want, text := range map[string]string{
			"<bdi>" + imprint + "</bdi><br />" + questions + "<": m.HTML,
			"\n" + imprint + "\n" + questions + "\n":             m.Text,
			">" + imprint + " · " + questions + "<":              page,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
	}
}

func TestBrandInUseNeedsASupportAddress(t *testing.T) {
	s := settingstest.Sample(t) // with several locales: the mistake is of the brand, and reported once
	s.Locales = []string{"en", "fr"}
	s.Brands[0].Support = ""
	second := s.Clients[0]
	second.Name = "drivers"
	s.Clients = append(s.Clients, second)
	s.Brands = append(s.Brands, settings.Brand{Name: "unused", DisplayName: "Unused"})
	_, err := All(os.DirFS(templates), s)
	if want := "brands: myapp: support is missing; write the address that people are sent to for help, or mail.replyTo"; err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestUnknownLocaleIsNamedWithTheKnownOnes(t *testing.T) {
	s := inEnglish(t)
	s.Locales = []string{"en", "tlh"}
	_, err := All(os.DirFS(templates), s)
	if err == nil || !strings.HasPrefix(err.Error(), `locales: there are no words for "tlh"; add templates/locales/tlh.yaml, or use some of `) ||
		!strings.Contains(err.Error(), "ar, de, en, ") {
		t.Errorf("got %v", err)
	}
}

func TestEveryLocaleHasTheRefusalsOfTheSource(t *testing.T) {
	s := settingstest.Sample(t)
	s.Locales = []string{"fr"}
	files := copied(t)
	replace(t, files, "locales/fr.yaml", "  TRY_AGAIN:", "  TRY_LATER:")
	_, err := All(files, s)
	want := regexp.MustCompile(`^templates/locales/fr\.yaml:\d+: refusals\.TRY_AGAIN: is missing
templates/locales/fr\.yaml:\d+: refusals\.TRY_LATER: there is no such refusal; remove it$`)
	if err == nil || !want.MatchString(err.Error()) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestMistakesAreReportedForEachClientAndLocale(t *testing.T) {
	s := settingstest.Sample(t)
	s.Locales = []string{"en", "fr"}
	second := s.Clients[0]
	second.Name = "drivers"
	s.Clients = append(s.Clients, second)
	files := copied(t)
	setWord(t, files, "messages.sign-up.subject", "Go to example.net")
	_, err := All(files, s)
	want := regexp.MustCompile(`^templates/locales/en\.yaml:\d+: messages\.sign-up\.subject: the subject shows an address that is not the link of the message: example\.net \(client web\)
templates/locales/en\.yaml:\d+: messages\.sign-up\.subject: the subject shows an address that is not the link of the message: example\.net \(client drivers\)$`)
	if err == nil || !want.MatchString(err.Error()) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestCompileIsDeterministic(t *testing.T) {
	s := withDrivers(t)
	first, second := compileAll(t, os.DirFS(templates), s), compileAll(t, os.DirFS(templates), s)
	if !reflect.DeepEqual(first, second) {
		t.Error("they differ")
	}
}

// The tests have settings of their own; these are the adopter's.
func TestShippedSettingsCompile(t *testing.T) {
	s, err := settings.Read(root + "/poolpost.yaml")
	if err != nil {
		t.Fatal(err)
	}
	compileAll(t, os.DirFS(templates), s)
}

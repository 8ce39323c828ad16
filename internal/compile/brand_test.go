package compile

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"poolpost/internal/message"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
)

// withDrivers are the shipped settings with a second app client, which has the
// second brand, in four languages.
func withDrivers(t *testing.T) *settings.Settings {
	t.Helper()
	s := settingstest.Sample(t)
	second := s.Clients[0]
	second.Name, second.Brand = "drivers", "drivers"
	s.Clients = append(s.Clients, second)
	s.Locales = []string{"en", "fr", "de", "ar"}
	return s
}

func compiledFor(t *testing.T, out *Output, client, locale string, kind message.Kind) message.Message {
	t.Helper()
	m, err := message.Decode(out.Messages[message.File(client, locale, kind)])
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestBrandHasItsOwnLogoColorsWordsAndFooter(t *testing.T) {
	m := compiledFor(t, compileAll(t, os.DirFS(templates), withDrivers(t)), "drivers", "en", message.SignUp)
	for part, want := range map[string]string{
		m.Subject: "One more step to drive with Example Drivers",
		m.Text:    "Yes, this is my address\n",
		m.HTML:    `<img alt="Example Drivers" src="https://drivers.example.com/logo.png"`,
	} {
		if !strings.Contains(part, want) {
			t.Errorf("%q is not in\n%s", want, part)
		}
	}
	for _, want := range []string{
		`width="140"`, "width:140px", "background:#14532d", ".button a { background: #", "Yes, this is my address",
		"Example Drivers · Example Drivers Ltd, 2 Sample Street, 12345 Exampletown</bdi><br />Questions? drivers@example.com<",
	} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the HTML lacks %s", want)
		}
	}
	if strings.Contains(m.HTML+m.Text+m.Subject, "MyApp") || strings.Contains(m.HTML, "#1d4ed8") {
		t.Error("something of the other brand is in it")
	}
}

func TestBrandKeepsWordsItDoesNotOverride(t *testing.T) {
	out := compileAll(t, os.DirFS(templates), withDrivers(t))
	for _, test := range []struct {
		client, locale string
		kind           message.Kind
		want           string
	}{
		{"web", "en", message.SignUp, "Confirm my address"},
		{"drivers", "fr", message.SignUp, "Oui, c’est mon adresse"},
		{"drivers", "de", message.SignUp, "Adresse bestätigen"},
		{"drivers", "en", message.Welcome, "Open Example Drivers"},
	} {
		if m := compiledFor(t, out, test.client, test.locale, test.kind); !strings.Contains(m.Text, test.want+"\n") {
			t.Errorf("%s of %s in %s lacks %q:\n%s", test.kind, test.client, test.locale, test.want, m.Text)
		}
	}
}

func TestBrandWordsAreValidated(t *testing.T) {
	for name, test := range map[string]struct{ key, word, want string }{
		"a key that no template uses": {"subjet", "Hello", "no template uses it; remove it"},
		"nothing":                     {"subject", "", "is missing"},
		"an unknown placeholder": {"intro", "Hello {name}",
			"{name} cannot be filled here; these can: {brand} {duration} {passwordPolicy} {postalAddress} {support}"},
		"a subject that is too long": {"subject", strings.Repeat("x", 141),
			"the subject has 141 characters when its placeholders are filled; Cognito takes 1 to 140 (client drivers)"},
		"an address": {"subject", "Go to example.net", "the subject shows an address that is not the link of the message: example.net (client drivers)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := withDrivers(t)
			s.Locales = []string{"en"}
			s.Brands[1].Wording = map[string]map[string]map[string]string{"en": {"sign-up": {test.key: test.word}}}
			_, err := All(os.DirFS(templates), s)
			if want := "brands[1].wording.en.sign-up." + test.key + ": " + test.want; err == nil || err.Error() != want {
				t.Errorf("got\n%v\nwant\n%s", err, want)
			}
		})
	}
}

// The longest name that settings accept fits everywhere, in every language.
func TestLongestAppNameFits(t *testing.T) {
	s := settingstest.Sample(t)
	s.Brands[0].DisplayName = strings.Repeat("W", 30)
	compileAll(t, os.DirFS(templates), s)
}

// A language and a brand are added with files and settings only.
func TestNewLocaleAndBrandNeedNoCode(t *testing.T) {
	files := copied(t)
	danish := strings.NewReplacer(
		"name: Svenska", "name: Dansk", "Bekräfta din e-postadress", "Bekræft din e-mailadresse", "en timme", "en time",
	).Replace(string(files["locales/sv.yaml"].Data))
	files["locales/da.yaml"] = &fstest.MapFile{Data: []byte(danish)}
	s := settingstest.SampleWith(t,
		settingstest.AllLocales, "locales: [en, fr, ar, da]",
		"brands:\n", "brands:\n  - {name: riders, displayName: Example Riders, color: \"#7c2d12\", wording: {da: {welcome: {heading: Godt at se dig}}}}\n",
		"clients:\n", "clients:\n  - {name: riders, brand: riders, locale: da, url: 'https://riders.example.com/'}\n")
	out := compileAll(t, files, s)
	if want := len(s.Locales) * len(s.Clients) * len(message.Kinds()); len(out.Messages) != want {
		t.Errorf("there are %d messages, want %d", len(out.Messages), want)
	}
	m := compiledFor(t, out, "riders", message.Lookup(s.Locales, "en", "da-DK"), message.SignUp)
	if m.Subject != "Bekræft din e-mailadresse för Example Riders" || !strings.Contains(m.HTML, `lang="da"`) || !strings.Contains(m.HTML, "#7c2d12") {
		t.Errorf("got %q", m.Subject)
	}
	if text := compiledFor(t, out, "riders", "da", message.Welcome).Text; !strings.Contains(text, "Godt at se dig\n") {
		t.Errorf("got %q", text)
	}
}

func TestWordsMustBeTranslated(t *testing.T) {
	for name, test := range map[string]struct{ old, by, want string }{
		"a sentence of the source": {`preheader: "Ein Klick, und Ihr Konto ist bereit."`, `preheader: "One click and your account is ready."`,
			`templates/locales/de\.yaml:\d+: messages\.sign-up\.preheader: is not translated: it is the same as in en\.yaml`},
		"a word that both languages have": {`codeLabel: "Vorläufiges Passwort"`, `codeLabel: "Code"`, ""},
		"a fact that got lost": {`ist {duration} gültig."`, `ist gültig."`,
			`templates/locales/de\.yaml:\d+: messages\.sign-up\.intro: lacks \{duration\}, which en\.yaml has there`},
	} {
		t.Run(name, func(t *testing.T) {
			s := settingstest.Sample(t)
			s.Locales = []string{"de"}
			s.Clients[0].Locale = "de"
			files := copied(t)
			replace(t, files, "locales/de.yaml", test.old, test.by)
			_, err := All(files, s)
			if err == nil != (test.want == "") || err != nil && !regexp.MustCompile(test.want).MatchString(err.Error()) {
				t.Errorf("got\n%v\nwant\n%s", err, test.want)
			}
		})
	}
}

package compile

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"poolpost/internal/message"
)

var update = flag.Bool("update", false, "write testdata/golden again")

const goldens = "testdata/golden"

// sampleValues are what the goldens are filled with: Cognito's placeholders
// where a trigger leaves them, and a name and an address like a person's.
func sampleValues(locale string) message.Values {
	return message.Values{
		message.Link: "https://links.example.com/confirm?client=1sample111111111111example" +
			"&user=11111111-2222-4333-8444-555555555555&code={####}&lang=" + locale,
		message.Code:   "{####}",
		message.User:   "{username}",
		message.Name:   "Ada O’Brien",
		message.Time:   "2026-01-02 15:04 UTC",
		message.Place:  "Exampletown",
		message.Device: "Firefox, Linux",
	}
}

// nastiest is a name that wants everything that a name must not have.
const nastiest = "<a href=\"https://example.net\">O'Brien & Sons</a>\r\n{####} {username} \u202e\x00'\"><script>alert(1)</script>"

// preheader is what a list of emails shows behind the subject.
var preheader = regexp.MustCompile(`<div style="display:none[^>]*>([^<]+)</div>`)

// hostileNames are names that people were not given by their parents.
var hostileNames = []string{
	nastiest,
	"</td></tr></table><a href='https://example.net'>Win</a>",
	"https://example.net/win?a=b#c",
	"www.example.net", "example.net", "t.co", "пример.рф", "example．net", "8.8.8.8",
	"ada@example.net", "mailto:ada@example.net",
	"{####}", "Ada {####}", "{username}", "{##Click Here##}", "{{.Code}} {code} {link}",
	"Ada\u202egnp.exe", "\u2067Ada\u2069\u200e", "Ada\u00adda\u200b.net",
	"Ada\r\nBcc: x@example.net\r\n\r\nbody", "Ada\u2028Lovelace",
	strings.Repeat("A", 2048), strings.Repeat("a.b ", 512), "a" + strings.Repeat("\u0301", 100),
	"Call +44 20 7946 0958", "Your code is 123456", "🎉 Ada 🎉", " ", "\x00link\x00", "Ada\xff",
}

// greetings are what is left of hostile names, in HTML and in text.
func greetings(m message.Message) string {
	var b strings.Builder
	m = message.Message{Greeting: m.Greeting, GreetingWithoutName: m.GreetingWithoutName, HTML: marked(message.Greeting), Text: marked(message.Greeting)}
	for _, name := range hostileNames {
		filled := m.Fill(message.Values{message.Name: message.CleanName(name)})
		fmt.Fprintf(&b, "%+q\n  HTML %s\n  text %s\n", name[:min(len(name), 80)], filled.HTML, filled.Text)
	}
	return b.String()
}

// golden are the goldens of the project's own messages, by their file: what a
// mail program and Cognito get. There is one file of texts for each locale. HTML is
// there for one locale of each direction: TestEveryLocaleHasTheSameHTML and Validate,
// which compares its words with the text, hold that of the others.
func golden(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	messages := allMessages(t)
	drivers := compileAll(t, os.DirFS(templates), withDrivers(t))
	for _, locale := range []string{"en", "ar"} { // a second brand, with a logo
		m := compiledFor(t, drivers, "drivers", locale, message.SignUp)
		messages = append(messages, compiled{"drivers/" + locale, message.SignUp, m})
		values := sampleValues(locale)
		values[message.Name] = message.CleanName(nastiest)
		files[locale+"/sign-up.hostile.html"] = compiledFor(t, drivers, "web", locale, message.SignUp).Fill(values).HTML
	}
	files["hostile-names.txt"] = greetings(messages[0].Message)
	for _, m := range messages {
		locale := path.Base(m.locale)
		filled := m.Fill(sampleValues(locale))
		files[m.locale+".txt"] += fmt.Sprintf("=== %s\nsubject: %s\npreheader: %s\n\n%s", m.kind,
			filled.Subject, preheader.FindStringSubmatch(filled.HTML)[1], filled.Text)
		if locale == "en" || locale == "ar" {
			files[m.name()+".html"] = filled.HTML
		}
	}
	return files
}

// TestEveryLocaleHasTheSameHTML holds that the HTML of a message differs in its words only
// from that of English, or of Arabic where a line begins on the right.
func TestEveryLocaleHasTheSameHTML(t *testing.T) {
	each(t, func(t *testing.T, m compiled) {
		model := "en"
		if dir, _ := directionOf(m.locale); dir == "rtl" {
			model = "ar"
		}
		got := withoutWords(m)
		want := withoutWords(compiled{model, m.kind, compiledFor(t, compiledProject(t), "web", model, m.kind)})
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// withoutWords is the HTML of a message without its texts, subject and language.
func withoutWords(m compiled) string {
	var b strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(strings.ReplaceAll(m.HTML, "\n", " ")))
	for tag := ""; tokens.Next() != html.ErrorToken; {
		token := tokens.Token()
		if token.Type != html.TextToken {
			tag = token.Data
		} else if tag != "style" && strings.TrimSpace(token.Data) != "" {
			token.Data = "text"
		}
		for i, attribute := range token.Attr {
			switch attribute.Val {
			case m.locale:
				token.Attr[i].Val = "locale"
			case m.Subject:
				token.Attr[i].Val = "subject"
			}
		}
		b.WriteString(token.String() + "\n")
	}
	return b.String()
}

// TestGoldens compares the messages with their goldens, and finds goldens without a
// message. After a change of words or layout, run make goldens and read the difference.
func TestGoldens(t *testing.T) {
	want := golden(t)
	if *update {
		if err := os.RemoveAll(goldens); err != nil {
			t.Fatal(err)
		}
		for file, text := range want {
			path := filepath.Join(goldens, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	have := map[string]bool{}
	err := filepath.WalkDir(goldens, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := filepath.Rel(goldens, path)
		have[filepath.ToSlash(file)] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for file := range have {
		if _, ok := want[file]; !ok {
			t.Errorf("%s is the golden of no message; run make goldens", file)
		}
	}
	for _, file := range slices.Sorted(maps.Keys(want)) {
		if !have[file] {
			t.Errorf("%s is missing; run make goldens", file)
			continue
		}
		text, err := os.ReadFile(filepath.Join(goldens, file))
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != want[file] {
			i := 0
			for i < min(len(text), len(want[file])) && text[i] == want[file][i] {
				i++
			}
			t.Errorf("%s differs from the message, at byte %d:\ngolden  %q\nmessage %q\nIf the message is right, run make goldens.",
				file, i, around(string(text), i), around(want[file], i))
		}
	}
}

// around is what is near a place in a text.
func around(s string, i int) string { return s[max(0, i-30):min(len(s), i+60)] }

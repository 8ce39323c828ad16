package message

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// mark writes a placeholder as in a compiled file.
func mark(name string) string { return PlaceholderDelimiter + name + PlaceholderDelimiter }

// sample has every context that a placeholder can have.
var sample = Message{
	Greeting:            "Hello " + mark(Name) + ",",
	GreetingWithoutName: "Hello,",
	Subject:             "Confirm your address",
	HTML: `<!doctype html><html lang="en"><head><title>Confirm</title><style>a{color:#1d4ed8}</style></head><body><p>` + mark(Greeting) +
		`</p><a ses:no-track href="` + mark(Link) + `" target="_blank">Confirm</a><span dir="ltr">` + mark(Code) + `</span><bdi>` + mark(User) +
		`</bdi><!--[if mso]><table><![endif]--><p>` + mark(Time) + mark(Place) + ` ` + mark(Device) + `</p></body></html>`,
	Text: mark(Greeting) + "\n\n" + mark(Link) + "\n" + mark(Code) + " " + mark(User) + "\n",
}

func TestFill(t *testing.T) {
	m := Message{
		Greeting: "Hello " + mark(Name) + ",", GreetingWithoutName: "Hello,",
		Subject: "For " + mark(Code),
		HTML:    `<p>` + mark(Greeting) + `</p><a href="` + mark(Link) + `">` + mark(Code) + mark(Code) + `</a>`,
		Text:    mark(Greeting) + " " + mark(Link) + " " + mark(Code) + mark(User),
	}
	tests := map[string]struct {
		values Values
		want   Filled
	}{
		"a name": {
			Values{Name: "Ada", Link: "https://a/?b=1&c=2", Code: "123456", User: "ada"},
			Filled{
				"For 123456", `<p>Hello Ada,</p><a href="https://a/?b=1&amp;c=2">123456123456</a>`,
				"Hello Ada, https://a/?b=1&c=2 123456ada",
			},
		},
		"no name": {
			Values{Link: "https://a/", Code: "1"},
			Filled{"For 1", `<p>Hello,</p><a href="https://a/">11</a>`, "Hello, https://a/ 1"},
		},
		"a name that HTML must not see": {
			Values{Name: "Tom & <Jerry>"},
			Filled{"For ", `<p>Hello Tom &amp; &lt;Jerry&gt;,</p><a href=""></a>`, "Hello Tom & <Jerry>,  "},
		},
		"Cognito's placeholders stay as they are": {
			Values{Link: "https://a/?code={####}", Code: "{####}", User: "{username}"},
			Filled{"For {####}", `<p>Hello,</p><a href="https://a/?code={####}">{####}{####}</a>`, "Hello, https://a/?code={####} {####}{username}"},
		},
		"a value that looks like a placeholder is not filled again": {
			Values{Name: mark(Code), Link: mark(Code), Code: "secret"},
			Filled{
				"For secret", `<p>Hello &#xFFFD;code&#xFFFD;,</p><a href="&#xFFFD;code&#xFFFD;">secretsecret</a>`,
				"Hello " + mark(Code) + ", " + mark(Code) + " secret",
			},
		},
		"a greeting cannot be given": {
			Values{Greeting: "<b>"},
			Filled{"For ", `<p>Hello,</p><a href=""></a>`, "Hello,  "},
		},
		"nothing": {nil, Filled{"For ", `<p>Hello,</p><a href=""></a>`, "Hello,  "}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := m.Fill(test.values); got != test.want {
				t.Errorf("got\n%+v\nwant\n%+v", got, test.want)
			}
		})
	}
}

func TestEscapeHTML(t *testing.T) {
	for in, want := range map[string]string{
		`Ada <b>"O'Brien"</b> & Co`: "Ada &lt;b&gt;&#34;O&#39;Brien&#34;&lt;/b&gt; &amp; Co",
		"&amp;":                     "&amp;amp;",
		"{####} é 世界 👍 a\r\n\tb":    "{####} é 世界 👍 a\r\n\tb",
		"a\u00a0b\u202ec":           "a&#xA0;b&#x202E;c",
		"\u200d\ue000":              "&#x200D;&#xE000;",
		"\x00\x1c\x7f\u0085\x1b":    "&#xFFFD;&#xFFFD;&#xFFFD;&#xFFFD;&#xFFFD;", // HTML cannot write these
		"a\xffb":                    "a&#xFFFD;b",
	} {
		if got := EscapeHTML(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// outline is what a page is made of, without the values in it: its tags with
// the names of their attributes, its comments and doctype.
func outline(page string) []string {
	var list []string
	tokens := html.NewTokenizer(strings.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		token := tokens.Token()
		switch token.Type {
		case html.TextToken:
			continue
		case html.CommentToken, html.DoctypeToken:
			list = append(list, token.String())
		default:
			entry := token.Type.String() + " " + token.Data
			for _, a := range token.Attr {
				entry += " " + a.Key
			}
			list = append(list, entry)
		}
	}
	return list
}

// FuzzFill checks that no value breaks out of its place in the HTML, and that
// Cognito refuses nothing of what comes out.
func FuzzFill(f *testing.F) {
	f.Add("Ada", "https://links.example.com/confirm?user=a&code={####}", "{####}", "{username}", "now")
	f.Add(`"><script>alert(1)</script>`, `javascript:alert(1)`, `' onclick=x "`, "<!--", "-->")
	f.Add("<![endif]-->", "\x00link\x00", "&quot;&#34;&#x22;", "</bdi></body>", "]]>")
	f.Add("\u2028\u202e\u00a0", "\xff\xfe", "{####}", "</title><style>", "<plaintext>")
	want := outline(sample.Fill(nil).HTML)
	if len(want) < 20 {
		f.Fatalf("the sample has only %q", want)
	}
	f.Fuzz(func(t *testing.T, name, link, code, user, rest string) {
		filled := sample.Fill(Values{Name: name, Link: link, Code: code, User: user, Time: rest, Place: rest, Device: rest})
		if got := outline(filled.HTML); !reflect.DeepEqual(got, want) {
			t.Errorf("the page is made of\n%q\nnot\n%q", got, want)
		}
		for _, r := range filled.HTML {
			if !Accepted(r) {
				t.Fatalf("the HTML holds %U: %q", r, filled.HTML)
			}
		}
		checkJSON(t, sample, Values{Name: name, Link: link, Code: code, User: user, Time: rest, Place: rest, Device: rest})
		if filled.Subject != sample.Subject {
			t.Errorf("the subject became %q", filled.Subject)
		}
		if got := html.UnescapeString(EscapeHTML(name)); got != readable(name) {
			t.Errorf("%q reads as %q", name, got)
		}
	})
}

// readable is what HTML can say of a text: broken bytes and the controls that
// it has no reference for become U+FFFD.
func readable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !Accepted(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

func TestFillHTML(t *testing.T) {
	page := `<input name="user" value="` + mark("user") + `"><a href="` + mark("continue") + `">` + mark(Greeting) + `</a>`
	got := FillHTML(page, Values{"user": `"><b>`, "continue": "https://a/?b&c", Greeting: "Hi"})
	want := `<input name="user" value="&#34;&gt;&lt;b&gt;"><a href="https://a/?b&amp;c">Hi</a>`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEncodeAndDecode(t *testing.T) {
	got, err := Decode(sample.Encode())
	if err != nil || got != sample {
		t.Errorf("got %+v, %v", got, err)
	}
	for file, want := range map[string]string{
		"":                                     "a compiled message has 5 parts, not 1",
		"a" + strings.Repeat(PartSeparator, 3): "a compiled message has 5 parts, not 4",
		strings.Repeat(PartSeparator, 5):       "a compiled message has 5 parts, not 6",
	} {
		if m, err := Decode([]byte(file)); err == nil || err.Error() != want {
			t.Errorf("%q: got %+v, %v", file, m, err)
		}
	}
}

func TestMarksAreRefusedInMessages(t *testing.T) {
	for _, m := range []string{PartSeparator, PlaceholderDelimiter} {
		if r, _ := utf8.DecodeRuneInString(m); Accepted(r) {
			t.Errorf("Cognito accepts %U", r)
		}
	}
}

func write(t *testing.T, dir, file string, content []byte) {
	t.Helper()
	file = filepath.Join(dir, file)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFilesOfMessages(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "messages/web/zh-Hans/sign-up", sample.Encode())
	write(t, dir, "messages/web/en/sign-up", []byte("broken"))
	files := &Files{Dir: dir}
	if m, err := files.Message("web", "zh-Hans", SignUp); err != nil || m != sample {
		t.Errorf("got %+v, %v", m, err)
	}
	_, err := files.Message("web", "en", SignUp)
	if err == nil || err.Error() != "load messages/web/en/sign-up: a compiled message has 5 parts, not 1" {
		t.Errorf("a broken file: %v", err)
	}
	_, err = files.Message("web", "fr", SignUp)
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "load: ") {
		t.Errorf("no file: %v", err)
	}
}

func TestFilesOfPages(t *testing.T) {
	dir := t.TempDir()
	page := Page{CSPSources: "style-src 'sha256-AAAA'", HTML: "<p>" + mark("user") + "</p>"}
	write(t, dir, "pages/web/en/confirm", page.Encode())
	write(t, dir, "pages/web/en/sent", []byte("<p></p>"))
	files := &Files{Dir: dir}
	if p, err := files.Page("web", "en", "confirm"); err != nil || p != page {
		t.Errorf("got %+v, %v", p, err)
	}
	_, err := files.Page("web", "en", "sent")
	if err == nil || err.Error() != "load pages/web/en/sent: it was not compiled" {
		t.Errorf("a broken file: %v", err)
	}
	_, err = files.Page("web", "en", "nowhere")
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "load: ") {
		t.Errorf("no file: %v", err)
	}
}

func TestFilesAreCachedButFailuresAreNot(t *testing.T) {
	dir := t.TempDir()
	files := &Files{Dir: dir}
	if _, err := files.Message("web", "en", SignUp); err == nil {
		t.Error("there is no file yet")
	}
	write(t, dir, "messages/web/en/sign-up", sample.Encode())
	for range 2 {
		if m, err := files.Message("web", "en", SignUp); err != nil || m != sample {
			t.Fatalf("got %+v, %v", m, err)
		}
		write(t, dir, "messages/web/en/sign-up", []byte("changed"))
	}
}

// What JSON and FillJSON make together is what a JSON encoder makes of what Fill
// makes.
func checkJSON(t *testing.T, m Message, values Values) {
	t.Helper()
	want, got := m.Fill(values), m.JSON().FillJSON(values)
	for part, text := range map[string]struct {
		json  []string
		plain string
	}{
		"subject": {got.Subject, want.Subject}, "HTML": {got.HTML, want.HTML},
	} {
		var read string
		if err := json.Unmarshal([]byte(strings.Join(text.json, "")), &read); err != nil {
			t.Fatalf("the %s is not a JSON string: %v: %q", part, err, text.json)
		}
		if read != strings.ToValidUTF8(text.plain, "\uFFFD") && utf8.ValidString(text.plain) {
			t.Errorf("the %s reads as\n%q, want\n%q", part, read, text.plain)
		}
	}
}

func TestJSON(t *testing.T) {
	odd := sample
	odd.Subject = "A \"quoted\" \\ \t subject\nin two lines, {####} é 世界 👍 " + mark(User) + mark(Code)
	for name, values := range map[string]Values{
		"nothing":                  nil,
		"ordinary values":          {Name: "Ada", Link: "https://a/?b=1&c=2", Code: "{####}", User: "{username}"},
		"values that JSON escapes": {Name: `A "b" \c`, Link: "https://a/\r\n\t\"", Code: "\x00\x1f\\", User: "\u2028<\\u0022>"},
	} {
		t.Run(name, func(t *testing.T) {
			checkJSON(t, sample, values)
			checkJSON(t, odd, values)
		})
	}
}

// BenchmarkFill is what custom-message does with a message of the usual size.
// A message is filled with a dozen values. Only one that JSON must escape costs an allocation.
func TestPlainValuesAreNotCopied(t *testing.T) {
	for _, value := range []string{"", "Ann Lee", "Zoë", "https://auth.example.com/c?u=1&c={####}"} {
		if n := testing.AllocsPerRun(20, func() { inQuotes(value) }); n != 0 {
			t.Errorf("%q: %v allocations", value, n)
		}
	}
	for value, want := range map[string]string{`a"b`: `a\"b`, `a\b`: `a\\b`, "a\nb": `a\nb`, "a\xffb": "a\ufffdb"} {
		if got := inQuotes(value); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func BenchmarkFill(b *testing.B) {
	m := sample
	m.HTML = strings.Replace(m.HTML, "<p>", "<p>"+strings.Repeat(`<td style="padding:0">a</td>`, 400), 1)
	m = m.JSON()
	values := Values{Name: "Ada", Link: "https://links.example.com/confirm?client=1sample&user=11111111-2222-4333-8444-555555555555&code={####}&lang=en", Code: "{####}"}
	b.ReportAllocs()
	for b.Loop() {
		m.FillJSON(values)
	}
}

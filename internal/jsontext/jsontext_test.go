package jsontext

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAppendQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"":                      `""`,
		"Ada":                   `"Ada"`,
		"<a href='x'>&</a>":     `"<a href='x'>&</a>"`,
		`a "b" \c`:              `"a \"b\" \\c"`,
		"a\r\n\tb":              `"a\r\n\tb"`,
		"\x00\x1f":              `"\u0000\u001f"`,
		"é 世界 👍":                `"é 世界 👍"`,
		"a\xffb":                "\"a\uFFFDb\"",
		"half a character \xe4": "\"half a character \uFFFD\"",
	} {
		got := string(AppendQuoted([]byte("x"), text))
		if strings.ReplaceAll(got, `\ufffd`, "\uFFFD") != "x"+want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// FuzzAppendQuoted holds that whatever is written is read as the same text, but
// for broken UTF-8, which becomes what encoding/json makes of it.
func FuzzAppendQuoted(f *testing.F) {
	for _, text := range []string{"", "Ada", `"\/`, "\x00\n\x7f\u2028", "é\xff\xed\xa0\x80", "<&>"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var got string
		if err := json.Unmarshal(AppendQuoted(nil, text), &got); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if want := strings.ToValidUTF8(text, "\uFFFD"); strings.ReplaceAll(got, "\uFFFD", "") != strings.ReplaceAll(want, "\uFFFD", "") {
			t.Errorf("%q became %q", text, got)
		}
	})
}

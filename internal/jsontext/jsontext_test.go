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

// FuzzAppendQuoted holds that whatever is written is read as what encoding/json
// would have written.
func FuzzAppendQuoted(f *testing.F) {
	for _, text := range []string{"", "Ada", `"\/`, "\x00\n\x7f\u2028", "é\xff\xed\xa0\x80", "<&>"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		standard, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		read := func(quoted []byte) (text string) {
			if err := json.Unmarshal(quoted, &text); err != nil {
				t.Fatalf("%s: %v", quoted, err)
			}
			return text
		}
		if got, want := read(AppendQuoted(nil, text)), read(standard); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	})
}

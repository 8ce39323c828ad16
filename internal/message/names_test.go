package message

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCleanName(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"a name":                              {"Ada", "Ada"},
		"nothing":                             {"", ""},
		"an Irish name":                       {"Siobhán O’Brien", "Siobhán O’Brien"},
		"an Irish name in ASCII":              {"Siobhan O'Brien", "Siobhan O'Brien"},
		"initials":                            {"J.R.R. Tolkien", "J.R.R. Tolkien"},
		"initials with a hyphen":              {"J.-P. Sartre", "J.-P. Sartre"},
		"initials in small letters":           {"e.e. cummings", "e.e. cummings"},
		"a title":                             {"Dr. No", "Dr. No"},
		"a saint":                             {"St. John-Smythe", "St. John-Smythe"},
		"a comma":                             {"King, Martin", "King, Martin"},
		"a couple":                            {"Tom & Jerry", "Tom & Jerry"},
		"a Catalan name":                      {"Marcel·lí", "Marcel·lí"},
		"an Arabic name":                      {"محمد بن عبد الله", "محمد بن عبد الله"},
		"an Arabic name with vowels":          {"مُحَمَّد", "مُحَمَّد"},
		"a Japanese name":                     {"山田 太郎", "山田 太郎"},
		"a Japanese name with a wide space":   {"山田　太郎", "山田 太郎"},
		"a Japanese name with a variant":      {"葛\U000e0100城", "葛\U000e0100城"},
		"a Thai name":                         {"สมชาย ใจดี", "สมชาย ใจดี"},
		"a Hindi name":                        {"प्रिया शर्मा", "प्रिया शर्मा"},
		"a Persian name with a non-joiner":    {"علی\u200cرضا", "علیرضا"},
		"a combining accent":                  {"Jose\u0301", "Jose\u0301"},
		"a number behind a name":              {"Ada 007", "Ada 007"},
		"as many digits as a year":            {"Ada 1815", "Ada 1815"},
		"one digit more":                      {"Ada 18151", ""},
		"spaces around and inside":            {"  Ada \t  Lovelace\u00a0", "Ada Lovelace"},
		"a name without spaces after dots":    {"J.R.R.Tolkien", "J. R. R. Tolkien"},
		"a name in one word with a title":     {"Dr.No", "Dr. No"},
		"a line break and a header":           {"Ada\r\nBcc: x", "Ada Bcc x"},
		"line separators":                     {"Ada\u2028Lovelace\u2029x\u0085y", "Ada Lovelace x y"},
		"markup":                              {"<b>Ada</b>", "b Ada b"},
		"a script":                            {`"><script src=//x.example/a.js>`, "script src x. example a. js"},
		"escaped markup":                      {"&lt;b&gt;", "&lt b&gt"},
		"a template":                          {"{{.Code}} ${code} %s", ". Code code s"},
		"the placeholder of the code":         {"{####}", ""},
		"the placeholder of the user name":    {"{username}", "username"},
		"a placeholder in a name":             {"Ada {####} Lovelace", "Ada Lovelace"},
		"the placeholder in full width":       {"Ada ｛＃＃＃＃｝", "Ada"},
		"an address of a page":                {"https://example.net/win?a=b#c", "https example. net win a b c"},
		"an address without a scheme":         {"go to www.example.net now", "go to www. example. net now"},
		"a short domain":                      {"t.co", "t. co"},
		"a domain with full-width dots":       {"example．net example。net example｡net", "example net example net example net"},
		"a domain in Cyrillic":                {"пример.рф", "пример. рф"},
		"a domain behind a soft hyphen":       {"exam\u00adple.\u200bnet", "example. net"},
		"an address of an IP":                 {"Ada 8.8.8.8", "Ada 8. 8. 8. 8"},
		"an email address":                    {"ada@example.com", "ada example. com"},
		"a full-width @":                      {"ada＠example", "ada example"},
		"a phone number":                      {"Call +44 20 7946 0958", ""},
		"a phone number in Arabic digits":     {"اتصل ٠١٢٣٤٥", ""},
		"a phone number in full width":        {"Call ０１２３４５", ""},
		"a code":                              {"Your code is 123456", ""},
		"a right-to-left override":            {"Ada\u202egnp.exe", "Adagnp. exe"},
		"isolates and marks of direction":     {"\u2067Ada\u2069\u200e", "Ada"},
		"a family of emoji":                   {"👨\u200d👩\u200d👧 Ada", "Ada"},
		"a heart with its variation selector": {"Ada ❤\ufe0f", "Ada"},
		"a flag and a skin tone":              {"🏳\ufe0f\u200d🌈 Ada 👍🏽", "Ada"},
		"a keycap":                            {"Ada 1\ufe0f\u20e3", "Ada 1\ufe0f\u20e3"},
		"only emoji":                          {"🎉🎉🎉", ""},
		"only marks":                          {"\u0301\u0302", ""},
		"only punctuation":                    {"-.-", ""},
		"only digits":                         {"1234", ""},
		"a mark without a letter":             {"\u0301Ada", "Ada"},
		"controls":                            {"A\x00d\x1ba\x7f", "Ada"},
		"broken bytes":                        {"\xffA\xc3da\xe2\x82", "Ada"},
		"40 letters":                          {strings.Repeat("W", 40), strings.Repeat("W", 40)},
		"41 letters":                          {strings.Repeat("W", 41), strings.Repeat("W", 40)},
		"2,048 letters":                       {strings.Repeat("é", 2048), strings.Repeat("é", 40)},
		"2,048 characters of three bytes":     {strings.Repeat("名", 2048), strings.Repeat("名", 40)},
		"a cut before a space":                {strings.Repeat("W", 39) + " Ada", strings.Repeat("W", 39)},
		"a cut through a letter with accents": {strings.Repeat("W", 39) + "e\u0301\u0302 Ada", strings.Repeat("W", 39)},
		"a cut behind a letter with accents":  {strings.Repeat("W", 38) + "e\u0301 Ada", strings.Repeat("W", 38) + "e\u0301"},
		"no letter before the cut":            {strings.Repeat("-", 60) + "Ada", ""},
		"one letter under a tower of accents": {"a" + strings.Repeat("\u0301", 100), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := CleanName(test.in); got != test.want {
				t.Errorf("%q: got %q, want %q", test.in, got, test.want)
			}
		})
	}
}

func TestFirstName(t *testing.T) {
	order := []string{"given_name", "name", "custom:agentName"}
	for name, test := range map[string]struct {
		user map[string]string
		want string
	}{
		"the first attribute that there is": {map[string]string{"name": "Ada Lovelace", "custom:agentName": "Countess"}, "Ada Lovelace"},
		"the order is that of the settings": {map[string]string{"given_name": "Ada", "name": "Ada Lovelace"}, "Ada"},
		"one that is no name is passed by":  {map[string]string{"given_name": "{####}", "name": " ", "custom:agentName": "<Countess>"}, "Countess"},
		"no name":                           {map[string]string{"email": "ada@example.com"}, ""},
		"no user":                           {nil, ""},
	} {
		if got := FirstName(order, test.user); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	if got := FirstName(nil, map[string]string{"name": "Ada"}); got != "" {
		t.Errorf("nobody is to be greeted, but %q is", got)
	}
}

// domain is what mail programs turn into a link: a dot with no space around,
// between labels of which one has two characters or more, or is a number.
var domain = regexp.MustCompile(`[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}-]\.[\p{L}\p{M}\p{N}]|[\p{L}\p{M}\p{N}]\.[\p{L}\p{M}\p{N}]{2}|\p{N}\.[\p{L}\p{N}]|\p{L}\.\p{N}`)

// FuzzCleanName holds what a greeting relies on, for whatever a person types.
func FuzzCleanName(f *testing.F) {
	for _, name := range []string{
		"Ada", "J.R.R. Tolkien", "J.-P.", "<a href=x>", "https://example.net", "{####}", "a\u202eb.c", "👨\u200d👩\u200d👧",
		strings.Repeat("a.b", 700), strings.Repeat("e\u0301", 60), "-.a.-b..cc", "１２３４５a", "a\xff.bc", "a.e\u0301", "١.ب",
		strings.Repeat("W", 39) + ".com", "a-.b -.-a.b", "’.’a",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, in string) {
		name := CleanName(in)
		if !utf8.ValidString(name) {
			t.Fatalf("it is no UTF-8: %q", name)
		}
		if n := utf8.RuneCountInString(name); n > 40 {
			t.Errorf("%q has %d characters", name, n)
		}
		letters := 0
		for _, r := range name {
			if !Accepted(r) || strings.ContainsRune("{}<>@/\\:#\"\r\n\t\v\f;%$", r) {
				t.Errorf("%q holds %U", name, r)
			}
			if unicode.IsLetter(r) {
				letters++
			}
		}
		if name != "" && letters == 0 {
			t.Errorf("%q is no name", name)
		}
		if found := domain.FindString(name); found != "" {
			t.Errorf("%q holds %q", name, found)
		}
		if strings.TrimSpace(name) != name || strings.Contains(name, "  ") {
			t.Errorf("%q has superfluous spaces", name)
		}
		if again := CleanName(name); again != name {
			t.Errorf("%q becomes %q the second time", name, again)
		}
	})
}

package link

import (
	"net/url"
	"strings"
	"testing"
)

const (
	client = "1sample111111111111example"
	user   = "11111111-2222-4333-8444-555555555555"
)

func TestBuild(t *testing.T) {
	tests := map[string]struct {
		base, path string
		link       Link
		want       string
	}{
		"the code comes before the locale": {
			"https://links.example.com", PathConfirm, Link{Client: client, User: user, Code: "123456", Locale: "en"},
			"https://links.example.com/confirm?client=" + client + "&user=" + user + "&code=123456&lang=en",
		},
		"Cognito's placeholder stays as it is": {
			"https://links.example.com", PathReset, Link{Client: client, User: user, Code: "{####}", Locale: "fr"},
			"https://links.example.com/reset?client=" + client + "&user=" + user + "&code={####}&lang=fr",
		},
		"a longer placeholder stays as it is": {
			"https://links.example.com", PathReset, Link{User: user, Code: "{##########}"},
			"https://links.example.com/reset?user=" + user + "&code={##########}",
		},
		"what is empty is left out": {
			"https://links.example.com", PathResend, Link{User: user}, "https://links.example.com/resend?user=" + user,
		},
		"a base may end in a slash": {
			"http://127.0.0.1:8080/", PathConfirm, Link{User: user}, "http://127.0.0.1:8080/confirm?user=" + user,
		},
		"everything else is escaped": {
			"https://links.example.com", PathConfirm,
			Link{Client: "a&b", User: `x"><a href=//example.net>`, Code: "1&2{####}", Return: "https://app.example.com/?a=b&c=d", Locale: "e n"},
			"https://links.example.com/confirm?client=a%26b&user=x%22%3E%3Ca+href%3D%2F%2Fexample.net%3E" +
				"&code=1%262%7B%23%23%23%23%7D&return=https%3A%2F%2Fapp.example.com%2F%3Fa%3Db%26c%3Dd&lang=e+n",
		},
		"a placeholder in a user name is escaped": {
			"https://links.example.com", PathConfirm, Link{User: "{####}", Code: "{####}"},
			"https://links.example.com/confirm?user=%7B%23%23%23%23%7D&code={####}",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Build(test.base, test.path, test.link); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestWithCode(t *testing.T) {
	tests := map[string]struct{ page, user, code, want string }{
		"a page without a query":     {"https://app.example.com/reset", user, "123456", "https://app.example.com/reset?user=" + user + "&code=123456"},
		"a page with a query":        {"https://app.example.com/?page=reset", user, "123456", "https://app.example.com/?page=reset&user=" + user + "&code=123456"},
		"no user":                    {"https://app.example.com/verify", "", "{####}", "https://app.example.com/verify?code={####}"},
		"a user who must be escaped": {"https://app.example.com/verify", "a&code=1", "123456", "https://app.example.com/verify?user=a%26code%3D1&code=123456"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := WithCode(test.page, test.user, test.code); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	whole := "client=" + client + "&user=" + user + "&code=123456&return=https%3A%2F%2Fapp.example.com%2F&lang=en"
	tests := map[string]struct {
		query string
		want  Link
		bad   bool
	}{
		"a whole link":                      {whole, Link{client, user, "123456", "en", "https://app.example.com/"}, false},
		"a link without a client":           {"user=" + user + "&code=123456", Link{User: user, Code: "123456"}, false},
		"a link that lost its end":          {"client=" + client + "&user=" + user + "&co", Link{Client: client, User: user}, false},
		"a code that lost digits":           {"user=" + user + "&code=123", Link{User: user}, false},
		"a code with a full stop behind":    {"user=" + user + "&code=123456.", Link{User: user}, false},
		"a code typed with spaces":          {"user=" + user + "&code=123+456+", Link{User: user, Code: "123456"}, false},
		"a placeholder that was not filled": {"user=" + user + "&code={####}", Link{User: user}, false},
		"a locale with a full stop behind":  {"user=" + user + "&lang=en.", Link{User: user, Locale: "en."}, false},
		"a locale that is a novel":          {"user=" + user + "&lang=" + strings.Repeat("x", 36), Link{User: user}, false},
		"a return address is not judged":    {"user=" + user + "&return=javascript:x", Link{User: user, Return: "javascript:x"}, false},
		"the first of two users counts":     {"user=" + user + "&user=other", Link{User: user}, false},
		"a user name in another script":     {"user=%D9%81%D9%84%D8%A7%D9%86", Link{User: "فلان"}, false},
		"a locale of 35 characters": {
			"user=" + user + "&lang=" + strings.Repeat("x", 35), Link{User: user, Locale: strings.Repeat("x", 35)}, false,
		},
		"a client of 128 characters": {
			"client=" + strings.Repeat("x", 128) + "&user=" + user, Link{Client: strings.Repeat("x", 128), User: user}, false,
		},
		"a user name of 128 characters of four bytes": {
			"user=" + url.QueryEscape(strings.Repeat("\U00010348", 128)), Link{User: strings.Repeat("\U00010348", 128)}, false,
		},
		"a user name of 128 characters": {"user=" + url.QueryEscape(strings.Repeat("名", 128)), Link{User: strings.Repeat("名", 128)}, false},

		"nothing":                                {"", Link{}, true},
		"no user":                                {"client=" + client + "&code=123456", Link{}, true},
		"an empty user":                          {"client=" + client + "&user=&code=123456", Link{}, true},
		"an address in the place of the user":    {"user=ada%40example.com&code=123456", Link{}, true},
		"a user name with a space":               {"user=a+b&code=123456", Link{}, true},
		"a user name with a no-break space":      {"user=a%C2%A0b", Link{}, true},
		"a user name with a line break":          {"user=a%0d%0ab", Link{}, true},
		"a user name with a NUL":                 {"user=a%00b", Link{}, true},
		"a user name with a direction mark":      {"user=a%E2%80%AEb", Link{}, true},
		"a user name that is not UTF-8":          {"user=a%FFb", Link{}, true},
		"a user name of 129 characters":          {"user=" + strings.Repeat("x", 129), Link{}, true},
		"a user name of megabytes":               {"user=" + strings.Repeat("x", 1<<20), Link{}, true},
		"a client with a slash":                  {"client=a%2Fb&user=" + user, Link{}, true},
		"a client of 129 characters":             {"client=" + strings.Repeat("x", 129) + "&user=" + user, Link{}, true},
		"a client in another script":             {"client=%C3%A9&user=" + user, Link{}, true},
		"a query whose ampersands were escaped":  {"client=" + client + "%26user=" + user, Link{}, true},
		"a query with HTML's ampersands left in": {"client=" + client + "&amp;user=" + user, Link{}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			address := url.URL{RawQuery: test.query}
			got, err := Read(address.Query()) // as the page gets it
			if test.bad {
				if err == nil {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, test.want)
			}
		})
	}
}

func TestCleanCode(t *testing.T) {
	for code, want := range map[string]string{
		"123456":                           "123456",
		"1234":                             "1234",
		"12345678":                         "12345678",
		"123456789012":                     "123456789012",
		" 123\t456\r\n":                    "123456",
		"123\u00a0456":                     "123456",
		"1 2 3 4 5 6":                      "123456",
		"":                                 "",
		"   ":                              "",
		"123":                              "",
		"1234567890123":                    "",
		"12345a":                           "",
		"-123456":                          "",
		"+123456":                          "",
		"123456.":                          "",
		"１２３４５６":                           "123456",
		"٠١٢٣٤٥":                           "012345",
		"۶۷۸۹۰۱":                           "678901",
		"𝟎𝟗𝟘𝟡𝟶𝟿":                           "090909",
		"\u200e123456\u200f":               "123456",
		"\u2067١٢٣\u200d ٤٥٦\u2069\ufeff":  "123456",
		"١٢٣٤٥٦٧٨٩٠١٢":                     "123456789012",
		"١٢٣٤٥٦٧٨٩٠١٢٣":                    "",
		"①②③④⑤⑥":                           "",
		"一二三四五六":                           "",
		"123456²":                          "",
		"{####}":                           "",
		"12\x003456":                       "",
		strings.Repeat(" ", 59) + "123456": "",
		strings.Repeat(" ", 58) + "123456": "123456",
	} {
		if got := CleanCode(code); got != want {
			t.Errorf("%q: got %q, want %q", code, got, want)
		}
	}
}

// FuzzBuildAndRead holds that a link which can be built from values that Read
// takes reads as the same values, and that Read never lets another one pass.
func FuzzBuildAndRead(f *testing.F) {
	f.Add(client, user, "123456", "en", "https://app.example.com/")
	f.Add("", "فلان", "", "zh-Hant-TW", "")
	f.Add("a+b_c", "a&b=c;d#e%f?g", "00000000", "x&y", "javascript:alert(1)")
	f.Add("é", "a@b", "{####}", strings.Repeat("x", 36), "\xff")
	f.Fuzz(func(t *testing.T, clientID, userName, code, locale, to string) {
		in := Link{clientID, userName, code, locale, to}
		address := Build("https://links.example.com", PathConfirm, in)
		if code == "{####}" && !strings.Contains(address, "code={####}") {
			t.Errorf("the placeholder is lost: %s", address)
		}
		if strings.Trim(code, "{#}") == "" {
			// Cognito puts the code in its place; nothing else may hold a #.
			address = strings.Replace(address, "code="+code, "code=123456", 1)
		}
		u, err := url.Parse(address)
		if err != nil || u.Host != "links.example.com" || u.Path != PathConfirm || u.Fragment != "" {
			t.Fatalf("%s is another address: %v", address, err)
		}
		query, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			t.Fatal(err)
		}
		out, err := Read(query)
		valid := (clientID == "" || isClientID(clientID)) && isUserName(userName)
		if (err == nil) != valid {
			t.Fatalf("read %+v: %v", out, err)
		}
		if err != nil || CleanCode(code) != code || len(locale) > 35 {
			return
		}
		if out != in {
			t.Errorf("built %+v, read %+v", in, out)
		}
	})
}

func BenchmarkBuildAndRead(b *testing.B) {
	want := Link{Client: "1sample111111111111example", User: "11111111-2222-4333-8444-555555555555", Code: "123456", Locale: "pt-BR", Return: "https://app.example.com/welcome?a=1"}
	b.ReportAllocs()
	for b.Loop() {
		address, err := url.Parse(Build("https://links.example.com", PathConfirm, want))
		if err != nil {
			b.Fatal(err)
		}
		if got, err := Read(address.Query()); err != nil || got != want {
			b.Fatalf("got %+v, %v", got, err)
		}
	}
}

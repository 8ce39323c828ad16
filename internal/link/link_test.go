package link

import (
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
			"https://links.example.com/confirm?client=a%26b&user=78223e3c6120687265663d2f2f6578616d706c652e6e65743ebf41a72c" +
				"&code=1%262%7B%23%23%23%23%7D&return=https%3A%2F%2Fapp.example.com%2F%3Fa%3Db%26c%3Dd&lang=e+n",
		},
		"a user name that is no UUID has a checksum": {
			"https://links.example.com", PathConfirm, Link{User: "{####}", Code: "{####}"},
			"https://links.example.com/confirm?user=7b232323237d4ed78bfc&code={####}",
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

func BenchmarkBuildAndRead(b *testing.B) {
	want := Link{Client: "1sample111111111111example", User: "11111111-2222-4333-8444-555555555555", Code: "123456", Locale: "pt-BR", Return: "https://app.example.com/welcome?a=1"}
	b.ReportAllocs()
	for b.Loop() {
		_, query, _ := strings.Cut(Build("https://links.example.com", PathConfirm, want), "?")
		if got, err := ReadQuery(query); err != nil || got != want {
			b.Fatalf("got %+v, %v", got, err)
		}
	}
}

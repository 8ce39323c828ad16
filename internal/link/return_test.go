package link

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	const (
		full     = "must be a full https address, such as https://app.example.com/"
		https    = "must begin with https://"
		bad      = "is no address"
		odd      = "holds a space, a backslash or a character outside ASCII; escape it, and write an international host in Punycode"
		host     = "has an impossible host"
		userinfo = "must not hold a user or a password"
		fragment = "must not end in a #fragment"
		dots     = "must not hold . or .. in its path"
		slash    = "must not hold an escaped slash or percent sign in its path"
	)
	for address, want := range map[string]string{
		"https://app.example.com":                        "",
		"https://app.example.com/":                       "",
		"HTTPS://App.Example.com/Path":                   "",
		"https://app.example.com:8443/a/b?c=d&e=%20f":    "",
		"https://xn--exmple-cua.com/":                    "",
		"https://app.example.com/%E2%9C%93/a.b/..c":      "",
		"http://localhost:3000/":                         "",
		"http://127.0.0.1/":                              "",
		"http://[::1]:3000/":                             "",
		"https://[2001:db8::1]/":                         "",
		"https://app.example.com/?next=https://a.net/..": "",

		"":                         full,
		"/path":                    full,
		"app.example.com":          full,
		"app.example.com:443/":     full,
		"//app.example.com/":       full,
		"https:app.example.com":    full,
		"https:/app.example.com":   full,
		"https:///app.example.com": full,
		"https://:443/":            full,
		"javascript:alert(1)":      full,
		"javascript://app.example.com/%0aalert(1)":            full,
		"data:text/html,x":                                    full,
		"myapp://callback":                                    full,
		"mailto:a@example.com":                                full,
		"ftp://app.example.com/":                              full,
		"http://app.example.com/":                             https,
		"http://localhost.example.com/":                       https,
		"http://127.0.0.1.example.com/":                       https,
		"http://localhost./":                                  https,
		"http://2130706433/":                                  https,
		"http://127.1/":                                       https,
		"http://0.0.0.0/":                                     https,
		"https://app.example.com:x/":                          bad,
		"https://app.example.com/%zz":                         bad,
		"https://app.exa%mple.com/":                           bad,
		"https://[::1/":                                       bad,
		"https://app.example.com/a b":                         odd,
		" https://app.example.com/":                           odd,
		"https://app.example.com/\n":                          odd,
		"https://app.example.com\t/":                          odd,
		"https://app.example.com\\@example.net":               odd,
		"https://app.example.com/\x00":                        odd,
		"https://app.example.com/\x7f":                        odd,
		"https://exämple.com/":                                odd,
		"https://app.example.com/ü":                           odd,
		"https://app.example。com/":                            odd,
		"https://app_1.example.com/":                          host,
		"https://*.example.com/":                              host,
		"https://app.example.com,example.net/":                host,
		"https://[fe80::1%25eth0]/":                           host,
		"https://%65xample.net/":                              bad,
		"https://a:b@app.example.com/":                        userinfo,
		"https://a@app.example.com/":                          userinfo,
		"https://@app.example.com/":                           userinfo,
		"https://app.example.com/#a":                          fragment,
		"https://app.example.com/#":                           fragment,
		"https://app.example.com/a/../b":                      dots,
		"https://app.example.com/..":                          dots,
		"https://app.example.com/./a":                         dots,
		"https://app.example.com/%2e%2e/a":                    dots,
		"https://app.example.com/%2E./a":                      dots,
		"https://app.example.com/a%2f..%2fb":                  dots,
		"https://app.example.com/a%5C..%5cb":                  dots,
		"https://app.example.com/a%2Fb":                       slash,
		"https://app.example.com/a%5cb":                       slash,
		"https://app.example.com/a%252e%252e/b":               slash,
		"https://app.example.com/..;/b":                       dots,
		"https://app.example.com/a/..;x=y/b":                  dots,
		"https://app.example.com/a;b=c/d":                     "",
		"https://2130706433/":                                 host,
		"https://0x7f000001/":                                 host,
		"https://0x/":                                         host,
		"https://127.1/":                                      host,
		"https://0177.0.0.1/":                                 host,
		"https://0300.0250.1/":                                host,
		"https://192.168.0.257/":                              host,
		"https://app.example.1./":                             host,
		"https://app.example.0x1":                             host,
		"https://192.0.2.1/":                                  "",
		"https://0xapp.example/":                              "",
		"https://app.example.com/" + strings.Repeat("a", 277): "is longer than 300 characters",
		"https://app.example.com/" + strings.Repeat("a", 276): "",
	} {
		got := ""
		if err := CheckURL(address); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

func TestReturns(t *testing.T) {
	allowed := []string{
		"https://app.example.com/", "https://paths.example.com/app", "https://ports.example.com:8443",
		"http://localhost:3000/", "https://xn--exmple-cua.com/", "no address",
	}
	accepted := map[string]string{
		"https://app.example.com":                  "https://app.example.com/",
		"https://app.example.com/":                 "https://app.example.com/",
		"https://app.example.com/a/b?c=d":          "https://app.example.com/a/b?c=d",
		"https://app.example.com?c=d":              "https://app.example.com/?c=d",
		"HTTPS://APP.example.com/A":                "https://app.example.com/A",
		"https://app.example.com:443/a":            "https://app.example.com/a",
		"https://app.example.com//example.net":     "https://app.example.com//example.net",
		"https://app.example.com/?u=//example.net": "https://app.example.com/?u=//example.net",
		"https://app.example.com/%0d%0aX:%20y":     "https://app.example.com/%0d%0aX:%20y",
		"https://paths.example.com/app":            "https://paths.example.com/app",
		"https://paths.example.com/app/":           "https://paths.example.com/app/",
		"https://paths.example.com/app/a":          "https://paths.example.com/app/a",
		"https://ports.example.com:8443/a":         "https://ports.example.com:8443/a",
		"http://localhost:3000/a":                  "http://localhost:3000/a",
		"https://xn--exmple-cua.com/":              "https://xn--exmple-cua.com/",
	}
	for raw, want := range accepted {
		if got, ok := AllowedReturn(allowed, raw); !ok || got != want {
			t.Errorf("%s: got %q, %t, want %q", raw, got, ok, want)
		}
	}
	for name, raw := range map[string]string{
		"nothing":                                 "",
		"another host":                            "https://example.net/",
		"a host below":                            "https://x.app.example.com/",
		"a host above":                            "https://example.com/",
		"a host that begins like it":              "https://app.example.com.example.net/",
		"a host that ends like it":                "https://notapp.example.com/",
		"the host with a trailing dot":            "https://app.example.com./",
		"the host as a user":                      "https://app.example.com@example.net/",
		"the host as a user and password":         "https://app.example.com:443@example.net/",
		"an empty user":                           "https://@app.example.com/",
		"the host behind a user":                  "https://example.net@app.example.com/",
		"the host behind an escaped slash":        "https://example.net%2f@app.example.com/",
		"the host as a fragment":                  "https://example.net#@app.example.com/",
		"the host as a query":                     "https://example.net?app.example.com/",
		"a backslash behind the host":             `https://app.example.com\@example.net/`,
		"a backslash in front of the host":        `https:\\example.net\app.example.com`,
		"a backslash in the path":                 `https://app.example.com/\example.net`,
		"an escaped backslash in the path":        "https://app.example.com/%5cexample.net",
		"no scheme":                               "//app.example.com/",
		"no scheme and three slashes":             "///app.example.com/",
		"a path":                                  "/",
		"one slash":                               "https:/app.example.com/",
		"no slash":                                "https:app.example.com/",
		"a script":                                "javascript:alert(1)",
		"a script with the host":                  "javascript://app.example.com/%0aalert(1)",
		"a script in mixed case":                  "JaVaScRiPt:alert(1)",
		"a script behind a tab":                   "java\tscript:alert(1)",
		"a script after a space":                  " javascript:alert(1)",
		"data":                                    "data:text/html;base64,PHNjcmlwdD4=",
		"a view of the source":                    "view-source:https://app.example.com/",
		"no TLS":                                  "http://app.example.com/",
		"another port":                            "https://app.example.com:8443/",
		"the port of another scheme":              "https://app.example.com:80/",
		"no port where one is wanted":             "https://ports.example.com/",
		"another local port":                      "http://localhost:3001/",
		"TLS on a local host that has none":       "https://localhost:3000/",
		"the local host by its address":           "http://127.0.0.1:3000/",
		"the local host by its number":            "http://2130706433:3000/",
		"a path that begins like the allowed one": "https://paths.example.com/apple",
		"a path above the allowed one":            "https://paths.example.com/",
		"the allowed path in another case":        "https://paths.example.com/APP/",
		"a way out of the allowed path":           "https://paths.example.com/app/../admin",
		"an escaped way out":                      "https://paths.example.com/app/%2e%2e/admin",
		"a half escaped way out":                  "https://paths.example.com/app/.%2E/admin",
		"a way out behind an escaped slash":       "https://paths.example.com/app%2f..%2fadmin",
		"a way out behind an escaped backslash":   "https://paths.example.com/app/..%5cadmin",
		"a way out behind a semicolon":            "https://paths.example.com/app/..;/admin",
		"a way out escaped twice":                 "https://paths.example.com/app/%252e%252e/admin",
		"the allowed host in Unicode":             "https://ex\u00e4mple-cua.com/",
		"another host in Punycode":                "https://xn--pple-43d.example.com/",
		"a tab in the host":                       "https://app.exam\tple.com/",
		"a line break in the host":                "https://app.example.com\n.example.net/",
		"a line break in the path":                "https://app.example.com/\r\nSet-Cookie:%20a",
		"a NUL":                                   "https://app.example.com\x00.example.net/",
		"a full-width dot":                        "https://app．example．com/",
		"an international host unescaped":         "https://exämple.com/",
		"a look-alike of the host":                "https://аpp.example.com/",
		"an escaped look-alike":                   "https://%D0%B0pp.example.com/",
		"a fragment":                              "https://app.example.com/#x",
		"a character too many":                    "https://app.example.com/" + strings.Repeat("a", 277),
		"an entry of the list that is no address": "no address",
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := AllowedReturn(allowed, raw); ok || got != "" {
				t.Errorf("%q leads to %q", raw, got)
			}
		})
	}
}

func TestWithStatus(t *testing.T) {
	for page, want := range map[string]string{
		"https://app.example.com/":                          "https://app.example.com/?status=confirmed",
		"https://app.example.com/?":                         "https://app.example.com/?status=confirmed",
		"https://app.example.com/a?b=c":                     "https://app.example.com/a?b=c&status=confirmed",
		"https://app.example.com/a?b=%22;x&c&=d&%zz":        "https://app.example.com/a?b=%22;x&c&=d&%zz&status=confirmed",
		"https://app.example.com/?status=paid":              "https://app.example.com/?status=confirmed",
		"https://app.example.com/?a=b&status&%73tatus=x&c=": "https://app.example.com/?a=b&c=&status=confirmed",
		"https://app.example.com/?Status=a&status2=b?&x=y?": "https://app.example.com/?Status=a&status2=b?&x=y?&status=confirmed",
	} {
		if got := WithStatus(page, "confirmed"); got != want {
			t.Errorf("%s: got %s, want %s", page, got, want)
		}
	}
	if got, want := WithStatus("https://app.example.com/", "a&b c"), "https://app.example.com/?status=a%26b+c"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReturnsWithoutAList(t *testing.T) {
	if got, ok := AllowedReturn(nil, "https://app.example.com/"); ok {
		t.Errorf("an empty list allows %q", got)
	}
}

// FuzzReturns holds that an accepted address has the scheme and host of an
// allowed one in every reading, and nothing that a browser drops or turns.
func FuzzReturns(f *testing.F) {
	for _, raw := range []string{
		"https://app.example.com/a?b=c", "https://app.example.com@example.net/", `https://app.example.com\.example.net/`,
		"https://app.example.com//example.net", "https://paths.example.com/app/%2e%2e/", "http://localhost:3000/%00",
		"HTTPS://APP.EXAMPLE.COM:443?", "https://app.example.com/;@example.net", "https://app.example.com:/", "https://app.example.com/?status=x&%73tatus", "https://%61pp.example.com/%",
	} {
		f.Add(raw)
	}
	allowed := []string{"https://app.example.com/", "https://paths.example.com/app", "http://localhost:3000/"}
	f.Fuzz(func(t *testing.T, raw string) {
		got, ok := AllowedReturn(allowed, raw)
		if !ok {
			return
		}
		if strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' || r == '#' }) {
			t.Errorf("%q leads to %q", raw, got)
		}
		u, err := url.Parse(got)
		if err != nil || u.User != nil || u.Opaque != "" {
			t.Fatalf("%q leads to %q: %v", raw, got, err)
		}
		// What any reader of addresses takes for scheme and host: the text up to
		// the third slash.
		begins := false
		for _, prefix := range []string{"https://app.example.com/", "https://paths.example.com/app", "http://localhost:3000/"} {
			begins = begins || strings.HasPrefix(got, prefix)
		}
		if !begins || strings.Contains(u.Path, "/../") || strings.HasSuffix(u.Path, "/..") {
			t.Errorf("%q leads to %q", raw, got)
		}
		if again, ok := AllowedReturn(allowed, got); !ok || again != got {
			t.Errorf("%q leads to %q, and that to %q", raw, got, again)
		}
		// The app reads the status that was added, and the rest as it was.
		told, err := url.Parse(WithStatus(got, "confirmed"))
		if err != nil || told.Scheme != u.Scheme || told.Host != u.Host || told.Path != u.Path || !slices.Equal(told.Query()["status"], []string{"confirmed"}) {
			t.Errorf("%q leads to %q with a status", raw, told)
		}
	})
}

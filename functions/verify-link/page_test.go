package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"poolpost/internal/functiontest"
	"poolpost/internal/link"
)

// A shown page is what a test looks at in one.
type shown struct {
	skeleton string // its tags and the names of their attributes, in order
	heading  string
	lang     string
	style    string
	script   string
	text     string            // what a person reads
	action   string            // of its form, with the method: "post /confirm"
	fields   map[string]string // of its form
	next     string            // where its link leads that is a button
	also     string            // where the other one leads
}

// read takes a page apart.
func read(page string) shown {
	p := shown{fields: map[string]string{}}
	var tags, text strings.Builder
	inside := ""
	tokens := html.NewTokenizer(strings.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		token := tokens.Token()
		if token.Type == html.TextToken {
			switch inside {
			case "h1":
				p.heading = token.Data
			case "style":
				p.style = token.Data
				continue
			case "script":
				p.script = token.Data
				continue
			}
			text.WriteString(token.Data)
			continue
		}
		inside = ""
		fmt.Fprintf(&tags, "%s %s", token.Type, token.Data)
		attributes := map[string]string{}
		for _, a := range token.Attr {
			attributes[a.Key] = a.Val
			tags.WriteString(" " + a.Key)
		}
		tags.WriteByte('\n')
		if token.Type != html.StartTagToken {
			continue
		}
		switch inside = token.Data; inside {
		case "html":
			p.lang = attributes["lang"]
		case "form":
			p.action = attributes["method"] + " " + attributes["action"]
		case "input":
			if name := attributes["name"]; name != "" {
				p.fields[name] = attributes["value"]
			}
		case "a":
			if attributes["class"] == "button" {
				p.next = attributes["href"]
			} else {
				p.also = attributes["href"]
			}
		}
	}
	p.skeleton, p.text = tags.String(), text.String()
	return p
}

// checkHeader checks the header of a page, the same for all of them.
func checkHeader(t testing.TB, w *httptest.ResponseRecorder) {
	t.Helper()
	page := read(w.Body.String())
	allowed := "style-src " + hashOf(page.style)
	if page.script != "" {
		allowed += "; script-src " + hashOf(page.script)
	}
	for name, want := range map[string]string{
		"Content-Type":                 "text/html; charset=utf-8",
		"Content-Security-Policy":      "default-src 'none'; " + allowed + "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), display-capture=(), fullscreen=(), geolocation=(), microphone=(), payment=(), usb=()",
		"Referrer-Policy":              "same-origin",
		"Cache-Control":                "no-store",
		"X-Content-Type-Options":       "nosniff",
		"X-Robots-Tag":                 "noindex",
		"Strict-Transport-Security":    "max-age=63072000",
		"Content-Language":             page.lang,
		"Set-Cookie":                   "",
		"Location":                     "",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("the header has %s: %s, want %s", name, got, want)
		}
	}
	if strings.Count(page.skeleton, "StartTag script") > 1 {
		t.Error("the page has more than one script")
	}
	for _, word := range []string{" src", " on", " http-equiv"} {
		if strings.Contains(page.skeleton, word) {
			t.Errorf("the page has%s, which its policy forbids", word)
		}
	}
}

// hashOf is a source of a Content-Security-Policy that allows a text.
func hashOf(text string) string {
	hash := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

func TestFormsCarryTheLinkParameters(t *testing.T) {
	shared := newSite(t)
	back := "https://riders.example.com/trips/42"
	for name, test := range map[string]struct {
		request *http.Request
		err     error
		action  string
		fields  map[string]string
	}{
		"confirm": {open(link.PathConfirm, values("return", back)), nil, "post /confirm",
			map[string]string{"client": ridersID, "user": userID, "pressed": "", "code": code, "typed": "", "return": back, "lang": "en"}},
		"confirm with a code typed by hand": {open(link.PathConfirm, values("code", "")), nil, "post /confirm",
			map[string]string{"client": ridersID, "user": userID, "pressed": "", "code": "", "typed": "1", "return": "", "lang": "en"}},
		"new password": {open(link.PathReset, values("return", back)), nil, "post /reset",
			map[string]string{"client": ridersID, "user": userID, "pressed": "", "code": code, "typed": "", "return": back, "lang": "en", "password": "", "repeat": ""}},
		"new password with a code typed by hand": {open(link.PathReset, values("code", "")), nil, "post /reset",
			map[string]string{"client": ridersID, "user": userID, "pressed": "", "code": "", "typed": "1", "return": "", "lang": "en", "password": "", "repeat": ""}},
		"send a new link": {press(link.PathConfirm, values("return", back)), says("ExpiredCodeException"), "post /resend",
			map[string]string{"client": ridersID, "user": userID, "pressed": "1", "return": back, "lang": "en"}},
		"send a new link for a password": {press(link.PathReset, values("return", back, "password", password, "repeat", password)), says("ExpiredCodeException"), "post /forgot",
			map[string]string{"client": ridersID, "user": userID, "pressed": "1", "return": back, "lang": "en"}},
		"a password that somebody else has set": {open(link.PathNotMe, values("code", "")), nil, "post /forgot",
			map[string]string{"client": ridersID, "user": userID, "pressed": "", "return": "", "lang": "en"}},
		"an address that is typed": {open(link.PathHelp, values("user", "", "code", "", "return", back)), nil, "post /help",
			map[string]string{"client": ridersID, "user": "", "pressed": "", "return": back, "lang": "en", "email": ""}},
		"try an address again": {press(link.PathHelp, values("email", "jane@example.com")), says("TooManyRequestsException"), "post /help",
			map[string]string{"client": ridersID, "user": userID, "pressed": "1", "code": code, "typed": "", "return": "", "lang": "en"}},
		"try to get a new link for a password again": {press(link.PathForgot, values()), says("InternalErrorException"), "post /forgot",
			map[string]string{"client": ridersID, "user": userID, "pressed": "1", "code": code, "typed": "", "return": "", "lang": "en"}},
		"try to confirm again": {press(link.PathConfirm, values()), says("InternalErrorException"), "post /confirm",
			map[string]string{"client": ridersID, "user": userID, "pressed": "1", "code": code, "typed": "", "return": "", "lang": "en"}},
		"try a code typed by hand again": {press(link.PathConfirm, values("typed", "1")), says("InternalErrorException"), "post /confirm",
			map[string]string{"client": ridersID, "user": userID, "pressed": "1", "code": code, "typed": "1", "return": "", "lang": "en"}},
		"try a new password and a code typed by hand again": {press(link.PathReset, values("typed", "1", "password", password, "repeat", "other")), nil, "post /reset",
			map[string]string{"client": ridersID, "user": userID, "pressed": "1", "code": code, "typed": "1", "return": "", "lang": "en", "password": "", "repeat": ""}},
		"try to get a new link again": {press(link.PathResend, values()), says("InternalErrorException"), "post /resend",
			map[string]string{"client": ridersID, "user": userID, "pressed": "1", "code": code, "typed": "", "return": "", "lang": "en"}},
		"try a new password again": {press(link.PathReset, values("password", password, "repeat", password)), says("InternalErrorException"), "post /reset",
			map[string]string{"client": ridersID, "user": userID, "pressed": "1", "code": code, "typed": "", "return": "", "lang": "en", "password": "", "repeat": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			s.cognito.err = test.err
			page := read(s.serve(t, test.request).Body.String())
			if page.action != test.action {
				t.Errorf("the form is %s, want %s", page.action, test.action)
			}
			if fmt.Sprint(page.fields) != fmt.Sprint(test.fields) {
				t.Errorf("the form has the fields %q, want %q", page.fields, test.fields)
			}
		})
	}
}

func TestContinueURLIsTheClientsOrAnAllowedOne(t *testing.T) {
	shared := newSite(t)
	for name, test := range map[string]struct{ path, client, back, want string }{
		"the app after confirming":                   {link.PathConfirm, ridersID, "", "https://riders.example.com/"},
		"the other app after confirming":             {link.PathConfirm, driversID, "", "https://drivers.example.com/start?a=1&b=2"},
		"sign-in after a new password":               {link.PathReset, ridersID, "", "https://riders.example.com/sign-in"},
		"an allowed page":                            {link.PathConfirm, ridersID, "https://riders.example.com/trips", "https://riders.example.com/trips"},
		"below an allowed page":                      {link.PathConfirm, ridersID, "https://riders.example.com/trips/42?a=1&b=%22", "https://riders.example.com/trips/42?a=1&b=%22"},
		"an allowed page after a new password":       {link.PathReset, ridersID, "https://riders.example.com/trips", "https://riders.example.com/trips"},
		"an allowed page with a status of its own":   {link.PathConfirm, ridersID, "https://riders.example.com/trips?status=paid", "https://riders.example.com/trips"},
		"an allowed page in other letters":           {link.PathConfirm, ridersID, "HTTPS://Riders.Example.com:443/trips", "https://riders.example.com/trips"},
		"the allowed page of another client":         {link.PathConfirm, driversID, "https://riders.example.com/trips", "https://drivers.example.com/start?a=1&b=2"},
		"a page beside the allowed one":              {link.PathConfirm, ridersID, "https://riders.example.com/tripsy", "https://riders.example.com/"},
		"out of the allowed page":                    {link.PathConfirm, ridersID, "https://riders.example.com/trips/../admin", "https://riders.example.com/"},
		"another host":                               {link.PathConfirm, ridersID, "https://evil.example/trips", "https://riders.example.com/"},
		"a host that begins like ours":               {link.PathConfirm, ridersID, "https://riders.example.com.evil.example/trips", "https://riders.example.com/"},
		"our host as a user":                         {link.PathConfirm, ridersID, "https://riders.example.com@evil.example/trips", "https://riders.example.com/"},
		"a backslash":                                {link.PathConfirm, ridersID, `https://riders.example.com\@evil.example/trips`, "https://riders.example.com/"},
		"another scheme":                             {link.PathConfirm, ridersID, "http://riders.example.com/trips", "https://riders.example.com/"},
		"a script":                                   {link.PathConfirm, ridersID, "javascript:alert(1)//https://riders.example.com/trips", "https://riders.example.com/"},
		"a script in other letters and a line break": {link.PathConfirm, ridersID, "java\nScript:alert(1)", "https://riders.example.com/"},
		"data":        {link.PathConfirm, ridersID, "data:text/html,<script>alert(1)</script>", "https://riders.example.com/"},
		"no scheme":   {link.PathConfirm, ridersID, "//evil.example/trips", "https://riders.example.com/"},
		"a path only": {link.PathConfirm, ridersID, "/trips", "https://riders.example.com/"},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			w := s.serve(t, press(test.path, values("client", test.client, "return", test.back, "password", password, "repeat", password)))
			done := confirmed.name
			if test.path == link.PathReset {
				done = resetDone.name
			}
			want := link.WithStatus(test.want, done)
			if got := read(w.Body.String()).next; got != want {
				t.Errorf("the way on is %s, want %s", got, want)
			}
		})
	}
}

// The app learns the result, whichever way back.
func TestContinueURLHasTheStatus(t *testing.T) {
	shared := newSite(t)
	for name, test := range map[string]struct {
		request *http.Request
		err     error
		want    string
	}{
		"confirmed":         {press(link.PathConfirm, values()), nil, "https://riders.example.com/?status=confirmed"},
		"confirmed before":  {press(link.PathConfirm, values()), says("NotAuthorizedException", "Current status is CONFIRMED"), "https://riders.example.com/?status=already-confirmed"},
		"an address taken":  {press(link.PathConfirm, values()), says("AliasExistsException"), "https://riders.example.com/sign-in?status=address-taken"},
		"a new password":    {press(link.PathReset, values("password", password, "repeat", password)), nil, "https://riders.example.com/sign-in?status=reset-done"},
		"an allowed return": {press(link.PathConfirm, values("return", "https://riders.example.com/trips?a=b")), nil, "https://riders.example.com/trips?a=b&status=confirmed"},
		"a bad link":        {open(link.PathConfirm, values("user", "")), nil, "https://riders.example.com/?status=bad-link"},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			s.cognito.fails(test.err)
			if got := read(s.serve(t, test.request).Body.String()).next; got != test.want {
				t.Errorf("the way on is %s, want %s", got, test.want)
			}
		})
	}
}

// hostile are values that try to get out of where they stand.
func hostile() map[string]string {
	return map[string]string{
		"a script":               `<script>alert(1)</script>`,
		"the end of a value":     `"><script>alert(1)</script>`,
		"the end of the other":   `'><img src=x onerror=alert(1)>`,
		"a value without quotes": `x onfocus=alert(1) autofocus`,
		"the end of the form":    `"></form><form action="https://evil.example">`,
		"the end of the style":   `</style><script>alert(1)</script>`,
		"the end of the title":   `</title><script>alert(1)</script>`,
		"a comment":              `--><!--`,
		"entities":               `&#34;&gt;&lt;script&gt;`,
		"broken UTF-8":           "\xc0\xbcscript\xc0\xbe\xff",
		"UTF-7":                  `+ADw-script+AD4-`,
		"controls":               "\x00\x1c\x0b\r\n\u2028",
		"a placeholder of ours":  "\x00continue\x00",
		"a template":             `{{.Code}}${7*7}`,
		"a script as an address": `javascript:alert(1)`,
		"a right-to-left sign":   "\u202etxt.exe",
	}
}

func TestRequestValuesAreEscaped(t *testing.T) {
	s, known := newSite(t), compiledShapes(t)
	for what, value := range hostile() {
		for _, key := range []string{"client", "user", "code", "return", "lang", "password", "email"} {
			for _, path := range []string{link.PathConfirm, link.PathResend, link.PathForgot, link.PathReset, link.PathHelp} {
				t.Run(what+" as "+key+" at "+path, func(t *testing.T) {
					changed := values(key, value, "repeat", password)
					for _, r := range []*http.Request{open(path, changed), press(path, changed)} {
						r.Header.Set("Accept-Language", "en")
						known.check(t, s.serve(t, r).Body.String())
					}
				})
			}
		}
		t.Run(what+" as a path and in the header", func(t *testing.T) {
			r := open(link.PathConfirm, values())
			r.URL.Path = "/" + value
			for _, name := range []string{"Accept-Language", "Referer", "User-Agent", "X-Forwarded-Host", "Origin"} {
				r.Header.Set(name, value)
			}
			known.check(t, s.serve(t, r).Body.String())
		})
	}
}

// shapes are what the values of a request must not change in a page: its tags,
// and what is read and run.
type shapes map[[4]string]bool

func shapeOf(page string) [4]string {
	p := read(page)
	return [4]string{p.skeleton, p.text, p.style, p.script}
}

func compiledShapes(t testing.TB) shapes {
	t.Helper()
	all := shapes{}
	for _, page := range functiontest.Compiled(t).Pages {
		_, compiled, _ := strings.Cut(string(page), "\x1c")
		all[shapeOf(compiled)] = true
	}
	return all
}

// check checks that a page has the shape of a compiled one.
func (s shapes) check(t testing.TB, page string) {
	t.Helper()
	if !s[shapeOf(page)] {
		t.Errorf("no page looks like this:\n%s", page)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(link.PathConfirm, values().Encode(), "en")
	f.Add(link.PathReset, values("return", "https://riders.example.com/trips").Encode(), "fr-CA,fr;q=0.9")
	f.Add(link.PathConfirm, values("code", "", "client", driversID).Encode(), "ar")
	f.Add(link.PathHelp, "client="+driversID, "ar")
	f.Add("/other", "user=%zz&user=;&lang", "")
	for _, damage := range damages() {
		r := openAddress(damage.to(addresses(link.PathConfirm)["whole"]))
		f.Add(r.URL.Path, r.URL.RawQuery, "en")
	}
	for _, value := range hostile() {
		f.Add(link.PathConfirm, values("return", value, "user", value).Encode(), value)
		f.Add(link.PathReset, values("return", value).Encode()+"&"+value, value)
	}
	s, known := newSite(f), compiledShapes(f)
	f.Fuzz(func(t *testing.T, path, query, language string) {
		if _, err := url.ParseRequestURI("/?" + query); err != nil {
			t.Skip("no server takes such an address")
		}
		r := open(link.PathConfirm, nil)
		r.URL.Path, r.URL.RawQuery = "/"+strings.TrimPrefix(path, "/"), query
		r.Header.Set("Accept-Language", language)
		w := s.serve(t, r)
		s.checkNotAsked(t)
		page := read(w.Body.String())
		known.check(t, w.Body.String())
		if path, query = link.PathOf(r.URL.Path, query); path == link.PathHelp {
			return // it needs no user
		}
		if l, err := link.ReadQuery(query); w.Code == http.StatusOK && (err != nil || page.fields["user"] != l.User || page.fields["code"] != l.Code) {
			t.Errorf("the form is for %q, the link for %+v, %v", page.fields, l, err)
		}
	})
}

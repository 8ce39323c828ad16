package main

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"poolpost/internal/functiontest"
	"poolpost/internal/link"
)

// The scanner conformance suite: whatever opens, previews or repeats a link,
// only the form that a person sends uses its code up. All of it goes through the
// adapter, as API Gateway calls the function. Scanners that run scripts are in
// browser_test.go, those of the local run in local/scanner_test.go.

// A poolOfOne is Cognito with one person, whose codes work once.
type poolOfOne struct {
	recorder
	confirmed, reset bool
}

func (p *poolOfOne) answer(request *http.Request, operation string, input []byte) (any, error) {
	output, err := p.recorder.answer(request, operation, input)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case operation == "ConfirmSignUp" && p.confirmed:
		return nil, says("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
	case operation == "ConfirmForgotPassword" && p.reset:
		return nil, says("ExpiredCodeException")
	case operation == "ConfirmSignUp":
		p.confirmed = true
	case operation == "ConfirmForgotPassword":
		p.reset = true
	}
	return output, err
}

// A scanned site is the function behind API Gateway, with one person.
type scanned struct {
	*site
	pool *poolOfOne
}

func (s *site) scanned() scanned {
	n := scanned{s.another(), &poolOfOne{}}
	n.handler.cognito = &cognitoClient{"https://cognito.example", &http.Client{Transport: functiontest.AWS(n.pool.answer)}}
	return n
}

// send sends a request the way API Gateway does, and returns the status.
func (s scanned) send(t testing.TB, r *http.Request) int {
	t.Helper()
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery, Headers: map[string]string{"host": host}}
	for name := range r.Header {
		e.Headers[strings.ToLower(name)] = r.Header.Get(name)
	}
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(r.PostForm.Encode())), true
	}
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.Path = r.Method, r.URL.Path
	payload, err := json.Marshal(e)
	if err != nil {
		t.Error(err)
	}
	reply, err := s.throughGateway().Invoke(t.Context(), payload)
	var response events.APIGatewayV2HTTPResponse
	if err != nil || json.Unmarshal(reply, &response) != nil {
		t.Errorf("%v: %s", err, reply)
	}
	return response.StatusCode
}

// outcomes are those of the log lines, which are the metric's.
func (s scanned) outcomes(t testing.TB) (list []string) {
	t.Helper()
	for _, line := range s.logged.Lines(t) {
		list = append(list, line["Outcome"].(string))
	}
	slices.Sort(list)
	return list
}

func TestScannersConsumeNoCode(t *testing.T) {
	agents := []string{
		"", "curl/8.5.0", "python-requests/2.32.3", "Go-http-client/2.0", "Wget/1.21.4",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", // seen of link scanners of mail gateways
		"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
		"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
		"BarracudaCentral-LinkProtect/1.0", "Mimecast-URLProtect/1.0", "ProofpointURLDefense/1.0", "Symantec-ClickTime/1.0",
		"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "facebookexternalhit/1.1", "Twitterbot/1.0", "WhatsApp/2.23.20.0 A",
		"TelegramBot (like TwitterBot)", "LinkedInBot/1.0", "Discordbot/2.0", "SkypeUriPreview Preview/0.5", "Googlebot/2.1", "bingbot/2.0", "YandexBot/3.0",
	}
	headers := map[string]http.Header{
		"a plain request":          {},
		"a prefetch":               {"Sec-Purpose": {"prefetch"}},
		"a prerender":              {"Sec-Purpose": {"prefetch;prerender"}},
		"an older prefetch":        {"Purpose": {"prefetch"}, "X-Moz": {"prefetch"}},
		"a preview":                {"X-Purpose": {"preview"}},
		"an anonymous prefetch":    {"Sec-Purpose": {"prefetch;anonymous-client-ip"}, "Sec-Fetch-Site": {"none"}},
		"a navigation from a mail": {"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Origin": {"https://mail.example"}},
		"a method overridden":      {"X-Http-Method-Override": {"POST"}, "X-Method-Override": {"POST"}},
	}
	s := newSite(t).scanned()
	full := values("password", password, "repeat", password)
	sent := 0
	for _, path := range []string{link.PathConfirm, link.PathReset, link.PathNotMe} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, agent := range agents {
				for name, header := range headers {
					r := open(path, full)
					r.Method, r.Header = method, header.Clone()
					r.Header.Set("User-Agent", agent)
					if status := s.send(t, r); status != http.StatusOK {
						t.Errorf("%s %s by %q, %s: status %d", method, path, agent, name, status)
					}
					sent++
				}
			}
		}
	}
	if len(s.pool.asked) != 0 {
		t.Fatalf("%d requests have asked Cognito %d times", sent, len(s.pool.asked))
	}
	// Every one of them counts as opened, none as confirmed.
	opened := slices.Compact(s.outcomes(t))
	if !slices.Equal(opened, []string{confirm.name, notMe.name, reset.name}) {
		t.Errorf("the metric has %q", opened)
	}
	// The person comes last, and the code still works.
	s.logged.Reset()
	if confirmed, reset := s.send(t, press(link.PathConfirm, values())), s.send(t, press(link.PathReset, full)); confirmed != http.StatusOK || reset != http.StatusOK {
		t.Errorf("after that the person gets %d and %d", confirmed, reset)
	}
	if got := s.outcomes(t); !slices.Equal(got, []string{confirmed.name, resetDone.name}) {
		t.Errorf("the metric has %q", got)
	}
}

// A preview that sends forms it finds does so from elsewhere, or without what
// the form holds.
func TestForgedFormsDoNothing(t *testing.T) {
	full := values("password", password, "repeat", password)
	from := func(site, origin string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", site); r.Header.Set("Origin", origin) }
	}
	shared := newSite(t)
	for name, test := range map[string]struct {
		form   url.Values
		change func(*http.Request)
		status int
	}{
		"from another site":                         {full, from("cross-site", "https://evil.example"), http.StatusForbidden},
		"from another host of the domain":           {full, from("same-site", "https://app.example.com"), http.StatusForbidden},
		"from another site in an older browser":     {full, func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "https://evil.example") }, http.StatusForbidden},
		"from another site as a preflight's answer": {full, func(r *http.Request) { from("cross-site", "null")(r); r.Header.Set("Content-Type", "text/plain") }, http.StatusForbidden},
		"with nothing in it":                        {url.Values{}, func(*http.Request) {}, http.StatusBadRequest},
		"with the link's values in the address":     {url.Values{}, func(r *http.Request) { r.URL.RawQuery = full.Encode() }, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{link.PathConfirm, link.PathResend, link.PathForgot, link.PathReset} {
				s := shared.scanned()
				r := press(path, test.form)
				test.change(r)
				if status := s.send(t, r); status != test.status || len(s.pool.asked) != 0 {
					t.Errorf("%s: status %d, and Cognito was asked %d times", path, status, len(s.pool.asked))
				}
			}
		})
	}
}

// A scanner is a way of a program with a link to path. It may do what serve lets it do: send a
// request and read the page. Those that are not stopped use the code up.
type scanner struct {
	scan    func(path string, serve func(*http.Request) shown)
	stopped bool
}

// scanners are those of the table in docs/verify-link.md.
func scanners() map[string]scanner {
	full := values("password", password, "repeat", password)
	// submits submits the form of a page, with a password where there is a field for one.
	submits := func(page shown, send func(path string, form url.Values) *http.Request, serve func(*http.Request) shown) shown {
		form := url.Values{}
		for name, value := range page.fields {
			form.Set(name, value)
		}
		for _, name := range []string{"password", "repeat"} {
			if form.Has(name) {
				form.Set(name, password)
			}
		}
		return serve(send(strings.TrimPrefix(page.action, "post "), form))
	}
	own := func(path string, form url.Values) *http.Request { return pressFrom("", "https://"+host, path, form) }
	return map[string]scanner{
		"opens the link, or asks for its header only": {func(path string, serve func(*http.Request) shown) {
			head := open(path, full)
			head.Method = http.MethodHead
			serve(head)
			serve(open(path, full))
		}, true},
		// testOpening in browser_test.go does the same with scripts.
		"runs the scripts of the page, and waits": {func(path string, serve func(*http.Request) shown) { serve(open(path, full)) }, true},
		"opens every link on the page": {func(path string, serve func(*http.Request) shown) {
			page := serve(open(path, full))
			serve(httptest.NewRequest(http.MethodGet, "https://"+host+page.also, nil))
		}, true},
		"sends the values of the link as a form": {func(path string, serve func(*http.Request) shown) {
			serve(unnamedPress(path, full))
		}, true},
		"submits the form that it finds": {func(path string, serve func(*http.Request) shown) {
			submits(serve(open(path, full)), unnamedPress, serve)
		}, true},
		"submits the form of the answer, too": {func(path string, serve func(*http.Request) shown) {
			submits(submits(serve(open(path, full)), unnamedPress, serve), unnamedPress, serve)
		}, false},
		"names the page's origin, as a browser does": {func(path string, serve func(*http.Request) shown) {
			submits(serve(open(path, full)), own, serve)
		}, false},
		"presses the button in a browser": {func(path string, serve func(*http.Request) shown) {
			submits(serve(open(path, full)), press, serve)
		}, false},
	}
}

func TestWhichScannersAreStopped(t *testing.T) {
	shared := newSite(t)
	for name, scanner := range scanners() {
		for _, path := range []string{link.PathConfirm, link.PathReset} {
			t.Run(name+" at "+path, func(t *testing.T) {
				s := shared.scanned()
				scanner.scan(path, func(r *http.Request) shown { return read(s.serve(t, r).Body.String()) })
				if stopped := len(s.pool.asked) == 0; stopped != scanner.stopped {
					t.Errorf("it is stopped: %t", stopped)
				}
			})
		}
	}
}

func TestTheDocumentationListsEveryScanner(t *testing.T) {
	want, documented := map[string]string{}, map[string]string{}
	for name, scanner := range scanners() {
		want[name] = map[bool]string{true: "yes", false: "no"}[scanner.stopped]
	}
	for _, row := range functiontest.Table(t, "docs/verify-link.md", "## Scanners") {
		documented[row[0]] = row[1]
	}
	if !maps.Equal(documented, want) {
		t.Errorf("docs/verify-link.md has\n%v\nthe code has\n%v", documented, want)
	}
}

// Somebody who did not ask for the email learns so on a page that nothing can be done from.
func TestWhoDidNotAskLearnsThatNothingHappened(t *testing.T) {
	s := newSite(t)
	for _, query := range []url.Values{values(), values("code", "")} {
		for _, path := range []string{link.PathConfirm, link.PathReset} {
			way := read(s.serve(t, open(path, query)).Body.String()).also
			w := s.serve(t, httptest.NewRequest(http.MethodGet, "https://"+host+way, nil))
			s.checkState(t, w, notAsked, "riders", "en")
			if page := read(w.Body.String()); page.action != "" || page.next != "" || page.also != "" || strings.Contains(way, code) {
				t.Errorf("%s leads to %s with the form %q and the link %q", path, way, page.action, page.next)
			}
		}
	}
	s.checkNotAsked(t)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestRepeatedFormStillReportsSuccess(t *testing.T) {
	s := newSite(t).scanned()
	for range 3 {
		if status := s.send(t, press(link.PathConfirm, values())); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	if got := s.outcomes(t); !slices.Equal(got, []string{alreadyConfirmed.name, alreadyConfirmed.name, confirmed.name}) {
		t.Errorf("three times the same form: %q", got)
	}
}

func TestConcurrentForms(t *testing.T) {
	full := values("password", password, "repeat", password)
	shared := newSite(t)
	for path, want := range map[string][]string{
		link.PathConfirm: {alreadyConfirmed.name, alreadyConfirmed.name, alreadyConfirmed.name, confirmed.name},
		link.PathReset:   {resetDone.name, resetExpired.name, resetExpired.name, resetExpired.name},
	} {
		s := shared.scanned()
		server := httptest.NewServer(s.handler)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				r := press(path, full)
				r.URL, r.RequestURI = must(url.Parse(server.URL+path)), ""
				response, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				response.Body.Close()
			})
		}
		all.Wait()
		server.Close()
		if got := s.outcomes(t); !slices.Equal(got, want) {
			t.Errorf("%s: four at once: %q, want %q", path, got, want)
		}
	}
}

// The page says the same of a provider's user, who may exist, as of a name that nobody can have.
func TestPageDoesNotTellWhoHasAnAccount(t *testing.T) {
	shared := newSite(t)
	for _, path := range []string{link.PathConfirm, link.PathResend, link.PathForgot, link.PathReset} {
		for _, name := range []string{"Facebook_1002003", "google_42", "SignInWithApple_000123.abc.0456", "Okta_" + userID, "jane@example.com", "nobody"} {
			s := shared.scanned()
			form := values("user", name, "password", password, "repeat", password)
			if status := s.send(t, press(path, form)); status != http.StatusBadRequest || len(s.pool.asked) != 0 {
				t.Errorf("%s for %s: status %d, and Cognito was asked %d times", path, name, status, len(s.pool.asked))
			}
		}
	}
}

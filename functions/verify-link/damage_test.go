package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"poolpost/internal/link"
)

// What an opened link leads to.
const (
	works = "works"                // the form has the user and the code
	asks  = "asks for the code"    // the form has the user
	tells = "tells that it is bad" // the page says so, and what to do
)

// damages are the ways in which mail programs, gateways and people change a link, and what a
// whole link leads to then.
func damages() map[string]damage {
	query := func(change func(query string) string) func(string) string {
		return func(address string) string {
			path, query, _ := strings.Cut(address, "?")
			return path + "?" + change(query)
		}
	}
	replaced := func(oldnew ...string) func(string) string { return query(strings.NewReplacer(oldnew...).Replace) }
	appended := func(text string) func(string) string { return func(address string) string { return address + text } }
	escaped := func(hex string, all bool) func(string) string {
		return func(text string) string {
			var b strings.Builder
			for i := range len(text) {
				if all || strings.IndexByte("&=%+:/?-_", text[i]) >= 0 {
					fmt.Fprintf(&b, hex, text[i])
				} else {
					b.WriteByte(text[i])
				}
			}
			return b.String()
		}
	}
	quoted := strings.NewReplacer("=", "=3D").Replace
	percent := escaped("%%%02X", false)

	all := map[string]damage{
		"none": {appended(""), works},

		"HTML's ampersands":                        {replaced("&", "&amp;"), works},
		"HTML's ampersands, twice":                 {replaced("&", "&amp;amp;"), works},
		"HTML's ampersands, three times":           {replaced("&", "&amp;amp;amp;"), works},
		"HTML's ampersands, escaped":               {replaced("&", "%26amp%3B"), works},
		"HTML's ampersands, the semicolon escaped": {replaced("&", "&amp%3B"), works},
		"HTML's ampersands without a semicolon":    {replaced("&", "&amp"), works},
		"HTML's ampersands as numbers":             {replaced("&", "&#38;"), tells}, // a browser cuts off what follows the #
		"HTML's ampersands as numbers, escaped":    {replaced("&", "%26%2338%3B"), works},
		"HTML's ampersands in hexadecimal":         {replaced("&", "%26%23x26%3B"), works},
		"HTML's numbers for all signs":             {replaced("&", "%26%2338%3B", "=", "%26%2361%3B", "-", "%26%2345%3B"), works},
		"JSON's ampersands":                        {replaced("&", `\u0026`, "=", `\u003d`), works},
		"semicolons for ampersands":                {replaced("&", ";"), works},
		"HTML's escape of &lang":                   {replaced("&lang", "⟨"), works},

		"quoted-printable":                      {query(quoted), works},
		"quoted-printable in lower case":        {replaced("=", "=3d"), works},
		"quoted-printable and HTML":             {replaced("=", "=3D", "&", "&amp;"), works},
		"quoted-printable, escaped":             {query(func(q string) string { return percent(quoted(q)) }), works},
		"quoted-printable with broken lines":    {wrapped("=\r\n"), works},
		"quoted-printable with escaped breaks":  {wrapped("=%0D%0A"), works},
		"broken lines":                          {wrapped("\r\n"), works},
		"broken lines, escaped":                 {wrapped("%0D%0A"), works},
		"broken and indented lines":             {wrapped("%0A%20%20"), works},
		"broken and quoted lines":               {wrapped("%0D%0A%3E%20"), works},
		"broken lines that became spaces":       {wrapped(" "), works},
		"broken lines that became plus signs":   {wrapped("+"), works},
		"broken lines with hyphens that vanish": {wrapped("\u00ad"), works},
		"marks where a line may break":          {wrapped("\u200b"), works},

		"escaped twice":                          {query(percent), works},
		"escaped three times":                    {query(func(q string) string { return percent(percent(q)) }), works},
		"escaped four times":                     {query(func(q string) string { return percent(percent(percent(q))) }), works},
		"escaped twice, in lower case":           {query(escaped("%%%02x", false)), works},
		"escaped twice, with the question mark":  {func(a string) string { return strings.Replace(a, "?", "%3F", 1) }, works},
		"escaped with the question mark and all": {func(a string) string { path, q, _ := strings.Cut(a, "?"); return path + "%3F" + percent(q) }, works},
		"every letter escaped":                   {query(escaped("%%%02X", true)), works},
		"every letter escaped twice":             {query(func(q string) string { return percent(escaped("%%%02X", true)(q)) }), works},
		"escapes undone":                         {query(func(q string) string { q, _ = url.PathUnescape(q); return q }), works},
		"only the separators escaped":            {replaced("&", "%26"), works},
		"only the equals signs escaped":          {replaced("=", "%3D"), works},
		"escaped from the code on":               {replaced("&code", "%26code"), works},
		"hyphens escaped twice":                  {replaced("-", "%252D"), works},

		"URL Defense, version 2":            {query(escaped("-%02X", false)), works},
		"URL Defense, version 3":            {appended("__;!!ABC123def!456$"), works},
		"Safe Links":                        {appended("&data=05%7C02%7Cjane%40example.com%7C123456&sdata=x%2Fy%3D&reserved=0"), works},
		"Link Protection":                   {appended("&c=E,1,x123456y,y,1&typo=1"), works},
		"the parameters of a campaign":      {appended("&utm_source=mail&utm_campaign=code%3D654321&utm_id=654321"), works},
		"a click's number":                  {appended("&fbclid=IwAR0abc123456&gclid=654321&mc_eid=654321&_hsenc=p2A-&_hsmi=654321"), works},
		"parameters with a question mark":   {appended("?utm_source=mail&utm_medium=email"), works},
		"parameters, escaped":               {appended("%26utm_id%3D654321"), works},
		"parameters in front":               {query(func(q string) string { return "utm_source=mail&code_id=654321&" + q }), works},
		"an ampersand in front":             {query(func(q string) string { return "&" + q }), works},
		"sorted parameters":                 {query(sorted), works},
		"a fragment":                        {appended("#top"), works},
		"an escaped fragment":               {appended("%23top"), works},
		"all parameters twice":              {query(func(q string) string { return q + "&" + q }), works},
		"all parameters again, and empty":   {appended("&user=&code=&client=&lang=&return="), works},
		"another user":                      {appended("&user=99999999-1111-4222-8333-444455556666"), tells},
		"another user in the form of a cut": {appended("&user=0a1b2c3d-1111"), works},
		"another code":                      {appended("&code=123456&code=654321"), asks},
		"upper-case names":                  {replaced("client", "CLIENT", "user", "USER", "code", "Code", "return", "RETURN", "lang", "LANG"), works},
		"upper case":                        {query(strings.ToUpper), works},
		"a dash for every hyphen":           {replaced("-", "–"), works},
		"hyphens that do not break":         {replaced("-", "\u2011"), works},
		"two hyphens for one":               {replaced("-", "--"), works},
		"hyphens that vanish":               {replaced("-", "\u00ad"), works},
		"spaces around the signs":           {replaced("=", " = ", "&", " & "), works},
		"a direction mark around each value": {
			replaced("=", "=\u202a", "&", "\u202c&"), works,
		},
	}
	for _, sign := range strings.Fields(`. , ; : ! ? ) ] } > " ' » ” ’ … 。 、 ） 」 】 ؟ ، | * _ ~ \ = & / \) ]( %0A %20 + > </a> "> &gt; &quot; .</p> <br> \r\n ___ )` + "` \u200b \ufeff") {
		all["behind it "+sign] = damage{appended(sign), works}
		all["behind it, escaped, "+sign] = damage{appended(url.QueryEscape(sign)), works}
	}
	return all
}

// A damage is what happens to an address, and what that leads to if nothing is cut off.
type damage struct {
	to   func(address string) string
	want string
}

// wrapped breaks an address into lines of 30 characters, so that every value is broken.
func wrapped(with string) func(string) string {
	return func(address string) string {
		path, query, _ := strings.Cut(address, "?")
		for at := 30 * (len(query) / 30); at > 0; at -= 30 {
			for query[at-1] == '%' || at > 1 && query[at-2] == '%' { // not in an escape
				at--
			}
			query = query[:at] + with + query[at:]
		}
		return path + "?" + query
	}
}

func sorted(query string) string {
	parts := strings.Split(query, "&")
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

// addresses are links as mails have them, whole or ending in the value that is named.
func addresses(path string) map[string]string {
	l := link.Link{Client: ridersID, User: userID, Code: code, Locale: "fr", Return: "https://riders.example.com/trips/42?a=b&c=d"}
	whole := link.Build("", path, l)
	l.Return, l.Locale = "", ""
	toCode := link.Build("", path, l)
	l.Code = ""
	return map[string]string{"whole": whole, "ending in the code": toCode, "ending in the user": link.Build("", path, l)}
}

// openAddress is the request that a browser makes of an address (URL standard, "basic URL
// parser"): without tabs, line breaks and the fragment, and with escapes.
func openAddress(address string) *http.Request {
	address = strings.NewReplacer("\r", "", "\n", "", "\t", "").Replace(address)
	address, _, _ = strings.Cut(address, "#")
	address = regexp.MustCompile(`[^!$-;=?-_a-z|~]`).ReplaceAllStringFunc(strings.Trim(address, " "), url.PathEscape)
	path, query, _ := strings.Cut(address, "?")
	r := httptest.NewRequest(http.MethodGet, "https://"+host, nil)
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	r.URL.Path, r.URL.RawQuery = path, query
	return r
}

// A reader opens links, and submits each form once that these lead to.
type reader struct {
	*site
	seen map[string]string // pages, and what they are
}

// open opens an address, and returns what that leads to. If that is a form, it works.
func (s reader) open(t *testing.T, path, address string) string {
	t.Helper()
	s.logged.Reset()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, openAddress(address))
	html := w.Body.String()
	if s.seen[path+html] == "" {
		got, err := s.judge(t, operations[path], path, html)
		if err != nil {
			t.Fatalf("%s\nleads to %v", address, err)
		}
		s.seen[path+html] = got
	}
	return s.seen[path+html]
}

// judge returns what a page is, and an error if its form does not work.
func (s reader) judge(t *testing.T, op operation, path, html string) (string, error) {
	t.Helper()
	outcome, page := s.logged.Lines(t)[0]["Outcome"], read(html)
	form := url.Values{"password": {password}, "repeat": {password}}
	for name, value := range page.fields {
		if value != "" {
			form.Set(name, value)
		}
	}
	got := works
	switch {
	case outcome == badLink.name:
		return tells, nil
	case outcome == op.form.name && page.fields["code"] == code:
	case outcome == op.codeForm.name && page.fields["code"] == "":
		got = asks
		form.Set("code", code)
	default:
		return "", fmt.Errorf("%v with %q", outcome, page.fields)
	}
	s.logged.Reset()
	s.cognito.asked = nil
	s.handler.ServeHTTP(httptest.NewRecorder(), press(path, form))
	outcome = s.logged.Lines(t)[0]["Outcome"]
	if outcome != op.done.name || len(s.cognito.asked) != 1 || s.cognito.asked[0].Username != userID || s.cognito.asked[0].ConfirmationCode != code {
		return "", fmt.Errorf("a form that leads to %v; Cognito is asked %+v", outcome, s.cognito.asked)
	}
	return got, nil
}

func TestDamagedLinksWorkOrTellSo(t *testing.T) {
	s := reader{newSite(t), map[string]string{}}
	for _, path := range []string{link.PathConfirm, link.PathReset} {
		for which, address := range addresses(path) {
			for name, damage := range damages() {
				t.Run(path+" "+which+": "+name, func(t *testing.T) {
					want := damage.want
					if which == "ending in the user" && want == works {
						want = asks
					}
					if got := s.open(t, path, damage.to(address)); got != want {
						t.Errorf("%s\n%s, but it %s", damage.to(address), got, want)
					}
				})
			}
		}
	}
}

// Wherever a link is cut, and whatever happened to it before, it works, asks for the code, or
// tells that it is bad.
func TestLinksThatAreCutWorkOrTellSo(t *testing.T) {
	s := reader{newSite(t), map[string]string{}}
	for _, path := range []string{link.PathConfirm, link.PathReset} {
		known := map[string]string{}
		for name, damage := range damages() {
			t.Run(path+": "+name, func(t *testing.T) {
				address := damage.to(addresses(path)["whole"])
				seen := map[string]int{}
				for end := len("/c"); end < len(address); end++ {
					cut := address[:end]
					if known[cut] == "" {
						known[cut] = s.open(t, path, cut)
					}
					seen[known[cut]]++
				}
				// When the user comes last, each cut takes a part of it.
				if damage.want == works && (seen[works] < len("&return=&lang=") || seen[asks] < len(code)) && name != "sorted parameters" || seen[tells] < len(userID) {
					t.Errorf("of %d cuts %v", len(address), seen)
				}
			})
		}
	}
}

// Where a line is broken, whatever the break leaves behind, a link works. Only an escape of the
// return address may be spoilt, which then is left out.
func TestLinksThatAreWrappedAnywhereWork(t *testing.T) {
	s := reader{newSite(t), map[string]string{}}
	for _, path := range []string{link.PathConfirm, link.PathReset} {
		for _, with := range []string{
			"\r\n", "=\r\n", "=\n", "=%0D%0A", "=%0A", "%0D%0A", "%0A%20", "%0D%0A%09", "%0D%0A%3E%20", "%0A%3E%3E%20", "=%20", "%3D%0D%0A", "%3D",
			" ", "+", "%20%20", "%C2%A0", "\u00a0", "\u200b", "\u00ad", "\u2028", "\ufeff", "\u2060", "\u200f", "%E2%80%8B", "%2520", "%250A", "%25250A",
		} {
			t.Run(fmt.Sprintf("%s: %q", path, with), func(t *testing.T) {
				whole := addresses(path)["whole"]
				for at := len(path) + 1; at <= len(whole); at++ {
					if got := s.open(t, path, whole[:at]+with+whole[at:]); got != works {
						t.Errorf("broken at %d %s: %s", at, whole[:at], got)
					}
				}
			})
		}
	}
}

// Where some letters are lost, a link works, asks for the code, or tells that it is bad.
func TestLinksThatLoseLettersWorkOrTellSo(t *testing.T) {
	s := reader{newSite(t), map[string]string{}}
	for _, path := range []string{link.PathConfirm, link.PathReset} {
		whole := addresses(path)["whole"]
		for lost := 1; lost <= 5; lost++ {
			for at := len(path) + 1; at+lost <= len(whole); at++ {
				s.open(t, path, whole[:at]+whole[at+lost:])
			}
		}
	}
}

// A form with a part of a user name comes from a page that read its link before it was complete,
// or from nobody.
func TestAFormWithACutUserIsRefused(t *testing.T) {
	s := newSite(t)
	for path, op := range operations {
		if op.name == "" || op.takesAddress {
			continue // takes no form, or one without a user
		}
		for end := range userID {
			s.checkState(t, s.serve(t, press(path, values("user", userID[:end], "typed", "1", "password", password, "repeat", password))), badLink, "riders", "en")
		}
	}
	s.checkNotAsked(t)
}

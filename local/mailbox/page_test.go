package mailbox

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestPages(t *testing.T) {
	tests := []struct {
		name, target string
		want         []string
		not          []string
	}{
		{
			name: "the list: senders, recipients, subjects, badges", target: "/mailbox",
			want: []string{"Zoë", "Ann &lt;ann@example.com&gt;", ">Welcome</a>", "Your code is 123456", ">note<", "1 Mar 09:00:03", "/mailbox/{3}", `http-equiv="refresh"`},
		},
		{
			name: "the list without refreshing", target: "/mailbox?refresh=off",
			want: []string{">Welcome</a>", `href="/mailbox?refresh=off">Refresh<`}, not: []string{"http-equiv"},
		},
		{
			name: "an email in a sandboxed frame", target: "/mailbox/{3}",
			want: []string{"Zoë &lt;zoe@example.com&gt;", "bob@example.com", "eve@example.com", "support@example.com, help@example.com", "by SES", "kind=welcome",
				`<iframe class="" title="The email as it was sent" src="/mailbox/{3}/html" sandbox="allow-top-navigation-by-user-activation allow-popups allow-popups-to-escape-sandbox">`},
			not: []string{"http-equiv", `class="note"`},
		},
		{
			name: "an email at the width of a phone in dark colours, and links that keep both", target: "/mailbox/{3}?width=phone&scheme=dark",
			want: []string{`<iframe class="phone dark"`, `href="/mailbox/{3}?scheme=dark&amp;view=text&amp;width=phone"`, `href="/mailbox/{3}?scheme=dark&amp;view=html"`},
		},
		{name: "the note of an email", target: "/mailbox/{1}", want: []string{`class="note"`, "Cognito sent its default email."}},
		{name: "the text of an email", target: "/mailbox/{3}?view=text", want: []string{"<pre>Welcome\n</pre>"}, not: []string{"<iframe"}},
		{name: "that an email has no text", target: "/mailbox/{1}?view=text", want: []string{"This email has no text part. Cognito sends only HTML."}},
		{
			name: "the headers of an email", target: "/mailbox/{3}?view=headers",
			want: []string{"List-Unsubscribe-Post", "Message-ID", "&lt;{3}@email.amazonses.com&gt;"}, not: []string{"<iframe", "Bcc</th>"},
		},
		{name: "an email with a text only", target: "/mailbox/{2}", want: []string{"<pre>Your code is 123456</pre>"}, not: []string{"<iframe"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, ids := filled()
			place := strings.NewReplacer("{1}", ids[0], "{2}", ids[1], "{3}", ids[2])
			w := call(b.Handler(), http.MethodGet, place.Replace(test.target), "")
			page := w.Body.String()
			if w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, page)
			}
			if policy := w.Header().Get("Content-Security-Policy"); policy != pagePolicy {
				t.Errorf("policy is %q", policy)
			}
			for i, s := range test.want {
				test.want[i] = place.Replace(s)
			}
			checkPage(t, page, test.want, append(test.not, "<script", "style="))
		})
	}
}

func checkPage(t *testing.T, page string, want, not []string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(page, s) {
			t.Errorf("the page lacks %s:\n%s", s, page)
		}
	}
	for _, s := range not {
		if strings.Contains(page, s) {
			t.Errorf("the page has %s:\n%s", s, page)
		}
	}
}

func TestListIsPaginated(t *testing.T) {
	b := New(nil)
	for i := range 250 {
		b.Add(Message{Subject: fmt.Sprintf("number %d.", i)})
	}
	tests := []struct {
		name, target string
		want, not    []string
	}{
		{"the newest 100", "/mailbox", []string{"number 249.", "number 150.", `href="/mailbox?start=100">Older`}, []string{"number 149.", "Newer"}},
		{"the next 100", "/mailbox?start=100", []string{"101 to 200 of 250", "number 149.", `href="/mailbox?start=0">Newer`, `href="/mailbox?start=200">Older`}, []string{"number 150.", "http-equiv"}},
		{"the rest", "/mailbox?start=200", []string{"number 0.", "Newer"}, []string{"Older</a>"}},
		{"nothing behind the end", "/mailbox?start=900", []string{"Mailbox"}, []string{"number"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			page := call(b.Handler(), http.MethodGet, test.target, "").Body.String()
			checkPage(t, page, test.want, test.not)
		})
	}
}

func TestHostileEmailStaysInItsFrame(t *testing.T) {
	const evil = `"><script>alert(1)</script>`
	b := New(nil)
	id := b.Add(Message{
		From: evil, ReplyTo: evil, To: []string{evil}, Subject: evil, Note: evil, Via: evil,
		HTML: "<script>alert(1)</script>", Text: "javascript:alert(1) https://example.com/\"onclick=x " + evil,
		Headers: []Header{{evil, evil}}, Tags: map[string]string{evil: evil},
	})
	for _, target := range []string{"/mailbox", "/mailbox/" + id, "/mailbox/" + id + "?view=text", "/mailbox/" + id + "?view=headers", "/mailbox/" + id + "?width=%22%3E%3Cscript%3E&scheme=%22%3E%3Cscript%3E"} {
		w := call(b.Handler(), http.MethodGet, target, "")
		if page := w.Body.String(); w.Code != http.StatusOK || strings.Contains(page, "<script") || strings.Contains(page, `href="javascript`) {
			t.Errorf("%s: %d %s", target, w.Code, page)
		}
	}
	policy := call(b.Handler(), http.MethodGet, "/mailbox/"+id+"/html", "").Header().Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'none'", "style-src 'unsafe-inline'", "img-src data: https:", "form-action 'none'", "sandbox allow-top-navigation-by-user-activation"} {
		if !strings.Contains(policy, rule) {
			t.Errorf("the email's policy lacks %s: %s", rule, policy)
		}
	}
	if strings.Contains(policy, "allow-scripts") || strings.Contains(policy, "allow-same-origin") {
		t.Errorf("the email's policy is %s", policy)
	}
}

func TestPlacementOfBase(t *testing.T) {
	const base = `<base target="_top">`
	tests := []struct{ name, mail, want string }{
		{"inside the head", `<!doctype html><html lang="en"><!-- <head> --><head class="a>b"><title>x</title></head><p>`, `<!doctype html><html lang="en"><!-- <head> --><head class="a>b">` + base + `<title>x</title></head><p>`},
		{"in front of another base", `<HEAD><base target="_blank">`, `<HEAD>` + base + `<base target="_blank">`},
		{"behind the html element without a head", `<!doctype html><html><body>x`, `<!doctype html><html>` + base + `<body>x`},
		{"behind the doctype without more", "<!DOCTYPE html>\n<p>x", "<!DOCTYPE html>" + base + "\n<p>x"},
		{"in front of a plain text", `Your code is 123456`, base + `Your code is 123456`},
		{"in front of a header element", `<header><head>`, base + `<header><head>`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := New(nil)
			id := b.Add(Message{HTML: test.mail})
			if got := call(b.Handler(), http.MethodGet, "/mailbox/"+id+"/html", "").Body.String(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestLinksInTexts(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no link", "Your code is 123456", "Your code is 123456"},
		{"a link ends before the dot of its sentence", "Open https://links.example.com/confirm?code=1&lang=en. Thanks", "Open [https://links.example.com/confirm?code=1&lang=en]. Thanks"},
		{"a link in brackets", "(http://127.0.0.1:8080/)", "([http://127.0.0.1:8080/])"},
		{"two links on two lines", "https://a.example.com\nhttps://b.example.com", "[https://a.example.com]\n[https://b.example.com]"},
		{"no other scheme", "javascript:alert(1)", "javascript:alert(1)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got strings.Builder
			for _, s := range linked(test.text) {
				if s.Link != "" {
					fmt.Fprintf(&got, "[%s]", s.Link)
				} else {
					got.WriteString(s.Text)
				}
			}
			if got.String() != test.want {
				t.Errorf("got %s, want %s", got.String(), test.want)
			}
		})
	}
}

func TestDeleteAllNeedsTheSameOrigin(t *testing.T) {
	tests := []struct {
		name, method, target, site string
		status, left               int
	}{
		{"the page's own form empties the box and shows the list", http.MethodPost, "/mailbox/delete", "same-origin", http.StatusSeeOther, 0},
		{"another site's form is refused", http.MethodPost, "/mailbox/delete", "cross-site", http.StatusForbidden, 3},
		{"another site's call of the API is refused", http.MethodDelete, "/api/v1/messages", "cross-site", http.StatusForbidden, 3},
		{"a link deletes nothing", http.MethodGet, "/mailbox/delete", "same-origin", http.StatusNotFound, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, _ := filled()
			r := httptest.NewRequest(test.method, test.target, nil)
			r.Header.Set("Sec-Fetch-Site", test.site)
			w := httptest.NewRecorder()
			b.Handler().ServeHTTP(w, r)
			if w.Code != test.status || len(b.Messages()) != test.left {
				t.Errorf("status %d and %d messages left, want %d and %d", w.Code, len(b.Messages()), test.status, test.left)
			}
		})
	}
}

func TestStylesheetHasEveryClassOfThePages(t *testing.T) {
	b, ids := filled()
	css := call(b.Handler(), http.MethodGet, "/mailbox/style.css", "").Body.String()
	if css != string(stylesheet) {
		t.Error("the served stylesheet is not the embedded one")
	}
	targets := []string{"/mailbox", "/mailbox/unknown"}
	for _, id := range ids {
		targets = append(targets, "/mailbox/"+id, "/mailbox/"+id+"?width=phone&scheme=dark", "/mailbox/"+id+"?scheme=light")
	}
	for _, target := range targets {
		for _, class := range classes(t, call(b.Handler(), http.MethodGet, target, "").Body.String()) {
			if !strings.Contains(css, "."+class) {
				t.Errorf("%s uses the class %s, which the stylesheet does not know", target, class)
			}
		}
	}
}

// classes returns the class names in a page.
func classes(t *testing.T, page string) []string {
	t.Helper()
	document, err := html.Parse(strings.NewReader(page))
	noError(t, err)
	var all []string
	for n := range document.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "class" {
				all = append(all, strings.Fields(a.Val)...)
			}
		}
	}
	return all
}

// A doctype that moves from its place changes how a browser lays an email out.
func FuzzTheBaseKeepsTheDoctype(f *testing.F) {
	f.Add(`<!doctype html><html><head><title>x</title></head><p>`)
	f.Add(`<!-- <head> --><!doctype html><p>`)
	f.Add("\n<!DOCTYPE html\x00<head")
	f.Fuzz(func(t *testing.T, document string) {
		at := headStart(document)
		with := document[:at] + `<base target="_top">` + document[at:]
		if hasDoctype(t, document) && !hasDoctype(t, with) {
			t.Errorf("%q lost its doctype as %q", document, with)
		}
	})
}

func hasDoctype(t *testing.T, document string) bool {
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Skip(err)
	}
	for n := range root.ChildNodes() {
		if n.Type == html.DoctypeNode {
			return true
		}
	}
	return false
}

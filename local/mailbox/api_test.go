package mailbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

func call(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w
}

// filled returns a box with an email of Cognito, one with a text only and one of
// SES, in this order, and their ids.
func filled() (b *Box, ids []string) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	b = New(func() time.Time { now = now.Add(time.Second); return now })
	return b, []string{
		b.Add(Message{
			Via: "Cognito", From: "no-reply@example.com", To: []string{"ann@example.com"},
			Subject: "Confirm", HTML: "<!doctype html>\r\n<html><head><title>no</title><style>p{}</style></head><body><p>Confirm&nbsp;it</p>\u00a0<p>now</p></body></html>",
			Note: "Cognito sent its default email.",
		}),
		b.Add(Message{Via: "SES", To: []string{"bob@example.com"}, Text: "Your code is 123456"}),
		b.Add(Message{
			Via: "SES", From: "=?utf-8?q?Zo=C3=AB?= <zoe@example.com>", ReplyTo: "support@example.com, help@example.com",
			To: []string{"Ann <ann@example.com>"}, Cc: []string{"bob@example.com"}, Bcc: []string{"eve@example.com"},
			Subject: "Welcome", HTML: "<p>Welcome</p>", Text: "Welcome\n",
			Headers: []Header{{"List-Unsubscribe", "<mailto:out@example.com>, <https://app.example.com/out>"}, {"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"}},
			Tags:    map[string]string{"locale": "en", "kind": "welcome"},
		}),
	}
}

// goldens hold the API's replies with ids replaced by their place.
func TestRepliesMatchMailpit(t *testing.T) {
	tests := []struct{ name, target, golden string }{
		{"the list", "/api/v1/messages", "messages.json"},
		{"a page of the list", "/api/v1/messages?start=1&limit=1", "messages-page.json"},
		{"an email", "/api/v1/message/{3}", "message.json"},
		{"an email with a text only", "/api/v1/message/{2}", "message-text.json"},
		{"the newest message", "/api/v1/message/latest", "message.json"},
		{"the headers of an email", "/api/v1/message/{3}/headers", "headers.json"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, ids := filled()
			place := strings.NewReplacer("{1}", ids[0], "{2}", ids[1], "{3}", ids[2])
			name := strings.NewReplacer(ids[0], "{1}", ids[1], "{2}", ids[2], "{3}")
			w := call(b.Handler(), http.MethodGet, place.Replace(test.target), "")
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
				t.Fatalf("%d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			var reply any
			noError(t, json.Unmarshal(w.Body.Bytes(), &reply))
			pretty, err := json.MarshalIndent(reply, "", "  ")
			noError(t, err)
			golden, err := os.ReadFile("testdata/" + test.golden)
			noError(t, err)
			if got := name.Replace(string(pretty)) + "\n"; got != string(golden) {
				t.Errorf("got %s\nwant %s", got, golden)
			}
		})
	}
}

func TestAPIReturnsTheHTMLUnchanged(t *testing.T) {
	b, ids := filled()
	var m full
	noError(t, json.Unmarshal(call(b.Handler(), http.MethodGet, "/api/v1/message/"+ids[0], "").Body.Bytes(), &m))
	if want := b.Messages()[2].HTML; m.HTML != want {
		t.Errorf("got %q, want %q", m.HTML, want)
	}
}

func TestMessageIsUnreadUntilOpened(t *testing.T) {
	b, ids := filled()
	call(b.Handler(), http.MethodGet, "/api/v1/message/"+ids[1], "")
	call(b.Handler(), http.MethodGet, "/mailbox/"+ids[2], "")
	var list summaries
	noError(t, json.Unmarshal(call(b.Handler(), http.MethodGet, "/api/v1/messages", "").Body.Bytes(), &list))
	if list.Unread != 1 || !list.Messages[0].Read || !list.Messages[1].Read || list.Messages[2].Read {
		t.Errorf("%d unread in %+v", list.Unread, list.Messages)
	}
}

func TestDelete(t *testing.T) {
	tests := []struct {
		name string
		body func(ids []string) string
		left int
	}{
		{"without a body all messages go", func([]string) string { return "" }, 0},
		{"with an empty list all messages go", func([]string) string { return `{"IDs":[]}` }, 0},
		{"with ids those messages go", func(ids []string) string { return `{"IDs":["` + ids[0] + `","unknown"]}` }, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, ids := filled()
			w := call(b.Handler(), http.MethodDelete, "/api/v1/messages", test.body(ids))
			if w.Code != http.StatusOK || w.Body.String() != "ok" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if n := len(b.Messages()); n != test.left {
				t.Errorf("%d messages are left, want %d", n, test.left)
			}
		})
	}
}

func TestNotFound(t *testing.T) {
	full, _ := filled()
	tests := []struct {
		name, target string
		box          *Box
	}{
		{"an unknown message", "/api/v1/message/unknown", full},
		{"the headers of an unknown message", "/api/v1/message/unknown/headers", full},
		{"the newest of no messages", "/api/v1/message/latest", New(nil)},
		{"another part of Mailpit's API", "/api/v1/info", full},
		{"the page of an unknown message", "/mailbox/unknown", full},
		{"the HTML of an unknown message", "/mailbox/unknown/html", full},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if w := call(test.box.Handler(), http.MethodGet, test.target, ""); w.Code != http.StatusNotFound {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

func TestSnippets(t *testing.T) {
	tests := []struct {
		name    string
		message Message
		want    *regexp.Regexp
	}{
		{"of the text on one line", Message{Text: "a\r\n  b", HTML: "<p>c"}, regexp.MustCompile(`^a b$`)},
		{"of the HTML as it is read", Message{HTML: "<title>t</title><style>s</style><p>a &lt;b&gt;</p><p>c"}, regexp.MustCompile(`^a <b> c$`)},
		{"of 250 characters at most", Message{Text: strings.Repeat("é", 300)}, regexp.MustCompile(`^é{250}$`)},
		{"of a message that says nothing", Message{}, regexp.MustCompile(`^$`)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.message.snippet(); !test.want.MatchString(got) {
				t.Errorf("got %q, want %s", got, test.want)
			}
		})
	}
}

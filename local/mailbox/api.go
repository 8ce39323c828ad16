package mailbox

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// The shapes below are those of Mailpit's API v1, as far as a box has
// something to put into them. What differs: Text is empty when a mail has no
// text part (Cognito's have none), and Size counts the bytes of the parts.
// EmailTags of SES become tags name=value.

type envelope struct {
	ID        string
	MessageID string
	From      *mail.Address
	To        []*mail.Address
	Cc        []*mail.Address
	Bcc       []*mail.Address
	ReplyTo   []*mail.Address
	Subject   string
	Username  string
	Tags      []string
	Size      int
}

func (m Message) envelope() envelope {
	return envelope{
		ID: m.ID, MessageID: m.messageID(), From: address(m.From), To: addresses(m.To...), Cc: addresses(m.Cc...),
		Bcc: addresses(m.Bcc...), ReplyTo: addresses(m.ReplyTo), Subject: m.Subject, Tags: m.tags(), Size: len(m.HTML) + len(m.Text),
	}
}

// summary is an entry of GET /api/v1/messages.
type summary struct {
	envelope
	Read        bool
	Created     time.Time
	Attachments int
	Snippet     string
}

// summaries is the reply of GET /api/v1/messages.
type summaries struct {
	Total          int       `json:"total"`
	Unread         int       `json:"unread"`
	Count          int       `json:"count"`
	MessagesCount  int       `json:"messages_count"`
	MessagesUnread int       `json:"messages_unread"`
	Start          int       `json:"start"`
	Tags           []string  `json:"tags"`
	Messages       []summary `json:"messages"`
}

// full is the reply of GET /api/v1/message/{ID}.
type full struct {
	envelope
	ReturnPath      string
	ListUnsubscribe listUnsubscribe
	Date            time.Time
	Text            string
	HTML            string
	Inline          []struct{}
	Attachments     []struct{}
}

type listUnsubscribe struct {
	Header     string
	Links      []string
	Errors     string
	HeaderPost string
}

// apiMessages answers GET /api/v1/messages?start=0&limit=50, newest first.
func (b *Box) apiMessages(w http.ResponseWriter, r *http.Request) {
	all := b.Messages()
	start := min(number(r, "start", 0), len(all))
	end := min(start+number(r, "limit", 50), len(all))
	reply := summaries{Total: len(all), MessagesCount: len(all), Count: end - start, Start: start, Tags: []string{}, Messages: []summary{}}
	for _, m := range all {
		if !m.read {
			reply.Unread++
		}
		reply.Tags = append(reply.Tags, m.tags()...)
	}
	reply.MessagesUnread = reply.Unread
	slices.Sort(reply.Tags)
	reply.Tags = slices.Compact(reply.Tags)
	for _, m := range all[start:end] {
		reply.Messages = append(reply.Messages, summary{envelope: m.envelope(), Read: m.read, Created: m.Created, Snippet: m.snippet()})
	}
	writeJSON(w, reply)
}

// opened serves a request for the message {id}, which is then read.
func (b *Box) opened(show func(http.ResponseWriter, Message)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m, ok := b.open(r.PathValue("id"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		show(w, m)
	}
}

// apiMessage answers GET /api/v1/message/{ID}.
func apiMessage(w http.ResponseWriter, m Message) {
	writeJSON(w, full{
		envelope: m.envelope(), ReturnPath: address(m.From).Address, ListUnsubscribe: m.unsubscribe(), Date: m.Created,
		Text: m.Text, HTML: m.HTML, Inline: []struct{}{}, Attachments: []struct{}{},
	})
}

// apiHeaders answers GET /api/v1/message/{ID}/headers.
func apiHeaders(w http.ResponseWriter, m Message) {
	reply := map[string][]string{}
	for _, h := range m.headers() {
		reply[h.Name] = append(reply[h.Name], h.Value)
	}
	writeJSON(w, reply)
}

// apiDelete answers DELETE /api/v1/messages: the messages of {"IDs":[…]} go,
// or all of them when there is no such body or the list is empty.
func (b *Box) apiDelete(w http.ResponseWriter, r *http.Request) {
	var request struct{ IDs []string }
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&request)
	if err != nil || len(request.IDs) == 0 {
		b.clear()
	} else {
		b.remove(request.IDs)
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Write([]byte("ok"))
}

func number(r *http.Request, name string, otherwise int) int {
	n, err := strconv.Atoi(r.FormValue(name))
	if err != nil || n < 0 || n > capacity {
		return otherwise
	}
	return n
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		slog.Warn("mailbox client went away", "error", err)
	}
}

// address parses one address; anything else, such as a telephone number, is kept
// whole.
func address(s string) *mail.Address {
	if a, err := mail.ParseAddress(s); err == nil {
		return a
	}
	return &mail.Address{Address: s}
}

// addresses parses address lists, and is never nil.
func addresses(lists ...string) []*mail.Address {
	all := []*mail.Address{}
	for _, s := range lists {
		if parsed, err := mail.ParseAddressList(s); err == nil {
			all = append(all, parsed...)
		} else if s != "" {
			all = append(all, address(s))
		}
	}
	return all
}

func list(addresses []string) string { return strings.Join(addresses, ", ") }

func (m Message) tags() []string {
	all := []string{}
	for _, name := range slices.Sorted(maps.Keys(m.Tags)) {
		all = append(all, name+"="+m.Tags[name])
	}
	return all
}

var angled = regexp.MustCompile(`<([^<>]+)>`)

// unsubscribe reads List-Unsubscribe (RFC 2369) and List-Unsubscribe-Post
// (RFC 8058).
func (m Message) unsubscribe() listUnsubscribe {
	u := listUnsubscribe{Links: []string{}}
	for _, h := range m.Headers {
		switch {
		case strings.EqualFold(h.Name, "List-Unsubscribe"):
			u.Header = h.Value
			for _, match := range angled.FindAllStringSubmatch(h.Value, -1) {
				u.Links = append(u.Links, match[1])
			}
		case strings.EqualFold(h.Name, "List-Unsubscribe-Post"):
			u.HeaderPost = h.Value
		}
	}
	return u
}

// snippet is the beginning of what a message says, up to 250 characters on one
// line: of the text part, or of the HTML if there is none.
func (m Message) snippet() string {
	text := m.Text
	if text == "" {
		text = visible(m.HTML)
	}
	runes := []rune(strings.Join(strings.Fields(text), " "))
	return string(runes[:min(len(runes), 250)])
}

// visible returns the text of an HTML document without its title, styles and
// scripts.
func visible(document string) string {
	var text strings.Builder
	z := html.NewTokenizer(strings.NewReader(document))
	skip := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return text.String()
		case html.StartTagToken:
			name, _ := z.TagName()
			skip = slices.Contains([]string{"title", "style", "script"}, string(name))
			text.WriteByte(' ')
		case html.EndTagToken:
			skip = false
			text.WriteByte(' ')
		case html.TextToken:
			if !skip {
				text.Write(z.Text())
			}
		}
	}
}

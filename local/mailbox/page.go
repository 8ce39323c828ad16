package mailbox

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

//go:embed style.css
var stylesheet []byte

//go:embed *.html
var files embed.FS

const pageSize = 100

// Policies for the pages, and for a mail inside one. A mail may show pictures
// and its own styles; it runs nothing and submits nothing, but its links open
// in the whole window.
const (
	pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; form-action 'none'; frame-ancestors 'self'; sandbox " + mailSandbox

	mailSandbox = "allow-top-navigation-by-user-activation allow-popups allow-popups-to-escape-sandbox"
)

// Handler returns the pages below /mailbox, with a stylesheet that other pages of the
// local run use as well, and the subset of Mailpit's API
// below /api/v1: GET and DELETE messages, GET message/{ID} and
// message/{ID}/headers. A browser's request from another site that would
// change something is refused.
func (b *Box) Handler() http.Handler {
	p := pages{b, template.Must(template.ParseFS(files, "*.html"))}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /mailbox", p.list)
	mux.HandleFunc("GET /mailbox/{id}", p.message)
	mux.HandleFunc("GET /mailbox/{id}/html", b.opened(showMail))
	mux.HandleFunc("POST /mailbox/delete", p.delete)
	mux.HandleFunc("GET /mailbox/style.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Write(stylesheet)
	})
	mux.HandleFunc("GET /api/v1/messages", b.apiMessages)
	mux.HandleFunc("DELETE /api/v1/messages", b.apiDelete)
	mux.HandleFunc("GET /api/v1/message/{id}", b.opened(apiMessage))
	mux.HandleFunc("GET /api/v1/message/{id}/headers", b.opened(apiHeaders))
	return http.NewCrossOriginProtection().Handler(mux)
}

type pages struct {
	box       *Box
	templates *template.Template
}

// render writes a page, whole or not at all.
func (p pages) render(w http.ResponseWriter, status int, name string, data any) {
	var page bytes.Buffer
	if err := p.templates.ExecuteTemplate(&page, name, data); err != nil {
		slog.Error("render mailbox page", "page", name, "error", err)
		http.Error(w, "the page could not be rendered", http.StatusInternalServerError)
		return
	}
	header(w, pagePolicy)
	w.WriteHeader(status)
	page.WriteTo(w)
}

func header(w http.ResponseWriter, policy string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

// list shows the messages, newest first. The parameter start leaves out that
// many; refresh=off keeps the page from loading itself again.
func (p pages) list(w http.ResponseWriter, r *http.Request) {
	all := p.box.Messages()
	start := min(number(r, "start", 0), len(all))
	end := min(start+pageSize, len(all))
	page := struct {
		Messages           []view
		Total, First, Last int
		Newer, Older       string
		Refresh            bool
	}{Total: len(all), First: start + 1, Last: end, Refresh: r.FormValue("refresh") != "off" && start == 0}
	for _, m := range all[start:end] {
		page.Messages = append(page.Messages, newView(m))
	}
	if start > 0 {
		page.Newer = "/mailbox?start=" + strconv.Itoa(max(start-pageSize, 0))
	}
	if end < len(all) {
		page.Older = "/mailbox?start=" + strconv.Itoa(end)
	}
	p.render(w, http.StatusOK, "list.html", page)
}

// message shows one message. Parameters: view is html, text or headers, width
// is phone for a frame of 360 pixels, scheme is light or dark in place of the
// reader's own.
func (p pages) message(w http.ResponseWriter, r *http.Request) {
	m, ok := p.box.open(r.PathValue("id"))
	if !ok {
		p.render(w, http.StatusNotFound, "gone.html", nil)
		return
	}
	o := options{id: m.ID, View: r.FormValue("view"), Width: r.FormValue("width"), Scheme: r.FormValue("scheme")}
	switch {
	case o.View == "text" || o.View == "headers":
	case m.HTML == "" && o.View != "html":
		o.View = "text"
	default:
		o.View = "html"
	}
	p.render(w, http.StatusOK, "message.html", struct {
		view
		options
		Sandbox string
		Parts   []span
		Headers []Header
	}{newView(m), o, mailSandbox, linked(m.Text), m.headers()})
}

// showMail serves the HTML of a mail for the frame around it. Its links have to open
// in the whole window, so a <base> is put into the head on the way; the API gives the
// mail byte for byte.
func showMail(w http.ResponseWriter, m Message) {
	at := headStart(m.HTML)
	header(w, mailPolicy)
	w.Write([]byte(m.HTML[:at] + `<base target="_top">` + m.HTML[at:]))
}

func (p pages) delete(w http.ResponseWriter, r *http.Request) {
	p.box.clear()
	http.Redirect(w, r, "/mailbox", http.StatusSeeOther)
}

type view struct {
	Message
	SenderName                                string // or the address, if there is no name
	Sender, Recipient, Copies, Blind, Answers string
	Unread                                    bool
	Snippet                                   string
	TagList                                   []string
}

func newView(m Message) view {
	return view{
		Message:    m,
		SenderName: cmp.Or(address(m.From).Name, address(m.From).Address),
		Sender:     display(addresses(m.From)), Recipient: display(addresses(m.To...)),
		Copies: display(addresses(m.Cc...)), Blind: display(addresses(m.Bcc...)), Answers: display(addresses(m.ReplyTo)),
		Unread: !m.read, Snippet: m.snippet(), TagList: m.tags(),
	}
}

func display(list []*mail.Address) string {
	var all []string
	for _, a := range list {
		if a.Name == "" {
			all = append(all, a.Address)
		} else {
			all = append(all, a.Name+" <"+a.Address+">")
		}
	}
	return strings.Join(all, ", ")
}

// options are how a message is looked at.
type options struct{ id, View, Width, Scheme string }

// With returns the address of the page with one option changed; an empty
// value leaves the option out.
func (o options) With(name, value string) string {
	return "/mailbox/" + o.id + "?" + Query("view", o.View, "width", o.Width, "scheme", o.Scheme, name, value)
}

// Query encodes names and values as the query of an address. Of two values of one name
// the last one counts; an empty one removes the name.
func Query(pairs ...string) string {
	query := url.Values{}
	for pair := range slices.Chunk(pairs, 2) {
		if query.Set(pair[0], pair[1]); pair[1] == "" {
			query.Del(pair[0])
		}
	}
	return query.Encode()
}

// span is a piece of a text, with its address if it is a link.
type span struct{ Text, Link string }

var webAddress = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)]`)

func linked(text string) []span {
	var spans []span
	at := 0
	for _, found := range webAddress.FindAllStringIndex(text, -1) {
		link := text[found[0]:found[1]]
		spans = append(spans, span{Text: text[at:found[0]]}, span{Text: link, Link: link})
		at = found[1]
	}
	return append(spans, span{Text: text[at:]})
}

// headStart returns the place in an HTML document at which its head begins:
// after <head>, else after <html> or the doctype, which must come first
// to keep the browser out of quirks mode.
func headStart(document string) int {
	z := html.NewTokenizer(strings.NewReader(document))
	at, read := 0, 0
	for {
		kind := z.Next()
		read += len(z.Raw())
		switch kind {
		case html.DoctypeToken:
			at = read
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			if string(name) == "html" {
				at = read
				continue
			}
			if string(name) == "head" {
				at = read
			}
			return at
		case html.EndTagToken, html.ErrorToken:
			return at
		}
	}
}

package local

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"poolpost/internal/bundle"
	"poolpost/internal/compile"
	"poolpost/internal/config"
	"poolpost/internal/link"
	"poolpost/internal/message"
	"poolpost/internal/settings"
	"poolpost/local/mailbox"
	"poolpost/templates"
)

// A preview shows every message as templates, words and settings have it at
// this moment. While somebody looks, messages that compile are also given to the
// functions that run, as long as these would get the same settings beside them.
type preview struct {
	dir              string             // holds the folders of the running functions
	settings         *settings.Settings // of these; for the page, they are read again
	file             string             // the settings
	linksURL, app    string
	box              *mailbox.Box
	smtp             string        // host:port; empty: none
	closed           chan struct{} // closed when the server ends
	restartFunctions func()        // with what they read at their start

	mu    sync.Mutex
	seen  uint64 // fingerprint of the files that were compiled last
	state previewState
}

// A previewState is the last that compiled, and what is wrong since then.
type previewState struct {
	version  int
	settings *settings.Settings // nil when nothing has compiled yet
	clients  []config.Client    // of these settings
	messages map[string][]byte
	stale    bool   // the functions have other settings, and none of these messages
	problems string // one a line
}

// compileIfChanged compiles what has changed since the last time.
func (p *preview) compileIfChanged() previewState {
	p.mu.Lock()
	defer p.mu.Unlock()
	files := p.fingerprint()
	if files == p.seen {
		return p.state
	}
	p.seen = files
	p.state.version++
	p.state.problems = ""
	if err := p.compile(&p.state); err != nil {
		p.state.problems = err.Error()
	}
	return p.state
}

// compile compiles what the files hold, and gives it to the functions. With
// other settings these would look for other files than are there, so then they
// keep what they have.
func (p *preview) compile(state *previewState) error {
	set, err := settings.Read(p.file)
	if err != nil {
		return err
	}
	if err := localApp(set, p.linksURL, p.app); err != nil {
		return err
	}
	out, err := compile.All(templates.Beside(p.file), set)
	if err != nil {
		return err
	}
	var page config.VerifyLink // the clients as functions get them
	if err := json.Unmarshal(bundle.Named("verify-link").Config(set), &page); err != nil {
		return err
	}
	state.settings, state.clients, state.messages = set, page.Clients, out.Messages
	if state.stale = !sameForFunctions(p.settings, set); state.stale {
		return nil
	}
	if err := bundle.Write(p.dir, set, out, bundle.FunctionsOf(set)); err != nil {
		return err
	}
	p.restartFunctions()
	return nil
}

// sameForFunctions reports whether two settings make the same functions, with
// the same settings beside each.
func sameForFunctions(a, b *settings.Settings) bool {
	return slices.EqualFunc(bundle.FunctionsOf(a), bundle.FunctionsOf(b), func(f, g bundle.Function) bool {
		return f.Name == g.Name && bytes.Equal(f.Config(a), g.Config(b))
	})
}

// fingerprint changes when one of the files does.
func (p *preview) fingerprint() uint64 {
	hash := fnv.New64a()
	note := func(path string, info fs.FileInfo) {
		fmt.Fprintln(hash, path, info.Size(), info.ModTime().UnixNano())
	}
	if info, err := os.Stat(p.file); err == nil {
		note(p.file, info)
	}
	_ = filepath.WalkDir(templates.Dir(p.file), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // a file that is just being replaced is there the next time
		}
		if info, err := entry.Info(); err == nil {
			note(path, info)
		}
		return nil
	})
	return hash.Sum64()
}

//go:embed pages/messages.js
var reloadScript []byte

func (p *preview) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /messages", p.show)
	mux.HandleFunc("GET /messages/html", p.html)
	mux.HandleFunc("GET /messages/changes", p.changes)
	mux.HandleFunc("POST /messages/send", p.send)
	mux.HandleFunc("GET /messages/reload.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(reloadScript)
	})
}

// changes notifies the page when there is something newer than it shows, with a
// server-sent event (HTML standard, "Server-sent events").
func (p *preview) changes(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	_ = http.NewResponseController(w).Flush()
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		if version := fmt.Sprint(p.compileIfChanged().version); version != r.FormValue("version") {
			fmt.Fprintf(w, "data: %s\n\n", version)
			return
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		case <-p.closed:
			return
		}
	}
}

type messagesPage struct {
	Title, Here string
	Version     int
	Problems    string
	Stale       bool
	SMTP        string
	MaxHTML     int
	Locales     []string
	Grid        []gridOfClient

	look
	Filled  message.Filled
	Lengths []partLength
	To      string
}

// A look is one message, and how it is looked at.
type look struct{ Kind, Client, Locale, Width, Scheme string }

func lookOf(r *http.Request) look {
	return look{r.FormValue("kind"), r.FormValue("client"), r.FormValue("locale"), r.FormValue("width"), r.FormValue("scheme")}
}

func (o look) Address() string { return o.With("width", o.Width) }

func (o look) With(name, value string) string {
	return "/messages?" + mailbox.Query("kind", o.Kind, "client", o.Client, "locale", o.Locale, "width", o.Width, "scheme", o.Scheme, name, value)
}

func (o look) HTMLAddress() string {
	return "/messages/html?" + mailbox.Query("kind", o.Kind, "client", o.Client, "locale", o.Locale)
}

type gridOfClient struct {
	Client, Brand string
	Rows          []gridRow
}

type gridRow struct {
	Kind  message.Kind
	Cells []gridCell
}

type gridCell struct {
	Address string
	Locale  string
	Subject string
	Length  int
}

type partLength struct {
	Part          string
	Length, Limit int
}

// show shows messages exactly as they were compiled, filled with samples.
func (p *preview) show(w http.ResponseWriter, r *http.Request) {
	state := p.compileIfChanged()
	if state.settings == nil {
		http.Error(w, state.problems, http.StatusInternalServerError)
		return
	}
	page := messagesPage{
		Title: "Messages", Here: "messages", Version: state.version, Problems: state.problems, Stale: state.stale, SMTP: p.smtp,
		MaxHTML: message.MaxHTML, Locales: state.settings.Locales,
	}
	if r.FormValue("kind") == "" {
		page.Grid = p.grid(state)
		render(w, http.StatusOK, "messages", page)
		return
	}
	filled, ok := p.sample(w, r, state)
	if !ok {
		return
	}
	page.look = lookOf(r)
	page.Filled, page.To = filled, sampleUser
	page.Lengths = []partLength{
		{"Subject", utf8.RuneCountInString(filled.Subject), message.MaxSubject},
		{"HTML", utf8.RuneCountInString(filled.HTML), message.MaxHTML},
	}
	render(w, http.StatusOK, "messages", page)
}

func (p *preview) grid(state previewState) (grids []gridOfClient) {
	for _, c := range state.settings.Clients {
		grid := gridOfClient{Client: c.Name, Brand: c.Brand}
		for _, kind := range message.Kinds() {
			row := gridRow{Kind: kind}
			for _, locale := range state.settings.Locales {
				filled := p.fillSample(state, c, locale, kind)
				row.Cells = append(row.Cells, gridCell{
					Address: look{Kind: string(kind), Client: c.Name, Locale: locale}.Address(), Locale: locale,
					Subject: filled.Subject, Length: utf8.RuneCountInString(filled.HTML),
				})
			}
			grid.Rows = append(grid.Rows, row)
		}
		grids = append(grids, grid)
	}
	return grids
}

func (p *preview) html(w http.ResponseWriter, r *http.Request) {
	state := p.compileIfChanged()
	filled, ok := p.sample(w, r, state)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:")
	_, _ = w.Write([]byte(filled.HTML))
}

// send puts a sample into the mailbox, or sends it through the SMTP server.
func (p *preview) send(w http.ResponseWriter, r *http.Request) {
	state := p.compileIfChanged()
	filled, ok := p.sample(w, r, state)
	if !ok {
		return
	}
	to, err := mail.ParseAddress(r.FormValue("to"))
	if err != nil {
		http.Error(w, "That is not an email address.", http.StatusBadRequest)
		return
	}
	client, _ := state.settings.Client(r.FormValue("client"))
	brand, _ := state.settings.Brand(client.Brand)
	m := mailbox.Message{
		From: bundle.From(brand.From), ReplyTo: brand.ReplyTo, To: []string{to.Address},
		Subject: filled.Subject, HTML: filled.HTML, Text: filled.Text, Via: "the preview",
	}
	if r.FormValue("through") != "smtp" {
		http.Redirect(w, r, "/mailbox/"+p.box.Add(m), http.StatusSeeOther)
		return
	}
	if err := sendSMTP(r.Context(), p.smtp, m, time.Now()); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	http.Redirect(w, r, lookOf(r).Address(), http.StatusSeeOther)
}

func (p *preview) sample(w http.ResponseWriter, r *http.Request, state previewState) (message.Filled, bool) {
	if state.settings == nil {
		http.Error(w, state.problems, http.StatusInternalServerError)
		return message.Filled{}, false
	}
	client, ok := state.settings.Client(r.FormValue("client"))
	kind, locale := message.Kind(r.FormValue("kind")), r.FormValue("locale")
	if !ok || !kind.Exists() || !slices.Contains(state.settings.Locales, locale) {
		http.Error(w, "There is no such message.", http.StatusNotFound)
		return message.Filled{}, false
	}
	return p.fillSample(state, client, locale, kind), true
}

// What samples are filled with.
const (
	sampleUser     = "ann@example.com"
	samplePassword = "aB3-sample" // the temporary one of an invitation
)

func (p *preview) fillSample(state previewState, client settings.Client, locale string, kind message.Kind) message.Filled {
	m, err := message.Decode(state.messages[message.File(client.Name, locale, kind)])
	if err != nil {
		panic(err) // every message of the settings was compiled
	}
	code := "123456"
	if kind == message.Invitation {
		code = samplePassword
	}
	return m.Fill(message.Values{
		message.Link: link.ForMessage(p.linksURL, kind, config.ClientByName(state.clients, client.Name), link.Link{
			Client: sampleClientID(client.Name), User: "00000000-0000-4000-8000-000000000000", Code: code, Locale: locale,
		}),
		message.Code:   code,
		message.User:   sampleUser,
		message.Name:   "Ann Example",
		message.Time:   "2026-01-31 12:34 UTC",
		message.Place:  "Exampletown",
		message.Device: "Firefox, Linux",
	})
}

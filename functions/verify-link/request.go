package main

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"poolpost/internal/config"
	"poolpost/internal/link"
	"poolpost/internal/message"
)

// A pageRequest is what a request says: a link, or a form.
type pageRequest struct {
	start     time.Time
	path      string     // of the page that is meant
	values    url.Values // of a form
	err       error      // what is wrong with the form or the link
	link      link.Link
	client    config.Client
	known     bool   // whether the app client of the link is in the settings
	returnURL string // where the link asks to return to, if the client allows it
	locale    string
}

// errUserName means that a link is for a pool of another kind, or made up: a user name that somebody
// chose may be an alias of somebody else.
var errUserName = errors.New("the user name is none of this pool's")

// read reads the link of a request: that of a form, or one that was opened as a mail program
// left it.
func (h *handler) read(r *http.Request) pageRequest {
	p := pageRequest{start: h.log.Start(), path: r.URL.Path}
	query := r.URL.RawQuery
	if opens(r) {
		p.path, query = link.PathOf(r.URL.Path, query)
	}
	if r.Method == http.MethodPost {
		formErr := r.ParseForm()
		p.values = r.PostForm
		p.link, p.err = link.Read(p.values)
		p.err = cmp.Or(formErr, p.err)
	} else {
		p.link, p.err = link.ReadQuery(query)
	}
	if !h.config.ChosenUserNames && p.link.User != "" && !link.IsGenerated(p.link.User) {
		p.link.User, p.err = "", errUserName
	}
	// An unknown client was created by hand, or is another pool's. The code decides, and
	// any client of the pool can submit it.
	p.client, p.known = config.ClientByID(h.config.Clients, h.clientIDs, p.link.Client)
	p.returnURL, _ = link.AllowedReturn(p.client.ReturnURLs, p.link.Return)
	wanted := append([]string{p.link.Locale}, acceptedLanguages(r)...)
	p.locale = message.Lookup(h.config.Locales, p.client.Locale, wanted...)
	return p
}

// acceptedLanguages are the tags of Accept-Language in their order. Browsers
// list the best one first, so weights are not looked at.
func acceptedLanguages(r *http.Request) []string {
	var tags []string
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(part, ";")
		if tags = append(tags, strings.TrimSpace(tag)); len(tags) == 8 {
			break
		}
	}
	return tags
}

// A linkProblem is why a link or a form cannot be used, or may turn out not to work.
type linkProblem int

const (
	noProblem linkProblem = iota
	damaged
	noCode      // the link has lost its code
	noTypedCode // what was typed by hand is no code
	// With these, Cognito is asked:
	unknownPool // the app client is not in the settings: it may be one of another pool
	typedCode   // the code was typed by hand, so it may be mistyped
)

// problem is what is wrong with a link, or a form, for an operation.
func (p pageRequest) problem(op operation) linkProblem {
	typed := p.values.Get("typed") != ""
	switch {
	case p.err != nil && !op.takesAddress: // which needs nothing of a link
		return damaged
	case op.takesCode && p.link.Code == "" && typed:
		return noTypedCode
	case op.takesCode && p.link.Code == "":
		return noCode
	case !p.known:
		return unknownPool
	case typed:
		return typedCode
	default:
		return noProblem
	}
}

// address is the email address that was typed; empty if it is none. Cognito's user names have up to
// 128 characters (API reference, UsernameType). What is no address could be another user name, which
// people do not know.
func (p pageRequest) address() string {
	text := strings.TrimSpace(p.values.Get("email"))
	name, domain, ok := strings.CutLast(text, "@")
	if !ok || name == "" || domain == "" || utf8.RuneCountInString(text) > 128 || strings.ContainsFunc(text, notInAddress) {
		return ""
	}
	return text
}

func notInAddress(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError
}

// metadata tells the triggers which language the person reads, and where they
// want to return to.
func (p pageRequest) metadata() map[string]string {
	m := map[string]string{"locale": p.locale}
	if p.returnURL != "" {
		m["return"] = p.returnURL
	}
	return m
}

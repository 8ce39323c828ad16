package main

import (
	"cmp"
	"io"
	"maps"
	"net/http"

	"poolpost/internal/link"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

// errUnknownClient is a warning: see handler.read.
const errUnknownClient = logging.Safe("the app client of the link is not in the settings")

// render writes a page and the line of this request.
func (h *handler) render(w http.ResponseWriter, r *http.Request, p pageRequest, res result) {
	line := logging.Line{
		Trigger: method(r), Locale: p.locale, Client: p.client.Name, Outcome: res.name, Err: res.err, Warning: res.warning,
	}
	if !p.known && line.Warning == nil {
		line.Warning = errUnknownClient
	}
	defer func() { h.log.Event(r.Context(), p.start, line) }()
	header := w.Header()
	maps.Copy(header, secureHeader)
	switch s := res.pageName; {
	case s == wrongMethod:
		header.Set("Allow", operations[p.path].methods())
	case s == tooManyAttempts, s == limitReached: // Cognito counts the attempts of a user by the hour,
		header.Set("Retry-After", "3600")
	case s.status == http.StatusTooManyRequests, s.status == http.StatusServiceUnavailable:
		header.Set("Retry-After", "10") // and the requests of an account by the second
	}
	page, err := h.files.Page(p.client.Name, p.locale, res.name)
	if err != nil {
		line.Err = err
		plain(w, http.StatusServiceUnavailable, "Please try again in a moment.\n")
		return
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", p.locale)
	header.Set("Content-Security-Policy",
		"default-src 'none'; "+page.CSPSources+"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(res.status)
	_, _ = io.WriteString(w, message.FillHTML(page.HTML, message.Values{
		"client":   p.link.Client,
		"user":     link.EncodeUser(p.link.User),
		"code":     p.link.Code,
		"typed":    p.values.Get("typed"),
		"pressed":  pressed(r),
		"return":   p.link.Return,
		"lang":     p.locale,
		"continue": p.next(res.pageName),
		"again":    again(p.path),
		"reason":   res.reason,
	}))
}

// plain writes an answer that needs no page.
func plain(w http.ResponseWriter, status int, text string) {
	maps.Copy(w.Header(), secureHeader)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// secureHeader is the header of every response. All responses share the values, because
// http.Header.Set would make a list for each; none is changed in place.
var secureHeader = http.Header{
	"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Permissions-Policy": {
		"camera=(), display-capture=(), fullscreen=(), geolocation=(), microphone=(), payment=(), usb=()"},
	// Not no-referrer, under which browsers hide from us that our own form is ours.
	"Referrer-Policy":           {"same-origin"},
	"Cache-Control":             {"no-store"},
	"X-Content-Type-Options":    {"nosniff"},
	"X-Robots-Tag":              {"noindex"},
	"Strict-Transport-Security": {"max-age=63072000"},
}

// next is where a page leads on, with the name of the page as its status.
func (p pageRequest) next(s pageName) string {
	page := p.client.URL
	if s == resetDone || s == addressTaken {
		page = p.client.SignInURL
	}
	return link.WithStatus(cmp.Or(p.returnURL, page), s.name)
}

// method is that of a request, for the log: a client can send any word.
func method(r *http.Request) string {
	if opens(r) || r.Method == http.MethodPost {
		return r.Method
	}
	return logging.Unknown
}

// pressed marks the forms of a page that answers a form: see handler.answer.
func pressed(r *http.Request) string {
	if r.Method == http.MethodPost {
		return "1"
	}
	return ""
}

// again is where the button of the pages unavailable and press-again sends the form once more.
func again(path string) string {
	if path == link.PathResend || path == link.PathForgot || path == link.PathHelp {
		return path
	}
	return link.PathConfirm
}

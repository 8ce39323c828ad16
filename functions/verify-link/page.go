package main

import (
	"io"
	"net/http"

	"poolpost/internal/link"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

// showOutcome shows the page for what Cognito answered.
func (v *visit) showOutcome(w http.ResponseWriter, f flow, err error) {
	s := f.outcome(err)
	switch {
	case s.name == f.unavailable.name, s == unknownClient && !v.unknown:
		v.err = err
	case s == refusedByTrigger:
		v.warning, v.reason = err, reason(err)
	}
	v.show(w, s)
}

// show writes a page and the line of this request.
func (v *visit) show(w http.ResponseWriter, s state) {
	defer func() {
		v.log.Event(v.request.Context(), v.start, logging.Line{
			Trigger: method(v.request), Locale: v.locale, Client: v.client.Name, Outcome: s.name, Err: v.err, Warning: v.warning,
		})
	}()
	header := w.Header()
	secure(header)
	if after := retryAfter(s); after != "" {
		header.Set("Retry-After", after)
	}
	page, err := v.files.Page(v.client.Name, v.locale, s.name)
	if err != nil {
		v.err = err
		plain(w, http.StatusServiceUnavailable, "Please try again in a moment.\n")
		return
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", v.locale)
	header.Set("Content-Security-Policy", "default-src 'none'; "+page.Inline+"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(s.status)
	_, _ = io.WriteString(w, message.FillHTML(page.HTML, message.Values{
		"client":   v.link.Client,
		"user":     v.link.User,
		"code":     v.link.Code,
		"typed":    v.values.Get("typed"),
		"return":   v.link.Return,
		"lang":     v.locale,
		"continue": v.next(s),
		"again":    again(v.request.URL.Path),
		"reason":   v.reason,
	}))
}

// plain writes an answer that needs no page.
func plain(w http.ResponseWriter, status int, text string) {
	secure(w.Header())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// secure sets the header of every answer. All answers share the values, because
// http.Header.Set would make a list for each; none is changed in place.
func secure(header http.Header) {
	for _, field := range secureHeader {
		header[field.name] = field.value
	}
}

var secureHeader = [...]struct {
	name  string
	value []string
}{
	{"Content-Security-Policy", []string{"default-src 'none'; frame-ancestors 'none'"}},
	{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
	{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
	{"Permissions-Policy", []string{"camera=(), display-capture=(), fullscreen=(), geolocation=(), microphone=(), payment=(), usb=()"}},
	{"Referrer-Policy", []string{"no-referrer"}},
	{"Cache-Control", []string{"no-store"}},
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"X-Robots-Tag", []string{"noindex"}},
	{"Strict-Transport-Security", []string{"max-age=63072000"}},
}

// retryAfter is how long to wait, in seconds: Cognito counts the attempts of a
// user by the hour, and the requests of an account by the second.
func retryAfter(s state) string {
	switch {
	case s == tooManyAttempts || s == limitReached:
		return "3600"
	case s.status == http.StatusTooManyRequests || s.status == http.StatusServiceUnavailable:
		return "10"
	default:
		return ""
	}
}

// next is where a page leads on, with the name of the page as its status.
func (v *visit) next(s state) string {
	next := v.back
	switch {
	case next != "":
	case s == resetDone || s == addressTaken:
		next = v.client.SignInURL
	default:
		next = v.client.URL
	}
	return link.WithStatus(next, s.name)
}

// method is that of a request, for the log: a client can send any word.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
		return r.Method
	default:
		return logging.Unknown
	}
}

// again is where the button of the page unavailable sends the form once more.
func again(path string) string {
	if path == link.PathResend || path == link.PathForgot {
		return path
	}
	return link.PathConfirm
}

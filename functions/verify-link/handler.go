package main

import (
	"net/http"
	"path"
	"time"

	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

type handler struct {
	files     *message.Files
	config    config.VerifyLink
	clientIDs map[string]string // by the names of the settings
	cognito   *userPool
	log       *logging.Logger
}

// maxBody is the size of a form, in bytes; ours have a few hundred.
const maxBody = 16 << 10

// routes are the addresses of the page. Opening a link, with GET or HEAD, never
// acts: mail scanners open links. Only a form that was sent from this page's
// own origin does.
func (h *handler) routes() http.Handler {
	mux := http.NewServeMux()
	for path, op := range operations {
		methods := "POST"
		if op.form != (state{}) {
			methods = "GET, HEAD, POST"
			mux.HandleFunc("GET "+path, h.open(op))
		}
		mux.HandleFunc("POST "+path, h.submit(op))
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", methods)
			h.show(w, r, wrongMethod)
		})
	}
	mux.HandleFunc("GET "+pathHealth, h.health)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { h.show(w, r, notFound) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				s := unavailable
				if op, ok := operations[r.URL.Path]; ok {
					s = op.unavailable
				}
				h.render(w, r, h.read(r), result{state: s, err: logging.ErrPanic})
			}
		}()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		switch {
		case path.Clean("/"+r.URL.Path) != r.URL.Path:
			h.show(w, r, notFound) // the mux would redirect to the clean path, with the code
			return
		case !sameOrigin(r):
			h.show(w, r, otherSite)
			return
		}
		// Time for the page that says that Cognito takes too long.
		ctx, cancel := lambdaenv.BeforeDeadline(r.Context(), 1500*time.Millisecond)
		defer cancel()
		mux.ServeHTTP(w, r.WithContext(ctx))
	})
}

// show renders a page that does not depend on what the link says.
func (h *handler) show(w http.ResponseWriter, r *http.Request, s state) {
	h.render(w, r, h.read(r), result{state: s})
}

// open shows the form of an operation, or one with a field for the code when the
// link has lost it.
func (h *handler) open(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := h.read(r)
		s := op.form
		switch p.problem(op) {
		case damaged:
			s = badLink
		case noCode, noTypedCode:
			s = op.codeForm
		}
		h.render(w, r, p, result{state: s})
	}
}

// submit asks Cognito for what a form is about, unless the form cannot be used as
// it is. A password never stands in a page: the form comes back empty.
func (h *handler) submit(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := h.read(r)
		problem := p.problem(op)
		in := userRequest{ClientId: h.clientIDs[p.client.Name], Username: p.link.User, ClientMetadata: p.metadata()}
		if op.takesCode {
			in.ConfirmationCode = p.link.Code
		}
		if op.takesPassword {
			in.Password = p.values.Get("password")
		}
		switch {
		case problem == damaged:
			h.render(w, r, p, result{state: badLink})
		case problem == noCode:
			h.render(w, r, p, result{state: op.codeForm})
		case problem == noTypedCode:
			h.render(w, r, p, result{state: op.wrong})
		case op.takesPassword && (in.Password == "" || in.Password != p.values.Get("repeat")):
			h.render(w, r, p, result{state: resetDiffer})
		default:
			h.render(w, r, p, op.result(h.cognito.call(r.Context(), op.name, in), problem))
		}
	}
}

// pathHealth is for whoever watches the page from outside.
const pathHealth = "/health"

// health answers 200 when the page that most people see can be read, and 503
// when not. It asks nobody, and leaves no line in the log when all is well.
func (h *handler) health(w http.ResponseWriter, r *http.Request) {
	client := h.config.Clients[0]
	if _, err := h.files.Page(client.Name, client.Locale, confirm.name); err != nil {
		line := logging.Line{Trigger: method(r), Outcome: "unhealthy", Err: err}
		h.log.Event(r.Context(), h.log.Start(), line)
		plain(w, http.StatusServiceUnavailable, "unhealthy\n")
		return
	}
	plain(w, http.StatusOK, "ok\n")
}

// sameOrigin reports whether a form was sent from this page's own origin, or by
// a browser that does not say. Under the policy no-referrer, browsers that know
// no Sec-Fetch-Site send "Origin: null" with our own form (Fetch standard, "append a
// request Origin header"), which http.CrossOriginProtection alone would refuse.
func sameOrigin(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return true // never acts
	}
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
		return true
	}
	return new(http.CrossOriginProtection).Check(r) == nil
}

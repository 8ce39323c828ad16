package main

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"poolpost/internal/awscall"
	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/link"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

type handler struct {
	files     *message.Files
	config    config.VerifyLink
	clientIDs map[string]string // by the names of the settings
	cognito   *awscall.Service
	log       *logging.Logger
}

// maxBody is the size of a form, in bytes; ours have a few hundred.
const maxBody = 16 << 10

// routes are the addresses of the page. Opening a link, with GET or HEAD, never
// acts: mail scanners open links. Only a form that was sent from this page's
// own origin does.
func (h *handler) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+link.PathConfirm, h.open(confirm, confirmCode))
	mux.HandleFunc("POST "+link.PathConfirm, h.confirm)
	mux.HandleFunc(link.PathConfirm, h.only("GET, HEAD, POST"))
	mux.HandleFunc("POST "+link.PathResend, h.resend)
	mux.HandleFunc(link.PathResend, h.only("POST"))
	mux.HandleFunc("GET "+link.PathReset, h.open(reset, resetCode))
	mux.HandleFunc("POST "+link.PathReset, h.reset)
	mux.HandleFunc(link.PathReset, h.only("GET, HEAD, POST"))
	mux.HandleFunc("POST "+link.PathForgot, h.forgot)
	mux.HandleFunc(link.PathForgot, h.only("POST"))
	mux.HandleFunc("GET "+pathHealth, h.health)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { h.visit(r).show(w, notFound) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				v := h.visit(r)
				v.err = logging.Safe("panic")
				if r.URL.Path == link.PathReset {
					v.show(w, resetUnavailable)
					return
				}
				v.show(w, unavailable)
			}
		}()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		switch {
		case path.Clean("/"+r.URL.Path) != r.URL.Path:
			h.visit(r).show(w, notFound) // the mux would redirect to the clean path, with the code
			return
		case !sameOrigin(r):
			h.visit(r).show(w, otherSite)
			return
		}
		// Time for the page that says that Cognito takes too long.
		ctx, cancel := lambdaenv.BeforeDeadline(r.Context(), 1500*time.Millisecond)
		defer cancel()
		mux.ServeHTTP(w, r.WithContext(ctx))
	})
}

// open shows the page of a link, or one with a field for the code when the link
// has lost it.
func (h *handler) open(page, lost state) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := h.visit(r)
		if s, damaged := v.damage(lost, lost); damaged {
			v.show(w, s)
			return
		}
		v.show(w, page)
	}
}

// only answers the methods that a path does not have.
func (h *handler) only(methods string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", methods)
		h.visit(r).show(w, wrongMethod)
	}
}

// pathHealth is for whoever watches the page from outside.
const pathHealth = "/health"

// health answers 200 when the page that most people see can be read, and 503
// when not. It asks nobody, and leaves no line in the log when all is well.
func (h *handler) health(w http.ResponseWriter, r *http.Request) {
	client := h.config.Clients[0]
	if _, err := h.files.Page(client.Name, client.Locale, confirm.name); err != nil {
		h.log.Event(r.Context(), h.log.Start(), logging.Line{Trigger: method(r), Outcome: "unhealthy", Err: err})
		plain(w, http.StatusServiceUnavailable, "unhealthy\n")
		return
	}
	plain(w, http.StatusOK, "ok\n")
}

// sameOrigin reports whether a form was sent from this page's own origin, or by
// a browser that does not say. Under the policy no-referrer, browsers that know
// no Sec-Fetch-Site send "Origin: null" with our own form (Fetch standard, "append a
// request Origin header"), so that alone is no reason to refuse.
func sameOrigin(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
	default:
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" || origin == "null" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

// A visit is one request, with what the link of it said.
type visit struct {
	*handler
	request *http.Request
	values  url.Values // the query of the link, or the form
	link    link.Link
	bad     bool // the link is damaged
	typed   bool // the code was typed by hand
	unknown bool // the app client of the link is not in the settings
	client  config.Client
	back    string // where the link asks to return to, if the client allows it
	locale  string
	start   time.Time
	reason  string // with which a trigger refused
	err     error  // what went wrong on our side, for the log
	warning error  // what is odd, for the log
}

// visit reads the link of a request.
func (h *handler) visit(r *http.Request) *visit {
	v := &visit{handler: h, request: r, values: r.URL.Query(), start: h.log.Start()}
	if r.Method == http.MethodPost {
		if r.ParseForm() != nil {
			v.bad = true
		}
		v.values = r.PostForm
	}
	l, err := link.Read(v.values)
	client, known := config.ClientByID(h.config.Clients, h.clientIDs, l.Client)
	if !known {
		// A client made by hand: what the link can do is decided by its code, for
		// which any client of the pool will do. Or a client of another pool: see
		// staleCode.
		v.unknown = true
		v.warning = logging.Safe("the app client of the link is not in the settings")
	}
	v.link, v.client = l, client
	v.back, _ = link.AllowedReturn(client.ReturnURLs, l.Return)
	v.bad = v.bad || err != nil
	v.typed = v.values.Get("typed") != ""
	v.locale = message.Lookup(h.config.Locales, client.Locale, append([]string{l.Locale}, acceptedLanguages(r)...)...)
	return v
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

// damage is the state for a link or a form that cannot be used as it is: lost
// when there is no code, mistyped when what was typed is none.
func (v *visit) damage(lost, mistyped state) (state, bool) {
	switch {
	case v.bad:
		return badLink, true
	case v.link.Code == "" && v.typed:
		return mistyped, true
	case v.link.Code == "":
		return lost, true
	default:
		return state{}, false
	}
}

// staleCode are the states for a code that Cognito does not know, and for one
// that has expired. With the link of an unknown client both mean that it is not
// of this pool. One that was typed by hand may be mistyped either way: Cognito
// calls some wrong codes expired (observed).
func (v *visit) staleCode(wrong, expired state) (state, state) {
	switch {
	case v.unknown:
		return unknownClient, unknownClient
	case v.typed:
		return wrong, wrong
	default:
		return wrong, expired
	}
}

// A request is what Cognito is asked for a person. All operations behind the link
// take these; ForceAliasCreation stays out of it, as it would take a verified
// address away from another user.
type request struct {
	ClientId         string
	Username         string
	ConfirmationCode string `json:",omitempty"`
	Password         string `json:",omitempty"`
	ClientMetadata   map[string]string
}

// ask calls an operation, with the code and the password if it takes them.
func (v *visit) ask(operation, code, password string) error {
	in := request{v.clientIDs[v.client.Name], v.link.User, code, password, v.metadata()}
	return v.cognito.Operation(v.request.Context(), operation, in, nil)
}

// metadata tells the triggers which language the person reads, and where they
// want to return to.
func (v *visit) metadata() map[string]string {
	m := map[string]string{"locale": v.locale}
	if v.back != "" {
		m["return"] = v.back
	}
	return m
}

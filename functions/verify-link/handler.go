package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"time"

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
	cognito   *cognitoClient
	captcha   http.Handler            // nil when nobody asks for challenges
	secrets   map[string]clientSecret // by their names in the settings
	log       *logging.Logger
}

const (
	// maxBody is the size of a form, in bytes; ours have a few hundred.
	maxBody = 16 << 10
	// pathHealth is for whoever watches the page from outside.
	pathHealth = "/health"
)

// ServeHTTP answers a request with a page. It does not use http.ServeMux, which redirects to
// the clean path, with the code.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	p := h.read(r)
	op := operations[p.path]
	err := logging.Recover(func() error {
		switch {
		case r.URL.Path == pathHealth && opens(r):
			h.health(w, r)
		case r.URL.Path == link.PathCaptcha && opens(r) && h.captcha != nil:
			h.captcha.ServeHTTP(w, r)
		default:
			h.render(w, r, p, h.answer(r, op, p))
		}
		return nil
	})
	if err != nil {
		h.render(w, r, p, result{pageName: cmp.Or(op.unavailable, unavailable), err: err})
	}
}

// answer returns the page for a request. Opening a link, with GET or HEAD, never acts: mail
// scanners open links. Only a form that was sent from this page's own origin does. Where nothing
// says so, a scanner may have sent the form that it found, or an old browser: the page comes once
// more, and the form in it counts. A password is in no page: the form comes back empty.
func (h *handler) answer(r *http.Request, op operation, p pageRequest) result {
	in := userRequest{ClientId: h.clientIDs[p.client.Name], Username: p.link.User, ClientMetadata: p.metadata()}
	if op.takesCode {
		in.ConfirmationCode = p.link.Code
	}
	if op.takesPassword {
		in.Password = p.values.Get("password")
	}
	if op.takesAddress {
		in.Username = p.address()
	}
	submitted, from := r.Method == http.MethodPost, senderOf(r)
	switch problem := p.problem(op); {
	case submitted && from == otherOrigin:
		return result{pageName: otherSite}
	case op == operation{}:
		return result{pageName: notFound}
	case submitted && op.name == "", !submitted && (!opens(r) || op.form == pageName{}):
		return result{pageName: wrongMethod}
	case problem == damaged:
		return result{pageName: badLink}
	case problem == noCode, problem == noTypedCode && !submitted:
		return result{pageName: op.codeForm}
	case !submitted:
		return result{pageName: op.form}
	case problem == noTypedCode:
		return result{pageName: op.wrong}
	case in.Username == "":
		return result{pageName: helpAgain}
	case op.takesPassword && (in.Password == "" || in.Password != p.values.Get("repeat")):
		return result{pageName: resetDiffer}
	case from == unnamed && p.values.Get("pressed") == "":
		return result{pageName: op.again}
	default:
		// Time for the page that says that Cognito takes too long.
		ctx, cancel := lambdaenv.BeforeDeadline(r.Context(), 1500*time.Millisecond)
		defer cancel()
		if op.takesPassword {
			// What tells this change of the password from the next, in events for hooks.
			in.ClientMetadata["requestId"] = rand.Text()
		}
		return op.result(h.call(ctx, op, p.client, in), problem)
	}
}

// call asks Cognito, with the proof that this is the app client if that has a secret.
func (h *handler) call(ctx context.Context, op operation, client config.Client, in userRequest) error {
	if name := client.Existing.Secret; name != "" {
		secret, err := h.secrets[name].Value(ctx)
		if err != nil {
			return fmt.Errorf("read the secret of app client %s: %w", client.Name, err)
		}
		in.SecretHash = secretHash(secret, in)
	}
	return h.cognito.call(ctx, op.name, in)
}

func opens(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// health answers 200 when the page that most people see can be read, and 503
// when not. It calls nothing, and leaves no line in the log when all is well.
func (h *handler) health(w http.ResponseWriter, r *http.Request) {
	client := h.config.Clients[0]
	if _, err := h.files.Page(client.Name, client.Locale, confirm.name); err != nil {
		h.log.Event(r.Context(), h.log.Start(), logging.Line{Trigger: r.Method, Outcome: "unhealthy", Err: err})
		plain(w, http.StatusServiceUnavailable, "unhealthy\n")
		return
	}
	plain(w, http.StatusOK, "ok\n")
}

// A sender is where a form was sent from.
type sender int

const (
	unnamed     sender = iota // nothing says it
	ownOrigin                 // this page's own origin
	otherOrigin               // another site, or another host of this one
)

// senderOf is what the browser says. Those that know no Sec-Fetch-Site send an Origin, which is
// null where they hide it; older ones, and most programs, send neither. A form that nobody has
// opened a page for ("Sec-Fetch-Site: none") is no page's.
func senderOf(r *http.Request) sender {
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	switch {
	case site == "none", site == "" && (origin == "" || origin == "null"):
		return unnamed
	case new(http.CrossOriginProtection).Check(r) == nil:
		return ownOrigin
	default:
		return otherOrigin
	}
}

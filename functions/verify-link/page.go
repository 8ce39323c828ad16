package main

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/internal/link"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

// A state is a page: the name of its template and words, and its status.
type state struct {
	name   string
	status int
}

var (
	confirm          = state{"confirm", http.StatusOK}
	confirmCode      = state{"confirm-code", http.StatusOK}
	confirmed        = state{"confirmed", http.StatusOK}
	alreadyConfirmed = state{"already-confirmed", http.StatusOK}
	expired          = state{"expired", http.StatusGone}
	sent             = state{"sent", http.StatusOK}
	throttled        = state{"throttled", http.StatusTooManyRequests}
	unavailable      = state{"unavailable", http.StatusServiceUnavailable}
	refused          = state{"refused", http.StatusForbidden}
	badLink          = state{"bad-link", http.StatusBadRequest}
	reset            = state{"reset", http.StatusOK}
	resetRefused     = state{"reset-refused", http.StatusUnprocessableEntity}
	resetDone        = state{"reset-done", http.StatusOK}
	resetExpired     = state{"reset-expired", http.StatusGone}
)

// outcome is the page for what Cognito answered: done when it did what was
// asked, stale when the code was not the right one.
func outcome(done, stale state, err error) state {
	var (
		notAuthorized    *types.NotAuthorizedException
		invalidParameter *types.InvalidParameterException
		invalidPassword  *types.InvalidPasswordException
		expiredCode      *types.ExpiredCodeException
		mismatch         *types.CodeMismatchException
		unknownUser      *types.UserNotFoundException
		alias            *types.AliasExistsException
		history          *types.PasswordHistoryPolicyViolationException
		unconfirmed      *types.UserNotConfirmedException
		attempts         *types.TooManyFailedAttemptsException
		limit            *types.LimitExceededException
		requests         *types.TooManyRequestsException
		unknownClient    *types.ResourceNotFoundException
	)
	switch {
	case err == nil:
		return done
	case errors.As(err, &notAuthorized):
		// Observed: "User cannot be confirmed. Current status is CONFIRMED".
		if strings.HasSuffix(notAuthorized.ErrorMessage(), "status is CONFIRMED") {
			return alreadyConfirmed
		}
		return refused
	case errors.As(err, &expiredCode), errors.As(err, &mismatch), errors.As(err, &unknownUser), errors.As(err, &unconfirmed):
		return stale
	case errors.As(err, &invalidPassword), errors.As(err, &history):
		return resetRefused
	case errors.As(err, &attempts), errors.As(err, &limit), errors.As(err, &requests):
		return throttled
	case errors.As(err, &alias):
		return refused
	case errors.As(err, &invalidParameter):
		switch done {
		case sent:
			// A user who is confirmed gets no new code; nobody needs to know that.
			return sent
		case resetDone:
			// PasswordType: a password that begins or ends with a blank is no
			// InvalidPasswordException. User and code were checked with the link.
			return resetRefused
		}
		return badLink
	case errors.As(err, &unknownClient):
		return badLink
	default:
		// An error of a trigger, too: Cognito calls PostConfirmation when the user is
		// confirmed already, and trying again says so.
		return unavailable
	}
}

// showOutcome shows the page for what Cognito answered.
func (v *visit) showOutcome(w http.ResponseWriter, done, stale state, err error) {
	s := outcome(done, stale, err)
	if s == unavailable {
		v.err = err
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
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Robots-Tag", "noindex")
	header.Set("Strict-Transport-Security", "max-age=63072000")
	page, err := message.LoadPage(v.dir, v.client.Name, v.locale, s.name)
	if err != nil {
		v.err = err
		header.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "Please try again in a moment.\n")
		return
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", v.locale)
	header.Set("Content-Security-Policy", "default-src 'none'; style-src '"+page.StyleHash+"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(s.status)
	next := cmp.Or(v.back, v.client.URL)
	if s == resetDone || s == resetExpired {
		next = cmp.Or(v.back, v.client.SignInURL)
	}
	_, _ = io.WriteString(w, message.FillHTML(page.HTML, message.Values{
		"client":   v.link.Client,
		"user":     v.link.User,
		"code":     v.link.Code,
		"return":   v.link.Return,
		"lang":     v.locale,
		"continue": next,
		"again":    again(v.request.URL.Path),
	}))
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

// again is the page to start from once more after a failure.
func again(path string) string {
	if path == link.PathReset {
		return link.PathReset
	}
	return link.PathConfirm
}

package main

import "net/http"

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
	wrongCode        = state{"wrong-code", http.StatusUnprocessableEntity}
	expired          = state{"expired", http.StatusGone}
	sent             = state{"sent", http.StatusOK}
	addressTaken     = state{"address-taken", http.StatusConflict}

	reset            = state{"reset", http.StatusOK}
	resetCode        = state{"reset-code", http.StatusOK}
	resetDiffer      = state{"reset-differ", http.StatusUnprocessableEntity}
	resetRefused     = state{"reset-refused", http.StatusUnprocessableEntity}
	resetUsed        = state{"reset-used", http.StatusUnprocessableEntity}
	resetWrongCode   = state{"reset-wrong-code", http.StatusUnprocessableEntity}
	resetDone        = state{"reset-done", http.StatusOK}
	resetExpired     = state{"reset-expired", http.StatusGone}
	resetSent        = state{"reset-sent", http.StatusOK}
	resetUnavailable = state{"reset-unavailable", http.StatusServiceUnavailable}

	tooManyAttempts  = state{"too-many-attempts", http.StatusTooManyRequests}
	limitReached     = state{"limit-reached", http.StatusTooManyRequests}
	refused          = state{"refused", http.StatusForbidden}
	refusedByTrigger = state{"refused-by-trigger", http.StatusForbidden}
	unavailable      = state{"unavailable", http.StatusServiceUnavailable}

	badLink       = state{"bad-link", http.StatusBadRequest}
	wrongMethod   = state{"bad-link", http.StatusMethodNotAllowed}
	unknownClient = state{"unknown-client", http.StatusNotFound}
	otherSite     = state{"other-site", http.StatusForbidden}
	notFound      = state{"not-found", http.StatusNotFound}
)

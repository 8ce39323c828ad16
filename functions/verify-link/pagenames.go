package main

import "net/http"

// A pageName is a page: the name of its template and words, and its status.
type pageName struct {
	name   string
	status int
}

var (
	confirm          = pageName{"confirm", http.StatusOK}
	confirmCode      = pageName{"confirm-code", http.StatusOK}
	confirmed        = pageName{"confirmed", http.StatusOK}
	alreadyConfirmed = pageName{"already-confirmed", http.StatusOK}
	wrongCode        = pageName{"wrong-code", http.StatusUnprocessableEntity}
	expired          = pageName{"expired", http.StatusGone}
	sent             = pageName{"sent", http.StatusOK}
	addressTaken     = pageName{"address-taken", http.StatusConflict}

	reset            = pageName{"reset", http.StatusOK}
	resetCode        = pageName{"reset-code", http.StatusOK}
	resetDiffer      = pageName{"reset-differ", http.StatusUnprocessableEntity}
	resetRefused     = pageName{"reset-refused", http.StatusUnprocessableEntity}
	resetUsed        = pageName{"reset-used", http.StatusUnprocessableEntity}
	resetWrongCode   = pageName{"reset-wrong-code", http.StatusUnprocessableEntity}
	resetDone        = pageName{"reset-done", http.StatusOK}
	resetExpired     = pageName{"reset-expired", http.StatusGone}
	resetSent        = pageName{"reset-sent", http.StatusOK}
	resetUnavailable = pageName{"reset-unavailable", http.StatusServiceUnavailable}

	notMe    = pageName{"not-me", http.StatusOK}
	notAsked = pageName{"not-asked", http.StatusOK}

	help      = pageName{"help", http.StatusOK}
	helpAgain = pageName{"help", http.StatusUnprocessableEntity}
	helpSent  = pageName{"help-sent", http.StatusOK}

	tooManyAttempts  = pageName{"too-many-attempts", http.StatusTooManyRequests}
	limitReached     = pageName{"limit-reached", http.StatusTooManyRequests}
	refused          = pageName{"refused", http.StatusForbidden}
	refusedByTrigger = pageName{"refused-by-trigger", http.StatusForbidden}
	unavailable      = pageName{"unavailable", http.StatusServiceUnavailable}

	badLink       = pageName{"bad-link", http.StatusBadRequest}
	wrongMethod   = pageName{"bad-link", http.StatusMethodNotAllowed}
	unknownClient = pageName{"unknown-client", http.StatusNotFound}
	otherSite     = pageName{"other-site", http.StatusForbidden}
	pressAgain    = pageName{"press-again", http.StatusForbidden}
	resetAgain    = pageName{"reset-again", http.StatusForbidden}
	notFound      = pageName{"not-found", http.StatusNotFound}
)

package main

import (
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"poolpost/internal/awscall"
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

// A flow is what the pages of one operation are called.
type flow struct {
	done        state
	refused     state // Cognito says no, as for an account that is disabled
	wrong       state // the code is not the right one
	expired     state // it was, or there is no such user
	invalid     state // a value is against the operation's own rules
	unavailable state
}

// silent is a flow that does not tell what there is: one page for done, and for
// all that Cognito says about the account.
func silent(s state) flow {
	return flow{done: s, refused: s, wrong: s, expired: s, invalid: s, unavailable: unavailable}
}

// outcome is the page for what Cognito answered: the errors are those that the
// API reference lists with the four operations.
func (f flow) outcome(err error) state {
	if err == nil {
		return f.done
	}
	said, ok := errors.AsType[*awscall.Error](err)
	if !ok {
		return f.unavailable
	}
	switch said.Code {
	case "NotAuthorizedException":
		// Observed: "User cannot be confirmed. Current status is CONFIRMED".
		if f.done == confirmed && strings.HasSuffix(said.Message, "status is CONFIRMED") {
			return alreadyConfirmed
		}
		return f.refused
	case "ExpiredCodeException", "UserNotFoundException", "UserNotConfirmedException":
		return f.expired
	case "CodeMismatchException":
		return f.wrong
	case "InvalidPasswordException":
		return resetRefused
	case "PasswordHistoryPolicyViolationException":
		return resetUsed
	case "TooManyFailedAttemptsException":
		return tooManyAttempts
	case "LimitExceededException":
		return limitReached
	case "TooManyRequestsException":
		// The quota of the whole account, a second: it is no fault of this person.
		return state{f.unavailable.name, http.StatusTooManyRequests}
	case "AliasExistsException":
		return addressTaken
	case "UserLambdaValidationException":
		if reason(err) != "" {
			return refusedByTrigger
		}
		return f.unavailable
	case "InvalidParameterException":
		return f.invalid
	case "ResourceNotFoundException":
		return unknownClient
	default:
		return f.unavailable
	}
}

// maxReason is the length of a trigger's sentence, in characters. What is longer
// is no sentence for a person.
const maxReason = 300

// reason is the sentence with which a trigger refused. Cognito passes it on as
// "PostConfirmation failed with error CODE: sentence." (developer guide,
// "Customizing user pool workflows with Lambda triggers"; the final dot is
// observed). A code in capitals, as pre-sign-up puts in front, is for programs.
func reason(err error) string {
	said, ok := errors.AsType[*awscall.Error](err)
	if !ok {
		return ""
	}
	_, text, _ := strings.Cut(said.Message, " failed with error ")
	if code, sentence, ok := strings.Cut(text, ": "); ok && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == "" {
		text = sentence
	}
	text = strings.TrimSpace(text)
	if own := strings.TrimSuffix(text, "."); strings.TrimRight(own, ".!?…。！？؟") != own {
		text = own
	}
	if strings.ContainsRune(text, utf8.RuneError) || utf8.RuneCountInString(text) > maxReason || strings.ContainsFunc(text, unicode.IsControl) || strings.Trim(text, ". ") == "" {
		return ""
	}
	return text
}

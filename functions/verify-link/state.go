package main

import (
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
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

// outcome is the page for what Cognito answered.
func (f flow) outcome(err error) state {
	var (
		notAuthorized    *types.NotAuthorizedException
		expiredCode      *types.ExpiredCodeException
		unknownUser      *types.UserNotFoundException
		unconfirmed      *types.UserNotConfirmedException
		mismatch         *types.CodeMismatchException
		invalidPassword  *types.InvalidPasswordException
		history          *types.PasswordHistoryPolicyViolationException
		attempts         *types.TooManyFailedAttemptsException
		limit            *types.LimitExceededException
		requests         *types.TooManyRequestsException
		alias            *types.AliasExistsException
		trigger          *types.UserLambdaValidationException
		invalidParameter *types.InvalidParameterException
		noClient         *types.ResourceNotFoundException
	)
	switch {
	case err == nil:
		return f.done
	case errors.As(err, &notAuthorized):
		// Observed: "User cannot be confirmed. Current status is CONFIRMED".
		if f.done == confirmed && strings.HasSuffix(notAuthorized.ErrorMessage(), "status is CONFIRMED") {
			return alreadyConfirmed
		}
		return f.refused
	case errors.As(err, &expiredCode), errors.As(err, &unknownUser), errors.As(err, &unconfirmed):
		return f.expired
	case errors.As(err, &mismatch):
		return f.wrong
	case errors.As(err, &invalidPassword):
		return resetRefused
	case errors.As(err, &history):
		return resetUsed
	case errors.As(err, &attempts):
		return tooManyAttempts
	case errors.As(err, &limit):
		return limitReached
	case errors.As(err, &requests):
		// The quota of the whole account, a second: it is no fault of this person.
		return state{f.unavailable.name, http.StatusTooManyRequests}
	case errors.As(err, &alias):
		return addressTaken
	case errors.As(err, &trigger) && reason(err) != "":
		return refusedByTrigger
	case errors.As(err, &invalidParameter):
		return f.invalid
	case errors.As(err, &noClient):
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
	var trigger *types.UserLambdaValidationException
	if !errors.As(err, &trigger) {
		return ""
	}
	_, text, _ := strings.Cut(trigger.ErrorMessage(), " failed with error ")
	if code, sentence, ok := strings.Cut(text, ": "); ok && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == "" {
		text = sentence
	}
	text = strings.TrimSpace(text)
	if own := strings.TrimSuffix(text, "."); strings.TrimRight(own, ".!?…。！？؟") != own {
		text = own
	}
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxReason || strings.ContainsFunc(text, unicode.IsControl) || strings.Trim(text, ". ") == "" {
		return ""
	}
	return text
}

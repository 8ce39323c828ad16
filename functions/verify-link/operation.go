package main

import (
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"poolpost/internal/link"
)

// An operation is what a form asks Cognito for, with the pages that it leads to. One without a name
// has a page to read only, whose form asks for another one.
type operation struct {
	name          string // in Cognito's API
	takesCode     bool
	takesPassword bool
	takesAddress  bool // which is typed, in the place of the user of a link

	form, codeForm pageName // of an opened link, with its code and without; only POST without them

	done        pageName
	doneBefore  pageName // Cognito says that the user is confirmed already
	refused     pageName // Cognito says no, as for an account that is disabled
	wrong       pageName // the code is not the right one
	expired     pageName // it was, or there is no such user
	invalid     pageName // a value is against the operation's own rules
	unavailable pageName
	again       pageName // nothing says that the form was sent from here
}

// methods are those of HTTP that the path of an operation takes.
func (op operation) methods() string {
	switch {
	case op.form == pageName{}:
		return "POST"
	case op.name == "":
		return "GET, HEAD"
	default:
		return "GET, HEAD, POST"
	}
}

// operations are what the page can do, by its paths. Invalid for ConfirmForgotPassword is also a
// password that begins or ends with a space. User and code were checked with the link.
var operations = map[string]operation{
	link.PathConfirm: {
		name: "ConfirmSignUp", takesCode: true,
		form: confirm, codeForm: confirmCode,
		done: confirmed, doneBefore: alreadyConfirmed, refused: refused,
		wrong: wrongCode, expired: expired, invalid: badLink, unavailable: unavailable, again: pressAgain,
	},
	link.PathResend: silent("ResendConfirmationCode", sent),
	link.PathReset: {
		name: "ConfirmForgotPassword", takesCode: true, takesPassword: true,
		form: reset, codeForm: resetCode,
		done: resetDone, doneBefore: refused, refused: refused,
		wrong: resetWrongCode, expired: resetExpired, invalid: resetRefused, unavailable: resetUnavailable, again: resetAgain,
	},
	link.PathForgot:   silent("ForgotPassword", resetSent),
	link.PathNotMe:    {form: notMe},
	link.PathNotAsked: {form: notAsked},
	link.PathHelp: {
		name: "ResendConfirmationCode", takesAddress: true,
		form: help, done: helpSent, unavailable: unavailable, again: helpAgain,
	},
}

// silent is an operation that sends a new link. Its page does not say whether it did: Cognito
// calls it an invalid parameter if the user is confirmed or has no verified address, and not
// authorized if the user is disabled.
func silent(name string, s pageName) operation {
	return operation{
		name: name, done: s, doneBefore: s, refused: s, wrong: s, expired: s, invalid: s,
		unavailable: unavailable, again: pressAgain,
	}
}

// A userRequest is what Cognito is asked for a person. All operations take these;
// ForceAliasCreation stays out of it, as it would take a verified address away from
// another user.
type userRequest struct {
	ClientId         string
	Username         string
	SecretHash       string `json:",omitempty"`
	ConfirmationCode string `json:",omitempty"`
	Password         string `json:",omitempty"`
	ClientMetadata   map[string]string
}

// A result is the page that a request leads to, and what else the log holds.
type result struct {
	pageName
	reason  string // with which a trigger refused
	err     error  // what went wrong on our side
	warning error
}

// result is the page for a response of Cognito. With the link of an unknown client, a
// code that is wrong or has expired is not of this pool. One that was typed by hand may
// be mistyped either way: Cognito calls some wrong codes expired (observed, docs/observed.md).
func (op operation) result(err error, problem linkProblem) result {
	switch {
	case problem == unknownPool && op.takesCode:
		op.wrong, op.expired = unknownClient, unknownClient
	case problem == typedCode:
		op.expired = op.wrong
	}
	r := result{pageName: op.page(err)}
	switch {
	case r.name == op.unavailable.name, r.pageName == unknownClient && problem != unknownPool:
		r.err = err
	case r.pageName == refusedByTrigger:
		r.warning, r.reason = err, reason(err)
	case op.takesAddress && !isAnswer(err):
		r.warning = err
	}
	return r
}

// isAnswer reports whether Cognito did what it was asked for, or said why not.
func isAnswer(err error) bool {
	e, ok := errors.AsType[*cognitoError](err)
	return err == nil || ok && pageByError[e.code] != nil
}

// aboutNobody are the errors that do not depend on who is asked about.
var aboutNobody = map[string]bool{
	"ForbiddenException": true, "ResourceNotFoundException": true, "TooManyRequestsException": true,
}

// pageByError are those for the error codes that the API reference lists with the four
// operations.
var pageByError = map[string]func(operation) pageName{
	"NotAuthorizedException":                  func(op operation) pageName { return op.refused },
	"ExpiredCodeException":                    func(op operation) pageName { return op.expired },
	"UserNotFoundException":                   func(op operation) pageName { return op.expired },
	"UserNotConfirmedException":               func(op operation) pageName { return op.expired },
	"CodeMismatchException":                   func(op operation) pageName { return op.wrong },
	"InvalidParameterException":               func(op operation) pageName { return op.invalid },
	"InvalidPasswordException":                func(operation) pageName { return resetRefused },
	"PasswordHistoryPolicyViolationException": func(operation) pageName { return resetUsed },
	"TooManyFailedAttemptsException":          func(operation) pageName { return tooManyAttempts },
	"LimitExceededException":                  func(operation) pageName { return limitReached },
	"AliasExistsException":                    func(operation) pageName { return addressTaken },
	"ResourceNotFoundException":               func(operation) pageName { return unknownClient },
	// The quota of the whole account, a second: it is no fault of this person.
	"TooManyRequestsException": func(op operation) pageName {
		return pageName{op.unavailable.name, http.StatusTooManyRequests}
	},
}

// page is the page for a response of Cognito.
func (op operation) page(err error) pageName {
	if err == nil {
		return op.done
	}
	e, ok := errors.AsType[*cognitoError](err)
	if !ok {
		return op.unavailable
	}
	if isWrongSecret(err) {
		return op.unavailable
	}
	// Whoever types somebody's address must not learn whether it has an account. Also the errors of a
	// trigger tell: Cognito invokes one only for somebody whom it sends a code.
	if op.takesAddress && e.status < http.StatusInternalServerError && !aboutNobody[e.code] {
		return op.done
	}
	// Observed: "User cannot be confirmed. Current status is CONFIRMED".
	if e.code == "NotAuthorizedException" && strings.HasSuffix(e.message, "status is CONFIRMED") {
		return op.doneBefore
	}
	if e.code == "UserLambdaValidationException" && reason(err) != "" {
		return refusedByTrigger
	}
	if page, ok := pageByError[e.code]; ok {
		return page(op)
	}
	return op.unavailable
}

// maxReason is the length of a trigger's sentence, in characters. What is longer
// is no sentence for a person.
const maxReason = 300

// reason is the sentence with which a trigger refused. Cognito passes it on as
// "PostConfirmation failed with error CODE: sentence." (developer guide,
// "Customizing user pool workflows with Lambda triggers"; the final dot is
// observed). A code in capitals, as pre-sign-up puts in front, is for programs.
func reason(err error) string {
	e, ok := errors.AsType[*cognitoError](err)
	if !ok {
		return ""
	}
	_, text, _ := strings.Cut(e.message, " failed with error ")
	if code, sentence, ok := strings.Cut(text, ": "); ok && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == "" {
		text = sentence
	}
	text = strings.TrimSpace(text)
	if own := strings.TrimSuffix(text, "."); strings.TrimRight(own, ".!?…。！？؟") != own {
		text = own
	}
	if strings.ContainsRune(text, utf8.RuneError) || utf8.RuneCountInString(text) > maxReason ||
		strings.ContainsFunc(text, unicode.IsControl) || strings.Trim(text, ". ") == "" {
		return ""
	}
	return text
}

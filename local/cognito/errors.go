package cognito

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// An apiError is what Cognito answers instead of a result, with status 400.
type apiError struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
}

func (e *apiError) Error() string { return e.Type + ": " + e.Message }

func failure(kind, format string, args ...any) *apiError {
	return &apiError{Type: kind, Message: fmt.Sprintf(format, args...)}
}

func invalidParameter(format string, args ...any) *apiError {
	return failure("InvalidParameterException", format, args...)
}

func notAuthorized(format string, args ...any) *apiError {
	return failure("NotAuthorizedException", format, args...)
}

// The refusals that several operations share; their texts are observed.

func userNotFound() *apiError { return failure("UserNotFoundException", "User does not exist.") }

func emailTaken() *apiError {
	return failure("UsernameExistsException", "An account with the given email already exists.")
}

func aliasTaken() *apiError {
	return failure("AliasExistsException", "An account with the given email already exists.")
}

func codeMismatch() *apiError {
	return failure("CodeMismatchException", "Invalid verification code provided, please try again.")
}

func codeExpired() *apiError {
	return failure("ExpiredCodeException", "Invalid code provided, please request a code again.")
}

func wrongCredentials() *apiError { return notAuthorized("Incorrect username or password.") }

// A constraint is what the API reference says of one request parameter.
type constraint struct {
	member   string // as Cognito names it: in camel case
	value    string
	min, max int            // characters
	pattern  *regexp.Regexp // nil: none
}

// The patterns of the API reference.
var (
	usernameType = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$`)
	passwordType = regexp.MustCompile(`^[\S]+.*[\S]+$`)
	codeType     = regexp.MustCompile(`^[\S]+$`)
	clientIDType = regexp.MustCompile(`^[\w+]+$`)
	poolIDType   = regexp.MustCompile(`^[\w-]+_[0-9a-zA-Z]+$`)
)

func isUsername(value string) constraint { return constraint{"username", value, 1, 128, usernameType} }
func isClientID(value string) constraint { return constraint{"clientId", value, 1, 128, clientIDType} }
func isPoolID(value string) constraint   { return constraint{"userPoolId", value, 1, 55, poolIDType} }
func isToken(value string) constraint    { return constraint{"accessToken", value, 1, 1 << 20, nil} }

func isCode(member, value string) constraint {
	return constraint{member, value, 1, 2048, codeType}
}

func isPassword(member, value string) constraint {
	return constraint{member, value, 1, 256, passwordType}
}

// areAttributes are the constraints of a list of AttributeType.
func areAttributes(list []attribute) []constraint {
	var all []constraint
	for i, a := range list {
		at := fmt.Sprintf("userAttributes.%d.member.", i+1)
		all = append(all, constraint{at + "name", a.Name, 1, 32, usernameType}, constraint{at + "value", a.Value, 0, 2048, nil})
	}
	return all
}

// check reports all violations at once, in Cognito's words (observed). A value
// is never repeated: most of them are personal.
func check(all []constraint) error {
	var violations []string
	for _, c := range all {
		rule := ""
		switch n := utf8.RuneCountInString(c.value); {
		case n < c.min:
			rule = fmt.Sprintf("have length greater than or equal to %d", c.min)
		case n > c.max:
			rule = fmt.Sprintf("have length less than or equal to %d", c.max)
		case c.pattern != nil && !c.pattern.MatchString(c.value):
			rule = "satisfy regular expression pattern: " + c.pattern.String()
		default:
			continue
		}
		violations = append(violations, fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must %s", c.member, rule))
	}
	switch len(violations) {
	case 0:
		return nil
	case 1:
		return invalidParameter("1 validation error detected: %s", violations[0])
	}
	return invalidParameter("%d validation errors detected: %s", len(violations), strings.Join(violations, "; "))
}

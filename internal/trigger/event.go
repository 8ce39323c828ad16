// Package trigger holds the events of the Cognito triggers that Poolpost
// answers: CustomMessage, CustomEmailSender, PreSignUp, PostConfirmation and PreTokenGeneration.
//
// A trigger must return the whole event that it got. Cognito adds fields at any
// time, so an event keeps its own bytes, and Reply changes nothing but the
// response. (The types of aws-lambda-go drop what they do not know.)
//
// Source: Cognito developer guide, "Customizing user pool workflows with Lambda
// triggers".
package trigger

import (
	"cmp"
	"encoding/json"
	"encoding/json/jsontext"
	"slices"
	"strconv"
	"strings"

	"poolpost/internal/eventjson"
	"poolpost/internal/logging"
)

// Event is one invocation of a trigger. Strings are empty, and maps nil, when
// the event has no such field, or null. They are parts of its bytes: what keeps one
// longer than the event must clone it.
type Event struct {
	TriggerSource string // such as CustomMessage_SignUp
	Version       string // "1"
	Region        string
	UserPoolID    string
	UserName      string
	ClientID      string // empty for operations without an app client

	// UserAttributes are the user's attributes; booleans are "true" and "false".
	UserAttributes map[string]string
	// ClientMetadata is what the app passed on. Cognito does not check it.
	ClientMetadata map[string]string
	// CodeParameter is the placeholder of the code, {####}; CustomMessage only.
	CodeParameter string
	// UsernameParameter is the placeholder of the user name, {username};
	// CustomMessage_AdminCreateUser only.
	UsernameParameter string
	// Code is the encrypted code or temporary password, in base64;
	// CustomEmailSender only.
	Code string
	// RequestType is customEmailSenderRequestV1; of the custom senders only.
	RequestType string

	validationData eventjson.Raw
	response       eventjson.Raw // and the rest of the event, before and after it
}

// WantedLocales are the languages that the user is written to in, the most wanted one first: that
// of the app's page, and that of the user's profile. Either may be empty, or no language.
func (e *Event) WantedLocales() []string {
	return []string{e.ClientMetadata["locale"], e.UserAttributes["locale"]}
}

// ValidationData is what the app sent for PreSignUp alone, as JSON: null or an object of strings.
// Cognito does not check it.
func (e *Event) ValidationData() string { return cmp.Or(e.validationData.Value, "null") }

// Proof is the member captcha of what the app sent, for PreSignUp alone or for all triggers. Other
// kinds of JSON than a string are none.
func (e *Event) Proof() string {
	var proof string
	_ = eventjson.Read([]byte(e.ValidationData()), eventjson.Fields{"captcha", &proof})
	return cmp.Or(proof, e.ClientMetadata["captcha"])
}

// Decode reads an event. It takes every shape that Cognito has been documented
// or seen to send: maps that are null or absent, a version that is a number,
// attributes that are booleans, and "None" for a parameter that is not there. Its errors
// may be logged.
func Decode(payload []byte) (*Event, error) {
	e := &Event{}
	err := eventjson.ReadLoose(payload, eventjson.Fields{
		"triggerSource", &e.TriggerSource,
		"version", &e.Version,
		"region", &e.Region,
		"userPoolId", &e.UserPoolID,
		"userName", &e.UserName,
		"callerContext", eventjson.Fields{"clientId", &e.ClientID},
		"request", eventjson.Fields{
			"userAttributes", &e.UserAttributes,
			"clientMetadata", &e.ClientMetadata,
			"validationData", &e.validationData,
			"codeParameter", &e.CodeParameter,
			"usernameParameter", &e.UsernameParameter,
			"code", &e.Code,
			"type", &e.RequestType,
		},
		"response", &e.response,
	})
	if err != nil {
		return nil, logging.Safe("decode event: " + err.Error())
	}
	if e.ClientID == "CLIENT_ID_NOT_APPLICABLE" { // of operations without an app client
		e.ClientID = ""
	}
	for _, placeholder := range []*string{&e.CodeParameter, &e.UsernameParameter} {
		if *placeholder == "None" { // some of Cognito's samples write it for null
			*placeholder = ""
		}
	}
	if e.response.Value == "" {
		e.response = withoutResponse(string(payload))
	}
	return e, nil
}

// withoutResponse is where an event without a response gets one: at its end.
func withoutResponse(event string) eventjson.Raw {
	before, after, ok := strings.CutLast(event, "}")
	switch {
	case !ok: // null
		before = "{"
	case !strings.HasSuffix(strings.TrimRight(before, " \t\r\n"), "{"):
		before += ","
	}
	return eventjson.Raw{Before: before + `"response":`, Value: "null", After: "}" + after}
}

// Source is the trigger source without the name of its trigger: of
// CustomMessage_SignUp it is SignUp. It is empty for another trigger's event.
func (e *Event) Source(trigger string) string {
	kind, ok := strings.CutPrefix(e.TriggerSource, trigger+"_")
	if !ok {
		return ""
	}
	return kind
}

// A Response is what a trigger answers, member by member.
type Response []Member

// A Member of a response has a JSON value, in pieces that are joined when it is written.
type Member struct {
	Name  string
	Value []string
}

// CustomMessage is the response of a CustomMessage trigger. Limits, with the code filled in:
// subject 1 to 140, mail 6 to 20,000 characters. Cognito silently replaces a mail that is out of
// these limits, or lacks the placeholder of its code, by its default (observed,
// docs/observed.md). The text of an SMS stays as it came, null, which leaves it to Cognito
// (observed: https://github.com/DefinitelyTyped/DefinitelyTyped/pull/62357).
//
// Each is a JSON string, with its quotes and escapes, in pieces as package message fills
// them: encoding a mail for every event would take longer than everything else.
func CustomMessage(email, subject []string) Response {
	return Response{{"emailMessage", email}, {"emailSubject", subject}}
}

// PreSignUp is the response of a PreSignUp trigger to a sign-up that is confirmed at once.
// Verifying an attribute that the user does not have fails the sign-up.
func PreSignUp(verifyEmail bool) Response {
	return Response{
		{"autoConfirmUser", []string{"true"}},
		{"autoVerifyEmail", []string{strconv.FormatBool(verifyEmail)}},
		{"autoVerifyPhone", []string{"false"}},
	}
}

// Reply returns the event with the members of response added to its own response, or put in
// place of those of the same name. Everything outside the response stays as it came,
// byte by byte.
func (e *Event) Reply(response Response) ([]byte, error) {
	size := len(e.response.Before) + len(e.response.Value) + len(e.response.After) + 2
	for _, m := range response {
		size += len(m.Name) + len(`,"":`)
		for _, piece := range m.Value {
			size += len(piece)
		}
	}
	b := append(make([]byte, 0, size), e.response.Before...)
	b = append(b, '{')
	written := make(map[string]bool, 8)
	err := eventjson.Members(e.response.Value, func(name, value string) {
		pieces := []string{value}
		if i := slices.IndexFunc(response, func(m Member) bool { return m.Name == name }); i >= 0 {
			pieces = response[i].Value
		}
		b = appendMember(b, len(written) > 0, name, pieces)
		written[name] = true
	})
	if err != nil {
		return nil, logging.Safe("the event's response: " + err.Error())
	}
	for _, m := range response {
		if !written[m.Name] {
			b = appendMember(b, len(written) > 0, m.Name, m.Value)
			written[m.Name] = true
		}
	}
	b = append(b, '}')
	return append(b, e.response.After...), nil
}

func appendMember(b []byte, comma bool, name string, pieces []string) []byte {
	if comma {
		b = append(b, ',')
	}
	b, _ = jsontext.AppendQuote(b, name) // the error is for bytes that it has replaced
	b = append(b, ':')
	for _, piece := range pieces {
		b = append(b, piece...)
	}
	return b
}

// ErrNotJSON is for an event that cannot even be returned.
const ErrNotJSON = logging.Safe("the event is not JSON")

// Unchanged returns an event as it came, for a trigger that leaves everything to Cognito.
func Unchanged(payload []byte) ([]byte, error) {
	if !json.Valid(payload) {
		return nil, ErrNotJSON
	}
	return payload, nil
}

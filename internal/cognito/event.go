// Package cognito holds the events of the Cognito triggers that Poolpost
// answers: CustomMessage, CustomEmailSender, PreSignUp and PostConfirmation.
//
// A trigger must return the whole event that it got. Cognito adds fields at any
// time, so an event keeps its own bytes, and Reply changes nothing but the
// response. (The types of aws-lambda-go drop what they do not know.)
//
// Source: Cognito developer guide, "Customizing user pool workflows with Lambda
// triggers".
package cognito

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"poolpost/internal/jsontext"
)

// Event is one invocation of a trigger. Strings are empty, and maps nil, when
// the event has no such field, or null.
type Event struct {
	TriggerSource string // such as CustomMessage_SignUp
	Version       string // "1"
	Region        string
	UserPoolID    string
	UserName      string
	ClientID      string // empty for operations without an app client

	// UserAttributes are the user's attributes; booleans are "true" and "false".
	UserAttributes map[string]string
	// ClientMetadata is what the app passed on. It is not checked by Cognito.
	ClientMetadata map[string]string

	// CodeParameter is the placeholder of the code, {####}; CustomMessage only.
	CodeParameter string
	// UsernameParameter is the placeholder of the user name, {username}; only
	// of CustomMessage_AdminCreateUser.
	UsernameParameter string
	// Code is the encrypted code or temporary password, in base64;
	// CustomEmailSender only.
	Code string

	payload  string // the object as it came
	response field  // the last of its members that is called so
	bare     bool   // it has no members
}

// A field is a member of a JSON object with its value as it came.
type field struct {
	name, value string
	at          int // where the value begins in the text of the object
}

// noClient is what Cognito writes for operations without an app client.
const noClient = "CLIENT_ID_NOT_APPLICABLE"

// Decode reads an event. It takes every shape that Cognito has been documented
// or seen to send: maps that are null or absent, a version that is a number,
// attributes that are booleans, and "None" for a parameter that is not there.
func Decode(payload []byte) (*Event, error) {
	if !json.Valid(payload) {
		return nil, errors.New("decode event: is not JSON")
	}
	e := &Event{payload: string(payload), bare: true}
	err := object(e.payload, func(f field) (err error) {
		e.bare = false
		switch f.name {
		case "triggerSource":
			err = f.text(&e.TriggerSource)
		case "version":
			err = f.text(&e.Version)
		case "region":
			err = f.text(&e.Region)
		case "userPoolId":
			err = f.text(&e.UserPoolID)
		case "userName":
			err = f.text(&e.UserName)
		case "callerContext":
			err = object(f.value, e.decodeCaller)
		case "request":
			err = object(f.value, e.decodeRequest)
		case "response":
			e.response = f
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	return e, nil
}

func (e *Event) decodeCaller(f field) error {
	if f.name != "clientId" {
		return nil
	}
	err := f.text(&e.ClientID)
	if e.ClientID == noClient {
		e.ClientID = ""
	}
	return err
}

func (e *Event) decodeRequest(f field) error {
	switch f.name {
	case "userAttributes":
		return f.texts(&e.UserAttributes)
	case "clientMetadata":
		return f.texts(&e.ClientMetadata)
	case "codeParameter":
		return f.parameter(&e.CodeParameter)
	case "usernameParameter":
		return f.parameter(&e.UsernameParameter)
	case "code":
		return f.text(&e.Code)
	}
	return nil
}

// Kind is the trigger source without the name of its trigger: of
// CustomMessage_SignUp it is SignUp. It is empty for another trigger's event.
func (e *Event) Kind(trigger string) string {
	kind, ok := strings.CutPrefix(e.TriggerSource, trigger+"_")
	if !ok {
		return ""
	}
	return kind
}

// A response is what a trigger answers, member by member.
type response interface{ members() []field }

// Reply returns the event with the members of r added to its response, or put in
// place of those of the same name. Everything else stays as it came, byte by
// byte.
func (e *Event) Reply(r response) ([]byte, error) {
	merged := r.members()
	var old []field
	if e.response.at > 0 {
		err := object(e.response.value, func(f field) error {
			old = append(old, f)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("the event's response: %w", err)
		}
	}
	if len(old) > 0 {
		merged = merge(old, merged)
	}
	size := len(e.payload) + len(`,"response":{}`)
	for _, f := range merged {
		size += len(f.name) + len(f.value) + len(`,"":`)
	}
	b := make([]byte, 0, size)
	switch {
	case e.response.at > 0:
		b = append(b, e.payload[:e.response.at]...)
		b = appendObject(b, merged)
		return append(b, e.payload[e.response.at+len(e.response.value):]...), nil
	case e.bare: // {} or null
		b = append(b, '{')
	default:
		b = append(b, e.payload[:strings.LastIndexByte(e.payload, '}')]...)
		b = append(b, ',')
	}
	b = append(b, `"response":`...)
	return append(appendObject(b, merged), '}'), nil
}

// merge puts the new members behind the old ones, or in their place.
func merge(old, added []field) []field {
	for _, f := range added {
		found := false
		for i := range old {
			if old[i].name == f.name {
				old[i].value, found = f.value, true
			}
		}
		if !found {
			old = append(old, f)
		}
	}
	return old
}

// object gives the members of an object to a function, in their order, up to an
// error, which it returns with the name of the member. null is an empty object. The text must
// be valid JSON: only then is every bracket closed.
func object(text string, member func(field) error) error {
	start, end := next(text, 0)
	switch text[start] {
	case 'n':
		return nil
	case '{':
	default:
		return errNotObject
	}
	for start, end = next(text, start+1); text[start] != '}'; start, end = next(text, end) {
		f := field{name: unquote(text[start:end])}
		start, end = next(text, end)
		f.value, f.at = text[start:end], start
		if err := member(f); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

var errNotObject = errors.New("is not a JSON object")

// next finds the value behind the white space, comma or colon at an index: where
// it begins, and where it ends. At the end of an object it begins with the brace.
func next(text string, at int) (start, end int) {
	for start = at; isBetween(text[start]); start++ {
	}
	depth := 0
	for end = start; end < len(text); end++ {
		switch c := text[end]; {
		case c == '"':
			for end++; text[end] != '"'; end++ {
				if text[end] == '\\' {
					end++
				}
			}
		case c == '{' || c == '[':
			depth++
			continue
		case c == '}' || c == ']':
			depth--
		case depth == 0 && isBetween(c): // behind a number or a word
			return start, end
		default:
			continue
		}
		switch { // a string or a bracket has been closed
		case depth < 0: // the one around a number or a word
			return start, end
		case depth == 0:
			return start, end + 1
		}
	}
	return start, end
}

// isBetween reports whether a character stands between values.
func isBetween(c byte) bool {
	return c == ' ' || c == ',' || c == ':' || c == '\n' || c == '\r' || c == '\t'
}

// unquote reads a JSON string, without a copy where it has no escapes.
func unquote(value string) string {
	if strings.IndexByte(value, '\\') < 0 && utf8.ValidString(value) {
		return value[1 : len(value)-1]
	}
	var text string
	_ = json.Unmarshal([]byte(value), &text) // a valid one always decodes
	return text
}

func appendObject(b []byte, fields []field) []byte {
	b = append(b, '{')
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsontext.AppendQuoted(b, f.name), ':')
		b = append(b, f.value...)
	}
	return append(b, '}')
}

// text reads a string, or a number or boolean as the string it is written as.
func (f field) text(target *string) error {
	switch f.value[0] {
	case '"':
		*target = unquote(f.value)
	case 'n': // null
		*target = ""
	case '{', '[':
		return errors.New("is not a text")
	default:
		*target = f.value
	}
	return nil
}

// parameter reads a placeholder. Some of Cognito's samples write "None" where
// there is none.
func (f field) parameter(target *string) error {
	if err := f.text(target); err != nil {
		return err
	}
	if *target == "None" {
		*target = ""
	}
	return nil
}

// texts reads an object of texts; members that are null are left out.
func (f field) texts(target *map[string]string) error {
	if f.value == "null" {
		return nil
	}
	texts := make(map[string]string, 8)
	*target = texts
	return object(f.value, func(member field) error {
		var value string
		if err := member.text(&value); err != nil {
			return err
		}
		if member.value != "null" {
			texts[member.name] = value
		}
		return nil
	})
}

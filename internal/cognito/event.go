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
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
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

	fields []field // all top-level fields, in their order, as they came
}

// A field is a member of a JSON object with its value as it came.
type field struct {
	name  string
	value json.RawMessage
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
	fields, err := object(payload)
	if err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	e := &Event{fields: fields}
	for _, f := range fields {
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
			err = e.decodeCaller(f.value)
		case "request":
			err = e.decodeRequest(f.value)
		}
		if err != nil {
			return nil, fmt.Errorf("decode event: %s: %w", f.name, err)
		}
	}
	return e, nil
}

func (e *Event) decodeCaller(value json.RawMessage) error {
	fields, err := object(value)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.name == "clientId" {
			if err := f.text(&e.ClientID); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
		}
	}
	if e.ClientID == noClient {
		e.ClientID = ""
	}
	return nil
}

func (e *Event) decodeRequest(value json.RawMessage) error {
	fields, err := object(value)
	if err != nil {
		return err
	}
	for _, f := range fields {
		switch f.name {
		case "userAttributes":
			err = f.texts(&e.UserAttributes)
		case "clientMetadata":
			err = f.texts(&e.ClientMetadata)
		case "codeParameter":
			err = f.parameter(&e.CodeParameter)
		case "usernameParameter":
			err = f.parameter(&e.UsernameParameter)
		case "code":
			err = f.text(&e.Code)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
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
	fields := e.fields
	at := -1
	for i, f := range fields {
		if f.name == "response" { // of two, the last one counts
			at = i
		}
	}
	if at < 0 {
		at, fields = len(fields), append(slices.Clone(fields), field{"response", []byte("null")})
	}
	old, err := object(fields[at].value)
	if err != nil {
		return nil, fmt.Errorf("the event's response: %w", err)
	}
	response := merge(old, r.members())
	b := append(make([]byte, 0, size(fields)+size(response)), '{')
	for i, f := range fields {
		b = appendName(b, f.name, i > 0)
		if i == at {
			b = appendObject(b, response)
		} else {
			b = append(b, f.value...)
		}
	}
	return append(b, '}'), nil
}

// merge puts the new members behind the old ones, or in their place.
func merge(old, added []field) []field {
	merged := slices.Clone(old)
	for _, f := range added {
		found := false
		for i := range merged {
			if merged[i].name == f.name {
				merged[i].value, found = f.value, true
			}
		}
		if !found {
			merged = append(merged, f)
		}
	}
	return merged
}

// object splits an object into its members, in one pass. null is an empty
// object. data must be valid JSON: only then is every bracket closed.
func object(data []byte) ([]field, error) {
	start, end := next(data, 0)
	switch data = data[start:end]; {
	case data[0] == 'n':
		return nil, nil
	case data[0] != '{':
		return nil, errNotObject
	}
	fields := make([]field, 0, 12)
	for start, end = next(data, 1); data[start] != '}'; start, end = next(data, end) {
		var f field
		if err := unquote(data[start:end], &f.name); err != nil {
			return nil, err
		}
		start, end = next(data, end)
		f.value = data[start:end]
		fields = append(fields, f)
	}
	return fields, nil
}

var errNotObject = errors.New("is not a JSON object")

// next finds the value behind the white space, comma or colon at an index: where
// it begins, and where it ends. At the end of an object it begins with the brace.
func next(data []byte, at int) (start, end int) {
	for start = at; strings.IndexByte(" \t\r\n,:", data[start]) >= 0; start++ {
	}
	depth := 0
	for end = start; end < len(data); end++ {
		switch data[end] {
		case '"':
			for end++; data[end] != '"'; end++ {
				if data[end] == '\\' {
					end++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		case ' ', '\t', '\r', '\n', ',', ':':
			if depth == 0 { // behind a number or a word
				return start, end
			}
			continue
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

// unquote reads a JSON string.
func unquote(value []byte, target *string) error {
	if bytes.IndexByte(value, '\\') < 0 && utf8.Valid(value) {
		*target = string(value[1 : len(value)-1])
		return nil
	}
	return json.Unmarshal(value, target)
}

// size is room enough for the object of some members, in bytes.
func size(fields []field) int {
	n := 2
	for _, f := range fields {
		n += len(f.name) + len(f.value) + 6
	}
	return n
}

func appendObject(b []byte, fields []field) []byte {
	b = append(b, '{')
	for i, f := range fields {
		b = append(appendName(b, f.name, i > 0), f.value...)
	}
	return append(b, '}')
}

func appendName(b []byte, name string, comma bool) []byte {
	if comma {
		b = append(b, ',')
	}
	return append(append(b, quoted(name)...), ':')
}

// quoted is a text as a JSON string, without turning < > & into escapes, which
// would make an HTML mail several times longer.
func quoted(text string) []byte {
	var b bytes.Buffer
	b.Grow(len(text) + len(text)/16 + 16)
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// text reads a string, or a number or boolean as the string it is written as.
func (f field) text(target *string) error {
	switch f.value[0] {
	case '"':
		return unquote(f.value, target)
	case 'n': // null
		*target = ""
	case '{', '[':
		return errors.New("is not a text")
	default:
		*target = string(f.value)
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
	fields, err := object(f.value)
	if err != nil {
		return err
	}
	if fields == nil {
		return nil
	}
	*target = make(map[string]string, len(fields))
	for _, member := range fields {
		var value string
		if err := member.text(&value); err != nil {
			return fmt.Errorf("%s: %w", member.name, err)
		}
		if !bytes.Equal(member.value, []byte("null")) {
			(*target)[member.name] = value
		}
	}
	return nil
}

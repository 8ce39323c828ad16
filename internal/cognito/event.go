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
	"io"
	"strings"
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
	// ValidationData is what the app passed to PreSignUp only.
	ValidationData map[string]string

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
		case "validationData":
			err = f.texts(&e.ValidationData)
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

// Reply returns the event with the members of response added to its response,
// or put in place of those of the same name. Everything else stays as it came,
// byte by byte. response must encode to a JSON object.
func (e *Event) Reply(response any) ([]byte, error) {
	added, err := encode(response)
	if err != nil {
		return nil, fmt.Errorf("encode response: %w", err)
	}
	newFields, err := object(added)
	if err != nil {
		return nil, fmt.Errorf("encode response: %w", err)
	}
	var old []field
	at := len(e.fields)
	for i, f := range e.fields {
		if f.name == "response" {
			at = i
			if old, err = object(f.value); err != nil {
				return nil, fmt.Errorf("encode response: the event's own: %w", err)
			}
		}
	}
	fields := append([]field{}, e.fields...)
	merged := field{"response", joined(merge(old, newFields))}
	if at < len(fields) {
		fields[at] = merged
	} else {
		fields = append(fields, merged)
	}
	return joined(fields), nil
}

// merge puts the new members behind the old ones, or in their place.
func merge(old, added []field) []field {
	merged := append([]field{}, old...)
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

var errNotObject = errors.New("is not a JSON object")

// object splits a JSON object into its members. null is an empty object.
func object(data []byte) ([]field, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	if token != nil && token != json.Delim('{') {
		return nil, errNotObject
	}
	var fields []field
	if token != nil {
		if fields, err = members(decoder); err != nil {
			return nil, err
		}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("is followed by something else")
	}
	return fields, nil
}

// members reads the members of an object up to its closing brace. They are not
// nil, even if there are none.
func members(decoder *json.Decoder) ([]field, error) {
	fields := make([]field, 0, 8)
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		f := field{name: name.(string)} // the decoder lets nothing else stand here
		if err := decoder.Decode(&f.value); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	_, err := decoder.Token() // the closing brace
	return fields, err
}

// joined is the object of some members.
func joined(fields []field) []byte {
	size := 2
	for _, f := range fields {
		size += len(f.name) + len(f.value) + 6
	}
	b := append(make([]byte, 0, size), '{')
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		name, _ := json.Marshal(f.name) // a string always encodes
		b = append(b, name...)
		b = append(b, ':')
		b = append(b, f.value...)
	}
	return append(b, '}')
}

// encode is json.Marshal without turning < > & into escapes, which would make
// an HTML mail several times longer.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// text reads a string, or a number or boolean as the string it is written as.
func (f field) text(target *string) error {
	if len(f.value) == 0 {
		return errors.New("has no value")
	}
	switch f.value[0] {
	case '"':
		return json.Unmarshal(f.value, target)
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

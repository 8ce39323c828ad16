// Package trigger holds the events of the Cognito triggers that Poolpost
// answers: CustomMessage, CustomEmailSender, PreSignUp and PostConfirmation.
//
// A trigger must return the whole event that it got. Cognito adds fields at any
// time, so an event keeps its own bytes, and Reply changes nothing but the
// response. (The types of aws-lambda-go drop what they do not know.)
//
// Source: Cognito developer guide, "Customizing user pool workflows with Lambda
// triggers".
package trigger

import (
	"encoding/json/jsontext"
	"strings"

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

	payload    string // as it came
	start, end int    // of the value of its response; end is 0 without one
	bare       bool   // it has no members
}

// noClient is what Cognito writes for operations without an app client.
const noClient = "CLIENT_ID_NOT_APPLICABLE"

// Decode reads an event. It takes every shape that Cognito has been documented
// or seen to send: maps that are null or absent, a version that is a number,
// attributes that are booleans, and "None" for a parameter that is not there. Its errors
// may be logged.
func Decode(payload []byte) (*Event, error) {
	r := newReader(payload)
	e := &Event{payload: r.text, bare: true}
	err := r.object(e.decode)
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return nil, logging.Safe("decode event: " + err.Error())
	}
	return e, nil
}

func (e *Event) decode(r reader, name string) (err error) {
	e.bare = false
	switch name {
	case "triggerSource":
		e.TriggerSource, err = r.string()
	case "version":
		e.Version, err = r.string()
	case "region":
		e.Region, err = r.string()
	case "userPoolId":
		e.UserPoolID, err = r.string()
	case "userName":
		e.UserName, err = r.string()
	case "callerContext":
		err = r.object(e.decodeCaller)
	case "request":
		err = r.object(e.decodeRequest)
	case "response": // of two, the last one counts
		e.start, e.end, err = r.value()
	default:
		err = r.skip()
	}
	return err
}

func (e *Event) decodeCaller(r reader, name string) (err error) {
	if name != "clientId" {
		return r.skip()
	}
	e.ClientID, err = r.string()
	if e.ClientID == noClient {
		e.ClientID = ""
	}
	return err
}

func (e *Event) decodeRequest(r reader, name string) (err error) {
	switch name {
	case "userAttributes":
		e.UserAttributes, err = r.strings()
	case "clientMetadata":
		e.ClientMetadata, err = r.strings()
	case "codeParameter":
		e.CodeParameter, err = placeholder(r)
	case "usernameParameter":
		e.UsernameParameter, err = placeholder(r)
	case "code":
		e.Code, err = r.string()
	default:
		err = r.skip()
	}
	return err
}

// placeholder reads a placeholder. Some of Cognito's samples write "None" for null.
func placeholder(r reader) (string, error) {
	text, err := r.string()
	if text == "None" {
		text = ""
	}
	return text, err
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
type response interface{ members() []member }

// A member of a JSON object, its value in pieces that are joined when it is
// written.
type member struct {
	name  string
	value []string
}

// Reply returns the event with the members of r added to its response, or put in
// place of those of the same name. Everything outside the response stays as it came,
// byte by byte.
func (e *Event) Reply(r response) ([]byte, error) {
	members, err := e.merge(r.members())
	if err != nil {
		return nil, logging.Safe("the event's response: " + err.Error())
	}
	size := len(e.payload) + len(`,"response":{}`)
	for _, m := range members {
		size += len(m.name) + len(`,"":`)
		for _, piece := range m.value {
			size += len(piece)
		}
	}
	b := make([]byte, 0, size)
	switch {
	case e.end > 0:
		b = append(b, e.payload[:e.start]...)
		b = appendObject(b, members)
		return append(b, e.payload[e.end:]...), nil
	case e.bare: // {} or null
		b = append(b, '{')
	default:
		b = append(b, e.payload[:strings.LastIndexByte(e.payload, '}')]...)
		b = append(b, ',')
	}
	b = append(b, `"response":`...)
	return append(appendObject(b, members), '}'), nil
}

// merge puts new members behind those of the event's response, or in their place.
func (e *Event) merge(added []member) ([]member, error) {
	if e.end == 0 {
		return added, nil
	}
	var merged []member
	response := newReader([]byte(e.payload[e.start:e.end]))
	err := response.members(func(r reader, name string) error {
		start, end, err := r.value()
		merged = append(merged, member{name, []string{r.text[start:end]}})
		return err
	})
	if err != nil || merged == nil {
		return added, err
	}
	for _, m := range added {
		found := false
		for i := range merged {
			if merged[i].name == m.name {
				merged[i].value, found = m.value, true
			}
		}
		if !found {
			merged = append(merged, m)
		}
	}
	return merged, nil
}

func appendObject(b []byte, members []member) []byte {
	b = append(b, '{')
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, m.name) // the error is for bytes that it has replaced
		b = append(b, ':')
		for _, piece := range m.value {
			b = append(b, piece...)
		}
	}
	return append(b, '}')
}

// Package eventjson reads fields of Lambda events as JSON, token by token: decoding by reflection
// takes several times as long, while a person waits.
package eventjson

import (
	"bytes"
	"encoding/json/jsontext"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Fields are fields of a JSON object: pairs of a name and a *string, a *map[string]string, a *Raw,
// or Fields of an object in it. null is an empty string, a nil map, or an object without fields.
// (A map would cost more allocations.)
type Fields []any

// Raw is a value as it is written, with the text before and after it.
type Raw struct{ Before, Value, After string }

// Errors quote no values, and no names but those of Fields.
var (
	errNotJSON   = errors.New("is not JSON")
	errNotObject = errors.New("is not a JSON object")
	errNotString = errors.New("is not a string")
)

// Read reads fields of an event. Like encoding/json it accepts duplicate names, of which the last
// one counts, and invalid UTF-8: an error would be Cognito's default message.
//
// Strings are parts of one copy of the event, so what keeps one for longer must clone it.
func Read(payload []byte, fields Fields) error {
	r := newReader(payload)
	return r.all(fields)
}

// ReadLoose is Read for events that write some strings as numbers or booleans. A string is then
// what is written.
func ReadLoose(payload []byte, fields Fields) error {
	r := newReader(payload)
	r.loose = true
	return r.all(fields)
}

// Members calls member with each member of an object, in order. null has none.
func Members(text string, member func(name, value string)) error {
	r := newReader([]byte(text))
	return r.object(func(name string) error {
		value, err := r.value()
		member(name, value)
		return err
	})
}

// A reader has methods of its pointer: small frames spare the first event a larger stack.
type reader struct {
	*jsontext.Decoder
	text  string
	loose bool // numbers and booleans are strings too
}

func newReader(text []byte) reader {
	d := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return reader{Decoder: d, text: string(text)}
}

func (r *reader) all(fields Fields) error {
	if err := r.read(fields); err != nil {
		return err
	}
	if _, err := r.ReadToken(); err != io.EOF {
		return errNotJSON
	}
	return nil
}

// read reads the next value into target, or skips it if there is none.
func (r *reader) read(target any) (err error) {
	switch target := target.(type) {
	case Fields:
		return r.object(func(name string) error {
			var into any
			for i := 0; i < len(target); i += 2 {
				if target[i] == name {
					into = target[i+1]
				}
			}
			err := r.read(into)
			if err != nil && err != errNotJSON {
				return fmt.Errorf("%s: %w", name, err)
			}
			return err
		})
	case *string:
		*target, err = r.string()
	case *map[string]string:
		*target, err = r.strings()
	case *Raw:
		target.Value, err = r.value()
		end := int(r.InputOffset())
		target.Before, target.After = r.text[:end-len(target.Value)], r.text[end:]
	default:
		_, err = r.value()
	}
	return err
}

// object calls member with the name of each member, whose value it must read.
func (r *reader) object(member func(name string) error) error {
	if kind := r.PeekKind(); kind != jsontext.KindBeginObject {
		if _, err := r.value(); err != nil || kind == jsontext.KindNull {
			return err
		}
		return errNotObject
	}
	if _, err := r.ReadToken(); err != nil {
		return errNotJSON
	}
	for r.PeekKind() != jsontext.KindEndObject {
		name, err := r.string()
		if err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
	}
	if _, err := r.ReadToken(); err != nil {
		return errNotJSON
	}
	return nil
}

// strings reads an object of strings, without members that are null.
func (r *reader) strings() (map[string]string, error) {
	if r.PeekKind() == jsontext.KindNull {
		return nil, r.read(nil)
	}
	values := make(map[string]string, 8)
	return values, r.object(func(name string) error {
		null := r.PeekKind() == jsontext.KindNull
		value, err := r.string()
		if !null {
			values[name] = value
		}
		return err
	})
}

// string reads a string, without a copy where it is written as it is.
func (r *reader) string() (string, error) {
	value, err := r.value()
	if err != nil {
		return "", err
	}
	switch kind := jsontext.Kind(value[0]); {
	case kind == jsontext.KindNull:
		return "", nil
	case kind == jsontext.KindString:
		inner := value[1 : len(value)-1]
		if strings.IndexByte(inner, '\\') < 0 && utf8.ValidString(inner) {
			return inner, nil
		}
		text, _ := jsontext.AppendUnquote(nil, value) // the error is for bytes that it has replaced
		return string(text), nil
	case kind == jsontext.KindBeginObject, kind == jsontext.KindBeginArray, !r.loose:
		return "", errNotString
	}
	return value, nil
}

// value reads a value as it is written.
func (r *reader) value() (string, error) {
	value, err := r.ReadValue()
	if err != nil {
		return "", errNotJSON
	}
	end := int(r.InputOffset())
	return r.text[end-len(value) : end], nil
}

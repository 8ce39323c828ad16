package trigger

import (
	"bytes"
	"encoding/json/jsontext"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A reader reads JSON token by token: decoding an event by reflection takes several times
// as long, while a person waits. Like encoding/json it takes duplicate names, of which the
// last one counts, and invalid UTF-8: an error here would be Cognito's default message.
//
// Strings are parts of text where they can be. Errors quote nothing but the names of
// members that object reads: other names may be personal.
type reader struct {
	*jsontext.Decoder
	text string
}

func newReader(payload []byte) reader {
	decoder := jsontext.NewDecoder(
		bytes.NewBuffer(payload), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return reader{decoder, string(payload)}
}

var (
	errNotJSON   = errors.New("is not JSON")
	errNotObject = errors.New("is not a JSON object")
	errNotString = errors.New("is not a string")
)

// object reads an object, of which member must read each value. null is an empty object.
// Errors of member get its name.
func (r reader) object(member func(r reader, name string) error) error {
	return r.members(func(r reader, name string) error {
		err := member(r, name)
		if err != nil && err != errNotJSON {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return err
	})
}

// members is object without names in its errors.
func (r reader) members(member func(r reader, name string) error) error {
	switch r.PeekKind() {
	case jsontext.KindNull:
		return r.skip()
	case jsontext.KindBeginObject:
	default:
		return r.refuse(errNotObject)
	}
	if _, err := r.ReadToken(); err != nil {
		return errNotJSON
	}
	for r.PeekKind() != jsontext.KindEndObject {
		name, err := r.unquote()
		if err != nil {
			return err
		}
		if err := member(r, name); err != nil {
			return err
		}
	}
	if _, err := r.ReadToken(); err != nil {
		return errNotJSON
	}
	return nil
}

// value returns where the next value starts and ends.
func (r reader) value() (start, end int, err error) {
	value, err := r.ReadValue()
	if err != nil {
		return 0, 0, errNotJSON
	}
	end = int(r.InputOffset())
	return end - len(value), end, nil
}

func (r reader) skip() error {
	if r.SkipValue() != nil {
		return errNotJSON
	}
	return nil
}

// refuse reads a value that is an error.
func (r reader) refuse(reason error) error {
	if err := r.skip(); err != nil {
		return err
	}
	return reason
}

// end reads the end of the text.
func (r reader) end() error {
	if _, err := r.ReadToken(); err != io.EOF {
		return errNotJSON
	}
	return nil
}

// string reads a string, or a number or boolean as it is written. null is empty.
func (r reader) string() (string, error) {
	switch r.PeekKind() {
	case jsontext.KindString:
		return r.unquote()
	case jsontext.KindBeginObject, jsontext.KindBeginArray:
		return "", r.refuse(errNotString)
	case jsontext.KindNull:
		return "", r.skip()
	default:
		start, end, err := r.value()
		return r.text[start:end], err
	}
}

// strings reads an object of strings, without members that are null. For null it returns
// nil.
func (r reader) strings() (map[string]string, error) {
	if r.PeekKind() == jsontext.KindNull {
		return nil, r.skip()
	}
	values := make(map[string]string, 8)
	return values, r.members(func(r reader, name string) error {
		null := r.PeekKind() == jsontext.KindNull
		value, err := r.string()
		if !null {
			values[name] = value
		}
		return err
	})
}

// unquote reads a string, without a copy if it is written as it is.
func (r reader) unquote() (string, error) {
	start, end, err := r.value()
	if err != nil {
		return "", err
	}
	if inner := r.text[start+1 : end-1]; strings.IndexByte(inner, '\\') < 0 && utf8.ValidString(inner) {
		return inner, nil
	}
	text, _ := jsontext.AppendUnquote(nil, r.text[start:end]) // the error is for bytes that it has replaced
	return string(text), nil
}

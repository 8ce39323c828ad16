package jsontext

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Reader goes through a JSON text (RFC 8259) once: it checks it as
// encoding/json does (a fuzz test compares the two), and gives strings and the members of
// objects without a copy. To decode an event with encoding/json takes several times
// as long, and to decode settings a tenth of a cold start (docs/speed.md).
//
// After an error it must not be used any more. What it returns is part of the text: to keep it
// longer, clone it. Errors quote nothing but the names of members that Object reads.
type Reader struct {
	text  string
	at    int // where it goes on
	depth int // of objects and lists
}

// NewReader is at the beginning of a text.
func NewReader(text string) *Reader { return &Reader{text: text} }

// maxDepth is that of encoding/json.
const maxDepth = 10000

// ErrNotJSON is the error for a text that breaks the grammar of JSON, wherever in
// it that is.
var ErrNotJSON = errors.New("is not JSON")

var (
	errNotObject = errors.New("is not a JSON object")
	errNotList   = errors.New("is not a JSON list")
	errNotText   = errors.New("is not a text")
)

// next is the next character that is no white space, or 0 at the end.
func (r *Reader) next() byte {
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; c {
		case ' ', '\n', '\r', '\t':
		default:
			return c
		}
	}
	return 0
}

// take goes on behind the next character, which must be c.
func (r *Reader) take(c byte) bool {
	if r.next() != c {
		return false
	}
	r.at++
	return true
}

// Object gives the members of an object to a function, which must read the value
// of each, in their order. null is an empty object. An error of the function ends
// it, and gets the member's name.
func (r *Reader) Object(member func(r *Reader, name string) error) error {
	return r.object(func(r *Reader, name string) error {
		err := member(r, name)
		if err != nil && err != ErrNotJSON {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return err
	})
}

// object is Object whose errors have no names.
func (r *Reader) object(member func(r *Reader, name string) error) error {
	switch r.next() {
	case 'n':
		return r.word("null")
	case '{':
		return r.members(member)
	}
	if _, err := r.Value(); err != nil {
		return err
	}
	return errNotObject
}

func (r *Reader) members(member func(r *Reader, name string) error) error {
	return r.between('}', func() error {
		name, err := r.quoted()
		if err != nil || !r.take(':') {
			return ErrNotJSON
		}
		return member(r, name)
	})
}

// between reads what stands between two brackets, item by item.
func (r *Reader) between(end byte, item func() error) error {
	r.at++
	if r.depth++; r.depth > maxDepth {
		return ErrNotJSON
	}
	defer func() { r.depth-- }()
	if r.take(end) {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if r.take(end) {
			return nil
		}
		if !r.take(',') {
			return ErrNotJSON
		}
	}
}

// Value reads a value of any kind, and returns it as it stands there.
func (r *Reader) Value() (string, error) {
	c := r.next()
	start := r.at
	var err error
	switch {
	case c == '{':
		err = r.members(func(r *Reader, _ string) error { return r.Skip() })
	case c == '[':
		err = r.between(']', r.Skip)
	case c == '"':
		_, err = r.str()
	case c == 't':
		err = r.word("true")
	case c == 'f':
		err = r.word("false")
	case c == 'n':
		err = r.word("null")
	default:
		err = r.number()
	}
	return r.text[start:r.at], err
}

// Skip goes behind a value of any kind.
func (r *Reader) Skip() error {
	_, err := r.Value()
	return err
}

// List lets a function read the items of a list, one at each call. null is an
// empty list.
func (r *Reader) List(item func() error) error {
	switch r.next() {
	case 'n':
		return r.word("null")
	case '[':
		return r.between(']', item)
	}
	if err := r.Skip(); err != nil {
		return err
	}
	return errNotList
}

// End is an error unless the text ends here.
func (r *Reader) End() error {
	if r.next() != 0 || r.at < len(r.text) {
		return ErrNotJSON
	}
	return nil
}

// At is where the next value begins.
func (r *Reader) At() int {
	r.next()
	return r.at
}

// Text reads a string, or a number or boolean as the string it is written as.
// null is empty.
func (r *Reader) Text() (string, error) {
	switch r.next() {
	case '"':
		return r.quoted()
	case '{', '[':
		if err := r.Skip(); err != nil {
			return "", err
		}
		return "", errNotText
	case 'n':
		return "", r.word("null")
	default:
		return r.Value()
	}
}

// String reads a string, and nothing that is written without quotes.
func (r *Reader) String() (string, error) {
	if r.next() == '"' {
		return r.quoted()
	}
	if err := r.Skip(); err != nil {
		return "", err
	}
	return "", errNotText
}

// Texts reads an object of texts; members that are null are left out. For null it
// returns nil. Who wrote the texts may have chosen their names as well, so errors do not
// quote these.
func (r *Reader) Texts() (map[string]string, error) {
	if r.next() == 'n' {
		return nil, r.word("null")
	}
	texts := make(map[string]string, 8)
	return texts, r.object(func(r *Reader, name string) error {
		null := r.next() == 'n'
		text, err := r.Text()
		if !null {
			texts[name] = text
		}
		return err
	})
}

// quoted reads a string, without a copy where it has no escapes.
func (r *Reader) quoted() (string, error) {
	r.next()
	start := r.at
	plain, err := r.str()
	if err != nil {
		return "", err
	}
	if raw := r.text[start:r.at]; plain || !strings.Contains(raw, `\`) && utf8.ValidString(raw) {
		return raw[1 : len(raw)-1], nil
	}
	var text string
	err = json.Unmarshal([]byte(r.text[start:r.at]), &text)
	return text, err
}

// str goes behind a string, and reports whether it is ASCII without escapes.
func (r *Reader) str() (plain bool, err error) {
	if r.at >= len(r.text) || r.text[r.at] != '"' {
		return false, ErrNotJSON
	}
	plain = true
	for i := r.at + 1; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			r.at = i + 1
			return plain, nil
		case c < ' ':
			return false, ErrNotJSON
		case c == '\\':
			plain = false
			if i++; !isEscape(r.text[i:]) {
				return false, ErrNotJSON
			}
		case c >= utf8.RuneSelf:
			plain = false
		}
	}
	return false, ErrNotJSON
}

// isEscape reports whether a text begins with what may follow a backslash.
func isEscape(text string) bool {
	if text == "" {
		return false
	}
	if text[0] != 'u' {
		return strings.IndexByte(`"\/bfnrt`, text[0]) >= 0
	}
	return len(text) > 4 && strings.Trim(text[1:5], "0123456789abcdefABCDEF") == ""
}

func (r *Reader) word(word string) error {
	if !strings.HasPrefix(r.text[r.at:], word) {
		return ErrNotJSON
	}
	r.at += len(word)
	return nil
}

// number goes behind a number.
func (r *Reader) number() error {
	r.optional("-")
	switch {
	case r.optional("0"):
	case !r.digits():
		return ErrNotJSON
	}
	if r.optional(".") && !r.digits() {
		return ErrNotJSON
	}
	if r.optional("eE") {
		r.optional("+-")
		if !r.digits() {
			return ErrNotJSON
		}
	}
	return nil
}

// optional goes behind one of some characters, if it is there.
func (r *Reader) optional(characters string) bool {
	if r.at < len(r.text) && strings.IndexByte(characters, r.text[r.at]) >= 0 {
		r.at++
		return true
	}
	return false
}

// digits goes behind one or more digits.
func (r *Reader) digits() bool {
	start := r.at
	for r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9' {
		r.at++
	}
	return r.at > start
}

package cognito

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A reader goes through a JSON text (RFC 8259) once: it checks it as
// encoding/json does (a fuzz test compares the two), and gives the members of
// objects without a copy. Checking and splitting an event with encoding/json takes
// several times as long, and is then most of what a trigger does.
type reader struct {
	text  string
	at    int // where it goes on
	depth int // of objects and lists
}

// maxDepth is that of encoding/json.
const maxDepth = 10000

var (
	errNotJSON   = errors.New("is not JSON")
	errNotObject = errors.New("is not a JSON object")
	errNotText   = errors.New("is not a text")
)

// next is the next character that is no white space, or 0 at the end.
func (r *reader) next() byte {
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
func (r *reader) take(c byte) bool {
	if r.next() != c {
		return false
	}
	r.at++
	return true
}

// object gives the members of an object to a function, which must read the value
// of each, in their order. null is an empty object. An error of the function ends
// it, and gets the member's name.
func (r *reader) object(member func(r *reader, name string) error) error {
	switch r.next() {
	case 'n':
		return r.word("null")
	case '{':
		return r.members(member)
	}
	if _, err := r.value(); err != nil {
		return err
	}
	return errNotObject
}

func (r *reader) members(member func(r *reader, name string) error) error {
	return r.list('}', func() error {
		name, err := r.quoted()
		if err != nil || !r.take(':') {
			return errNotJSON
		}
		if err := member(r, name); err != nil && err != errNotJSON {
			return fmt.Errorf("%s: %w", name, err)
		} else if err != nil {
			return err
		}
		return nil
	})
}

// list reads what stands between two brackets, item by item.
func (r *reader) list(end byte, item func() error) error {
	r.at++
	if r.depth++; r.depth > maxDepth {
		return errNotJSON
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
			return errNotJSON
		}
	}
}

// value reads a value of any kind, and returns it as it stands there.
func (r *reader) value() (string, error) {
	c := r.next()
	start := r.at
	var err error
	switch {
	case c == '{':
		err = r.members(skip)
	case c == '[':
		err = r.list(']', func() error { return skip(r, "") })
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

func skip(r *reader, _ string) error {
	_, err := r.value()
	return err
}

// scalar reads a string, or a number or boolean as the string it is written as.
// null is empty.
func (r *reader) scalar() (string, error) {
	switch r.next() {
	case '"':
		return r.quoted()
	case '{', '[':
		if err := skip(r, ""); err != nil {
			return "", err
		}
		return "", errNotText
	case 'n':
		return "", r.word("null")
	default:
		return r.value()
	}
}

// texts reads an object of texts; members that are null are left out. For null it
// returns nil.
func (r *reader) texts() (map[string]string, error) {
	if r.next() == 'n' {
		return nil, r.word("null")
	}
	texts := make(map[string]string, 8)
	return texts, r.object(func(r *reader, name string) error {
		null := r.next() == 'n'
		text, err := r.scalar()
		if !null {
			texts[name] = text
		}
		return err
	})
}

// quoted reads a string, without a copy where it has no escapes.
func (r *reader) quoted() (string, error) {
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
func (r *reader) str() (plain bool, err error) {
	if r.at >= len(r.text) || r.text[r.at] != '"' {
		return false, errNotJSON
	}
	plain = true
	for i := r.at + 1; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			r.at = i + 1
			return plain, nil
		case c < ' ':
			return false, errNotJSON
		case c == '\\':
			plain = false
			if i++; !isEscape(r.text[i:]) {
				return false, errNotJSON
			}
		case c >= utf8.RuneSelf:
			plain = false
		}
	}
	return false, errNotJSON
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

func (r *reader) word(word string) error {
	if !strings.HasPrefix(r.text[r.at:], word) {
		return errNotJSON
	}
	r.at += len(word)
	return nil
}

// number goes behind a number.
func (r *reader) number() error {
	r.optional("-")
	switch {
	case r.optional("0"):
	case !r.digits():
		return errNotJSON
	}
	if r.optional(".") && !r.digits() {
		return errNotJSON
	}
	if r.optional("eE") {
		r.optional("+-")
		if !r.digits() {
			return errNotJSON
		}
	}
	return nil
}

// optional goes behind one of some characters, if it is there.
func (r *reader) optional(characters string) bool {
	if r.at < len(r.text) && strings.IndexByte(characters, r.text[r.at]) >= 0 {
		r.at++
		return true
	}
	return false
}

// digits goes behind one or more digits.
func (r *reader) digits() bool {
	start := r.at
	for r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9' {
		r.at++
	}
	return r.at > start
}

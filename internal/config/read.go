package config

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"poolpost/internal/jsontext"
)

// read reads a file into a value of one of the types of this package.
//
// encoding/json would do the same and takes a fifth of a millisecond of every cold start
// to look at the types (docs/speed.md). A test holds that what it writes of each type is
// read as it was; of what it does not write, such as numbers in quotes, some is taken as well.
func read(file string, value any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	r := jsontext.NewReader(string(text))
	if err = decode(r, value); err == nil {
		err = r.End()
	}
	if err != nil {
		return fmt.Errorf("read settings %s: %w", file, err)
	}
	return nil
}

// An object knows its members.
type object interface {
	// member is a pointer to the member of a name, or nil if there is none.
	member(name string) any
}

var (
	errUnknown = errors.New("is not known")
	errBool    = errors.New("is not true or false")
	errInt     = errors.New("is not a whole number")
)

// decode reads a value into what a pointer points to.
func decode(r *jsontext.Reader, pointer any) (err error) {
	switch p := pointer.(type) {
	case *string:
		*p, err = r.String()
	case *bool:
		var text string
		text, err = r.Text()
		if *p = text == "true"; err == nil && !*p && text != "false" {
			err = errBool
		}
	case *int:
		var text string
		if text, err = r.Text(); err == nil {
			if *p, err = strconv.Atoi(text); err != nil {
				err = errInt
			}
		}
	case *map[string]string:
		*p, err = r.Texts()
	case *[]string:
		err = list(r, p)
	case *[]Client:
		err = list(r, p)
	case *[]AttributeRule:
		err = list(r, p)
	case *map[string]Sender:
		err = r.Object(func(r *jsontext.Reader, name string) error {
			if *p == nil {
				*p = map[string]Sender{}
			}
			var s Sender
			err := decode(r, &s)
			(*p)[name] = s
			return err
		})
	case object:
		err = r.Object(func(r *jsontext.Reader, name string) error {
			member := p.member(name)
			if member == nil {
				return errUnknown
			}
			return decode(r, member)
		})
	default:
		panic(fmt.Sprintf("config: settings hold a %T", pointer))
	}
	return err
}

func list[T any](r *jsontext.Reader, items *[]T) error {
	return r.List(func() error {
		*items = append(*items, *new(T))
		return decode(r, &(*items)[len(*items)-1])
	})
}

package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/mail"
	"os"
	"slices"
	"strings"

	"poolpost/internal/settings"
)

// A person is somebody to invite.
type person struct {
	Email      string
	Attributes map[string]string // by the names of the API; "locale" is the language of the invitation
}

// A peopleReader collects people, each once.
type peopleReader struct {
	settings *settings.Settings
	common   map[string]string // attributes of everybody, by the names of the settings
	people   []person
	seen     map[string]bool // addresses in lower case
}

// add adds somebody by the address as it was written, with attributes by the names of the settings.
func (r *peopleReader) add(address string, attributes map[string]string) error {
	address = strings.TrimSpace(address)
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address {
		return fmt.Errorf("%q is no email address", address)
	}
	if r.seen[strings.ToLower(address)] {
		return nil
	}
	p := person{address, map[string]string{}}
	for name, value := range attributes {
		if value = strings.TrimSpace(value); value == "" {
			continue
		}
		if name == "locale" && !slices.Contains(r.settings.Locales, value) {
			return fmt.Errorf("locale %q is none of the settings': write one of %s", value, strings.Join(r.settings.Locales, ", "))
		}
		if !r.settings.HasAttribute(name) || name == "email" {
			return fmt.Errorf("%q is no attribute of the pool: write one of pool.attributes or a standard one of OpenID Connect, "+
				"and the address as a column email or as an argument", name)
		}
		p.Attributes[r.settings.AttributeKey(name)] = value
	}
	r.seen[strings.ToLower(address)] = true
	r.people = append(r.people, p)
	return nil
}

// with are the attributes of everybody, and those of one person, which come first.
func (r *peopleReader) with(own map[string]string) map[string]string {
	all := maps.Clone(r.common)
	for name, value := range own {
		if value != "" {
			all[name] = value
		}
	}
	return all
}

// readPeople are the people of the arguments and those of a file, "-" for standard input: CSV whose
// first line names the columns, one of them email, the others attributes; or one address on each
// line. Lines that begin with # and blank ones are left out.
func readPeople(set *settings.Settings, addresses []string, file string, stdin io.Reader, common map[string]string) ([]person, error) {
	r := &peopleReader{settings: set, common: common, seen: map[string]bool{}}
	for _, address := range addresses {
		if err := r.add(address, common); err != nil {
			return nil, err
		}
	}
	if file == "" {
		return r.people, nil
	}
	text, err := os.ReadFile(file)
	if file == "-" {
		file = "standard input"
		text, err = io.ReadAll(stdin)
	}
	if err != nil {
		return nil, err
	}
	before := len(r.people)
	lines := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))) // Excel's byte order mark
	lines.Comment, lines.FieldsPerRecord, lines.TrimLeadingSpace = '#', -1, true
	columns := []string{"email"}
	for first := true; ; first = false {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		line, _ := lines.FieldPos(0)
		failed := func(err error) error { return fmt.Errorf("%s:%d: %w", file, line, err) }
		if first && !strings.Contains(fields[0], "@") {
			for i := range fields {
				fields[i] = strings.TrimSpace(fields[i])
			}
			if !slices.Contains(fields, "email") {
				return nil, failed(errors.New("name the columns, one of them email, or write one address on each line"))
			}
			columns = fields
			continue
		}
		if len(fields) > len(columns) {
			return nil, failed(fmt.Errorf("%d values for %d columns: put a value with a comma in quotation marks, "+
				"and name the columns in the first line", len(fields), len(columns)))
		}
		own, address := map[string]string{}, ""
		for i, value := range fields {
			if columns[i] == "email" {
				address = value
			} else {
				own[columns[i]] = value
			}
		}
		if err := r.add(address, r.with(own)); err != nil {
			return nil, failed(err)
		}
	}
	if len(r.people) == before && len(addresses) == 0 {
		return nil, fmt.Errorf("%s has no addresses", file)
	}
	return r.people, nil
}

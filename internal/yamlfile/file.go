// Package yamlfile reads a YAML file into a struct, strictly: it reports every
// unknown key, duplicate and value of the wrong type at once, each with its line,
// and suggests the key that was meant.
//
// What the values must be is for the caller to check, who can report further
// problems at the keys of the file.
package yamlfile

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Problem is one mistake in a file.
type Problem struct {
	File    string // empty if a key without a file is all that is known
	Line    int    // 1-based; 0 when it concerns the file as a whole
	Key     string // such as clients[0].url
	Message string // what is wrong and what to write instead
}

// Error begins with file, line and key, as far as there are any.
func (p *Problem) Error() string {
	place := p.File
	if p.Line > 0 {
		place += ":" + strconv.Itoa(p.Line)
	}
	if place != "" && p.Key != "" {
		place += ": "
	}
	return place + oneLine(p.Key) + ": " + oneLine(p.Message)
}

// oneLine makes a text fit for a terminal: a key or a pattern of the file may
// hold line breaks and controls.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// Problems are all the mistakes of one file, in the order of their lines.
type Problems []*Problem

func (p Problems) Error() string {
	var lines []string
	for _, problem := range p {
		lines = append(lines, problem.Error())
	}
	return strings.Join(lines, "\n")
}

// A File is a file that was read: where its keys are, what is wrong, and what
// could not be read. Reading does not stop at a mistake, so that the values of all
// other keys are checked as well.
type File struct {
	// Texts are all values of type string, by their keys.
	Texts map[string]string

	name       string
	entries    []any
	lines      map[string]int
	problems   Problems
	failedKeys []string // whose values the struct does not have
}

// syntaxError is what the YAML library says of a text that is no YAML.
var syntaxError = regexp.MustCompile(`(?s)^(?:yaml: )?(?:line (\d+): )?(.*)`)

// Read reads a text into a struct, which holds the defaults: what the file leaves
// out, or says wrongly, keeps its value. An entry of a list starts from the one of
// entries that has its type. A file describes one thing, such as a pool. The error
// is that of a text that is no YAML; all other mistakes are problems of the file.
func Read(name, thing string, text []byte, into any, entries ...any) (*File, error) {
	f := &File{Texts: map[string]string{}, name: name, entries: entries, lines: map[string]int{}}
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	err := decoder.Decode(&document)
	if err == nil {
		if err = decoder.Decode(&second); err == nil {
			message := fmt.Sprintf("a second document begins here; a second %s is a second file", thing)
			f.problems = append(f.problems, &Problem{File: name, Line: second.Line, Message: message})
		}
	}
	if err != nil && err != io.EOF {
		parts := syntaxError.FindStringSubmatch(err.Error())
		line, _ := strconv.Atoi(parts[1])
		return nil, &Problem{File: name, Line: line, Message: parts[2]}
	}
	if len(document.Content) > 0 {
		f.read(document.Content[0], reflect.ValueOf(into).Elem(), "")
	}
	return f, nil
}

// Err returns the problems as Problems, or nil if there are none.
func (f *File) Err() error {
	if len(f.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(f.problems, func(a, b *Problem) int { return cmp.Compare(a.Line, b.Line) })
	return f.problems
}

// At is a problem at a key, on the line of that key or, when the file does not
// have it, of the nearest key above it.
func (f *File) At(key, format string, args ...any) *Problem {
	line := 0
	for path := key; path != "" && line == 0; path = parent(path) {
		line = f.lines[path]
	}
	return &Problem{File: f.name, Line: line, Key: key, Message: fmt.Sprintf(format, args...)}
}

// Report reports a problem at a key, once. At and below a key that could not be read
// it would only be a consequence, and is left out.
func (f *File) Report(key, format string, args ...any) {
	problem := f.At(key, format, args...)
	if !slices.ContainsFunc(f.failedKeys, func(path string) bool { return within(key, path) }) &&
		!slices.ContainsFunc(f.problems, func(other *Problem) bool { return *other == *problem }) {
		f.problems = append(f.problems, problem)
	}
}

// ReadOK reports whether a key was read with everything below it. Only then can
// other keys be compared with it.
func (f *File) ReadOK(key string) bool {
	return !slices.ContainsFunc(f.failedKeys, func(path string) bool { return within(path, key) || within(key, path) })
}

// reject reports a problem for which the value of a key is not read.
func (f *File) reject(key, format string, args ...any) {
	f.Report(key, format, args...)
	f.failedKeys = append(f.failedKeys, key)
}

// under is the key of a name under another key.
func under(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// parent is the enclosing key: of a.b[1] it is a.b, then a.
func parent(key string) string { return key[:max(strings.LastIndexAny(key, ".["), 0)] }

// within reports whether a key is another one or below it.
func within(key, other string) bool {
	rest, ok := strings.CutPrefix(key, other)
	return ok && (other == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}

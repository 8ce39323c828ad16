package settings

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Problem is one mistake in a settings file.
type Problem struct {
	Line    int    // 1-based; 0 when it concerns the file as a whole
	Key     string // such as clients[0].url
	Message string // what is wrong and what to write instead
}

// Problems are all the mistakes of one file, in the order of their lines.
type Problems struct {
	File string
	List []Problem
}

func (p *Problems) Error() string {
	var b strings.Builder
	for i, problem := range p.List {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.File)
		if problem.Line > 0 {
			fmt.Fprintf(&b, ":%d", problem.Line)
		}
		b.WriteString(": ")
		if problem.Key != "" {
			b.WriteString(oneLine(problem.Key) + ": ")
		}
		b.WriteString(oneLine(problem.Message))
	}
	return b.String()
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

// Read reads and checks a settings file. An error of type *Problems names
// every mistake in it.
func Read(file string) (*Settings, error) {
	return readFile(file, reader{})
}

// ReadForDeployment is Read for what people get: an app without https, which may
// run on the developer's machine, is a mistake there.
func ReadForDeployment(file string) (*Settings, error) {
	return readFile(file, reader{deployed: true})
}

// Parse is Read for a text in memory; file is its name in messages.
func Parse(file string, text []byte) (*Settings, error) {
	return reader{}.parse(file, text)
}

func readFile(file string, r reader) (*Settings, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	return r.parse(file, text)
}

func (r reader) parse(file string, text []byte) (*Settings, error) {
	r.lines = map[string]int{}
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	err := decoder.Decode(&document)
	if err == nil {
		if err = decoder.Decode(&second); err == nil {
			r.problems = append(r.problems, Problem{Line: second.Line, Message: "a second document begins here; a second pool is a second file"})
		}
	}
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	s := Default()
	if len(document.Content) > 0 {
		r.read(document.Content[0], reflect.ValueOf(s).Elem(), "")
	}
	complete(s)
	r.check(s)
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
		return nil, &Problems{File: file, List: r.problems}
	}
	return s, nil
}

// A reader fills settings from YAML, and remembers where each key stands, what
// is wrong, and what it could not read. It does not stop at a mistake, so that
// the values of all other keys are checked as well.
type reader struct {
	deployed bool // the settings are for AWS, not only for this machine
	lines    map[string]int
	problems []Problem
	unread   []string // keys whose values the settings do not have
}

// problem reports a mistake at a key, on the line of that key or, when the
// file does not have it, of the nearest key above it. At and below a key that
// was not read it would only be a consequence, and is not reported.
func (r *reader) problem(key, format string, args ...any) {
	if slices.ContainsFunc(r.unread, func(path string) bool { return within(key, path) }) {
		return
	}
	line := 0
	for path := key; path != "" && line == 0; path = parent(path) {
		line = r.lines[path]
	}
	r.problems = append(r.problems, Problem{Line: line, Key: key, Message: fmt.Sprintf(format, args...)})
}

// skip reports a mistake for which the value of a key is not read.
func (r *reader) skip(key, format string, args ...any) {
	r.problem(key, format, args...)
	r.unread = append(r.unread, key)
}

// whole reports whether a key was read with everything below it. Only then can
// other keys be held against it.
func (r *reader) whole(key string) bool {
	return !slices.ContainsFunc(r.unread, func(path string) bool { return within(path, key) || within(key, path) })
}

// parent is the path of the enclosing key: of a.b[1] it is a.b, then a.
func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// within reports whether a key is path or stands below it.
func within(key, path string) bool {
	rest, ok := strings.CutPrefix(key, path)
	return ok && (path == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}

// below is the path of a name under a key.
func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// has reports whether the file has a key.
func (r *reader) has(path string) bool { return r.lines[path] > 0 }

// first remembers where a key stands. It reports a key that stood there before,
// and then returns false.
func (r *reader) first(path string, name *yaml.Node) bool {
	twice := r.has(path)
	r.lines[path] = name.Line
	if twice {
		r.skip(path, "appears twice; keep one")
	}
	return !twice
}

// target is the node that an alias stands for, or the node itself.
func target(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// read sets v to what a node says. What the node leaves out, or says wrongly,
// keeps its value.
func (r *reader) read(node *yaml.Node, v reflect.Value, path string) {
	node = target(node)
	if path != "" && !r.has(path) {
		r.lines[path] = node.Line
	}
	if node.Tag == "!!null" {
		if path != "" {
			r.skip(path, "has no value; write one, in quotes if it begins with #, or remove the key to use the default")
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		r.readStruct(node, v, path)
	case reflect.Map:
		r.readMap(node, v, path)
	case reflect.Slice:
		r.readSlice(node, v, path)
	case reflect.String:
		// A number or a date where words are expected is fine: the text is kept.
		if node.Kind != yaml.ScalarNode || !decode(node, v) {
			r.skip(path, "must be a text")
		}
	case reflect.Bool:
		if node.Tag != "!!bool" || !decode(node, v) {
			r.skip(path, "must be true or false, not %q", node.Value)
		}
	case reflect.Int:
		if node.Tag != "!!int" || !decode(node, v) {
			r.skip(path, "must be a whole number, not %q", node.Value)
		}
	default:
		panic("settings: a field of an unsupported type: " + v.Type().String())
	}
}

// decode sets v to a single value, and reports whether it could: a tag such as
// !!int can stand before anything, and a number can be too large.
func decode(node *yaml.Node, v reflect.Value) bool {
	return node.Decode(v.Addr().Interface()) == nil
}

func (r *reader) readStruct(node *yaml.Node, v reflect.Value, path string) {
	known := keysOf(v.Type())
	if node.Kind != yaml.MappingNode {
		r.skip(path, "must have keys below it: %s", strings.Join(known, ", "))
		return
	}
	var unknown []int
	for i := 0; i < len(node.Content); i += 2 {
		name := target(node.Content[i])
		key := below(path, name.Value)
		field := slices.Index(known, name.Value)
		switch {
		case !r.first(key, name):
		case field < 0:
			unknown = append(unknown, i)
		default:
			r.read(node.Content[i+1], v.Field(field), key)
		}
	}
	// A mistyped key is read as the one that it was taken for, unless the file
	// has that one too: what it holds is checked, and nothing is called missing.
	for _, i := range unknown {
		name := target(node.Content[i])
		field := nearest(name.Value, known)
		if field < 0 {
			r.skip(below(path, name.Value), "is unknown; the keys here are %s", strings.Join(known, ", "))
			continue
		}
		r.problem(below(path, name.Value), "is unknown; did you mean %s?", known[field])
		if meant := below(path, known[field]); !r.has(meant) && r.first(meant, name) {
			r.read(node.Content[i+1], v.Field(field), meant)
		}
	}
}

// readMap puts the names of the file in the place of the default ones.
func (r *reader) readMap(node *yaml.Node, v reflect.Value, path string) {
	if node.Kind != yaml.MappingNode {
		r.skip(path, "must be a list of name: value lines")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i < len(node.Content); i += 2 {
		name := target(node.Content[i])
		if name.Kind != yaml.ScalarNode {
			r.skip(path, "must be a list of name: value lines")
			return
		}
		if key := below(path, name.Value); r.first(key, name) {
			value := reflect.New(v.Type().Elem()).Elem()
			r.read(node.Content[i+1], value, key)
			v.SetMapIndex(reflect.ValueOf(name.Value), value)
		}
	}
}

// readSlice puts the entries of the file in the place of the default ones. An
// entry that cannot be read keeps its place, for the others to keep theirs.
func (r *reader) readSlice(node *yaml.Node, v reflect.Value, path string) {
	if node.Kind != yaml.SequenceNode {
		r.skip(path, "must be a list: write each entry on a line of its own behind a dash")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content)))
	for i, item := range node.Content {
		v.Index(i).Set(defaultEntry(v.Type().Elem()))
		r.read(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for field := range t.Fields() {
		keys = append(keys, field.Tag.Get("yaml"))
	}
	return keys
}

// nearest is the index of the known key that looks like a mistyped one, or -1.
// At most two letters differ, and not all of a short key's.
func nearest(key string, known []string) int {
	best, least := -1, min(3, len(key))
	for i, k := range known {
		if d := distance(strings.ToLower(key), strings.ToLower(k)); d < least {
			best, least = i, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two short texts, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// complete fills in what depends on other keys.
func complete(s *Settings) {
	_, domain, _ := strings.Cut(s.Mail.From.Address, "@")
	s.Mail.Identity = cmp.Or(s.Mail.Identity, strings.ToLower(domain))
	for i := range s.Brands {
		b := &s.Brands[i]
		b.DisplayName = cmp.Or(b.DisplayName, b.Name)
		b.From.Name = cmp.Or(b.From.Name, s.Mail.From.Name)
		b.From.Address = cmp.Or(b.From.Address, s.Mail.From.Address)
		b.ReplyTo = cmp.Or(b.ReplyTo, s.Mail.ReplyTo)
		b.Support = cmp.Or(b.Support, b.ReplyTo)
		if b.Logo.URL != "" {
			b.Logo.Width = cmp.Or(b.Logo.Width, 120)
			b.Logo.Alt = cmp.Or(b.Logo.Alt, b.DisplayName)
		}
	}
	for i := range s.Clients {
		c := &s.Clients[i]
		if len(s.Brands) > 0 {
			c.Brand = cmp.Or(c.Brand, s.Brands[0].Name)
		}
		if len(s.Locales) > 0 {
			c.Locale = cmp.Or(c.Locale, s.Locales[0])
		}
		c.SignInURL = cmp.Or(c.SignInURL, c.URL)
	}
	for _, list := range s.SignUp.domains() {
		for i, d := range list {
			list[i] = asciiDomain(d)
		}
	}
}

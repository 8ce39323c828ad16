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
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	return Parse(file, text)
}

// Parse is Read for a text in memory; file is its name in messages.
func Parse(file string, text []byte) (*Settings, error) {
	r := reader{lines: map[string]int{}}
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
		root := document.Content[0]
		r.walk(root, reflect.TypeFor[Settings](), "")
		if len(r.problems) == 0 {
			if err := root.Decode(s); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	if len(r.problems) == 0 {
		r.complete(s)
		r.check(s)
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
		return nil, &Problems{File: file, List: r.problems}
	}
	return s, nil
}

// A reader remembers where each key stands, and what is wrong.
type reader struct {
	lines    map[string]int
	problems []Problem
}

// problem reports a mistake at a key, on the line of that key or, when the
// file does not have it, of the nearest key above it.
func (r *reader) problem(key, format string, args ...any) {
	line := 0
	for path := key; path != "" && line == 0; path = parent(path) {
		line = r.lines[path]
	}
	r.problems = append(r.problems, Problem{Line: line, Key: key, Message: fmt.Sprintf(format, args...)})
}

// parent is the path of the enclosing key: of a.b[1] it is a.b, then a.
func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// has reports whether the file has a key.
func (r *reader) has(path string) bool { return r.lines[path] > 0 }

// key remembers where a key stands, and reports one that stood there before.
func (r *reader) key(path string, name *yaml.Node) {
	twice := r.has(path)
	r.lines[path] = name.Line
	if twice {
		r.problem(path, "appears twice; keep one")
	}
}

// walk holds a node against the type that it will be decoded into.
func (r *reader) walk(node *yaml.Node, t reflect.Type, path string) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if path != "" && r.lines[path] == 0 {
		r.lines[path] = node.Line
	}
	if node.Tag == "!!null" {
		if path != "" {
			r.problem(path, "has no value; write one, or remove the key to use the default")
		}
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		r.walkStruct(node, t, path)
	case reflect.Map:
		if node.Kind != yaml.MappingNode {
			r.problem(path, "must be a list of name: value lines")
			return
		}
		for i := 0; i < len(node.Content); i += 2 {
			key := path + "." + node.Content[i].Value
			r.key(key, node.Content[i])
			r.walk(node.Content[i+1], t.Elem(), key)
		}
	case reflect.Slice:
		if node.Kind != yaml.SequenceNode {
			r.problem(path, "must be a list: write each entry on a line of its own behind a dash")
			return
		}
		for i, item := range node.Content {
			r.walk(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.String:
		// A number or a date where words are expected is fine: the text is kept.
		if node.Kind != yaml.ScalarNode {
			r.problem(path, "must be a text")
		}
	case reflect.Bool:
		if node.Tag != "!!bool" {
			r.problem(path, "must be true or false, not %q", node.Value)
		}
	case reflect.Int:
		if node.Tag != "!!int" {
			r.problem(path, "must be a whole number, not %q", node.Value)
		}
	default:
		panic("settings: a field of an unsupported type: " + t.String())
	}
}

func (r *reader) walkStruct(node *yaml.Node, t reflect.Type, path string) {
	if node.Kind != yaml.MappingNode {
		r.problem(path, "must have keys below it: %s", strings.Join(keysOf(t), ", "))
		return
	}
	for i := 0; i < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		key := name.Value
		if path != "" {
			key = path + "." + key
		}
		r.key(key, name)
		field, ok := fieldOf(t, name.Value)
		if !ok {
			r.problem(key, "is unknown; %s", remedy(name.Value, keysOf(t)))
			continue
		}
		r.walk(value, field.Type, key)
	}
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for field := range t.Fields() {
		if field.Tag.Get("yaml") == key {
			return field, true
		}
	}
	return reflect.StructField{}, false
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for field := range t.Fields() {
		keys = append(keys, field.Tag.Get("yaml"))
	}
	return keys
}

// remedy suggests the known key that looks like a mistyped one, or lists all.
func remedy(key string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(strings.ToLower(key), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "the keys here are " + strings.Join(known, ", ")
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

// complete fills in what a list entry leaves out, and what depends on others.
func (r *reader) complete(s *Settings) {
	if r.has("pool.tags") {
		// Decoding adds to a map that is there; the file's tags replace it.
		for tag := range Default().Pool.Tags {
			if !r.has("pool.tags." + tag) {
				delete(s.Pool.Tags, tag)
			}
		}
	}
	for i := range s.Pool.Attributes {
		if r.has("pool.attributes") && !r.has(fmt.Sprintf("pool.attributes[%d].maxLength", i)) {
			s.Pool.Attributes[i].MaxLength = maxAttributeLength
		}
	}
	_, domain, _ := strings.Cut(s.Mail.From.Address, "@")
	s.Mail.Identity = cmp.Or(s.Mail.Identity, strings.ToLower(domain))
	for i := range s.Brands {
		b := &s.Brands[i]
		if !r.has(fmt.Sprintf("brands[%d].color", i)) {
			b.Color = defaultBrandColor
		}
		b.DisplayName = cmp.Or(b.DisplayName, b.Name)
		b.Support = cmp.Or(b.Support, s.Mail.ReplyTo)
	}
	for i := range s.Clients {
		c := &s.Clients[i]
		if !r.has(fmt.Sprintf("clients[%d].refreshTokenDays", i)) {
			c.RefreshTokenDays = defaultRefreshTokenDays
		}
		if len(s.Brands) > 0 {
			c.Brand = cmp.Or(c.Brand, s.Brands[0].Name)
		}
		if len(s.Locales) > 0 {
			c.Locale = cmp.Or(c.Locale, s.Locales[0])
		}
		c.SignInURL = cmp.Or(c.SignInURL, c.URL)
	}
}

package yamlfile

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Has reports whether the file has a key.
func (f *File) Has(key string) bool { return f.lines[key] > 0 }

// first remembers the line of a key. It reports a key that the file has already,
// and then returns false.
func (f *File) first(key string, name *yaml.Node) bool {
	twice := f.Has(key)
	f.lines[key] = name.Line
	if twice {
		f.reject(key, "appears twice; keep one")
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

// read sets v to what a node says.
func (f *File) read(node *yaml.Node, v reflect.Value, key string) {
	node = target(node)
	if key != "" && !f.Has(key) {
		f.lines[key] = node.Line
	}
	if node.Tag == "!!null" {
		if key != "" {
			f.reject(key, "has no value; write one, in quotes if it begins with #, or remove the key to use the default")
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		f.readStruct(node, v, key)
	case reflect.Map:
		f.readMap(node, v, key)
	case reflect.Slice:
		f.readSlice(node, v, key)
	case reflect.String:
		// A number or a date where words are expected is fine: the text is kept.
		if node.Kind != yaml.ScalarNode || !decode(node, v) {
			f.reject(key, "must be a text")
			return
		}
		f.Texts[key] = v.String()
	case reflect.Bool:
		if node.Tag != "!!bool" || !decode(node, v) {
			f.reject(key, "must be true or false, not %q", node.Value)
		}
	case reflect.Int:
		if node.Tag != "!!int" || !decode(node, v) {
			f.reject(key, "must be a whole number, not %q", node.Value)
		}
	default:
		panic("yamlfile: a field of an unsupported type: " + v.Type().String())
	}
}

// decode sets v to a single value, and reports whether it could: a tag such as
// !!int can stand before anything, and a number can be too large.
func decode(node *yaml.Node, v reflect.Value) bool {
	return node.Decode(v.Addr().Interface()) == nil
}

func (f *File) readStruct(node *yaml.Node, v reflect.Value, key string) {
	names, fields := fieldsOf(v)
	if field, ok := shortField(v); ok && node.Kind == yaml.ScalarNode {
		f.read(node, field, key)
		return
	}
	if node.Kind != yaml.MappingNode {
		f.reject(key, "must have keys below it: %s", strings.Join(names, ", "))
		return
	}
	var unknown []int
	for i := 0; i < len(node.Content); i += 2 {
		name := target(node.Content[i])
		below := under(key, name.Value)
		field := slices.Index(names, name.Value)
		switch {
		case !f.first(below, name):
		case field < 0:
			unknown = append(unknown, i)
		default:
			f.read(node.Content[i+1], fields[field], below)
		}
	}
	// A mistyped key is read as the one that it was taken for, unless the file
	// has that one too: what it holds is checked, and nothing is called missing.
	for _, i := range unknown {
		name := target(node.Content[i])
		field := Nearest(name.Value, names)
		if field < 0 {
			f.reject(under(key, name.Value), "is unknown; the keys here are %s", strings.Join(names, ", "))
			continue
		}
		f.Report(under(key, name.Value), "is unknown; did you mean %s?", names[field])
		if meant := under(key, names[field]); !f.Has(meant) && f.first(meant, name) {
			f.read(node.Content[i+1], fields[field], meant)
		}
	}
}

// shortField is the field with the tag short, if there is one: a file can write its value alone in
// the place of the struct.
func shortField(v reflect.Value) (reflect.Value, bool) {
	for field, value := range v.Fields() {
		if field.Tag.Get("short") != "" {
			return value, true
		}
	}
	return reflect.Value{}, false
}

// fieldsOf are the fields of a struct that a file can set, and their names there.
func fieldsOf(v reflect.Value) (names []string, fields []reflect.Value) {
	for field, value := range v.Fields() {
		if name := field.Tag.Get("yaml"); name != "" && name != "-" {
			names, fields = append(names, name), append(fields, value)
		}
	}
	return names, fields
}

// readMap puts the names of the file in the place of the default ones.
func (f *File) readMap(node *yaml.Node, v reflect.Value, key string) {
	if node.Kind != yaml.MappingNode {
		f.reject(key, "must be a list of name: value lines")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i < len(node.Content); i += 2 {
		name := target(node.Content[i])
		if name.Kind != yaml.ScalarNode {
			f.reject(key, "must be a list of name: value lines")
			return
		}
		if below := under(key, name.Value); f.first(below, name) {
			value := reflect.New(v.Type().Elem()).Elem()
			f.read(node.Content[i+1], value, below)
			v.SetMapIndex(reflect.ValueOf(name.Value).Convert(v.Type().Key()), value)
		}
	}
}

// readSlice puts the entries of the file in the place of the default ones. An
// entry that cannot be read keeps its place, for the others to keep theirs.
func (f *File) readSlice(node *yaml.Node, v reflect.Value, key string) {
	if node.Kind != yaml.SequenceNode {
		f.reject(key, "must be a list: write each entry on a line of its own behind a dash")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content)))
	for i, item := range node.Content {
		for _, entry := range f.entries {
			if reflect.TypeOf(entry) == v.Type().Elem() {
				v.Index(i).Set(reflect.ValueOf(entry))
			}
		}
		f.read(item, v.Index(i), fmt.Sprintf("%s[%d]", key, i))
	}
}

// Nearest is the index of the known key that looks like a mistyped one, or -1.
// At most two letters differ, and not all of a short key's.
func Nearest(key string, known []string) int {
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

package attach

import (
	"encoding/json/v2"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// An Object is an object of JSON, with nothing left out: the SDK's types lack what is newer than
// they are, and what is left out of an update is reset.
type Object = map[string]any

// get is the value at a path such as LambdaConfig.PreSignUp; nil if there is none.
func get(o Object, path string) any {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return o[name]
	}
	inner, _ := o[name].(Object)
	return get(inner, rest)
}

// set sets the value at a path; nil removes it.
func set(o Object, path string, value any) {
	name, rest, deeper := strings.Cut(path, ".")
	switch inner, ok := o[name].(Object); {
	case !deeper && value == nil:
		delete(o, name)
	case !deeper:
		o[name] = value
	case ok:
		set(inner, rest, value)
	case value != nil:
		o[name] = Object{}
		set(o[name].(Object), rest, value)
	}
}

// clone copies an object and those in it.
func clone(value any) any {
	switch v := value.(type) {
	case Object:
		out := Object{}
		for name, member := range v {
			out[name] = clone(member)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = clone(v[i])
		}
		return out
	}
	return value
}

// A Change is of one member of the pool.
type Change struct {
	Field string `json:"field"`
	From  any    `json:"from"` // nil: nothing
	To    any    `json:"to"`
}

func (c Change) String() string { return c.Field + ": " + text(c.From) + " -> " + text(c.To) }

func text(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case string:
		return v
	}
	b, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(b)
}

// Differences are the members that two objects do not share, in the order of their names.
func Differences(from, to Object) []Change { return differences("", from, to) }

func differences(path string, from, to any) (all []Change) {
	a, isObject := from.(Object)
	b, areObjects := to.(Object)
	if isObject || areObjects {
		names := maps.Clone(a)
		if names == nil {
			names = Object{}
		}
		maps.Copy(names, b)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			all = append(all, differences(strings.TrimPrefix(path+"."+name, "."), a[name], b[name])...)
		}
		return all
	}
	if reflect.DeepEqual(from, to) {
		return nil
	}
	return []Change{{path, from, to}}
}

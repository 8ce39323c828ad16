package settings

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"testing"
)

// The table of docs/settings.md names every key, and no other.
func TestTheDocumentationListsEveryKey(t *testing.T) {
	text, err := os.ReadFile("../../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		documented[row[1]] = true
	}
	want := map[string]bool{}
	collectKeys(reflect.TypeFor[Settings](), "", want)
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if !documented[key] {
			t.Errorf("docs/settings.md lacks %s", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(documented)) {
		if !want[key] {
			t.Errorf("docs/settings.md has %s, which does not exist", key)
		}
	}
}

// collectKeys adds the keys below a struct: those that hold a value, and lists.
func collectKeys(t reflect.Type, prefix string, keys map[string]bool) {
	for field := range t.Fields() {
		key := prefix + field.Tag.Get("yaml")
		switch {
		case field.Tag.Get("yaml") == "-":
			continue
		case field.Type.Kind() == reflect.Struct:
			collectKeys(field.Type, key+".", keys)
		case field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct:
			keys[key] = true
			collectKeys(field.Type.Elem(), key+"[].", keys)
		default:
			keys[key] = true
		}
	}
}

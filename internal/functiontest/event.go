package functiontest

import (
	"encoding/json"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Events are the sample events of the function under test, by their file's name
// without its ending.
func Events(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/events/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no sample events: %v", err)
	}
	events := map[string][]byte{}
	for _, file := range files {
		payload, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		events[strings.TrimSuffix(filepath.Base(file), ".json")] = payload
	}
	return events
}

// EachEvent runs a test with every sample event and its row of a table. An event
// without a row fails, and so do a row without an event, and an event without its source.
func EachEvent[Row any](t *testing.T, rows map[string]Row, test func(t *testing.T, payload []byte, want Row)) {
	t.Helper()
	events := Events(t)
	t.Run("sources", func(t *testing.T) { checkSources(t, events) })
	for name, payload := range events {
		t.Run(name, func(t *testing.T) {
			want, ok := rows[name]
			if !ok {
				t.Fatal("the event has no row in this test")
			}
			test(t, payload, want)
		})
	}
	for name := range rows {
		if _, ok := events[name]; !ok {
			t.Errorf("there is no event %s", name)
		}
	}
}

// sourceRow is a row of the list of sources: an event, and links or "ours".
var sourceRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (ours|\\[[^|]+\\]\\(https://[^|]+\\)) \\|$")

// personal are the parts of an event that would be somebody's: addresses outside of the domains
// that are reserved for examples (RFC 2606), and IDs of users and user pools.
var personal = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-|[\w.+-]+@[\w-]+(\.[\w-]+)*\.[a-z]+|"userPoolId": "[^"]*"`)

var isSample = regexp.MustCompile(`^(0a1b2c3d|00000000)-|[@.](example(\.com|\.net|\.org)?|sample|xn--[\w-]+\.example)$|"userPoolId": "[\w-]+_(Sample001|Example01)"`)

// checkSources compares the list of sources in testdata/events/README.md with the events, and
// checks that nothing personal came along with them.
func checkSources(t *testing.T, events map[string][]byte) {
	page, err := os.ReadFile("testdata/events/README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, row := range sourceRow.FindAllStringSubmatch(string(page), -1) {
		listed[row[1]] = true
		if _, ok := events[row[1]]; !ok {
			t.Errorf("the list of sources has %s, which is no event", row[1])
		}
	}
	for name, payload := range events {
		if !listed[name] {
			t.Errorf("the list of sources in testdata/events/README.md lacks %s", name)
		}
		for _, part := range personal.FindAllString(string(payload), -1) {
			if !isSample.MatchString(part) {
				t.Errorf("%s has %s, which is no sample", name, part)
			}
		}
	}
}

// Event is a sample event with changes: pairs of a path, such as
// request.clientMetadata.locale, and a value.
func Event(t testing.TB, name string, changes ...any) []byte {
	t.Helper()
	var event any
	decode(t, Events(t)[name], &event)
	for i := 0; i < len(changes); i += 2 {
		names := strings.Split(changes[i].(string), ".")
		object := event.(map[string]any)
		for _, name := range names[:len(names)-1] {
			if object[name] == nil {
				object[name] = map[string]any{}
			}
			object = object[name].(map[string]any)
		}
		object[names[len(names)-1]] = changes[i+1]
	}
	return encode(t, event)
}

// secret is a text that CheckNothingPersonal looks for. It can be an email address, too.
const secret = "secret-jane@example.com"

// WithSecrets yields every sample event many times: with a secret in the place of each of
// its strings, one at a time and all together, and cut off. Every object of strings has a
// secret member, too. And it yields secrets that are no event.
func WithSecrets(t testing.TB) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for name, payload := range Events(t) {
			var event any
			decode(t, payload, &event)
			texts := texts(name, event, nil)
			for _, text := range texts {
				text.set(secret)
				if !yield(text.path, encode(t, event)) {
					return
				}
				text.set(text.was)
			}
			for _, text := range texts {
				text.set(secret)
			}
			all := encode(t, event)
			if !yield(name+": all", all) || !yield(name+": half", all[:len(all)/2]) {
				return
			}
		}
		_ = yield("a secret", []byte(secret)) && yield("a secret in quotes", []byte(`"`+secret+`"`))
	}
}

// A text is a string in a JSON value.
type text struct {
	path, was string
	set       func(any)
}

// texts are the strings in a value, and those of JSON in a string. It adds a secret
// member to each object of strings.
func texts(path string, value any, set func(any)) (all []text) {
	switch value := value.(type) {
	case string:
		all = append(all, text{path, value, set})
		var inner map[string]any
		if json.Unmarshal([]byte(value), &inner) == nil && inner != nil {
			all = append(all, texts(path, inner, func(any) { b, _ := json.Marshal(inner); set(string(b)) })...)
		}
	case []any:
		for i, v := range value {
			all = append(all, texts(path+"."+strconv.Itoa(i), v, func(v any) {
				value[i] = v
				if set != nil {
					set(value)
				}
			})...)
		}
	case map[string]any:
		if ofStrings(value) {
			value[secret] = secret
		}
		for name, v := range value {
			all = append(all, texts(path+"."+name, v, func(v any) {
				value[name] = v
				if set != nil {
					set(value)
				}
			})...)
		}
	}
	return all
}

func ofStrings(object map[string]any) bool {
	for _, value := range object {
		if _, ok := value.(string); !ok {
			return false
		}
	}
	return len(object) > 0
}

func decode(t testing.TB, payload []byte, value any) {
	t.Helper()
	if err := json.Unmarshal(payload, value); err != nil {
		t.Fatal(err)
	}
}

func encode(t testing.TB, value any) []byte {
	t.Helper()
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

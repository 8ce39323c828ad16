package config

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, File), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"groups": ["members"], "nameAttributes": null}`)
	got, err := Read[PostConfirmation](dir)
	if want := (PostConfirmation{Groups: []string{"members"}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, text := range map[string]string{
		"a field that another function has": `{"groups": [], "codes": true}`,
		"a field of the wrong type":         `{"groups": "members"}`,
		"half a file":                       `{"groups": [`,
		"an empty file":                     ``,
		"a file and more":                   `{"groups": []} {}`,
		"a list in a list":                  `{"groups": ["a", ["b"]]}`,
		"a text that is null":               `{"groups": ["a", null]}`,
	} {
		write(text)
		c, err := Read[PostConfirmation](dir)
		if err == nil || !strings.HasPrefix(err.Error(), "read settings "+filepath.Join(dir, File)+": ") {
			t.Errorf("%s: got %+v, %v", name, c, err)
		}
	}
	if _, err := Read[PostConfirmation](filepath.Join(dir, "nowhere")); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "read settings: ") {
		t.Errorf("no file: %v", err)
	}
}

func TestReadNamesTheInvalidMember(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		`{"codes": "yes"}`: "/codes",
		`{"clients": [{"name": "a"}, {"title": "b"}]}`: "/clients/1",
		`{"senders": {"a": {"from": {}}}}`:             "/senders/a/from",
		`{"senders": []}`:                              "/senders",
		`{"codes": null}`:                              "/codes",
	} {
		if err := os.WriteFile(filepath.Join(dir, File), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if c, err := Read[SendMail](dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %+v, %v", text, c, err)
		}
	}
}

// A limit that cannot be read must not disappear.
func TestReadRefusesInvalidNumbers(t *testing.T) {
	dir := t.TempDir()
	for _, number := range []string{`"x"`, `""`, "1.5", "1e3", "null", "{}", "99999999999999999999"} {
		if err := os.WriteFile(filepath.Join(dir, File), []byte(`{"attributes": [{"minLength": `+number+`}]}`), 0o644); err != nil {
			t.Fatal(err)
		}
		if c, err := Read[PreSignUp](dir); err == nil || !strings.Contains(err.Error(), "/attributes/0/minLength") {
			t.Errorf("%s: got %+v, %v", number, c, err)
		}
	}
}

// What encoding/json writes of a type when a deployment is built, Read gives back
// in the function: every member of every type.
func TestReadCoversEveryField(t *testing.T) {
	checkRead[CustomMessage](t)
	checkRead[PreSignUp](t)
	checkRead[PostConfirmation](t)
	checkRead[CustomEmailSender](t)
	checkRead[MailFeedback](t)
	checkRead[SendMail](t)
	checkRead[VerifyLink](t)
}

func checkRead[T any](t *testing.T) {
	t.Helper()
	var want T
	fill(reflect.ValueOf(&want).Elem())
	for _, c := range []T{want, *new(T)} {
		text, err := json.MarshalIndent(c, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, File), text, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := Read[T](dir)
		var byJSON T
		if err := json.Unmarshal(text, &byJSON); err != nil {
			t.Fatal(err)
		}
		if err != nil || !reflect.DeepEqual(got, byJSON) {
			t.Errorf("%s\nis read as\n%+v, %v", text, got, err)
		}
	}
}

// fill gives a value, and all that is in it, other values than their zero ones.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("é \"" + v.Type().String())
	case reflect.Int:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	default:
		panic(v.Type())
	}
}

var clients = []Client{{Name: "web"}, {Name: "drivers"}, {Name: "new"}}

func TestClientByName(t *testing.T) {
	for name, want := range map[string]string{"web": "web", "drivers": "drivers", "": "web", "Drivers": "web", "other": "web"} {
		if got := ClientByName(clients, name).Name; got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestClientByID(t *testing.T) {
	ids := map[string]string{"web": "1sample1", "drivers": "2sample2"} // new is not deployed yet
	for name, test := range map[string]struct {
		id, want string
		known    bool
	}{
		"the first client": {"1sample1", "web", true},
		"another client":   {"2sample2", "drivers", true},
		"no id, as for an administrator's operation": {"", "web", true},
		"an id of no client":                         {"3sample3", "web", false},
		"a name instead of an id":                    {"drivers", "web", false},
	} {
		if got, known := ClientByID(clients, ids, test.id); got.Name != test.want || known != test.known {
			t.Errorf("%s: got %q, %t", name, got.Name, known)
		}
	}
	if got, known := ClientByID(clients, nil, "1sample1"); got.Name != "web" || known {
		t.Errorf("without ids: got %q, %t", got.Name, known)
	}
}

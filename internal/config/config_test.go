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
	for name, test := range map[string]struct{ text, want string }{
		"a field that another function has": {`{"groups": [], "locales": ["en"]}`, "locales: is not known"},
		"a field of the wrong type":         {`{"groups": "members"}`, "groups: is not a JSON list"},
		"half a file":                       {`{"groups": [`, "is not JSON"},
		"an empty file":                     {``, "is not JSON"},
		"a file and more":                   {`{"groups": []} {}`, "is not JSON"},
		"a list in a list":                  {`{"groups": ["a", ["b"]]}`, "groups: is not a text"},
	} {
		write(test.text)
		if c, err := Read[PostConfirmation](dir); err == nil || err.Error() != "read settings "+filepath.Join(dir, File)+": "+test.want {
			t.Errorf("%s: got %+v, %v", name, c, err)
		}
	}
	if _, err := Read[PostConfirmation](filepath.Join(dir, "nowhere")); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "read settings: ") {
		t.Errorf("no file: %v", err)
	}
}

func TestReadNamesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		`{"codes": "yes"}`: "codes: is not true or false",
		`{"clients": [{"name": "a"}, {"title": "b"}]}`: "clients: title: is not known",
		`{"senders": {"a": {"from": {}}}}`:             "senders: a: from: is not a text",
		`{"senders": []}`:                              "senders: is not a JSON object",
		`{"codes": null}`:                              "codes: is not true or false",
	} {
		if err := os.WriteFile(filepath.Join(dir, File), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if c, err := Read[SendMail](dir); err == nil || !strings.HasSuffix(err.Error(), ": "+want) {
			t.Errorf("%s: got %+v, %v", text, c, err)
		}
	}
}

// A limit that cannot be read must not become none.
func TestReadRefusesANumberThatIsNone(t *testing.T) {
	dir := t.TempDir()
	for _, number := range []string{`"x"`, `""`, "1.5", "1e3", "null", "{}", "99999999999999999999"} {
		if err := os.WriteFile(filepath.Join(dir, File), []byte(`{"attributes": [{"minLength": `+number+`}]}`), 0o644); err != nil {
			t.Fatal(err)
		}
		if c, err := Read[PreSignUp](dir); err == nil || !strings.Contains(err.Error(), "attributes: minLength: ") {
			t.Errorf("%s: got %+v, %v", number, c, err)
		}
	}
}

// What encoding/json writes of a type when a deployment is built, Read gives back
// in the function: every member of every type.
func TestReadKnowsEveryMember(t *testing.T) {
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

func TestNamed(t *testing.T) {
	for name, want := range map[string]string{"web": "web", "drivers": "drivers", "": "web", "Drivers": "web", "other": "web"} {
		if got := Named(clients, name).Name; got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestWithID(t *testing.T) {
	ids := map[string]string{"web": "1sample1", "drivers": "2sample2"} // new is not deployed yet
	for name, test := range map[string]struct {
		id, want string
		known    bool
	}{
		"the first client": {"1sample1", "web", true},
		"another client":   {"2sample2", "drivers", true},
		"no id, as for an administrator's operation": {"", "web", true},
		"an id of no client":                         {"3sample3", "web", false},
		"a name in the place of an id":               {"drivers", "web", false},
	} {
		if got, known := WithID(clients, ids, test.id); got.Name != test.want || known != test.known {
			t.Errorf("%s: got %q, %t", name, got.Name, known)
		}
	}
	if got, known := WithID(clients, nil, "1sample1"); got.Name != "web" || known {
		t.Errorf("without ids: got %q, %t", got.Name, known)
	}
}

func TestClientIDs(t *testing.T) {
	const variable = "SAMPLE_CLIENT_IDS"
	t.Setenv(variable, `{"web":"1sample1","drivers":"2sample2"}`)
	got, err := ClientIDs(variable)
	if want := map[string]string{"web": "1sample1", "drivers": "2sample2"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, value := range []string{"", "1sample1", `["1sample1"]`, `{"web":1}`, `{"web":"1sample1"`, `{"web":"1sample1"} {}`} {
		t.Setenv(variable, value)
		if ids, err := ClientIDs(variable); err == nil ||
			!strings.HasPrefix(err.Error(), "read the environment variable SAMPLE_CLIENT_IDS, which must be a JSON object of client names and ids: ") {
			t.Errorf("%q: got %v, %v", value, ids, err)
		}
	}
}

func TestRequire(t *testing.T) {
	t.Setenv("SAMPLE_VARIABLE", "value")
	if got, err := Require("SAMPLE_VARIABLE"); err != nil || got != "value" {
		t.Errorf("got %q, %v", got, err)
	}
	t.Setenv("SAMPLE_VARIABLE", "")
	if got, err := Require("SAMPLE_VARIABLE"); err == nil || err.Error() != "the environment variable SAMPLE_VARIABLE is not set" {
		t.Errorf("got %q, %v", got, err)
	}
}

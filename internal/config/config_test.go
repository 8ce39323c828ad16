package config

import (
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
		"a field that another function has": {`{"groups": [], "locales": ["en"]}`, `json: unknown field "locales"`},
		"a field of the wrong type":         {`{"groups": "members"}`, "json: cannot unmarshal string into Go struct field PostConfirmation.groups of type []string"},
		"half a file":                       {`{"groups": [`, "unexpected EOF"},
		"an empty file":                     {``, "EOF"},
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
	for _, value := range []string{"", "1sample1", `["1sample1"]`, `{"web":1}`, `{"web":"1sample1"`} {
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

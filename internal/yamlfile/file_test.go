package yamlfile

import (
	"errors"
	"reflect"
	"testing"
)

type sample struct {
	Name   string `yaml:"name"`
	Built  string `yaml:"-"`
	Number int    `yaml:"number"`
	Words  map[kind]map[string]string
	Texts  map[kind]map[string]string `yaml:"texts"`
	List   []entry                    `yaml:"list"`
}

type kind string

type entry struct {
	Name   string `yaml:"name"`
	Number int    `yaml:"number"`
}

func TestRead(t *testing.T) {
	got := sample{Number: 1, Built: "b"}
	f, err := Read("a.yaml", "sample", []byte("name: n\ntexts: {k: {a: x}}\nlist: [{name: e}, {number: 0}]\n"), &got, entry{Number: 7})
	if err != nil || f.Err() != nil {
		t.Fatal(err, f.Err())
	}
	want := sample{
		Name: "n", Built: "b", Number: 1, Texts: map[kind]map[string]string{"k": {"a": "x"}}, List: []entry{{"e", 7}, {"", 0}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if want := map[string]string{"name": "n", "texts.k.a": "x", "list[0].name": "e"}; !reflect.DeepEqual(f.Texts, want) {
		t.Errorf("the texts are %v, want %v", f.Texts, want)
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		"nmae: n\n":          "a.yaml:1: nmae: is unknown; did you mean name?",
		"\"-\": x\n":         "a.yaml:1: -: is unknown; the keys here are name, number, texts, list",
		"texts: {k: [a]}\n":  "a.yaml:1: texts.k: must be a list of name: value lines",
		"texts:\n  k: {a: }": "a.yaml:2: texts.k.a: has no value; write one, in quotes if it begins with #, or remove the key to use the default",
		"name: a\n---\nb: c": "a.yaml:2: a second document begins here; a second sample is a second file",
		"name: [\n":          "a.yaml:1: did not find expected node content",
	} {
		f, err := Read("a.yaml", "sample", []byte(text), new(sample))
		if err == nil {
			err = f.Err()
		}
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// A caller's problem is on the line of its key or the nearest one above it, in the
// order of lines, and left out where nothing could be read.
func TestReport(t *testing.T) {
	f, err := Read("a.yaml", "sample", []byte("list:\n  - name: a\n  - {number: x}\nname: b\n"), new(sample))
	if err != nil {
		t.Fatal(err)
	}
	f.Report("name", "is %d", 1)
	f.Report("list[0].number", "is missing")
	f.Report("list[1].number", "is a consequence")
	f.Report("texts", "is missing")
	want := "a.yaml: texts: is missing\na.yaml:2: list[0].number: is missing\n" +
		"a.yaml:3: list[1].number: must be a whole number, not \"x\"\na.yaml:4: name: is 1"
	var problems Problems
	if err := f.Err(); !errors.As(err, &problems) || len(problems) != 4 || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	for key, want := range map[string]bool{"name": true, "list": false, "list[0]": true, "list[1]": false, "list[1].number": false} {
		if got := f.ReadOK(key); got != want {
			t.Errorf("%s was read: %t", key, got)
		}
	}
}

package jsontext

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

// texts are JSON, and what is not but nearly so.
var texts = []string{
	``, ` `, `null`, `nul`, `true`, `false`, `"a"`, `"`, `"a`, `{}`, `{`, `}`, `[]`, `[,]`, `[1,]`, `[1 2]`, `{"a":1,}`, `{"a"}`, `{"a" 1}`, `{a:1}`, `{"a":1 "b":2}`,
	`0`, `-0`, `01`, `1.`, `.5`, `1.5e+3`, `1e`, `1E-2`, `-`, `+1`, `--1`, `"\u00e9\n\"\\\/"`, `"\x"`, `"\u00g0"`, `"\u12`, "\"\n\"", "\"\x00\"", "\x00", "1\x00", "\"\xff\"",
	` [ { "a" : [ true , null , "b" ] } , -1.5E+10 ] `, `{}{}`, `null x`, "\ufeff1", `tru`, `falsey`, `[[[[]]]]`, `{"a":{"b":{}}}`,
	strings.Repeat("[", 10000) + strings.Repeat("]", 10000), strings.Repeat(`{"":`, 10000) + "[]" + strings.Repeat("}", 10000), "[" + strings.Repeat("[],", 10001) + "{}]",
}

func check(t *testing.T, text string) {
	t.Helper()
	r := NewReader(text)
	value, err := r.Value()
	if err == nil {
		err = r.End()
	}
	if valid := json.Valid([]byte(text)); valid != (err == nil) {
		t.Fatalf("%q is JSON: %v; the reader says %v", text, valid, err)
	}
	if err != nil {
		if err != ErrNotJSON {
			t.Errorf("%q: %v", text, err)
		}
		return
	}
	if value != strings.Trim(text, " \t\r\n") {
		t.Errorf("%q is read as %q", text, value)
	}
}

func TestAReaderTakesJSONAndNothingElse(t *testing.T) {
	for _, text := range texts {
		check(t, text)
	}
}

func FuzzReader(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(check)
}

func TestTexts(t *testing.T) {
	got, err := NewReader(`{"a":"x\u00e9","b":1.50,"c":true,"d":null,"":"é"}`).Texts()
	if want := map[string]string{"a": "xé", "b": "1.50", "c": "true", "": "é"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := NewReader(`null`).Texts(); got != nil || err != nil {
		t.Errorf("null: got %q, %v", got, err)
	}
	for text, want := range map[string]error{`[]`: errNotObject, `"a"`: errNotObject, `{"a@example.com":{}}`: errNotText, `{"a":[1]}`: errNotText, `{"a":"`: ErrNotJSON, `nix`: ErrNotJSON} {
		if _, err := NewReader(text).Texts(); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		} else if strings.Contains(err.Error(), "example") {
			t.Errorf("%s: the error quotes a name: %v", text, err)
		}
	}
}

func TestList(t *testing.T) {
	list := func(text string) (items []string, err error) {
		r := NewReader(text)
		err = r.List(func() error {
			item, err := r.Text()
			items = append(items, item)
			return err
		})
		return items, err
	}
	for text, want := range map[string][]string{`null`: nil, `[]`: nil, `["a"]`: {"a"}, ` [ "a" , 1 ,"c" ] `: {"a", "1", "c"}} {
		if got, err := list(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]error{`{}`: errNotList, `1`: errNotList, `[[]]`: errNotText, `["a"`: ErrNotJSON, `["a",]`: ErrNotJSON, `["a" "b"]`: ErrNotJSON} {
		if _, err := list(text); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

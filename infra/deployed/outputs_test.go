package deployed

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Pool.json")
	for text, want := range map[string]string{
		"":                   "is missing: run make deploy first",
		"no":                 "invalid character",
		"{}":                 "it has 0 stacks, want one",
		`{"A": {}, "B": {}}`: "it has 2 stacks, want one",
	} {
		if text != "" {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Read(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
		_ = os.Remove(file)
	}
	if err := os.WriteFile(file, []byte(`{"A": {"Region": "eu-central-1"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(file); err != nil || !maps.Equal(got, Outputs{"Region": "eu-central-1"}) {
		t.Errorf("got %v, %v", got, err)
	}
}

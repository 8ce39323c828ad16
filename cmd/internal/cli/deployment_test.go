package cli

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
		"":                   "is missing: run make deploy SETTINGS=drivers.yaml STAGE=prod first",
		"no":                 "invalid character",
		"{}":                 "it has 0 stacks, want one",
		`{"A": {}, "B": {}}`: "it has 2 stacks, want one",
	} {
		if text != "" {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := (Deployment{From: file}).Outputs(&Flags{Settings: "drivers.yaml", Stage: "prod"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
		_ = os.Remove(file)
	}
	if err := os.WriteFile(file, []byte(`{"A": {"Region": "eu-central-1"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := (Deployment{From: file}).Outputs(&Flags{Settings: "drivers.yaml", Stage: "prod"}); err != nil || !maps.Equal(got, Outputs{"Region": "eu-central-1"}) {
		t.Errorf("got %v, %v", got, err)
	}
	t.Chdir(t.TempDir())
	const want = ".build/deployed/drivers-prod/Pool.json is missing"
	if _, err := (Deployment{}).Outputs(&Flags{Settings: "../drivers.yaml", Stage: "prod"}); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

package cli

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"poolpost/internal/settings/settingstest"
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

	// The file of another stack is not used, though its settings have the same name.
	t.Chdir(t.TempDir())
	sample, err := os.ReadFile(settingstest.File())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a/pool.yaml": string(sample), "b/pool.yaml": strings.Replace(string(sample), "App_Users", "Drivers", 1),
		".build/deployed/pool-dev/Pool.json": `{"Poolpost-App-Users-dev": {"Region": "eu-central-1"}}`,
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := (Deployment{}).Outputs(&Flags{Settings: "a/pool.yaml", Stage: "dev"}); err != nil || got["Region"] != "eu-central-1" {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = (Deployment{}).Outputs(&Flags{Settings: "b/pool.yaml", Stage: "dev"})
	if err == nil || !strings.Contains(err.Error(), "is of the stack Poolpost-App-Users-dev, not of Poolpost-Drivers-dev: run make deploy SETTINGS=b/pool.yaml STAGE=dev first") {
		t.Errorf("got %v", err)
	}

	t.Chdir(t.TempDir())
	const want = ".build/deployed/drivers-prod/Pool.json is missing"
	if _, err := (Deployment{}).Outputs(&Flags{Settings: "../drivers.yaml", Stage: "prod"}); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

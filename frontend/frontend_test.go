// Package frontend holds what front ends copy: TypeScript without dependencies.
// Go only tests it.
package frontend

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"poolpost/internal/compile"
	"poolpost/internal/functiontest"
	"poolpost/internal/settings/settingstest"
	"poolpost/templates"
)

func TestRefusalInNode(t *testing.T) {
	t.Setenv("REFUSALS", refusals(t, t.TempDir()))
	functiontest.TypeScript(t, "refusal")
}

func TestCodeInNode(t *testing.T) { functiontest.TypeScript(t, "code") }

// refusals is a file with every sentence that people are refused with, in every
// language.
func refusals(t *testing.T, dir string) string {
	t.Helper()
	out, err := compile.All(templates.FS, settingstest.Sample(t))
	if err != nil {
		t.Fatal(err)
	}
	type refusal struct {
		Code     string `json:"code"`
		Sentence string `json:"sentence"`
	}
	var all []refusal
	for _, sentences := range out.Refusals {
		for code, sentence := range sentences {
			all = append(all, refusal{code, sentence})
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "refusals.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

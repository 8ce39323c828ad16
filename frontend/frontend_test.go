// Package frontend holds what front ends copy: TypeScript without dependencies.
// Go only tests it.
package frontend

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"poolpost/internal/compile"
	"poolpost/internal/settings/settingstest"
	"poolpost/templates"
)

func TestRefusalInNode(t *testing.T) {
	node := compiled(t, "refusal")
	t.Setenv("REFUSALS", refusals(t, t.TempDir()))
	run(t, node, "--test", "refusal.test.mjs")
}

func TestCodeInNode(t *testing.T) {
	run(t, compiled(t, "code"), "--test", "code.test.mjs")
}

// compiled compiles a file with the strictest checks of the pinned compiler, so that any version
// of Node.js can run its test, which finds it by an environment variable. It returns where
// Node.js is.
func compiled(t *testing.T, name string) (node string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("../node_modules/typescript")
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no Node.js, or no TypeScript: run make node_modules")
		}
		t.Skip("there is no Node.js, or no TypeScript: make node_modules installs what is tested here")
	}
	dir := t.TempDir()
	run(t, node, "../node_modules/typescript/bin/tsc", "--project", "tsconfig.json", "--outDir", dir)
	module := filepath.Join(dir, name+".mjs")
	if err := os.Rename(filepath.Join(dir, name+".js"), module); err != nil {
		t.Fatal(err)
	}
	t.Setenv(strings.ToUpper(name)+"_JS", module)
	return node
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

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

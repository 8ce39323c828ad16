package functiontest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"poolpost/internal/settings/settingstest"
)

// TypeScript tests a file of the folder, NAME.ts, in Node.js: it compiles it with the strictest
// checks of the pinned compiler, so that any version of Node.js can run it, and runs
// NAME.test.mjs, which finds it by the environment variable NAME_JS.
func TypeScript(t *testing.T, name string) {
	t.Helper()
	run, compiler := nodeJS(t)
	dir := t.TempDir()
	run(compiler, "--project", "tsconfig.json", "--outDir", dir)
	module := filepath.Join(dir, name+".mjs")
	if err := os.Rename(filepath.Join(dir, name+".js"), module); err != nil {
		t.Fatal(err)
	}
	t.Setenv(strings.ToUpper(name)+"_JS", module)
	run("--test", name+".test.mjs")
}

// CheckTypes checks a file of TypeScript and what it imports.
func CheckTypes(t *testing.T, file string) {
	t.Helper()
	run, compiler := nodeJS(t)
	run(compiler, "--noEmit", "--strict", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler", file)
}

// nodeJS runs Node.js; the test is skipped without it, or without the TypeScript compiler.
func nodeJS(t *testing.T) (run func(args ...string), compiler string) {
	t.Helper()
	root := settingstest.Root
	compiler = filepath.Join(root, "node_modules/typescript/bin/tsc")
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(compiler)
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no Node.js, or no TypeScript: run make node_modules")
		}
		t.Skip("there is no Node.js, or no TypeScript: make node_modules installs what is tested here")
	}
	return func(args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), node, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}, compiler
}

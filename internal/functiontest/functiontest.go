// Package functiontest is what the tests of all functions share: the folder that
// a function runs in, what it logs, and its sample events. It is for tests of
// functions only, and knows nothing of what a single one does.
package functiontest

import (
	_ "embed"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"poolpost/internal/bundle"
	"poolpost/internal/compile"
	"poolpost/internal/config"
	"poolpost/internal/settings"
	"poolpost/templates"
)

//go:embed sample.yaml
var sampleSettings []byte

type sample struct {
	settings *settings.Settings
	compiled *compile.Output
}

// compiled is done once: it reads every template of the project.
var compiled = sync.OnceValues(func() (sample, error) {
	s, err := settings.Parse("sample.yaml", sampleSettings)
	if err != nil {
		return sample{}, err
	}
	out, err := compile.All(templates.FS, s)
	return sample{s, out}, err
})

func samples(t testing.TB) sample {
	t.Helper()
	all, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Compiled are the messages, pages and refusals of the sample settings.
func Compiled(t testing.TB) *compile.Output {
	t.Helper()
	return samples(t).compiled
}

// Sentences are those of refusals in the sample settings.
func Sentences(t testing.TB) func(locale string) (map[string]string, error) {
	t.Helper()
	refusals := Compiled(t).Refusals
	return func(locale string) (map[string]string, error) { return refusals[locale], nil }
}

// Dir is a folder with what a function finds beside its bootstrap, and its part
// of the sample settings.
func Dir[Config any](t testing.TB, function string) (string, Config) {
	t.Helper()
	all, dir := samples(t), t.TempDir()
	for file, content := range bundle.Named(function).Files(all.settings, all.compiled) {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Read[Config](dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, c
}

// Package settingstest gives tests the sample settings, and files of them with changes.
package settingstest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"poolpost/internal/settings"
)

// AllLocales is the line of the sample settings that lists their locales.
const AllLocales = "locales: [en, ar, de, es, fr, he, it, ja, ko, nl, pl, pt-BR, sv, tr, zh-Hans, zh-Hant]"

// File is the path of the sample settings.
func File() string { return filepath.Join(Root, "internal/settings/testdata/sample.yaml") }

// Root is the folder of the module. It is found before a test changes its folder; built with
// -trimpath, a program does not know where its source is.
var Root = findRoot()

func findRoot() string {
	dir, _ := os.Getwd() // a path that is wrong fails the test that reads it
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// Sample are the sample settings.
func Sample(t testing.TB) *settings.Settings {
	t.Helper()
	return read(t, File())
}

// SampleWith are the sample settings with texts replaced, in pairs of old and new.
func SampleWith(t testing.TB, replaced ...string) *settings.Settings {
	t.Helper()
	return read(t, FileWith(t, "sample.yaml", replaced...))
}

// FileWith writes a file of the sample settings with texts replaced, in pairs of old and new.
func FileWith(t testing.TB, name string, replaced ...string) string {
	t.Helper()
	text, err := os.ReadFile(File())
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replaced); i += 2 {
		if !strings.Contains(string(text), replaced[i]) {
			t.Fatalf("the sample settings do not hold %q", replaced[i])
		}
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(strings.NewReplacer(replaced...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func read(t testing.TB, file string) *settings.Settings {
	t.Helper()
	s, err := settings.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

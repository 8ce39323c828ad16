package templates

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFolderOverridesEmbeddedFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "templates/layout.txt", "mine")
	write(t, dir, "templates/locales/eo.yaml", "another locale")
	all := Beside(filepath.Join(dir, "poolpost.yaml"))
	for name, want := range map[string]string{"layout.txt": "mine", "locales/eo.yaml": "another locale"} {
		if text, err := fs.ReadFile(all, name); err != nil || string(text) != want {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
	}
	for _, name := range []string{"layout.html", "locales/en.yaml"} {
		text, err := fs.ReadFile(all, name)
		if ours, _ := FS.ReadFile(name); err != nil || string(text) != string(ours) {
			t.Errorf("%s is not ours: %v", name, err)
		}
	}
	locales, err := fs.Glob(all, "locales/*.yaml")
	ours, _ := fs.Glob(FS, "locales/*.yaml")
	want := append(ours, "locales/eo.yaml")
	slices.Sort(want)
	if err != nil || !slices.Equal(locales, want) {
		t.Errorf("the locales are %q, %v", locales, err)
	}
}

func TestMissingFolderIsAllowed(t *testing.T) {
	none := Beside(filepath.Join(t.TempDir(), "poolpost.yaml"))
	for _, dir := range []string{".", "locales", "pages"} {
		got, err := fs.ReadDir(none, dir)
		want, _ := FS.ReadDir(dir)
		if err != nil || len(got) != len(want) {
			t.Errorf("%s has %d files, want %d: %v", dir, len(got), len(want), err)
		}
	}
	if _, err := fs.ReadDir(none, "nowhere"); err == nil {
		t.Error("a folder that is nowhere can be read")
	}
}

// A file that cannot be read is an error, not a reason to use ours.
func TestUnreadableFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "templates/layout.txt/x", "")
	if _, err := fs.ReadFile(Beside(filepath.Join(dir, "poolpost.yaml")), "layout.txt"); err == nil {
		t.Error("a folder instead of a file is ignored, and ours is used")
	}
	write(t, dir, "templates/locales", "a file")
	if _, err := fs.ReadDir(Beside(filepath.Join(dir, "poolpost.yaml")), "locales"); err == nil {
		t.Error("a file instead of a folder is ignored, and ours is used")
	}
}

// Whatever templates are in this folder are embedded.
func TestAllFilesAreEmbedded(t *testing.T) {
	for _, pattern := range []string{"*.html", "*.txt", "locales/*", "messages/*", "pages/*"} {
		here, _ := fs.Glob(os.DirFS("."), pattern)
		embedded, _ := fs.Glob(FS, pattern)
		if len(here) == 0 || !slices.Equal(here, embedded) {
			t.Errorf("%s: the folder has %q, embedded are %q", pattern, here, embedded)
		}
	}
}

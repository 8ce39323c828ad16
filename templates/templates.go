// Package templates holds the layout, the messages, the pages and the words that
// come with Poolpost. A file in a folder of an adopter's takes the place of ours.
package templates

import (
	"embed"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// FS are the templates as they were when this program was built.
//
//go:embed layout.html layout.txt page.html locales messages pages
var FS embed.FS

// Beside are the templates for a settings file: a file in the folder templates
// beside it takes the place of ours. There may be no such folder.
func Beside(settingsFile string) fs.FS {
	return Overlay(Dir(settingsFile))
}

// Dir is the folder that Beside reads.
func Dir(settingsFile string) string {
	return filepath.Join(filepath.Dir(settingsFile), "templates")
}

// Overlay are our templates, each replaced by the file of the same name in dir if
// there is one. What is only in dir, such as another locale, is there too.
func Overlay(dir string) fs.FS {
	return overlay{os.DirFS(dir)}
}

type overlay struct{ over fs.FS }

// Files are the names that are in the adopter's folder and in those folders of it that Poolpost
// reads, and the names of Poolpost's own files. Names are paths below the folder.
func (o overlay) Files() (theirs, ours []string, err error) {
	err = fs.WalkDir(FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() {
			ours = append(ours, name)
			return nil
		}
		found, err := fs.ReadDir(o.over, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, f := range found {
			file := path.Join(name, f.Name())
			if info, err := fs.Stat(FS, file); err != nil || !info.IsDir() {
				theirs = append(theirs, file)
			}
		}
		return err
	})
	return theirs, ours, err
}

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	file, err := o.over.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return FS.Open(name)
	}
	return file, err
}

// ReadDir implements fs.ReadDirFS: it joins the names of both.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.over, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ours, oursErr := FS.ReadDir(name)
	if err != nil {
		return ours, oursErr
	}
	entries = append(entries, ours...) // the adopter's come first
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return slices.CompactFunc(entries, func(a, b fs.DirEntry) bool { return a.Name() == b.Name() }), nil
}

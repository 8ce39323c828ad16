package message

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Files are the compiled messages and pages in the folder of a function. Each is
// read when it is needed first, and kept: opening and reading a file takes longer
// than filling it, and all files of a function together are as small as its
// deployment package.
type Files struct {
	Dir string

	messages sync.Map // path: Message
	pages    sync.Map // path: Page
}

// Message is a compiled message.
func (f *Files) Message(client, locale string, kind Kind) (Message, error) {
	return load(f.Dir, &f.messages, File(client, locale, kind), Decode)
}

// Page is a compiled page.
func (f *Files) Page(client, locale, state string) (Page, error) {
	return load(f.Dir, &f.pages, PageFile(client, locale, state), DecodePage)
}

func load[T any](dir string, known *sync.Map, path string, decode func([]byte) (T, error)) (T, error) {
	if value, ok := known.Load(path); ok {
		return value.(T), nil
	}
	file, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		return *new(T), fmt.Errorf("load: %w", err)
	}
	value, err := decode(file)
	if err != nil {
		return *new(T), fmt.Errorf("load %s: %w", path, err)
	}
	known.Store(path, value)
	return value, nil
}

package message

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// Page is a compiled page of the page behind the link.
type Page struct {
	// CSPSources are the directives of the Content-Security-Policy that allow the
	// page's own style and script, by their hashes, and no other.
	CSPSources string
	HTML       string // with placeholders, for FillHTML
}

// PageFile is where a compiled page is, below the folder of a function.
func PageFile(client, locale, state string) string {
	return filepath.Join("pages", client, locale, state)
}

// Encode returns the compiled file of a page.
func (p Page) Encode() []byte { return []byte(p.CSPSources + PartSeparator + p.HTML) }

// DecodePage is the reverse of Encode.
func DecodePage(file []byte) (Page, error) {
	inline, html, ok := strings.Cut(string(file), PartSeparator)
	if !ok {
		return Page{}, errors.New("it was not compiled")
	}
	return Page{CSPSources: inline, HTML: html}, nil
}

package message

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Page is a compiled page of the page behind the link.
type Page struct {
	// Inline are the directives of the Content-Security-Policy that allow the
	// page's own style and script, by their hashes, and no other.
	Inline string
	HTML   string // with blanks, for FillHTML
}

// PageFile is where a compiled page lies, below the folder of a function.
func PageFile(client, locale, state string) string {
	return filepath.Join("pages", client, locale, state)
}

// Encode returns the compiled file of a page.
func (p Page) Encode() []byte { return []byte(p.Inline + PartMark + p.HTML) }

// LoadPage reads a compiled page from the folder of a function.
func LoadPage(dir, client, locale, state string) (Page, error) {
	file, err := os.ReadFile(filepath.Join(dir, PageFile(client, locale, state)))
	if err != nil {
		return Page{}, fmt.Errorf("load page: %w", err)
	}
	inline, html, ok := strings.Cut(string(file), PartMark)
	if !ok {
		return Page{}, fmt.Errorf("load page %s: it was not compiled", PageFile(client, locale, state))
	}
	return Page{Inline: inline, HTML: html}, nil
}

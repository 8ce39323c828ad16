package message

import (
	"errors"
	"path/filepath"
	"strings"
)

// Page is a compiled page of the page behind the link.
type Page struct {
	// Inline are the directives of the Content-Security-Policy that allow the
	// page's own style and script, by their hashes, and no other.
	Inline string
	HTML   string // with placeholders, for FillHTML
}

// PageFile is where a compiled page lies, below the folder of a function.
func PageFile(client, locale, state string) string {
	return filepath.Join("pages", client, locale, state)
}

// Encode returns the compiled file of a page.
func (p Page) Encode() []byte { return []byte(p.Inline + PartSeparator + p.HTML) }

// DecodePage is the reverse of Encode.
func DecodePage(file []byte) (Page, error) {
	inline, html, ok := strings.Cut(string(file), PartSeparator)
	if !ok {
		return Page{}, errNotCompiled
	}
	return Page{Inline: inline, HTML: html}, nil
}

var errNotCompiled = errors.New("it was not compiled")

// Package jsontext reads and writes JSON for functions that people wait for:
// events, replies, log lines and settings, which have few shapes and mostly plain
// text. What is not plain is left to encoding/json. It decodes into nothing by
// itself, and knows no types.
package jsontext

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// AppendQuoted adds a text to b as a JSON string (RFC 8259, section 7). What is no
// UTF-8 in it becomes U+FFFD. It does not escape < > and &, which would make an
// HTML mail several times longer.
func AppendQuoted(b []byte, text string) []byte {
	if IsPlain(text) {
		b = append(b, '"')
		b = append(b, text...)
		return append(b, '"')
	}
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always encodes
	return append(b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
}

// IsPlain reports whether a text is a JSON string as it is, but for its quotes.
func IsPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return utf8.ValidString(text)
}

// Package jsontext reads and writes JSON for functions that people wait for:
// events, replies, log lines and settings. It decodes into nothing by itself, and
// knows no types.
package jsontext

import "unicode/utf8"

// AppendQuoted adds a text to b as a JSON string (RFC 8259, section 7). What is no
// UTF-8 in it becomes U+FFFD. It does not escape < > and &, which would make an
// HTML mail several times longer.
func AppendQuoted(b []byte, text string) []byte {
	b = append(b, '"')
	copied := 0
	for i := 0; i < len(text); {
		c := text[i]
		if isPlain(c) {
			i++
			continue
		}
		size, escape := 1, ""
		switch {
		case c == '"':
			escape = `\"`
		case c == '\\':
			escape = `\\`
		case c == '\n':
			escape = `\n`
		case c == '\r':
			escape = `\r`
		case c == '\t':
			escape = `\t`
		case c < ' ':
			escape = `\u00` + string([]byte{hex[c>>4], hex[c&15]})
		case c >= utf8.RuneSelf:
			var r rune
			if r, size = utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
				escape = `\ufffd`
			}
		}
		if escape != "" {
			b = append(b, text[copied:i]...)
			b = append(b, escape...)
			copied = i + size
		}
		i += size
	}
	b = append(b, text[copied:]...)
	return append(b, '"')
}

const hex = "0123456789abcdef"

// IsPlain reports whether a text is ASCII and a JSON string as it is, but for its
// quotes.
func IsPlain(text string) bool {
	for i := range len(text) {
		if !isPlain(text[i]) {
			return false
		}
	}
	return true
}

func isPlain(c byte) bool { return ' ' <= c && c < utf8.RuneSelf && c != '"' && c != '\\' }

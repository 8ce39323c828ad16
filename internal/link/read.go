package link

import (
	"cmp"
	"encoding/hex"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// errBad means that an address is not one of our links: damaged, cut off, or
// made up.
var errBad = errors.New("not a complete link")

// keys are the names of a link's values.
var keys = [...]string{"client", "user", "code", "return", "lang"}

// Read reads the values that Build wrote from a form of the page. It is an error when there is
// no user, or more than one, or an impossible client. Everything else may be missing: a code can
// be typed by hand, and the rest has defaults. A damaged code counts as missing, and so do two
// that differ. Return is as it came: see AllowedReturn.
func Read(form url.Values) (Link, error) {
	var l Link
	for _, key := range keys {
		for _, value := range form[key] {
			l.take(key, value)
		}
	}
	return l.checked()
}

// ReadQuery is Read for the query of a link as mail programs leave it: wrapped, escaped twice,
// with escapes of HTML or of quoted-printable left in, and with other parameters. Users and
// codes are known by their shape, so damage does not turn one into another.
func ReadQuery(query string) (Link, error) {
	l := scan(query, false)
	for range maxEscapes {
		if l.User != "" && l.Code != "" {
			break
		}
		inner := undo(query)
		if inner == query {
			break
		}
		query = inner
		if found := scan(query, true); l.User == "" {
			l = found.or(l) // where the user can be read, so can the rest
		} else {
			l = l.or(found)
		}
	}
	return l.checked()
}

// maxEscapes is how often a link may have been escaped on its way.
const maxEscapes = 8

// PathOf returns the path and the query that the address of a link means. The question mark may
// have been escaped, and signs of the text around the link may cling to its end. A path that lost
// its end has no query.
func PathOf(path, query string) (string, string) {
	for _, page := range [...]string{PathConfirm, PathReset, PathNotMe} {
		rest, ok := strings.CutPrefix(path, page)
		rest = unescape(rest, '%')
		cut := strings.TrimRightFunc(path, isSign)
		switch {
		case ok && !strings.ContainsFunc(rest, func(r rune) bool { return r == '/' || !isSign(r) }):
			return page, query
		case ok && isSeparator(rune(rest[0])):
			return page, rest + "&" + query
		case cut != "" && cut != page && strings.HasPrefix(page, cut):
			return page, ""
		}
	}
	return path, query
}

// isSeparator reports whether a rune ends a value. The semicolon is that of HTML's &amp;, which
// may have lost it.
func isSeparator(r rune) bool { return r == '&' || r == ';' || r == '?' || r == '#' }

// isSign reports whether a rune is neither a letter nor a number. Such ones get into a link
// where a line is wrapped, and where the text around the link goes on.
func isSign(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }

// scan reads what a query says. In an inner one, of which escapes were undone, what belongs to the
// return address looks like values of the link. Only the locale comes after it.
func scan(query string, inner bool) (l Link) {
	for part := range strings.FieldsFuncSeq(query, isSeparator) {
		part = unescape(strings.ReplaceAll(strings.TrimPrefix(part, "amp"), "+", " "), '%')
		for _, key := range keys {
			value, ok := valueOf(part, key)
			if !ok || inner && l.Return != "" && key != "lang" {
				continue
			}
			if key != "return" {
				for range maxEscapes {
					value = unescape(value, '%')
				}
			}
			l.take(key, value)
		}
	}
	return l
}

// valueOf returns what follows a key in a part of a query. Signs within the key do not count:
// quoted-printable breaks a line behind an equals sign.
func valueOf(part, key string) (value string, ok bool) {
	for i := range len(key) {
		part = strings.TrimLeftFunc(part, isSign)
		if part == "" || part[0]|0x20 != key[i] {
			return "", false
		}
		part = part[1:]
	}
	between, value, ok := strings.Cut(part, "=")
	return value, ok && !strings.ContainsFunc(between, func(r rune) bool { return !isSign(r) })
}

// undo undoes one kind of escape in a whole query, the outermost first.
func undo(query string) string {
	if plain := unescape(query, '%'); plain != query {
		return plain
	}
	if strings.Contains(query, "-3D") {
		return unescape(query, '-') // URL Defense, version 2
	}
	if plain := escapedSigns.Replace(query); plain != query {
		return plain
	}
	return unescapeHTML(query)
}

// escapedSigns are the signs of a query in quoted-printable, for which RFC 2045 wants upper case,
// and in JSON.
var escapedSigns = strings.NewReplacer(
	"=3D", "=", "=3d", "=", `\u0026`, "&", `\u003d`, "=", `\u003D`, "=", `\u002d`, "-", `\u002D`, "-")

// unescape undoes escapes of two hexadecimal digits behind a mark. What is no escape stays, but
// one that was cut off at the end goes.
func unescape(text string, mark byte) string {
	if strings.IndexByte(text, mark) < 0 {
		return text
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == mark {
			if i+2 >= len(text) {
				break
			}
			if decoded, err := hex.AppendDecode(b, []byte(text[i+1:i+3])); err == nil {
				b = decoded
				i += 2
				continue
			}
		}
		b = append(b, text[i])
	}
	return string(b)
}

// unescapeHTML undoes the escapes that HTML has for what stands in a link: &amp; and numbers.
// Package html would link a table of two thousand names.
func unescapeHTML(text string) string {
	text = strings.ReplaceAll(text, "&amp;", "&")
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(text, "&#")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		number, rest, _ := strings.Cut(after, ";")
		base := 10
		if hex := strings.TrimLeft(number, "xX"); hex != number {
			number, base = hex, 16
		}
		if c, err := strconv.ParseUint(number, base, 16); err == nil {
			b.WriteRune(rune(c))
			text = rest
		} else {
			b.WriteString("&#")
			text = after
		}
	}
}

// unclear is a value that nobody can know: there are two that differ, or an impossible one.
const unclear = "\x00"

// take takes a value of a link. The first one that can be read counts.
func (l *Link) take(key, value string) {
	switch key {
	case "client":
		if l.Client == "" || l.Client == unclear {
			l.Client = cmp.Or(readClientID(value), l.Client)
		}
	case "user":
		l.User = same(l.User, readUserName(value))
	case "code":
		l.Code = same(l.Code, ReadCode(value))
	case "return":
		l.Return = cmp.Or(l.Return, value)
	case "lang":
		l.Locale = cmp.Or(l.Locale, readLocale(value))
	}
}

// same is the value that two readings agree on.
func same(a, b string) string {
	if a != "" && b != "" && a != b {
		return unclear
	}
	return cmp.Or(a, b)
}

// or is a link with another one's values where it has none.
func (l Link) or(other Link) Link {
	return Link{
		Client: cmp.Or(l.Client, other.Client),
		User:   cmp.Or(l.User, other.User),
		Code:   cmp.Or(l.Code, other.Code),
		Locale: cmp.Or(l.Locale, other.Locale),
		Return: cmp.Or(l.Return, other.Return),
	}
}

// checked is the link when all of it is read.
func (l Link) checked() (Link, error) {
	if l.Code == unclear {
		l.Code = ""
	}
	var err error
	if l.User == "" || l.User == unclear || l.Client == unclear {
		l.User, err = "", errBad
	}
	if l.Client == unclear {
		l.Client = ""
	}
	return l, err
}

// readClientID reads an app client id, ClientIdType: [\w+]+, 1 to 128 characters.
func readClientID(text string) string {
	ok := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '+'
	}
	id := strings.Map(func(r rune) rune {
		if isSign(r) && !ok(r) && r != '/' {
			return -1
		}
		return r
	}, text)
	if len(id) > 128 || strings.ContainsFunc(id, func(r rune) bool { return !ok(r) }) {
		return unclear
	}
	return id
}

// readLocale reads the beginning that may be a BCP 47 tag, of up to 35 characters.
func readLocale(text string) string {
	text = strings.TrimLeftFunc(text, isSign)
	if end := strings.IndexFunc(text, func(r rune) bool { return isSign(r) && r != '-' && r != '_' }); end >= 0 {
		text = text[:end]
	}
	if len(text) > 35 {
		return ""
	}
	return text
}

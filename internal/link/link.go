// Package link builds the addresses that messages carry, reads them again on
// the page behind the link, and decides where a visitor may be sent next.
//
// A link carries nothing that must be trusted: the code in it is Cognito's
// proof, and everything else is checked when it is read. So links are not
// signed.
package link

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Paths of the pages behind the links.
const (
	PathConfirm = "/confirm" // confirms a sign-up
	PathReset   = "/reset"   // sets a new password
	PathResend  = "/resend"  // sends a new confirmation link
	PathForgot  = "/forgot"  // sends a new link to set a password
)

// Link is what a link to one of our pages carries.
type Link struct {
	Client string // app client id; empty for operations without one
	User   string // Cognito user name; in this pool never an email address
	Code   string // confirmation code, or Cognito's placeholder for it
	Locale string // BCP 47 tag of the page
	Return string // where to go afterwards; empty for the client's own page
}

// Build returns base + path with the link's values as query parameters.
//
// The code comes before the locale: a mail program that swallows the end of an
// address, or adds a full stop to it, then spoils the language and not the
// code. Cognito's placeholder ({####}) is there unescaped, because Cognito
// looks for exactly these characters (CustomMessage trigger, codeParameter).
func Build(base, path string, l Link) string {
	var b strings.Builder
	b.Grow(len(base) + len(path) + len(l.Client) + len(l.User) + len(l.Return) + 64)
	b.WriteString(strings.TrimSuffix(base, "/"))
	b.WriteString(path)
	separator := byte('?')
	add := func(key, value string) {
		if value == "" {
			return
		}
		b.WriteByte(separator)
		separator = '&'
		b.WriteString(key)
		b.WriteByte('=')
		b.WriteString(value)
	}
	add("client", url.QueryEscape(l.Client))
	add("user", url.QueryEscape(l.User))
	add("code", escapeCode(l.Code))
	add("return", url.QueryEscape(l.Return))
	add("lang", url.QueryEscape(l.Locale))
	return b.String()
}

// WithCode returns the address of an app's own page with the code, and the
// user unless it is empty, added to its query.
func WithCode(page, user, code string) string {
	separator := "?"
	if strings.Contains(page, "?") {
		separator = "&"
	}
	if user != "" {
		page += separator + "user=" + url.QueryEscape(user)
		separator = "&"
	}
	return page + separator + "code=" + escapeCode(code)
}

// escapeCode escapes everything but Cognito's placeholder.
func escapeCode(code string) string {
	if strings.Trim(code, "{#}") == "" {
		return code
	}
	return url.QueryEscape(code)
}

// errBad means that an address is not one of our links: damaged, cut off, or
// made up.
var errBad = errors.New("not a complete link")

// Read reads the values that Build wrote. It is an error when the user is
// missing, or the user or the client impossible; a Code that cannot be one is empty,
// since it can still be typed by hand. Return is as it came: see AllowedReturn.
func Read(query url.Values) (Link, error) {
	l := Link{
		Client: query.Get("client"),
		User:   query.Get("user"),
		Code:   CleanCode(query.Get("code")),
		Locale: query.Get("lang"),
		Return: query.Get("return"),
	}
	if l.Client != "" && !isClientID(l.Client) || !isUserName(l.User) {
		return l, errBad
	}
	if len(l.Locale) > 35 {
		l.Locale = ""
	}
	return l, nil
}

// CleanCode returns the digits of a code, as 0 to 9, and nothing when it is no
// code. It may have been typed with the decimal digits of any script, and typed
// or pasted with spaces and invisible marks around or between them.
// Cognito's codes are 6 digits, and up to 8 have been seen.
func CleanCode(code string) string {
	if utf8.RuneCountInString(code) > 64 {
		return ""
	}
	code = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			return -1
		case unicode.IsDigit(r):
			return asciiDigit(r)
		default:
			return r
		}
	}, code)
	if len(code) < 4 || len(code) > 12 || strings.Trim(code, "0123456789") != "" {
		return ""
	}
	return code
}

// asciiDigit is the 0 to 9 that a decimal digit of any script means. They stand
// in runs from zero to nine (Unicode Standard, section 4.6), some of which follow
// one another.
func asciiDigit(digit rune) rune {
	zero := digit
	for unicode.IsDigit(zero - 1) {
		zero--
	}
	return '0' + (digit-zero)%10
}

// isClientID checks a value against ClientIdType: [\w+]+, 1 to 128 characters.
func isClientID(id string) bool {
	if len(id) > 128 {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '+':
		default:
			return false
		}
	}
	return true
}

// isUserName checks a value against UsernameType: 1 to 128 characters without
// white space or controls. The user name of a pool with email sign-in is a
// UUID; an address is refused, so that the page cannot be used to ask Cognito
// about the address of somebody else.
func isUserName(name string) bool {
	if name == "" || len(name) > 4*128 || !utf8.ValidString(name) || utf8.RuneCountInString(name) > 128 {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r == '@' || unicode.IsSpace(r) || !unicode.IsGraphic(r)
	})
}

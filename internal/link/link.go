// Package link builds the addresses that messages carry, reads them again on
// the page behind the link, as mail programs leave them, reads the codes that
// people type, and decides where a visitor may be sent next. Where a message
// leads is the Target of its kind in internal/message/kinds.go; ForMessage makes it a link.
//
// A link carries nothing that must be trusted: the code in it is Cognito's
// proof, and everything else is checked when it is read. So links are not
// signed.
package link

import (
	"net/url"
	"strings"
)

// Paths of the pages behind the links.
const (
	PathConfirm = "/confirm" // confirms a sign-up
	PathReset   = "/reset"   // sets a new password
	PathResend  = "/resend"  // sends a new confirmation link
	PathForgot  = "/forgot"  // sends a new link to set a password
	PathNotMe   = "/notme"   // what to do about a password that somebody else has set
	PathCaptcha = "/captcha" // a challenge for the app's own page, with ALTCHA; no mail leads there
	PathHelp    = "/help"    // sends a new confirmation link to an address that is typed
	// PathNotAsked is what to do about an email that somebody else has asked for: nothing.
	PathNotAsked = "/notasked"
)

// Link is what a link to one of our pages carries.
type Link struct {
	Client string // app client id; empty for operations without one
	User   string // Cognito user name; see EncodeUser
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
	add("user", EncodeUser(l.User))
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

package rules

import (
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// An address is an email address in the one spelling that rules compare. Upper
// and lower case are the same person: the pool's user names are not
// case-sensitive.
type address struct {
	local   string // lower case, ASCII
	domain  string // lower case, in Punycode
	unicode bool   // the domain was written in other letters
}

func (a address) String() string { return a.local + "@" + a.domain }

// Lengths in octets, of RFC 5321, section 4.5.3.1; the 256 of a path are 254 of
// an address.
const (
	maxAddress = 254
	maxLocal   = 64
	maxLabel   = 63 // RFC 1035, section 2.3.4
)

// parse reads an address that mail can be sent to: a dot-atom of up to 64 ASCII
// characters before the @ (SES knows no SMTPUTF8) and a host name of at least
// two labels behind it. Quoted local parts, comments, IP literals and obsolete
// forms are no way to write a person's address in a form, but a way around
// rules. Without an address, it returns the code to refuse with.
func parse(text string) (address, string) {
	if strings.TrimSpace(text) == "" {
		return address{}, EmailMissing
	}
	local, domain, _ := strings.Cut(text, "@")
	// Before anything is converted: an international domain is at most four
	// times as long in UTF-8 as in Punycode.
	if len(text) > 4*maxAddress || strings.ContainsFunc(text, isForbidden) {
		return address{}, EmailInvalid
	}
	if strings.ContainsFunc(local, notASCII) {
		return address{}, EmailNotASCII
	}
	a := address{local: strings.ToLower(local), domain: strings.ToLower(domain), unicode: strings.ContainsFunc(domain, notASCII)}
	if a.unicode || strings.Contains(a.domain, "xn--") {
		var err error
		if a.domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return address{}, EmailInvalid
		}
	}
	whole := a.String()
	parsed, err := mail.ParseAddress(whole)
	if err != nil || parsed.Address != whole || len(whole) > maxAddress || len(local) > maxLocal || !isHostName(a.domain) {
		return address{}, EmailInvalid
	}
	return a, ""
}

// isForbidden reports characters that no part of an address may have here: spaces, controls,
// format characters such as a right-to-left override, broken UTF-8, and what
// ASCII has for quotes, comments, lists, literals and display names.
func isForbidden(c rune) bool {
	return c == unicode.ReplacementChar || unicode.IsSpace(c) || strings.ContainsRune(`"<>()[]\,;:`, c) ||
		!unicode.IsPrint(c) || notASCII(c) && unicode.In(c, unicode.P, unicode.S) && c != '。' && c != '．' && c != '｡'
}

func notASCII(c rune) bool { return c > unicode.MaxASCII }

// isHostName reports whether a domain in lower case is two or more labels of
// letters, digits and inner hyphens (RFC 1123, section 2.1), the last one of two
// characters or more, the first of which is a letter. A regular expression with
// these counts takes a quarter of a millisecond to compile at every start.
func isHostName(domain string) bool {
	labels, last := 0, ""
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, notLabelChar) {
			return false
		}
		labels, last = labels+1, label
	}
	return labels > 1 && len(last) > 1 && last[0] >= 'a'
}

func notLabelChar(c rune) bool { return !isLabelChar(c) }

// isLabelChar reports whether a label of a host name in lower case may have a character.
func isLabelChar(c rune) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-'
}

package message

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Cognito's limits for the response of a CustomMessage trigger, in characters
// with the code filled in (API reference: VerificationMessageTemplateType and
// InviteMessageType; developer guide: custom message Lambda trigger).
const (
	MaxSubject = 140
	MinHTML    = 6
	MaxHTML    = 20000
)

// Accepted reports whether Cognito accepts a character in a message. Its
// pattern is [\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*, where \s is ASCII white space:
// no-break spaces, joiners, direction marks and soft hyphens are refused.
func Accepted(r rune) bool {
	switch {
	case ' ' <= r && r <= '~', '\t' <= r && r <= '\r':
		return true
	case r == utf8.RuneError:
		return false // a broken byte, not worth carrying on
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P)
}

// Plain returns a text with every character that Cognito refuses replaced:
// wide and no-break spaces become spaces, invisible characters go.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case Accepted(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		default:
			return -1
		}
	}, s)
}

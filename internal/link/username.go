package link

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Cognito user name is a UUID in a pool where people sign up with their email address, and any
// text in other pools. Both have a shape in a link that shows when a part of it was lost: a UUID
// has one, and a text becomes hexadecimal digits with a checksum.

// maxUserName is Cognito's limit, in characters (API reference, UsernameType).
const maxUserName = 128

// IsGenerated reports whether a user name is one that Cognito made up: a UUID.
func IsGenerated(user string) bool { return user != "" && readGenerated(user) == user }

// EncodeUser is a user name as links and forms have it.
func EncodeUser(user string) string {
	if user == "" || IsGenerated(user) {
		return user
	}
	return hex.EncodeToString(binary.BigEndian.AppendUint32([]byte(user), crc32.ChecksumIEEE([]byte(user))))
}

// readUserName reads what EncodeUser wrote. An email address is refused, so that the page cannot be
// used to ask Cognito about somebody else's: it may be an alias of a user.
func readUserName(text string) string {
	if name := readGenerated(text); name != "" {
		return name
	}
	return readEncoded(text)
}

// readEncoded reads a user name that is no UUID.
func readEncoded(text string) string {
	digits := make([]byte, 0, min(len(text), 2*(utf8.UTFMax*maxUserName+crc32.Size)))
	for _, r := range text {
		switch {
		case isSign(r): // of a line that was wrapped, or of the text around the link
		case len(digits) == cap(digits):
			return ""
		case '0' <= r && r <= '9' || 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F':
			digits = append(digits, byte(r))
		default:
			return ""
		}
	}
	decoded, err := hex.AppendDecode(nil, digits)
	if err != nil || len(decoded) <= crc32.Size {
		return ""
	}
	name, sum := decoded[:len(decoded)-crc32.Size], decoded[len(decoded)-crc32.Size:]
	if crc32.ChecksumIEEE(name) != binary.BigEndian.Uint32(sum) || !isUserName(string(name)) || IsGenerated(string(name)) {
		return ""
	}
	return string(name)
}

// isUserName reports whether Cognito takes a text for a user name (UsernameType:
// [\p{L}\p{M}\p{S}\p{N}\p{P}]+), and it is no email address.
func isUserName(name string) bool {
	return utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxUserName && !strings.ContainsFunc(name, func(r rune) bool {
		return r == '@' || !unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P)
	})
}

// readGenerated reads a UUID, so one that lost a part is known.
func readGenerated(text string) string {
	const shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	name := make([]byte, 0, len(shape))
	for _, r := range text {
		if len(name) == len(shape) {
			if r == '@' || !isSign(r) {
				return ""
			}
			if r == '=' {
				continue // at the end of a line, or the link has lost what is between two values
			}
			break // the text around the link
		}
		inner := shape[len(name)] == 'x'
		switch {
		case inner && ('0' <= r && r <= '9' || 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F'):
			name = append(name, byte(unicode.ToLower(r)))
		case !inner && isDash(r):
			name = append(name, '-')
		case !isSign(r), inner && len(name) > 0 && name[len(name)-1] != '-' && unicode.Is(unicode.Pd, r):
			return ""
		}
	}
	switch {
	case len(name) < len(shape):
		return ""
	case string(name) == text:
		return text // without a copy
	default:
		return string(name)
	}
}

// isDash reports whether a rune may be what a program made of a hyphen.
func isDash(r rune) bool { return unicode.Is(unicode.Pd, r) || r == '\u00ad' || r == '\u2212' }

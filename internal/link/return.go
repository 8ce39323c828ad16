package link

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// CheckURL reports why an address cannot be a page of an app: it must be absolute,
// https (or http on a loopback host, for development), with an ASCII host (an
// international name is written in Punycode), and without user, fragment,
// backslash or dot segments.
func CheckURL(raw string) error {
	_, err := parse(raw)
	return err
}

// AllowedReturn decides whether a visitor may be sent to raw: its scheme, host and
// port must equal those of an allowed address, and its path must lie below the
// allowed path, segment by segment. It returns the address in the form that
// was checked, so that a browser cannot read it differently.
func AllowedReturn(allowed []string, raw string) (string, bool) {
	if raw == "" {
		return "", false
	}
	want, err := parse(raw)
	if err != nil {
		return "", false
	}
	for _, a := range allowed {
		base, err := parse(a)
		if err != nil {
			continue
		}
		if want.Scheme == base.Scheme && want.Host == base.Host && below(want.Path, base.Path) {
			return want.String(), true
		}
	}
	return "", false
}

// WithStatus returns an address with the parameter status in its query, for the
// page of an app that a visitor returns to. One that was there is replaced: it may
// come from whoever made the link.
func WithStatus(page, status string) string {
	page, query, _ := strings.Cut(page, "?")
	var b strings.Builder
	b.Grow(len(page) + len(query) + len(status) + 9)
	b.WriteString(page)
	b.WriteByte('?')
	for pair := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if key, err := url.QueryUnescape(key); pair != "" && (err != nil || key != "status") {
			b.WriteString(pair)
			b.WriteByte('&')
		}
	}
	b.WriteString("status=")
	b.WriteString(url.QueryEscape(status))
	return b.String()
}

// below reports whether path is base or below it.
func below(path, base string) bool {
	base = strings.TrimSuffix(base, "/")
	rest, ok := strings.CutPrefix(path, base)
	return ok && (rest == "" || rest[0] == '/')
}

// maxAddress keeps a mail that holds an address, escaped, within Cognito's limit.
// A person may choose what to be returned to, so a longer one must not push the
// mail over it.
const maxAddress = 300

func parse(raw string) (*url.URL, error) {
	if len(raw) > maxAddress {
		return nil, fmt.Errorf("is longer than %d characters", maxAddress)
	}
	for i := range len(raw) {
		// Browsers drop tabs and line breaks, and read a backslash as a slash.
		if c := raw[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return nil, errors.New("holds a space, a backslash or a character outside ASCII; escape it, and write an international host in Punycode")
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("is no address")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	host := u.Hostname()
	switch {
	case u.Opaque != "" || host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("must be a full https address, such as https://app.example.com/")
	case u.Scheme == "http" && host != "localhost" && host != "127.0.0.1" && host != "::1":
		return nil, errors.New("must begin with https://")
	case strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-:") != "" || isOddNumber(host):
		return nil, errors.New("has an impossible host")
	case u.User != nil:
		return nil, errors.New("must not hold a user or a password")
	case strings.Contains(raw, "#"):
		return nil, errors.New("must not end in a #fragment")
	}
	// A server may undo %2e, %2f and %5c, so they count as what they stand for. Some
	// undo them twice, and some drop what follows a semicolon.
	for segment := range strings.FieldsFuncSeq(u.Path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if segment, _, _ = strings.Cut(segment, ";"); segment == "." || segment == ".." {
			return nil, errors.New("must not hold . or .. in its path")
		}
	}
	escaped := strings.ToLower(u.EscapedPath())
	for _, sign := range []string{"%2f", "%5c", "%25"} {
		if strings.Contains(escaped, sign) {
			return nil, errors.New("must not hold an escaped slash or percent sign in its path")
		}
	}
	if u.Port() == "443" && u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// isOddNumber reports whether a browser reads a host as an IPv4 address that it is
// not written as, such as 2130706433 or 0x7f.1 (URL standard, "ends in a number
// checker").
func isOddNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	hex, isHex := strings.CutPrefix(last, "0x")
	if strings.Trim(last, "0123456789") != "" && (!isHex || strings.Trim(hex, "0123456789abcdef") != "") {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err != nil
}

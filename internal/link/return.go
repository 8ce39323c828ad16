package link

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Check reports why an address cannot be a page of an app: it must be absolute,
// https (or http on a loopback host, for development), with an ASCII host (an
// international name is written in Punycode), and without user, fragment,
// backslash or dot segments.
func Check(raw string) error {
	_, err := parse(raw)
	return err
}

// Returns decides whether a visitor may be sent to raw: its scheme, host and
// port must equal those of an allowed address, and its path must lie below the
// allowed path, segment by segment. It returns the address in the form that
// was checked, so that a browser cannot read it differently.
func Returns(allowed []string, raw string) (string, bool) {
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

// below reports whether path is base or lies below it.
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
			return nil, errors.New("holds a blank, a backslash or a character outside ASCII; escape it, and write an international host in Punycode")
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
	case strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-:") != "":
		return nil, errors.New("has an impossible host")
	case u.User != nil:
		return nil, errors.New("must not hold a user or a password")
	case strings.Contains(raw, "#"):
		return nil, errors.New("must not end in a #fragment")
	}
	// A server may undo %2e, %2f and %5c, so they count as what they stand for.
	for segment := range strings.FieldsFuncSeq(u.Path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if segment == "." || segment == ".." {
			return nil, errors.New("must not hold . or .. in its path")
		}
	}
	if escaped := strings.ToLower(u.EscapedPath()); strings.Contains(escaped, "%2f") || strings.Contains(escaped, "%5c") {
		return nil, errors.New("must not hold an escaped slash in its path")
	}
	if u.Port() == "443" && u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

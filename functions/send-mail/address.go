package main

import (
	"strings"

	"golang.org/x/net/idna"
)

// deliverable returns an address as SES takes it: SES has no SMTPUTF8, so the
// local part must be ASCII and the domain is written in Punycode (SES API v2
// reference, Destination). Whatever could be read as more than one address, or
// as more than an address, is refused: quotes, brackets, commas, spaces, line
// breaks.
func deliverable(address string) (string, error) {
	if address == "" {
		return "", errNoAddress
	}
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at > 64 || strings.Trim(address[:at], atomText) != "" {
		return "", errAddress
	}
	domain, err := domains.ToASCII(address[at+1:])
	if err != nil || !strings.Contains(domain, ".") || at+1+len(domain) > 254 {
		return "", errAddress
	}
	return address[:at+1] + domain, nil
}

// domains are those that DNS can hold (RFC 5891 and Unicode TS 46, for lookup).
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.VerifyDNSLength(true))

// atomText is what a local part without quotes is made of (RFC 5322, section
// 3.2.3).
const atomText = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~."

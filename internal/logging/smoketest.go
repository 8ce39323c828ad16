package logging

import "strings"

// What poolpost smoke makes its addresses of. SES's mailbox simulator delivers to nobody.
const (
	smokeLabel  = "+poolpost-"
	smokeDomain = "@simulator.amazonses.com"
	smokeToken  = 12 // hexadecimal digits
)

// SmokeAddress is an address for a smoke test: mailbox is success or bounce, and token 12
// lower-case hexadecimal digits.
func SmokeAddress(mailbox, token string) string { return mailbox + smokeLabel + token + smokeDomain }

// SmokeTest returns the token of the smoke test that has made an address up. It is empty for every
// other address, so it is fit for a log.
func SmokeTest(address string) string {
	local, ours := strings.CutSuffix(address, smokeDomain)
	_, token, labelled := strings.Cut(local, smokeLabel)
	if !ours || !labelled || len(token) != smokeToken || strings.Trim(token, "0123456789abcdef") != "" {
		return ""
	}
	return token
}

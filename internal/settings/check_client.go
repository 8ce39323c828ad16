package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var clientName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

const clientNames = "1 to 64 letters, digits, hyphens or underscores"

func (c checker) checkClients(s *Settings) {
	if len(s.Clients) == 0 {
		c.Report("clients", "is missing; write at least one app client with name and url")
	}
	var names, ids []string
	for i, client := range s.Clients {
		key := fmt.Sprintf("clients[%d]", i)
		c.checkClientName(key+".name", client.Name, names)
		c.identify(key, client.ID, client.Name, ids, names, clientName, clientNames)
		names, ids = append(names, client.Name), append(ids, client.StableID())
		if _, ok := s.Brand(client.Brand); !ok && len(s.Brands) > 0 && c.ReadOK("brands") {
			c.Report(key+".brand", "names no brand of this file: %q", client.Brand)
		}
		if !slices.Contains(s.Locales, client.Locale) && len(s.Locales) > 0 && c.ReadOK("locales") {
			c.Report(key+".locale", "is not among the locales of this file: %q", client.Locale)
		}
		c.checkPages(key, client)
		c.checkTokens(key, client)
	}
}

// checkTokens holds lifetimes against the limits of CreateUserPoolClient. Cognito refuses tokens that
// outlive the refresh token; a day is the least for that one here.
func (c checker) checkTokens(key string, client Client) {
	const day = 24 * 60
	c.within(key+".refreshTokenDays", client.RefreshTokenDays, 1, 3650, "")
	c.within(key+".accessTokenMinutes", client.AccessTokenMinutes, 5, day, "")
	c.within(key+".idTokenMinutes", client.IDTokenMinutes, 5, day, "")
	c.within(key+".refreshGraceSeconds", client.RefreshGraceSeconds, 0, 60, "")
	if client.RefreshGraceSeconds != 0 && !client.RotateRefreshTokens {
		c.Report(key+".refreshGraceSeconds", "is for refresh tokens that are replaced: add rotateRefreshTokens: true, or remove it")
	}
}

func (c checker) checkClientName(key, name string, earlier []string) {
	c.matches(key, name, clientName, clientNames)
	c.unique(key, name, earlier)
	i := slices.IndexFunc(earlier, func(other string) bool { return strings.EqualFold(name, other) })
	if i >= 0 && earlier[i] != name {
		c.Report(key, "differs from %q in capitals only, and some disks keep both as one folder; take another name", earlier[i])
	}
}

func (c checker) checkPages(key string, client Client) {
	if client.URL == "" {
		c.Report(key+".url", "is missing; write the app's address, such as https://app.example.com/")
	} else {
		c.page(key+".url", client.URL)
	}
	if client.SignInURL != client.URL {
		c.page(key+".signInUrl", client.SignInURL)
	}
	if client.AttributeURL != "" {
		c.page(key+".attributeUrl", client.AttributeURL)
	}
	if client.ResetURL != "" {
		c.page(key+".resetUrl", client.ResetURL)
	}
	for i, u := range client.ReturnURLs {
		c.page(fmt.Sprintf("%s.returnUrls[%d]", key, i), u)
	}
}

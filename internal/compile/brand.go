package compile

import (
	"strconv"
	"strings"

	"poolpost/internal/settings"
)

// A brandContext is what all messages and pages of one client in one locale share.
type brandContext struct {
	client   settings.Client
	locale   *Locale
	settings *settings.Settings
	brand    settings.Brand
	values   map[string]string // placeholders that are known at build time

	Lang      string // BCP 47
	Dir       string // ltr or rtl
	Start     string // where a line begins: left or right
	Color     string
	DarkColor string // Color where the reader's colours are dark
	Brand     string
	Logo      settings.Logo
}

func newBrandContext(s *settings.Settings, client settings.Client, l *Locale) *brandContext {
	brand, _ := s.Brand(client.Brand)
	start := "left"
	if l.Direction == "rtl" {
		start = "right"
	}
	return &brandContext{
		client: client, locale: l, settings: s, brand: brand,
		Lang: l.Tag, Dir: l.Direction, Start: start,
		Color: brand.Color, DarkColor: onDark(brand.Color), Brand: brand.DisplayName, Logo: brand.Logo,
		values: map[string]string{
			"brand":          brand.DisplayName,
			"support":        brand.Support,
			"postalAddress":  brand.PostalAddress,
			"passwordPolicy": passwordPolicy(l, s.Pool.PasswordPolicy),
		},
	}
}

// Imprint is who writes: the brand, with its postal address if there is one.
func (c *brandContext) Imprint() string {
	if c.brand.PostalAddress == "" {
		return c.Brand
	}
	return c.Brand + " · " + c.brand.PostalAddress
}

// Questions is where to ask.
func (c *brandContext) Questions() string {
	return c.locale.expand("questions", c.locale.Questions, c.values)
}

// Footer is both of these in one line.
func (c *brandContext) Footer() string { return c.Imprint() + " · " + c.Questions() }

// passwordPolicy is the policy in words.
func passwordPolicy(l *Locale, p settings.PasswordPolicy) string {
	words := l.PasswordPolicy
	parts := []string{strings.ReplaceAll(words.Length, "{minimum}", strconv.Itoa(p.MinimumLength))}
	parts = append(parts, required(p, words.Numbers, words.Lowercase, words.Uppercase, words.Symbols)...)
	return strings.Join(parts, words.Separator)
}

// required returns the texts of the character classes that the policy requires.
func required(p settings.PasswordPolicy, numbers, lowercase, uppercase, symbols string) (texts []string) {
	for _, class := range []struct {
		required bool
		text     string
	}{{p.RequireNumbers, numbers}, {p.RequireLowercase, lowercase}, {p.RequireUppercase, uppercase}, {p.RequireSymbols, symbols}} {
		if class.required {
			texts = append(texts, class.text)
		}
	}
	return texts
}

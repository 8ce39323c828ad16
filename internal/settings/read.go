package settings

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"poolpost/internal/yamlfile"
)

// Read reads and checks a settings file. An error of type yamlfile.Problems names
// every mistake in it.
func Read(file string) (*Settings, error) { return readFile(file, false) }

// ReadForDeployment is Read for what people get: an app without https, which may
// run on the developer's machine, is a mistake there.
func ReadForDeployment(file string) (*Settings, error) { return readFile(file, true) }

// Parse is Read for a text in memory; file is its name in messages.
func Parse(file string, text []byte) (*Settings, error) { return parseFile(file, text, false) }

func readFile(file string, deployed bool) (*Settings, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	return parseFile(file, text, deployed)
}

func parseFile(file string, text []byte, deployed bool) (*Settings, error) {
	s := Default()
	f, err := yamlfile.Read(file, "pool", text, s, defaultEntries...)
	if err != nil {
		return nil, err
	}
	complete(s)
	checker{File: f, deployed: deployed}.check(s)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// complete fills in what depends on other keys.
func complete(s *Settings) {
	_, domain, _ := strings.Cut(s.Mail.From.Address, "@")
	s.Mail.Identity = cmp.Or(s.Mail.Identity, strings.ToLower(domain))
	for i := range s.Brands {
		b := &s.Brands[i]
		b.DisplayName = cmp.Or(b.DisplayName, b.Name)
		b.From.Name = cmp.Or(b.From.Name, s.Mail.From.Name)
		b.From.Address = cmp.Or(b.From.Address, s.Mail.From.Address)
		b.ReplyTo = cmp.Or(b.ReplyTo, s.Mail.ReplyTo)
		b.Support = cmp.Or(b.Support, b.ReplyTo)
		if b.Logo.URL != "" {
			b.Logo.Width = cmp.Or(b.Logo.Width, 120)
			b.Logo.Alt = cmp.Or(b.Logo.Alt, b.DisplayName)
		}
	}
	for i := range s.Clients {
		c := &s.Clients[i]
		if len(s.Brands) > 0 {
			c.Brand = cmp.Or(c.Brand, s.Brands[0].Name)
		}
		if len(s.Locales) > 0 {
			c.Locale = cmp.Or(c.Locale, s.Locales[0])
		}
		c.SignInURL = cmp.Or(c.SignInURL, c.URL)
	}
	for _, list := range s.SignUp.domains() {
		for i, d := range list {
			list[i] = asciiDomain(d)
		}
	}
}

package settings

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"poolpost/internal/yamlfile"
)

// Read reads and checks a settings file. An error of type yamlfile.Problems names
// every mistake in it.
func Read(file string) (*Settings, error) {
	s, f, err := load(file)
	return checked(s, f, err, nil)
}

// ReadForDeployment is Read for what AWS gets in a stage. It also refuses a bad stage, what the
// local run has no use for, such as an unknown region, and an app without https, which may run on
// the developer's machine. The region is that of the stack, or empty if it is not known.
func ReadForDeployment(file, stage, region string) (*Settings, error) {
	invalid := checkStage(stage)
	to := &target{stage, region}
	if invalid != nil {
		to.stage = "prod" // what can be checked in any stage is
	}
	s, f, err := load(file)
	s, err = checked(s, f, err, to)
	if invalid != nil {
		return nil, errors.Join(invalid, err)
	}
	return s, err
}

// Parse is Read for a text in memory; file is its name in messages.
func Parse(file string, text []byte) (*Settings, error) {
	s, f, err := decode(file, text)
	return checked(s, f, err, nil)
}

func load(file string) (*Settings, *yamlfile.File, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("read settings: %w", err)
	}
	return decode(file, text)
}

func decode(file string, text []byte) (*Settings, *yamlfile.File, error) {
	s := Default()
	f, err := yamlfile.Read(file, "pool", text, s, defaultEntries...)
	if err != nil {
		return nil, nil, err
	}
	complete(s)
	if f.Has("hooks") {
		s.Hooks.Bus = cmp.Or(s.Hooks.Bus, DefaultBus)
	}
	if s.Pool.Exists() { // only what the file says of it
		if !f.Has("identityPool") {
			s.IdentityPool = IdentityPool{}
		}
		if !f.Has("pool.attributes") {
			s.Pool.Attributes = nil
		}
	}
	return s, f, nil
}

// checked are settings that were read without an error and have no mistake.
func checked(s *Settings, f *yamlfile.File, err error, to *target) (*Settings, error) {
	if err != nil {
		return nil, err
	}
	checker{File: f, target: to}.check(s)
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
			c.Brand = cmp.Or(c.Brand, s.Brands[0].StableID())
		}
		if len(s.Locales) > 0 {
			c.Locale = cmp.Or(c.Locale, s.Locales[0])
		}
		c.SignInURL = cmp.Or(c.SignInURL, c.URL)
	}
	completeCaptcha(&s.SignUp.Captcha)
	for _, list := range s.SignUp.domains() {
		for i, d := range list {
			list[i] = asciiDomain(d)
		}
	}
}

package bundle

import (
	"cmp"
	"encoding/json"
	"net/mail"

	"poolpost/internal/config"
	"poolpost/internal/settings"
)

// Config is the file config.File of a function: its part of the settings.
func (f Function) Config(s *settings.Settings) []byte { return encode(f.config(s)) }

// encode is a function's settings or sentences as a JSON file; none has anything that
// does not encode.
func encode(v any) []byte {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

func clientNames(s *settings.Settings) []string {
	var names []string
	for _, c := range s.Clients {
		names = append(names, c.Name)
	}
	return names
}

// attributeKeys are attributes by their names in Cognito.
func attributeKeys(s *settings.Settings, names []string) []string {
	var keys []string
	for _, name := range names {
		keys = append(keys, s.AttributeKey(name))
	}
	return keys
}

func attributeRules(s *settings.Settings) []config.AttributeRule {
	var list []config.AttributeRule
	for _, r := range s.SignUp.Attributes {
		label := map[string]string{}
		for _, tag := range s.Locales {
			label[tag] = cmp.Or(r.Label[tag], r.Name)
		}
		r.Key, r.Label, r.ASCIIPattern = s.AttributeKey(r.Name), label, asciiPattern(r.Pattern)
		list = append(list, r)
	}
	return list
}

// captcha is that of the settings, with the hosts that it holds for.
func captcha(s *settings.Settings) config.Captcha {
	c := s.SignUp.Captcha
	if !s.SignUp.UsesAltcha() { // which knows no hosts
		c.Hosts = s.CaptchaHosts()
	}
	return c
}

// senders are the senders of the clients' brands, by the names of the clients. SES
// forwards bounces and complaints to the Reply-To address, which people read, if
// mail.identity covers it: SES accepts no other.
func senders(s *settings.Settings) map[string]config.Sender {
	all := map[string]config.Sender{}
	for _, c := range s.Clients {
		brand, _ := s.Brand(c.Brand)
		sender := config.Sender{From: From(brand.From), ReplyTo: brand.ReplyTo}
		if s.Mail.CoveredByIdentity(brand.ReplyTo) {
			sender.BouncesTo = brand.ReplyTo
		}
		all[c.Name] = sender
	}
	return all
}

// From is the sender for a header: a name in ASCII is in quotes, another
// one is an encoded word without (RFC 2047, section 5). An address without a
// name is alone.
func From(a settings.Address) string {
	if a.Name == "" {
		return a.Address
	}
	return (&mail.Address{Name: a.Name, Address: a.Address}).String()
}

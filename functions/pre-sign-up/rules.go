package main

import (
	"cmp"
	"fmt"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"poolpost/internal/cognito"
	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

// Codes of refusals. They are stable: front ends decide by them.
const (
	emailMissing      = "EMAIL_MISSING"
	emailInvalid      = "EMAIL_INVALID"
	domainNotAllowed  = "EMAIL_DOMAIN_NOT_ALLOWED"
	attributeMissing  = "ATTRIBUTE_MISSING"
	attributeTooShort = "ATTRIBUTE_TOO_SHORT"
	attributeTooLong  = "ATTRIBUTE_TOO_LONG"
	attributeInvalid  = "ATTRIBUTE_INVALID"
	tryAgain          = "TRY_AGAIN"
)

// A refusal tells the person why the sign-up is not accepted. Its text holds
// nothing that came from the event.
type refusal struct{ code, sentence string }

func (r *refusal) Error() string { return r.code + ": " + r.sentence }

// rules are the rules of the settings, ready to be asked.
type rules struct {
	config   config.PreSignUp
	patterns []*regexp.Regexp // of config.Attributes, nil where there is none
}

func newRules(c config.PreSignUp) (*rules, error) {
	if len(c.Locales) == 0 {
		return nil, logging.Safe("the settings name no locale")
	}
	r := &rules{config: c, patterns: make([]*regexp.Regexp, len(c.Attributes))}
	for i, a := range c.Attributes {
		if a.Pattern == "" {
			continue
		}
		pattern, err := config.WholeValue(a.Pattern)
		if err != nil {
			return nil, fmt.Errorf("compile pattern of %s: %w", a.Key, err)
		}
		r.patterns[i] = pattern
	}
	return r, nil
}

// locale is the one to refuse in.
func (r *rules) locale(event *cognito.Event) string {
	return message.Lookup(r.config.Locales, r.config.Locales[0], event.ClientMetadata["locale"], event.UserAttributes["locale"])
}

// refuse makes a refusal. replacements are pairs of placeholder and value, as
// for strings.NewReplacer. It works on rules that could not be read as well.
func (r *rules) refuse(code, locale string, replacements ...string) *refusal {
	sentence := "Something went wrong on our side, please try again in a moment"
	if r != nil {
		sentence = cmp.Or(r.config.Refusals[cmp.Or(locale, r.config.Locales[0])][code], sentence)
	}
	return &refusal{code, strings.NewReplacer(replacements...).Replace(sentence)}
}

// email decides by the address.
func (r *rules) email(address, locale string) *refusal {
	if strings.TrimSpace(address) == "" {
		return r.refuse(emailMissing, locale)
	}
	domain, ok := domainOf(address)
	if !ok {
		return r.refuse(emailInvalid, locale)
	}
	if len(r.config.AllowedDomains) > 0 && !inDomains(domain, r.config.AllowedDomains) || inDomains(domain, r.config.DeniedDomains) {
		return r.refuse(domainNotAllowed, locale)
	}
	return nil
}

// domainOf returns the domain of an address that SES can send to, in lower
// case: a dot-atom of up to 64 ASCII characters before the @ (RFC 5321, section
// 4.5.3.1.1; SES knows no SMTPUTF8) and a host name of at least two labels
// behind it. Quoted local parts and IP literals are not accepted.
func domainOf(address string) (string, bool) {
	if len(address) > 254 || strings.ContainsFunc(address, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return "", false
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || strings.ContainsAny(address, `"<>()[]\,;:`) {
		return "", false
	}
	local, domain, _ := strings.Cut(address, "@") // one @ only: quotes are gone
	if len(local) > 64 || !hostName.MatchString(domain) {
		return "", false
	}
	return strings.ToLower(domain), true
}

// hostName is two or more labels of a domain name (RFC 1123, section 2.1), the
// last one not all digits.
var hostName = regexp.MustCompile(`^(?i)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z][a-z0-9-]{0,61}[a-z0-9])$`)

// inDomains reports whether a domain is among the listed ones: "example.com" is
// itself, "*.example.com" is everything below it.
func inDomains(domain string, list []string) bool {
	for _, entry := range list {
		if below, ok := strings.CutPrefix(entry, "*"); ok {
			if strings.HasSuffix(domain, below) {
				return true
			}
		} else if domain == entry {
			return true
		}
	}
	return false
}

// attributes decides by the attributes, in the order of the settings.
func (r *rules) attributes(values map[string]string, locale string) *refusal {
	for i, rule := range r.config.Attributes {
		value := values[rule.Key]
		label := rule.Label[locale]
		length := utf8.RuneCountInString(value)
		switch {
		case rule.Required && strings.TrimSpace(value) == "":
			return r.refuse(attributeMissing, locale, "{attribute}", label)
		case value == "":
		case rule.MinLength > 0 && length < rule.MinLength:
			return r.refuse(attributeTooShort, locale, "{attribute}", label, "{minimum}", strconv.Itoa(rule.MinLength))
		case rule.MaxLength > 0 && length > rule.MaxLength:
			return r.refuse(attributeTooLong, locale, "{attribute}", label, "{maximum}", strconv.Itoa(rule.MaxLength))
		case r.patterns[i] != nil && !r.patterns[i].MatchString(value):
			return r.refuse(attributeInvalid, locale, "{attribute}", label)
		}
	}
	return nil
}

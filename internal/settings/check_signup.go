package settings

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"poolpost/internal/config"
)

func (c checker) checkSignUp(s *Settings) {
	c.checkDomains(s.SignUp)
	c.checkProviders(s.SignUp.ExternalProviders)
	c.checkCaptcha(s)
	c.checkHook(s)
	c.checkForget(s.SignUp)
	var names []string
	for i, rule := range s.SignUp.Attributes {
		key := fmt.Sprintf("signUp.attributes[%d]", i)
		c.attribute(key+".name", rule.Name, s)
		c.unique(key+".name", rule.Name, names)
		names = append(names, rule.Name)
		c.checkLabels(key+".label", rule.Label, s.Locales)
		c.checkRule(key, rule)
	}
}

func (c checker) checkDomains(signUp SignUp) {
	lists := signUp.domains()
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		for i, d := range lists[key] {
			domain := strings.TrimPrefix(d, "*.")
			if _, err := idna.Lookup.ToASCII(domain); err != nil || !domainName.MatchString(domain) {
				c.Report(fmt.Sprintf("signUp.%s[%d]", key, i), "must be a domain such as example.com, or *.example.com for all below it, not %q", d)
			}
		}
	}
	if a := signUp.AutoConfirm; a.VerifyEmail && len(a.Domains) == 0 && c.ReadOK("signUp.autoConfirm.domains") {
		c.Report("signUp.autoConfirm.verifyEmail", "needs signUp.autoConfirm.domains: an address is verified without an email only where it is confirmed without one")
	}
}

func (c checker) checkLabels(key string, labels map[string]string, locales []string) {
	for _, tag := range slices.Sorted(maps.Keys(labels)) {
		c.locale(key+"."+tag, tag, locales)
		c.line(key+"."+tag, labels[tag], 60)
	}
}

func (c checker) checkRule(key string, rule config.AttributeRule) {
	_, err := regexp.Compile(rule.Pattern)
	if err == nil {
		_, err = regexp.Compile(config.AnchorPattern(rule.Pattern))
	}
	if err != nil {
		c.Report(key+".pattern", "is no regular expression (RE2 syntax): %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	if rule.MinLength < 0 || rule.MaxLength < 0 || rule.MaxLength > 0 && rule.MinLength > rule.MaxLength {
		c.Report(key, "must have 0 <= minLength <= maxLength; a maxLength of 0 is no bound")
	}
	for j, word := range rule.ForbiddenWords {
		if !strings.ContainsFunc(word, unicode.IsLetter) {
			c.Report(fmt.Sprintf("%s.forbiddenWords[%d]", key, j), "must be one or more words, not %q", word)
		}
	}
	for j, value := range rule.AllowedValues {
		entry := fmt.Sprintf("%s.allowedValues[%d]", key, j)
		if value == "" {
			c.Report(entry, "must not be empty; an attribute that is not required may be left out anyway")
		}
		c.unique(entry, value, rule.AllowedValues[:j])
	}
}

// checkProviders checks the names against Cognito's ProviderNameType, and the two
// lists against each other.
func (c checker) checkProviders(p config.ExternalProviders) {
	const key = "signUp.externalProviders"
	c.oneOf(key+".policy", p.Policy, config.AcceptProviders, config.RefuseProviders, config.LinkProviders)
	if len(p.Trusted) > 0 != (p.Policy == config.LinkProviders) && c.ReadOK(key) {
		c.Report(key+".trusted", "belongs to the policy link: write both, with the providers that you trust to verify addresses, such as Google, or neither")
	}
	if p.LinkReplacesPassword && p.Policy != config.LinkProviders && c.ReadOK(key) {
		c.Report(key+".linkReplacesPassword", "belongs to the policy link: write policy: link with the providers that you trust, or leave it out")
	}
	for i, name := range p.Trusted {
		entry := fmt.Sprintf("%s.trusted[%d]", key, i)
		if !isProviderName(name) {
			c.Report(entry, "must be the name of a provider as in Cognito, such as Facebook, not %q", name)
		}
		c.unique(entry, name, p.Trusted[:i])
	}
	for i, name := range p.AssumeVerified {
		if !slices.Contains(p.Trusted, name) && c.ReadOK(key+".trusted") {
			c.Report(fmt.Sprintf("%s.assumeVerified[%d]", key, i), "is not in %s.trusted: %q", key, name)
		}
	}
}

// isProviderName reports whether a name matches Cognito's ProviderNameType:
// [^_\s][\p{L}\p{M}\p{S}\p{N}\p{P}]{0,30}[^_\s], at least two characters.
func isProviderName(name string) bool {
	return isName(name, 32) && utf8.RuneCountInString(name) > 1 && name == strings.Trim(name, "_")
}

// functionName is a name or an ARN that Lambda's Invoke takes, with an optional alias or version.
var functionName = regexp.MustCompile(`^(arn:aws[a-z-]*:lambda:([a-z0-9-]+):[0-9]{12}:function:)?[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]{1,128})?$`)

const waits = " milliseconds, since Cognito waits 5 seconds for everything together"

func (c checker) checkHook(s *Settings) {
	const key = "signUp.hook"
	h := s.SignUp.Hook
	c.oneOf(key+".onFailure", h.OnFailure, config.RefuseOnFailure, config.AcceptOnFailure)
	c.within(key+".timeoutMs", h.TimeoutMS, 100, config.MaxTimeoutMS, waits)
	if h.Function == "" {
		if h != defaultHook && c.ReadOK(key) {
			c.Report(key+".function", "is missing; write the name or the ARN of your Lambda function, such as sign-up-hook, or remove signUp.hook")
		}
		return
	}
	parts := functionName.FindStringSubmatch(h.Function)
	switch {
	case parts == nil:
		c.Report(key+".function", "must be the name or the ARN of a Lambda function, with or without an alias, such as sign-up-hook or sign-up-hook:live, not %q", h.Function)
	case parts[2] != "" && parts[2] != s.Pool.Region && c.ReadOK("pool.region"):
		c.Report(key+".function", "is in %s, and must be in the region of the pool, %s", parts[2], s.Pool.Region)
	}
}

// checkForget checks that a person has time to confirm: a link works for a day, and another one can
// be sent.
func (c checker) checkForget(s SignUp) {
	const days, percent = "signUp.forgetAfterDays", "signUp.forgetAtMostPercent"
	if s.ForgetAfterDays != 0 {
		c.within(days, s.ForgetAfterDays, 2, 3650, " days, as a link to confirm works for one; leave it out to keep these accounts")
		c.within(percent, s.ForgetAtMostPercent, 1, 100, " percent of the pool's users")
		return
	}
	switch d := Default().SignUp; {
	case !c.ReadOK(days): // then it is not missing
	case s.ForgetDryRun != d.ForgetDryRun:
		c.Report("signUp.forgetDryRun", "needs %s: without it, no account is deleted", days)
	case s.ForgetAtMostPercent != d.ForgetAtMostPercent:
		c.Report(percent, "needs %s: without it, no account is deleted", days)
	}
}

// domains are the lists of domains, by their keys below signUp.
func (s *SignUp) domains() map[string][]string {
	return map[string][]string{
		"email.allowedDomains": s.Email.AllowedDomains,
		"email.deniedDomains":  s.Email.DeniedDomains,
		"autoConfirm.domains":  s.AutoConfirm.Domains,
	}
}

// asciiDomain is a domain in lower case and Punycode, as addresses are compared
// (RFC 5891); one that has no such form stays as it is.
func asciiDomain(d string) string {
	rest, below := strings.CutPrefix(d, "*.")
	ascii, err := idna.Lookup.ToASCII(rest)
	switch {
	case err != nil:
		return d
	case below:
		return "*." + ascii
	}
	return ascii
}

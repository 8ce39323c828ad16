package settings

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"poolpost/internal/config"
)

// captchaKeys are the keys that belong to some providers only.
var captchaKeys = []struct {
	name      string
	providers []string
}{
	{"siteKey", []string{config.Turnstile, config.HCaptcha, config.Recaptcha}},
	{"secret", []string{config.Turnstile, config.HCaptcha, config.Recaptcha}},
	{"hosts", []string{config.Turnstile, config.HCaptcha, config.Recaptcha}},
	{"action", []string{config.Turnstile, config.Recaptcha}},
	{"minScore", []string{config.Recaptcha}},
	{"difficulty", []string{config.Altcha}},
	{"expiryMinutes", []string{config.Altcha}},
}

var (
	siteKey = regexp.MustCompile(`^[A-Za-z0-9_-]{10,100}$`)
	// Turnstile takes letters, digits, hyphens and underscores, 32 characters at most; reCAPTCHA
	// takes letters, digits, slashes and underscores. These are what both take.
	captchaAction = regexp.MustCompile(`^[A-Za-z0-9_]{1,32}$`)
)

func (c checker) checkCaptcha(s *Settings) {
	const key = "signUp.captcha"
	set := s.SignUp.Captcha
	if set.Provider == "" {
		if c.Has(key) && c.ReadOK(key) {
			c.Report(key+".provider", "is missing; write turnstile, altcha, hcaptcha or recaptcha, or remove signUp.captcha")
		}
		return
	}
	if !c.oneOf(key+".provider", set.Provider, config.Turnstile, config.Altcha, config.HCaptcha, config.Recaptcha) {
		return
	}
	for _, k := range captchaKeys {
		if !slices.Contains(k.providers, set.Provider) && c.Has(key+"."+k.name) {
			c.Report(key+"."+k.name, "is for %s only; remove it", strings.Join(k.providers, ", "))
		}
	}
	c.oneOf(key+".onFailure", set.OnFailure, config.RefuseOnFailure, config.AcceptOnFailure)
	c.within(key+".timeoutMs", set.TimeoutMS, 100, config.MaxTimeoutMS, waits)
	if sum := set.TimeoutMS + s.SignUp.Hook.TimeoutMS; s.SignUp.UsesHook() && sum > config.MaxTimeoutMS && c.ReadOK("signUp") {
		c.Report(key+".timeoutMs", "must be %d milliseconds at most together with signUp.hook.timeoutMs, since Cognito waits 5 seconds for everything, not %d", config.MaxTimeoutMS, sum)
	}
	if set.Provider == config.Altcha {
		c.within(key+".difficulty", set.Difficulty, 1, 100_000, " derived keys")
		c.within(key+".expiryMinutes", set.ExpiryMinutes, 1, 60, "")
		return
	}
	if set.SiteKey == "" {
		c.Report(key+".siteKey", "is missing; write the public key that %s has given your site, which front ends need", set.Provider)
	} else {
		c.matches(key+".siteKey", set.SiteKey, siteKey, "the public key of your site, 10 to 100 letters, digits, hyphens or underscores")
	}
	if set.Secret == "" {
		c.Report(key+".secret", "is missing; write the name of a secret in AWS Secrets Manager that holds the secret key of %s", set.Provider)
	} else {
		c.secret(key+".secret", set.Secret, s.Pool.Region, "myapp/captcha")
	}
	for i, host := range set.Hosts {
		entry := fmt.Sprintf("%s.hosts[%d]", key, i)
		if host != "localhost" {
			c.matches(entry, host, domainName, "the host name of your app, such as app.example.com")
		}
		c.unique(entry, host, set.Hosts[:i])
	}
	if set.Provider == config.Recaptcha {
		c.within(key+".minScore", set.MinScore, 0, 100, " percent")
		if set.MinScore == 0 && c.Has(key+".action") && c.ReadOK(key) {
			c.Report(key+".action", "is for reCAPTCHA v3 only, which needs %s.minScore, such as 50", key)
		}
	}
	if set.Action != "" {
		c.matches(key+".action", set.Action, captchaAction, "1 to 32 letters, digits or underscores")
	}
}

// completeCaptcha fills in the action, where the provider has them.
func completeCaptcha(c *config.Captcha) {
	if c.Action == "" && (c.Provider == config.Turnstile || c.Provider == config.Recaptcha && c.MinScore > 0) {
		c.Action = "signup"
	}
}

// Origins are those of the clients' addresses, each once.
func (s *Settings) Origins() []string {
	var all []string
	for _, u := range s.addresses() {
		all = append(all, u.Scheme+"://"+u.Host)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// CaptchaHosts are the hosts of the pages that people may solve a captcha on.
func (s *Settings) CaptchaHosts() []string {
	if len(s.SignUp.Captcha.Hosts) > 0 {
		return s.SignUp.Captcha.Hosts
	}
	var all []string
	for _, u := range s.addresses() {
		all = append(all, strings.ToLower(u.Hostname()))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// addresses are those of the clients.
func (s *Settings) addresses() []*url.URL {
	var all []*url.URL
	for _, c := range s.Clients {
		for _, address := range append([]string{c.URL, c.SignInURL, c.AttributeURL, c.ResetURL}, c.ReturnURLs...) {
			if u, err := url.Parse(address); err == nil && address != "" {
				all = append(all, u)
			}
		}
	}
	return all
}

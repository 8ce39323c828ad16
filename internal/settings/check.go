package settings

import (
	"cmp"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"poolpost/internal/link"
	"poolpost/internal/yamlfile"
)

// A checker checks the values of a file against what AWS accepts and what the suite
// needs, and reports what is wrong at the keys of the file.
type checker struct {
	*yamlfile.File
	target *target // nil if the settings are for this machine only
}

func (c checker) check(s *Settings) {
	c.checkPool(s.Pool)
	c.checkExisting(s)
	c.checkMail(s)
	c.checkLinks(s)
	c.checkSignIn(s.SignIn, s.Pool.Region)
	if s.Alarms.Email != "" {
		c.address("alarms.email", s.Alarms.Email)
	}
	if s.Alarms.Runbooks != "" {
		c.url("alarms.runbooks", s.Alarms.Runbooks) // without a fragment, which each alarm adds
	}
	c.checkLocales(s.Locales)
	c.checkBrands(s)
	c.checkClients(s)
	c.checkSignUp(s)
	c.checkGroups(s.Groups)
	c.checkHooks(s)
	if id := s.IdentityPool.FacebookAppID; id != "" {
		c.matches("identityPool.facebookAppId", id, digits, "the number of a Facebook app")
	}
	if c.target != nil {
		c.checkNames(s)
	}
}

var (
	domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)
	localeTag  = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$`)
	digits     = regexp.MustCompile(`^[0-9]{5,20}$`)
)

func (c checker) checkLocales(locales []string) {
	if len(locales) == 0 {
		c.Report("locales", "must name at least one locale, such as en")
	}
	for i, tag := range locales {
		key := fmt.Sprintf("locales[%d]", i)
		c.matches(key, tag, localeTag, "a language tag, such as en, pt-BR or zh-Hans")
		c.unique(key, tag, locales[:i])
	}
}

// isName reports whether a name has 1 to most characters of the pattern
// [\p{L}\p{M}\p{S}\p{N}\p{P}]+, which Cognito has for names of several things.
// Go takes milliseconds to compile that as a regular expression with such counts.
func isName(name string, most int) bool {
	n := utf8.RuneCountInString(name)
	return 0 < n && n <= most && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P)
	})
}

// matches reports a value that is not what a pattern describes, and returns whether it is.
func (c checker) matches(key, value string, pattern *regexp.Regexp, what string) bool {
	ok := pattern.MatchString(value)
	if !ok {
		c.Report(key, "must be %s, not %q", what, value)
	}
	return ok
}

// within reports a number that is out of bounds.
func (c checker) within(key string, n, least, most int, unit string) {
	if n < least || n > most {
		c.Report(key, "must be %d to %d%s, not %d", least, most, unit, n)
	}
}

// oneOf reports a value that is not among those known, and returns whether it is.
func (c checker) oneOf(key, value string, known ...string) bool {
	ok := slices.Contains(known, value)
	if !ok {
		c.Report(key, "must be one of %s, not %q", strings.Join(known, ", "), value)
	}
	return ok
}

func (c checker) unique(key, value string, earlier []string) {
	if value != "" && slices.Contains(earlier, value) {
		c.Report(key, "appears twice: %q", value)
	}
}

// identify checks the id of an entry that has one beside its name. An entry without one has its
// name as its id.
func (c checker) identify(key, id, name string, ids, names []string, pattern *regexp.Regexp, what string) {
	if id != "" {
		c.matches(key+".id", id, pattern, what)
	}
	if slices.Contains(ids, cmp.Or(id, name)) && !slices.Contains(names, name) { // one name twice is reported as such
		c.Report(key+".id", "is the id of an earlier entry, or its name: %q; take another one", cmp.Or(id, name))
	}
}

// locale reports a text for a locale that the file does not have.
func (c checker) locale(key, tag string, locales []string) {
	if !slices.Contains(locales, tag) && c.ReadOK("locales") {
		c.Report(key, "is for a locale that this file does not have; remove it, or add the locale to locales")
	}
}

// standardAttributes are the OpenID Connect attributes of every user pool.
var standardAttributes = []string{
	"address", "birthdate", "email", "family_name", "gender", "given_name", "locale", "middle_name", "name",
	"nickname", "phone_number", "picture", "preferred_username", "profile", "updated_at", "website", "zoneinfo",
}

// cognitosAttributes are those that every pool also has, but nobody writes at sign-up. Taken for
// custom ones, either kind is dropped without a word, and the app clients fail
// (https://github.com/aws/aws-cdk/issues/31593).
var cognitosAttributes = []string{"sub", "email_verified", "phone_number_verified", "identities"}

// IsStandardAttribute reports whether every user pool has an attribute of this name.
func IsStandardAttribute(name string) bool {
	return slices.Contains(standardAttributes, name) || slices.Contains(cognitosAttributes, name)
}

// attribute accepts the short name of a custom attribute or a standard one.
func (c checker) attribute(key, name string, s *Settings) {
	if !s.HasAttribute(name) && c.ReadOK("pool.attributes") {
		c.Report(key, "is neither in pool.attributes nor a standard attribute: %q", name)
	}
}

func (c checker) url(key, value string) {
	if err := link.CheckURL(value); err != nil {
		c.Report(key, "%s", err)
	}
}

// page accepts an address of an app.
func (c checker) page(key, value string) {
	c.url(key, value)
	if u, err := url.Parse(value); err == nil && c.target != nil && u.Scheme == "http" && link.CheckURL(value) == nil {
		c.Report(key, "must begin with https://: an app on this machine is for the local run only")
	}
}

// address accepts what SES can send to and from, a bare ASCII address, and
// reports whether it did.
func (c checker) address(key, value string) bool {
	a, err := mail.ParseAddress(value)
	if err != nil || a.Address != value || strings.ContainsFunc(value, func(c rune) bool { return c > unicode.MaxASCII }) {
		c.Report(key, "must be a plain email address, such as support@example.com, not %q", value)
		return false
	}
	return true
}

// senderName accepts what can stand before an address, in Cognito's From too.
func (c checker) senderName(key, value string) {
	if strings.ContainsFunc(value, unicode.IsControl) || strings.ContainsAny(value, `<>"`) || utf8.RuneCountInString(value) > 64 {
		c.Report(key, "must be up to 64 characters on one line, without <, > and quotes")
	}
}

// line accepts what can stand in a mail as one line of text.
func (c checker) line(key, value string, limit int) {
	if strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) }) || utf8.RuneCountInString(value) > limit {
		c.Report(key, "must be one line of up to %d printable characters", limit)
	}
	if strings.ContainsAny(value, "{}") {
		c.Report(key, "must not hold { or }: Cognito looks for its placeholders there")
	}
}

package settings

import (
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"poolpost/internal/config"
	"poolpost/internal/link"
	"poolpost/internal/message"
)

var (
	// poolName is Cognito's pattern for names of pools, clients and groups:
	// UserPoolNameType, ClientNameType; GroupNameType is wider.
	poolName       = regexp.MustCompile(`^[\w\s+=,.@-]{1,128}$`)
	groupName      = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$`)
	attributeName  = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,20}$`)
	regionName     = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	domainName     = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)
	brandName      = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	clientName     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	localeTag      = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$`)
	hexColor       = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
	zoneID         = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
	certificateARN = regexp.MustCompile(`^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$`)
	domainPrefix   = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
	providerName   = regexp.MustCompile(`^[^_\s][\p{L}\p{M}\p{S}\p{N}\p{P}]{0,30}[^_\s]$`)
	digits         = regexp.MustCompile(`^[0-9]{5,20}$`)
)

// maxDisplayName keeps a text message within 140 characters.
const maxDisplayName = 30

// standardAttributes are the OpenID Connect attributes of every user pool.
var standardAttributes = []string{
	"address", "birthdate", "email", "family_name", "gender", "given_name", "locale", "middle_name", "name",
	"nickname", "phone_number", "picture", "preferred_username", "profile", "updated_at", "website", "zoneinfo",
}

// check holds the values against what AWS accepts and what the suite needs.
func (r *reader) check(s *Settings) {
	r.checkPool(s.Pool)
	r.checkMail(s)
	r.checkLinks(s.Links)
	r.checkSignIn(s.SignIn)
	if s.Alarms.Email != "" {
		r.address("alarms.email", s.Alarms.Email)
	}
	if len(s.Locales) == 0 {
		r.problem("locales", "must name at least one locale, such as en")
	}
	for i, tag := range s.Locales {
		key := fmt.Sprintf("locales[%d]", i)
		if !localeTag.MatchString(tag) {
			r.problem(key, "must be a language tag, such as en, pt-BR or zh-Hans, not %q", tag)
		}
		r.unique(key, tag, s.Locales[:i])
	}
	r.checkBrands(s)
	r.checkClients(s)
	r.checkSignUp(s)
	for i, name := range s.Groups {
		key := fmt.Sprintf("groups[%d]", i)
		if !groupName.MatchString(name) {
			r.problem(key, "must be 1 to 128 characters without blanks, not %q", name)
		}
		r.unique(key, name, s.Groups[:i])
	}
	if id := s.IdentityPool.FacebookAppID; id != "" && !digits.MatchString(id) {
		r.problem("identityPool.facebookAppId", "must be the number of a Facebook app, not %q", id)
	}
}

func (r *reader) checkPool(p Pool) {
	if !poolName.MatchString(p.Name) {
		r.problem("pool.name", "must be 1 to 128 letters, digits, blanks or any of _+=,.@-, not %q", p.Name)
	}
	if p.Region == "" {
		r.problem("pool.region", "is missing; write an AWS region, such as eu-central-1")
	} else if !regionName.MatchString(p.Region) {
		r.problem("pool.region", "must be an AWS region, such as eu-central-1, not %q", p.Region)
	}
	for _, tag := range slices.Sorted(maps.Keys(p.Tags)) {
		length, valueLength := utf8.RuneCountInString(tag), utf8.RuneCountInString(p.Tags[tag])
		if length < 1 || length > 128 || strings.HasPrefix(strings.ToLower(tag), "aws:") || valueLength > 256 {
			r.problem("pool.tags."+tag, "must be 1 to 128 characters that do not begin with aws:, with a value of up to 256")
		}
	}
	if len(p.Attributes) > 50 {
		r.problem("pool.attributes", "has %d entries; Cognito takes 50 custom attributes at most", len(p.Attributes))
	}
	var names []string
	for i, a := range p.Attributes {
		key := fmt.Sprintf("pool.attributes[%d]", i)
		switch {
		case strings.HasPrefix(a.Name, "custom:"):
			r.problem(key+".name", "is written without the prefix custom:")
		case !attributeName.MatchString(a.Name):
			r.problem(key+".name", "must be 1 to 20 characters without blanks, not %q", a.Name)
		}
		r.unique(key+".name", a.Name, names)
		names = append(names, a.Name)
		if a.MinLength < 0 || a.MaxLength > maxAttributeLength || a.MinLength > a.MaxLength {
			r.problem(key, "must have 0 <= minLength <= maxLength <= 2048")
		}
	}
	if n := p.PasswordPolicy.MinimumLength; n < 6 || n > 99 {
		r.problem("pool.passwordPolicy.minimumLength", "must be 6 to 99, not %d", n)
	}
	if n := p.PasswordPolicy.TemporaryPasswordDays; n < 1 || n > 365 {
		r.problem("pool.passwordPolicy.temporaryPasswordDays", "must be 1 to 365, not %d", n)
	}
	r.oneOf("pool.devices", p.Devices, "always", "on-prompt", "off")
	r.oneOf("pool.mfa", p.MFA, "off", "optional", "required")
}

func (r *reader) checkMail(s *Settings) {
	m := s.Mail
	if m.From.Address == "" {
		r.problem("mail.from.address", "is missing; write the sender's address, such as no-reply@example.com")
	} else {
		r.address("mail.from.address", m.From.Address)
	}
	r.senderName("mail.from.name", m.From.Name)
	if m.ReplyTo != "" {
		r.address("mail.replyTo", m.ReplyTo)
	}
	r.oneOf("mail.delivery", m.Delivery, DeliveryCognito, DeliverySES)
	r.checkIdentity(m)
	for i, name := range m.NameAttributes {
		r.attribute(fmt.Sprintf("mail.nameAttributes[%d]", i), name, s)
	}
}

func (r *reader) checkIdentity(m Mail) {
	if m.From.Address != "" && !m.CoveredByIdentity(m.From.Address) {
		r.problem("mail.identity", "must be %s, the sender's address, or its domain, not %q: SES sends only for what it has verified", m.From.Address, m.Identity)
	}
	r.zone("mail.hostedZone", m.HostedZone, m.Identity)
	if m.Rate < 1 || m.Rate > 10000 {
		r.problem("mail.rate", "must be 1 to 10000 mails a second, not %d", m.Rate)
	}
}

func (r *reader) checkLinks(l Links) {
	if l.Host != "" && !domainName.MatchString(l.Host) {
		r.problem("links.host", "must be a host name in lower case, such as links.example.com, not %q", l.Host)
	}
	if l.Host == "" && l.HostedZone != (HostedZone{}) {
		r.problem("links.host", "is missing; write the host name that links.hostedZone gets a record of, such as links.example.com")
	}
	r.zone("links.hostedZone", l.HostedZone, l.Host)
	if l.CertificateARN != "" && !certificateARN.MatchString(l.CertificateARN) {
		r.problem("links.certificateArn", "must be the ARN of a certificate, such as arn:aws:acm:eu-central-1:123456789012:certificate/sample, not %q", l.CertificateARN)
	}
}

// zone accepts no hosted zone, or one that can hold records of a name. That a
// name is missing is reported at the name.
func (r *reader) zone(key string, z HostedZone, name string) {
	switch {
	case z == HostedZone{}:
	case !zoneID.MatchString(z.ID):
		r.problem(key+".id", "must be the id of a hosted zone, such as Z0123456789EXAMPLE, not %q", z.ID)
	case name != "" && z.Name != name && !strings.HasSuffix(name, "."+z.Name):
		r.problem(key+".name", "must be %q or a domain above it, not %q", name, z.Name)
	}
}

func (r *reader) checkSignIn(s SignIn) {
	if s == (SignIn{}) {
		return
	}
	if !digits.MatchString(s.FacebookAppID) {
		r.problem("signIn.facebookAppId", "must be the number of a Facebook app, not %q", s.FacebookAppID)
	}
	if !domainPrefix.MatchString(s.DomainPrefix) {
		r.problem("signIn.domainPrefix", "must be 1 to 63 lower-case letters, digits or hyphens, not %q", s.DomainPrefix)
	}
	if s.FacebookSecret == "" {
		r.problem("signIn.facebookSecret", "is missing; write the name of the secret in AWS Secrets Manager that holds the app's secret")
	}
}

func (r *reader) checkBrands(s *Settings) {
	if len(s.Brands) == 0 {
		r.problem("brands", "is missing; write at least one brand with name and displayName")
	}
	var names []string
	for i, b := range s.Brands {
		key := fmt.Sprintf("brands[%d]", i)
		if !brandName.MatchString(b.Name) {
			r.problem(key+".name", "must be 1 to 32 lower-case letters, digits or hyphens, not %q", b.Name)
		}
		r.unique(key+".name", b.Name, names)
		names = append(names, b.Name)
		r.line(key+".displayName", b.DisplayName, maxDisplayName)
		r.line(key+".postalAddress", b.PostalAddress, 200)
		if b.Support != b.ReplyTo {
			r.address(key+".support", b.Support)
		}
		r.checkSender(key, b, s.Mail)
		if !hexColor.MatchString(b.Color) {
			r.problem(key+".color", "must be a colour such as #1d4ed8, not %q", b.Color)
		} else if c := Contrast(b.Color, "#ffffff"); c < 4.5 {
			r.problem(key+".color", "has a contrast of %.2f to the white text on it; take a darker one, for at least 4.5 (WCAG 2.2 AA)", c)
		}
		r.checkLogo(key+".logo", b.Logo)
		r.checkWording(key+".wording", b.Wording, s.Locales)
	}
}

// checkSender checks the sender of a brand, as far as it is not that of all
// brands.
func (r *reader) checkSender(key string, b Brand, m Mail) {
	// If not even mail.from fits, mail.identity is the mistake.
	identified := m.From.Address != "" && m.CoveredByIdentity(m.From.Address) && r.whole("mail")
	if b.From.Name != m.From.Name {
		r.senderName(key+".from.name", b.From.Name)
	}
	if a := b.From.Address; a != m.From.Address && r.address(key+".from.address", a) && identified && !m.CoveredByIdentity(a) {
		r.problem(key+".from.address", "must be within mail.identity, %s, not %q: SES sends only for what it has verified", m.Identity, a)
	}
	if b.ReplyTo != m.ReplyTo {
		r.address(key+".replyTo", b.ReplyTo)
	}
	if m.Delivery != DeliveryCognito || !r.whole("mail.delivery") {
		return
	}
	const remedy = "needs mail.delivery: ses; with cognito, the whole pool has one sender, which is mail.from and mail.replyTo"
	if b.From != m.From {
		r.problem(key+".from", remedy)
	}
	if b.ReplyTo != m.ReplyTo {
		r.problem(key+".replyTo", remedy)
	}
}

func (r *reader) checkLogo(key string, l Logo) {
	if l.URL == "" {
		if l != (Logo{}) {
			r.problem(key+".url", "is missing; write where the picture is, such as https://app.example.com/logo.png")
		}
		return
	}
	r.url(key+".url", l.URL)
	if strings.HasPrefix(l.URL, "http://") {
		r.problem(key+".url", "must begin with https://: mail programs load no other pictures")
	}
	if l.Width < 16 || l.Width > 240 {
		r.problem(key+".width", "must be 16 to 240 pixels, not %d", l.Width)
	}
	r.line(key+".alt", l.Alt, 60)
}

// checkWording checks where words are replaced. The words themselves are held
// against the templates when these are compiled.
func (r *reader) checkWording(key string, wording map[string]map[string]map[string]string, locales []string) {
	for _, tag := range slices.Sorted(maps.Keys(wording)) {
		if !slices.Contains(locales, tag) && r.whole("locales") {
			r.problem(below(key, tag), "is for a locale that this file does not have; remove it, or add the locale to locales")
		}
		for _, kind := range slices.Sorted(maps.Keys(wording[tag])) {
			if !message.Kind(kind).Exists() {
				r.problem(below(below(key, tag), kind), "is no kind of message; the kinds are %s", strings.Trim(fmt.Sprint(message.Kinds()), "[]"))
			}
		}
	}
}

func (r *reader) checkClients(s *Settings) {
	if len(s.Clients) == 0 {
		r.problem("clients", "is missing; write at least one app client with name and url")
	}
	var names []string
	for i, c := range s.Clients {
		key := fmt.Sprintf("clients[%d]", i)
		if !clientName.MatchString(c.Name) {
			r.problem(key+".name", "must be 1 to 64 letters, digits, hyphens or underscores, not %q", c.Name)
		}
		r.unique(key+".name", c.Name, names)
		if i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, c.Name) }); i >= 0 && names[i] != c.Name {
			r.problem(key+".name", "differs from %q in capitals only, and some disks keep both as one folder; take another name", names[i])
		}
		names = append(names, c.Name)
		if _, ok := s.Brand(c.Brand); !ok && len(s.Brands) > 0 && r.whole("brands") {
			r.problem(key+".brand", "names no brand of this file: %q", c.Brand)
		}
		if !slices.Contains(s.Locales, c.Locale) && len(s.Locales) > 0 && r.whole("locales") {
			r.problem(key+".locale", "is not among the locales of this file: %q", c.Locale)
		}
		if c.URL == "" {
			r.problem(key+".url", "is missing; write the app's address, such as https://app.example.com/")
		} else {
			r.page(key+".url", c.URL)
		}
		if c.SignInURL != c.URL {
			r.page(key+".signInUrl", c.SignInURL)
		}
		if c.AttributeURL != "" {
			r.page(key+".attributeUrl", c.AttributeURL)
		}
		if c.ResetURL != "" {
			r.page(key+".resetUrl", c.ResetURL)
		}
		for j, u := range c.ReturnURLs {
			r.page(fmt.Sprintf("%s.returnUrls[%d]", key, j), u)
		}
		if c.RefreshTokenDays < 1 || c.RefreshTokenDays > 3650 {
			r.problem(key+".refreshTokenDays", "must be 1 to 3650, not %d", c.RefreshTokenDays)
		}
	}
}

func (r *reader) checkSignUp(s *Settings) {
	lists := s.SignUp.domains()
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		for i, d := range lists[key] {
			domain := strings.TrimPrefix(d, "*.")
			if _, err := idna.Lookup.ToASCII(domain); err != nil || !domainName.MatchString(domain) {
				r.problem(fmt.Sprintf("signUp.%s[%d]", key, i), "must be a domain such as example.com, or *.example.com for all below it, not %q", d)
			}
		}
	}
	if a := s.SignUp.AutoConfirm; a.VerifyEmail && len(a.Domains) == 0 && r.whole("signUp.autoConfirm.domains") {
		r.problem("signUp.autoConfirm.verifyEmail", "needs signUp.autoConfirm.domains: an address is verified without a mail only where it is confirmed without one")
	}
	r.checkProviders(s.SignUp.ExternalProviders)
	var names []string
	for i, rule := range s.SignUp.Attributes {
		key := fmt.Sprintf("signUp.attributes[%d]", i)
		r.attribute(key+".name", rule.Name, s)
		r.unique(key+".name", rule.Name, names)
		names = append(names, rule.Name)
		for _, tag := range slices.Sorted(maps.Keys(rule.Label)) {
			if !slices.Contains(s.Locales, tag) && r.whole("locales") {
				r.problem(key+".label."+tag, "is for a locale that this file does not have; remove it, or add the locale to locales")
			}
			r.line(key+".label."+tag, rule.Label[tag], 60)
		}
		_, err := regexp.Compile(rule.Pattern)
		if err == nil {
			_, err = regexp.Compile(config.AnchorPattern(rule.Pattern))
		}
		if err != nil {
			r.problem(key+".pattern", "is no regular expression (RE2 syntax): %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		if rule.MinLength < 0 || rule.MaxLength < 0 || rule.MaxLength > 0 && rule.MinLength > rule.MaxLength {
			r.problem(key, "must have 0 <= minLength <= maxLength; a maxLength of 0 is no bound")
		}
		for j, word := range rule.ForbiddenWords {
			if !strings.ContainsFunc(word, unicode.IsLetter) {
				r.problem(fmt.Sprintf("%s.forbiddenWords[%d]", key, j), "must be one or more words, not %q", word)
			}
		}
		for j, value := range rule.AllowedValues {
			if value == "" {
				r.problem(fmt.Sprintf("%s.allowedValues[%d]", key, j), "must not be empty; an attribute that is not required may be left out anyway")
			}
			r.unique(fmt.Sprintf("%s.allowedValues[%d]", key, j), value, rule.AllowedValues[:j])
		}
	}
}

// checkProviders holds the names against Cognito's ProviderNameType, and one
// list against the other.
func (r *reader) checkProviders(p ExternalProviders) {
	const key = "signUp.externalProviders"
	r.oneOf(key+".policy", p.Policy, config.AcceptProviders, config.RefuseProviders, config.LinkProviders)
	if len(p.Trusted) > 0 != (p.Policy == config.LinkProviders) && r.whole(key) {
		r.problem(key+".trusted", "belongs to the policy link: write both, with the providers that you trust to verify addresses, such as Google, or neither")
	}
	for i, name := range p.Trusted {
		entry := fmt.Sprintf("%s.trusted[%d]", key, i)
		if !providerName.MatchString(name) {
			r.problem(entry, "must be the name of a provider as in Cognito, such as Facebook, not %q", name)
		}
		r.unique(entry, name, p.Trusted[:i])
	}
	for i, name := range p.AssumeVerified {
		if !slices.Contains(p.Trusted, name) && r.whole(key+".trusted") {
			r.problem(fmt.Sprintf("%s.assumeVerified[%d]", key, i), "is not in %s.trusted: %q", key, name)
		}
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

// attribute accepts the short name of a custom attribute or a standard one.
func (r *reader) attribute(key, name string, s *Settings) {
	if s.AttributeKey(name) == name && !slices.Contains(standardAttributes, name) && r.whole("pool.attributes") {
		r.problem(key, "is neither in pool.attributes nor a standard attribute: %q", name)
	}
}

func (r *reader) oneOf(key, value string, known ...string) {
	if !slices.Contains(known, value) {
		r.problem(key, "must be one of %s, not %q", strings.Join(known, ", "), value)
	}
}

func (r *reader) unique(key, value string, earlier []string) {
	if value != "" && slices.Contains(earlier, value) {
		r.problem(key, "appears twice: %q", value)
	}
}

func (r *reader) url(key, value string) {
	if err := link.CheckURL(value); err != nil {
		r.problem(key, "%s", err)
	}
}

// senderName accepts what can stand before an address, in Cognito's From too.
func (r *reader) senderName(key, value string) {
	if strings.ContainsFunc(value, unicode.IsControl) || strings.ContainsAny(value, `<>"`) || utf8.RuneCountInString(value) > 64 {
		r.problem(key, "must be up to 64 characters on one line, without <, > and quotes")
	}
}

// page accepts an address of an app.
func (r *reader) page(key, value string) {
	r.url(key, value)
	if u, err := url.Parse(value); err == nil && r.deployed && u.Scheme == "http" && link.CheckURL(value) == nil {
		r.problem(key, "must begin with https://: an app on this machine is for the local run only")
	}
}

// address accepts what SES can send to and from, a bare ASCII address, and
// reports whether it did.
func (r *reader) address(key, value string) bool {
	a, err := mail.ParseAddress(value)
	ascii := strings.IndexFunc(value, func(c rune) bool { return c > unicode.MaxASCII }) < 0
	if err != nil || a.Address != value || !ascii {
		r.problem(key, "must be a plain e-mail address, such as support@example.com, not %q", value)
		return false
	}
	return true
}

// line accepts what can stand in a mail as one line of text.
func (r *reader) line(key, value string, limit int) {
	if strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) }) || utf8.RuneCountInString(value) > limit {
		r.problem(key, "must be one line of up to %d printable characters", limit)
	}
	if strings.ContainsAny(value, "{}") {
		r.problem(key, "must not hold { or }: Cognito looks for its placeholders there")
	}
}

package settings

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	zoneID         = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
	certificateARN = regexp.MustCompile(`^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$`)
	// RFC 7489, section 6.4: the version, then the policy, then other tags. Quotation marks and
	// backslashes would end or change the string of the TXT record.
	dmarcRecord  = regexp.MustCompile(`^v=DMARC1 *; *p=(none|quarantine|reject)( *; *[a-z]+=[!#-:<-\[\]-~ ]*[!#-:<-\[\]-~])* *;? *$`)
	domainPrefix = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
	// Secrets Manager API reference, CreateSecret. A colon would end the name in CloudFormation's
	// dynamic reference, except in a whole ARN.
	secretName    = regexp.MustCompile(`^(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:)?[A-Za-z0-9/_+=.@-]{1,512}$`)
	secretVersion = regexp.MustCompile(`^[A-Za-z0-9-]{32,64}$`)
)

const secretVersionIs = "the VersionId of the secret, 32 to 64 letters, digits and hyphens"

func (c checker) checkMail(s *Settings) {
	m := s.Mail
	if m.From.Address == "" {
		c.Report("mail.from.address", "is missing; write the sender's address, such as no-reply@example.com")
	} else {
		c.address("mail.from.address", m.From.Address)
	}
	c.senderName("mail.from.name", m.From.Name)
	if m.ReplyTo != "" {
		c.address("mail.replyTo", m.ReplyTo)
	}
	c.oneOf("mail.delivery", m.Delivery, DeliveryCognito, DeliverySES)
	c.checkIdentity(m)
	for i, name := range m.NameAttributes {
		c.attribute(fmt.Sprintf("mail.nameAttributes[%d]", i), name, s)
	}
}

func (c checker) checkIdentity(m Mail) {
	if m.From.Address != "" && !m.CoveredByIdentity(m.From.Address) {
		c.Report("mail.identity", "must be %s, the sender's address, or its domain, not %q: SES sends only for what it has verified", m.From.Address, m.Identity)
	}
	if m.MailFrom != "" && (!domainName.MatchString(m.MailFrom) || !strings.HasSuffix(m.MailFrom, "."+m.Identity)) {
		c.Report("mail.mailFrom", "must be a domain below mail.identity that is used for nothing else, such as bounce.example.com, not %q", m.MailFrom)
	}
	switch {
	case m.DMARC == "":
	case strings.Contains(m.Identity, "@"):
		c.Report("mail.dmarc", "needs a domain as mail.identity, not the address %q: the record is the domain's", m.Identity)
	case len(m.DMARC) > 255: // RFC 1035, one string of a TXT record
		c.Report("mail.dmarc", "must have 255 characters at most, not %d", len(m.DMARC))
	default:
		c.matches("mail.dmarc", m.DMARC, dmarcRecord, `a DMARC record, such as "v=DMARC1; p=none; rua=mailto:dmarc@example.com"`)
	}
	c.zone("mail.hostedZone", m.HostedZone, m.Identity)
	c.within("mail.rate", m.Rate, 1, 10000, " mails a second")
}

func (c checker) checkLinks(s *Settings) {
	l := s.Links
	if l.Host == "" && l.HostedZone != (HostedZone{}) && len(l.FormerHosts) == 0 {
		c.Report("links.host", "is missing; write the host name that links.hostedZone gets a record of, such as links.example.com")
	}
	c.zone("links.hostedZone", l.HostedZone, l.Host)
	c.certificate("links.certificateArn", l.CertificateARN, s.Pool.Region)
	var names []string
	for i, h := range l.HostsIn("prod") {
		key := l.keyOf(i)
		if h.Host == "" {
			c.Report(key, "is missing; write a host name, such as links.example.com")
			continue
		}
		c.matches(key, h.Host, domainName, "a host name in lower case, such as links.example.com")
		c.unique(key, h.Host, names)
		names = append(names, h.Host)
		if entry := strings.TrimSuffix(key, ".host"); entry != "links" {
			c.zone(entry+".hostedZone", h.HostedZone, h.Host)
			if h.CertificateARN != l.CertificateARN {
				c.certificate(entry+".certificateArn", h.CertificateARN, s.Pool.Region)
			}
		}
		if c.target != nil && h.CertificateARN == "" && h.HostedZone == (HostedZone{}) {
			c.Report(key, "needs links.hostedZone, or links.certificateArn of a certificate that has been issued: "+
				"the deployment would wait for hours for a DNS record that proves the host is yours")
		}
	}
	if !l.HostInEmails && l.Host == "" {
		c.Report("links.hostInEmails", "is about links.host, which is missing; remove one, or write the other")
	}
	if !l.KeepDefaultAddress && l.EmailHostIn("prod") == "" {
		c.Report("links.keepDefaultAddress", "must be true: emails link to that address")
	}
}

// certificate accepts no certificate, or one of the pool's region.
func (c checker) certificate(key, arn, region string) {
	if arn != "" && c.matches(key, arn, certificateARN,
		"the ARN of a certificate, such as arn:aws:acm:eu-central-1:123456789012:certificate/sample") {
		c.inRegion(key, arn, region)
	}
}

// inRegion accepts a name, or an ARN of the pool's region and its partition.
func (c checker) inRegion(key, arn, region string) {
	parts := strings.Split(arn, ":")
	if parts[0] != "arn" || !regionName.MatchString(region) { // the latter is reported at its key
		return
	}
	partition := "aws"
	if strings.HasPrefix(region, "us-gov-") {
		partition = "aws-us-gov"
	}
	if parts[1] != partition || parts[3] != region {
		c.Report(key, "must be in pool.region, %s, and begin with arn:%s:%s:%s:, not %q",
			region, partition, parts[2], region, arn)
	}
}

// zone accepts no hosted zone, or one that can hold records of a name. That a
// name is missing is reported at the name.
func (c checker) zone(key string, z HostedZone, name string) {
	switch {
	case z == HostedZone{}:
	case !zoneID.MatchString(z.ID):
		c.Report(key+".id", "must be the id of a hosted zone, such as Z0123456789EXAMPLE, not %q", z.ID)
	case name != "" && z.Name != name && !strings.HasSuffix(name, "."+z.Name):
		c.Report(key+".name", "must be %q or a domain above it, not %q", name, z.Name)
	}
}

// secret accepts the name of a secret in Secrets Manager, such as the sample, or its ARN.
func (c checker) secret(key, name, region, sample string) {
	if c.matches(key, name, secretName, "the name or the ARN of a secret, such as "+sample) {
		c.inRegion(key, name, region)
	}
}

func (c checker) checkSignIn(s SignIn, region string) {
	if s == (SignIn{EndSessionsAfterReset: s.EndSessionsAfterReset}) {
		return
	}
	c.matches("signIn.facebookAppId", s.FacebookAppID, digits, "the number of a Facebook app")
	if c.isDomainPrefix(s.DomainPrefix) && c.target != nil {
		c.isDomainPrefix(s.DomainPrefixIn(c.target.stage))
	}
	if s.FacebookSecret == "" {
		c.Report("signIn.facebookSecret", "is missing; write the name of the secret in AWS Secrets Manager that holds the app's secret")
	} else {
		c.secret("signIn.facebookSecret", s.FacebookSecret, region, "myapp/facebook")
	}
	if s.FacebookSecretVersion != "" {
		c.matches("signIn.facebookSecretVersion", s.FacebookSecretVersion, secretVersion, secretVersionIs)
	}
}

// isDomainPrefix accepts the prefix as it is written, or as it is in a stage.
func (c checker) isDomainPrefix(prefix string) bool {
	const key = "signIn.domainPrefix"
	ok := c.matches(key, prefix, domainPrefix, "1 to 63 lower-case letters, digits or hyphens")
	// Cognito developer guide, "Configuring a user pool domain".
	for _, word := range []string{"aws", "amazon", "cognito"} {
		if strings.Contains(prefix, word) {
			c.Report(key, "must not contain %s, which Cognito reserves: %q", word, prefix)
			ok = false
		}
	}
	return ok
}

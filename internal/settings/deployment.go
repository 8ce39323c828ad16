package settings

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"poolpost/internal/config"
	"poolpost/internal/yamlfile"
)

// A target is where settings are deployed to.
type target struct {
	stage  string // prod instead of an invalid one
	region string // of the stack, empty if it is not known
}

// stageName is one label of a host name. Capitals would make Prod and prod two pools.
var stageName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func checkStage(stage string) error {
	if stageName.MatchString(stage) {
		return nil
	}
	return &yamlfile.Problem{Key: "stage", Message: fmt.Sprintf(
		"must be 1 to 63 lower-case letters, digits and hyphens, such as dev or prod, not %q", stage)}
}

// Staged is a name with the stage, unless that is prod.
func Staged(name, stage string) string {
	if stage == "prod" {
		return name
	}
	return name + "-" + stage
}

// HostIn is Host in a stage: an account has each host once, so in every stage but prod the host is
// the stage's own, below Host.
func (l Links) HostIn(stage string) string { return hostIn(l.Host, stage) }

func hostIn(host, stage string) string {
	if host == "" || stage == "prod" {
		return host
	}
	return stage + "." + host
}

// HostsIn are all hosts of the pages in a stage, Host first.
func (l Links) HostsIn(stage string) []LinkHost {
	hosts := []LinkHost{}
	if l.Host != "" {
		hosts = append(hosts, LinkHost{Host: l.Host})
	}
	hosts = append(hosts, l.FormerHosts...)
	for i := range hosts {
		h := &hosts[i]
		if h.HostedZone == (HostedZone{}) && h.CertificateARN == "" {
			h.HostedZone, h.CertificateARN = l.HostedZone, l.CertificateARN
		}
		h.Host = hostIn(h.Host, stage)
	}
	return hosts
}

// keyOf is the key of an entry of HostsIn.
func (l Links) keyOf(i int) string {
	if l.Host == "" {
		i++
	}
	if i == 0 {
		return "links.host"
	}
	return fmt.Sprintf("links.formerHosts[%d].host", i-1)
}

// EmailHostIn is the host that emails link to in a stage; empty for API Gateway's address.
func (l Links) EmailHostIn(stage string) string {
	switch {
	case l.HostInEmails:
		return l.HostIn(stage)
	case len(l.FormerHosts) > 0:
		return hostIn(l.FormerHosts[0].Host, stage)
	}
	return ""
}

// DomainPrefixIn is DomainPrefix in a stage, if there is one: all accounts of a region share the
// prefixes.
func (s SignIn) DomainPrefixIn(stage string) string {
	if s.DomainPrefix == "" {
		return ""
	}
	return Staged(s.DomainPrefix, stage)
}

// StackName is the name of the pool's stack in a stage, of letters, digits and hyphens. It ends
// with a hash if another pool or stage could have the same name without it: the second one would
// take the users of the first.
func (s *Settings) StackName(stage string) string {
	id := s.Pool.StableID()
	unique := plainName.MatchString(id) && !strings.HasPrefix(id, "Identity") && !strings.Contains(stage, "-")
	return stackName(unique, id, stage)
}

// IdentityStackName is the name of the stack of the SES identity, which all stages share.
func (s *Settings) IdentityStackName() string {
	return stackName(plainDomain.MatchString(s.Mail.Identity), "Identity", s.Mail.Identity)
}

var (
	plainName       = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	plainDomain     = regexp.MustCompile(`^[a-z0-9.]+$`)
	notInStackNames = regexp.MustCompile(`[^A-Za-z0-9]`)
)

func stackName(unique bool, parts ...string) string {
	name := "Poolpost-" + notInStackNames.ReplaceAllString(strings.Join(parts, "-"), "-")
	if unique {
		return name
	}
	return fmt.Sprintf("%s-%x", name, sha256.Sum256([]byte(strings.Join(parts, "\n"))))[:len(name)+9]
}

// regionList has the regions, one a line, in which CloudFormation has every type of resource of
// the templates, AWS::SES::EmailIdentity among them. make test-deploy compares it with
// CloudFormation's registry. Cognito sends through SES of the pool's own region in all of them
// (developer guide, "Amazon SES email configuration Regions").
//
//go:embed regions.txt
var regionList string

// Regions are those that a pool can be deployed to.
func Regions() []string { return strings.Fields(regionList) }

func (c checker) checkRegion(region string) {
	const key = "pool.region"
	switch regions := Regions(); {
	case !slices.Contains(regions, region):
		c.Report(key, "CloudFormation cannot create user pools and SES identities in %s; take one of %s",
			region, strings.Join(regions, ", "))
	case c.target.region != "" && c.target.region != region:
		c.Report(key, "is %s, and the stack is in %s; write the same region in both", region, c.target.region)
	}
}

// AWS's limits, in characters.
const (
	maxPoolName        = 128 // Cognito API reference, CreateUserPool
	maxStackName       = 128 // CloudFormation API reference, CreateStack
	maxCertificateName = 64  // ACM API reference, RequestCertificate, DomainName
)

// checkNames checks what the names of the file are in the stage.
func (c checker) checkNames(s *Settings) {
	stage := c.target.stage
	tooLong := func(key, what, name, service string, limit int) {
		if n := len(name); n > limit {
			c.Report(key, "is too long for stage %s: the %s %s would have %d characters, and %s takes %d; shorten it, or the stage",
				stage, what, name, n, service, limit)
		}
	}
	key := "pool.name"
	if s.Pool.ID != "" {
		key = "pool.id"
	}
	tooLong("pool.name", "user pool's name", Staged(s.Pool.Name, stage), "Cognito", maxPoolName)
	tooLong(key, "stack's name", s.StackName(stage), "CloudFormation", maxStackName)
	for i, h := range s.Links.HostsIn("prod") {
		key := s.Links.keyOf(i)
		if host := hostIn(h.Host, stage); host != h.Host && domainName.MatchString(h.Host) && !domainName.MatchString(host) {
			c.Report(key, "is no host name in stage %s: %s", stage, host)
		} else if h.CertificateARN == "" {
			tooLong(key, "host", host, "a certificate", maxCertificateName)
		}
	}
}

// Review reads a file that ReadForDeployment accepts. It returns what only a sample may have, and
// nobody should deploy, and what deserves a look before a deployment.
func Review(file, stage string) (samples, warnings yamlfile.Problems, err error) {
	s, f, err := load(file)
	if err != nil {
		return nil, nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(f.Texts)) {
		if domain := exampleIn(key, f.Texts[key]); domain != "" {
			samples = append(samples, f.At(key, "is at %s, which is reserved for examples (RFC 2606); write your own", domain))
		}
	}
	warn := func(key, format string, args ...any) { warnings = append(warnings, f.At(key, format, args...)) }
	const newAccount = 10 // Lambda developer guide, "Lambda quotas": new accounts have a lower concurrency
	if n := s.Mail.MaxConcurrency(); n > newAccount/2 {
		warn("mail.rate", "lets send-mail run %d times at once; a new account has %d for all functions, and sign-ups fail "+
			"when send-mail takes them: see aws lambda get-account-settings", n, newAccount)
	}
	if names, attributes := s.Mail.NameAttributes, s.SignUp.Attributes; len(names) > 0 && len(attributes) > 0 &&
		!slices.ContainsFunc(attributes, func(rule config.AttributeRule) bool { return rule.Name == names[0] }) {
		warn("mail.nameAttributes", "greets people by %s first, which has no rule in signUp.attributes: a stranger can put up to 40 "+
			"characters of plain words into your emails; put an attribute with rules first, or write rules for it", names[0])
	}
	if s.Alarms.Email == "" && stage != "dev" {
		warn("alarms.email", "is missing: alarms of stage %s notify a topic that nobody listens to, unless you subscribe to it yourself", stage)
	}
	switch host := s.Links.HostIn(stage); {
	case host == "" && stage != "dev":
		warn("links.host", "is missing: links of stage %s lead to an address of API Gateway, not to your domain, "+
			"and change if the API is created again", stage)
	case host != s.Links.Host && s.Links.CertificateARN != "":
		warn("links.certificateArn", "must cover %s too, the host of stage %s", host, stage)
	}
	byLine := func(a, b *yamlfile.Problem) int { return cmp.Compare(a.Line, b.Line) }
	slices.SortStableFunc(samples, byLine)
	slices.SortStableFunc(warnings, byLine)
	return samples, warnings, nil
}

// exampleDomain is at the end of a host that is reserved by RFC 2606 and RFC 6761.
var exampleDomain = regexp.MustCompile(`(?:^|\.)(example\.(?:com|net|org)|example|test|invalid|localhost)$`)

// exampleIn is the example domain of an address, a URL or a host name, or empty. Rules of who may
// sign up, and words, may be about examples.
func exampleIn(key, text string) string {
	if strings.HasPrefix(key, "signUp.") || strings.HasPrefix(key, "pool.") || strings.Contains(key, ".wording.") {
		return ""
	}
	host := strings.ToLower(text)
	if _, rest, ok := strings.Cut(host, "://"); ok {
		host, _, _ = strings.Cut(rest, "/")
	}
	host = host[strings.LastIndex(host, "@")+1:]
	host, _, _ = strings.Cut(host, ":")
	if !strings.Contains(host, ".") || strings.ContainsFunc(host, unicode.IsSpace) {
		return ""
	}
	if match := exampleDomain.FindStringSubmatch(host); match != nil {
		return match[1]
	}
	return ""
}

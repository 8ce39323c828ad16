package rules

import (
	_ "embed" // the list of disposable domains
	"strings"

	"poolpost/internal/config"
)

// emailRules are the rules for the address that need no network.
func emailRules(c config.PreSignUp) []offlineRule {
	email := c.Email
	isAllowed := func(a *applicant) bool { return inDomains(a.address.domain, email.AllowedDomains) }
	return []offlineRule{
		{
			Name: "provider", Setting: "signUp.externalProviders.policy",
			Codes: []string{ProviderNotAllowed}, Enabled: c.ExternalProviders.Policy == config.RefuseProviders,
			refuses: func(a *applicant) bool { return a.Provider },
		},
		{
			Name: "address", Codes: []string{EmailMissing, EmailInvalid, EmailNotASCII}, Enabled: true,
			refuses: func(a *applicant) bool {
				a.address, a.addressCode = parse(a.Email)
				return a.addressCode != ""
			},
		},
		{
			Name: "allowed-domain", Setting: "signUp.email.allowedDomains",
			Codes: []string{DomainNotAllowed}, Enabled: len(email.AllowedDomains) > 0,
			refuses: func(a *applicant) bool { return !isAllowed(a) },
		},
		{
			Name: "denied-domain", Setting: "signUp.email.deniedDomains",
			Codes: []string{DomainNotAllowed}, Enabled: len(email.DeniedDomains) > 0,
			refuses: func(a *applicant) bool { return inDomains(a.address.domain, email.DeniedDomains) },
		},
		{
			Name: "typo", Setting: "signUp.email.refuseTypos", Codes: []string{EmailTypo}, Enabled: email.RefuseTypos,
			refuses: func(a *applicant) bool { return typoFix(a.address.domain) != "" && !isAllowed(a) },
			values:  func(a *applicant) []string { return []string{"{suggestion}", typoFix(a.address.domain)} },
		},
		{
			Name: "disposable", Setting: "signUp.email.refuseDisposable",
			Codes: []string{EmailDisposable}, Enabled: email.RefuseDisposable,
			refuses: func(a *applicant) bool { return isDisposable(a.address.domain) && !isAllowed(a) },
		},
		{
			Name: "role", Setting: "signUp.email.refuseRoleAccounts",
			Codes: []string{EmailRole}, Enabled: email.RefuseRoleAccounts,
			refuses: func(a *applicant) bool { return isRole(a.address.local) },
		},
		{
			Name: "plus", Setting: "signUp.email.refusePlusAddresses",
			Codes: []string{EmailPlus}, Enabled: email.RefusePlusAddresses,
			refuses: func(a *applicant) bool { return strings.Contains(a.address.local, "+") },
		},
		{
			Name: "unicode-domain", Setting: "signUp.email.acceptUnicodeDomains",
			Codes: []string{EmailNotASCII}, Enabled: !email.AcceptUnicodeDomains,
			refuses: func(a *applicant) bool { return a.address.unicode },
		},
	}
}

// AutoConfirms reports whether a sign-up that was accepted needs no
// confirmation: its address is in a domain that the settings trust.
func (r *Rules) AutoConfirms(email string) bool {
	if len(r.config.AutoConfirm.Domains) == 0 {
		return false
	}
	a, code := parse(email)
	return code == "" && inDomains(a.domain, r.config.AutoConfirm.Domains)
}

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

// disposable are the domains of throw-away mailboxes, one a line, in the order
// of their bytes: see disposable.md. It is searched as it is, so it costs nothing
// at start.
//
//go:embed disposable.txt
var disposable string

// isDisposable reports whether a domain, or one that it is below, is listed.
func isDisposable(domain string) bool {
	for strings.Contains(domain, ".") {
		if containsSortedLine(disposable, domain) {
			return true
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return false
}

// containsSortedLine reports whether a text of sorted lines, each ending in a line
// feed, contains a line.
func containsSortedLine(text, line string) bool {
	for text != "" {
		middle := len(text) / 2
		start := strings.LastIndexByte(text[:middle], '\n') + 1
		end := middle + strings.IndexByte(text[middle:], '\n')
		switch found := text[start:end]; {
		case found == line:
			return true
		case found < line:
			text = text[end+1:]
		default:
			text = text[:start]
		}
	}
	return false
}

// isRole reports whether a local part names a function, not a person: those of
// RFC 2142 and what is usual beside them. What follows a plus sign does not
// count.
func isRole(local string) bool {
	local, _, _ = strings.Cut(local, "+")
	switch local {
	case "abuse", "admin", "administrator", "billing", "contact", "do-not-reply", "donotreply", "ftp", "help", "hostmaster",
		"info", "mailer-daemon", "marketing", "news", "no-reply", "nobody", "noc", "noreply", "office", "postmaster", "root",
		"sales", "security", "support", "sysadmin", "usenet", "uucp", "webmaster", "www":
		return true
	}
	return false
}

// typoFix is the large mail provider's domain that a misspelt one was meant
// to be, or empty. These are misspellings that nobody of another name would have
// mail at, and not everything within a letter or two: email.com and ymail.com are
// providers, gamil.com and webb.de could be people, names of four letters
// companies, and .co is a top-level domain like any other.
func typoFix(domain string) string {
	switch domain {
	case "gmial.com", "gmali.com", "gnail.com", "gmaill.com", "gmaul.com", "gmsil.com", "ggmail.com",
		"gmail.con", "gmail.cm", "gmail.om", "gmail.cmo", "gmail.comm", "gmail.vom", "gmail.xom":
		return "gmail.com"
	case "googlmail.com", "goglemail.com", "googemail.com", "googlemail.con":
		return "googlemail.com"
	case "hotnail.com", "hotmial.com", "hotmal.com", "hotmai.com", "hotmil.com", "hotamil.com", "hotmaill.com",
		"hotmali.com", "hotmail.con", "hotmail.cm", "hotmail.om", "hotmail.comm":
		return "hotmail.com"
	case "outlok.com", "outloo.com", "oulook.com", "outlokk.com", "outllook.com", "otlook.com", "outlook.con", "outlook.cm", "outlook.comm":
		return "outlook.com"
	case "yahooo.com", "yahho.com", "uahoo.com", "yhaoo.com", "yahoo.con", "yahoo.cm", "yahoo.om", "yahoo.comm":
		return "yahoo.com"
	case "iclod.com", "icoud.com", "icluod.com", "iclould.com", "icloud.con", "icloud.cm", "icloud.om":
		return "icloud.com"
	case "gmx.dee":
		return "gmx.de"
	case "protonmai.com", "protonmial.com", "protonmal.com", "protonmail.con":
		return "protonmail.com"
	}
	return ""
}

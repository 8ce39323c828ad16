package settings

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// good is a file that uses every part of the settings; one edit makes it bad.
const good = `pool:
  name: App_Users
  region: eu-central-1
  tags:
    AppName: MyApp
  attributes:
    - name: agentName
      maxLength: 100
  passwordPolicy:
    minimumLength: 8
    temporaryPasswordDays: 7
  devices: always
  mfa: "off"
mail:
  from:
    name: MyApp
    address: no-reply@example.com
  replyTo: support@example.com
  nameAttributes: [given_name, agentName]
links:
  host: links.example.com
brands:
  - name: myapp
    displayName: MyApp
    color: "#1d4ed8"
    postalAddress: 1 Sample Street
    support: support@example.com
clients:
  - name: web
    brand: myapp
    locale: en
    url: https://app.example.com/
    signInUrl: https://app.example.com/sign-in
    attributeUrl: https://app.example.com/verify
    resetUrl: https://app.example.com/reset
    returnUrls: [https://app.example.com/]
    refreshTokenDays: 30
locales: [en, fr]
signUp:
  email:
    allowedDomains: [example.com]
    deniedDomains: ["*.example.com"]
  attributes:
    - name: agentName
      label: {en: Agent}
      pattern: "[a-z]+"
      minLength: 2
      maxLength: 40
groups: [members]
identityPool:
  facebookAppId: "123456789"
`

func TestValuesThatAreRefused(t *testing.T) {
	parse(t, good)
	long := strings.Repeat("x", 129)
	tests := map[string]struct {
		replace, by string
		want        string // the error without the file's name
	}{
		"a pool's name with a slash": {"App_Users", "App/Users",
			`2: pool.name: must be 1 to 128 letters, digits, blanks or any of _+=,.@-, not "App/Users"`},
		"a pool's name that is too long": {"App_Users", long,
			`2: pool.name: must be 1 to 128 letters, digits, blanks or any of _+=,.@-, not "` + long + `"`},
		"an empty region": {"region: eu-central-1", `region: ""`,
			`3: pool.region: is missing; write an AWS region, such as eu-central-1`},
		"a city in the place of a region": {"eu-central-1", "Frankfurt",
			`3: pool.region: must be an AWS region, such as eu-central-1, not "Frankfurt"`},
		"a tag of AWS's own": {"AppName: MyApp", "Aws:x: MyApp",
			`5: pool.tags.Aws:x: must be 1 to 128 characters that do not begin with aws:, with a value of up to 256`},
		"a tag that is too long": {"AppName: MyApp", "AppName: " + strings.Repeat("é", 257),
			`5: pool.tags.AppName: must be 1 to 128 characters that do not begin with aws:, with a value of up to 256`},
		"a custom attribute with its prefix": {"- name: agentName\n      maxLength", "- name: custom:agentName\n    - name: agentName\n      maxLength",
			`7: pool.attributes[0].name: is written without the prefix custom:`},
		"a custom attribute's name with a blank": {"- name: agentName\n      maxLength", "- name: agent name\n    - name: agentName\n      maxLength",
			`7: pool.attributes[0].name: must be 1 to 20 characters without blanks, not "agent name"`},
		"a custom attribute's name of 21 characters": {"- name: agentName\n      maxLength", "- name: " + long[:21] + "\n    - name: agentName\n      maxLength",
			`7: pool.attributes[0].name: must be 1 to 20 characters without blanks, not "` + long[:21] + `"`},
		"a custom attribute twice": {"- name: agentName\n      maxLength", "- name: agentName\n    - name: agentName\n      maxLength",
			`8: pool.attributes[1].name: appears twice: "agentName"`},
		"an attribute longer than Cognito's": {"maxLength: 100", "maxLength: 2049",
			`7: pool.attributes[0]: must have 0 <= minLength <= maxLength <= 2048`},
		"an attribute with its bounds the wrong way round": {"maxLength: 100", "minLength: 101\n      maxLength: 100",
			`7: pool.attributes[0]: must have 0 <= minLength <= maxLength <= 2048`},
		"51 custom attributes": {"- name: agentName\n      maxLength: 100", "- name: agentName" + strings.Join(names(50), ""),
			`6: pool.attributes: has 51 entries; Cognito takes 50 custom attributes at most`},
		"a short password": {"minimumLength: 8", "minimumLength: 5",
			`10: pool.passwordPolicy.minimumLength: must be 6 to 99, not 5`},
		"a long password": {"minimumLength: 8", "minimumLength: 100",
			`10: pool.passwordPolicy.minimumLength: must be 6 to 99, not 100`},
		"an invitation for no day": {"temporaryPasswordDays: 7", "temporaryPasswordDays: 0",
			`11: pool.passwordPolicy.temporaryPasswordDays: must be 1 to 365, not 0`},
		"an invitation for years": {"temporaryPasswordDays: 7", "temporaryPasswordDays: 366",
			`11: pool.passwordPolicy.temporaryPasswordDays: must be 1 to 365, not 366`},
		"an unknown way to remember devices": {"devices: always", "devices: never",
			`12: pool.devices: must be one of always, on-prompt, off, not "never"`},
		"an unknown way of MFA": {`mfa: "off"`, "mfa: SMS",
			`13: pool.mfa: must be one of off, optional, required, not "SMS"`},
		"a sender without an address": {"address: no-reply@example.com", `address: ""`,
			`17: mail.from.address: is missing; write the sender's address, such as no-reply@example.com`},
		"a sender's address with its name": {"address: no-reply@example.com", "address: MyApp <no-reply@example.com>",
			`17: mail.from.address: must be a plain e-mail address, such as support@example.com, not "MyApp <no-reply@example.com>"`},
		"a sender's address outside ASCII": {"address: no-reply@example.com", "address: no-reply@exämple.com",
			`17: mail.from.address: must be a plain e-mail address, such as support@example.com, not "no-reply@exämple.com"`},
		"a sender's name with a line break": {"from:\n    name: MyApp", "from:\n    name: \"My\\r\\nBcc: x\"",
			`16: mail.from.name: must be up to 64 characters on one line, without <, > and quotes`},
		"a sender's name with an address": {"from:\n    name: MyApp", "from:\n    name: MyApp <a@example.com>",
			`16: mail.from.name: must be up to 64 characters on one line, without <, > and quotes`},
		"a reply address that is none": {"replyTo: support@example.com", "replyTo: support",
			`18: mail.replyTo: must be a plain e-mail address, such as support@example.com, not "support"`},
		"people greeted by an attribute that nobody has": {"[given_name, agentName]", "[given_name, nickName]",
			`19: mail.nameAttributes[1]: is neither in pool.attributes nor a standard attribute: "nickName"`},
		"a logo without an address": {"postalAddress: 1 Sample Street", "logo: {alt: MyApp}",
			`26: brands[0].logo.url: is missing; write where the picture is, such as https://app.example.com/logo.png`},
		"a logo without TLS": {"postalAddress: 1 Sample Street", "logo: {url: 'http://localhost/logo.png'}",
			`26: brands[0].logo.url: must begin with https://: mail programs load no other pictures`},
		"a logo that is a script": {"postalAddress: 1 Sample Street", "logo: {url: 'javascript:x'}",
			`26: brands[0].logo.url: must be a full https address, such as https://app.example.com/`},
		"a logo wider than a phone": {"postalAddress: 1 Sample Street", "logo: {url: 'https://app.example.com/logo.png', width: 241}",
			`26: brands[0].logo.width: must be 16 to 240 pixels, not 241`},
		"a logo's text of two lines": {"postalAddress: 1 Sample Street", `logo: {url: "https://app.example.com/logo.png", alt: "My\nApp"}`,
			`26: brands[0].logo.alt: must be one line of up to 60 printable characters`},
		"wording in a locale that the pool does not have": {"postalAddress: 1 Sample Street", "wording: {de: {sign-up: {subject: Hallo}}}",
			`26: brands[0].wording.de: is for a locale that this file does not have; remove it, or add the locale to locales`},
		"wording of a message that there is not": {"postalAddress: 1 Sample Street", "wording: {en: {signup: {subject: Hello}}}",
			`26: brands[0].wording.en.signup: is no kind of message; the kinds are sign-up forgot-password attribute-change invitation sign-in-code account-takeover welcome`},
		"wording that is no text": {"postalAddress: 1 Sample Street", "wording: {en: {sign-up: {subject: [Hello]}}}",
			`26: brands[0].wording.en.sign-up.subject: must be a text`},
		"a link host with a scheme": {"host: links.example.com", "host: https://links.example.com",
			`21: links.host: must be a host name in lower case, such as links.example.com, not "https://links.example.com"`},
		"a link host of one label": {"host: links.example.com", "host: localhost",
			`21: links.host: must be a host name in lower case, such as links.example.com, not "localhost"`},
		"a link host that is an address": {"host: links.example.com", "host: 192.0.2.1",
			`21: links.host: must be a host name in lower case, such as links.example.com, not "192.0.2.1"`},
		"an identity that the sender is not of": {"nameAttributes: [given_name", "identity: example.org\n  nameAttributes: [given_name",
			`19: mail.identity: must be no-reply@example.com, the sender's address, or its domain, not "example.org": SES sends only for what it has verified`},
		"a hosted zone without an id": {"nameAttributes: [given_name", "hostedZone: {name: example.com}\n  nameAttributes: [given_name",
			`19: mail.hostedZone.id: must be the id of a hosted zone, such as Z0123456789EXAMPLE, not ""`},
		"a hosted zone of another domain": {"host: links.example.com", "host: links.example.com\n  hostedZone: {id: Z0123456789EXAMPLE, name: ample.com}",
			`22: links.hostedZone.name: must be "links.example.com" or a domain above it, not "ample.com"`},
		"a rate of nothing": {"nameAttributes: [given_name", "rate: 0\n  nameAttributes: [given_name",
			`19: mail.rate: must be 1 to 10000 mails a second, not 0`},
		"a way of delivery that is none": {"nameAttributes: [given_name", "delivery: smtp\n  nameAttributes: [given_name",
			`19: mail.delivery: must be one of cognito, ses, not "smtp"`},
		"a certificate that is none": {"host: links.example.com", "host: links.example.com\n  certificateArn: arn:aws:s3:::bucket",
			`22: links.certificateArn: must be the ARN of a certificate, such as arn:aws:acm:eu-central-1:123456789012:certificate/sample, not "arn:aws:s3:::bucket"`},
		"hosted sign-in without its parts": {"groups: [members]", "signIn: {facebookAppId: app}\ngroups: [members]",
			"49: signIn.facebookAppId: must be the number of a Facebook app, not \"app\"\n" +
				"p:49: signIn.domainPrefix: must be 1 to 63 lower-case letters, digits or hyphens, not \"\"\n" +
				"p:49: signIn.facebookSecret: is missing; write the name of the secret in AWS Secrets Manager that holds the app's secret"},
		"alarms to nobody": {"groups: [members]", "alarms: {email: ops}\ngroups: [members]",
			`49: alarms.email: must be a plain e-mail address, such as support@example.com, not "ops"`},
		"a brand's name with a blank": {"- name: myapp", "- name: My App\n  - name: myapp",
			`23: brands[0].name: must be 1 to 32 lower-case letters, digits or hyphens, not "My App"`},
		"a brand twice": {"- name: myapp", "- name: myapp\n  - name: myapp",
			`24: brands[1].name: appears twice: "myapp"`},
		"a brand that makes text messages too long": {"displayName: MyApp", "displayName: " + long[:31],
			`24: brands[0].displayName: must be one line of up to 30 printable characters`},
		"a brand with a direction mark": {"displayName: MyApp", `displayName: "My\u202eApp"`,
			`24: brands[0].displayName: must be one line of up to 30 printable characters`},
		"a brand with a placeholder of Cognito's": {"displayName: MyApp", "displayName: My{####}App",
			`24: brands[0].displayName: must not hold { or }: Cognito looks for its placeholders there`},
		"a colour by its name": {`color: "#1d4ed8"`, "color: blue",
			`25: brands[0].color: must be a colour such as #1d4ed8, not "blue"`},
		"a colour that white text cannot be read on": {`color: "#1d4ed8"`, `color: "#ffcc00"`,
			`25: brands[0].color: has a contrast of 1.51 to the white text on it; take a darker one, for at least 4.5 (WCAG 2.2 AA)`},
		"a colour just too light": {`color: "#1d4ed8"`, `color: "#777777"`,
			`25: brands[0].color: has a contrast of 4.48 to the white text on it; take a darker one, for at least 4.5 (WCAG 2.2 AA)`},
		"a postal address in two lines": {"postalAddress: 1 Sample Street", `postalAddress: "1 Sample Street\nTown"`,
			`26: brands[0].postalAddress: must be one line of up to 200 printable characters`},
		"a support page in the place of an address": {"    support: support@example.com", "    support: https://example.com/",
			`27: brands[0].support: must be a plain e-mail address, such as support@example.com, not "https://example.com/"`},
		"a client's name with a slash": {"- name: web", "- name: ../web",
			`29: clients[0].name: must be 1 to 64 letters, digits, hyphens or underscores, not "../web"`},
		"a client twice": {"- name: web", "- {name: web, url: https://app.example.com/}\n  - name: web",
			`30: clients[1].name: appears twice: "web"`},
		"a client twice but for capitals": {"\nlocales:", "\n  - {name: Web, url: 'https://web.example.com/'}\nlocales:",
			`38: clients[1].name: differs from "web" in capitals only, and some disks keep both as one folder; take another name`},
		"a client of another brand": {"brand: myapp", "brand: other",
			`30: clients[0].brand: names no brand of this file: "other"`},
		"a client in a locale that the pool does not have": {"locale: en", "locale: de",
			`31: clients[0].locale: is not among the locales of this file: "de"`},
		"a client without an address": {"\n    url: https://app.example.com/", "\n    url: \"\"",
			`32: clients[0].url: is missing; write the app's address, such as https://app.example.com/`},
		"a client without TLS": {"\n    url: https://app.example.com/", "\n    url: http://app.example.com/",
			`32: clients[0].url: must begin with https://`},
		"a sign-in page that is only a path": {"signInUrl: https://app.example.com/sign-in", "signInUrl: /sign-in",
			`33: clients[0].signInUrl: must be a full https address, such as https://app.example.com/`},
		"a page for attributes with a fragment": {"https://app.example.com/verify", `"https://app.example.com/#verify"`,
			`34: clients[0].attributeUrl: must not end in a #fragment`},
		"a page for passwords with a password": {"https://app.example.com/reset", "https://a:b@app.example.com/reset",
			`35: clients[0].resetUrl: must not hold a user or a password`},
		"a return address that is a script": {"[https://app.example.com/]", "[https://app.example.com/, 'javascript:alert(1)']",
			`36: clients[0].returnUrls[1]: must be a full https address, such as https://app.example.com/`},
		"people who never stay signed in": {"refreshTokenDays: 30", "refreshTokenDays: 0",
			`37: clients[0].refreshTokenDays: must be 1 to 3650, not 0`},
		"people who stay signed in for longer than Cognito lets them": {"refreshTokenDays: 30", "refreshTokenDays: 3651",
			`37: clients[0].refreshTokenDays: must be 1 to 3650, not 3651`},
		"a locale in words": {"[en, fr]", "[en, fr, German]",
			`38: locales[2]: must be a language tag, such as en, pt-BR or zh-Hans, not "German"`},
		"a locale in the spelling of POSIX": {"[en, fr]", "[en, fr, pt_BR]",
			`38: locales[2]: must be a language tag, such as en, pt-BR or zh-Hans, not "pt_BR"`},
		"a locale twice": {"[en, fr]", "[en, fr, en]",
			`38: locales[2]: appears twice: "en"`},
		"a domain with an @": {"allowedDomains: [example.com]", `allowedDomains: ["@example.com"]`,
			`41: signUp.email.allowedDomains[0]: must be a domain such as example.com, or *.example.com for all below it, not "@example.com"`},
		"a domain of one word": {`["*.example.com"]`, "[Example]",
			`42: signUp.email.deniedDomains[0]: must be a domain such as example.com, or *.example.com for all below it, not "example"`},
		"a domain that has no Punycode": {`["*.example.com"]`, "[xn--a.example.com]",
			`42: signUp.email.deniedDomains[0]: must be a domain such as example.com, or *.example.com for all below it, not "xn--a.example.com"`},
		"forbidden words that are none": {"minLength: 2", `forbiddenWords: [admin, "--"]`,
			`47: signUp.attributes[0].forbiddenWords[1]: must be one or more words, not "--"`},
		"an empty value that is allowed": {"minLength: 2", `allowedValues: [a, ""]`,
			`47: signUp.attributes[0].allowedValues[1]: must not be empty; an attribute that is not required may be left out anyway`},
		"a value that is allowed twice": {"minLength: 2", `allowedValues: [a, b, a]`,
			`47: signUp.attributes[0].allowedValues[2]: appears twice: "a"`},
		"a sign-up that is confirmed for an address": {"groups: [members]", "  autoConfirm: {domains: [ann@example.com]}",
			`49: signUp.autoConfirm.domains[0]: must be a domain such as example.com, or *.example.com for all below it, not "ann@example.com"`},
		"an address that is verified without a domain": {"groups: [members]", "  autoConfirm: {verifyEmail: true}",
			`49: signUp.autoConfirm.verifyEmail: needs signUp.autoConfirm.domains: an address is verified without a mail only where it is confirmed without one`},
		"an unknown policy for providers": {"groups: [members]", "  externalProviders: {policy: merge}",
			`49: signUp.externalProviders.policy: must be one of accept, refuse, link, not "merge"`},
		"linking for no provider": {"groups: [members]", "  externalProviders: {policy: link}",
			`49: signUp.externalProviders.trusted: belongs to the policy link: write both, with the providers that you trust to verify addresses, such as Google, or neither`},
		"trusted providers that are not linked": {"groups: [members]", "  externalProviders: {trusted: [Google]}",
			`49: signUp.externalProviders.trusted: belongs to the policy link: write both, with the providers that you trust to verify addresses, such as Google, or neither`},
		"a provider with an underscore at its end": {"groups: [members]", "  externalProviders: {policy: link, trusted: [Google_]}",
			`49: signUp.externalProviders.trusted[0]: must be the name of a provider as in Cognito, such as Facebook, not "Google_"`},
		"a provider twice": {"groups: [members]", "  externalProviders: {policy: link, trusted: [Google, Google]}",
			`49: signUp.externalProviders.trusted[1]: appears twice: "Google"`},
		"a provider that is not trusted and verifies": {"groups: [members]", "  externalProviders: {policy: link, trusted: [Google], assumeVerified: [Facebook]}",
			`49: signUp.externalProviders.assumeVerified[0]: is not in signUp.externalProviders.trusted: "Facebook"`},
		"a star inside a domain": {`["*.example.com"]`, `["mail.*.example.com"]`,
			`42: signUp.email.deniedDomains[0]: must be a domain such as example.com, or *.example.com for all below it, not "mail.*.example.com"`},
		"a rule for an attribute that nobody has": {"- name: agentName\n      label", "- name: nobody\n    - name: agentName\n      label",
			`44: signUp.attributes[0].name: is neither in pool.attributes nor a standard attribute: "nobody"`},
		"two rules for one attribute": {"- name: agentName\n      label", "- name: agentName\n    - name: agentName\n      label",
			`45: signUp.attributes[1].name: appears twice: "agentName"`},
		"a label in a locale that the pool does not have": {"{en: Agent}", "{de: Agent}",
			`45: signUp.attributes[0].label.de: is for a locale that this file does not have; remove it, or add the locale to locales`},
		"a label of two lines": {"{en: Agent}", `{en: "Agent\nname"}`,
			`45: signUp.attributes[0].label.en: must be one line of up to 60 printable characters`},
		"a pattern that is none": {`pattern: "[a-z]+"`, `pattern: "[a-z"`,
			"46: signUp.attributes[0].pattern: is no regular expression (RE2 syntax): missing closing ]: `[a-z`"},
		"a pattern with an open parenthesis": {`pattern: "[a-z]+"`, `pattern: "("`,
			"46: signUp.attributes[0].pattern: is no regular expression (RE2 syntax): missing closing ): `(`"},
		"a pattern that ends in a backslash": {`pattern: "[a-z]+"`, `pattern: 'a\'`,
			"46: signUp.attributes[0].pattern: is no regular expression (RE2 syntax): trailing backslash at end of expression: ``"},
		"a pattern that looks behind": {`pattern: "[a-z]+"`, `pattern: "(?<=a)b"`,
			"46: signUp.attributes[0].pattern: is no regular expression (RE2 syntax): invalid named capture: `(?<=a)b`"},
		"a quotation in a pattern that does not end": {`pattern: "[a-z]+"`, `pattern: '\Qabc'`,
			"46: signUp.attributes[0].pattern: is no regular expression (RE2 syntax): missing closing ): `^(?:\\Qabc)$`"},
		"a pattern that is only whole between parentheses": {`pattern: "[a-z]+"`, `pattern: "a)|(b"`,
			"46: signUp.attributes[0].pattern: is no regular expression (RE2 syntax): unexpected ): `a)|(b`"},
		"a hosted zone without a host": {"host: links.example.com", "hostedZone: {id: Z0123456789EXAMPLE, name: example.com}",
			`20: links.host: is missing; write the host name that links.hostedZone gets a record of, such as links.example.com`},
		"a rule with its bounds the wrong way round": {"minLength: 2", "minLength: 41",
			`44: signUp.attributes[0]: must have 0 <= minLength <= maxLength; a maxLength of 0 is no bound`},
		"a negative bound": {"minLength: 2", "minLength: -1",
			`44: signUp.attributes[0]: must have 0 <= minLength <= maxLength; a maxLength of 0 is no bound`},
		"a group with a blank": {"[members]", "[the members]",
			`49: groups[0]: must be 1 to 128 characters without blanks, not "the members"`},
		"a group twice": {"[members]", "[members, members]",
			`49: groups[1]: appears twice: "members"`},
		"a Facebook app by its name": {`"123456789"`, "MyApp",
			`51: identityPool.facebookAppId: must be the number of a Facebook app, not "MyApp"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := Parse("p", []byte(edit(t, good, test.replace, test.by)))
			if err == nil {
				t.Fatalf("it is accepted: %+v", s)
			}
			if want := "p:" + test.want; err.Error() != want {
				t.Errorf("got\n%s\nwant\n%s", err, want)
			}
		})
	}
}

// Every address of an app stands in mails, so each is bounded.
func TestAddressesThatAreTooLong(t *testing.T) {
	const app = "https://app.example.com/"
	for key, replace := range map[string]string{
		"url":           "\n    url: " + app,
		"signInUrl":     "signInUrl: " + app + "sign-in",
		"attributeUrl":  "attributeUrl: " + app + "verify",
		"resetUrl":      "resetUrl: " + app + "reset",
		"returnUrls[0]": "returnUrls: [" + app,
	} {
		t.Run(key, func(t *testing.T) {
			address := func(n int) string {
				text, _, _ := strings.Cut(replace, app)
				return text + app + strings.Repeat("x", n-len(app))
			}
			parse(t, edit(t, good, replace, address(300)))
			_, err := Parse("p", []byte(edit(t, good, replace, address(301))))
			if err == nil || !strings.HasSuffix(err.Error(), ": clients[0]."+key+": is longer than 300 characters") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// names are entries of pool.attributes.
func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = "\n    - name: a" + strings.Repeat("b", i%19) + string(rune('a'+i/19))
	}
	return list
}

func TestValuesThatAreAccepted(t *testing.T) {
	for name, test := range map[string]struct{ replace, by string }{
		"a tag of 128 characters that are more bytes": {"AppName: MyApp", strings.Repeat("é", 128) + ": " + strings.Repeat("é", 256)},
		"a government's region":                       {"eu-central-1", "us-gov-west-1"},
		"a colour that is just dark enough":           {"#1d4ed8", "#767676"},
		"a colour in capitals":                        {"#1d4ed8", "#1D4ED8"},
		"a brand in another script":                   {"displayName: MyApp", "displayName: تطبيقي"},
		"a sender in another script":                  {"from:\n    name: MyApp", "from:\n    name: 私のアプリ"},
		"a logo":                                      {"postalAddress: 1 Sample Street", "logo: {url: 'https://app.example.com/logo.png', width: 16}"},
		"wording of a brand's own":                    {"postalAddress: 1 Sample Street", "wording: {en: {sign-up: {subject: Hello}}}"},
		"a rule without an upper bound":               {"minLength: 2\n      maxLength: 40", "minLength: 41"},
		"a rule for a standard attribute":             {"- name: agentName\n      label", "- name: family_name\n      label"},
		"an app on this machine":                      {"\n    url: https://app.example.com/", "\n    url: http://localhost:3000/"},
		"no restriction to domains":                   {"allowedDomains: [example.com]", "allowedDomains: []"},
		"a domain in Punycode":                        {`["*.example.com"]`, `["*.xn--exmple-cua.com"]`},
		"a group in another script":                   {"[members]", "[Mitglieder-ö]"},
		"no Facebook app":                             {`"123456789"`, `""`},
	} {
		t.Run(name, func(t *testing.T) { parse(t, edit(t, good, test.replace, test.by)) })
	}
}

func TestABrandHasASenderOfItsOwnOrThatOfAll(t *testing.T) {
	all := Brand{From: Address{Name: "MyApp", Address: "no-reply@example.com"}, ReplyTo: "support@example.com", Support: "support@example.com"}
	for name, test := range map[string]struct {
		delivery, brand string
		want            func(*Brand)
	}{
		"nothing of its own":         {"ses", "", func(*Brand) {}},
		"nothing, written as such":   {"ses", `, from: {name: "", address: ""}, replyTo: ""`, func(*Brand) {}},
		"the same, through Cognito":  {"cognito", ", from: {name: MyApp, address: no-reply@example.com}, replyTo: support@example.com", func(*Brand) {}},
		"a name":                     {"ses", ", from: {name: Drivers}", func(b *Brand) { b.From.Name = "Drivers" }},
		"an address":                 {"ses", ", from: {address: drivers@example.com}", func(b *Brand) { b.From.Address = "drivers@example.com" }},
		"an address in capitals":     {"ses", ", from: {address: Drivers@EXAMPLE.com}", func(b *Brand) { b.From.Address = "Drivers@EXAMPLE.com" }},
		"answers, which are help":    {"ses", ", replyTo: drivers@example.com", func(b *Brand) { b.ReplyTo, b.Support = "drivers@example.com", "drivers@example.com" }},
		"answers of another domain":  {"ses", ", replyTo: drivers@example.org, support: support@example.com", func(b *Brand) { b.ReplyTo = "drivers@example.org" }},
		"help that is not answers":   {"ses", ", support: drivers@example.com", func(b *Brand) { b.Support = "drivers@example.com" }},
		"help, and Cognito's sender": {"cognito", ", support: drivers@example.com", func(b *Brand) { b.Support = "drivers@example.com" }},
	} {
		t.Run(name, func(t *testing.T) {
			got := parse(t, senders(test.delivery, "example.com", test.brand)).Brands[0]
			want := all
			test.want(&want)
			if got.From != want.From || got.ReplyTo != want.ReplyTo || got.Support != want.Support {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestSendersOfABrandThatAreRefused(t *testing.T) {
	const remedy = "needs mail.delivery: ses; with cognito, the whole pool has one sender, which is mail.from and mail.replyTo"
	for name, test := range map[string]struct {
		delivery, identity, brand string
		want                      []string // without the file's name
	}{
		"a sender that Cognito does not have": {"cognito", "example.com", ", from: {name: Drivers}", []string{"3: brands[0].from: " + remedy}},
		"answers that Cognito sends elsewhere": {"cognito", "example.com", ", replyTo: drivers@example.com", []string{
			"3: brands[0].replyTo: " + remedy,
		}},
		"both": {"cognito", "example.com", ", from: {address: drivers@example.com}, replyTo: drivers@example.com", []string{
			"3: brands[0].from: " + remedy, "3: brands[0].replyTo: " + remedy,
		}},
		"a delivery that there is not, which is the only mistake": {"SES", "example.com", ", from: {name: Drivers}", []string{
			`2: mail.delivery: must be one of cognito, ses, not "SES"`,
		}},
		"a delivery that cannot be read, which is the only mistake": {"[ses]", "example.com", ", from: {name: Drivers}", []string{
			"2: mail.delivery: must be a text",
		}},
		"a domain that SES has not verified": {"ses", "example.com", ", from: {address: no-reply@example.org}", []string{
			`3: brands[0].from.address: must be within mail.identity, example.com, not "no-reply@example.org": SES sends only for what it has verified`,
		}},
		"a domain below the one that is verified": {"ses", "example.com", ", from: {address: no-reply@drivers.example.com}", []string{
			`3: brands[0].from.address: must be within mail.identity, example.com, not "no-reply@drivers.example.com": SES sends only for what it has verified`,
		}},
		"an address beside the one that is verified": {"ses", "no-reply@example.com", ", from: {address: drivers@example.com}", []string{
			`3: brands[0].from.address: must be within mail.identity, no-reply@example.com, not "drivers@example.com": SES sends only for what it has verified`,
		}},
		"an identity of neither sender, which is the only mistake": {"ses", "example.net", ", from: {address: drivers@example.com}", []string{
			`2: mail.identity: must be no-reply@example.com, the sender's address, or its domain, not "example.net": SES sends only for what it has verified`,
		}},
		"an identity that cannot be read, which is the only mistake": {"ses", "[example.org]", ", from: {address: drivers@example.org}", []string{
			"2: mail.identity: must be a text",
		}},
		"an address with its name": {"ses", "example.com", ", from: {address: 'Drivers <drivers@example.com>'}", []string{
			`3: brands[0].from.address: must be a plain e-mail address, such as support@example.com, not "Drivers <drivers@example.com>"`,
		}},
		"a name with an address": {"ses", "example.com", ", from: {name: 'Drivers <drivers@example.com>'}", []string{
			"3: brands[0].from.name: must be up to 64 characters on one line, without <, > and quotes",
		}},
		"a name of two lines": {"ses", "example.com", `, from: {name: "Drivers\r\nBcc: x"}`, []string{
			"3: brands[0].from.name: must be up to 64 characters on one line, without <, > and quotes",
		}},
		"answers to no address, which is told once": {"ses", "example.com", ", replyTo: drivers", []string{
			`3: brands[0].replyTo: must be a plain e-mail address, such as support@example.com, not "drivers"`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("p", []byte(senders(test.delivery, test.identity, test.brand)))
			if want := "p:" + strings.Join(test.want, "\np:"); err == nil || err.Error() != want {
				t.Errorf("got\n%v\nwant\n%s", err, want)
			}
		})
	}
}

// senders is a file with the sender of all brands, and with more keys of one.
func senders(delivery, identity, brand string) string {
	return leastPool +
		"mail: {from: {name: MyApp, address: no-reply@example.com}, replyTo: support@example.com, delivery: " + delivery + ", identity: " + identity + "}\n" +
		"brands: [{name: drivers" + brand + "}]\n" + leastClients
}

func TestAllMistakesAreReportedAtOnceInTheOrderOfTheirLines(t *testing.T) {
	const bad = `groups: [a b]
clients:
  - name: web
    url: http://app.example.com/
  - name: web
    brand: other
    refreshTokenDays: 0
brands: [{name: a, color: "#ffffff", displayName: "{a}"}]
signUp: {attributes: [{name: agentName, label: {zz: a, yy: b}}]}
pool: {region: x, tags: {"aws:b": 1, "aws:a": 1}}
`
	want := []string{
		`p: mail.from.address: is missing; write the sender's address, such as no-reply@example.com`,
		`p:1: groups[0]: must be 1 to 128 characters without blanks, not "a b"`,
		`p:4: clients[0].url: must begin with https://`,
		`p:5: clients[1].name: appears twice: "web"`,
		`p:5: clients[1].url: is missing; write the app's address, such as https://app.example.com/`,
		`p:6: clients[1].brand: names no brand of this file: "other"`,
		`p:7: clients[1].refreshTokenDays: must be 1 to 3650, not 0`,
		`p:8: brands[0].displayName: must not hold { or }: Cognito looks for its placeholders there`,
		`p:8: brands[0].color: has a contrast of 1.00 to the white text on it; take a darker one, for at least 4.5 (WCAG 2.2 AA)`,
		`p:9: signUp.attributes[0].label.yy: is for a locale that this file does not have; remove it, or add the locale to locales`,
		`p:9: signUp.attributes[0].label.zz: is for a locale that this file does not have; remove it, or add the locale to locales`,
		`p:10: pool.region: must be an AWS region, such as eu-central-1, not "x"`,
		`p:10: pool.tags.aws:a: must be 1 to 128 characters that do not begin with aws:, with a value of up to 256`,
		`p:10: pool.tags.aws:b: must be 1 to 128 characters that do not begin with aws:, with a value of up to 256`,
	}
	for range 5 { // the order must not come from a map's
		_, err := Parse("p", []byte(bad))
		if err == nil {
			t.Fatal("it is accepted")
		}
		if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", err, strings.Join(want, "\n"))
		}
	}
}

// The ratios are those of WCAG's own formula: black on white is 21, and #767676
// is the lightest grey of 4.5.
func TestContrast(t *testing.T) {
	for color, want := range map[string]float64{
		"#000000": 21, "#ffffff": 1, "#767676": 4.54, "#777777": 4.48, "#ff0000": 4.00, "#00FF00": 1.37, "#0000ff": 8.59,
	} {
		if got := Contrast(color, "#ffffff"); math.Abs(got-want) > 0.005 {
			t.Errorf("%s: %.3f, want %.2f", color, got, want)
		}
	}
}

func TestDomainsAreKeptAsTheyAreCompared(t *testing.T) {
	s := parse(t, edit(t, good, "[example.com]", `[EXAMPLE.com, Müller.example, "*.MÜLLER.example", xn--mller-kva.example]`))
	want := []string{"example.com", "xn--mller-kva.example", "*.xn--mller-kva.example", "xn--mller-kva.example"}
	if got := s.SignUp.Email.AllowedDomains; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The names are those of Cognito's patterns, which take too long to compile for every start.
func TestNamesMatchCognitosPatterns(t *testing.T) {
	const class = `[\p{L}\p{M}\p{S}\p{N}\p{P}]`
	short := regexp.MustCompile(`^` + class + `{1,20}$`)
	provider := regexp.MustCompile(`^[^_\s]` + class + `{0,30}[^_\s]$`)
	for _, name := range []string{
		"", "a", "_", "ab", "_a", "a_", "a_b", "a b", " ab", "ab ", "a\tb", "a\u00a0b", "é名", "e\u0301", "+1", "a\u200bb", "a\x00b",
		strings.Repeat("x", 20), strings.Repeat("x", 21), strings.Repeat("名", 20), strings.Repeat("名", 21),
		strings.Repeat("x", 32), strings.Repeat("x", 33), strings.Repeat("名", 32), strings.Repeat("名", 33),
	} {
		if got, want := isName(name, 20), short.MatchString(name); got != want {
			t.Errorf("%q is a name: %t", name, got)
		}
		if got, want := isProviderName(name), provider.MatchString(name); got != want {
			t.Errorf("%q is a provider's name: %t", name, got)
		}
	}
}

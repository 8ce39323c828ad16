package settings

import (
	_ "embed"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// good is a file that uses every part of the settings; one edit makes it bad.
//
//go:embed testdata/good.yaml
var good string

// Mails contain every address of an app, so each is bounded.
func TestOversizedAddresses(t *testing.T) {
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

func TestAcceptedValues(t *testing.T) {
	for name, test := range map[string]struct{ replace, by string }{
		"a tag of 128 characters that are more bytes":   {"AppName: MyApp", strings.Repeat("é", 128) + ": " + strings.Repeat("é", 256)},
		"a government's region":                         {"eu-central-1", "us-gov-west-1"},
		"a colour that is just dark enough":             {"#1d4ed8", "#767676"},
		"a colour in capitals":                          {"#1d4ed8", "#1D4ED8"},
		"a brand in another script":                     {"displayName: MyApp", "displayName: تطبيقي"},
		"a sender in another script":                    {"from:\n    name: MyApp", "from:\n    name: 私のアプリ"},
		"a logo":                                        {"postalAddress: 1 Sample Street", "logo: {url: 'https://app.example.com/logo.png', width: 16}"},
		"wording of a brand's own":                      {"postalAddress: 1 Sample Street", "wording: {en: {sign-up: {subject: Hello}}}"},
		"a rule without an upper bound":                 {"minLength: 2\n      maxLength: 40", "minLength: 41"},
		"a rule for a standard attribute":               {"- name: agentName\n      label", "- name: family_name\n      label"},
		"an app on this machine":                        {"\n    url: https://app.example.com/", "\n    url: http://localhost:3000/"},
		"no restriction to domains":                     {"allowedDomains: [example.com]", "allowedDomains: []"},
		"a domain in Punycode":                          {`["*.example.com"]`, `["*.xn--exmple-cua.com"]`},
		"a group in another script":                     {"[members]", "[Mitglieder-ö]"},
		"an event of an invitation that is followed up": {"[user.password-changed]\n      queue: password-changes", "[user.invitation-accepted]\n      queue: invitations\ninvitations: {followUp: true}"},
		"no Facebook app":                               {`"123456789"`, `""`},
	} {
		t.Run(name, func(t *testing.T) { parse(t, edit(t, good, test.replace, test.by)) })
	}
}

func TestBrandSenderDefaultsToTheCommonOne(t *testing.T) {
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
			got := parse(t, leastPool+
				"mail: {from: {name: MyApp, address: no-reply@example.com}, replyTo: support@example.com, delivery: "+test.delivery+"}\n"+
				"brands: [{name: drivers"+test.brand+"}]\n"+leastClients).Brands[0]
			want := all
			test.want(&want)
			if got.From != want.From || got.ReplyTo != want.ReplyTo || got.Support != want.Support {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
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

func TestDomainsAreNormalized(t *testing.T) {
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

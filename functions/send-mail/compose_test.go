package main

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"poolpost/internal/link"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
)

// sendEntry sends one entry and returns the mail.
func sendEntry(t *testing.T, h *handler, r *recorder, entry mail.Entry) *sesv2.SendEmailInput {
	t.Helper()
	r.sent = nil
	if _, err := h.Handle(t.Context(), batchOf(queued(t, entry))); err != nil || len(r.sent) != 1 {
		t.Fatalf("%d mails were sent: %v; dead letters %q", len(r.sent), err, r.reasons())
	}
	return r.sent[0]
}

// full is an entry with everything that a kind can have.
func full(kind message.Kind) mail.Entry {
	return mail.Entry{
		Kind: kind, To: "jane@example.com", Name: "Jane", ClientID: ridersID, User: "0a1b2c3d", Code: "123456",
		Return: "https://riders.example.com/trips/7", Time: "2026-01-01T12:00:59Z", Takeover: &mail.TakeoverAlert{
			Time: "2026-01-01T12:00:00Z", City: "Berlin", Country: "Germany", IP: "192.0.2.7", Device: "Chrome 126, Windows 10",
			ReportURL: "https://sample.auth.eu-central-1.amazoncognito.com/feedback?valid=0&token=a",
		},
	}
}

func TestEachKindGetsItsLinkAndValues(t *testing.T) {
	confirm := link.Link{Client: ridersID, User: "0a1b2c3d", Code: "123456", Locale: "en", Return: "https://riders.example.com/trips/7"}
	h, r, _ := testHandler(t)
	for kind, want := range map[message.Kind]struct {
		link string
		says []string // lines of the text part
		not  string
	}{
		message.SignUp:          {link.Build("https://links.example.com", link.PathConfirm, confirm), []string{"Hello Jane,", "123456"}, ""},
		message.ForgotPassword:  {link.Build("https://links.example.com", link.PathReset, confirm), []string{"Hello Jane,", "123456"}, ""},
		message.AttributeChange: {"https://riders.example.com/account/verify?tab=email&code=123456", []string{"123456"}, ""},
		message.Invitation:      {"https://riders.example.com/sign-in", []string{"123456", "jane@example.com"}, "code="},
		message.SignInCode:      {"", []string{"123456"}, "https://links"},
		message.ProviderLinked:  {"https://riders.example.com/sign-in", []string{"Hello Jane,"}, "123456"},
		message.Welcome:         {"https://riders.example.com/", []string{"Hello Jane,"}, "123456"},
		message.PasswordChanged: {
			link.Build("https://links.example.com", link.PathNotMe, link.Link{Client: ridersID, User: "0a1b2c3d", Locale: "en", Return: confirm.Return}),
			[]string{"Hello Jane,", "2026-01-01 12:00 UTC"}, "code=",
		},
		message.AccountTakeover: {
			"https://sample.auth.eu-central-1.amazoncognito.com/feedback?valid=0&token=a",
			[]string{"2026-01-01 12:00 UTC", "Berlin, Germany, 192.0.2.7", "Chrome 126, Windows 10"}, "123456",
		},
	} {
		t.Run(string(kind), func(t *testing.T) {
			in := sendEntry(t, h, r, full(kind))
			text, html := *in.Content.Simple.Body.Text.Data, *in.Content.Simple.Body.Html.Data
			lines := strings.Split(text, "\n")
			if want.link != "" && (!slices.Contains(lines, want.link) || !strings.Contains(html, `href="`+strings.ReplaceAll(want.link, "&", "&amp;")+`"`)) {
				t.Errorf("the link is not %s: %s", want.link, text)
			}
			for _, line := range want.says {
				if !slices.Contains(lines, line) {
					t.Errorf("the text lacks the line %q: %s", line, text)
				}
			}
			if want.not != "" && strings.Contains(text, want.not) {
				t.Errorf("the text has %q: %s", want.not, text)
			}
			if strings.ContainsAny(html+text+*in.Content.Simple.Subject.Data, message.PlaceholderDelimiter+message.PartSeparator) {
				t.Error("the mail has a placeholder that is not filled")
			}
		})
	}
	if len(message.Kinds()) != 9 {
		t.Errorf("there are %d kinds of message; this test has 9", len(message.Kinds()))
	}
}

// What a mail of any kind has in every language is what SES, and the servers
// behind it, take.
func TestMessagesMeetSESLimits(t *testing.T) {
	tag := regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`) // MessageTag, SES API v2 reference
	h, r, _ := testHandler(t)
	for _, kind := range message.Kinds() {
		for _, locale := range []string{"en", "fr", "ar"} {
			entry := full(kind)
			entry.Locales = []string{locale}
			entry.Name = strings.Repeat("Ж", 40)
			entry.User = strings.Repeat("ж", 128)
			entry.Return = "https://riders.example.com/trips/" + strings.Repeat("a", 260)
			in := sendEntry(t, h, r, entry)
			simple := in.Content.Simple
			for _, line := range strings.Split(*simple.Body.Html.Data+"\n"+*simple.Body.Text.Data, "\n") {
				if len(line) > 998 && !strings.Contains(line, strings.Repeat("%D0%B6", 128)) {
					t.Errorf("%s, %s: a line has %d bytes: %.80s", kind, locale, len(line), line)
				}
			}
			if strings.ContainsAny(*simple.Subject.Data, "\r\n") || len(in.EmailTags) != 4 {
				t.Errorf("%s, %s: the subject is %q, with %d tags", kind, locale, *simple.Subject.Data, len(in.EmailTags))
			}
			for _, pair := range in.EmailTags {
				if !tag.MatchString(*pair.Name) || !tag.MatchString(*pair.Value) {
					t.Errorf("SES refuses the tag %s=%s", *pair.Name, *pair.Value)
				}
			}
		}
	}
}

// Bounces name the user by the tag sub. A value that SES refuses would cost the email.
func TestAMailNamesItsUser(t *testing.T) {
	h, r, _ := testHandler(t)
	for sub, want := range map[string]string{
		"0a1b2c3d-1111-4222-8333-444455556666": "0a1b2c3d-1111-4222-8333-444455556666",
		"":                                     "",
		"jane@example.com":                     "",
		"a b":                                  "",
		"ж":                                    "",
		strings.Repeat("a", 257):               "",
	} {
		entry := full(message.Welcome)
		entry.Sub = sub
		got := ""
		for _, pair := range sendEntry(t, h, r, entry).EmailTags {
			if *pair.Name == "sub" {
				got = *pair.Value
			}
		}
		if got != want {
			t.Errorf("of the sub %q, the tag is %q", sub, got)
		}
	}
}

func TestAddresses(t *testing.T) {
	for name, test := range map[string]struct{ address, want string }{ // an empty want: refused
		"an address":                         {"jane@example.com", "jane@example.com"},
		"a tag, and what else is allowed":    {"j.o'neil+tag_1%x=y@mail.example.com", "j.o'neil+tag_1%x=y@mail.example.com"},
		"capitals in the local part":         {"Jane@example.com", "Jane@example.com"},
		"a domain in Unicode":                {"jane@bücher.example", "jane@xn--bcher-kva.example"},
		"a domain in capitals":               {"jane@EXAMPLE.com", "jane@example.com"},
		"a domain in Punycode":               {"jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example"},
		"a domain in Arabic":                 {"jane@مثال.إختبار", "jane@xn--mgbh0fb.xn--kgbechtv"},
		"a domain with ideographic dots":     {"jane@例え。テスト", "jane@xn--r8jz45g.xn--zckzah"},
		"a local part outside of ASCII":      {"jané@example.com", ""},
		"a local part in Chinese":            {"用户@example.com", ""},
		"nothing":                            {"", ""},
		"no domain":                          {"jane@", ""},
		"no local part":                      {"@example.com", ""},
		"no at":                              {"jane.example.com", ""},
		"two at":                             {"jane@home@example.com", ""},
		"a host without a dot":               {"jane@localhost", ""},
		"a name in front":                    {"Jane <jane@example.com>", ""},
		"two addresses":                      {"jane@example.com,joe@example.com", ""},
		"a second address in the local part": {"joe@example.com, jane@example.com", ""},
		"a header":                           {"jane@example.com\r\nBcc: joe@example.com", ""},
		"a line break in the local part":     {"jane\n@example.com", ""},
		"a space":                            {"jane @example.com", ""},
		"a space in the domain":              {"jane@exam ple.com", ""},
		"a quoted local part":                {`"jane doe"@example.com`, ""},
		"a comment":                          {"jane(home)@example.com", ""},
		"an IP literal":                      {"jane@[192.0.2.1]", ""},
		"an underscore in the domain":        {"jane@exam_ple.com", ""},
		"a label that begins with a hyphen":  {"jane@-example.com", ""},
		"an empty label":                     {"jane@example..com", ""},
		"broken Punycode":                    {"jane@xn--0.example", ""},
		"a right-to-left override":           {"jane@exam\u202eple.com", ""},
		"a NUL":                              {"jane@example.com\x00", ""},
		"64 characters before the at":        {strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com"},
		"65 characters before the at":        {strings.Repeat("a", 65) + "@example.com", ""},
		"998 characters":                     {strings.Repeat("a", 986) + "@example.com", ""},
		"a domain that is too long":          {"jane@" + strings.Repeat("abcdefghi.", 26) + "com", ""},
	} {
		got, err := deliverable(test.address)
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, test.want)
		}
	}
}

func TestRecipientDomainIsSentInPunycode(t *testing.T) {
	h, r, _ := testHandler(t)
	entry := full(message.SignUp)
	entry.To = "jane@bücher.example"
	if in := sendEntry(t, h, r, entry); !slices.Equal(in.Destination.ToAddresses, []string{"jane@xn--bcher-kva.example"}) {
		t.Errorf("the mail goes to %q", in.Destination.ToAddresses)
	}
}

// A stranger chooses the device's name, and where Cognito's own words end nobody
// has written down.
func TestTakeoverNoticeIsSanitized(t *testing.T) {
	h, _, _ := testHandler(t)
	client := h.composer.config.Clients[0]
	long := strings.Repeat("word ", 400)
	for name, test := range map[string]struct {
		notice                    *mail.TakeoverAlert
		time, place, device, link string
	}{
		"no notice":     {nil, "–", "–", "–", client.SignInURL},
		"nothing known": {&mail.TakeoverAlert{}, "–", "–", "–", client.SignInURL},
		"all of it": {full(message.AccountTakeover).Takeover, "2026-01-01 12:00 UTC", "Berlin, Germany, 192.0.2.7", "Chrome 126, Windows 10",
			"https://sample.auth.eu-central-1.amazoncognito.com/feedback?valid=0&token=a"},
		"a time as Java writes it":  {&mail.TakeoverAlert{Time: "Thu Jan  1 12:00:00 UTC 2026", IP: "2001:db8::1%eth0"}, "2026-01-01 12:00 UTC", "2001:db8::1", "–", client.SignInURL},
		"a time as it was observed": {&mail.TakeoverAlert{Time: "Friday, March 19, 2021 02:25 PM UTC"}, "2021-03-19 14:25 UTC", "–", "–", client.SignInURL},
		"a time of a later day":     {&mail.TakeoverAlert{Time: "Fri 19/03/2021 at 14.25.07 UTC"}, "Fri 19 03 2021 at 14 25 07 UTC", "–", "–", client.SignInURL},
		"addresses and numbers": {&mail.TakeoverAlert{Time: "call +49 123 4567890", City: "www.example.net", Country: "+49 1234567", IP: "example.net", Device: "https://example.net +49 123 4567890", ReportURL: "javascript:alert(1)"},
			"call 49 123", "www. example. net", "https example net 49 123", client.SignInURL},
		"markup and line breaks": {&mail.TakeoverAlert{Time: "<b>\r\nnow", City: "Ber\r\nlin", Device: "<script>\r\n\u202eBcc: x", ReportURL: "https:///x"},
			"b now", "Ber lin", "script Bcc x", client.SignInURL},
		"a link to http":           {&mail.TakeoverAlert{ReportURL: "http://sample.auth.eu-central-1.amazoncognito.com/"}, "–", "–", "–", client.SignInURL},
		"a link to somewhere else": {&mail.TakeoverAlert{ReportURL: "https://example.net/.amazoncognito.com"}, "–", "–", "–", client.SignInURL},
		"a link with a user":       {&mail.TakeoverAlert{ReportURL: "https://a@sample.auth.eu-central-1.amazoncognito.com/"}, "–", "–", "–", client.SignInURL},
		"a link to another port":   {&mail.TakeoverAlert{ReportURL: "https://sample.auth.eu-central-1.amazoncognito.com:444/"}, "–", "–", "–", client.SignInURL},
		"the pool's host in GovCloud": {&mail.TakeoverAlert{ReportURL: "https://sample.auth-fips.eu-central-1.amazoncognito.com/a"}, "–", "–", "–",
			"https://sample.auth-fips.eu-central-1.amazoncognito.com/a"},
		"the domain of another pool":         {&mail.TakeoverAlert{ReportURL: "https://attacker.auth.eu-central-1.amazoncognito.com/login"}, "–", "–", "–", client.SignInURL},
		"the same domain elsewhere":          {&mail.TakeoverAlert{ReportURL: "https://sample.auth.eu-west-1.amazoncognito.com/login"}, "–", "–", "–", client.SignInURL},
		"a domain that ends like the pool's": {&mail.TakeoverAlert{ReportURL: "https://attacker-sample.auth.eu-central-1.amazoncognito.com/login"}, "–", "–", "–", client.SignInURL},
		"a link that is too long":            {&mail.TakeoverAlert{ReportURL: "https://sample.auth.eu-central-1.amazoncognito.com/?" + strings.Repeat("a", 4<<10)}, "–", "–", "–", client.SignInURL},
		"too much":                           {&mail.TakeoverAlert{Time: long, City: long, Device: long}, strings.TrimSpace(long[:80]), strings.TrimSpace(long[:40]), strings.TrimSpace(long[:80]), client.SignInURL},
	} {
		values := message.Values{}
		setTakeoverValues(values, test.notice, client, h.composer.poolHosts)
		got := []string{values[message.Time], values[message.Place], values[message.Device], values[message.Link]}
		if want := []string{test.time, test.place, test.device, test.link}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if u, err := url.Parse(values[message.Link]); err != nil || u.Scheme != "https" {
			t.Errorf("%s: the button leads to %q", name, values[message.Link])
		}
	}
}

// A pool without a domain has no address of its own: the button leads to the app.
func TestNoticeOfAPoolWithoutADomain(t *testing.T) {
	h, _, _ := testHandler(t)
	client := h.composer.config.Clients[0]
	for _, address := range []string{"https://sample.auth.eu-central-1.amazoncognito.com/", "https://.auth.eu-central-1.amazoncognito.com/", "https:///"} {
		values := message.Values{}
		setTakeoverValues(values, &mail.TakeoverAlert{ReportURL: address}, client, poolHosts("", "eu-central-1"))
		if got := values[message.Link]; got != client.SignInURL {
			t.Errorf("the button leads to %s", got)
		}
	}
}

// Whoever can write to the queue can write any name.
func TestNamesOfTheQueueAreCleanedAgain(t *testing.T) {
	h, _, _ := testHandler(t)
	client := h.composer.config.Clients[0]
	for name, want := range map[string]string{
		"Jane": "Jane",
		"Ann, see https://evil.example/login \r\nBcc: x@evil.example": message.CleanName("Ann, see https://evil.example/login \r\nBcc: x@evil.example"),
		"<b>Ann</b>\u202e {####}":                                     "b Ann b",
		"+49 123 4567890":                                             "",
		strings.Repeat("a", 200_000):                                  strings.Repeat("a", 40),
	} {
		for _, kind := range []message.Kind{message.Welcome, message.SignUp, message.AccountTakeover, message.PasswordChanged} {
			entry := full(kind)
			entry.Name = name
			values, err := h.composer.values(t.Context(), entry, client, "en")
			if err != nil || values[message.Name] != want {
				t.Errorf("%s greets %.60q as %q, want %q: %v", kind, name, values[message.Name], want, err)
			}
		}
	}
}

// The reason names what is wrong with an entry.
func TestInvalidEntriesAreDeadLettered(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*mail.Entry)
		reason logging.Safe
	}{
		"no code":               {func(e *mail.Entry) { e.Code = "" }, errNoCode},
		"no address":            {func(e *mail.Entry) { e.To = "" }, errNoAddress},
		"an address of nobody":  {func(e *mail.Entry) { e.To = "jané@example.com" }, errAddress},
		"a kind of a later day": {func(e *mail.Entry) { e.Kind = "passkey-added" }, errKind},
	} {
		h, r, _ := testHandler(t)
		entry := full(message.SignUp)
		test.change(&entry)
		if reply, err := h.Handle(t.Context(), batchOf(queued(t, entry))); err != nil || len(reply.BatchItemFailures) != 0 ||
			!slices.Equal(r.reasons(), []string{string(test.reason)}) {
			t.Errorf("%s: got %v, %v with the reasons %q", name, reply, err, r.reasons())
		}
	}
}

// Out-of-office replies would reach those who read the answers.
func TestEveryMailAsksForNoAutomaticReply(t *testing.T) {
	for _, kind := range message.Kinds() {
		h, r, _ := testHandler(t)
		headers := map[string]string{}
		for _, header := range sendEntry(t, h, r, full(kind)).Content.Simple.Headers {
			headers[*header.Name] = *header.Value
		}
		if want := map[string]string{"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply"}; !maps.Equal(headers, want) {
			t.Errorf("%s: the headers are %v, want %v", kind, headers, want)
		}
	}
}

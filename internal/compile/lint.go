package compile

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"poolpost/internal/message"
	"poolpost/internal/settings"

	"golang.org/x/net/html"
)

// Longest is what the linter fills the blanks with: the longest that each can
// be in practice. A message that fits with these fits always.
//
// A link holds user name, client and an address to return to, of up to 128, 128
// and 300 characters; escaping makes a character of user name and address up to
// three times longer. Cognito's codes are 6 to 8 digits; a temporary password may
// be longer: see LongestOf. An invitation's user name is the address that the administrator typed; one of
// more than 40 characters makes a text message too long, and Cognito then sends
// its own.
var Longest = message.Values{
	message.Link:   "https://links.example.com/confirm?" + strings.Repeat("x", 1500),
	message.Code:   "1234567890123456",
	message.User:   strings.Repeat("u", 28) + "@example.com",
	message.Name:   strings.Repeat("W", 40),
	message.Time:   strings.Repeat("9", 40),
	message.Place:  strings.Repeat("p", 60),
	message.Device: strings.Repeat("d", 60),
}

// LongestOf is Longest for a kind of message in a pool: the code of an invitation
// is a temporary password. One that Cognito makes up is not documented to have a
// length; it must meet the policy, and is taken to be at most four characters
// longer than that.
func LongestOf(kind message.Kind, policy settings.PasswordPolicy) message.Values {
	longest := maps.Clone(Longest)
	if kind == message.Invitation {
		longest[message.Code] = strings.Repeat("W", max(len(longest[message.Code]), policy.MinimumLength+4))
	}
	return longest
}

// A Fault is what is wrong with a message.
type Fault struct {
	Key  string // of the words it is in, such as subject; empty: in the message as a whole
	Text string
}

// Lint holds a compiled message against Cognito's contract for a CustomMessage
// response, and against the rules of this project. It returns one fault for
// each mistake.
//
// Mail programs have a limit of their own: Gmail cuts a mail of more than 102 KB.
// Cognito's 20,000 characters, of at most 4 bytes each, are always fewer.
func Lint(kind message.Kind, m message.Message, locale string, brand settings.Brand, policy settings.PasswordPolicy) []Fault {
	l := linter{brand: brand}
	want := kind.Spec().Values
	filled := m.Fill(LongestOf(kind, policy))

	l.key = "subject"
	l.length("subject", filled.Subject, 1, message.MaxSubject)
	l.accepted("subject", filled.Subject)
	if strings.ContainsAny(filled.Subject, "\r\n") {
		l.fault("the subject has a line break")
	}
	l.sameBlanks("subject", m.Subject, nil)
	l.addresses("subject", filled.Subject)

	l.key = "greeting"
	l.sameBlanks("greeting", m.Greeting, []string{message.Name})
	l.key = "greetingWithoutName"
	l.sameBlanks("greeting without name", m.GreetingWithoutName, nil)

	l.key = ""
	l.length("HTML", filled.HTML, message.MinHTML, message.MaxHTML)
	l.accepted("HTML", filled.HTML)
	l.sameBlanks("HTML", m.HTML, append([]string{message.Greeting}, want...))
	l.sameBlanks("text", m.Text, append([]string{message.Greeting}, want...))
	l.elements(filled.HTML, slices.Contains(want, message.Link))
	words := message.Message{HTML: m.HTML, Text: m.Text}.Fill(nil)
	l.sameWords(shownText(words.HTML), words.Text)
	l.addresses("text", filled.Text)

	l.key = "textMessage"
	if kind.Spec().SMS {
		l.length("text message", filled.SMS, message.MinSMS, message.MaxSMS)
		l.accepted("text message", filled.SMS)
		l.sameBlanks("text message", m.SMS, slices.DeleteFunc(slices.Clone(want), func(b string) bool { return b == message.Link }))
		l.addresses("text message", filled.SMS)
		l.alphabet(m.SMS, locale)
	} else if m.SMS != "" {
		l.fault("it has a text message, but no code to send to a phone")
	}
	return l.faults
}

type linter struct {
	brand  settings.Brand
	key    string // of the words that are looked at
	faults []Fault
}

func (l *linter) fault(format string, args ...any) {
	l.faults = append(l.faults, Fault{l.key, fmt.Sprintf(format, args...)})
}

func (l *linter) length(part, s string, least, most int) {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		l.fault("the %s has %d characters when its blanks are filled; Cognito takes %d to %d", part, n, least, most)
	}
}

func (l *linter) accepted(part, s string) {
	for _, r := range s {
		if !message.Accepted(r) {
			l.fault("the %s holds %U, which Cognito refuses", part, r)
			return
		}
	}
}

// sameBlanks reports blanks that are missing in a part, and such that have no
// place there.
func (l *linter) sameBlanks(part, text string, want []string) {
	pieces := strings.Split(text, message.FieldDelimiter)
	if len(pieces)%2 == 0 {
		l.fault("the %s holds a blank that does not end", part)
		return
	}
	var have []string
	for i, piece := range pieces {
		if i%2 == 1 && !slices.Contains(have, piece) {
			have = append(have, piece)
		}
	}
	for _, b := range want {
		if !slices.Contains(have, b) {
			l.fault("the %s lacks the %s", part, b)
		}
	}
	for _, b := range have {
		if !slices.Contains(want, b) {
			l.fault("the %s shows a %s, which this kind of message does not have", part, b)
		}
	}
	// ZgotmplZ is what html/template writes in the place of what it refuses.
	for _, rest := range []string{"{{", "}}", "ZgotmplZ", "9blank0"} {
		if strings.Contains(text, rest) {
			l.fault("the %s holds a blank that is never filled: %s", part, rest)
		}
	}
	if strings.Contains(text, "{#") || strings.Contains(text, "{username") {
		l.fault("the %s holds a placeholder of Cognito's; write {code}, {link} or {user} in the words instead", part)
	}
}

// address is what a mail program or a phone makes a link of by itself.
var address = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://\S*|\S+@\S+|[\p{L}\p{N}][\p{L}\p{N}-]*\.\p{L}{2,}\S*`)

// addresses reports an address in the words: people would take it for the link
// of the message. What the settings and the blanks bring is known.
func (l *linter) addresses(part, filled string) {
	for _, known := range []string{Longest[message.Link], Longest[message.User], l.brand.Support, l.brand.DisplayName, l.brand.PostalAddress} {
		if known != "" {
			filled = strings.ReplaceAll(filled, known, " ")
		}
	}
	if found := address.FindString(filled); found != "" {
		l.fault("the %s shows an address that is not the link of the message: %s", part, clip(found))
	}
}

// sameWords reports what only one of the parts says, or in another order: a
// screen reader reads the HTML as it stands.
func (l *linter) sameWords(shown []string, text string) {
	inHTML, inText := strings.Join(shown, " "), oneLine(text)
	for _, words := range shown {
		_, behind, found := strings.Cut(inText, words)
		if !found {
			l.fault("the HTML says what the text does not, or not there: %s", clip(words))
			continue
		}
		inText = behind
	}
	for line := range strings.Lines(text) {
		line = oneLine(line)
		if line != textSeparator && !strings.Contains(inHTML, line) {
			l.fault("the text says what the HTML does not: %s", clip(line))
		}
	}
}

// textSeparator is the line above the foot of a text part (RFC 3676, section
// 4.3).
const textSeparator = "--"

// oneLine puts words one space apart.
func oneLine(s string) string { return strings.Join(strings.Fields(message.Plain(s)), " ") }

// shownText are the texts that a mail program shows of a page, in their order.
func shownText(page string) (texts []string) {
	hidden := false
	tokens := html.NewTokenizer(strings.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		t := tokens.Token()
		switch t.Type {
		case html.TextToken:
			if words := oneLine(t.Data); words != "" && !hidden {
				texts = append(texts, words)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			hidden = t.Data == "style" || t.Data == "title" || strings.Contains(attributesOf(t)["style"], "display:none")
		case html.EndTagToken:
			hidden = false
		}
	}
	return texts
}

func attributesOf(t html.Token) map[string]string {
	attributes := map[string]string{}
	for _, a := range t.Attr {
		attributes[a.Key] = a.Val
	}
	return attributes
}

// gsm are the characters of GSM 03.38 and its extension table that words may
// use. A text message of other characters is UCS-2: 70 in a part, not 160.
const gsm = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"

// gsmLanguages are those that can say it in GSM 03.38. Of the accents of
// French, Italian, Portuguese and Spanish some are missing: words are found that
// do without.
var gsmLanguages = []string{"da", "de", "en", "es", "fi", "fr", "it", "nb", "nl", "no", "pt", "sv"}

// alphabet reports a character that makes a text message dearer without need.
// The app's name is what it is.
func (l *linter) alphabet(text, locale string) {
	if !slices.Contains(gsmLanguages, language(locale)) {
		return
	}
	for _, r := range strings.ReplaceAll(text, l.brand.DisplayName, "") {
		if message.Accepted(r) && !strings.ContainsRune(gsm, r) {
			l.fault("the text message holds %q, which is not in GSM 03.38: it would be sent in parts of 70 characters; find words without it", r)
			return
		}
	}
}

// elements checks what a page is made of: that its one link is the primary one,
// to an https address and marked so that SES leaves it alone, that its one
// picture is the brand's, and that nothing else is loaded or run.
func (l *linter) elements(page string, wantLink bool) {
	for _, loads := range []string{"url(", "@import", "@font-face"} {
		if strings.Contains(strings.ToLower(page), loads) {
			l.fault("the HTML loads something by its style: %s", loads)
		}
	}
	var links []string
	tokens := html.NewTokenizer(strings.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		t := tokens.Token()
		if t.Type != html.StartTagToken && t.Type != html.SelfClosingTagToken {
			continue
		}
		attributes := attributesOf(t)
		for _, key := range slices.Sorted(maps.Keys(attributes)) {
			if strings.HasPrefix(key, "on") {
				l.fault("the HTML holds an event handler: %s", key)
			}
		}
		switch t.Data {
		case "script", "iframe", "object", "embed", "form", "link", "base", "video", "audio":
			l.fault("the HTML holds a <%s>", t.Data)
		case "img":
			l.picture(attributes)
		case "a":
			links = append(links, attributes["href"])
			l.link(attributes)
		}
	}
	if err := tokens.Err(); err != nil && !errors.Is(err, io.EOF) {
		l.fault("the HTML cannot be read: %v", err)
	}
	switch {
	case wantLink && (len(links) != 1 || links[0] != Longest[message.Link]):
		l.fault("the HTML must hold one link, the link of the message; it holds %d", len(links))
	case !wantLink && len(links) > 0:
		l.fault("the HTML holds a link, but a message of this kind has none")
	}
}

func (l *linter) link(attributes map[string]string) {
	if _, marked := attributes["ses:no-track"]; !marked {
		l.fault("a link lacks ses:no-track")
	}
	href := attributes["href"]
	if u, err := url.Parse(href); err != nil || u.Scheme != "https" || u.Host == "" {
		l.fault("a link does not begin with https://: %s", clip(href))
	}
}

// picture accepts the brand's logo. Any other picture could tell its server who
// reads the mail.
func (l *linter) picture(attributes map[string]string) {
	if attributes["src"] == "" || attributes["src"] != l.brand.Logo.URL {
		l.fault("the HTML loads a picture that is not the brand's logo: %s", clip(attributes["src"]))
	}
	if attributes["alt"] == "" {
		l.fault("a picture has no text to stand in its place")
	}
}

// clip shortens a value for an error.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return s
}

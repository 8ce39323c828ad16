package compile

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"poolpost/internal/message"

	"golang.org/x/net/html"
)

// Longest is what the linter fills the blanks with: the longest that each can
// be in practice. A message that fits with these fits always.
//
// A link holds user name, client and an address to return to, of up to 128, 128
// and 300 characters; escaping makes a character of user name and address up to
// three times longer. Cognito's codes are 6 to 8 digits; a temporary password
// that it makes up is not much longer than the password policy asks. An
// invitation's user name is the address that the administrator typed; one of
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

// Lint holds a compiled message against Cognito's contract for a CustomMessage
// response, and against the rules of this project. It returns one error for
// each fault.
func Lint(kind message.Kind, m message.Message) []error {
	var l linter
	want := blanks[kind]
	filled := m.Fill(Longest)

	l.length("subject", filled.Subject, 1, message.MaxSubject)
	l.length("HTML", filled.HTML, message.MinHTML, message.MaxHTML)
	l.accepted("subject", filled.Subject)
	l.accepted("HTML", filled.HTML)
	if strings.ContainsAny(filled.Subject, "\r\n") {
		l.fault("the subject has a line break")
	}
	l.sameBlanks("HTML", m.HTML, append([]string{message.Greeting}, want...))
	l.sameBlanks("text", m.Text, append([]string{message.Greeting}, want...))
	l.sameBlanks("greeting", m.Greeting, []string{message.Name})
	l.sameBlanks("greeting without name", m.GreetingWithoutName, nil)
	l.sameBlanks("subject", m.Subject, nil)
	l.links(filled.HTML, slices.Contains(want, message.Link))

	if slices.Contains(want, message.Code) {
		l.length("text message", filled.TextMessage, message.MinTextMessage, message.MaxTextMessage)
		l.accepted("text message", filled.TextMessage)
		l.sameBlanks("text message", m.TextMessage, slices.DeleteFunc(slices.Clone(want), func(b string) bool { return b == message.Link }))
	} else if m.TextMessage != "" {
		l.fault("it has a text message, but no code to send to a phone")
	}
	return l.faults
}

type linter struct{ faults []error }

func (l *linter) fault(format string, args ...any) {
	l.faults = append(l.faults, fmt.Errorf(format, args...))
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
	var have []string
	for i, piece := range strings.Split(text, message.BlankMark) {
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
	if strings.Contains(text, "{#") || strings.Contains(text, "{username") {
		l.fault("the %s holds a placeholder of Cognito's; write {code}, {link} or {user} in the words instead", part)
	}
}

// links checks that the one link of a message is the primary one, to an https
// address, and marked so that SES leaves it alone.
func (l *linter) links(page string, want bool) {
	var hrefs []string
	tokens := html.NewTokenizer(strings.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		t := tokens.Token()
		if t.Type != html.StartTagToken && t.Type != html.SelfClosingTagToken {
			continue
		}
		switch t.Data {
		case "script", "iframe", "object", "embed", "form", "link", "base":
			l.fault("the HTML holds a <%s>", t.Data)
		}
		marked := false
		href := ""
		for _, a := range t.Attr {
			switch {
			case a.Key == "href":
				href = a.Val
			case a.Key == "ses:no-track":
				marked = true
			case strings.HasPrefix(a.Key, "on"):
				l.fault("the HTML holds an event handler: %s", a.Key)
			case a.Key == "src" && !strings.HasPrefix(a.Val, "https://"):
				l.fault("the HTML loads something that is not https: %s", a.Val)
			}
		}
		if t.Data != "a" {
			continue
		}
		hrefs = append(hrefs, href)
		if !marked {
			l.fault("a link lacks ses:no-track")
		}
		if u, err := url.Parse(href); err != nil || u.Scheme != "https" || u.Host == "" {
			l.fault("a link does not begin with https://: %s", clip(href))
		}
	}
	if err := tokens.Err(); err != nil && !errors.Is(err, io.EOF) {
		l.fault("the HTML cannot be read: %v", err)
	}
	switch {
	case want && (len(hrefs) != 1 || hrefs[0] != Longest[message.Link]):
		l.fault("the HTML must hold one link, the link of the message; it holds %d", len(hrefs))
	case !want && len(hrefs) > 0:
		l.fault("the HTML holds a link, but a message of this kind has none")
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
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return s
}

package compile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"poolpost/internal/message"
	"poolpost/internal/settings"
)

// Longest is what placeholders are filled with to validate a message: the longest
// that each can be in practice. A message that fits with these fits always.
//
// A link holds user name, client and an address to return to, of up to 128, 128
// and 300 characters; escaping makes a character of user name and address up to
// three times longer. Cognito's codes are 6 to 8 digits; a temporary password may
// be longer: see LongestOf. An invitation's user name is the address that the
// administrator typed.
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

// A Problem is what is wrong with a message.
type Problem struct {
	Key  string // of the words it is in, such as subject; empty: in the message as a whole
	Text string
}

// Validate checks a compiled message against Cognito's contract for a CustomMessage
// response, and against the rules of this project. It returns one problem for each
// mistake.
//
// Mail programs have a limit of their own: Gmail cuts a mail of more than 102 KB.
// Cognito's 20,000 characters, of at most 4 bytes each, are always fewer.
func Validate(kind message.Kind, m message.Message, brand settings.Brand, policy settings.PasswordPolicy) []Problem {
	v := &validator{brand: brand}
	values := kind.Spec().Placeholders
	filled := m.Fill(LongestOf(kind, policy))

	subject := part{v, "subject", "subject", m.Subject, filled.Subject}
	subject.length(1, message.MaxSubject)
	subject.accepted()
	subject.oneLine()
	subject.placeholders()
	subject.addresses()

	part{v, "greeting", "greeting", m.Greeting, ""}.placeholders(message.Name)
	part{v, "greetingWithoutName", "greeting without name", m.GreetingWithoutName, ""}.placeholders()

	html, text := part{v, "", "HTML", m.HTML, filled.HTML}, part{v, "", "text", m.Text, filled.Text}
	html.length(message.MinHTML, message.MaxHTML)
	html.accepted()
	html.placeholders(append([]string{message.Greeting}, values...)...)
	text.placeholders(append([]string{message.Greeting}, values...)...)
	html.elements(slices.Contains(values, message.Link))
	words := message.Message{HTML: m.HTML, Text: m.Text}.Fill(nil)
	html.sameWords(shownText(words.HTML), words.Text)
	text.addresses()
	return v.problems
}

type validator struct {
	brand    settings.Brand
	problems []Problem
}

// A part of a message that is validated.
type part struct {
	*validator
	key      string // of its words
	name     string // in problems
	compiled string // with placeholders
	filled   string // with the longest values
}

func (p part) report(format string, args ...any) {
	p.problems = append(p.problems, Problem{p.key, fmt.Sprintf(format, args...)})
}

func (p part) length(least, most int) {
	if n := utf8.RuneCountInString(p.filled); n < least || n > most {
		p.report("the %s has %d characters when its placeholders are filled; Cognito takes %d to %d", p.name, n, least, most)
	}
}

func (p part) accepted() {
	for _, r := range p.filled {
		if !message.Accepted(r) {
			p.report("the %s holds %U, which Cognito refuses", p.name, r)
			return
		}
	}
}

func (p part) oneLine() {
	if strings.ContainsAny(p.filled, "\r\n") {
		p.report("the %s has a line break", p.name)
	}
}

// placeholders reports placeholders that a part lacks, and those that it must not have.
func (p part) placeholders(want ...string) {
	pieces := strings.Split(p.compiled, message.PlaceholderDelimiter)
	if len(pieces)%2 == 0 {
		p.report("the %s holds a placeholder that does not end", p.name)
		return
	}
	var have []string
	for i, piece := range pieces {
		if i%2 == 1 && !slices.Contains(have, piece) {
			have = append(have, piece)
		}
	}
	for _, name := range want {
		if !slices.Contains(have, name) {
			p.report("the %s lacks the %s", p.name, name)
		}
	}
	for _, name := range have {
		if !slices.Contains(want, name) {
			p.report("the %s shows a %s, which this kind of message does not have", p.name, name)
		}
	}
	// ZgotmplZ is what html/template writes in the place of what it refuses.
	for _, rest := range []string{"{{", "}}", "ZgotmplZ", placeholderPrefix} {
		if strings.Contains(p.compiled, rest) {
			p.report("the %s holds a placeholder that is never filled: %s", p.name, rest)
		}
	}
	if strings.Contains(p.compiled, "{#") || strings.Contains(p.compiled, "{username") {
		p.report("the %s holds a placeholder of Cognito's; write {code}, {link} or {user} in the words instead", p.name)
	}
}

// address is what a mail program or a phone turns into a link.
var address = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://\S*|\S+@\S+|[\p{L}\p{N}][\p{L}\p{N}-]*\.\p{L}{2,}\S*`)

// addresses reports an address in the words: people would take it for the link
// of the message. Those of the settings and of placeholders are expected.
func (p part) addresses() {
	filled := p.filled
	for _, known := range []string{Longest[message.Link], Longest[message.User], p.brand.Support, p.brand.DisplayName, p.brand.PostalAddress} {
		if known != "" {
			filled = strings.ReplaceAll(filled, known, " ")
		}
	}
	if found := address.FindString(filled); found != "" {
		p.report("the %s shows an address that is not the link of the message: %s", p.name, clip(found))
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

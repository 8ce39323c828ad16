// Package message fills messages and pages that were compiled at build time.
//
// A compiled message is one flat file: its parts, with blanks where the link,
// the code or the name of a person goes. Filling it copies the pieces and
// escapes the values, nothing more, so a cold function answers as fast as a
// warm one. What puts words, layout and brand together, and checks the result,
// is package compile; a function never links it.
package message

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// Kind is a kind of message. It is also the name of its template, its words
// and its files.
type Kind string

// The kinds of message.
const (
	SignUp          Kind = "sign-up"
	ForgotPassword  Kind = "forgot-password"
	AttributeChange Kind = "attribute-change"
	Invitation      Kind = "invitation"
	SignInCode      Kind = "sign-in-code"
	AccountTakeover Kind = "account-takeover"
	Welcome         Kind = "welcome"
)

// Kinds are all kinds of message.
var Kinds = []Kind{SignUp, ForgotPassword, AttributeChange, Invitation, SignInCode, AccountTakeover, Welcome}

// Sources are the kinds by what Cognito sends them for: the trigger source
// without the name of its trigger, as the developer guide lists them for the
// custom message and the custom e-mail sender triggers.
var Sources = map[string]Kind{
	"SignUp":              SignUp,
	"ResendCode":          SignUp,
	"ForgotPassword":      ForgotPassword,
	"UpdateUserAttribute": AttributeChange,
	"VerifyUserAttribute": AttributeChange,
	"AdminCreateUser":     Invitation,
	"Authentication":      SignInCode,
}

// Names of blanks. Each stands in one known context: Link in an href, Greeting
// is made from Name, the others are text.
const (
	Link     = "link"
	Code     = "code"
	User     = "user"
	Name     = "name"
	Greeting = "greeting"
	Time     = "time"
	Place    = "place"
	Device   = "device"
)

// Values are what the blanks are filled with, by the names above. They are
// plain: Fill escapes them as the part asks. The name of a person must have
// gone through CleanName.
type Values map[string]string

// Parts of a compiled file are divided by PartMark; a blank is its name between
// two BlankMarks. Neither can stand in a message: Cognito and XML refuse both.
const (
	PartMark  = "\x1c"
	BlankMark = "\x00"
)

// Message is a compiled message.
type Message struct {
	Greeting            string // with the blank Name
	GreetingWithoutName string
	Subject             string
	HTML                string
	Text                string
	TextMessage         string // empty for kinds that are never sent to a phone
}

// Filled is a message ready to be sent.
type Filled struct {
	Subject     string
	HTML        string
	Text        string
	TextMessage string
}

// Encode returns the compiled file of a message.
func (m Message) Encode() []byte {
	return []byte(strings.Join([]string{m.Greeting, m.GreetingWithoutName, m.Subject, m.HTML, m.Text, m.TextMessage}, PartMark))
}

// Decode is the reverse of Encode.
func Decode(file []byte) (Message, error) {
	parts := strings.Split(string(file), PartMark)
	if len(parts) != 6 {
		return Message{}, fmt.Errorf("a compiled message has 6 parts, not %d", len(parts))
	}
	return Message{parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]}, nil
}

// File is where a compiled message lies, below the folder of a function.
func File(client, locale string, kind Kind) string {
	return filepath.Join("messages", client, locale, string(kind))
}

// Load reads a compiled message from the folder of a function.
func Load(dir, client, locale string, kind Kind) (Message, error) {
	file, err := os.ReadFile(filepath.Join(dir, File(client, locale, kind)))
	if err != nil {
		return Message{}, fmt.Errorf("load message: %w", err)
	}
	m, err := Decode(file)
	if err != nil {
		return Message{}, fmt.Errorf("load message %s: %w", File(client, locale, kind), err)
	}
	return m, nil
}

// Fill fills every part. A blank that values lacks becomes empty.
func (m Message) Fill(values Values) Filled {
	greeting := m.GreetingWithoutName
	if values[Name] != "" {
		greeting = fill(m.Greeting, asIs, func(string) string { return values[Name] })
	}
	value := func(name string) string {
		if name == Greeting {
			return greeting
		}
		return values[name]
	}
	return Filled{
		Subject:     fill(m.Subject, asIs, value),
		HTML:        fill(m.HTML, EscapeHTML, value),
		Text:        fill(m.Text, asIs, value),
		TextMessage: fill(m.TextMessage, asIs, value),
	}
}

// FillHTML fills a page: one part, escaped for HTML.
func FillHTML(page string, values Values) string {
	return fill(page, EscapeHTML, func(name string) string { return values[name] })
}

// fill copies text, with each blank replaced by its escaped value.
func fill(text string, escape func(*strings.Builder, string), value func(string) string) string {
	var b strings.Builder
	b.Grow(len(text) + 512)
	for {
		before, rest, ok := strings.Cut(text, BlankMark)
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, BlankMark)
		escape(&b, value(name))
		text = after
	}
}

func asIs(b *strings.Builder, value string) { b.WriteString(value) }

// EscapeHTML writes a value so that it is text, or the inside of a quoted
// attribute, whatever it holds. A character that Cognito refuses becomes a
// numeric reference, which HTML reads as that character; for control characters
// HTML has none (HTML standard, "Character references").
func EscapeHTML(b *strings.Builder, value string) {
	for _, r := range value {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '"':
			b.WriteString("&#34;")
		case r == '\'':
			b.WriteString("&#39;")
		case Accepted(r):
			b.WriteRune(r)
		case unicode.IsControl(r):
			b.WriteString("&#xFFFD;")
		default:
			fmt.Fprintf(b, "&#x%X;", r)
		}
	}
}

// Package message fills messages and pages that were compiled at build time.
//
// A compiled message is one flat file: its parts, with placeholders where the link,
// the code or the name of a person goes. Filling it copies the pieces and
// escapes the values, nothing more, so a cold function answers as fast as a
// warm one. What puts words, layout and brand together, and checks the result,
// is package compile; a function never links it.
package message

import (
	"encoding/json/jsontext"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Values are what the placeholders are filled with, by their names. They are
// plain: Fill escapes them as the part requires. The name of a person must have
// gone through CleanName.
type Values map[string]string

// Parts of a compiled file are divided by PartSeparator; a placeholder is its name
// between two PlaceholderDelimiters. No message can contain either: Cognito and XML refuse
// both.
const (
	PartSeparator        = "\x1c"
	PlaceholderDelimiter = "\x00"
)

// Message is a compiled message.
type Message struct {
	Greeting            string // with the placeholder Name
	GreetingWithoutName string
	Subject             string
	HTML                string
	Text                string
}

// Filled is a message ready to be sent.
type Filled struct {
	Subject string
	HTML    string
	Text    string
}

// Encode returns the compiled file of a message.
func (m Message) Encode() []byte {
	return []byte(strings.Join([]string{m.Greeting, m.GreetingWithoutName, m.Subject, m.HTML, m.Text}, PartSeparator))
}

// Decode is the reverse of Encode.
func Decode(file []byte) (Message, error) {
	parts := strings.Split(string(file), PartSeparator)
	if len(parts) != 5 {
		return Message{}, fmt.Errorf("a compiled message has 5 parts, not %d", len(parts))
	}
	return Message{parts[0], parts[1], parts[2], parts[3], parts[4]}, nil
}

// File is where a compiled message is, below the folder of a function.
func File(client, locale string, kind Kind) string {
	return filepath.Join("messages", client, locale, string(kind))
}

// JSON returns the message with its parts as JSON strings, as the response of a
// CustomMessage trigger holds them, for FillJSON: what can be escaped once is not
// escaped at every event. It has no text part, which Cognito does not take.
func (m Message) JSON() Message {
	return Message{
		Greeting: m.Greeting, GreetingWithoutName: m.GreetingWithoutName,
		Subject: quoted(m.Subject), HTML: quoted(m.HTML),
	}
}

// quoted is a part as a JSON string, its placeholders as they were.
func quoted(part string) string {
	pieces := strings.Split(part, PlaceholderDelimiter)
	for i, piece := range pieces {
		pieces[i] = inQuotes(piece)
	}
	return `"` + strings.Join(pieces, PlaceholderDelimiter) + `"`
}

// inQuotes is the inside of a text as a JSON string.
func inQuotes(text string) string {
	if !strings.ContainsFunc(text, needsEscape) {
		return text // most values, without an allocation
	}
	quoted, _ := jsontext.AppendQuote(nil, text) // the error is for bytes that it has replaced
	return string(quoted[1 : len(quoted)-1])
}

func needsEscape(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == utf8.RuneError }

// Fill fills every part. A placeholder that values lacks becomes empty.
func (m Message) Fill(values Values) Filled {
	value := m.greet(values)
	return Filled{
		Subject: strings.Join(pieces(m.Subject, asIs, value), ""),
		HTML:    strings.Join(pieces(m.HTML, EscapeHTML, value), ""),
		Text:    strings.Join(pieces(m.Text, asIs, value), ""),
	}
}

// FilledJSON is a message that was made by JSON and is filled: each part is a JSON
// string in pieces, which need to be joined once only, where they are written.
type FilledJSON struct {
	Subject []string
	HTML    []string
}

// FillJSON fills the parts of a message made by JSON.
func (m Message) FillJSON(values Values) FilledJSON {
	value := m.greet(values)
	return FilledJSON{
		Subject: pieces(m.Subject, inQuotes, value),
		HTML:    pieces(m.HTML, func(value string) string { return inQuotes(EscapeHTML(value)) }, value),
	}
}

// greet returns the values by their names, with the greeting among them.
func (m Message) greet(values Values) func(name string) string {
	greeting := m.GreetingWithoutName
	if values[Name] != "" {
		greeting = strings.ReplaceAll(m.Greeting, PlaceholderDelimiter+Name+PlaceholderDelimiter, values[Name])
	}
	return func(name string) string {
		if name == Greeting {
			return greeting
		}
		return values[name]
	}
}

// FillHTML fills a page: one part, escaped for HTML.
func FillHTML(page string, values Values) string {
	return strings.Join(pieces(page, EscapeHTML, func(name string) string { return values[name] }), "")
}

// pieces are a part's own text and, between, the escaped values of its placeholders.
func pieces(part string, escape func(string) string, value func(name string) string) []string {
	list := make([]string, 0, strings.Count(part, PlaceholderDelimiter)+1)
	for {
		before, rest, ok := strings.Cut(part, PlaceholderDelimiter)
		list = append(list, before)
		if !ok {
			return list
		}
		name, after, _ := strings.Cut(rest, PlaceholderDelimiter)
		list = append(list, escape(value(name)))
		part = after
	}
}

func asIs(value string) string { return value }

// EscapeHTML returns a value so that it is text, or the inside of a quoted
// attribute, whatever it holds. A character that Cognito refuses becomes a
// numeric reference, which HTML reads as that character; for control characters
// HTML has none (HTML standard, "Character references").
func EscapeHTML(value string) string {
	var b strings.Builder
	written := 0
	for at, size := 0, 0; at < len(value); at += size {
		var r rune
		r, size = utf8.DecodeRuneInString(value[at:])
		reference := ""
		switch {
		case r == '<':
			reference = "&lt;"
		case r == '>':
			reference = "&gt;"
		case r == '&':
			reference = "&amp;"
		case r == '"':
			reference = "&#34;"
		case r == '\'':
			reference = "&#39;"
		case Accepted(r):
			continue
		case unicode.IsControl(r):
			reference = "&#xFFFD;"
		default:
			reference = fmt.Sprintf("&#x%X;", r)
		}
		b.WriteString(value[written:at])
		b.WriteString(reference)
		written = at + size
	}
	if written == 0 {
		return value
	}
	b.WriteString(value[written:])
	return b.String()
}

package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"poolpost/internal/message"
	"poolpost/internal/settings"
)

// A messageContext is what the templates of a message see.
type messageContext struct {
	*brandContext
	kind   message.Kind
	words  *translations
	values map[string]string // placeholders that are known at build time

	Subject   string
	Preheader string
	Why       string
	Link      string
}

// A block is one piece of a message: text, with a label above it if it is a
// value.
type block struct {
	*messageContext
	Label string
	Text  string
}

// Text is a block of words.
func (c *messageContext) Text(key string) block {
	return block{messageContext: c, Text: c.words.text(key, c.values)}
}

// Field is a block with a placeholder, under a label.
func (c *messageContext) Field(labelKey, name string) (block, error) {
	if !slices.Contains(c.kind.Spec().Placeholders, name) {
		return block{}, fmt.Errorf("a message of kind %s has no %s to show", c.kind, name)
	}
	return block{messageContext: c, Label: c.words.text(labelKey, c.values), Text: placeholder(name)}, nil
}

// Greeting is the block that greets, with or without a name.
func (c *messageContext) Greeting() block {
	return block{messageContext: c, Text: placeholder(message.Greeting)}
}

// messages compiles the messages of one client in one locale into files.
func (set *templateSet) messages(b *brandContext, files map[string][]byte) (errs []error) {
	for _, kind := range message.Kinds() {
		c := newMessageContext(b, kind)
		m, err := set.message(c)
		if err == nil && !c.words.failed {
			for _, problem := range Validate(kind, m, b.brand, b.settings.Pool.PasswordPolicy) {
				errs = append(errs, c.report(problem))
			}
			files[message.File(b.client.Name, b.Lang, kind)] = m.Encode()
		}
		errs = append(append(errs, err), c.words.errs...)
	}
	for _, kind := range slices.Sorted(maps.Keys(b.locale.Messages)) {
		if !kind.Exists() {
			b.locale.Report("messages."+string(kind), "there is no such kind of message")
		}
	}
	return errs
}

// maxPreheader is about what lists of mails show behind a subject.
const maxPreheader = 100

// newMessageContext is a message of a kind, before any of its texts.
func newMessageContext(b *brandContext, kind message.Kind) *messageContext {
	c := &messageContext{brandContext: b, kind: kind, values: b.values, Link: placeholder(message.Link)}
	if v := validityOf(kind, b.settings.Pool.PasswordPolicy); v.Unit != "" {
		c.values = maps.Clone(b.values)
		c.values["duration"] = b.locale.duration(v)
	}
	c.words = &translations{
		locale: b.locale, path: "messages." + string(kind), texts: b.locale.Messages[kind], used: map[string]bool{},
		brand: slices.IndexFunc(b.settings.Brands, func(other settings.Brand) bool { return other.Name == b.brand.Name }),
		own:   b.brand.Wording[b.Lang][string(kind)],
	}
	return c
}

// report returns a problem of the whole message. A problem of one text is reported at
// its key instead.
func (c *messageContext) report(p Problem) error {
	text := fmt.Sprintf("%s (client %s)", p.Text, c.client.Name)
	switch p.Key {
	case "":
		return fmt.Errorf("templates/messages/%s.tmpl: in %s: %s", c.kind, c.Lang, text)
	case "greeting", "greetingWithoutName":
		c.locale.Report(p.Key, "%s", text)
	default:
		c.words.report(p.Key, "%s", text)
	}
	return nil
}

// message compiles one message. Problems with its words are reported.
func (set *templateSet) message(c *messageContext) (message.Message, error) {
	w := c.words
	c.Subject, c.Preheader, c.Why = w.text("subject", c.values), w.text("preheader", c.values), w.text("why", c.values)
	if utf8.RuneCountInString(c.Preheader) > maxPreheader || c.Preheader == c.Subject && c.Subject != "" {
		w.report("preheader", "must have %d characters at most, and not repeat the subject", maxPreheader)
	}
	greeting := c.locale.expand("greeting", c.locale.Greeting, map[string]string{"name": placeholder(message.Name)})
	var html, text strings.Builder
	if err := set.html[c.kind].Execute(&html, c); err != nil {
		return message.Message{}, err
	}
	if err := set.text[c.kind].Execute(&text, c); err != nil {
		return message.Message{}, err
	}
	w.reportUnused()
	return message.Message{
		Greeting:            delimitPlaceholders(message.Plain(greeting)),
		GreetingWithoutName: message.Plain(c.locale.GreetingWithoutName),
		Subject:             message.Plain(c.Subject),
		HTML:                foldLines(entities(delimitPlaceholders(html.String())), greeting),
		Text:                delimitPlaceholders(message.Plain(text.String())),
	}, nil
}

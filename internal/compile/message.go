package compile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"poolpost/internal/message"
	"poolpost/internal/settings"
)

// A document is what the templates of a message see.
type document struct {
	*frame
	kind   message.Kind
	words  *words
	values map[string]string // placeholders that are known at build time

	Subject   string
	Preheader string
	Why       string
	Link      string
}

// A block is one piece of a message: text, with a label above it if it is a
// value.
type block struct {
	*document
	Label string
	Text  string
}

// Say is a block of words.
func (d *document) Say(key string) (block, error) {
	text, err := d.words.say(key, d.values)
	return block{document: d, Text: text}, err
}

// Show is a block with the value of a blank, under a label.
func (d *document) Show(labelKey, name string) (block, error) {
	if !slices.Contains(d.kind.Spec().Values, name) {
		return block{}, fmt.Errorf("a message of kind %s has no %s to show", d.kind, name)
	}
	label, err := d.words.say(labelKey, d.values)
	return block{document: d, Label: label, Text: blank(name)}, err
}

// Greeting is the block that greets, with or without a name.
func (d *document) Greeting() block {
	return block{document: d, Text: blank(message.Greeting)}
}

// messages compiles the messages of one client in one locale into files.
func (set *templateSet) messages(f *frame, files map[string][]byte) (problems []error) {
	for _, kind := range message.Kinds() {
		d := newDocument(f, kind)
		m, err := set.message(d)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		for _, fault := range Lint(kind, m, f.Lang, f.brand, f.settings.Pool.PasswordPolicy) {
			problems = append(problems, fmt.Errorf("%s: %s (client %s)", d.at(fault.Key), fault.Text, f.client.Name))
		}
		files[message.File(f.client.Name, f.Lang, kind)] = m.Encode()
	}
	for _, kind := range slices.Sorted(maps.Keys(f.locale.Messages)) {
		if !kind.Exists() {
			problems = append(problems, f.locale.fault("messages."+string(kind), "there is no such kind of message"))
		}
	}
	return problems
}

// maxPreheader is about what lists of mails show behind a subject.
const maxPreheader = 100

// newDocument is a message of a kind, before anything of it is said.
func newDocument(f *frame, kind message.Kind) *document {
	d := &document{frame: f, kind: kind, values: f.values, Link: blank(message.Link)}
	if v := validityOf(kind, f.settings.Pool.PasswordPolicy); v.Unit != "" {
		d.values = maps.Clone(f.values)
		d.values["duration"] = f.locale.duration(v)
	}
	index := slices.IndexFunc(f.settings.Brands, func(b settings.Brand) bool { return b.Name == f.brand.Name })
	d.words = newWords(f.locale, "messages."+string(kind), f.locale.Messages[kind]).
		replaced(fmt.Sprintf("brands[%d].wording.%s.%s", index, f.Lang, kind), f.brand.Wording[f.Lang][string(kind)])
	return d
}

// at tells where something of the message stands: words, by their key, or what
// the template makes of all of them.
func (d *document) at(key string) string {
	switch key {
	case "":
		return fmt.Sprintf("templates/messages/%s.tmpl: in %s", d.kind, d.Lang)
	case "greeting", "greetingWithoutName":
		return d.locale.at(key)
	default:
		return d.words.at(key)
	}
}

// message compiles one message.
func (set *templateSet) message(d *document) (message.Message, error) {
	w := d.words
	var err1, err2, err3 error
	d.Subject, err1 = w.say("subject", d.values)
	d.Preheader, err2 = w.say("preheader", d.values)
	d.Why, err3 = w.say("why", d.values)
	if err := errors.Join(err1, err2, err3); err != nil {
		return message.Message{}, err
	}
	if utf8.RuneCountInString(d.Preheader) > maxPreheader || d.Preheader == d.Subject {
		return message.Message{}, &wordsError{w.at("preheader"), fmt.Errorf("must have %d characters at most, and not repeat the subject", maxPreheader)}
	}
	greeting, err := expand(d.locale.Greeting, map[string]string{"name": blank(message.Name)})
	if err != nil {
		return message.Message{}, d.locale.fault("greeting", "%w", err)
	}
	m := message.Message{
		Greeting:            markBlanks(message.Plain(greeting)),
		GreetingWithoutName: message.Plain(d.locale.GreetingWithoutName),
		Subject:             message.Plain(d.Subject),
	}
	if d.kind.Spec().SMS {
		// A text message is short of room: it has no layout, only this sentence.
		values := map[string]string{"brand": d.Brand}
		for _, name := range d.kind.Spec().Values {
			if name != message.Link {
				values[name] = blank(name)
			}
		}
		text, err := w.say("textMessage", values)
		if err != nil {
			return message.Message{}, err
		}
		m.SMS = markBlanks(message.Plain(text))
	}
	var html, text strings.Builder
	if err := set.html[d.kind].Execute(&html, d); err != nil {
		return message.Message{}, executed(err)
	}
	if err := set.text[d.kind].Execute(&text, d); err != nil {
		return message.Message{}, executed(err)
	}
	m.HTML = entities(markBlanks(html.String()))
	m.Text = markBlanks(message.Plain(text.String()))
	return m, w.unused()
}

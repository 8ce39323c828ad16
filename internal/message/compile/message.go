package compile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"poolpost/internal/message"
)

// blanks are what may, and must, be filled in each kind of message.
var blanks = map[message.Kind][]string{
	message.SignUp:          {message.Link, message.Code},
	message.ForgotPassword:  {message.Link, message.Code},
	message.AttributeChange: {message.Link, message.Code},
	message.Invitation:      {message.Link, message.Code, message.User},
	message.SignInCode:      {message.Code},
	message.AccountTakeover: {message.Link, message.Time, message.Place, message.Device},
	message.Welcome:         {message.Link},
}

// A document is what the templates of a message see.
type document struct {
	*frame
	kind  message.Kind
	words *words

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
	if !slices.Contains(blanks[d.kind], name) {
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
	for _, kind := range message.Kinds {
		m, err := set.message(f, kind)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		for _, err := range Lint(kind, m) {
			problems = append(problems, fmt.Errorf("message %s, locale %s, client %s: %w", kind, f.Lang, f.client.Name, err))
		}
		files[message.File(f.client.Name, f.Lang, kind)] = m.Encode()
	}
	for kind := range f.locale.Messages {
		if !slices.Contains(message.Kinds, kind) {
			problems = append(problems, fmt.Errorf("locales/%s.yaml: messages.%s: there is no such kind of message", f.Lang, kind))
		}
	}
	return problems
}

// message compiles one message.
func (set *templateSet) message(f *frame, kind message.Kind) (message.Message, error) {
	w := newWords(f.locale, "messages."+string(kind), f.locale.Messages[kind])
	d := &document{frame: f, kind: kind, words: w, Link: blank(message.Link)}
	var err1, err2, err3 error
	d.Subject, err1 = w.say("subject", f.values)
	d.Preheader, err2 = w.say("preheader", f.values)
	d.Why, err3 = w.say("why", f.values)
	if err := errors.Join(err1, err2, err3); err != nil {
		return message.Message{}, err
	}
	greeting, err := expand(f.locale.Greeting, map[string]string{"name": blank(message.Name)})
	if err != nil {
		return message.Message{}, fmt.Errorf("locales/%s.yaml: greeting: %w", f.Lang, err)
	}
	m := message.Message{
		Greeting:            markBlanks(message.Plain(greeting)),
		GreetingWithoutName: message.Plain(f.locale.GreetingWithoutName),
		Subject:             message.Plain(d.Subject),
	}
	if slices.Contains(blanks[kind], message.Code) {
		// A text message is short of room: it has no layout, only this sentence.
		values := map[string]string{"brand": f.Brand}
		for _, name := range blanks[kind] {
			if name != message.Link {
				values[name] = blank(name)
			}
		}
		text, err := w.say("textMessage", values)
		if err != nil {
			return message.Message{}, err
		}
		m.TextMessage = markBlanks(message.Plain(text))
	}
	var html, text strings.Builder
	if err := set.html[kind].Execute(&html, d); err != nil {
		return message.Message{}, err
	}
	if err := set.text[kind].Execute(&text, d); err != nil {
		return message.Message{}, err
	}
	m.HTML = entities(markBlanks(html.String()))
	m.Text = markBlanks(message.Plain(text.String()))
	return m, w.unused()
}

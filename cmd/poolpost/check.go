package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/compile"
	"poolpost/internal/message"
	"poolpost/internal/settings"
	"poolpost/templates"
)

type checkCommand struct {
	JSON bool `help:"Write JSON."`
}

// Run compiles every message of the settings, checks it against Cognito's contract and
// the project's own rules (package compile), and tells how much room there is left, or
// every mistake, one a line. It deploys and writes nothing.
func (c *checkCommand) Run(f *cli.Flags, s cli.Streams) error {
	result, err := check(f.Settings)
	if err != nil {
		return err
	}
	if c.JSON {
		return cli.WriteJSON(s.Out, result)
	}
	result.write(s.Out)
	return nil
}

// A checkResult is how large the messages are, with the longest values in their
// placeholders.
type checkResult struct {
	Messages  int     `json:"messages"`
	Clients   int     `json:"clients"`
	Locales   int     `json:"locales"`
	Kinds     int     `json:"kinds"`
	HTML      longest `json:"html"`
	HTMLBytes int     `json:"htmlBytes"` // of the largest one, which need not have the most characters
	Subject   longest `json:"subject"`
	SMS       longest `json:"sms"`
}

func check(file string) (*checkResult, error) {
	set, err := settings.ReadForDeployment(file)
	if err != nil {
		return nil, err
	}
	out, err := compile.All(templates.Beside(file), set)
	if err != nil {
		return nil, err
	}
	r := &checkResult{
		Messages: len(out.Messages), Clients: len(set.Clients), Locales: len(set.Locales), Kinds: len(message.Kinds()),
		HTML: longest{Limit: message.MaxHTML}, Subject: longest{Limit: message.MaxSubject}, SMS: longest{Limit: message.MaxSMS},
	}
	for _, client := range set.Clients {
		for _, locale := range set.Locales {
			for _, kind := range message.Kinds() {
				name := message.File(client.Name, locale, kind)
				m, err := message.Decode(out.Messages[name])
				if err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
				filled := m.Fill(compile.LongestOf(kind, set.Pool.PasswordPolicy))
				r.HTML.compare(name, filled.HTML)
				r.HTMLBytes = max(r.HTMLBytes, len(filled.HTML))
				r.Subject.compare(name, filled.Subject)
				r.SMS.compare(name, filled.SMS)
			}
		}
	}
	return r, nil
}

func (r *checkResult) write(w io.Writer) {
	fmt.Fprintf(w, "%d messages are fit to be sent (clients: %d, locales: %d, kinds: %d). With the longest values in their placeholders\n",
		r.Messages, r.Clients, r.Locales, r.Kinds)
	fmt.Fprintf(w, "  the longest HTML          has %5d of %d characters: %s\n", r.HTML.Characters, r.HTML.Limit, r.HTML.Message)
	fmt.Fprintf(w, "  the largest HTML          has %5d of the 102 KB that Gmail shows\n", (r.HTMLBytes+1023)/1024)
	fmt.Fprintf(w, "  the longest subject       has %5d of %d characters: %s\n", r.Subject.Characters, r.Subject.Limit, r.Subject.Message)
	fmt.Fprintf(w, "  the longest text message  has %5d of %d characters: %s\n", r.SMS.Characters, r.SMS.Limit, r.SMS.Message)
}

// A longest is the longest text of a kind so far.
type longest struct {
	Message    string `json:"message"` // whose it is, as CLIENT/LOCALE/KIND
	Characters int    `json:"characters"`
	Limit      int    `json:"limit"`
}

func (l *longest) compare(file, text string) {
	if n := utf8.RuneCountInString(text); n > l.Characters {
		l.Message, l.Characters = strings.TrimPrefix(filepath.ToSlash(file), "messages/"), n
	}
}

package main

import (
	"fmt"
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
	JSON   bool `help:"Write JSON."`
	Deploy bool `help:"Refuse settings that only a sample may have."`
}

// Run compiles every message, checks it against Cognito's contract and the project's own rules
// (package compile), and reports how much room is left, or every mistake on a line of its own.
// It warns about what deserves a look before a deployment to the stage. It deploys and writes
// nothing.
func (c *checkCommand) Run(f *cli.Flags, s cli.Streams) error {
	result, err := check(f.Settings, f.Stage)
	if err != nil {
		return err
	}
	samples, warnings, err := settings.Review(f.Settings, f.Stage)
	if err != nil {
		return err
	}
	if !c.Deploy {
		warnings = append(samples, warnings...)
	}
	for _, warning := range warnings {
		fmt.Fprintln(s.Err, "warning:", warning)
	}
	if c.Deploy && len(samples) > 0 {
		return samples
	}
	if c.JSON {
		return cli.WriteJSON(s.Out, result)
	}
	_, err = fmt.Fprintf(s.Out, `%d messages meet Cognito's limits (clients: %d, locales: %d, kinds: %d)
With the longest values in their placeholders
  the longest HTML          has %5d of %d characters: %s
  the largest HTML          has %5d of the 102 KB that Gmail shows
  the longest subject       has %5d of %d characters: %s
`, result.Messages, result.Clients, result.Locales, result.Kinds,
		result.HTML.Characters, result.HTML.Limit, result.HTML.Message, (result.HTMLBytes+1023)/1024,
		result.Subject.Characters, result.Subject.Limit, result.Subject.Message)
	return err
}

// A checkResult has the sizes of the messages, with the longest values in their placeholders.
type checkResult struct {
	Messages  int     `json:"messages"`
	Clients   int     `json:"clients"`
	Locales   int     `json:"locales"`
	Kinds     int     `json:"kinds"`
	HTML      longest `json:"html"`
	HTMLBytes int     `json:"htmlBytes"` // of the largest message, which may have fewer characters than another
	Subject   longest `json:"subject"`
}

func check(file, stage string) (*checkResult, error) {
	set, err := settings.ReadForDeployment(file, stage, "")
	if err != nil {
		return nil, err
	}
	out, err := compile.All(templates.Beside(file), set)
	if err != nil {
		return nil, err
	}
	r := &checkResult{
		Messages: len(out.Messages), Clients: len(set.Clients), Locales: len(set.Locales), Kinds: len(message.Kinds()),
		HTML: longest{Limit: message.MaxHTML}, Subject: longest{Limit: message.MaxSubject},
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
			}
		}
	}
	return r, nil
}

// A longest is the longest text of a kind so far.
type longest struct {
	Message    string `json:"message"` // CLIENT/LOCALE/KIND
	Characters int    `json:"characters"`
	Limit      int    `json:"limit"`
}

func (l *longest) compare(file, text string) {
	if n := utf8.RuneCountInString(text); n > l.Characters {
		l.Message, l.Characters = strings.TrimPrefix(filepath.ToSlash(file), "messages/"), n
	}
}

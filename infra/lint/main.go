// Command lint compiles every message of the settings, holds it against
// Cognito's contract and the project's own rules (package compile), and tells
// how much room there is left. It deploys and writes nothing.
//
//	go run ./infra/lint [poolpost.yaml]
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"poolpost/internal/compile"
	"poolpost/internal/message"
	"poolpost/internal/settings"
	"poolpost/templates"
)

func main() {
	file := "poolpost.yaml"
	if len(os.Args) > 1 {
		file = os.Args[1]
	}
	if err := run(file, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the figures, or returns every mistake, one a line.
func run(file string, w io.Writer) error {
	set, err := settings.ReadForDeployment(file)
	if err != nil {
		return err
	}
	out, err := compile.All(templates.Beside(file), set)
	if err != nil {
		return err
	}
	var html, subject, text longest
	bytes := 0 // of the HTML of the largest mail, which need not have the most characters
	for _, client := range set.Clients {
		for _, locale := range set.Locales {
			for _, kind := range message.Kinds() {
				name := message.File(client.Name, locale, kind)
				m, err := message.Decode(out.Messages[name])
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				filled := m.Fill(compile.LongestOf(kind, set.Pool.PasswordPolicy))
				html.compare(name, filled.HTML)
				bytes = max(bytes, len(filled.HTML))
				subject.compare(name, filled.Subject)
				text.compare(name, filled.SMS)
			}
		}
	}
	fmt.Fprintf(w, "%d messages are fit to be sent (clients: %d, locales: %d, kinds: %d). With the longest values in their blanks\n",
		len(out.Messages), len(set.Clients), len(set.Locales), len(message.Kinds()))
	fmt.Fprintf(w, "  the longest HTML          has %5d of %d characters: %s\n", html.characters, message.MaxHTML, html.name)
	fmt.Fprintf(w, "  the largest HTML          has %5d of the 102 KB that Gmail shows\n", (bytes+1023)/1024)
	fmt.Fprintf(w, "  the longest subject       has %5d of %d characters: %s\n", subject.characters, message.MaxSubject, subject.name)
	fmt.Fprintf(w, "  the longest text message  has %5d of %d characters: %s\n", text.characters, message.MaxSMS, text.name)
	return nil
}

// A longest is the longest text so far, and whose it is.
type longest struct {
	name       string
	characters int
}

func (l *longest) compare(file, text string) {
	if n := utf8.RuneCountInString(text); n > l.characters {
		*l = longest{strings.TrimPrefix(filepath.ToSlash(file), "messages/"), n}
	}
}

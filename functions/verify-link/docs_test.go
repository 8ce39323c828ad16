package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every page has a template, and a row with its status in docs/design.md.
func TestTheDocumentationListsEveryPage(t *testing.T) {
	var states, templates, documented []string
	for _, s := range []state{confirm, confirmCode, confirmed, alreadyConfirmed, expired, sent, throttled, unavailable, refused, badLink, reset, resetRefused, resetDone, resetExpired} {
		states = append(states, fmt.Sprint(s.name, " ", s.status))
	}
	files, err := filepath.Glob("../../templates/pages/*.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		templates = append(templates, strings.TrimSuffix(filepath.Base(file), ".tmpl"))
	}
	text, err := os.ReadFile("../../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ([0-9]{3}) \\|").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, row[1]+" "+row[2])
	}
	slices.Sort(states)
	slices.Sort(documented)
	slices.Sort(templates)
	if !slices.Equal(documented, states) {
		t.Errorf("docs/design.md has\n%v\nthe code has\n%v", documented, states)
	}
	for i, s := range states {
		states[i], _, _ = strings.Cut(s, " ")
	}
	if !slices.Equal(templates, states) {
		t.Errorf("there are templates for\n%v\nthe code has\n%v", templates, states)
	}
}

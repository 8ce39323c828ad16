package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"poolpost/internal/functiontest"
)

// Every page has a template, and every page and status a row in
// docs/verify-link.md.
func TestTheDocumentationListsEveryPage(t *testing.T) {
	var pages, names, templates []string
	for _, s := range states() {
		pages, names = append(pages, fmt.Sprint(s.name, " ", s.status)), append(names, s.name)
	}
	files, err := filepath.Glob("../../templates/pages/*.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		templates = append(templates, strings.TrimSuffix(filepath.Base(file), ".tmpl"))
	}
	var documented []string
	for _, row := range functiontest.Table(t, "docs/verify-link.md", "## Pages") {
		documented = append(documented, strings.Trim(row[0], "`")+" "+row[1])
	}
	for _, list := range [][]string{pages, names, templates, documented} {
		slices.Sort(list)
	}
	if !slices.Equal(documented, pages) {
		t.Errorf("docs/verify-link.md has\n%v\nthe code has\n%v", documented, pages)
	}
	if names = slices.Compact(names); !slices.Equal(templates, names) {
		t.Errorf("there are templates for\n%v\nthe code has\n%v", templates, names)
	}
}

// Every answer of Cognito's has a row with its page at each of the operations.
func TestTheDocumentationListsEveryAnswer(t *testing.T) {
	cell := func(s pageName) string {
		if s == (pageName{}) {
			return "–"
		}
		return fmt.Sprintf("`%s` %d", s.name, s.status)
	}
	var want, documented []string
	for name, a := range answers() {
		code := "–"
		if said, ok := errors.AsType[*functiontest.APIError](a.err); ok {
			code = "`" + said.Code + "`"
		}
		want = append(want, strings.Join([]string{name, code, cell(a.confirm), cell(a.resend), cell(a.reset)}, " | "))
	}
	for _, row := range functiontest.Table(t, "docs/verify-link.md", "## Cognito's answers") {
		documented = append(documented, strings.Join(row, " | "))
	}
	slices.Sort(want)
	slices.Sort(documented)
	if !slices.Equal(documented, want) {
		t.Errorf("docs/verify-link.md has\n%s\nthe code has\n%s", strings.Join(documented, "\n"), strings.Join(want, "\n"))
	}
}

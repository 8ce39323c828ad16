package main

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// Every code has a row in docs/design.md, and a sentence in the source locale,
// which the compiler holds all other locales against.
func TestTheDocumentationListsEveryCode(t *testing.T) {
	codes := []string{emailMissing, emailInvalid, domainNotAllowed, attributeMissing, attributeTooShort, attributeTooLong, attributeInvalid, tryAgain}
	slices.Sort(codes)
	for file, row := range map[string]string{
		"../../docs/design.md":            "(?m)^\\| `([A-Z_]+)` \\|",
		"../../templates/locales/en.yaml": `(?m)^  ([A-Z_]+): "`,
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for _, match := range regexp.MustCompile(row).FindAllStringSubmatch(string(text), -1) {
			listed = append(listed, match[1])
		}
		slices.Sort(listed)
		if !slices.Equal(listed, codes) {
			t.Errorf("%s has\n%v\nthe code has\n%v", file, listed, codes)
		}
	}
}

package main

import (
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"poolpost/internal/message"
)

// The README's table says which source leads to which message.
func TestTheReadmeListsEverySource(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## What Cognito sends")
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string]message.Kind{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ([A-Za-z, ]+) \\|").FindAllStringSubmatch(section, -1) {
		for source := range strings.SplitSeq(row[2], ", ") {
			listed[source] = message.Kind(row[1])
		}
	}
	want := map[string]message.Kind{}
	for _, kind := range message.Kinds() {
		for _, source := range kind.Spec().Sources {
			want[source] = kind
		}
	}
	if !maps.Equal(listed, want) {
		t.Errorf("README.md has\n%v\nthe code has\n%v", listed, want)
	}
}

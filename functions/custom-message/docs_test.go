package main

import (
	"maps"
	"strings"
	"testing"

	"poolpost/internal/functiontest"
	"poolpost/internal/message"
)

// The README's table says which source leads to which message.
func TestTheReadmeListsEverySource(t *testing.T) {
	listed := map[string]message.Kind{}
	for _, row := range functiontest.Table(t, "README.md", "## What Cognito sends, and where its link leads") {
		for source := range strings.SplitSeq(row[1], ", ") {
			listed[source] = message.Kind(strings.Trim(row[0], "`"))
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

package events

import (
	"regexp"
	"testing"
)

func TestNewIDIsAUUIDOfItsParts(t *testing.T) {
	seen := map[string][]string{}
	for _, parts := range [][]string{nil, {""}, {"a", "bc"}, {"ab", "c"}, {"abc"}, {"a", "b", "c"}, {"abc", ""}, {"a\x00b"}, {"A", "bc"}} {
		id := NewID(parts...)
		if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
			t.Errorf("%q: %s is no UUID of version 5", parts, id)
		}
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q have the id %s", parts, other, id)
		}
		seen[id] = parts
		if NewID(parts...) != id {
			t.Errorf("%q has another id the second time", parts)
		}
	}
	// Hooks remember ids, so they stay what they are.
	if id := NewID("eu-central-1_Sample001", "sub", UserConfirmed, ""); id != "0712e525-e204-5003-9763-1f73b9751a60" {
		t.Errorf("the id is %s", id)
	}
}

package settings

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/mistakes.txt again")

// TestMistakes holds what is said about each mistake of testdata/mistakes.txt, word for word.
func TestMistakes(t *testing.T) {
	const file = "testdata/mistakes.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parse(t, good)
	cases := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n\n")
	for i, lines := range cases[1:] { // the first says how to read them
		name, lines, _ := strings.Cut(lines, "\n")
		t.Run(strings.TrimPrefix(name, "= "), func(t *testing.T) {
			edits, _, _ := strings.Cut(lines, "\n>")
			bad := behind("+", edits) + "\n"
			if old := behind("-", edits); old != "" {
				bad = edit(t, good, old, behind("+", edits))
			}
			for range 5 { // the order must not come from a map's
				s, err := Parse("p", []byte(bad))
				if err == nil {
					t.Fatalf("it is accepted: %+v", s)
				}
				if want := behind(">", lines); err.Error() != want && !*update {
					t.Fatalf("got\n%s\nwant\n%s", err, want)
				}
				cases[i+1] = name + "\n" + edits + "\n>" + strings.ReplaceAll(err.Error(), "\n", "\n>")
			}
		})
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(cases, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// behind is what the lines with a prefix say.
func behind(prefix, lines string) string {
	var found []string
	for line := range strings.SplitSeq(lines, "\n") {
		if text, ok := strings.CutPrefix(line, prefix); ok {
			found = append(found, text)
		}
	}
	return strings.Join(found, "\n")
}

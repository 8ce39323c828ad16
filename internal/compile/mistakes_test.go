package compile

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"
)

var wordLine = regexp.MustCompile(`(en\.yaml):\d+:`)

// TestMistakes holds what is said about each mistake of testdata/mistakes.txt, word for word.
func TestMistakes(t *testing.T) {
	const file = "testdata/mistakes.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cases := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n\n")
	for i, lines := range cases[1:] { // the first says how to read them
		name, lines, _ := strings.Cut(lines, "\n")
		t.Run(strings.TrimPrefix(name, "= "), func(t *testing.T) {
			changes, want, _ := strings.Cut(lines, "\n>")
			files := copied(t)
			change(t, files, strings.Split(changes, "\n"))
			_, err := All(files, inEnglish(t))
			if err == nil {
				t.Fatal("it compiles")
			}
			got := strings.ReplaceAll(wordLine.ReplaceAllString(err.Error(), "$1:N:"), "\n", "\n>")
			if got != want && !*update {
				t.Errorf("got\n>%s\nwant\n>%s", got, want)
			}
			cases[i+1] = name + "\n" + changes + "\n>" + got
		})
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(cases, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// change changes templates as the lines of a case say.
func change(t *testing.T, files fstest.MapFS, lines []string) {
	t.Helper()
	for i, line := range lines {
		verb, object, _ := strings.Cut(line, " ")
		switch verb {
		case "remove":
			delete(files, object)
		case "edit":
			replace(t, files, object, lines[i+1][1:], lines[i+2][1:])
		case "set":
			path, words, _ := strings.Cut(object, " ")
			var value any
			if err := yaml.Unmarshal([]byte(words), &value); err != nil {
				t.Fatal(err)
			}
			setWord(t, files, path, value)
		}
	}
}

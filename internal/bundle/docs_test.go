package bundle

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The README's table and the folders below functions/ are the functions.
func TestTheReadmeListsEveryFunction(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "| Function |")
	section, _, _ = strings.Cut(section, "\n\n")
	var listed, folders []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(section, -1) {
		listed = append(listed, row[1])
	}
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		folders = append(folders, e.Name())
	}
	slices.Sort(listed)
	if !slices.Equal(listed, Names(Functions)) || !slices.Equal(folders, Names(Functions)) {
		t.Errorf("README.md has %v, functions/ has %v, the code has %v", listed, folders, Names(Functions))
	}
}

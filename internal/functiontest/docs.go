package functiontest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"poolpost/internal/settings/settingstest"
)

// Section is what a page of docs, or README.md, says below a heading.
func Section(t testing.TB, file, heading string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(settingstest.Root, file))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut("\n"+string(page), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", file, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}

// Table are the rows of the tables in a section, by their cells. The rows of a header are
// left out.
func Table(t testing.TB, file, heading string) (rows [][]string) {
	t.Helper()
	lines := strings.Split(Section(t, file, heading), "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|-") || i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|-") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

// Package docs holds the documentation, and the tests that keep it true: links lead
// somewhere, commands exist, and the architecture page has the imports of the code.
package docs

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = ".."

// pages are the Markdown files of the project, by their paths below the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "examples/*/*.md", "functions/*/testdata/events/*.md", ".github/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			if name != "CHANGELOG.md" { // it names what is gone
				all[filepath.ToSlash(name)] = string(text)
			}
		}
	}
	if len(all) < 10 {
		t.Fatalf("found %d pages only", len(all))
	}
	return all
}

// rows are the cells of a table's rows below a heading, without its head.
func rows(t *testing.T, page, heading string) [][]string {
	t.Helper()
	_, text, found := strings.Cut(page, "\n"+heading+"\n")
	if !found {
		t.Fatalf("there is no heading %q", heading)
	}
	if next := regexp.MustCompile(`\n#+ `).FindStringIndex(text); next != nil {
		text = text[:next[0]]
	}
	var list [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		list = append(list, cells)
	}
	if len(list) < 3 {
		t.Fatalf("the table below %q has no rows", heading)
	}
	return list[2:]
}

var code = regexp.MustCompile("`([^`]+)`")

// codes are the texts in backquotes.
func codes(text string) []string {
	var list []string
	for _, match := range code.FindAllStringSubmatch(text, -1) {
		list = append(list, match[1])
	}
	return list
}

func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	all := pages(t)
	for name, text := range all {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := name
			if target != "" {
				path = filepath.ToSlash(filepath.Join(filepath.Dir(name), target))
			}
			if _, err := os.Stat(filepath.Join(root, path)); err != nil {
				t.Errorf("%s: %s leads nowhere", name, match[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(all[path]), anchor) {
				t.Errorf("%s: %s: the page has no such heading", name, match[1])
			}
		}
	}
}

// anchors are those that GitHub makes of a page's headings.
func anchors(page string) []string {
	var list []string
	fenced := false
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if fenced || !strings.HasPrefix(line, "#") {
			continue
		}
		heading := strings.ToLower(strings.TrimSpace(strings.TrimLeft(line, "#")))
		heading = regexp.MustCompile(`[^\p{L}\p{N}\- _]`).ReplaceAllString(heading, "")
		list = append(list, strings.ReplaceAll(heading, " ", "-"))
	}
	return list
}

// Every target and command that a page tells the reader to run exists.
func TestCommandsExist(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, match := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, match[1])
	}
	help, err := exec.Command("go", "run", "../cmd/poolpost", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range pages(t) {
		for _, match := range regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)").FindAllStringSubmatch(text, -1) {
			if !slices.Contains(targets, match[1]) {
				t.Errorf("%s: the Makefile has no target %s", name, match[1])
			}
		}
		for _, match := range regexp.MustCompile("(?m)(?:^go run \\./cmd/|`)poolpost ([a-z-]+)").FindAllStringSubmatch(text, -1) {
			if !bytes.Contains(help, []byte("  "+match[1])) {
				t.Errorf("%s: poolpost has no command %s", name, match[1])
			}
		}
		for _, match := range regexp.MustCompile(`go (?:run|test|build) (\./[a-z0-9/-]+)`).FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, strings.TrimSuffix(match[1], "/..."))); err != nil {
				t.Errorf("%s: there is no %s", name, match[1])
			}
		}
	}
}

// The files that "change X" sends a reader to exist.
func TestFilesToChangeExist(t *testing.T) {
	for name, text := range pages(t) {
		for _, path := range codes(text) {
			if !regexp.MustCompile(`^(bench|cmd|docs|examples|frontend|functions|infra|internal|local|templates|test)/[\w./*-]+$`).MatchString(path) {
				continue
			}
			if found, err := filepath.Glob(filepath.Join(root, path)); err != nil || len(found) == 0 {
				t.Errorf("%s: there is no %s", name, path)
			}
		}
	}
}

// Every question of observed.md says what is reported, what we assume and where, and how to find out.
func TestOpenQuestionsAreComplete(t *testing.T) {
	page := pages(t)["docs/observed.md"]
	questions := strings.Split(page, "\n### ")[1:]
	if len(questions) < 10 {
		t.Fatalf("found %d questions only", len(questions))
	}
	form := regexp.MustCompile(`(?s)^[^\n]+\n\n- \*\*Reported\*\*: (.+)\n- \*\*Assumed\*\*: (.+)\n- \*\*To find out\*\*: \S`)
	for _, question := range questions {
		question, _, _ = strings.Cut(question, "\n## ")
		title, _, _ := strings.Cut(question, "\n")
		parts := form.FindStringSubmatch(question)
		if parts == nil {
			t.Errorf("%s: it is not Reported, Assumed, To find out", title)
			continue
		}
		if !strings.Contains(parts[1], "](https://") && !strings.Contains(parts[1], "nothing that we know of") && !strings.Contains(parts[1], "documented") {
			t.Errorf("%s: no report is linked", title)
		}
		if !strings.ContainsAny(parts[2], "/(") {
			t.Errorf("%s: no file or page shows what is assumed", title)
		}
	}
}

// The tables of rooms in architecture.md have every package, and imports follow the
// rules above them.
func TestImportsFollowTheRooms(t *testing.T) {
	page := pages(t)["docs/architecture.md"]
	var rooms []string
	section := map[string]string{}
	for _, heading := range []string{"### Programs, and what they are made of", "### Shared by what builds", "### Shared with functions"} {
		for _, row := range rows(t, page, heading) {
			room := codes(row[0])[0]
			rooms, section[room] = append(rooms, room), heading
		}
	}
	// roomOf is the longest row that a package is in.
	roomOf := func(pkg string) (room string) {
		for _, name := range rooms {
			if (pkg == name || strings.HasPrefix(pkg, name+"/")) && len(name) > len(room) {
				room = name
			}
		}
		return room
	}
	used := map[string]bool{}
	for _, pkg := range packages(t) {
		name := strings.TrimPrefix(pkg.ImportPath, "poolpost/")
		room := roomOf(name)
		if room == "" {
			t.Errorf("docs/architecture.md has no room for %s", name)
			continue
		}
		used[room] = true
		for _, imported := range pkg.Imports {
			imported, own := strings.CutPrefix(imported, "poolpost/")
			to := roomOf(imported)
			switch {
			case !own || to == room && room != "functions":
			case slices.Index(rooms, to) <= slices.Index(rooms, room):
				t.Errorf("%s imports %s, whose room is not below its own", name, imported)
			case room == "functions" && section[to] != "### Shared with functions":
				t.Errorf("%s imports %s, which is not for functions", name, imported)
			}
		}
		for _, dep := range pkg.Deps {
			if (room == "local" || room == "cmd/poolpost" || room == "cmd/poolpost-aws") && strings.HasPrefix(dep, "github.com/aws/aws-cdk-go/") {
				t.Errorf("%s links %s", name, dep)
				break
			}
		}
	}
	for _, room := range rooms {
		if !used[room] {
			t.Errorf("docs/architecture.md has the room %s, which has no package", room)
		}
	}
}

type pkg struct {
	ImportPath    string
	Imports, Deps []string
}

// packages are those of this module.
func packages(t *testing.T) (list []pkg) {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...")
	command.Dir = root
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p pkg
		if err := decoder.Decode(&p); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// Each threat is held by tests that there are, or accepted with a reason.
func TestThreatsAreHeldByTests(t *testing.T) {
	text, err := os.ReadFile("security.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || path != root && strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		code, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(code, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named, number := regexp.MustCompile("`(Test\\w+)`"), 0
	for _, heading := range regexp.MustCompile(`(?m)^## .*$`).FindAllString(string(text), -1) {
		for _, row := range rows(t, string(text), heading) {
			if number++; row[0] != strconv.Itoa(number) {
				t.Errorf("threat %s is number %d", row[0], number)
			}
			by := named.FindAllStringSubmatch(row[3], -1)
			for _, m := range by {
				if !tests[m[1]] {
					t.Errorf("threat %s: there is no test %s", row[0], m[1])
				}
			}
			reason := len(strings.TrimSpace(named.ReplaceAllString(row[3], ""))) > 40
			switch state := row[2]; {
			case state == "held" && len(by) == 0, state == "part" && (len(by) == 0 || !reason), state == "accepted" && !reason,
				state != "held" && state != "part" && state != "accepted":
				t.Errorf("threat %s is %s by %s", row[0], state, row[3])
			}
		}
	}
	if number < 37 {
		t.Errorf("there are %d threats", number)
	}
}

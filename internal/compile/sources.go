package compile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"poolpost/internal/yamlfile"
)

// sources are the names of the files in an adopter's folder, and of Poolpost's own, which those
// replace. Templates that are no such folder have neither.
type sources struct{ theirs, ours []string }

func listSources(templates fs.FS) (s sources, err error) {
	overlay, ok := templates.(interface {
		Files() (theirs, ours []string, err error)
	})
	if !ok {
		return s, nil
	}
	if s.theirs, s.ours, err = overlay.Files(); err != nil {
		return s, fmt.Errorf("list templates: %w", err)
	}
	return s, nil
}

// isOurs reports whether a file that is read is Poolpost's own.
func (s sources) isOurs(name string) bool {
	return slices.Contains(s.ours, name) && !slices.Contains(s.theirs, name)
}

// checkNames refuses files of the adopter's that nothing reads: most have a misspelt name, and
// Poolpost's own file would be used instead.
func (s sources) checkNames(locales []string) error {
	known := slices.Clone(s.ours)
	for _, tag := range locales {
		known = append(known, "locales/"+tag+".yaml")
	}
	slices.Sort(known)
	known = slices.Compact(known)
	var problems []error
	for _, name := range s.theirs {
		switch {
		case name == "layout.mjml" && !slices.Contains(s.theirs, "layout.html"):
			problems = append(problems, errors.New("templates/layout.mjml: is the source of layout.html, which is missing; compile it, since only layout.html is read"))
		case !slices.Contains(known, name) && !isIgnored(name):
			problems = append(problems, fmt.Errorf("templates/%s: is unknown; %s", name, remedy(name, known)))
		}
	}
	return errors.Join(problems...)
}

// isIgnored reports whether a file may be in the folder for other reasons: sources of the layout
// and of Go, notes, and what editors and file managers leave there.
func isIgnored(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "#") || strings.HasSuffix(base, "~") ||
		slices.Contains([]string{".go", ".md", ".mjml", ".mjs"}, path.Ext(base))
}

// remedy suggests the file that was probably meant.
func remedy(name string, known []string) string {
	text := "the names here are " + strings.Join(namesIn(path.Dir(name), known), ", ")
	folders := []string{"locales", "messages", "pages"}
	i := yamlfile.Nearest(name, known)
	if i < 0 { // in the wrong folder
		i = slices.IndexFunc(known, func(k string) bool { return path.Base(k) == path.Base(name) })
	}
	if i >= 0 {
		text = fmt.Sprintf("did you mean templates/%s?", known[i])
	} else if i := yamlfile.Nearest(name, folders); i >= 0 {
		text = fmt.Sprintf("did you mean the folder templates/%s?", folders[i])
	}
	if tag, ok := strings.CutPrefix(name, "locales/"); ok && path.Ext(tag) == ".yaml" {
		text += fmt.Sprintf(" (to add a language, list %s in locales of the settings)", strings.TrimSuffix(tag, ".yaml"))
	}
	return text
}

// namesIn are the known names in a folder. At the top they include folders.
func namesIn(folder string, known []string) (names []string) {
	for _, name := range known {
		if folder == "." {
			name, _, _ = strings.Cut(name, "/")
			names = append(names, name)
		} else if path.Dir(name) == folder {
			names = append(names, path.Base(name))
		}
	}
	return slices.Compact(names)
}

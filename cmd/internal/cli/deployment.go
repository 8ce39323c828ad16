package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"poolpost/internal/settings"
)

// A Deployment is the flag of the commands that need the outputs of a deployment.
type Deployment struct {
	From string `placeholder:"FILE" help:"The outputs file; by default that of these settings and this stage."`
}

// Outputs are the outputs of a stack by name; package infra has the names.
type Outputs map[string]string

// Outputs reads the file that make deploy writes. It does not call AWS.
func (d Deployment) Outputs(f *Flags) (Outputs, error) {
	file := cmp.Or(d.From, filepath.Join(".build", "deployed", settings.Name(f.Settings)+"-"+f.Stage, "Pool.json"))
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing: run make deploy SETTINGS=%s STAGE=%s first", file, f.Settings, f.Stage)
	}
	if err != nil {
		return nil, fmt.Errorf("read outputs: %w", err)
	}
	var stacks map[string]Outputs
	if err := json.Unmarshal(text, &stacks); err != nil {
		return nil, fmt.Errorf("read outputs %s: %w", file, err)
	}
	names := slices.Collect(maps.Keys(stacks))
	if len(names) != 1 {
		return nil, fmt.Errorf("read outputs %s: it has %d stacks, want one", file, len(names))
	}
	if d.From == "" { // two settings files in two folders may have one name
		set, err := settings.Read(f.Settings)
		if err != nil {
			return nil, err
		}
		if want := set.StackName(f.Stage); names[0] != want {
			return nil, fmt.Errorf("%s is of the stack %s, not of %s: run make deploy SETTINGS=%s STAGE=%s first, or give --from",
				file, names[0], want, f.Settings, f.Stage)
		}
	}
	return stacks[names[0]], nil
}

// Package deployed reads what the last deployment from this folder has created:
// the outputs file that make deploy lets the CDK write. It asks AWS nothing.
package deployed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
)

// Outputs are the values of a stack's outputs by name; infra/outputs.go has the
// names.
type Outputs map[string]string

// Read reads an outputs file, which must have one stack.
func Read(file string) (Outputs, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing: run make deploy first", file)
	}
	if err != nil {
		return nil, fmt.Errorf("read outputs: %w", err)
	}
	var stacks map[string]Outputs
	if err := json.Unmarshal(text, &stacks); err != nil {
		return nil, fmt.Errorf("read outputs %s: %w", file, err)
	}
	values := slices.Collect(maps.Values(stacks))
	if len(values) != 1 {
		return nil, fmt.Errorf("read outputs %s: it has %d stacks, want one", file, len(values))
	}
	return values[0], nil
}

// Package guard compares the deployed template of a stack with the next one, and says what the
// update would lose: users, client IDs, identity IDs, keys, waiting emails and the like.
//
// What CloudFormation does to a resource, the CDK's cloudformation-diff knows, a package of npm.
// What that means to people is decided here.
package guard

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

//go:embed diff.mjs
var script string

// A Pair is the template of a stack and the one that it would be updated with.
type Pair struct{ Deployed, Next Template }

// A Change is what CloudFormation would do to a resource.
type Change struct {
	ID         string   // its logical ID
	Type       string   // as deployed or, for a new one, as it will be
	Impact     string   // one of the constants below, WILL_CREATE or WILL_UPDATE
	Properties []string // for which it is replaced
}

// What cloudformation-diff calls the impacts that can lose something.
const (
	willDestroy = "WILL_DESTROY"
	willOrphan  = "WILL_ORPHAN" // leaves the stack, and stays in the account
	willReplace = "WILL_REPLACE"
	mayReplace  = "MAY_REPLACE"
	willCreate  = "WILL_CREATE"
)

// Diff returns the changes of each pair, in the order of their logical IDs. It runs node in dir, in
// which or above which is the folder node_modules with cloudformation-diff. It takes about a second
// for all pairs together.
func Diff(ctx context.Context, dir string, pairs ...Pair) ([][]Change, error) {
	var in [][2]any
	for _, p := range pairs {
		in = append(in, [2]any{p.Deployed.raw, p.Next.raw})
	}
	templates, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("write templates for node: %w", err)
	}
	var out, errOut bytes.Buffer
	node := exec.CommandContext(ctx, "node", "--input-type=module", "--eval", script)
	node.Dir, node.Stdin, node.Stdout, node.Stderr = dir, bytes.NewReader(templates), &out, &errOut
	switch err := node.Run(); {
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("node is not installed: install Node.js 22 or newer from https://nodejs.org/")
	case strings.Contains(errOut.String(), "ERR_MODULE_NOT_FOUND"):
		return nil, errors.New("cloudformation-diff is not installed: run make node_modules or, " +
			"in an app of your own, npm install --save-dev @aws-cdk/cloudformation-diff")
	case err != nil:
		return nil, fmt.Errorf("compare templates with cloudformation-diff: %w: %s", err, lastLine(errOut.String()))
	}
	var changes [][]Change
	if err := json.Unmarshal(out.Bytes(), &changes); err != nil {
		return nil, fmt.Errorf("read what cloudformation-diff found: %w", err)
	}
	return changes, nil
}

// lastLine is the error in what node prints of one, without the stack.
func lastLine(text string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, "Error: ") {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(text)
}

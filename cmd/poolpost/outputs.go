package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"poolpost/cmd/internal/cli"
)

type outputsCommand struct{ cli.Deployment }

// Run writes what a front end needs to know of a deployment: amplify_outputs.json, as
// Amplify's client libraries read it (format version 1.3), which has the default
// client only, and .env.poolpost with one line a value and one a client.
func (c *outputsCommand) Run(f *cli.Flags) error {
	values, err := c.Outputs(f)
	if err != nil {
		return err
	}
	return writeOutputs(values, ".")
}

func writeOutputs(values cli.Outputs, dir string) error {
	env, err := environment(values)
	if err != nil {
		return fmt.Errorf("read outputs: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "amplify_outputs.json"), amplifyOutputs(values), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, ".env.poolpost"), env, 0o644)
}

// amplifyOutputs is the file for the default client, which is the first of the
// settings.
func amplifyOutputs(values cli.Outputs) []byte {
	auth := map[string]any{
		"aws_region":          values["Region"],
		"user_pool_id":        values["UserPoolId"],
		"user_pool_client_id": values["ClientId"],
	}
	if id := values["IdentityPoolId"]; id != "" {
		auth["identity_pool_id"] = id
	}
	text, err := json.MarshalIndent(map[string]any{"version": "1.3", "auth": auth}, "", "  ")
	if err != nil {
		panic(err) // strings encode
	}
	return append(text, '\n')
}

// environment is a line for each output, as POOLPOST_USER_POOL_ID=…, and for
// each client, as POOLPOST_CLIENT_ID_WEB=…. The queues are no business of a front
// end.
func environment(values cli.Outputs) ([]byte, error) {
	var clients map[string]string
	if err := json.Unmarshal([]byte(values["ClientIds"]), &clients); err != nil {
		return nil, fmt.Errorf("ClientIds: %w", err)
	}
	lines := map[string]string{}
	for key, value := range values {
		if key != "ClientIds" && !strings.HasSuffix(key, "QueueUrl") {
			lines[upper(key)] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(clients)) {
		key := "CLIENT_ID_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		if _, ok := lines[key]; ok {
			return nil, fmt.Errorf("ClientIds: two clients would be POOLPOST_%s, one of them %s: rename it in the settings", key, name)
		}
		lines[key] = clients[name]
	}
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(lines)) {
		fmt.Fprintf(&b, "POOLPOST_%s='%s'\n", key, lines[key])
	}
	return []byte(b.String()), nil
}

// upper writes UserPoolId as USER_POOL_ID.
func upper(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

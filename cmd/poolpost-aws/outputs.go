package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"poolpost/internal/amplify"
)

// writeOutputs writes the files that a front end needs: amplify_outputs.json, which Amplify's client
// libraries read and which has only the default client, the first of the settings, and
// .env.poolpost with one line for each output and each client.
func writeOutputs(d *deployment) error {
	if _, err := d.output("ClientIds"); err != nil {
		return err
	}
	env, err := environment(d.Outputs)
	if err != nil {
		return fmt.Errorf("read outputs: %w", err)
	}
	file, err := amplify.New(d.Outputs, d.Settings).Marshal()
	if err != nil {
		return err
	}
	if err := os.WriteFile("amplify_outputs.json", file, 0o644); err != nil {
		return err
	}
	return os.WriteFile(".env.poolpost", env, 0o644)
}

// environment has a line for each output, such as POOLPOST_USER_POOL_ID=…, and for each client,
// such as POOLPOST_CLIENT_ID_WEB=…. A front end does not need the queues.
func environment(values map[string]string) ([]byte, error) {
	var clients map[string]string
	if err := json.Unmarshal([]byte(values["ClientIds"]), &clients); err != nil {
		return nil, fmt.Errorf("ClientIds: %w", err)
	}
	lines := map[string]string{}
	for key, value := range values {
		if key != "ClientIds" && !strings.HasSuffix(key, "QueueUrl") && !strings.HasSuffix(key, "Arns") && !strings.HasSuffix(key, "Config") && !strings.HasSuffix(key, "Configuration") {
			lines[strings.ToUpper(wordStart.ReplaceAllString(key, "_$0"))] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(clients)) {
		key := "CLIENT_ID_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		if _, ok := lines[key]; ok {
			return nil, fmt.Errorf(
				"ClientIds: two clients would be POOLPOST_%s, one of them %s: rename it in the settings", key, name)
		}
		lines[key] = clients[name]
	}
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(lines)) {
		fmt.Fprintf(&b, "POOLPOST_%s='%s'\n", key, lines[key])
	}
	return []byte(b.String()), nil
}

// wordStart is a capital letter inside a name: UserPoolId becomes USER_POOL_ID.
var wordStart = regexp.MustCompile(`\B[A-Z]`)

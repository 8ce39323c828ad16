package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"poolpost/internal/settings"
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
	amplify, err := json.MarshalIndent(amplifyOutputs{Version: "1.3", Auth: auth(d.Outputs, d.Settings)}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile("amplify_outputs.json", append(amplify, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(".env.poolpost", env, 0o644)
}

// amplifyOutputs is what Amplify's client libraries read (@aws-amplify/client-config, schema
// client-config-v1.3.json). What a member leaves out they take for off: without
// unauthenticated_identities_enabled guests get no credentials, and without username_attributes
// people are asked for a user name.
type amplifyOutputs struct {
	Auth    amplifyAuth `json:"auth"`
	Version string      `json:"version"`
}

type amplifyAuth struct {
	Region             string          `json:"aws_region"`
	IdentityPoolID     string          `json:"identity_pool_id,omitempty"`
	MFAConfiguration   string          `json:"mfa_configuration"`
	MFAMethods         []string        `json:"mfa_methods,omitempty"`
	OAuth              *amplifyOAuth   `json:"oauth,omitempty"`
	PasswordPolicy     amplifyPassword `json:"password_policy"`
	RequiredAttributes []string        `json:"standard_required_attributes"` // what Amplify's sign-up form asks for
	Guests             bool            `json:"unauthenticated_identities_enabled"`
	ClientID           string          `json:"user_pool_client_id"`
	UserPoolID         string          `json:"user_pool_id"`
	VerificationTypes  []string        `json:"user_verification_types"`
	UserNameAttributes []string        `json:"username_attributes"`
}

type amplifyPassword struct {
	MinLength        int  `json:"min_length"`
	RequireLowercase bool `json:"require_lowercase"`
	RequireNumbers   bool `json:"require_numbers"`
	RequireSymbols   bool `json:"require_symbols"`
	RequireUppercase bool `json:"require_uppercase"`
}

type amplifyOAuth struct {
	Domain       string   `json:"domain"`
	Providers    []string `json:"identity_providers"`
	SignIn       []string `json:"redirect_sign_in_uri"`
	SignOut      []string `json:"redirect_sign_out_uri"`
	ResponseType string   `json:"response_type"`
	Scopes       []string `json:"scopes"`
}

func auth(values map[string]string, s *settings.Settings) amplifyAuth {
	email := []string{"email"}
	password := s.Pool.PasswordPolicy
	a := amplifyAuth{
		Region: values["Region"], UserPoolID: values["UserPoolId"], ClientID: values["ClientId"],
		IdentityPoolID: values["IdentityPoolId"], Guests: values["IdentityPoolId"] != "" && s.IdentityPool.Guests,
		UserNameAttributes: email, RequiredAttributes: email, VerificationTypes: email,
		PasswordPolicy: amplifyPassword{
			MinLength: password.MinimumLength, RequireLowercase: password.RequireLowercase, RequireNumbers: password.RequireNumbers,
			RequireSymbols: password.RequireSymbols, RequireUppercase: password.RequireUppercase,
		},
		MFAConfiguration: map[string]string{"optional": "OPTIONAL", "required": "REQUIRED"}[s.Pool.MFA],
	}
	if a.MFAConfiguration == "" {
		a.MFAConfiguration = "NONE"
	} else {
		a.MFAMethods = []string{"TOTP"}
	}
	if url := values["HostedSignInUrl"]; url != "" {
		client := s.Clients[0]
		a.OAuth = &amplifyOAuth{
			Domain: strings.TrimPrefix(url, "https://"), Providers: []string{"FACEBOOK"},
			Scopes: settings.Scopes, ResponseType: "code",
			SignIn: []string{client.SignInURL}, SignOut: []string{client.URL},
		}
	}
	return a
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
		if key != "ClientIds" && !strings.HasSuffix(key, "QueueUrl") && !strings.HasSuffix(key, "Arns") {
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

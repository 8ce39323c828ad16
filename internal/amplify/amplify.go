// Package amplify makes amplify_outputs.json, from which a front end learns about the pool
// (@aws-amplify/client-config, schema client-config-v1.3.json).
package amplify

import (
	"encoding/json"
	"strings"

	"poolpost/internal/link"
	"poolpost/internal/settings"
)

// Outputs is the file. What a member leaves out, Amplify takes for off: without
// unauthenticated_identities_enabled guests get no credentials, and without username_attributes
// people are asked for a user name.
type Outputs struct {
	Auth    Auth   `json:"auth"`
	Custom  Custom `json:"custom"`
	Version string `json:"version"`
}

// Auth is what Amplify reads.
type Auth struct {
	Region             string   `json:"aws_region"`
	IdentityPoolID     string   `json:"identity_pool_id,omitempty"`
	MFAConfiguration   string   `json:"mfa_configuration"`
	MFAMethods         []string `json:"mfa_methods,omitempty"`
	OAuth              *OAuth   `json:"oauth,omitempty"`
	PasswordPolicy     Password `json:"password_policy"`
	RequiredAttributes []string `json:"standard_required_attributes"` // what Amplify's sign-up form asks for
	Guests             bool     `json:"unauthenticated_identities_enabled"`
	ClientID           string   `json:"user_pool_client_id"`
	UserPoolID         string   `json:"user_pool_id"`
	VerificationTypes  []string `json:"user_verification_types"`
	UserNameAttributes []string `json:"username_attributes"`
}

// Password is the pool's policy.
type Password struct {
	MinLength        int  `json:"min_length"`
	RequireLowercase bool `json:"require_lowercase"`
	RequireNumbers   bool `json:"require_numbers"`
	RequireSymbols   bool `json:"require_symbols"`
	RequireUppercase bool `json:"require_uppercase"`
}

// OAuth is the hosted sign-in.
type OAuth struct {
	Domain       string   `json:"domain"`
	Providers    []string `json:"identity_providers"`
	SignIn       []string `json:"redirect_sign_in_uri"`
	SignOut      []string `json:"redirect_sign_out_uri"`
	ResponseType string   `json:"response_type"`
	Scopes       []string `json:"scopes"`
}

// Custom is what our example of a front end reads besides. Amplify leaves it alone.
type Custom struct {
	Attributes []Attribute `json:"attributes"`         // that a sign-up form asks for
	Captcha    *Captcha    `json:"captcha,omitempty"`  // nil: a sign-up needs none
	Endpoint   string      `json:"endpoint,omitempty"` // of the local run's Cognito; empty: AWS
	HelpURL    string      `json:"help_url"`           // of the page for people who cannot sign in
}

// Captcha is what proves that a person signs up.
type Captcha struct {
	Provider     string `json:"provider"`
	SiteKey      string `json:"site_key,omitempty"`
	Action       string `json:"action,omitempty"`
	ChallengeURL string `json:"challenge_url,omitempty"` // of ALTCHA
}

// Attribute is a field of a sign-up form.
type Attribute struct {
	Key       string            `json:"key"`   // such as custom:agentName
	Label     map[string]string `json:"label"` // by locale
	MaxLength int               `json:"max_length,omitempty"`
	Required  bool              `json:"required"`
}

// New returns the file for the first app client of the settings. The values are outputs of the
// stack by name, as package infra names them.
func New(values map[string]string, s *settings.Settings) Outputs {
	email := []string{"email"}
	password := s.Pool.PasswordPolicy
	a := Auth{
		Region: values["Region"], UserPoolID: values["UserPoolId"], ClientID: values["ClientId"],
		IdentityPoolID: values["IdentityPoolId"], Guests: values["IdentityPoolId"] != "" && s.IdentityPool.Guests,
		UserNameAttributes: email, RequiredAttributes: email, VerificationTypes: email,
		PasswordPolicy: Password{
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
		a.OAuth = &OAuth{
			Domain: strings.TrimPrefix(url, "https://"), Providers: []string{"FACEBOOK"},
			Scopes: settings.Scopes, ResponseType: "code",
			SignIn: []string{client.SignInURL}, SignOut: []string{client.URL},
		}
	}
	custom := Custom{
		Attributes: []Attribute{},
		HelpURL:    link.Build(values["LinksUrl"], link.PathHelp, link.Link{Client: a.ClientID}),
	}
	if c := s.SignUp.Captcha; s.SignUp.UsesCaptcha() {
		custom.Captcha = &Captcha{Provider: c.Provider, SiteKey: c.SiteKey, Action: c.Action}
		if s.SignUp.UsesAltcha() {
			custom.Captcha.ChallengeURL = values["LinksUrl"] + link.PathCaptcha
		}
	}
	for _, rule := range s.SignUp.Attributes {
		label := rule.Label
		if len(label) == 0 {
			label = map[string]string{s.Locales[0]: rule.Name}
		}
		custom.Attributes = append(custom.Attributes, Attribute{s.AttributeKey(rule.Name), label, rule.MaxLength, rule.Required})
	}
	return Outputs{Auth: a, Custom: custom, Version: "1.3"}
}

// Marshal is the text of the file.
func (o Outputs) Marshal() ([]byte, error) {
	text, err := json.MarshalIndent(o, "", "  ")
	return append(text, '\n'), err
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"text/tabwriter"
	"time"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/bundle"
	"poolpost/internal/compile"
	"poolpost/internal/config"
	"poolpost/internal/message"
	"poolpost/internal/rules"
	"poolpost/internal/settings"
	"poolpost/local"
	"poolpost/templates"
)

type rulesCommand struct {
	Email    string            `placeholder:"ADDRESS" help:"The address that signs up."`
	Attr     map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"An attribute; may be repeated."`
	Locale   string            `placeholder:"LANGUAGE" help:"The language of refusals; by default the first one of the settings."`
	Provider bool              `help:"The user comes through Facebook or another provider."`
	Network  bool              `help:"Query DNS. The suppression list is on AWS and is never queried."`
	Captcha  string            `enum:"passed,missing,failed,unavailable" default:"passed" help:"What comes of the captcha: ${enum}. Nobody is asked."`
	Hook     string            `placeholder:"WHAT" help:"What plays your function of signUp.hook, as for dev; without it, nobody is asked."`
	JSON     bool              `help:"Write JSON."`
}

// Validate refuses an attribute without a name.
func (c *rulesCommand) Validate() error {
	if _, ok := c.Attr[""]; ok {
		return errors.New("--attr: write NAME=VALUE")
	}
	return nil
}

// An explanation has the decision of pre-sign-up, and the result of each rule.
type explanation struct {
	Accepted bool          `json:"accepted"`
	Result   string        `json:"result"`
	Warnings []string      `json:"warnings,omitempty"`
	Steps    []explainStep `json:"rules"`
}

type explainStep struct {
	Name    string `json:"rule"`
	Result  string `json:"result"`
	Took    string `json:"took,omitempty"`
	Kind    string `json:"kind"` // hard, or soft, which lets people in when it has no answer
	Setting string `json:"setting"`
}

// Run applies the rules themselves, with the settings as the function gets them.
func (c *rulesCommand) Run(ctx context.Context, f *cli.Flags, s cli.Streams) error {
	set, err := settings.Read(f.Settings)
	if err != nil {
		return err
	}
	out, err := compile.All(templates.Beside(f.Settings), set)
	if err != nil {
		return err
	}
	var conf config.PreSignUp
	if err := json.Unmarshal(bundle.Named("pre-sign-up").Config(set), &conf); err != nil {
		return err
	}
	var dns rules.Resolver = noNetwork{}
	if c.Network {
		dns = net.DefaultResolver
	}
	sentences := func(locale string) (map[string]string, error) { return out.Refusals[locale], nil }
	ask := rules.Network{DNS: dns, Suppressions: noNetwork{}, Captcha: outcome(c.Captcha)}
	if c.Hook != "" {
		hook, err := local.OpenHook(set, c.Hook, s.Err)
		if err != nil {
			return err
		}
		defer hook.Close()
		ask.Hook = hook
	}
	r, err := rules.New(conf, sentences, ask)
	if err != nil {
		return err
	}
	a := rules.Applicant{
		Email: c.Email, Attributes: map[string]string{}, Provider: c.Provider,
		Locale: message.Lookup(conf.Locales, conf.Locales[0], c.Locale),
	}
	if c.Captcha != "missing" {
		a.Proof = c.Captcha
	}
	for name, value := range c.Attr {
		a.Attributes[set.AttributeKey(name)] = value
	}
	limited, cancel := context.WithTimeout(ctx, rules.Budget)
	defer cancel()
	decision := r.Decide(limited, a)
	if c.Hook != "" {
		r.AskHook(ctx, hookRequest(set, a), &decision)
	}
	e := explanation{Accepted: decision.Refusal == nil, Result: "accepted"}
	switch {
	case decision.Refusal != nil:
		e.Result = fmt.Sprintf("refused: PreSignUp failed with error %s.", decision.Refusal)
	case set.SignUp.UsesCaptcha() && c.Captcha == "passed" && !a.Provider:
		e.Result = "accepted, if the captcha is passed: --captcha says what else may come of it"
	case set.SignUp.UsesHook() && c.Hook == "":
		e.Result = "accepted, unless your function of signUp.hook refuses: --hook asks it"
	case a.Provider && conf.ExternalProviders.Policy == config.LinkProviders:
		e.Result = "accepted, unless the pool has an account with this address and the provider is trusted: see docs/sign-up-rules.md"
	case !a.Provider && (r.AutoConfirms(a.Email) || decision.Confirm):
		e.Result = "accepted, and confirmed without an email"
	}
	for _, step := range decision.Steps {
		explained := explainStep{
			Name:   strings.TrimSuffix(step.Name+" "+step.Attribute, " "),
			Result: step.Result, Kind: "hard", Setting: cmp.Or(step.Setting, "always"),
		}
		if step.Took > 0 {
			explained.Took = step.Took.Round(100 * time.Nanosecond).String()
		}
		if step.FailOpen {
			explained.Kind = "soft"
		}
		e.Steps = append(e.Steps, explained)
	}
	for _, err := range []error{decision.CaptchaErr, decision.Warning, decision.HookErr} {
		if err != nil {
			e.Warnings = append(e.Warnings, err.Error())
		}
	}
	if c.JSON {
		return cli.WriteJSON(s.Out, e)
	}
	table := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RULE\tRESULT\tTOOK\tKIND\tSETTING")
	for _, step := range e.Steps {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", step.Name, step.Result, step.Took, step.Kind, step.Setting)
	}
	fmt.Fprintln(table)
	for _, warning := range e.Warnings {
		fmt.Fprintln(table, "warning:", warning)
	}
	fmt.Fprintln(table, e.Result)
	return table.Flush()
}

// hookRequest is what the hook would get about somebody. What only a pool knows is made up.
func hookRequest(set *settings.Settings, a rules.Applicant) rules.HookRequest {
	r := rules.HookRequest{
		TriggerSource: "PreSignUp_SignUp", Region: set.Pool.Region, UserPoolID: set.Pool.Region + "_Example01",
		UserName: "00000000-0000-4000-8000-000000000000", Client: rules.HookClient{ID: "example", Name: set.Clients[0].Name},
		Locale: a.Locale, Email: a.Email, Attributes: maps.Clone(a.Attributes), ValidationData: []byte("null"), MayAutoConfirm: !a.Provider,
	}
	r.Attributes["email"] = a.Email
	if a.Provider {
		r.TriggerSource, r.UserName, r.Provider = "PreSignUp_ExternalProvider", "Facebook_1234567890", "Facebook"
	}
	return r
}

// An outcome of a captcha, which nobody is asked for.
type outcome string

func (o outcome) Verify(context.Context, string, string) (string, error) {
	switch o {
	case "failed":
		return "refused", nil
	case "unavailable":
		return "", errNotAsked
	}
	return "", nil
}

// noNetwork answers nothing: this command queries DNS only with --network, and AWS never.
type noNetwork struct{}

var errNotAsked = errors.New("not asked")

func (noNetwork) LookupMX(context.Context, string) ([]*net.MX, error)  { return nil, errNotAsked }
func (noNetwork) LookupHost(context.Context, string) ([]string, error) { return nil, errNotAsked }
func (noNetwork) Suppressed(context.Context, string) (bool, error)     { return false, errNotAsked }

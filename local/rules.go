package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strings"
	"text/tabwriter"
	"time"

	"poolpost/internal/bundle"
	"poolpost/internal/compile"
	"poolpost/internal/config"
	"poolpost/internal/message"
	"poolpost/internal/rules"
	"poolpost/internal/settings"
	"poolpost/templates"
)

// attributeFlag collects the -attr flags.
type attributeFlag map[string]string

func (a attributeFlag) String() string { return "" }

func (a attributeFlag) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found || name == "" {
		return errors.New("write NAME=VALUE")
	}
	a[name] = value
	return nil
}

// explainRules tells what pre-sign-up would decide, and what each rule says. It
// asks the rules themselves, with the settings as the function gets them.
func explainRules(ctx context.Context, o options, args []string, stdout, stderr io.Writer) error {
	attributes := attributeFlag{}
	flags := flag.NewFlagSet("rules", flag.ContinueOnError)
	flags.SetOutput(stderr)
	email := flags.String("email", "", "the `address` that signs up")
	locale := flags.String("locale", "", "the `language` to refuse in; else the first one of the settings")
	provider := flags.Bool("provider", false, "the person comes through Facebook or another provider")
	network := flags.Bool("network", false, "ask DNS; the suppression list is on AWS, and never asked here")
	flags.Var(attributes, "attr", "an attribute as `NAME=VALUE`; may be repeated")
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp // it has been told on stderr
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("rules takes flags only, not %q; -settings stands before rules", flags.Arg(0))
	}
	set, c, sentences, err := rulesConfig(o.settings)
	if err != nil {
		return err
	}
	var dns rules.Resolver = notAsked{}
	if *network {
		dns = net.DefaultResolver
	}
	r, err := rules.New(c, sentences, dns, notAsked{})
	if err != nil {
		return err
	}
	a := rules.Applicant{Email: *email, Attributes: map[string]string{}, Locale: message.Lookup(c.Locales, c.Locales[0], *locale), Provider: *provider}
	for name, value := range attributes {
		a.Attributes[set.AttributeKey(name)] = value
	}
	ctx, cancel := context.WithTimeout(ctx, rules.Budget)
	defer cancel()
	decision := r.Decide(ctx, a)
	result := "accepted"
	switch {
	case decision.Refusal != nil:
		result = fmt.Sprintf("refused: PreSignUp failed with error %s.", decision.Refusal)
	case a.Provider && c.ExternalProviders.Policy == config.LinkProviders:
		result = "accepted, unless the pool has an account with this address: see docs/sign-up-rules.md"
	case !a.Provider && r.AutoConfirms(a.Email):
		result = "accepted, and confirmed without a mail"
	}
	return writeSteps(stdout, decision.Steps, result)
}

// notAsked has no answer: this command leaves the machine only when it is told
// to, and never for AWS.
type notAsked struct{}

var errNotAsked = errors.New("not asked")

func (notAsked) LookupMX(context.Context, string) ([]*net.MX, error)  { return nil, errNotAsked }
func (notAsked) LookupHost(context.Context, string) ([]string, error) { return nil, errNotAsked }
func (notAsked) Suppressed(context.Context, string) (bool, error)     { return false, errNotAsked }

// rulesConfig is what pre-sign-up runs with, of a settings file.
func rulesConfig(file string) (*settings.Settings, config.PreSignUp, rules.Sentences, error) {
	var c config.PreSignUp
	set, err := settings.Read(file)
	if err != nil {
		return nil, c, nil, err
	}
	out, err := compile.All(templates.Beside(file), set)
	if err != nil {
		return nil, c, nil, err
	}
	err = json.Unmarshal(bundle.Named("pre-sign-up").Config(set), &c)
	return set, c, func(locale string) (map[string]string, error) { return out.Refusals[locale], nil }, err
}

func writeSteps(stdout io.Writer, steps []rules.Step, result string) error {
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RULE\tRESULT\tTOOK\tKIND\tSETTING")
	for _, step := range steps {
		took, kind := "", "hard"
		if step.Took > 0 {
			took = step.Took.Round(100 * time.Nanosecond).String()
		}
		if step.FailOpen {
			kind = "soft"
		}
		name := strings.TrimSuffix(step.Name+" "+step.Attribute, " ")
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", name, step.Result, took, kind, cmp.Or(step.Setting, "always"))
	}
	fmt.Fprintf(table, "\n%s\n", result)
	return table.Flush()
}

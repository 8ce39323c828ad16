// Package cli is what poolpost and poolpost-aws share: parsing of arguments, help and
// exit codes.
//
// Kong parses the arguments: a command is a struct, and kong suggests the nearest name for
// an unknown command or flag, which cobra does for commands only.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Scripts may rely on these exit codes.
const (
	Done   = 0
	Failed = 1
	Usage  = 2
)

// examples are one line of help for each command.
var examples = map[string]string{
	"dev":           "poolpost dev --web 127.0.0.1:8081 --aws 127.0.0.1:9230",
	"check":         "poolpost check --settings drivers.yaml",
	"rules":         "poolpost rules --email ann@gmial.com --attr agentName=Ann",
	"invoke":        "poolpost invoke custom-message functions/custom-message/testdata/events/*.json",
	"env":           "poolpost env custom-message",
	"doctor":        "poolpost doctor --stage prod",
	"smoke":         "poolpost smoke --stage prod --attr agentName=Smoke",
	"logs":          "poolpost logs --stage prod --function send-mail --since 1h",
	"probe":         "poolpost probe --yes",
	"plan":          "poolpost plan --stage prod --allow CLIENT=kiosk",
	"delete-client": "poolpost delete-client kiosk --stage prod",
	"outputs":       "poolpost outputs --stage prod",
	"dead-letters":  "poolpost dead-letters --stage prod",
	"redrive":       "poolpost redrive --stage prod --drop-expired --dry-run",
	"attach":        "poolpost attach --stage prod",
	"detach":        "poolpost detach --stage prod",
	"invite":        "poolpost invite --file people.csv --locale fr --stage prod",
}

// Flags are the flags of every command.
type Flags struct {
	Settings string `default:"poolpost.yaml" placeholder:"FILE" help:"The settings (${default})."`
	Stage    string `default:"dev" placeholder:"NAME" help:"The stage of a deployment (${default})."`
	Stack    string `placeholder:"NAME" help:"The name of the stack, if an app of your own deploys it."`
}

// AWS are the commands that talk to an adopter's AWS account. They need many clients of the
// SDK, so they are a program of their own, poolpost-aws.
type AWS struct {
	Doctor struct {
		JSON        bool `help:"Write JSON."`
		Credentials bool `help:"Look at the credentials only, as make deploy does."`
	} `cmd:"" group:"aws" help:"Check what a deployment needs, and what is deployed. Changes nothing."`
	Plan struct {
		Template string   `arg:"" optional:"" placeholder:"TEMPLATE" help:"A template, or a folder that cdk synth has written; by default plan synthesises the settings."`
		Against  string   `placeholder:"TEMPLATE" help:"Compare with this one instead of the deployed one; needs no account."`
		Allow    []string `placeholder:"KIND=NAME" sep:"none" help:"Let the deployment lose this. Can be given several times."`
	} `cmd:"" group:"aws" help:"Refuse a deployment that would lose users, client IDs, keys or waiting emails."`
	DeleteClient struct {
		Name string `arg:"" placeholder:"NAME" help:"The name of the app client."`
	} `cmd:"" group:"aws" help:"Delete an app client that a deployment has left behind."`
	Smoke struct {
		Attr    map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"An attribute that the sign-up rules ask for; may be repeated."`
		Timeout time.Duration     `default:"5m" placeholder:"DURATION" help:"How long to wait for each log line (${default})."`
	} `cmd:"" group:"aws" help:"Sign up two addresses of SES's mailbox simulator, follow them, delete them."`
	Probe struct {
		Yes bool   `help:"Go ahead. Without it, the command says what it would do, and the price."`
		Out string `default:"poolpost-probe.json" placeholder:"FILE" help:"Where to write the answers (${default})."`
	} `cmd:"" group:"aws" help:"Ask a throw-away stack what only AWS can tell."`
	Logs struct {
		Function string        `required:"" placeholder:"NAME" help:"The function, such as pre-sign-up."`
		Since    time.Duration `default:"1h" placeholder:"DURATION" help:"How far to look back (${default})."`
	} `cmd:"" group:"aws" help:"Print the log of a function."`
	Outputs     struct{} `cmd:"" group:"aws" help:"Write amplify_outputs.json and .env.poolpost for a front end."`
	DeadLetters struct {
		JSON bool `help:"Write JSON."`
	} `cmd:"" group:"aws" help:"List the emails and events that could not be delivered, without personal data."`
	Redrive Redrive `cmd:"" group:"aws" help:"Send those emails again, after an outage."`
	Attach  Attach  `cmd:"" group:"aws" help:"Join the stack to the user pool of pool.existing."`
	Detach  Detach  `cmd:"" group:"aws" help:"Restore what that user pool had before."`
	Invite  Invite  `cmd:"" group:"aws" help:"Invite people by email, and add them to the groups."`
}

// Redrive are the flags of redrive.
type Redrive struct {
	Kind        []string `placeholder:"KIND" help:"Only this kind, as dead-letters lists it; several with commas."`
	DropExpired bool     `help:"Delete emails whose code has expired."`
	DryRun      bool     `help:"Change nothing: say what it would do."`
}

// Attach are the flags of attach.
type Attach struct {
	Yes                  bool `help:"Go ahead. Without it, the command says what it would change in the pool."`
	ReplaceDefaultSender bool `help:"Let a pool that sends through Cognito's own mailer (COGNITO_DEFAULT) send through SES."`
	JSON                 bool `help:"Write JSON."`
}

// Detach are the flags of detach.
type Detach struct {
	Yes  bool `help:"Go ahead. Without it, the command says what it would change in the pool."`
	JSON bool `help:"Write JSON."`
}

// Invite are the arguments of poolpost invite.
type Invite struct {
	Addresses []string          `arg:"" optional:"" name:"address" help:"Addresses to invite."`
	File      string            `placeholder:"FILE" help:"A file with one address on each line, or CSV whose first line names the columns: email, and attributes. - is standard input."`
	Attr      map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"An attribute of everybody; may be repeated."`
	Locale    string            `placeholder:"LANGUAGE" help:"The language of the emails, which becomes the attribute locale."`
	Group     []string          `placeholder:"NAME" help:"A group to join beside those of the settings; may be repeated."`
	Again     bool              `help:"Send invitations again that were sent before; without addresses, all that have expired."`
	DryRun    bool              `help:"Say what would happen, and change nothing."`
	JSON      bool              `help:"Write JSON."`
}

// Validate refuses an invitation of nobody.
func (i *Invite) Validate() error {
	if _, ok := i.Attr[""]; ok {
		return errors.New("--attr: write NAME=VALUE")
	}
	if len(i.Addresses) == 0 && i.File == "" && !i.Again {
		return errors.New("name addresses or --file; --again alone is for invitations that have expired")
	}
	return nil
}

// UsesAWS reports whether a command is one of AWS.
func UsesAWS(command *kong.Node) bool { return command.Group != nil }

// Streams are where a command writes to.
type Streams struct{ Out, Err io.Writer }

// WriteJSON writes a result for other programs.
func WriteJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// An Exit is the exit code of a command that has reported its error itself.
type Exit int

func (e Exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// Main parses the arguments into commands, a pointer to a struct, calls run, and returns the
// exit code. Run methods of commands may have ctx, the Flags and the Streams as parameters.
func Main(
	ctx context.Context, commands any, flags *Flags, args []string, s Streams, run func(*kong.Context) error,
) (code int) {
	defer func() {
		if exit, ok := recover().(Exit); ok { // of --help
			code = int(exit)
		}
	}()
	parser := kong.Must(commands,
		kong.Name("poolpost"),
		kong.Writers(s.Out, s.Err),
		kong.Exit(func(code int) { panic(Exit(code)) }),
		kong.Help(help),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(flags, s),
	)
	c, err := parser.Parse(args)
	if err != nil {
		command := "poolpost"
		if parse, ok := errors.AsType[*kong.ParseError](err); ok && parse.Context.Selected() != nil {
			command += " " + parse.Context.Selected().Name
		}
		fmt.Fprintf(s.Err, "poolpost: %v\nSee \"%s --help\".\n", nearest(err, args), command)
		return Usage
	}
	err = run(c)
	if exit, ok := errors.AsType[Exit](err); ok {
		return int(exit)
	}
	if err != nil {
		fmt.Fprintln(s.Err, err)
		return Failed
	}
	return Done
}

// nearest corrects kong's error for a flag with one dash, of which kong sees only the first
// letter.
func nearest(err error, args []string) error {
	i := slices.IndexFunc(args, func(arg string) bool { return len(arg) > 2 && arg[0] == '-' && arg[1] != '-' })
	if i < 0 || !strings.HasPrefix(err.Error(), "unknown flag -"+args[i][1:2]+",") {
		return err
	}
	flag, _, _ := strings.Cut(args[i], "=")
	return fmt.Errorf("unknown flag %s, did you mean \"-%[1]s\"?", flag)
}

// help lists all commands with an example each, or explains one.
func help(options kong.HelpOptions, c *kong.Context) error {
	if node := c.Selected(); node != nil {
		if err := kong.DefaultHelpPrinter(options, c); err != nil {
			return err
		}
		_, err := fmt.Fprintf(c.Stdout, "\nExample:\n  %s\n", examples[node.Name])
		return err
	}
	var here, aws, flags strings.Builder
	for _, node := range c.Model.Children {
		b := &here
		if UsesAWS(node) {
			b = &aws
		}
		fmt.Fprintf(b, "  %-13s %s\n  %13s $ %s\n", node.Name, node.Help, "", examples[node.Name])
	}
	for _, flag := range c.Model.Flags {
		fmt.Fprintf(&flags, "  --%-17s %s\n", strings.TrimSuffix(flag.Name+" "+flag.PlaceHolder, " "), flag.Help)
	}
	_, err := fmt.Fprintf(c.Stdout, `Usage: poolpost COMMAND [flags]

On this machine
%s
In your AWS account
%s
Flags of every command (see COMMAND --help for the others)
%s
Exit codes: %d done, %d failed, %d wrong usage.
`, &here, &aws, &flags, Done, Failed, Usage)
	return err
}

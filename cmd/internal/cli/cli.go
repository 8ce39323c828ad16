// Package cli is what poolpost and poolpost-aws share: how arguments are read, help,
// exit codes, and what the last deployment has written down.
//
// Kong reads the arguments. A command is a struct, and for an unknown command or flag
// kong names the nearest one, which cobra does for commands only.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// The exit codes, which scripts may rely on.
const (
	Done   = 0
	Failed = 1
	Usage  = 2 // an unknown command or flag, or one that lacks something
)

// Flags are those of every command.
type Flags struct {
	Settings string `default:"poolpost.yaml" placeholder:"FILE" help:"The settings (${default})."`
	Stage    string `default:"dev" placeholder:"NAME" help:"The stage of a deployment (${default})."`
}

// AWS are the commands that talk to an adopter's AWS account. They need many of the
// SDK's clients, so they are a program of their own, poolpost-aws.
type AWS struct {
	DeadLetters DeadLetters `cmd:"" group:"aws" help:"List the emails that could not be sent, without personal data." example:"poolpost dead-letters --stage prod"`
	Redrive     Redrive     `cmd:"" group:"aws" help:"Send them again, after an outage." example:"poolpost redrive --stage prod"`
}

type DeadLetters struct {
	Deployment
	JSON bool `help:"Write JSON."`
}

type Redrive struct{ Deployment }

// UsesAWS says whether a command is one of AWS.
func UsesAWS(c *kong.Context) bool { return group(c.Selected()) == "aws" }

func group(node *kong.Node) string {
	if node.Group == nil {
		return ""
	}
	return node.Group.Key
}

// Streams are where a command writes to.
type Streams struct{ Out, Err io.Writer }

// WriteJSON writes what a command has found out, for programs.
func WriteJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// An Exit is the exit code of a command that has said everything else itself.
type Exit int

func (e Exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// Main reads the arguments into commands, a pointer to a struct, lets run do what
// they ask for, and returns the exit code. Run methods of commands may have ctx, the
// Flags and the Streams as parameters.
func Main(ctx context.Context, commands any, flags *Flags, args []string, s Streams, run func(*kong.Context) error) (code int) {
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
		fmt.Fprintf(s.Err, "poolpost: %v\n%s\n", nearest(err, args), seeHelp(err))
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

// nearest is what kong says, but for a flag with one dash, of which it sees the first
// letter only.
func nearest(err error, args []string) error {
	i := slices.IndexFunc(args, func(arg string) bool { return len(arg) > 2 && arg[0] == '-' && arg[1] != '-' })
	if i < 0 || !strings.HasPrefix(err.Error(), "unknown flag -"+args[i][1:2]+",") {
		return err
	}
	flag, _, _ := strings.Cut(args[i], "=")
	return fmt.Errorf("unknown flag %s, did you mean \"-%[1]s\"?", flag)
}

// seeHelp names the help of the command whose arguments are wrong.
func seeHelp(err error) string {
	command := "poolpost"
	if parse, ok := errors.AsType[*kong.ParseError](err); ok {
		if node := parse.Context.Selected(); node != nil {
			command = "poolpost " + node.Name
		}
	}
	return `See "` + command + ` --help".`
}

// help lists all commands with an example each, or explains one.
func help(options kong.HelpOptions, c *kong.Context) error {
	if node := c.Selected(); node != nil {
		if err := kong.DefaultHelpPrinter(options, c); err != nil {
			return err
		}
		_, err := fmt.Fprintf(c.Stdout, "\nExample:\n  %s\n", node.Tag.Get("example"))
		return err
	}
	var b strings.Builder
	b.WriteString("Usage: poolpost COMMAND [flags]\n")
	for _, part := range []struct{ group, title string }{{"", "On this machine"}, {"aws", "In your AWS account"}} {
		fmt.Fprintf(&b, "\n%s\n", part.title)
		for _, node := range c.Model.Children {
			if group(node) == part.group {
				fmt.Fprintf(&b, "  %-13s %s\n  %13s $ %s\n", node.Name, node.Help, "", node.Tag.Get("example"))
			}
		}
	}
	b.WriteString("\nFlags of every command; COMMAND --help lists its own\n")
	for _, flag := range c.Model.Flags {
		fmt.Fprintf(&b, "  --%-17s %s\n", strings.TrimSuffix(flag.Name+" "+flag.PlaceHolder, " "), flag.Help)
	}
	fmt.Fprintf(&b, "\nExit codes: %d done, %d failed, %d wrong usage.\n", Done, Failed, Usage)
	_, err := io.WriteString(c.Stdout, b.String())
	return err
}

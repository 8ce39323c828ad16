// Command poolpost runs Poolpost on this machine, and checks settings and messages.
// What asks AWS is in a second program, poolpost-aws. docs/decisions says why there are two programs. It never links the
// CDK.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"poolpost/cmd/internal/cli"
	"poolpost/local"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], cli.Streams{Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}

type commands struct {
	cli.Flags
	Dev    devCommand    `cmd:"" help:"Run everything: sign-up page, user pool, functions, mailbox."`
	Check  checkCommand  `cmd:"" help:"Check the settings and every message against Cognito's limits."`
	Rules  rulesCommand  `cmd:"" help:"Show what each sign-up rule decides."`
	Invoke invokeCommand `cmd:"" help:"Send events to a function, and write one line of JSON for each."`
	Env    envCommand    `cmd:"" help:"Write the environment that a function starts with."`
	cli.AWS
}

func run(ctx context.Context, args []string, s cli.Streams) int {
	var c commands
	return cli.Main(ctx, &c, &c.Flags, args, s, func(k *kong.Context) error {
		if cli.UsesAWS(k.Selected()) {
			return runAWS(ctx, args, s)
		}
		return k.Run()
	})
}

// addresses are where the local run listens.
type addresses struct {
	Web string `default:"127.0.0.1:8080" placeholder:"ADDRESS" help:"Loopback address of the pages (${default})."`
	AWS string `default:"127.0.0.1:9229" placeholder:"ADDRESS" help:"Loopback address of the AWS APIs (${default})."`
}

func (a addresses) options(f *cli.Flags, s cli.Streams) local.Options {
	return local.Options{Settings: f.Settings, Web: a.Web, AWS: a.AWS, Logs: s.Err}
}

type devCommand struct {
	addresses
	App       string            `placeholder:"ORIGIN" help:"Your front end on this machine, such as http://localhost:5173: buttons in emails and on pages lead there."`
	SMTP      string            `placeholder:"HOST:PORT" help:"SMTP server that the samples on /messages can be sent through."`
	Hook      string            `placeholder:"WHAT" help:"What plays your function of signUp.hook: a folder with a bootstrap, http://127.0.0.1:PORT/, or a JSON file with the answer."`
	EventHook map[string]string `placeholder:"NAME=URL" help:"What plays the target of a hook in hooks.events: a loopback address, such as crm=http://127.0.0.1:9001/."`
}

func (c *devCommand) Run(ctx context.Context, f *cli.Flags, s cli.Streams) error {
	o := c.options(f, s)
	o.App, o.SMTP, o.Hook, o.EventHooks = c.App, c.SMTP, c.Hook, c.EventHook
	return local.Run(ctx, o, s.Out)
}

type invokeCommand struct {
	addresses
	Hook     string   `placeholder:"WHAT" help:"What plays your function of signUp.hook, as for dev."`
	Function string   `arg:"" placeholder:"FUNCTION" help:"The function, such as pre-sign-up."`
	Files    []string `arg:"" placeholder:"FILE" help:"Events in JSON."`
}

func (c *invokeCommand) Run(ctx context.Context, f *cli.Flags, s cli.Streams) error {
	o := c.options(f, s)
	o.Hook = c.Hook
	return local.Invoke(ctx, o, c.Function, c.Files, s.Out)
}

type envCommand struct {
	addresses
	Function string `arg:"" placeholder:"FUNCTION" help:"The function, such as pre-sign-up."`
}

func (c *envCommand) Run(ctx context.Context, f *cli.Flags, s cli.Streams) error {
	return local.Env(ctx, c.options(f, s), c.Function, s.Out)
}

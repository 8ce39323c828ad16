// Command local runs the whole of Poolpost on this machine: the functions as
// the binaries that are deployed, a Cognito user pool, a mail queue and SES in
// memory, and a mailbox to read the mails in. It needs Go and nothing else.
//
//	go run ./local                             start everything
//	go run ./local invoke FUNCTION EVENT.json… send events to one function
//	go run ./local env FUNCTION                how to start one function
//	go run ./local rules -email a@b.example    explain who may sign up
//
// It is a development tool: everything is in memory, and it listens on loopback
// addresses only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"poolpost/internal/bundle"
	"poolpost/internal/settings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := options{logs: stderr}
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.settings, "settings", "poolpost.yaml", "the settings `file`")
	flags.StringVar(&o.web, "web", "127.0.0.1:8080", "loopback `address` of the pages")
	flags.StringVar(&o.aws, "aws", "127.0.0.1:9229", "loopback `address` of the AWS APIs")
	flags.StringVar(&o.smtp, "smtp", "", "`host:port` of an SMTP server that the samples on /messages can be sent through")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: local [flags] [invoke FUNCTION EVENT.json… | env FUNCTION | rules -email ADDRESS -attr NAME=VALUE…]")
		flags.PrintDefaults()
		fmt.Fprintln(stderr, "functions:", strings.Join(bundle.Names(bundle.Functions), ", "))
	}
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp // it has been told on stderr
	}
	args = flags.Args()
	switch {
	case len(args) == 0:
		return dev(ctx, o, stdout)
	case args[0] == "invoke" && len(args) >= 3:
		return invoke(ctx, o, args[1], args[2:], stdout)
	case args[0] == "env" && len(args) == 2:
		return env(ctx, o, args[1], stdout)
	case args[0] == "rules":
		return explainRules(ctx, o, args[1:], stdout, stderr)
	default:
		fmt.Fprintf(stderr, "%q is no command, or lacks something\n", strings.Join(args, " "))
		flags.Usage()
		return flag.ErrHelp
	}
}

// dev starts everything and stops it when ctx ends.
func dev(ctx context.Context, o options, stdout io.Writer) error {
	fmt.Fprintln(o.logs, "building the functions …")
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "ready: %s\n", s.webURL)
	fmt.Fprintf(stdout, "  sign up    %s/\n", s.webURL)
	fmt.Fprintf(stdout, "  mailbox    %s/mailbox\n", s.webURL)
	fmt.Fprintf(stdout, "  messages   %s/messages\n", s.webURL)
	fmt.Fprintf(stdout, "  AWS APIs   %s\n", s.awsURL)
	fmt.Fprintf(stdout, "  user pool  %s\n", s.poolID)
	for _, c := range s.settings.Clients {
		fmt.Fprintf(stdout, "  client     %s (%s)\n", s.clientIDs[c.Name], c.Name)
	}
	<-ctx.Done()
	fmt.Fprintln(o.logs, "stopping …")
	return s.Close()
}

// known returns an error that lists the functions when name is none that these
// settings have.
func (o options) known(name string) error {
	set, err := settings.Read(o.settings)
	if err != nil {
		return err
	}
	names := bundle.Names(bundle.FunctionsOf(set))
	if slices.Contains(names, name) {
		return nil
	}
	return fmt.Errorf("there is no function %q with these settings; the functions are %s", name, strings.Join(names, ", "))
}

// Command poolpost-aws has the commands of poolpost that talk to an adopter's AWS account,
// with the credentials that the AWS CLI would use. poolpost compiles and runs it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"poolpost/cmd/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], time.Now, cli.Streams{Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}

type commands struct {
	cli.Flags
	cli.AWS
}

func run(ctx context.Context, args []string, now func() time.Time, s cli.Streams) int {
	var c commands
	return cli.Main(ctx, &c, &c.Flags, args, s, func(k *kong.Context) error {
		return explain(c.run(ctx, k.Selected().Name, now, s))
	})
}

func (c *commands) run(ctx context.Context, name string, now func() time.Time, s cli.Streams) error {
	if name == "plan" { // also before there is a stack
		return c.plan(ctx, s)
	}
	a, err := connect(ctx, &c.Flags)
	if err != nil {
		return err
	}
	if name == "doctor" {
		if c.Doctor.Credentials {
			return nil
		}
		return doctor(ctx, a, c.Doctor.JSON, s)
	}
	if name == "probe" { // has stacks of its own
		p := newProbe(a, now, s)
		if !c.Probe.Yes {
			return p.explainPrice()
		}
		return p.ask(ctx, c.Probe.Out)
	}
	if name == "detach" { // also when the stack is gone
		return a.detach(ctx, c.Detach, s)
	}
	d, err := a.stack(ctx, s)
	if err != nil {
		return err
	}
	if err := d.serves(name); err != nil {
		return err
	}
	switch name {
	case "smoke":
		return (&smokeTest{
			deployment: d, cognito: cognitoidentityprovider.NewFromConfig(d.Config), attributes: c.Smoke.Attr,
			timeout: c.Smoke.Timeout, poll: 5 * time.Second, now: now, out: s.Out,
		}).smoke(ctx)
	case "logs":
		return d.logs(ctx, c.Logs.Function, now().Add(-c.Logs.Since), s.Out)
	case "attach":
		return d.attach(ctx, c.Attach, s)
	case "outputs":
		return writeOutputs(d)
	case "invite":
		return c.invite(ctx, d, now, s)
	case "delete-client":
		return d.deleteClient(ctx, c.DeleteClient.Name, s.Out)
	case "dead-letters", "redrive":
		queues, err := newFailureQueues(d)
		if err != nil {
			return err
		}
		if name == "redrive" {
			return queues.redrive(ctx, s.Out, c.Redrive)
		}
		return queues.list(ctx, s.Out, c.DeadLetters.JSON)
	}
	return fmt.Errorf("poolpost-aws has no command %s", name)
}

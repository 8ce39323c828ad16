// Command poolpost-aws is the commands of poolpost that talk to an adopter's AWS
// account, with the credentials that the AWS CLI would use. poolpost compiles and runs
// it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

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
		switch command := k.Command(); command {
		case "dead-letters":
			l, err := newLetters(ctx, c.DeadLetters.Deployment, &c.Flags, now)
			if err != nil {
				return err
			}
			return l.list(ctx, s.Out, c.DeadLetters.JSON)
		case "redrive":
			l, err := newLetters(ctx, c.Redrive.Deployment, &c.Flags, now)
			if err != nil {
				return err
			}
			return l.redrive(ctx, s.Out)
		default:
			panic("poolpost-aws: no command " + command)
		}
	})
}

// newLetters finds the queues of a deployment.
func newLetters(ctx context.Context, d cli.Deployment, f *cli.Flags, now func() time.Time) (*letters, error) {
	outputs, err := d.Outputs(f)
	if err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(outputs["Region"]))
	if err != nil {
		return nil, fmt.Errorf("read the AWS configuration: %w", err)
	}
	l := &letters{sqs: sqs.NewFromConfig(cfg), lambda: lambda.NewFromConfig(cfg), now: now}
	for _, queue := range []struct {
		output string
		url    *string
	}{{"MailQueueUrl", &l.mails}, {"DeadLetterQueueUrl", &l.dead}, {"FailedEventsQueueUrl", &l.failed}} {
		if *queue.url = outputs[queue.output]; *queue.url == "" {
			return nil, fmt.Errorf("the outputs of the deployment have no %s: run make deploy again", queue.output)
		}
	}
	return l, nil
}

// Command poolpost-aws has the commands of poolpost that talk to an adopter's AWS account,
// with the credentials that the AWS CLI would use. poolpost compiles and runs it.
package main

import (
	"cmp"
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
		// The flags of the other command are empty.
		deployment := cli.Deployment{From: cmp.Or(c.DeadLetters.From, c.Redrive.From)}
		queues, err := newFailureQueues(ctx, deployment, &c.Flags, now)
		if err != nil {
			return err
		}
		if k.Selected().Name == "redrive" {
			return queues.redrive(ctx, s.Out)
		}
		return queues.list(ctx, s.Out, c.DeadLetters.JSON)
	})
}

// newFailureQueues finds the queues of a deployment.
func newFailureQueues(ctx context.Context, d cli.Deployment, f *cli.Flags, now func() time.Time) (*failureQueues, error) {
	outputs, err := d.Outputs(f)
	if err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(outputs["Region"]))
	if err != nil {
		return nil, fmt.Errorf("read the AWS configuration: %w", err)
	}
	for _, name := range []string{"MailQueueUrl", "DeadLetterQueueUrl", "FailedEventsQueueUrl"} {
		if outputs[name] == "" {
			return nil, fmt.Errorf("the outputs of the deployment have no %s: run make deploy again", name)
		}
	}
	return &failureQueues{
		mailURL: outputs["MailQueueUrl"], deadLetterURL: outputs["DeadLetterQueueUrl"], onFailureURL: outputs["FailedEventsQueueUrl"],
		sqs: sqs.NewFromConfig(cfg), lambda: lambda.NewFromConfig(cfg), now: now,
	}, nil
}

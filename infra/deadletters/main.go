// Command deadletters lists the mails that were given up, and sends them again
// after an outage. They lie in two queues: the dead letters of the mail queue,
// which send-mail could not send, and the failed events, which Lambda gave up
// because custom-email-sender or mail-feedback failed three times.
//
// It prints kinds, reasons, counts and ages, and never what is in a mail or whom
// it is for. It finds the queues in the outputs file of the last deployment, and
// needs the AWS credentials of somebody who may read them.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/infra/deployed"
)

func main() {
	if len(os.Args) != 3 || os.Args[1] != "list" && os.Args[1] != "redrive" {
		fmt.Fprintln(os.Stderr, "usage: deadletters list|redrive OUTPUTS.json")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], time.Now, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run lists, or sends again, what lies in the queues of an outputs file.
func run(ctx context.Context, command, file string, now func() time.Time, out io.Writer) error {
	outputs, err := deployed.Read(file)
	if err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(outputs["Region"]))
	if err != nil {
		return fmt.Errorf("read the AWS configuration: %w", err)
	}
	l := &letters{sqs: sqs.NewFromConfig(cfg), lambda: lambda.NewFromConfig(cfg), now: now, out: out}
	for _, queue := range []struct {
		output string
		url    *string
	}{{"MailQueueUrl", &l.mails}, {"DeadLetterQueueUrl", &l.dead}, {"FailedEventsQueueUrl", &l.failed}} {
		if *queue.url = outputs[queue.output]; *queue.url == "" {
			return fmt.Errorf("read outputs %s: it has no %s: run make deploy again", file, queue.output)
		}
	}
	if command == "list" {
		return l.list(ctx)
	}
	return l.redrive(ctx)
}

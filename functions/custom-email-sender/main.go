// Command custom-email-sender is the CustomEmailSender trigger: Cognito asks it
// to send a mail, and it puts the request on the mail queue, with the code still
// encrypted. It neither opens the code nor sends anything: send-mail does.
//
// Environment: MAIL_QUEUE_URL, the address of the mail queue (SQS FIFO).
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"poolpost/internal/awscall"
	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
)

// retryer is the SDK's own: three attempts. What then fails, Lambda invokes again.
func retryer() aws.Retryer { return retry.NewStandard() }

func main() {
	h := &handler{log: logging.New("custom-email-sender")}
	var err error
	h.config, err = config.Read[config.CustomEmailSender](os.Getenv("LAMBDA_TASK_ROOT"))
	if err == nil {
		h.queue.URL, err = config.Require("MAIL_QUEUE_URL")
	}
	h.broken = logging.AtStart(err)
	if err == nil {
		cfg := lambdaenv.Config()
		cfg.Retryer = retryer
		h.queue.SQS = awscall.SQS(cfg)
		awscall.Warm(context.Background(), h.queue.SQS)
	}
	lambda.Start(h)
}

// Command custom-email-sender is the CustomEmailSender trigger: Cognito asks it
// to send a mail, and it puts the request on the mail queue, with the code still
// encrypted. It neither opens the code nor sends anything: send-mail does.
//
// Environment: MAIL_QUEUE_URL, the address of the mail queue (SQS FIFO).
package main

import (
	"context"
	"errors"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/internal/awsconfig"
	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
)

func main() {
	lambda.Start(start(os.Getenv("LAMBDA_TASK_ROOT"), awsconfig.Load(), logging.New("custom-email-sender")))
}

// start is the function, ready for its first event.
func start(dir string, cfg aws.Config, log *logging.Logger) lambda.Handler {
	c, err := config.Read[config.CustomEmailSender](dir)
	env := lambdaenv.New()
	url := env.Required("MAIL_QUEUE_URL")
	if err := errors.Join(err, env.Err()); err != nil {
		return logging.FailedInit{Log: log, Err: err}
	}
	cfg = awsconfig.WithRetries(cfg) // three attempts; what then fails, Lambda invokes again
	awsconfig.Warm(context.Background(), cfg, url)
	return &handler{config: c, queue: mail.Queue{SQS: sqs.NewFromConfig(cfg), URL: url}, log: log}
}

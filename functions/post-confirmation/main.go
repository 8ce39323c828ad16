// Command post-confirmation is the PostConfirmation trigger: it adds a confirmed
// user to the groups of the settings and puts the welcome mail on the mail
// queue. It never fails the user: Cognito has confirmed them already, and an
// error would only tell them that they are not.
//
// Environment: MAIL_QUEUE_URL, the address of the mail queue (SQS FIFO).
package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"poolpost/internal/awscall"
	"poolpost/internal/awsconfig"
	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/trigger"
)

// budget is the time for all side effects. Cognito waits 5 seconds, of which a cold
// start takes up to 0.7 when AWS does not answer, and would then call again; a warm call
// takes milliseconds.
const budget = 3500 * time.Millisecond

// retryer tries as often as the budget allows, with 0.1 to 0.3 seconds between. The
// SDK's own, three attempts with up to 20 seconds between, would give up a welcome
// mail for two failures of SQS in a row.
func retryer() aws.Retryer {
	const unlimited = 0
	return retry.AddWithMaxAttempts(retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) {
			return 100*time.Millisecond + rand.N(200*time.Millisecond), nil
		})
	}), unlimited)
}

func main() {
	lambda.Start(start(os.Getenv("LAMBDA_TASK_ROOT"), awsconfig.Load(), logging.New("post-confirmation")))
}

// start is the function, ready for its first event.
func start(dir string, cfg aws.Config, log *logging.Logger) lambda.Handler {
	c, err := config.Read[config.PostConfirmation](dir)
	env := lambdaenv.New()
	url := env.Required("MAIL_QUEUE_URL")
	if err := errors.Join(err, env.Err()); err != nil {
		return logging.Failing{Log: log, Err: err, Reply: trigger.Unchanged}
	}
	cfg.Retryer = retryer
	h := &handler{
		config: c, cognito: awscall.Cognito(cfg), queue: mail.Queue{SQS: awscall.SQS(cfg), URL: url}, budget: budget, log: log,
	}
	services := []*awscall.Service{h.queue.SQS}
	if len(c.Groups) > 0 {
		services = append(services, h.cognito)
	}
	awscall.Warm(context.Background(), services...)
	return h
}

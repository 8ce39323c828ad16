// Command post-confirmation is the PostConfirmation trigger: it adds a confirmed
// user to the groups of the settings and puts the welcome mail on the mail
// queue. It never fails the user: Cognito has confirmed them already, and an
// error would only tell them that they are not.
//
// Environment: MAIL_QUEUE_URL, the address of the mail queue (SQS FIFO).
package main

import (
	"context"
	"math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"poolpost/internal/awscall"
	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
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

func main() { lambda.Start(start(lambdaenv.Config())) }

// start is the function, ready for its first event.
func start(cfg aws.Config) *handler {
	cfg.Retryer = retryer
	h := &handler{
		cognito: awscall.Cognito(cfg),
		queue:   mail.Queue{SQS: awscall.SQS(cfg)},
		budget:  budget,
		log:     logging.New("post-confirmation"),
	}
	var err error
	h.config, err = config.Read[config.PostConfirmation](os.Getenv("LAMBDA_TASK_ROOT"))
	if err == nil {
		h.queue.URL, err = config.Require("MAIL_QUEUE_URL")
	}
	h.broken = logging.AtStart(err)
	if err == nil {
		services := []*awscall.Service{h.queue.SQS}
		if len(h.config.Groups) > 0 {
			services = append(services, h.cognito)
		}
		awscall.Warm(context.Background(), services...)
	}
	return h
}

// Command post-confirmation is the PostConfirmation trigger: it adds whoever has confirmed an
// account or reset a password to the groups of the settings, and publishes an event for hooks. After
// a confirmation, it also puts the welcome mail on the mail queue, and writes the language of the
// sign-up to an empty attribute locale, if the settings ask for it; after a reset, it ends the user's
// sessions and puts the notice of the new password there. It never fails the user: Cognito has
// confirmed them already, and an error would only tell them that they are not.
//
// With invitations.followUp it is the PreTokenGeneration trigger as well, which tells when somebody
// has accepted an invitation.
//
// Environment: MAIL_QUEUE_URL, the address of the mail queue (SQS FIFO); EVENT_QUEUE_URL, that of
// the event queue (standard), if the settings have hooks.
package main

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/transport/http"

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

// retries tries as often as the budget allows, with 0.1 to 0.3 seconds between. The
// SDK's own policy, three attempts with up to 20 seconds between, would give up a welcome
// mail for two failures of SQS in a row. The first attempt may meet a connection that AWS
// has closed while the process was frozen: the second one does not wait.
func retries(o *retry.StandardOptions) {
	o.MaxAttempts = math.MaxInt
	o.Backoff = retry.BackoffDelayerFunc(func(attempt int, err error) (time.Duration, error) {
		if _, ok := errors.AsType[*http.RequestSendError](err); ok && attempt == 1 {
			return 0, nil
		}
		return 100*time.Millisecond + rand.N(200*time.Millisecond), nil
	})
}

func main() {
	lambda.Start(start(os.Getenv("LAMBDA_TASK_ROOT"), awsconfig.Load(), logging.New("post-confirmation")))
}

// start is the function, ready for its first event.
func start(dir string, cfg aws.Config, log *logging.Logger) lambda.Handler {
	c, err := config.Read[config.PostConfirmation](dir)
	env := lambdaenv.New()
	url := env.Required("MAIL_QUEUE_URL")
	var eventURL string
	if c.Events.Published() {
		eventURL = env.Required("EVENT_QUEUE_URL")
	}
	err = errors.Join(err, env.Err())
	changesUsers := len(c.Groups) > 0 || c.EndSessions || len(c.Locales) > 0
	if changesUsers && newUsers == nil || c.Events.Published() && newPublisher == nil ||
		c.Invitations && withInvitations == nil {
		err = errors.Join(err, lambdaenv.ErrLeftOut)
	}
	if err != nil {
		return logging.FailedInit{Log: log, Err: err, Reply: trigger.Unchanged}
	}
	cfg = awsconfig.WithRetries(cfg, retries)
	h := &handler{config: c, queue: mail.Queue{SQS: sqs.NewFromConfig(cfg), URL: url}, budget: budget, log: log}
	endpoints := []string{url}
	if c.Events.Published() {
		h.events = newPublisher(h.queue.SQS, eventURL, c.Events)
	}
	if changesUsers {
		var endpoint string
		h.users, endpoint = newUsers(cfg)
		endpoints = append(endpoints, endpoint)
	}
	awsconfig.Warm(context.Background(), cfg, endpoints...)
	if c.Invitations {
		return withInvitations(h)
	}
	return h
}

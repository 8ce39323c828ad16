// Command send-mail takes mails off the mail queue and sends them through SES.
// Where Cognito asks for the mail, it opens the code first. It is the only
// function that sends.
//
// Environment: USER_POOL_CLIENTS, the app client ids by the names of the
// settings, as a JSON object; MAIL_QUEUE_URL and DEAD_LETTER_QUEUE_URL, the
// addresses of the mail queue and of its dead letters (SQS FIFO);
// CONFIGURATION_SET, the SES configuration set, and STAGE, a tag of mails (both
// optional). With mail.delivery ses also KMS_KEY_ARN, the key that Cognito
// encrypts codes with; USER_POOL_ID, the pool whose codes are opened; LINKS_URL,
// the address of the page behind the link.
package main

import (
	"errors"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/internal/awsenv"
	"poolpost/internal/config"
	"poolpost/internal/logging"
)

func main() {
	// A function that cannot work stops at start: its mails stay on the queue,
	// and after some attempts among the dead letters, where they are counted.
	h, err := newHandler(os.Getenv("LAMBDA_TASK_ROOT"), awsenv.Config())
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(h.Handle)
}

func newHandler(dir string, cfg aws.Config) (*handler, error) {
	h := &handler{
		dir:              dir,
		configurationSet: os.Getenv("CONFIGURATION_SET"),
		stage:            os.Getenv("STAGE"),
		ses:              sesv2.NewFromConfig(cfg),
		queues:           queues{sqs: sqs.NewFromConfig(cfg)},
		log:              logging.New("send-mail"),
	}
	var errs [4]error
	h.config, errs[0] = config.Read[config.SendMail](dir)
	h.clientIDs, errs[1] = config.ClientIDs("USER_POOL_CLIENTS")
	h.queues.mail, errs[2] = awsenv.Require("MAIL_QUEUE_URL")
	h.queues.dead, errs[3] = awsenv.Require("DEAD_LETTER_QUEUE_URL")
	if err := errors.Join(errs[:]...); err != nil || !h.config.Codes {
		return h, err
	}
	var key, pool string
	key, errs[0] = awsenv.Require("KMS_KEY_ARN")
	pool, errs[1] = awsenv.Require("USER_POOL_ID")
	h.links, errs[2] = awsenv.Require("LINKS_URL")
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	var err error
	h.codes, err = newCodes(cfg, key, pool)
	return h, err
}

// Command send-mail takes mails off the mail queue and sends them through SES.
// Where Cognito asks for the mail, it opens the code first. It is the only
// function that sends.
//
// Environment: USER_POOL_CLIENTS, the app client ids by the names of the
// settings, as a JSON object; MAIL_QUEUE_URL and DEAD_LETTER_QUEUE_URL, the
// addresses of the mail queue and of its dead letters (SQS FIFO);
// CONFIGURATION_SET, the SES configuration set, STAGE, a tag of mails, and
// SEND_INTERVAL, the time between the starts of two calls of SES, such as 250ms
// (all optional). With mail.delivery ses also KMS_KEY_ARN, the key that Cognito
// encrypts codes with; USER_POOL_ID, the pool whose codes are opened; LINKS_URL,
// the address of the page behind the link.
package main

import (
	"errors"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/internal/awsconfig"
	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

func main() {
	// A function that cannot work stops at start: its mails stay on the queue, for
	// two days and 1,000 attempts before SQS makes dead letters of them. The alarm
	// SendMailErrors tells at once, MailsWait after a quarter of an hour.
	cfg := awsconfig.Load()
	cfg.HTTPClient = http.NewBuildableClient() // one for all clients, so that warm opens their connections
	h, err := newHandler(os.Getenv("LAMBDA_TASK_ROOT"), cfg)
	if err != nil {
		log.Fatal(err)
	}
	warm(cfg, h.letters.codes != nil)
	lambda.Start(h.Handle)
}

// newHandler reads files and variables, and tells all that is wrong with them.
func newHandler(dir string, cfg aws.Config) (*handler, error) {
	c, err := config.Read[config.SendMail](dir)
	env := lambdaenv.New()
	ids := env.ClientIDs("USER_POOL_CLIENTS")
	queue, dead := env.Required("MAIL_QUEUE_URL"), env.Required("DEAD_LETTER_QUEUE_URL")
	interval := env.Duration("SEND_INTERVAL")
	var key, pool, links string
	if c.Codes {
		key, pool, links = env.Required("KMS_KEY_ARN"), env.Required("USER_POOL_ID"), env.Required("LINKS_URL")
	}
	if err := errors.Join(err, env.Err()); err != nil {
		return nil, err
	}
	l := letters{files: &message.Files{Dir: dir}, config: c, clientIDs: ids, configurationSet: os.Getenv("CONFIGURATION_SET"), stage: os.Getenv("STAGE")}
	if c.Codes {
		codes, err := newCodes(cfg, key, pool)
		if err != nil {
			return nil, err
		}
		l.links, l.codes = links, codes
	}
	return &handler{
		letters: l,
		ses: sesv2.NewFromConfig(cfg, func(o *sesv2.Options) {
			o.Retryer = &pacer{RetryerV2: retry.NewStandard(), interval: interval, now: time.Now}
		}),
		queues: queues{sqs: sqs.NewFromConfig(cfg), mail: queue, dead: dead},
		log:    logging.New("send-mail"),
		now:    time.Now,
	}, nil
}

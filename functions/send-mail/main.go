// Command send-mail takes mails off the mail queue and sends them through SES.
// Where Cognito asks for the mail, it decrypts the code first. It is the only
// function that sends. It also ends sessions, where post-confirmation could not.
//
// Environment: USER_POOL_CLIENTS, the app client ids by the names of the settings, as a JSON
// object; USER_POOL_ID, the pool whose codes are decrypted and whose sessions end; LINKS_URL, the page
// behind the link; MAIL_QUEUE_URL and DEAD_LETTER_QUEUE_URL (SQS FIFO). Optional: CONFIGURATION_SET, of
// SES; STAGE, a tag of mails; SEND_INTERVAL, the time between the starts of two calls of SES, such
// as 250ms. With mail.delivery ses also KMS_KEY_ARN, the key that Cognito encrypts codes with, and
// optionally DOMAIN_PREFIX, the first part of the pool's domain, where notices of sign-ins may lead.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
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
	// SendMailErrors goes off at once, MailsWait after a quarter of an hour.
	cfg := awsconfig.Load()
	h, endpoints, err := newHandler(os.Getenv("LAMBDA_TASK_ROOT"), cfg)
	if err != nil {
		log.Fatal(err)
	}
	awsconfig.Warm(context.Background(), cfg, endpoints...)
	lambda.Start(h.Handle)
}

// newDecrypter returns what decrypts the codes of one pool under one key, and the endpoint
// that it calls. A build with the tag nocodes leaves it out.
var newDecrypter func(cfg aws.Config, key, pool string) (decrypter, string, error)

// newHandler reads files and variables; its error names all that is wrong with them. It
// returns the endpoints that every mail needs, as well.
func newHandler(dir string, cfg aws.Config) (*handler, []string, error) {
	c, err := config.Read[config.SendMail](dir)
	env := lambdaenv.New()
	ids := env.ClientIDs("USER_POOL_CLIENTS")
	queue, dead := env.Required("MAIL_QUEUE_URL"), env.Required("DEAD_LETTER_QUEUE_URL")
	interval := env.Duration("SEND_INTERVAL")
	pool, links := env.Required("USER_POOL_ID"), env.Required("LINKS_URL")
	var key string
	if c.Codes {
		key = env.Required("KMS_KEY_ARN")
	}
	if err := errors.Join(err, env.Err()); err != nil {
		return nil, nil, err
	}
	ses, _ := sesv2.NewDefaultEndpointResolverV2().ResolveEndpoint(
		context.Background(), sesv2.EndpointParameters{Region: &cfg.Region}.WithDefaults())
	endpoints := []string{ses.URI.String(), queue}
	composer := composer{
		files: &message.Files{Dir: dir}, config: c, clientIDs: ids, links: links,
		poolHosts:        poolHosts(os.Getenv("DOMAIN_PREFIX"), cfg.Region),
		configurationSet: os.Getenv("CONFIGURATION_SET"), stage: os.Getenv("STAGE"),
	}
	if c.Codes {
		if newDecrypter == nil {
			return nil, nil, lambdaenv.ErrLeftOut
		}
		d, kms, err := newDecrypter(cfg, key, pool)
		if err != nil {
			return nil, nil, err
		}
		composer.decrypter, endpoints = d, append(endpoints, kms)
	}
	return &handler{
		composer: composer,
		services: services{
			ses: sesv2.NewFromConfig(cfg, func(o *sesv2.Options) {
				o.Retryer = &rateLimiter{RetryerV2: retry.NewStandard(), interval: interval, now: time.Now}
			}),
			sessions: sessions{cognitoidentityprovider.NewFromConfig(cfg), pool},
		},
		queues: queues{sqs: sqs.NewFromConfig(cfg), mail: queue, dead: dead},
		log:    logging.New("send-mail"),
		now:    time.Now,
	}, endpoints, nil
}

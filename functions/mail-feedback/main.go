// Command mail-feedback counts deliveries, bounces and complaints: it takes SES's events
// from EventBridge, and writes a log line for each that is a metric as well. It publishes bounces
// and complaints as events for hooks. It changes nothing: SES's own suppression list remembers the
// addresses that bounced.
//
// Environment, if the settings have hooks: EVENT_QUEUE_URL, the address of the event queue (SQS
// standard); USER_POOL_ID; USER_POOL_CLIENTS, the IDs of the app clients by their names, as JSON.
package main

import (
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
)

func main() {
	c, err := config.Read[config.MailFeedback](os.Getenv("LAMBDA_TASK_ROOT"))
	if err != nil {
		log.Fatal(err)
	}
	h := &handler{config: c, log: logging.New("mail-feedback")}
	if c.Events {
		if newPublisher == nil {
			log.Fatal(lambdaenv.ErrLeftOut)
		}
		if h.events, err = newPublisher(); err != nil {
			log.Fatal(err)
		}
	}
	lambda.Start(h)
}

// Command mail-feedback counts deliveries, bounces and complaints: it takes SES's events
// from EventBridge, and writes a log line for each that is a metric as well. It changes
// nothing: SES's own suppression list remembers the addresses that bounced.
package main

import (
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"poolpost/internal/config"
	"poolpost/internal/logging"
)

func main() {
	c, err := config.Read[config.MailFeedback](os.Getenv("LAMBDA_TASK_ROOT"))
	if err != nil {
		log.Fatal(err)
	}
	h := &handler{config: c, log: logging.New("mail-feedback")}
	lambda.Start(h)
}

// Command send-mail takes mails off the mail queue and sends them through SES.
// It is the only function that sends.
//
// Environment: USER_POOL_CLIENTS, the app client ids by the names of the
// settings, as a JSON object; CONFIGURATION_SET, the SES configuration set
// (optional).
package main

import (
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"poolpost/internal/awsenv"
	"poolpost/internal/config"
	"poolpost/internal/logging"
)

func main() {
	// A function that cannot work stops at start: its mails stay on the queue,
	// and after some attempts among the dead letters, where they are counted.
	dir := os.Getenv("LAMBDA_TASK_ROOT")
	c, err := config.Read[config.SendMail](dir)
	if err != nil {
		log.Fatal(err)
	}
	ids, err := config.ClientIDs("USER_POOL_CLIENTS")
	if err != nil {
		log.Fatal(err)
	}
	h := &handler{
		dir:              dir,
		config:           c,
		clientIDs:        ids,
		configurationSet: os.Getenv("CONFIGURATION_SET"),
		ses:              sesv2.NewFromConfig(awsenv.Config()),
		log:              logging.New("send-mail"),
	}
	lambda.Start(h.Handle)
}

// Command custom-message is the CustomMessage trigger: it answers with subject,
// mail and text message, which Cognito then sends. It fills messages that were
// compiled when it was built; it sends nothing itself.
//
// Environment: LINKS_URL, the address of the page behind the link.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

func main() {
	dir := os.Getenv("LAMBDA_TASK_ROOT")
	h := &handler{files: &message.Files{Dir: dir}, log: logging.New("custom-message")}
	// Nothing here may stop the function: a person must get a code all the same.
	// What is missing is logged with every event, and Cognito's own text goes out.
	var err error
	h.config, err = config.Read[config.CustomMessage](dir)
	if err == nil {
		h.links, err = config.Require("LINKS_URL")
	}
	h.broken = logging.AtStart(err)
	if len(h.config.Clients) > 1 {
		h.clients = cognitoClients()
	}
	lambda.Start(h)
}

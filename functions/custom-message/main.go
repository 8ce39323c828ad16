// Command custom-message is the CustomMessage trigger: it answers with subject,
// mail and text message, which Cognito then sends. It fills messages that were
// compiled when it was built; it sends nothing itself.
//
// Environment: LINKS_URL, the address of the page behind the link.
package main

import (
	"errors"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/message"
	"poolpost/internal/trigger"
)

func main() {
	lambda.Start(start(os.Getenv("LAMBDA_TASK_ROOT"), logging.New("custom-message")))
}

// start is the function, ready for its first event. Nothing here may stop it: a person
// must still get a code. What is missing is logged with every event, and Cognito's
// own text goes out.
func start(dir string, log *logging.Logger) lambda.Handler {
	c, err := config.Read[config.CustomMessage](dir)
	env := lambdaenv.New()
	links := env.Required("LINKS_URL")
	err = errors.Join(err, env.Err())
	asks := len(c.Clients) > 1
	if asks && newClientNames == nil {
		err = errors.Join(err, lambdaenv.ErrLeftOut)
	}
	if err != nil {
		return logging.FailedInit{Log: log, Err: err, Reply: trigger.Unchanged}
	}
	h := &handler{files: &message.Files{Dir: dir}, config: c, links: links, log: log}
	if asks {
		h.clients = newClientNames()
	}
	return h
}

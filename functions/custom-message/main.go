// Command custom-message is the CustomMessage trigger: it answers with subject,
// mail and text message, which Cognito then sends. It fills messages that were
// compiled when it was built; it sends nothing itself.
//
// Environment: LINKS_URL, the address of the page behind the link; USER_POOL_CLIENTS,
// the ids of several app clients, as a JSON object, if they are older than the function.
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

const clientIDs = "USER_POOL_CLIENTS"

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
	h := &handler{files: &message.Files{Dir: dir}, config: c, links: links, log: log}
	switch several := len(c.Clients) > 1; {
	case several && os.Getenv(clientIDs) != "":
		h.clients = config.ClientIDs(env.ClientIDs(clientIDs))
	case several && newClientNames == nil:
		err = errors.Join(err, lambdaenv.ErrLeftOut)
	case several:
		h.clients = newClientNames()
	}
	if err := errors.Join(err, env.Err()); err != nil {
		return logging.FailedInit{Log: log, Err: err, Reply: trigger.Unchanged}
	}
	return h
}

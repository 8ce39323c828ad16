// Command pre-sign-up is the PreSignUp trigger: it decides who may sign up, by
// the rules of the settings. It fails closed: what it cannot decide, it
// refuses, with a code and a sentence fit for the person who signs up.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"poolpost/internal/config"
	"poolpost/internal/logging"
)

func main() {
	h := &handler{log: logging.New("pre-sign-up")}
	c, err := config.Read[config.PreSignUp](os.Getenv("LAMBDA_TASK_ROOT"))
	if err == nil {
		h.rules, err = newRules(c)
	}
	h.broken = logging.AtStart(err)
	lambda.Start(h)
}

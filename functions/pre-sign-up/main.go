// Command pre-sign-up is the PreSignUp trigger: it decides who may sign up, by
// the rules of the settings (package rules), and links people who come through
// an external provider to their account. It fails closed: what it cannot decide,
// it refuses, with a code and a sentence fit for the person who signs up.
package main

import (
	"net"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/rules"
)

func main() {
	h := &handler{log: logging.New("pre-sign-up")}
	var err error
	dir := os.Getenv("LAMBDA_TASK_ROOT")
	h.config, err = config.Read[config.PreSignUp](dir)
	if err == nil {
		var list rules.Suppressions
		if list, h.accounts, err = connect(h.config); err == nil {
			h.rules, err = rules.New(h.config, config.SentencesIn(dir), net.DefaultResolver, list)
		}
	}
	h.broken = logging.AtStart(err)
	lambda.Start(h)
}

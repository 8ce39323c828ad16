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
	lambda.Start(start(os.Getenv("LAMBDA_TASK_ROOT"), logging.New("pre-sign-up")))
}

// start is the function, ready for its first event. Without its rules it refuses.
func start(dir string, log *logging.Logger) lambda.Handler {
	h, err := configure(dir, log)
	if err != nil {
		return logging.Failing{
			Log: log, Err: err, Outcome: rules.TryAgain,
			Reply: func([]byte) ([]byte, error) { return tryAgain(nil) },
		}
	}
	return h
}

func configure(dir string, log *logging.Logger) (*handler, error) {
	c, err := config.Read[config.PreSignUp](dir)
	if err != nil {
		return nil, err
	}
	list, accounts, err := connect(c)
	if err != nil {
		return nil, err
	}
	r, err := rules.New(c, config.SentencesIn(dir), net.DefaultResolver, list)
	if err != nil {
		return nil, err
	}
	return &handler{config: c, rules: r, accounts: accounts, log: log}, nil
}

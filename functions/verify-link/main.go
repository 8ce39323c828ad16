// Command verify-link is the page behind the link in a mail: it shows one
// button, and confirms a sign-up or sets a new password when a person presses
// it. It is an http.Handler behind an API Gateway HTTP API.
//
// Environment: USER_POOL_CLIENTS, the app client ids by the names of the
// settings, as a JSON object.
package main

import (
	"errors"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"poolpost/internal/awscall"
	"poolpost/internal/awsconfig"
	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

// idle is how long a connection to Cognito is kept without use. Cognito closes
// one some time, a frozen process only hears of it with its next request, and
// none of these may be sent twice: the person would be told to try again.
const idle = 5 * time.Second

func main() {
	dir := os.Getenv("LAMBDA_TASK_ROOT")
	c, err := config.Read[config.VerifyLink](dir)
	env := lambdaenv.New()
	ids := env.ClientIDs("USER_POOL_CLIENTS")
	if err := errors.Join(err, env.Err()); err != nil {
		log.Fatal(err)
	}
	cfg := awsconfig.Load()
	cfg.HTTPClient = awscall.Client(idle)
	h := &handler{
		files:     &message.Files{Dir: dir},
		config:    c,
		clientIDs: ids,
		cognito:   userPool(cfg),
		log:       logging.New("verify-link"),
	}
	lambda.Start(gateway{h.routes(), h.log})
}

// userPool is Cognito as a person's browser may ask it: the operations behind the
// link take no signature, so the function's role needs no permission for them.
//
// A person waits. What fails is told at once, and the page offers to try again;
// an attempt limit would only be used up by repeats. Most starts are for pages
// that ask nobody, so none opens a connection.
func userPool(cfg aws.Config) *awscall.Service {
	cfg.Credentials, cfg.Retryer = nil, nil
	return awscall.Cognito(cfg)
}

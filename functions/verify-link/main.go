// Command verify-link is the page behind the link in a mail: it shows one
// button, and confirms a sign-up or sets a new password when a person presses
// it. It is an http.Handler behind an API Gateway HTTP API.
//
// A request goes through gateway.go (the event), handler.go (the routes), request.go (what the link
// says), operation.go (Cognito's operation and the pages for its answers) and page.go (the page). What
// captcha.go answers is for programs: challenges of ALTCHA.
//
// Environment: USER_POOL_CLIENTS, the app client ids by the names of the
// settings, as a JSON object; CAPTCHA_SECRET, the secret of ALTCHA, if the settings have it.
package main

import (
	"errors"
	"log"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

// newCaptcha serves challenges of ALTCHA. A build with the tag noaltcha leaves it out.
var newCaptcha func(c config.Challenges, secretID string, log *logging.Logger) http.Handler

func main() {
	dir := os.Getenv("LAMBDA_TASK_ROOT")
	c, err := config.Read[config.VerifyLink](dir)
	env := lambdaenv.New()
	ids := env.ClientIDs("USER_POOL_CLIENTS")
	l := logging.New("verify-link")
	var captcha http.Handler
	switch {
	case c.Challenges.Difficulty == 0:
	case newCaptcha == nil:
		err = errors.Join(err, lambdaenv.ErrLeftOut)
	default:
		captcha = newCaptcha(c.Challenges, env.Required("CAPTCHA_SECRET"), l)
	}
	names := secretNames(c.Clients)
	if len(names) > 0 && newSecrets == nil {
		err = errors.Join(err, lambdaenv.ErrLeftOut)
	}
	if err := errors.Join(err, env.Err()); err != nil {
		log.Fatal(err)
	}
	h := &handler{
		files:     &message.Files{Dir: dir},
		config:    c,
		clientIDs: ids,
		cognito:   newCognitoClient(os.Getenv("AWS_REGION"), os.Getenv("AWS_ENDPOINT_URL")),
		captcha:   captcha,
		log:       l,
	}
	if len(names) > 0 {
		h.secrets = newSecrets(names)
	}
	lambda.Start(gateway{h, h.log})
}

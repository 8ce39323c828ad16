// Command pre-sign-up is the PreSignUp trigger: it decides who may sign up, by
// the rules of the settings (package rules), and links people who come through
// an external provider to their account. It fails closed: what it cannot decide,
// it refuses, with a code and a sentence fit for the person who signs up.
//
// Environment: CAPTCHA_SECRET, the secret of the captcha, if the settings have one; MAIL_QUEUE_URL (SQS
// FIFO), where linking replaces passwords; USER_POOL_CLIENTS, for the hook, as custom-message has it.
package main

import (
	"net"
	"os"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"

	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/rules"
)

const clientIDs = "USER_POOL_CLIENTS"

func main() {
	lambda.Start(start(os.Getenv("LAMBDA_TASK_ROOT"), logging.New("pre-sign-up")))
}

// start is the function, ready for its first event. Without its rules it refuses.
func start(dir string, log *logging.Logger) lambda.Handler {
	h, err := configure(dir, log)
	if err != nil {
		return logging.FailedInit{
			Log: log, Err: err, Outcome: rules.TryAgain,
			Reply: func([]byte) ([]byte, error) { return tryAgain(nil) },
		}
	}
	return h
}

// newAWS returns what the function asks AWS for, as far as the settings use it: SES's suppression
// list and the hook, the accounts of the pool, and the names of its clients. Its queue is the mail
// queue, where passwords are replaced. A build with the tag noaws leaves it out.
var newAWS func(c config.PreSignUp, queue string) (rules.Network, accounts, clientNames, error)

// newCaptcha returns what checks the proof of a person. A build with the tag nocaptcha leaves it out.
var newCaptcha func(c config.Captcha, secretID string) rules.Captcha

func configure(dir string, log *logging.Logger) (*handler, error) {
	c, err := config.Read[config.PreSignUp](dir)
	if err != nil {
		return nil, err
	}
	env := lambdaenv.New()
	var secretID, queue string
	if c.Captcha.Provider != "" {
		if newCaptcha == nil {
			return nil, lambdaenv.ErrLeftOut
		}
		secretID = env.Required("CAPTCHA_SECRET")
	}
	if c.ExternalProviders.LinkReplacesPassword {
		queue = env.Required("MAIL_QUEUE_URL")
	}
	if err := env.Err(); err != nil {
		return nil, err
	}
	h := &handler{config: c, log: log}
	// Both may open connections, of which neither waits for the other's.
	var person rules.Captcha
	var opening sync.WaitGroup
	if c.Captcha.Provider != "" {
		opening.Go(func() { person = newCaptcha(c.Captcha, secretID) })
	}
	var ask rules.Network
	if c.Email.RefuseSuppressed || c.ExternalProviders.Policy == config.LinkProviders || c.Hook.Function != "" {
		if newAWS == nil {
			return nil, lambdaenv.ErrLeftOut
		}
		if ask, h.accounts, h.clients, err = newAWS(c, queue); err != nil {
			return nil, err
		}
	}
	opening.Wait()
	if h.clients != nil && os.Getenv(clientIDs) != "" {
		env := lambdaenv.New()
		h.clients = config.ClientIDs(env.ClientIDs(clientIDs))
		if err := env.Err(); err != nil {
			return nil, err
		}
	}
	ask.Captcha, ask.DNS = person, net.DefaultResolver
	h.rules, err = rules.New(c, config.SentencesIn(dir), ask)
	return h, err
}

//go:build noaws

package main

import (
	"context"

	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/rules"
)

const errNoAWS = logging.Safe("pre-sign-up was built with the tag noaws, for settings that ask AWS nothing: build it without")

// Built for settings that ask neither SES nor Cognito, the function links nothing
// that calls AWS.
func connect(c config.PreSignUp) (rules.Suppressions, *accounts, error) {
	if c.Email.RefuseSuppressed || c.ExternalProviders.Policy == config.LinkProviders {
		return nil, nil, errNoAWS
	}
	return nil, nil, nil
}

type accounts struct{}

func (*accounts) find(context.Context, string, string) (*account, error) { return nil, errNoAWS }

func (*accounts) link(context.Context, string, string, string, string) error { return errNoAWS }

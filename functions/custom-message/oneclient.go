//go:build oneclient

package main

import (
	"context"

	"poolpost/internal/logging"
)

// Built for a pool with one app client, which nobody is asked about, the function
// links nothing that calls AWS.
type clientNames struct{}

func cognitoClients() *clientNames { return &clientNames{} }

func (*clientNames) name(context.Context, string, string) (string, error) {
	return "", logging.Safe("custom-message was built with the tag oneclient and cannot ask which client it is: build it without")
}

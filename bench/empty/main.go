// Command empty is the lower limit of a Go function: a handler that does nothing.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(handler{}) }

type handler struct{}

func (handler) Invoke(_ context.Context, event []byte) ([]byte, error) { return event, nil }

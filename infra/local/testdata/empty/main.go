// Command empty is the smallest handler of aws-lambda-go: it returns its event.
// The benchmarks measure the functions against it.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

type handler struct{}

func (handler) Invoke(_ context.Context, payload []byte) ([]byte, error) { return payload, nil }

func main() { lambda.Start(handler{}) }

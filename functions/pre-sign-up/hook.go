//go:build !noaws

package main

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"poolpost/internal/awsconfig"
	"poolpost/internal/logging"
)

// A hook is the adopter's own function.
type hook struct {
	lambda *lambda.Client
	name   string
}

// idle is how long a connection to Lambda is kept without use, by the clock on the wall: a frozen
// process does not feel time pass. Lambda closes one some time, which the process only hears of
// with its next request.
const idle = 5 * time.Second

// newHook opens the connection on which the first person is asked about.
//
// Each call is made once: the function may write what it is asked, and a connection that breaks
// does not say whether it was invoked.
func newHook(cfg aws.Config, name string) hook {
	if client, ok := cfg.HTTPClient.(*http.Client); ok {
		own := *client
		transport := own.Transport.(*http.Transport).Clone()
		transport.IdleConnTimeout = idle
		own.Transport, cfg.HTTPClient = transport, &own
	}
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	endpoint, _ := lambda.NewDefaultEndpointResolverV2().ResolveEndpoint(
		context.Background(), lambda.EndpointParameters{Region: &cfg.Region}.WithDefaults())
	awsconfig.Warm(context.Background(), cfg, endpoint.URI.String())
	return hook{lambda.NewFromConfig(cfg), name}
}

// errFunction is for a function that failed. What it said may be personal.
const errFunction = logging.Safe("the function returned an error")

// Ask is Invoke, which waits for the answer.
func (h hook) Ask(ctx context.Context, request []byte) ([]byte, error) {
	out, err := h.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &h.name, Payload: request})
	if err != nil {
		return nil, err
	}
	if out.FunctionError != nil {
		return nil, errFunction
	}
	return out.Payload, nil
}

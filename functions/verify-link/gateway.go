package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"poolpost/internal/logging"
)

// gateway answers what the adapter cannot read. The adapter's error quotes the
// link, and an error of a function goes to logs and traces.
type gateway struct {
	lambda.Handler
	log *logging.Logger
}

func (g gateway) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	start := g.log.Start()
	reply, err := g.Handler.Invoke(ctx, payload)
	if err != nil {
		g.log.Event(ctx, start, logging.Line{Outcome: "unreadable", Err: logging.Safe("the request cannot be read")})
		return []byte(`{"statusCode":400,"headers":{"content-type":"text/plain; charset=utf-8","cache-control":"no-store","referrer-policy":"no-referrer","x-content-type-options":"nosniff"},"body":"This link is incomplete."}`), nil
	}
	return reply, nil
}

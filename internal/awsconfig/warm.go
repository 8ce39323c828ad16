package awsconfig

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// warmLimit is how long a start waits for connections. A cold start is part of the 5
// seconds that Cognito waits for a trigger, and the event needs most of them when a
// service does not answer.
const warmLimit = 700 * time.Millisecond

// Warm opens a connection to each endpoint, to all at the same time, while a
// function starts: then it has a whole CPU, and the first event does not wait for
// certificates to be read and keys to be agreed on. What goes wrong does so
// again at the first call, and is logged there.
func Warm(ctx context.Context, cfg aws.Config, endpoints ...string) {
	if cfg.BaseEndpoint != nil {
		endpoints = []string{*cfg.BaseEndpoint}
	}
	ctx, cancel := context.WithTimeout(ctx, warmLimit)
	defer cancel()
	var wait sync.WaitGroup
	for _, endpoint := range endpoints {
		wait.Go(func() { get(ctx, cfg.HTTPClient, endpoint) })
	}
	wait.Wait()
}

// get leaves a connection behind; the response, an error, does not matter.
func get(ctx context.Context, client aws.HTTPClient, endpoint string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, http.NoBody)
	if err != nil {
		return
	}
	response, err := client.Do(request)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
	response.Body.Close()
}

// Package awsconfig is the configuration for calls to AWS out of a function's
// environment, without the search through files and endpoints that the SDK's default
// configuration does at start. Functions that call nothing do not link it.
package awsconfig

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Load returns the SDK's configuration from the variables that Lambda sets for the
// function's role. AWS_ENDPOINT_URL, the SDKs' own variable, leads all calls to
// another address. All clients share the connections of one HTTP client.
func Load() aws.Config {
	cfg := aws.Config{
		Region:     os.Getenv("AWS_REGION"),
		HTTPClient: newHTTPClient(),
		Credentials: credentials.NewStaticCredentialsProvider(
			os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
	}
	if endpoint := os.Getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		cfg.BaseEndpoint = aws.String(endpoint)
	}
	return cfg
}

// newHTTPClient has the SDK's transport. A new connection resumes the TLS session of the
// last one, which spares the check of certificates. It follows no redirect: the operations
// that functions call have none, and the front page of a service, which Warm gets, may lead
// to a web site.
func newHTTPClient() *http.Client {
	transport := awshttp.NewBuildableClient().GetTransport()
	transport.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: noRedirect}
}

// attemptLimit bounds an attempt that may be followed by another one: a connection that
// swallows its request must not take the time of all of them.
const attemptLimit = 1500 * time.Millisecond

// WithRetries returns a configuration whose calls may all be repeated: by the SDK's
// standard policy, apart from the options. It has no quota of retries: in an outage, those
// who came first would use up the attempts of those who come later.
func WithRetries(cfg aws.Config, options ...func(*retry.StandardOptions)) aws.Config {
	if client, ok := cfg.HTTPClient.(*http.Client); ok {
		limited := *client
		limited.Timeout = attemptLimit
		cfg.HTTPClient = &limited
	}
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(append([]func(*retry.StandardOptions){func(o *retry.StandardOptions) {
			o.RateLimiter = ratelimit.None
			// The standard policy knows throttling by its codes only.
			o.Retryables = append(o.Retryables, retry.RetryableHTTPStatusCode{
				Codes: map[int]struct{}{http.StatusTooManyRequests: {}},
			})
		}}, options...)...)
	}
	return cfg
}

// WithReconnect returns a configuration whose calls are repeated once, without delay, when
// their connection breaks. AWS closes idle connections, and a frozen process only hears of
// it with its next request. It is for calls that a person waits for and that only read.
func WithReconnect(cfg aws.Config) aws.Config {
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.RateLimiter = 2, ratelimit.None
			o.Retryables = []retry.IsErrorRetryable{retry.NoRetryCanceledError{}, retry.RetryableConnectionError{}}
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	return cfg
}

// warmLimit is how long a start waits for connections. It is part of the 5 seconds that Cognito
// waits for a trigger, and the event needs most of them when a service does not answer.
const warmLimit = 700 * time.Millisecond

// Warm opens a connection to each endpoint while a function starts: then it has a whole CPU, and
// the first event does not wait for certificates and keys. An error comes again with the first
// call, and is logged there.
func Warm(ctx context.Context, cfg aws.Config, endpoints ...string) {
	if cfg.BaseEndpoint != nil {
		endpoints = []string{*cfg.BaseEndpoint}
	}
	ctx, cancel := context.WithTimeout(ctx, warmLimit)
	defer cancel()
	var wait sync.WaitGroup
	for _, endpoint := range endpoints {
		wait.Go(func() {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, http.NoBody)
			if err != nil {
				return
			}
			// Whatever the response is, it leaves a connection behind.
			if response, err := cfg.HTTPClient.Do(request); err == nil {
				_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
				response.Body.Close()
			}
		})
	}
	wait.Wait()
}

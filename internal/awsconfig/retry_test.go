package awsconfig

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"poolpost/internal/functiontest"
	"poolpost/internal/logging"
)

// A script is AWS: it answers each request with its next response, and with the last
// one for ever.
type script struct {
	responses []func() (*http.Response, error)
	bodies    []string // what it was asked
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.bodies = append(s.bodies, string(body))
	return s.responses[min(len(s.bodies), len(s.responses))-1]()
}

// respond is a response.
func respond(status int, body string) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

// respondWith is an error of a service.
func respondWith(status int, code string) func() (*http.Response, error) {
	return respond(status, `{"__type":"com.amazonaws.sqs#`+code+`","message":"ann@example.com"}`)
}

// breakWith is a connection without a response.
func breakWith(err error) func() (*http.Response, error) {
	return func() (*http.Response, error) { return nil, err }
}

// cutOff is a response whose connection breaks.
func cutOff() (*http.Response, error) {
	body := io.MultiReader(strings.NewReader("{"), broken{})
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body)}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, syscall.ECONNRESET }

// sample is a configuration whose calls go to a transport.
func sample(transport http.RoundTripper) aws.Config {
	return aws.Config{
		Region: "eu-central-1", HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample-secret-key", ""),
	}
}

// send is a call that may be repeated.
func send(ctx context.Context, cfg aws.Config) error {
	_, err := sqs.NewFromConfig(cfg).SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: aws.String("https://sqs.eu-central-1.amazonaws.com/123456789012/sample"), MessageBody: aws.String("sample"),
	})
	return err
}

// describe is a call that only reads.
func describe(ctx context.Context, cfg aws.Config) error {
	_, err := cognitoidentityprovider.NewFromConfig(cfg).DescribeUserPoolClient(ctx,
		&cognitoidentityprovider.DescribeUserPoolClientInput{UserPoolId: aws.String("sample"), ClientId: aws.String("sample")})
	return err
}

func TestRetries(t *testing.T) {
	for name, test := range map[string]struct {
		response func() (*http.Response, error)
		retries  int // attempts of a call that may be repeated
		reads    int // attempts of one that only reads
	}{
		"a success":                    {respond(200, "{}"), 1, 1},
		"throttling of SQS":            {respondWith(400, "RequestThrottled"), 3, 1},
		"throttling of Cognito":        {respondWith(400, "TooManyRequestsException"), 3, 1},
		"throttling of any service":    {respondWith(400, "ThrottlingException"), 3, 1},
		"the status of throttling":     {respond(429, ""), 3, 1},
		"an inner error":               {respondWith(500, "InternalErrorException"), 3, 1},
		"a gateway without a service":  {respond(502, "<html>"), 3, 1},
		"a service that is away":       {respond(503, ""), 3, 1},
		"a gateway that timed out":     {respond(504, ""), 3, 1},
		"a connection that is refused": {breakWith(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), 3, 2},
		"a connection that is reset":   {breakWith(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), 3, 2},
		"a connection that is closed":  {breakWith(io.EOF), 3, 2},
		"a response that is cut off":   {cutOff, 3, 2},
		"a parameter that is wrong":    {respondWith(400, "InvalidParameterException"), 1, 1},
		"a queue that does not exist":  {respondWith(400, "QueueDoesNotExist"), 1, 1},
		"a permission that is missing": {respondWith(403, "AccessDeniedException"), 1, 1},
		"a redirect":                   {respond(301, ""), 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{responses: []func() (*http.Response, error){test.response}}
				err := send(t.Context(), WithRetries(sample(s)))
				if len(s.bodies) != test.retries || (err == nil) != (name == "a success") {
					t.Errorf("with retries, there are %d attempts, want %d: %v", len(s.bodies), test.retries, err)
				}
				for _, body := range s.bodies {
					if body != s.bodies[0] {
						t.Errorf("an attempt is %s, the first was %s", body, s.bodies[0])
					}
				}
				if err != nil && strings.Contains(logging.Reason(err), "ann@") {
					t.Errorf("the log would have %s", logging.Reason(err))
				}
				s.bodies = nil
				start := time.Now()
				_ = describe(t.Context(), WithReconnect(sample(s)))
				if len(s.bodies) != test.reads || time.Since(start) != 0 {
					t.Errorf("a call that reads has %d attempts in %v, want %d at once", len(s.bodies), time.Since(start), test.reads)
				}
			})
		})
	}
}

func TestRetrySucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{responses: []func() (*http.Response, error){respond(503, ""), breakWith(io.EOF), respond(200, "{}")}}
		if err := send(t.Context(), WithRetries(sample(s))); err != nil || len(s.bodies) != 3 {
			t.Errorf("got %v after %d attempts", err, len(s.bodies))
		}
	})
}

func unlimited(o *retry.StandardOptions) { o.MaxAttempts = 1 << 30 }

func TestRetriesEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{responses: []func() (*http.Response, error){respond(503, "")}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := send(ctx, WithRetries(sample(s), unlimited))
		if err == nil || len(s.bodies) < 4 || time.Since(start) != time.Minute {
			t.Errorf("after %v and %d attempts: %v", time.Since(start), len(s.bodies), err)
		}
		asked := len(s.bodies)
		if err := send(ctx, WithRetries(sample(s), unlimited)); !errors.Is(err, context.DeadlineExceeded) || len(s.bodies) > asked+1 {
			t.Errorf("it is asked %d times more: %v", len(s.bodies)-asked, err)
		}
	})
}

// One instance meets an outage with many calls.
func TestCallsDoNotShareARetryQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{responses: []func() (*http.Response, error){respond(503, "")}}
		cfg := WithRetries(sample(s))
		client := sqs.NewFromConfig(cfg)
		for range 1000 {
			s.bodies = nil
			_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String("sample"), MessageBody: aws.String("sample")})
			if err == nil || len(s.bodies) != 3 {
				t.Fatalf("it has %d attempts: %v", len(s.bodies), err)
			}
		}
	})
}

// A silent service takes every request and never responds.
type silent struct{ asked atomic.Int32 }

func (s *silent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAttemptTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &silent{}
		start := time.Now()
		noDelay := func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}
		err := send(t.Context(), WithRetries(sample(service), noDelay))
		if err == nil || service.asked.Load() != 3 || time.Since(start) != 3*attemptLimit || logging.Reason(err) != "timeout" {
			t.Errorf("it is asked %d times in %v: %v", service.asked.Load(), time.Since(start), err)
		}
	})
}

func TestClosedConnectionIsReplaced(t *testing.T) {
	once := func(cfg aws.Config) aws.Config {
		cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
		return cfg
	}
	for name, test := range map[string]struct {
		config   func(aws.Config) aws.Config
		call     func(context.Context, aws.Config) error
		replaced bool
	}{
		"a call that may be repeated":   {func(cfg aws.Config) aws.Config { return WithRetries(cfg) }, send, true},
		"a call that reads":             {WithReconnect, describe, true},
		"a call that is made only once": {once, describe, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_ENDPOINT_URL", "")
			endpoint, _, unanswered := functiontest.CloseIdle(t)
			cfg := Load()
			cfg.Region, cfg.BaseEndpoint = "eu-central-1", &endpoint
			cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample-secret-key", "")
			cfg = test.config(cfg)
			var err error
			for n := 0; n < 50 && err == nil && unanswered.Load() == 0; n++ { // until one meets a closed connection
				err = test.call(t.Context(), cfg)
			}
			if (err == nil) != test.replaced || unanswered.Load() != 1 {
				t.Errorf("%d requests have no response: %v", unanswered.Load(), err)
			}
		})
	}
}

// The front page of a service may lead to a web site.
func TestRedirectsAreNotFollowed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Error("the redirect is followed")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	cfg := sample(nil)
	cfg.HTTPClient, cfg.BaseEndpoint = newHTTPClient(), &server.URL
	Warm(t.Context(), cfg)
	var api smithy.APIError
	if err := send(t.Context(), WithRetries(cfg)); !errors.As(err, &api) {
		t.Errorf("got %v", err)
	}
}

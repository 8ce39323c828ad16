// Package awscall makes single calls of an AWS service: the SDK's core signs
// them, and net/http, which a Lambda function links anyway, sends them.
//
// It is for a function that people wait for and that asks a service one or two
// things: linking the SDK's whole client of that service would cost every cold
// start. It leaves out every protocol but JSON, dual-stack and FIPS host names,
// and an answer of more than a megabyte.
package awscall

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	transport "github.com/aws/smithy-go/transport/http"

	"poolpost/internal/logging"
)

// A Service is one AWS service in one region.
type Service struct {
	name        string // in signatures
	region      string
	endpoint    string
	target      string                  // in front of the names of operations
	contentType string                  // of operations
	credentials aws.CredentialsProvider // nil: calls are not signed
	signer      *v4.Signer
	client      aws.HTTPClient
	retryer     aws.Retryer // nil: each call is made once
}

// New is the service with that host name in front of the region's and that name
// in signatures. Of the configuration it uses these:
//
//   - Region and Credentials; without credentials, or with anonymous ones, calls
//     are not signed
//   - BaseEndpoint, which takes the place of the address
//   - HTTPClient, for another than this package's
//   - Retryer: which errors it tries again, how often, and how long it waits. Its
//     quota is not asked: in an outage, those who came first would use up the
//     attempts of those who come later. Without one, each call is made once. Who
//     sets one says that all the calls may be repeated.
func New(cfg aws.Config, host, name string) *Service {
	s := &Service{
		name: name, region: cfg.Region, endpoint: "https://" + host + "." + cfg.Region + "." + domain(cfg.Region),
		contentType: "application/x-amz-json-1.1", credentials: cfg.Credentials, signer: v4.NewSigner(), client: cfg.HTTPClient,
	}
	if _, ok := cfg.Credentials.(aws.AnonymousCredentials); ok {
		s.credentials = nil
	}
	if cfg.BaseEndpoint != nil {
		s.endpoint = *cfg.BaseEndpoint
	}
	if s.client == nil {
		s.client = client()
	}
	if cfg.Retryer != nil {
		s.retryer = cfg.Retryer()
	}
	return s
}

// client is one for all services.
var client = sync.OnceValue(func() *http.Client { return Client(90 * time.Second) }) // as net/http's own

// Client is an HTTP client that keeps connections for so long while they are
// idle, by the clock on the wall: a frozen process does not feel time pass. Like
// the SDK's it keeps ten to a host, where net/http's own keeps two; and one that
// takes the place of another goes on with the TLS session of that, which spares
// the check of certificates. It follows no redirect: the operations of AWS have
// none, and the front page of a service, which Warm asks for, may lead to a web
// site.
func Client(idle time.Duration) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.IdleConnTimeout, t.MaxIdleConnsPerHost = idle, 10
	t.TLSClientConfig = &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(8)}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Cognito is the service of user pools, whose operations are called by their
// bare names, such as AdminGetUser.
func Cognito(cfg aws.Config) *Service {
	s := New(cfg, "cognito-idp", "cognito-idp")
	s.target = "AWSCognitoIdentityProviderService."
	return s
}

// SQS is the service of queues, whose operations are called by their bare
// names, such as SendMessage. Its protocol is AWS JSON 1.0.
func SQS(cfg aws.Config) *Service {
	s := New(cfg, "sqs", "sqs")
	s.target, s.contentType = "AmazonSQS.", "application/x-amz-json-1.0"
	return s
}

// partitions are the domains of AWS's host names by what regions begin with, as
// in the SDKs' partitions.json (botocore/data/partitions.json; in the SDK for Go
// internal/endpoints/awsrulesfn). All others, GovCloud's too, have the one in
// domain.
var partitions = [...]struct{ region, domain string }{
	{"cn-", "amazonaws.com.cn"},
	{"eusc-", "amazonaws.eu"},
	{"us-iso-", "c2s.ic.gov"},
	{"us-isob-", "sc2s.sgov.gov"},
	{"eu-isoe-", "cloud.adc-e.uk"},
	{"us-isof-", "csp.hci.ic.gov"},
}

func domain(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.region) {
			return p.domain
		}
	}
	return "amazonaws.com"
}

// An Error is an answer of the service that is no success.
type Error struct {
	Status  int
	Code    string // such as UserNotFoundException; empty when the service gave none
	Message string // of the service; it may quote what is personal
}

// Error does not hold the message.
func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("status %d", e.Status)
	}
	return fmt.Sprintf("status %d %s", e.Status, e.Code)
}

// ErrorCode is what a log tells of it.
func (e *Error) ErrorCode() string { return cmp.Or(e.Code, e.Error()) }

// HTTPStatusCode is for the SDK's retry policy.
func (e *Error) HTTPStatusCode() int { return e.Status }

// Operation calls an operation of the AWS JSON protocol. Both values are encoded
// by encoding/json; an output of nil is not decoded. An answer that is no success
// is an *Error.
func (s *Service) Operation(ctx context.Context, name string, input, output any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c := call{method: http.MethodPost, path: "/", target: s.target + name, body: body, repeatable: s.retryer != nil || readOnly(name)}
	if err := s.do(ctx, c, output); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// readOnly reports whether an operation changes nothing, by the names that AWS
// gives such operations. GetUserAttributeVerificationCode sends a code.
func readOnly(name string) bool {
	name = strings.TrimPrefix(name, "Admin")
	return (strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "List") || strings.HasPrefix(name, "Describe")) && !strings.HasSuffix(name, "Code")
}

// Get calls an operation of the REST-JSON protocol. The path is escaped already.
func (s *Service) Get(ctx context.Context, path string, output any) error {
	if err := s.do(ctx, call{method: http.MethodGet, path: path}, output); err != nil {
		return fmt.Errorf("call %s: %w", s.name, err)
	}
	return nil
}

type call struct {
	method, path string
	target       string // of the JSON protocol; empty for the other
	body         []byte
	repeatable   bool // net/http may send it again
}

// do makes a call until it succeeds, as often as the retry policy lets it and
// its context allows. It returns the error of the last attempt.
func (s *Service) do(ctx context.Context, c call, output any) error {
	for attempt := 1; ; attempt++ {
		answer, err := s.attempt(ctx, c)
		if err == nil {
			if output == nil {
				return nil
			}
			return json.Unmarshal(answer, output)
		}
		if !s.again(ctx, attempt, err) {
			return err
		}
	}
}

// again waits for the next attempt, and reports whether there is to be one.
func (s *Service) again(ctx context.Context, attempt int, err error) bool {
	if s.retryer == nil || attempt == s.retryer.MaxAttempts() || ctx.Err() != nil {
		return false
	}
	// The SDK's policy knows throttling by its codes; a status says it as well.
	e, ok := errors.AsType[*Error](err)
	if !s.retryer.IsErrorRetryable(err) && !(ok && e.Status == http.StatusTooManyRequests) {
		return false
	}
	delay, err := s.retryer.RetryDelay(attempt, err)
	if err != nil {
		return false
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

const (
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 1 << 20
	// attemptLimit bounds an attempt that may be followed by another one: a
	// connection that swallows its request must not take the time of all of them.
	attemptLimit = 1500 * time.Millisecond
)

const errTooLong = logging.Safe("an answer of AWS is longer than a megabyte")

func (s *Service) attempt(ctx context.Context, c call) ([]byte, error) {
	if s.retryer != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, attemptLimit)
		defer cancel()
	}
	request, err := http.NewRequestWithContext(ctx, c.method, s.endpoint+c.path, bytes.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	if c.target != "" {
		request.Header["Content-Type"] = []string{s.contentType}
		request.Header["X-Amz-Target"] = []string{c.target}
	}
	if err := s.sign(request, c.body); err != nil {
		return nil, err
	}
	if c.repeatable {
		// A service closes connections that are idle, and a frozen process hears of
		// it when it sends the next request. net/http then sends a POST again, on a
		// new connection, only with this header; without a value, it is not sent
		// itself (http.Transport). It must not be signed, so it comes last.
		request.Header["Idempotency-Key"] = []string{}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, &transport.RequestSendError{Err: err} // so the retry policy knows it
	}
	defer response.Body.Close()
	// To its end, or net/http could not use the connection again.
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if response.StatusCode != http.StatusOK {
		return nil, errorOf(response, answer)
	}
	if err != nil {
		return nil, &transport.RequestSendError{Err: err}
	}
	if len(answer) > maxAnswer {
		return nil, errTooLong
	}
	return answer, nil
}

func (s *Service) sign(request *http.Request, body []byte) error {
	if s.credentials == nil {
		return nil
	}
	ctx := request.Context()
	credentials, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(body)
	return s.signer.SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]), s.name, s.region, time.Now())
}

// errorOf reads the error of either protocol (Smithy, "AWS JSON 1.0 protocol",
// "AWS JSON 1.1 protocol" and "AWS restJson1 protocol", operation error serialization): its code is in
// the header or in the body, with or without a namespace or an address.
func errorOf(response *http.Response, body []byte) error {
	var answer struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &answer) // without a body, the status says enough
	e := &Error{Status: response.StatusCode, Message: answer.Message}
	for _, code := range []string{response.Header.Get("X-Amzn-ErrorType"), answer.Type, answer.Code} {
		if _, after, found := strings.Cut(code, "#"); found {
			code = after
		}
		code, _, _ = strings.Cut(code, ":")
		if code != "" {
			e.Code = code
			break
		}
	}
	return e
}

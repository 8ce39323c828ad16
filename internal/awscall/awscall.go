// Package awscall makes a single signed call of an AWS service: the SDK's core
// signs it, and net/http, which a Lambda function links anyway, sends it.
//
// It is for a function that people wait for and that asks one service one or two
// things: linking the SDK's whole client of that service would cost every cold
// start. It leaves out retries, regions without the plain host name, and every
// protocol but JSON.
package awscall

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// A Service is one AWS service in one region.
type Service struct {
	config   aws.Config
	name     string // in signatures
	endpoint string
	target   string // in front of the names of operations
}

// New is the service with that host name before ".REGION.amazonaws.com" and that
// name in signatures; a base endpoint of the configuration replaces the address.
func New(cfg aws.Config, host, name string) *Service {
	s := &Service{config: cfg, name: name, endpoint: "https://" + host + "." + cfg.Region + ".amazonaws.com"}
	if cfg.BaseEndpoint != nil {
		s.endpoint = *cfg.BaseEndpoint
	}
	return s
}

// Cognito is the service of user pools, whose operations are called by their
// bare names, such as AdminGetUser.
func Cognito(cfg aws.Config) *Service {
	s := New(cfg, "cognito-idp", "cognito-idp")
	s.target = "AWSCognitoIdentityProviderService."
	return s
}

// An Error is an answer of the service that is no success.
type Error struct {
	Status  int
	Code    string // such as UserNotFoundException; empty when the service gave none
	Message string // of the service; it may quote what is personal
}

// Error does not hold the message.
func (e *Error) Error() string { return fmt.Sprintf("status %d %s", e.Status, e.Code) }

// ErrorCode is what a log tells of it.
func (e *Error) ErrorCode() string {
	if e.Code == "" {
		return fmt.Sprintf("status %d", e.Status)
	}
	return e.Code
}

// Operation calls an operation of the AWS JSON 1.1 protocol. Both values are
// encoded by encoding/json; an output of nil is not read. An answer that is no
// success is an *Error.
func (s *Service) Operation(ctx context.Context, name string, input, output any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", s.target+name)
	if err := s.do(request, body, output); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Get calls an operation of the REST-JSON protocol. The path is escaped already.
func (s *Service) Get(ctx context.Context, path string, output any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.endpoint+path, nil)
	if err != nil {
		return fmt.Errorf("call %s: %w", s.name, err)
	}
	if err := s.do(request, nil, output); err != nil {
		return fmt.Errorf("call %s: %w", s.name, err)
	}
	return nil
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

func (s *Service) do(request *http.Request, body []byte, output any) error {
	ctx := request.Context()
	credentials, err := s.config.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]), s.name, s.config.Region, time.Now()); err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer := io.LimitReader(response.Body, maxAnswer)
	if response.StatusCode != http.StatusOK {
		return errorOf(response, answer)
	}
	if output == nil {
		return nil
	}
	return json.NewDecoder(answer).Decode(output)
}

// errorOf reads the error of either protocol (Smithy, "AWS JSON 1.1 protocol"
// and "AWS restJson1 protocol", operation error serialization): its code is in
// the header or in the body, with or without a namespace or an address.
func errorOf(response *http.Response, body io.Reader) error {
	var answer struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	_ = json.NewDecoder(body).Decode(&answer) // without a body, the status says enough
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

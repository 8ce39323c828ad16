// Package awsjson serves the AWS JSON protocols 1.0 and 1.1 (Smithy): POST /, the
// operation in X-Amz-Target, JSON in both directions.
package awsjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"uuid"
)

// An Error is what a service answers instead of a result, with status 400.
type Error struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
	// QueryCode is the error's name in the older query protocol, which SDKs still
	// report for SQS. Other services have none.
	QueryCode string `json:"-"`
}

func (e *Error) Error() string { return e.Type + ": " + e.Message }

// Errorf returns an error of this type.
func Errorf(kind, format string, args ...any) *Error {
	return &Error{Type: kind, Message: fmt.Sprintf(format, args...)}
}

// An Epoch is a time as the protocols write it: seconds since 1970.
type Epoch time.Time

func (e Epoch) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", float64(time.Time(e).UnixMilli())/1000), nil
}

// A Service is an http.Handler for the operations of one AWS service. It answers
// every request in JSON.
type Service struct {
	Version    string // of the protocol, "1.0" or "1.1"
	Target     string // the prefix of the operation in X-Amz-Target, such as "AmazonSQS."
	MaxRequest int64  // bytes
	Operations map[string]Operation
	Unknown    func(operation string) *Error // answers other operations
	Malformed  *Error                        // answers a body that is too large, or is not the JSON of the operation
	// ErrorMessageHeader repeats the message of an error in a header, as Cognito does (observed:
	// https://github.com/aws-amplify/amplify-swift/issues/3344), if it is ASCII.
	ErrorMessageHeader bool
}

// An Operation returns its result, an *Error, or an error of the service itself.
type Operation func(r *http.Request, body []byte) (any, error)

var errMalformed = errors.New("malformed request")

// Handle makes an operation of a function that takes the decoded request.
func Handle[In any](run func(*http.Request, In) (any, error)) Operation {
	return func(r *http.Request, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, errMalformed
		}
		return run(r, in)
	}
}

// Signed makes an operation for callers with AWS credentials. It does not check the signature.
func Signed(operation Operation) Operation {
	return func(r *http.Request, body []byte) (any, error) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
			// "Common errors" of the API references.
			return nil, Errorf("MissingAuthenticationTokenException", "Missing Authentication Token")
		}
		return operation(r, body)
	}
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "application/x-amz-json-"+s.Version)
	header.Set("X-Amzn-Requestid", uuid.NewV4().String())
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), s.Target)
	result, err := s.serve(w, r, operation)
	if result == nil {
		result = struct{}{}
	}
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
		failure, ok := errors.AsType[*Error](err)
		if !ok {
			slog.Error("operation failed", "operation", s.Target+operation, "error", err)
			status, failure = http.StatusInternalServerError, Errorf("InternalErrorException", "Something went wrong")
		}
		header.Set("X-Amzn-Errortype", failure.Type+":")
		if s.ErrorMessageHeader && isPrintable(failure.Message) {
			header.Set("X-Amzn-Errormessage", failure.Message)
		}
		if failure.QueryCode != "" {
			header.Set("X-Amzn-Query-Error", failure.QueryCode+";Sender")
		}
		if r.Method != http.MethodPost {
			header.Set("Allow", http.MethodPost)
			status = http.StatusMethodNotAllowed
		}
		result = failure
	}
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(result); err != nil {
		slog.Warn("client went away", "operation", s.Target+operation, "error", err)
	}
}

// isPrintable says whether a text can stand in a header as it is. Node.js reads headers of 16 KB
// altogether, and some texts repeat what the caller sent.
func isPrintable(text string) bool {
	return len(text) <= 4096 && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request, name string) (any, error) {
	operation, ok := s.Operations[name]
	if !ok || r.Method != http.MethodPost {
		return nil, s.Unknown(name)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.MaxRequest))
	if err != nil {
		return nil, s.Malformed
	}
	result, err := operation(r, body)
	if err == errMalformed {
		return nil, s.Malformed
	}
	return result, err
}

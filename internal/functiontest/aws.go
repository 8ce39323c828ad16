package functiontest

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// An APIError is an error that a service answers with.
type APIError struct {
	Status        int
	Code, Message string
}

func (e *APIError) Error() string { return e.Code }

// An AWS is the services of AWS in their JSON protocol: it gets a request with the
// name of its operation, and returns the output, or an *APIError for the service to
// answer. Any other error is one of the connection.
type AWS func(r *http.Request, operation string, input []byte) (output any, err error)

// Config leads all calls to it, each made once, with sample credentials.
func (a AWS) Config() aws.Config { return sampleConfig(a) }

func sampleConfig(transport http.RoundTripper) aws.Config {
	return aws.Config{
		Region: "eu-central-1", HTTPClient: &http.Client{Transport: transport}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.NewStaticCredentialsProvider("sample", "sample", ""),
	}
}

// RoundTrip implements http.RoundTripper.
func (a AWS) RoundTrip(r *http.Request) (*http.Response, error) {
	input, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	status := http.StatusOK
	output, err := a(r, operation, input)
	if e, ok := errors.AsType[*APIError](err); ok {
		status, output = e.Status, map[string]string{"__type": e.Code, "message": e.Message}
	} else if err != nil {
		return nil, err
	}
	body, err := json.Marshal(output)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, nil
}

// Strictly decodes the input of an operation, which has nothing beside the fields
// of a struct.
func Strictly(input []byte, in any) error {
	d := json.NewDecoder(bytes.NewReader(input))
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil {
		return fmt.Errorf("decode %T: %w", in, err)
	}
	return nil
}

// SendMessage is what SQS is asked.
type SendMessage struct{ QueueUrl, MessageBody, MessageGroupId, MessageDeduplicationId string }

// Output is what SQS answers.
func (m SendMessage) Output() map[string]string {
	sum := md5.Sum([]byte(m.MessageBody))
	return map[string]string{"MessageId": "00000000-0000-4000-8000-000000000001", "MD5OfMessageBody": hex.EncodeToString(sum[:])}
}

// CloseIdle is a service that closes a connection after each response, as AWS does with one that
// was idle, without saying so: the next request on it gets no response. It counts the requests
// with a response and those without.
func CloseIdle(t testing.TB) (endpoint string, answered, unanswered *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	answered, unanswered = new(atomic.Int32), new(atomic.Int32)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				reader := bufio.NewReader(connection)
				request, err := http.ReadRequest(reader)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, request.Body) // it may come in a packet of its own
				answered.Add(1)
				fmt.Fprint(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
				if _, err := reader.ReadByte(); err == nil {
					unanswered.Add(1)
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String(), answered, unanswered
}

// CheckResumes checks that a client resumes the TLS session of its last connection. calls makes two
// calls, each of which gets a connection of its own.
func CheckResumes(t testing.TB, client func(endpoint string) (transport *http.Transport, calls func())) {
	t.Helper()
	var resumed []bool
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resumed = append(resumed, r.TLS.DidResume)
		w.Header().Set("Connection", "close")
	}))
	defer server.Close()
	transport, calls := client(server.URL)
	transport.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	calls()
	if len(resumed) != 2 || resumed[0] || !resumed[1] {
		t.Errorf("the sessions are resumed: %v", resumed)
	}
}

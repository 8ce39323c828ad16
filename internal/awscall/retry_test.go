package awscall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// A script is AWS: it answers each request with its next answer, and with the
// last one for ever.
type script struct {
	answers []func() (*http.Response, error)
	bodies  []string // what it was asked
}

func (s *script) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.bodies = append(s.bodies, string(body))
	return s.answers[min(len(s.bodies), len(s.answers))-1]()
}

// says is an answer.
func says(status int, body string) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

// breaks is no answer.
func breaks(err error) func() (*http.Response, error) {
	return func() (*http.Response, error) { return nil, err }
}

// cut is an answer whose connection breaks.
func cut() (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader("{"), broken{}))}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, syscall.ECONNRESET }

func (s *script) config(retryer func() aws.Retryer) aws.Config {
	return aws.Config{
		Region: "eu-central-1", HTTPClient: s, Retryer: retryer, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample-secret-key", ""),
	}
}

func standard() aws.Retryer { return retry.NewStandard() }

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	const three, one = 3, 1
	coded := func(status int, code string) func() (*http.Response, error) {
		return says(status, `{"__type":"com.amazonaws.sqs#`+code+`","message":"sample"}`)
	}
	for name, test := range map[string]struct {
		answer func() (*http.Response, error)
		asked  int
	}{
		"a success":                      {says(200, "{}"), one},
		"throttling of SQS":              {coded(400, "RequestThrottled"), three},
		"throttling of Cognito":          {coded(400, "TooManyRequestsException"), three},
		"throttling of any service":      {coded(400, "ThrottlingException"), three},
		"the status of throttling":       {says(429, ""), three},
		"an inner error":                 {coded(500, "InternalErrorException"), three},
		"a gateway without a service":    {says(502, "<html>"), three},
		"a service that is away":         {says(503, ""), three},
		"a gateway that waits in vain":   {says(504, ""), three},
		"a connection that is refused":   {breaks(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), three},
		"a connection that is reset":     {breaks(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), three},
		"a connection that is closed":    {breaks(io.EOF), three},
		"a connection that takes long":   {breaks(context.DeadlineExceeded), three}, // of its own, not of the call
		"an answer that is cut off":      {cut, three},
		"a parameter that is wrong":      {coded(400, "InvalidParameterException"), one},
		"a queue that does not exist":    {coded(400, "QueueDoesNotExist"), one},
		"a permission that is missing":   {coded(403, "AccessDeniedException"), one},
		"a redirect":                     {says(301, ""), one},
		"an answer that cannot be read":  {says(200, "<html>"), one},
		"an answer that says too little": {says(200, ""), one},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: []func() (*http.Response, error){test.answer}}
				err := SQS(s.config(standard)).Operation(t.Context(), "SendMessage", map[string]string{"A": "b"}, &struct{}{})
				if len(s.bodies) != test.asked || (err == nil) != (name == "a success") {
					t.Errorf("it is asked %d times, want %d: %v", len(s.bodies), test.asked, err)
				}
				for _, body := range s.bodies {
					if body != `{"A":"b"}` {
						t.Errorf("it is asked with %q", body)
					}
				}
				once := &script{answers: s.answers}
				_ = SQS(once.config(nil)).Operation(t.Context(), "SendMessage", struct{}{}, &struct{}{})
				if len(once.bodies) != 1 {
					t.Errorf("without a retry policy it is asked %d times", len(once.bodies))
				}
			})
		})
	}
}

func TestALaterAttemptMaySucceed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func() (*http.Response, error){says(503, ""), breaks(io.EOF), says(200, `{"MessageId":"third"}`)}}
		var answer struct{ MessageId string }
		if err := SQS(s.config(standard)).Operation(t.Context(), "SendMessage", struct{}{}, &answer); err != nil || answer.MessageId != "third" {
			t.Errorf("got %q, %v", answer.MessageId, err)
		}
	})
}

// The error of the last attempt says more than that time is up.
func TestNothingIsTriedAgainWhenTheContextHasEnded(t *testing.T) {
	patient := func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), 0) }
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func() (*http.Response, error){says(503, "")}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := SQS(s.config(patient)).Operation(ctx, "SendMessage", struct{}{}, nil)
		if e, ok := errors.AsType[*Error](err); !ok || e.Status != 503 || len(s.bodies) < 4 || time.Since(start) != time.Minute {
			t.Errorf("after %v and %d attempts: %v", time.Since(start), len(s.bodies), err)
		}

		asked := len(s.bodies)
		s.answers = []func() (*http.Response, error){breaks(context.Canceled)}
		if err := SQS(s.config(patient)).Operation(ctx, "SendMessage", struct{}{}, nil); !errors.Is(err, context.Canceled) || len(s.bodies) != asked+1 {
			t.Errorf("it is asked %d times more: %v", len(s.bodies)-asked, err)
		}
	})
}

// A hangup is a service that closes a connection after each answer, as AWS does
// with one that was idle, without saying so: the next request on it gets no
// answer.
func hangup(t *testing.T) (address string, asked func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	requests := make(chan struct{}, 100)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				buffer := make([]byte, 1<<16)
				if _, err := connection.Read(buffer); err != nil {
					return
				}
				requests <- struct{}{}
				fmt.Fprint(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
				_, _ = connection.Read(buffer) // the next request, which it leaves
			}()
		}
	}()
	return "http://" + listener.Addr().String(), func() int { return len(requests) }
}

func TestAConnectionThatTheServiceHasClosedIsReplacedWhereThatIsHarmless(t *testing.T) {
	for name, test := range map[string]struct {
		operation string
		retryer   func() aws.Retryer
		replaced  bool
	}{
		"a call that may be repeated":    {"AdminAddUserToGroup", func() aws.Retryer { return aws.NopRetryer{} }, true},
		"a call that reads":              {"DescribeUserPoolClient", nil, true},
		"a call that reads, by an admin": {"AdminGetUser", nil, true},
		"a call that uses up an attempt": {"ConfirmSignUp", nil, false},
		"a call that sends a mail":       {"ForgotPassword", nil, false},
		"a call that sends a code":       {"GetUserAttributeVerificationCode", nil, false},
		"a call that changes an account": {"AdminLinkProviderForUser", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			address, asked := hangup(t)
			s := Cognito(aws.Config{
				Region: "eu-central-1", BaseEndpoint: &address, Retryer: test.retryer,
				HTTPClient: &http.Client{Transport: &http.Transport{}}, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample-secret-key", ""),
			})
			if err := s.Operation(t.Context(), test.operation, struct{}{}, nil); err != nil {
				t.Fatal(err)
			}
			err := s.Operation(t.Context(), test.operation, struct{}{}, nil)
			if test.replaced && (err != nil || asked() != 2) {
				t.Errorf("after %d answers: %v", asked(), err)
			}
			if !test.replaced && (err == nil || asked() != 1) {
				t.Errorf("it was sent again: %d answers, %v", asked(), err)
			}
		})
	}
}

// So a call that must not be repeated need not meet a connection that was closed.
func TestAConnectionThatWasIdleForTooLongIsNotUsed(t *testing.T) {
	address, asked := hangup(t)
	s := Cognito(aws.Config{BaseEndpoint: &address, HTTPClient: Client(10 * time.Millisecond)})
	for range 3 {
		if err := s.Operation(t.Context(), "ConfirmSignUp", struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if asked() != 3 {
		t.Errorf("it has answered %d times", asked())
	}
}

// AWS would refuse a signature of a header that does not come.
func TestWhatMarksARepeatableCallIsNeitherSentNorSigned(t *testing.T) {
	s := newService(t, func(_ http.ResponseWriter, r *http.Request) {
		if _, ok := r.Header["Idempotency-Key"]; ok || strings.Contains(strings.ToLower(r.Header.Get("Authorization")), "idempotency") {
			t.Errorf("the request has the header %v", r.Header)
		}
	})
	if err := s.Operation(t.Context(), "GetAccount", struct{}{}, nil); err != nil {
		t.Error(err)
	}
}

func TestACallUsesTheConnectionOfTheOneBefore(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"an answer without a body": func(http.ResponseWriter, *http.Request) {},
		"an answer":                func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") },
		"an answer in parts": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "{")
			w.(http.Flusher).Flush()
			fmt.Fprint(w, "}\n\n")
		},
		"an error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{} sample", http.StatusBadRequest) },
		"a redirect to nowhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var connections []string
			s := newService(t, func(w http.ResponseWriter, r *http.Request) {
				connections = append(connections, r.RemoteAddr)
				answer(w, r)
			})
			Warm(t.Context(), s)
			for range 3 {
				_ = s.Operation(t.Context(), "Service.Operation", struct{}{}, nil)
			}
			if len(connections) != 4 || connections[0] != connections[3] {
				t.Errorf("the connections are %q", connections)
			}
		})
	}
}

// A silent service takes every request and never answers.
type silent struct{ asked int }

func (s *silent) Do(r *http.Request) (*http.Response, error) {
	s.asked++
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// A connection that swallows a request leaves time for another one.
func TestAnAttemptDoesNotTakeTheTimeOfTheOthers(t *testing.T) {
	for name, test := range map[string]struct {
		retryer func() aws.Retryer
		asked   int
	}{"that may be followed by others": {standard, 3}, "that may not": {nil, 1}} {
		synctest.Test(t, func(t *testing.T) {
			service := &silent{}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cfg := (&script{}).config(test.retryer)
			cfg.HTTPClient = service
			err := SQS(cfg).Operation(ctx, "SendMessage", struct{}{}, nil)
			if !errors.Is(err, context.DeadlineExceeded) || service.asked != test.asked {
				t.Errorf("an attempt %s: it is asked %d times, want %d: %v", name, service.asked, test.asked, err)
			}
			if ended := ctx.Err() != nil; ended != (test.retryer == nil) {
				t.Errorf("an attempt %s: the call has taken all its time: %t", name, ended)
			}
		})
	}
}

func TestAnAnswerThatIsTooLongIsAnError(t *testing.T) {
	s := &script{answers: []func() (*http.Response, error){says(200, `{"A":"`+strings.Repeat("a", maxAnswer)+`"}`)}}
	for _, output := range []any{nil, &struct{ A string }{}} {
		if err := SQS(s.config(standard)).Operation(t.Context(), "SendMessage", struct{}{}, output); !errors.Is(err, errTooLong) {
			t.Errorf("got %v", err)
		}
	}
	if len(s.bodies) != 2 {
		t.Errorf("it is asked %d times", len(s.bodies))
	}
}

// The front page of a service may lead to a web site.
func TestNoRedirectIsFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect is followed") }))
	defer elsewhere.Close()
	s := newService(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) })
	Warm(t.Context(), s)
	if e, ok := errors.AsType[*Error](s.Operation(t.Context(), "GetAccount", struct{}{}, nil)); !ok || e.Status != http.StatusFound {
		t.Errorf("got %v", e)
	}
}

func TestAStartDoesNotWaitLongForAServiceThatIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		Warm(t.Context(), SQS(aws.Config{HTTPClient: &silent{}}), Cognito(aws.Config{HTTPClient: &silent{}}))
		if took := time.Since(start); took != warmLimit {
			t.Errorf("it waits %v", took)
		}
	})
}

func TestWarmAsksAllServices(t *testing.T) {
	asked := make(chan struct{}, 1)
	quick := newService(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/" || r.Header.Get("Authorization") != "" {
			t.Errorf("it is asked for %s %s", r.Method, r.URL)
		}
		asked <- struct{}{}
	})
	gone := httptest.NewServer(nil)
	gone.Close()
	Warm(t.Context(), SQS(aws.Config{BaseEndpoint: &gone.URL}), SQS(aws.Config{BaseEndpoint: aws.String("::")}), quick)
	select {
	case <-asked:
	default:
		t.Error("it has not asked all services")
	}
	Warm(t.Context())
}

func TestANewConnectionGoesOnWithTheSessionOfTheLast(t *testing.T) {
	var resumed []bool
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resumed = append(resumed, r.TLS.DidResume)
		w.Header().Set("Connection", "close")
	}))
	defer server.Close()
	s := Cognito(aws.Config{BaseEndpoint: &server.URL})
	own := s.client.(*http.Client).Transport.(*http.Transport)
	before := own.TLSClientConfig
	defer func() { own.TLSClientConfig = before }()
	own.TLSClientConfig = before.Clone()
	own.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	Warm(t.Context(), s)
	if err := s.Operation(t.Context(), "ConfirmSignUp", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	if len(resumed) != 2 || resumed[0] || !resumed[1] {
		t.Errorf("the sessions are resumed: %v", resumed)
	}
}

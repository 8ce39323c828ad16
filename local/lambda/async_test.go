package lambda_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"poolpost/local/lambda"
)

// soon are two waits, as Lambda has, but short.
var soon = []time.Duration{time.Millisecond, time.Millisecond}

func TestFailedAsyncInvocationIsRetriedTwiceThenSentToItsDestination(t *testing.T) {
	var lines logLines
	records := make(chan []byte, 1)
	h := newHost(t, lambda.Options{
		Logs: lines.add, RetryDelays: soon, OnFailure: func(record []byte) { records <- record },
	}, function(t, "greet", "handler", nil))
	noError(t, h.InvokeAsync("greet", []byte(`{"do":"refuse","text":"<b>"}`)))
	var got struct {
		Version        string
		Timestamp      time.Time
		RequestContext struct {
			RequestID, FunctionARN, Condition string
			ApproximateInvokeCount            int
		}
		RequestPayload  request
		ResponseContext struct {
			StatusCode                     int
			ExecutedVersion, FunctionError string
		}
		ResponsePayload struct{ ErrorType, ErrorMessage string }
	}
	noError(t, json.Unmarshal(<-records, &got))
	id := got.RequestContext.RequestID
	if n := lines.count(func(line string) bool {
		return strings.HasPrefix(line, "greet: RequestId: "+id+" asynchronous invocation, attempt ")
	}); n != 3 || got.RequestContext.ApproximateInvokeCount != 3 {
		t.Errorf("%d attempts with the same request id, the record says %d; want 3", n, got.RequestContext.ApproximateInvokeCount)
	}
	if got.Version != "1.0" || got.RequestContext.Condition != "RetriesExhausted" || got.RequestPayload.Text != "<b>" ||
		got.RequestContext.FunctionARN != "arn:aws:lambda:eu-west-1:123456789012:function:greet:$LATEST" ||
		got.ResponseContext.FunctionError != "Unhandled" || got.ResponsePayload.ErrorMessage != "the event was refused" || time.Since(got.Timestamp) > time.Minute {
		t.Errorf("the record is %+v", got)
	}
}

func TestAsyncInvocationThatSucceedsOnRetryIsNotSentToItsDestination(t *testing.T) {
	var lines logLines
	h := newHost(t, lambda.Options{
		Logs: lines.add, RetryDelays: soon, OnFailure: func([]byte) { t.Error("it went to the on-failure destination") },
	}, function(t, "greet", "handler", nil))
	c := newCallers(t)
	for _, r := range []request{{Do: "refuse once", Address: filepath.Join(t.TempDir(), "refused")}, {Do: "wait", Address: c.address()}} {
		noError(t, h.InvokeAsync("greet", event(t, r)))
	}
	_ = c.accept().Close()
	for end := time.Now().Add(10 * time.Second); lines.count(isAttempt) == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // for an attempt too many
	if n := lines.count(isAttempt); n != 1 {
		t.Errorf("%d attempts failed, want 1", n)
	}
}

func isAttempt(line string) bool { return strings.Contains(line, "asynchronous invocation, attempt") }

func TestAsyncInvocationOfAnUnknownFunction(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	if err := h.InvokeAsync("nobody", []byte("{}")); !errors.Is(err, lambda.ErrNotFound) {
		t.Errorf("got %v, want %v", err, lambda.ErrNotFound)
	}
	noError(t, h.Close())
	if err := h.InvokeAsync("greet", []byte("{}")); !errors.Is(err, lambda.ErrClosed) {
		t.Errorf("got %v, want %v", err, lambda.ErrClosed)
	}
}

// What is waiting for its next attempt does not keep a host from closing.
func TestCloseDoesNotWaitForRetries(t *testing.T) {
	var lines logLines
	h := newHost(t, lambda.Options{Logs: lines.add, OnFailure: func([]byte) { t.Error("it was given up") }}, function(t, "greet", "handler", nil))
	noError(t, h.InvokeAsync("greet", []byte(`{"do":"refuse"}`)))
	for lines.count(isAttempt) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := h.Close(); err != nil { // Lambda's first delay is a minute
		t.Fatal(err)
	}
}

func TestKillByTraceID(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	if h.Kill("Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0") {
		t.Error("an unknown invocation was killed")
	}
	first := invoke(t, h, "greet", request{})
	if h.Kill(first.TraceID) {
		t.Error("an invocation that has ended was killed")
	}
	c := newCallers(t)
	failed := errorLater(t.Context(), t, h, "greet", request{Do: "send and wait", Address: c.address()})
	conn := c.accept()
	trace := make([]byte, 128)
	n, err := conn.Read(trace)
	noError(t, err)
	if !h.Kill(string(trace[:n])) {
		t.Fatal("the invocation was not found")
	}
	wantEnded(t, conn)
	if failed := functionError(t, <-failed); failed.Type != "Runtime.ExitError" {
		t.Errorf("got %v", failed)
	}
}

package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"uuid"
)

// defaultRetryDelays are Lambda's ("How Lambda handles errors and retries with
// asynchronous invocation", developer guide).
var defaultRetryDelays = []time.Duration{time.Minute, 2 * time.Minute}

// InvokeAsync takes a JSON event for the named function and returns at once. When
// the function fails, it is tried again after each of Options.RetryDelays, with
// the same request id; then the event goes to Options.OnFailure. What waits is
// lost when the host is closed. Errors are ErrNotFound and ErrClosed.
func (h *Host) InvokeAsync(name string, payload []byte) error {
	if _, ok := h.pools[name]; !ok {
		return fmt.Errorf("invoke %q: %w", name, ErrNotFound)
	}
	return h.invokeAsync(name, uuid.NewV4().String(), payload)
}

func (h *Host) invokeAsync(name, id string, payload []byte) error {
	if !h.background(func() { h.attempt(name, id, payload) }) {
		return fmt.Errorf("invoke %s: %w", name, ErrClosed)
	}
	return nil
}

// attempt runs an asynchronous invocation, whose response nobody waits for, until
// it succeeds or has failed for the last time.
func (h *Host) attempt(name, id string, payload []byte) {
	for attempts := 1; ; attempts++ {
		_, err := h.invoke(context.Background(), name, id, payload)
		if err == nil || errors.Is(err, ErrClosed) {
			return
		}
		h.log(name, fmt.Sprintf("RequestId: %s asynchronous invocation, attempt %d: %v", id, attempts, err))
		if attempts > len(h.options.RetryDelays) {
			h.options.OnFailure(h.failureRecord(name, id, attempts, payload, err))
			return
		}
		select {
		case <-time.After(h.options.RetryDelays[attempts-1]):
		case <-h.closing:
			return
		}
	}
}

// failureRecord has the shape that "Capturing records of Lambda asynchronous
// invocations" (developer guide) shows.
func (h *Host) failureRecord(name, id string, attempts int, payload []byte, err error) []byte {
	var response json.RawMessage
	if failed, ok := errors.AsType[*FunctionError](err); ok && json.Valid(failed.Payload) {
		response = failed.Payload
	}
	record, err := json.Marshal(map[string]any{
		"version":   "1.0",
		"timestamp": time.Now().UTC().Truncate(time.Millisecond),
		"requestContext": map[string]any{
			"requestId": id, "functionArn": arn(h.options.Region, name) + ":" + version,
			"condition": "RetriesExhausted", "approximateInvokeCount": attempts,
		},
		"requestPayload":  json.RawMessage(payload),
		"responseContext": map[string]any{"statusCode": 200, "executedVersion": version, "functionError": "Unhandled"},
		"responsePayload": response,
	})
	if err != nil {
		panic(err) // an event that is not JSON does not get here
	}
	return record
}

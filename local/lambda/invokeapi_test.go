package lambda_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"poolpost/local/lambda"
)

func TestInvokeAPI(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	server := httptest.NewServer(h)
	defer server.Close()

	const function = "/2015-03-31/functions/greet/invocations"
	tests := []struct {
		name   string
		path   string
		kind   string
		body   string
		status int
		header map[string]string
		want   string // part of the body
	}{
		{name: "an answer", path: function, body: `{}`, status: 200,
			header: map[string]string{"X-Amz-Executed-Version": "$LATEST", "X-Amz-Function-Error": ""}, want: `"pid":`},
		{name: "an answer, asked for by the type's name", path: function, kind: "RequestResponse", body: `{}`, status: 200, want: `"pid":`},
		{name: "no body is an empty event", path: function, status: 200, want: `"pid":`},
		{name: "a full ARN", path: "/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:greet/invocations", status: 200, want: `"pid":`},
		{name: "an escaped ARN with a version", path: "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Agreet%3A$LATEST/invocations", status: 200, want: `"pid":`},
		{name: "a partial ARN", path: "/2015-03-31/functions/123456789012:function:greet/invocations", status: 200, want: `"pid":`},
		{name: "the only version", path: function + "?Qualifier=$LATEST", status: 200, want: `"pid":`},
		{name: "an error of the function", path: function, body: `{"do":"refuse"}`, status: 200,
			header: map[string]string{"X-Amz-Executed-Version": "$LATEST", "X-Amz-Function-Error": "Unhandled"},
			want:   `{"errorMessage":"the event was refused","errorType":"refusedError"}`},
		{name: "a crash of the function", path: function, body: `{"do":"exit","size":5}`, status: 200,
			header: map[string]string{"X-Amz-Function-Error": "Unhandled"},
			want:   `Error: Runtime exited with error: exit status 5"}`},
		{name: "a dry run", path: function, kind: "DryRun", body: `{"do":"exit"}`, status: 204},
		{name: "an unknown function", path: "/2015-03-31/functions/nobody/invocations", body: `{}`, status: 404,
			header: map[string]string{"X-Amzn-Errortype": "ResourceNotFoundException"},
			want:   `{"Type":"User","Message":"Function not found: arn:aws:lambda:eu-west-1:123456789012:function:nobody"}`},
		{name: "an unknown version", path: function + "?Qualifier=7", body: `{}`, status: 404,
			header: map[string]string{"X-Amzn-Errortype": "ResourceNotFoundException"},
			want:   `function:greet:7"}`},
		{name: "a body that is not JSON", path: function, body: `{"do":`, status: 400,
			header: map[string]string{"X-Amzn-Errortype": "InvalidRequestContentException"},
			want:   `{"Type":"User","Message":"Could not parse request body into json"}`},
		{name: "an unknown invocation type", path: function, kind: "Later", body: `{}`, status: 400,
			header: map[string]string{"X-Amzn-Errortype": "InvalidParameterValueException"}, want: `\"Later\"`},
		{name: "a body of exactly 6 MB", path: function, body: filler(6 << 20), status: 200, want: `"pid":`},
		{name: "a body above 6 MB", path: function, body: filler(6<<20 + 1), status: 413,
			header: map[string]string{"X-Amzn-Errortype": "RequestTooLargeException"},
			want:   "Request must be smaller than 6291456 bytes for the InvokeFunction operation"},
		{name: "another operation", path: "/2015-03-31/functions/greet/code", status: 404},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			resp, body := call(t, server.URL+test.path, test.kind, test.body)
			if resp.StatusCode != test.status {
				t.Errorf("got status %d, want %d; body %.300s", resp.StatusCode, test.status, body)
			}
			for key, want := range test.header {
				if got := resp.Header.Get(key); got != want {
					t.Errorf("got %s %q, want %q", key, got, want)
				}
			}
			if !strings.Contains(body, test.want) {
				t.Errorf("got body %.300s, want %s", body, test.want)
			}
		})
	}
}

// filler returns a JSON object of so many bytes.
func filler(size int) string {
	return `{"text":"` + strings.Repeat("x", size-len(`{"text":""}`)) + `"}`
}

func call(t *testing.T, url, kind, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader([]byte(body)))
	noError(t, err)
	if kind != "" {
		req.Header.Set("X-Amz-Invocation-Type", kind)
	}
	resp, err := http.DefaultClient.Do(req)
	noError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	noError(t, err)
	return resp, string(answer)
}

func TestAPIAndFunctionShareTheRequestID(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	server := httptest.NewServer(h)
	defer server.Close()
	resp, body := call(t, server.URL+"/2015-03-31/functions/greet/invocations", "", "{}")
	var got reply
	noError(t, json.Unmarshal([]byte(body), &got))
	if want := resp.Header.Get("X-Amzn-Requestid"); want == "" || got.RequestID != want {
		t.Errorf("the function saw %q, the caller %q", got.RequestID, want)
	}
}

func TestAsyncInvocationOutlivesItsCaller(t *testing.T) {
	var lines logLines
	h := newHost(t, lambda.Options{Logs: lines.add}, function(t, "greet", "handler", nil))
	server := httptest.NewServer(h)
	defer server.Close()
	c := newCallers(t)

	waiting := string(event(t, request{Do: "wait", Address: c.address()}))
	resp, body := call(t, server.URL+"/2015-03-31/functions/greet/invocations", "Event", waiting)
	if resp.StatusCode != http.StatusAccepted || body != "" {
		t.Errorf("got %d, %q, want %d without a body", resp.StatusCode, body, http.StatusAccepted)
	}
	_ = c.accept().Close()

	resp, _ = call(t, server.URL+"/2015-03-31/functions/greet/invocations", "Event", `{"do":"exit","size":6}`)
	id := resp.Header.Get("X-Amzn-Requestid")
	lines.wait(t, "greet: RequestId: "+id+" asynchronous invocation, attempt 1: Runtime.ExitError: RequestId: "+id+
		" Error: Runtime exited with error: exit status 6")
}

func TestInvokeAfterCloseIsAServiceFault(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	noError(t, h.Close())
	server := httptest.NewServer(h)
	defer server.Close()
	for _, kind := range []string{"RequestResponse", "Event"} {
		resp, body := call(t, server.URL+"/2015-03-31/functions/greet/invocations", kind, "{}")
		if got := resp.Header.Get("X-Amzn-Errortype"); resp.StatusCode != 500 || got != "ServiceException" {
			t.Errorf("%s: got %d, %q, %s", kind, resp.StatusCode, got, body)
		}
	}
}

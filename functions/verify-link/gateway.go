package main

import (
	"context"
	"encoding/base64"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"io"
	"net/http"
	"net/url"
	"strings"

	"poolpost/internal/logging"
)

// gateway is the page behind an API Gateway HTTP API: events and replies of
// payload format version 2.0 (API Gateway developer guide, "Create AWS Lambda proxy
// integrations for HTTP APIs in API Gateway"). It leaves out cookies, which the page
// does not have.
//
// Libraries that do the same decode the event into types for every kind of API, and
// link net/http/httptest: with one, a page took a fifth longer at a cold start and
// twice as long at a warm one (docs/speed.md).
type gateway struct {
	page http.Handler
	log  *logging.Logger
}

// Invoke answers every event. What cannot be read gets a reply of its own: an
// error would quote the link, and go to logs and traces.
func (g gateway) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	start := g.log.Start()
	w := &response{header: http.Header{}}
	request, err := readRequest(ctx, payload)
	if err != nil {
		line := logging.Line{Outcome: "unreadable", Err: logging.Safe("the request cannot be read")}
		g.log.Event(ctx, start, line)
		plain(w, http.StatusBadRequest, "This link is incomplete.")
		return w.encode()
	}
	g.page.ServeHTTP(w, request)
	return w.encode()
}

// lenient reads and writes JSON that has a name twice, of which the last one counts,
// and text that is not UTF-8.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// An httpEvent is what the page needs of an event.
type httpEvent struct {
	Version         string            `json:"version"`
	RawPath         string            `json:"rawPath"`
	RawQueryString  string            `json:"rawQueryString"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	RequestContext  struct {
		HTTP struct {
			Method string `json:"method"`
		} `json:"http"`
	} `json:"requestContext"`
}

const errVersion = logging.Safe("the event is not of payload format version 2.0")

// readRequest makes a request of an event. A method that HTTP does not have is an error.
// API Gateway has been observed to unescape rawPath, but not rawQueryString.
func readRequest(ctx context.Context, payload []byte) (*http.Request, error) {
	var e httpEvent
	if err := json.Unmarshal(payload, &e, lenient); err != nil {
		return nil, err
	}
	if e.Version != "2.0" {
		return nil, errVersion
	}
	header := make(http.Header, len(e.Headers))
	for name, value := range e.Headers {
		header.Set(name, value)
	}
	var body io.Reader = strings.NewReader(e.Body)
	if e.IsBase64Encoded {
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	request, err := http.NewRequestWithContext(ctx, e.RequestContext.HTTP.Method, "/", body)
	if err != nil {
		return nil, err
	}
	request.Host, request.Header = header.Get("Host"), header
	request.URL = &url.URL{Path: e.RawPath, RawQuery: e.RawQueryString}
	return request, nil
}

// A response is kept until it is complete.
type response struct {
	header http.Header
	status int
	body   string
}

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *response) Write(b []byte) (int, error) { return w.WriteString(string(b)) }

// WriteString is for io.WriteString. A page is one string, which is not copied.
func (w *response) WriteString(s string) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.body += s
	return len(s), nil
}

// An httpReply is what API Gateway makes a response of.
type httpReply struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

// encode is the reply. A header with several values is one, as HTTP joins them.
func (w *response) encode() ([]byte, error) {
	w.WriteHeader(http.StatusOK)
	reply := httpReply{StatusCode: w.status, Headers: make(map[string]string, len(w.header)), Body: w.body}
	for name, values := range w.header {
		reply.Headers[name] = strings.Join(values, ",")
	}
	return json.Marshal(reply, lenient)
}

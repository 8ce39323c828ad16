package main

import (
	"context"
	"encoding/base64"
	"encoding/json/jsontext"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"poolpost/internal/eventjson"
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

const errRequest = logging.Safe("the request cannot be read")

// Invoke answers every event. What cannot be read gets a reply of its own: an
// error would quote the link, and go to logs and traces.
func (g gateway) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	start := g.log.Start()
	w := &response{header: http.Header{}}
	request, err := readRequest(ctx, payload)
	if err != nil {
		g.log.Event(ctx, start, logging.Line{Outcome: "unreadable", Err: errRequest})
		plain(w, http.StatusBadRequest, "This link is incomplete.")
		return w.encode(), nil
	}
	g.page.ServeHTTP(w, request)
	return w.encode(), nil
}

// readRequest makes a request of an event. A method that HTTP does not have is an error.
// API Gateway has been observed to unescape rawPath, but not rawQueryString.
func readRequest(ctx context.Context, payload []byte) (*http.Request, error) {
	var version, method, path, query, text string
	var headers map[string]string
	var encoded eventjson.Raw
	err := eventjson.Read(payload, eventjson.Fields{
		"version", &version,
		"rawPath", &path,
		"rawQueryString", &query,
		"headers", &headers,
		"body", &text,
		"isBase64Encoded", &encoded,
		"requestContext", eventjson.Fields{"http", eventjson.Fields{"method", &method}},
	})
	if err != nil {
		return nil, err
	}
	if version != "2.0" {
		return nil, errRequest
	}
	var body io.Reader = strings.NewReader(text)
	switch encoded.Value {
	case "true":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "false", "null", "":
	default:
		return nil, errRequest
	}
	request, err := http.NewRequestWithContext(ctx, method, "/", body)
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	request.Host = request.Header.Get("Host")
	request.URL = &url.URL{Path: path, RawQuery: query}
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

// encode is the reply. A header with several values is one, as HTTP joins them. What
// AppendQuote calls an error is text that is not UTF-8, which it has replaced.
func (w *response) encode() []byte {
	w.WriteHeader(http.StatusOK)
	b := make([]byte, 0, len(w.body)+len(w.body)/16+1024)
	b = append(b, `{"statusCode":`...)
	b = strconv.AppendInt(b, int64(w.status), 10)
	b = append(b, `,"body":`...)
	b, _ = jsontext.AppendQuote(b, w.body)
	separator := `,"headers":{`
	for name, values := range w.header {
		b = append(b, separator...)
		b, _ = jsontext.AppendQuote(b, name)
		b = append(b, ':')
		b, _ = jsontext.AppendQuote(b, strings.Join(values, ","))
		separator = ","
	}
	return append(b, "}}"...)
}

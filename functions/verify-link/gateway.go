package main

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"poolpost/internal/jsontext"
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
	request, err := readRequest(ctx, string(payload))
	if err != nil {
		g.log.Event(ctx, start, logging.Line{Outcome: "unreadable", Err: logging.Safe("the request cannot be read")})
		plain(w, http.StatusBadRequest, "This link is incomplete.")
		return w.encode(), nil
	}
	g.page.ServeHTTP(w, request)
	return w.encode(), nil
}

// An httpEvent is what the page needs of an event.
type httpEvent struct {
	version, method, path, query, body string
	base64                             string // "true" when the body is
	headers                            map[string]string
}

func (e *httpEvent) read(r *jsontext.Reader, name string) (err error) {
	switch name {
	case "version":
		e.version, err = r.Text()
	case "rawPath":
		e.path, err = r.Text()
	case "rawQueryString":
		e.query, err = r.Text()
	case "headers":
		e.headers, err = r.Texts()
	case "body":
		e.body, err = r.Text()
	case "isBase64Encoded":
		e.base64, err = r.Text()
	case "requestContext":
		err = r.Object(func(r *jsontext.Reader, name string) error {
			if name != "http" {
				return r.Skip()
			}
			return r.Object(func(r *jsontext.Reader, name string) (err error) {
				if name != "method" {
					return r.Skip()
				}
				e.method, err = r.Text()
				return err
			})
		})
	default:
		err = r.Skip()
	}
	return err
}

const errVersion = logging.Safe("the event is not of payload format version 2.0")

// readRequest makes a request of an event. A method that HTTP does not have is an error.
// API Gateway has been observed to unescape rawPath, but not rawQueryString.
func readRequest(ctx context.Context, payload string) (*http.Request, error) {
	var e httpEvent
	r := jsontext.NewReader(payload)
	if err := r.Object(e.read); err != nil {
		return nil, err
	}
	if err := r.End(); err != nil {
		return nil, err
	}
	if e.version != "2.0" {
		return nil, errVersion
	}
	header := make(http.Header, len(e.headers))
	for name, value := range e.headers {
		header.Set(name, value)
	}
	var body io.Reader = strings.NewReader(e.body)
	if e.base64 == "true" {
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	request, err := http.NewRequestWithContext(ctx, e.method, "/", body)
	if err != nil {
		return nil, err
	}
	request.Host, request.Header = header.Get("Host"), header
	request.URL = &url.URL{Path: e.path, RawQuery: e.query}
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

// encode is the reply. A header with several values is one, as HTTP joins them.
func (w *response) encode() []byte {
	w.WriteHeader(http.StatusOK)
	b := make([]byte, 0, len(w.body)+len(w.body)/16+1024)
	b = append(b, `{"statusCode":`...)
	b = strconv.AppendInt(b, int64(w.status), 10)
	b = append(b, `,"headers":{`...)
	comma := false
	for name, values := range w.header {
		if comma {
			b = append(b, ',')
		}
		comma = true
		b = append(jsontext.AppendQuoted(b, name), ':')
		b = jsontext.AppendQuoted(b, strings.Join(values, ","))
	}
	b = append(b, `},"body":`...)
	return append(jsontext.AppendQuoted(b, w.body), '}')
}

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json/jsontext"
	"io"
	"net/http"
	"net/url"
	"strconv"
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
		return w.encode(), nil
	}
	g.page.ServeHTTP(w, request)
	return w.encode(), nil
}

// lenient reads and writes JSON that has a name twice, of which the last one counts,
// and text that is not UTF-8.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// An httpEvent is what the page needs of an event. It is read without reflection, which
// would take longer than the rest of a cold page (docs/speed.md).
type httpEvent struct {
	version, method, path, query, body string
	header                             http.Header
	base64                             bool // the body is
}

func (e *httpEvent) read(d *jsontext.Decoder, name string) (err error) {
	switch name {
	case "version":
		e.version, err = readString(d)
	case "rawPath":
		e.path, err = readString(d)
	case "rawQueryString":
		e.query, err = readString(d)
	case "headers":
		err = readObject(d, func(d *jsontext.Decoder, name string) error {
			value, err := readString(d)
			e.header.Set(name, value)
			return err
		})
	case "body":
		e.body, err = readString(d)
	case "isBase64Encoded":
		e.base64 = d.PeekKind() == jsontext.KindTrue
		err = d.SkipValue()
	case "requestContext":
		err = readObject(d, e.readContext)
	default:
		err = d.SkipValue()
	}
	return err
}

func (e *httpEvent) readContext(d *jsontext.Decoder, name string) error {
	if name != "http" {
		return d.SkipValue()
	}
	return readObject(d, func(d *jsontext.Decoder, name string) (err error) {
		if name != "method" {
			return d.SkipValue()
		}
		e.method, err = readString(d)
		return err
	})
}

// readObject calls read with each member of an object, which may be null.
func readObject(d *jsontext.Decoder, read func(d *jsontext.Decoder, name string) error) error {
	token, err := d.ReadToken()
	if err != nil || token.Kind() == jsontext.KindNull {
		return err
	}
	if token.Kind() != jsontext.KindBeginObject {
		return errKind
	}
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := readString(d)
		if err != nil {
			return err
		}
		if err := read(d, name); err != nil {
			return err
		}
	}
	_, err = d.ReadToken()
	return err
}

// readString reads a string, or null.
func readString(d *jsontext.Decoder) (string, error) {
	token, err := d.ReadToken()
	if err != nil || token.Kind() == jsontext.KindNull {
		return "", err
	}
	if token.Kind() != jsontext.KindString {
		return "", errKind
	}
	return token.String(), nil
}

const (
	errKind    = logging.Safe("the event has a value of another kind")
	errVersion = logging.Safe("the event is not of payload format version 2.0")
)

// readRequest makes a request of an event. A method that HTTP does not have is an error.
// API Gateway has been observed to unescape rawPath, but not rawQueryString.
func readRequest(ctx context.Context, payload []byte) (*http.Request, error) {
	e := httpEvent{header: http.Header{}}
	d := jsontext.NewDecoder(bytes.NewBuffer(payload), lenient...)
	if err := readObject(d, e.read); err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); err != io.EOF || e.version != "2.0" {
		return nil, errVersion
	}
	var body io.Reader = strings.NewReader(e.body)
	if e.base64 {
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	request, err := http.NewRequestWithContext(ctx, e.method, "/", body)
	if err != nil {
		return nil, err
	}
	request.Host, request.Header = e.header.Get("Host"), e.header
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

// encode is the reply. A header with several values is one, as HTTP joins them. What
// AppendQuote calls an error is text that is not UTF-8, which it has replaced.
func (w *response) encode() []byte {
	w.WriteHeader(http.StatusOK)
	b := make([]byte, 0, len(w.body)+len(w.body)/16+1024)
	b = append(b, `{"statusCode":`...)
	b = strconv.AppendInt(b, int64(w.status), 10)
	b = append(b, `,"headers":{`...)
	separator := ""
	for name, values := range w.header {
		b = append(b, separator...)
		b, _ = jsontext.AppendQuote(b, name)
		b = append(b, ':')
		b, _ = jsontext.AppendQuote(b, strings.Join(values, ","))
		separator = ","
	}
	b = append(b, `},"body":`...)
	b, _ = jsontext.AppendQuote(b, w.body)
	return append(b, '}')
}

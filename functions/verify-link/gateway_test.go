package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"poolpost/internal/functiontest"
	"poolpost/internal/logging"
)

// sample is an event, as far as the page needs it.
func sample(t *testing.T, method, path, query, body string) []byte {
	t.Helper()
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path, RawQueryString: query, Body: body}
	e.Headers = map[string]string{"host": "links.example.com", "x-sample": "secret"}
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.Path = method, path
	payload, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// throughGateway is a site behind API Gateway, as main.go builds it.
func (s *site) throughGateway() gateway { return gateway{s.handler, s.handler.log} }

// Every request here is an error, most of them one that quotes the request.
func TestUnreadableEventsAreNotQuoted(t *testing.T) {
	shared := newSite(t)
	for name, payload := range map[string][]byte{
		"an invalid method":           sample(t, "SECRET METHOD", "/confirm", "code=31415926", ""),
		"an event that is cut off":    sample(t, "GET", "/confirm", "user=secret-jane", "")[:100],
		"an event that is one secret": []byte("secret-jane@example.com"),
		"a query that is a list":      []byte(`{"version":"2.0","rawQueryString":["secret-jane"]}`),
		"an event and more":           append(sample(t, "GET", "/confirm", "user=secret-jane", ""), "secret"...),
		"an event of another version": []byte(`{"version":"secret-jane"}`),
		"an encoding as a string":     []byte(`{"version":"2.0","requestContext":{"http":{"method":"GET"}},"isBase64Encoded":"true","rawQueryString":"user=secret-jane"}`),
		"an encoding as a number":     []byte(`{"version":"2.0","requestContext":{"http":{"method":"GET"}},"isBase64Encoded":1,"rawQueryString":"user=secret-jane"}`),
		"an encoding as an object":    []byte(`{"version":"2.0","requestContext":{"http":{"method":"GET"}},"isBase64Encoded":{"secret-jane":true}}`),
		"an encoding as a list":       []byte(`{"version":"2.0","requestContext":{"http":{"method":"GET"}},"isBase64Encoded":[true]}`),
		"no event":                    nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			g := s.throughGateway()
			if _, err := readRequest(t.Context(), payload); err == nil {
				t.Fatal("it can be read")
			}
			var reply []byte
			s.logged.CheckNothingPersonal(t, func() (err error) {
				reply, err = g.Invoke(t.Context(), payload)
				return err
			}, "31415926")
			checkUnreadable(t, s, reply)
			if len(s.cognito.asked) != 0 {
				t.Error("Cognito was asked")
			}
		})
	}
}

func TestBase64EncodingIsOptional(t *testing.T) {
	for encoded, want := range map[string]string{
		``: "YT0x", `"isBase64Encoded":null,`: "YT0x", `"isBase64Encoded":false,`: "YT0x", `"isBase64Encoded": true ,`: "a=1",
	} {
		payload := `{"version":"2.0",` + encoded + `"body":"YT0x","requestContext":{"http":{"method":"POST"}}}`
		r, err := readRequest(t.Context(), []byte(payload))
		if err != nil {
			t.Errorf("%s: %v", encoded, err)
			continue
		}
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != want {
			t.Errorf("%s: the body is %q, %v, want %q", encoded, body, err, want)
		}
	}
}

// The page answers what a browser would not send, and logs nothing of it.
func TestOddRequestsAreNotQuoted(t *testing.T) {
	shared := newSite(t)
	for name, test := range map[string]struct {
		payload []byte
		status  int
	}{
		"a control character in the link": {sample(t, "GET", "/confirm", "user="+secretUser+"&code=314159\x01", ""), http.StatusOK}, // asks for the code
		"a line break in the link":        {sample(t, "POST", "/confirm", "user=secret-jane&code=31415926\n", "code=31415926"), http.StatusBadRequest},
		"an invalid query":                {sample(t, "GET", "/confirm", "user=secret-jane%zz;code=31415926", ""), http.StatusBadRequest},
		"an escape in the path":           {sample(t, "GET", "/confirm/secret%zz31415926", "", ""), http.StatusNotFound},
		"an escape that is left":          {sample(t, "GET", "/%63onfirm", "", ""), http.StatusNotFound},
		"a control character in the path": {sample(t, "GET", "/confirm\r\n31415926", "", ""), http.StatusNotFound},
		"a host in the path":              {sample(t, "GET", "//secret.example/confirm", "user=secret-jane", ""), http.StatusNotFound},
		"no path":                         {sample(t, "GET", "", "code=31415926", ""), http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			var reply []byte
			s.logged.CheckNothingPersonal(t, func() (err error) {
				reply, err = s.throughGateway().Invoke(t.Context(), test.payload)
				return err
			}, "31415926", secretUser, secretCode)
			var response events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal(reply, &response); err != nil || response.StatusCode != test.status {
				t.Errorf("the reply is %s, %v, want status %d", reply, err, test.status)
			}
			if len(s.cognito.asked) != 0 {
				t.Error("Cognito was asked")
			}
		})
	}
}

// checkUnreadable checks the reply to what cannot be read, and its one line.
func checkUnreadable(t *testing.T, s *site, reply []byte) {
	t.Helper()
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(reply, &response); err != nil {
		t.Fatalf("%v: %s", err, reply)
	}
	if response.StatusCode != http.StatusBadRequest || response.Body != "This link is incomplete." || response.IsBase64Encoded {
		t.Errorf("the reply is %+v", response)
	}
	for header, want := range map[string]string{
		"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex", "Location": "",
	} {
		if got := response.Headers[header]; got != want {
			t.Errorf("the header has %s: %s, want %s", header, got, want)
		}
	}
	s.logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "unreadable", "reason": "the request cannot be read"})
}

// An event has what API Gateway documents, and a reply what it takes.
func TestEventToRequestAndResponseToReply(t *testing.T) {
	long := strings.Repeat("é\"\\\n<&>\x00", 2000)
	seen := false
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = true
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "a=1&b=2" || r.Method != "POST" || r.Host != "links.example.com" || r.URL.Path != "/a b" || r.URL.RawQuery != "x=%20y" {
			t.Errorf("the request is %s %s %s with %q, %v", r.Method, r.Host, r.URL, body, err)
		}
		if got := r.Header.Get("X-Sample"); got != "1,2" {
			t.Errorf("the header has %q", got)
		}
		w.Header().Add("X-Two", "a")
		w.Header().Add("X-Two", "b")
		w.Header().Set("X-Quote", `"é"`)
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK) // too late
		_, _ = w.Write([]byte("body "))
		_, _ = io.WriteString(w, long)
	})
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: "/a b", RawQueryString: "x=%20y", Headers: map[string]string{"host": "links.example.com", "x-sample": "1,2"},
		Body: "YT0xJmI9Mg==", IsBase64Encoded: true, Cookies: []string{"a=b"},
	}
	e.RequestContext.HTTP.Method = "POST"
	payload, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := gateway{page, newSite(t).handler.log}.Invoke(t.Context(), payload)
	if err != nil || !seen {
		t.Fatalf("the page was asked: %t, %v", seen, err)
	}
	var got events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(reply, &got); err != nil {
		t.Fatalf("%v: %s", err, reply)
	}
	want := events.APIGatewayV2HTTPResponse{StatusCode: http.StatusTeapot, Headers: map[string]string{"X-Two": "a,b", "X-Quote": `"é"`}, Body: "body " + long}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the reply is %+v", got)
	}
}

// FuzzGateway holds that no event is an error or a panic, that each has a reply that
// API Gateway takes, and that only a POST asks Cognito.
func FuzzGateway(f *testing.F) {
	for _, event := range functiontest.Events(f) {
		f.Add(event)
	}
	f.Add([]byte(`{"version":"2.0","rawPath":"without-a-slash","requestContext":{"http":{"method":"GET"}}}`))
	s := newSite(f)
	s.handler.log = logging.NewWith("verify-link", io.Discard, time.Now)
	g := s.throughGateway()
	f.Fuzz(func(t *testing.T, payload []byte) {
		asked := len(s.cognito.asked)
		reply, err := g.Invoke(t.Context(), payload)
		var response events.APIGatewayV2HTTPResponse
		if err != nil || json.Unmarshal(reply, &response) != nil || response.StatusCode < 200 || response.Body == "" {
			t.Fatalf("%v: %s", err, reply)
		}
		if len(s.cognito.asked) > asked && !bytes.Contains(payload, []byte("POST")) {
			t.Errorf("Cognito was asked")
		}
	})
}

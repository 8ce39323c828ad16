package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/akrylysov/algnhsa"
	"github.com/aws/aws-lambda-go/events"
)

// throughGateway is a site behind API Gateway, as main.go builds it.
func (s *site) throughGateway() gateway {
	return gateway{
		Handler: algnhsa.New(s.handler.routes(), &algnhsa.Options{RequestType: algnhsa.RequestTypeAPIGatewayV2}),
		log:     s.handler.log,
	}
}

// Every request here makes the adapter return an error, most of them one that
// quotes the request.
func TestWhatTheAdapterCannotReadIsNotQuoted(t *testing.T) {
	shared := newSite(t)
	event := func(method, path, query, body string) []byte {
		e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path, RawQueryString: query, Body: body}
		e.Headers = map[string]string{"host": "links.example.com", "x-sample": "secret"}
		e.RequestContext.HTTP.Method, e.RequestContext.HTTP.Path = method, path
		payload, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return payload
	}
	for name, payload := range map[string][]byte{
		"a control character in the link": event("GET", "/confirm", "user=secret-jane&code=31415926\x01", ""),
		"a line break in the link":        event("POST", "/confirm", "user=secret-jane&code=31415926\n", "code=31415926"),
		"an escape in the path":           event("GET", "/confirm/secret%zz31415926", "", ""),
		"a method that is none":           event("SECRET METHOD", "/confirm", "code=31415926", ""),
		"an event that is cut off":        event("GET", "/confirm", "user=secret-jane", "")[:100],
		"an event that is one secret":     []byte("secret-jane@example.com"),
		"a query that is a list":          []byte(`{"version":"2.0","rawQueryString":["secret-jane"]}`),
		"an event of another version":     []byte(`{"version":"secret-jane"}`),
		"no event":                        nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			g := s.throughGateway()
			if _, err := g.Handler.Invoke(t.Context(), payload); err == nil {
				t.Fatal("the adapter can read it")
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
		"content-type": "text/plain; charset=utf-8", "cache-control": "no-store", "referrer-policy": "no-referrer", "location": "",
	} {
		if got := response.Headers[header]; got != want {
			t.Errorf("the header has %s: %s, want %s", header, got, want)
		}
	}
	s.logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "unreadable", "reason": "the request cannot be read"})
}

type failing struct{}

func (failing) Invoke(context.Context, []byte) ([]byte, error) {
	return []byte("secret"), errors.New("secret")
}

func TestAnyErrorOfTheAdapterHasTheSameAnswer(t *testing.T) {
	s := newSite(t)
	reply, err := gateway{failing{}, s.handler.log}.Invoke(t.Context(), nil)
	if err != nil {
		t.Errorf("the function fails: %v", err)
	}
	checkUnreadable(t, s, reply)
}

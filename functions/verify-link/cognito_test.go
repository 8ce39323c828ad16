package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"poolpost/internal/functiontest"
	"poolpost/internal/logging"
)

// The domains are those of each partition's own pages.
func TestEndpointOfTheRegion(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-3":      "https://cognito-idp.eu-west-3.amazonaws.com",
		"us-gov-west-1":  "https://cognito-idp.us-gov-west-1.amazonaws.com",
		"cn-north-1":     "https://cognito-idp.cn-north-1.amazonaws.com.cn",
		"eusc-de-east-1": "https://cognito-idp.eusc-de-east-1.amazonaws.eu",
		"us-iso-east-1":  "https://cognito-idp.us-iso-east-1.c2s.ic.gov",
		"us-isob-east-1": "https://cognito-idp.us-isob-east-1.sc2s.sgov.gov",
		"eu-isoe-west-1": "https://cognito-idp.eu-isoe-west-1.cloud.adc-e.uk",
		"us-isof-east-1": "https://cognito-idp.us-isof-east-1.csp.hci.ic.gov",
	} {
		if got := newCognitoClient(region, "").endpoint; got != want {
			t.Errorf("in %s the endpoint is %s, want %s", region, got, want)
		}
		const other = "http://127.0.0.1:9229"
		if got := newCognitoClient(region, other).endpoint; got != other {
			t.Errorf("in %s the endpoint is %s, want %s", region, got, other)
		}
	}
}

// respond is Cognito, which gives every request the same response.
func respond(t *testing.T, response http.HandlerFunc) *cognitoClient {
	t.Helper()
	server := httptest.NewServer(response)
	t.Cleanup(server.Close)
	return newCognitoClient("eu-central-1", server.URL)
}

func TestErrorHasItsCodeButNotItsMessage(t *testing.T) {
	const personal = "ann@example.com"
	const message = `"message":"` + personal + `"}`
	for name, test := range map[string]struct {
		status       int
		header, body string
		code         string
	}{
		"the code in the body":          {400, "", `{"__type":"UserNotFoundException",` + message, "UserNotFoundException"},
		"with a namespace":              {400, "", `{"__type":"com.amazonaws.cognito#UserNotFoundException",` + message, "UserNotFoundException"},
		"the code in the header":        {404, "NotFoundException", `{` + message, "NotFoundException"},
		"with an address":               {404, "NotFoundException:http://internal.amazon.com/coral/", `{` + message, "NotFoundException"},
		"the code under another name":   {400, "", `{"code":"BadRequestException",` + message, "BadRequestException"},
		"a message in a capital letter": {400, "", `{"__type":"BadRequestException","Message":"` + personal + `"}`, "BadRequestException"},
		"no code":                       {503, "", "<html>" + personal, "status 503"},
		"nothing":                       {500, "", "", "status 500"},
	} {
		t.Run(name, func(t *testing.T) {
			u := respond(t, func(w http.ResponseWriter, _ *http.Request) {
				if test.header != "" {
					w.Header().Set("X-Amzn-ErrorType", test.header)
				}
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			})
			err := u.call(t.Context(), "ConfirmSignUp", userRequest{})
			e, ok := errors.AsType[*cognitoError](err)
			if !ok || logging.Reason(err) != test.code || strings.Contains(err.Error(), "ann") {
				t.Errorf("%v is logged as %s, want %s", err, logging.Reason(err), test.code)
			}
			if ok && e.message != personal && strings.HasSuffix(test.body, `"}`) {
				t.Errorf("the message is %q", e.message)
			}
		})
	}
}

func TestOversizedResponseIsAnError(t *testing.T) {
	u := respond(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(" ", maxResponse+1)) })
	if err := u.call(t.Context(), "ConfirmSignUp", userRequest{}); !isTooLong(err) {
		t.Errorf("got %v", err)
	}
}

func isTooLong(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

func TestTruncatedResponseIsAnError(t *testing.T) {
	u := respond(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "9")
		fmt.Fprint(w, "{")
	})
	if err := u.call(t.Context(), "ConfirmSignUp", userRequest{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	u := respond(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Error("the redirect is followed")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	err := u.call(t.Context(), "ConfirmSignUp", userRequest{})
	if e, ok := errors.AsType[*cognitoError](err); !ok || e.status != http.StatusTemporaryRedirect {
		t.Errorf("got %v", err)
	}
}

func TestConnectionsAreReused(t *testing.T) {
	for name, response := range map[string]http.HandlerFunc{
		"an empty response": func(http.ResponseWriter, *http.Request) {},
		"a response":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}\n\n") },
		"a response in parts": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "{")
			w.(http.Flusher).Flush()
			fmt.Fprint(w, "}")
		},
		"an error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{} sample", http.StatusBadRequest) },
	} {
		t.Run(name, func(t *testing.T) {
			connections := map[string]bool{}
			u := respond(t, func(w http.ResponseWriter, r *http.Request) {
				connections[r.RemoteAddr] = true
				response(w, r)
			})
			for range 3 {
				_ = u.call(t.Context(), "ConfirmSignUp", userRequest{})
			}
			if len(connections) != 1 {
				t.Errorf("there are %d connections", len(connections))
			}
		})
	}
}

// It would use up an attempt, or send a second mail.
func TestCallsAreNotRetried(t *testing.T) {
	endpoint, _, unanswered := functiontest.CloseIdle(t)
	u := newCognitoClient("", endpoint)
	var err error
	for n := 0; n < 50 && err == nil && unanswered.Load() == 0; n++ { // until one meets a closed connection
		err = u.call(t.Context(), "ConfirmSignUp", userRequest{})
	}
	if err == nil || unanswered.Load() != 1 {
		t.Errorf("%d requests have no response: %v", unanswered.Load(), err)
	}
}

// So a call need not meet a connection that Cognito has closed.
func TestIdleConnectionsAreNotReused(t *testing.T) {
	endpoint, answered, _ := functiontest.CloseIdle(t)
	u := newCognitoClient("", endpoint)
	u.client.Transport.(*http.Transport).IdleConnTimeout = 10 * time.Millisecond
	for range 3 {
		if err := u.call(t.Context(), "ConfirmSignUp", userRequest{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if answered.Load() != 3 {
		t.Errorf("it has responded %d times", answered.Load())
	}
	if got := newCognitoClient("", "").client.Transport.(*http.Transport).IdleConnTimeout; got != idle {
		t.Errorf("a connection is kept for %v", got)
	}
}

func TestTLSSessionsAreResumed(t *testing.T) {
	functiontest.CheckResumes(t, func(endpoint string) (*http.Transport, func()) {
		u := newCognitoClient("", endpoint)
		return u.client.Transport.(*http.Transport), func() {
			for range 2 {
				if err := u.call(t.Context(), "ConfirmSignUp", userRequest{}); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

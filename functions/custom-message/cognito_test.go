//go:build !noclients

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"poolpost/internal/clientname"
	"poolpost/internal/functiontest"
)

const driversID = "2driversexample3456789abcd"

// ask is the client that an event of the drivers' app is filled for, when
// Cognito is what answers says.
func ask(t *testing.T, h *handler, logged *functiontest.Log) string {
	t.Helper()
	logged.Reset()
	fill(t, h, newEvent(t, "SignUp", "callerContext.clientId", driversID))
	client, _ := logged.Lines(t)[0]["client"].(string)
	return client
}

// newAskingHandler is a handler with a Cognito behind it, which counts what it
// is asked.
func newAskingHandler(t *testing.T, answer http.HandlerFunc) (*handler, *functiontest.Log, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	h, logged := newHandler(t)
	h.clients = clientname.New(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample-secret-key", "sample-session-token"),
	})
	return h, logged, &asked
}

func describe(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"UserPoolClient":{"ClientId":%q,"ClientName":%q,"LastModifiedDate":1.7E9,"RefreshTokenValidity":30}}`, driversID, name)
	}
}

func TestClientIsLookedUpInCognito(t *testing.T) {
	h, logged, asked := newAskingHandler(t, func(w http.ResponseWriter, r *http.Request) {
		checkDescribe(t, r)
		describe("drivers")(w, r)
	})
	for range 3 {
		if client := ask(t, h, logged); client != "drivers" {
			t.Errorf("the client is %q, want drivers", client)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("Cognito was asked %d times; the first answer must be remembered", asked.Load())
	}
}

// checkDescribe checks that a request is a signed DescribeUserPoolClient.
func checkDescribe(t *testing.T, r *http.Request) {
	var input map[string]string
	if err := json.NewDecoder(r.Body).Decode(&input); err != nil || len(input) != 2 || input["UserPoolId"] != pool || input["ClientId"] != driversID {
		t.Errorf("the request asks for %s (%v)", input, err)
	}
	if got := r.Header.Get("X-Amz-Target"); got != "AWSCognitoIdentityProviderService.DescribeUserPoolClient" {
		t.Errorf("the target is %q", got)
	}
	if got := r.Header.Get("Authorization"); !strings.Contains(got, "/eu-central-1/cognito-idp/aws4_request") {
		t.Errorf("the signature is %s", got)
	}
}

func TestDefaultClientWhenCognitoDoesNotAnswer(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"Cognito refuses": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"NotAuthorizedException","message":"not allowed"}`)
		},
		"Cognito is throttling":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"Cognito is down":               func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"the answer is not JSON":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"the answer is cut off":         func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"UserPoolClient":{"ClientName":"dri`) },
		"the connection breaks":         func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"the name is of another client": describe("a client that these settings do not have"),
	} {
		t.Run(name, func(t *testing.T) {
			h, logged, _ := newAskingHandler(t, answer)
			if client := ask(t, h, logged); client != "riders" {
				t.Errorf("the client is %q, want the default, riders", client)
			}
		})
	}
}

func TestUnknownClientIsServedWithAWarning(t *testing.T) {
	h, logged, _ := newAskingHandler(t, describe("made-by-hand"))
	ask(t, h, logged)
	logged.CheckLine(t, map[string]any{
		"level": "WARN", "client": "riders", "warning": "the app client of the event is not in the settings",
	})
}

func TestFailedLookupIsNotCached(t *testing.T) {
	var recovered atomic.Bool
	h, logged, asked := newAskingHandler(t, func(w http.ResponseWriter, r *http.Request) {
		if !recovered.Load() {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		describe("drivers")(w, r)
	})
	if client := ask(t, h, logged); client != "riders" {
		t.Errorf("the client is %q, want the default, riders", client)
	}
	recovered.Store(true)
	if client := ask(t, h, logged); client != "drivers" || asked.Load() != 2 {
		t.Errorf("the client is %q after %d requests, want drivers after 2", client, asked.Load())
	}
}

func TestSlowLookupTakesAtMostASecond(t *testing.T) {
	h, logged, _ := newAskingHandler(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	start := time.Now()
	if client := ask(t, h, logged); client != "riders" {
		t.Errorf("the client is %q, want the default, riders", client)
	}
	if took := time.Since(start); took < 500*time.Millisecond || took > 3*time.Second {
		t.Errorf("it took %v; Cognito waits 5 seconds for the function, and some of them are needed for a cold start", took)
	}
}

func TestNoLookupWithoutAnAppClient(t *testing.T) {
	for name, caller := range map[string]any{
		"for an operation without an app client": map[string]any{"clientId": "CLIENT_ID_NOT_APPLICABLE"},
		"for an event with a null client":        map[string]any{"clientId": nil},
		"for an event without a client":          map[string]any{},
		"for an event without a caller":          nil,
	} {
		t.Run(name, func(t *testing.T) {
			h, logged, asked := newAskingHandler(t, describe("drivers"))
			fill(t, h, newEvent(t, "ForgotPassword", "callerContext", caller))
			logged.CheckLine(t, map[string]any{"client": "riders"})
			if asked.Load() != 0 {
				t.Errorf("Cognito was asked %d times", asked.Load())
			}
		})
	}
}

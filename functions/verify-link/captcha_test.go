//go:build !noaltcha

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"poolpost/internal/altcha"
	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/secret"
)

// challenges hands out challenges, with a secret that Secrets Manager answers so.
func challenges(t *testing.T, answer http.HandlerFunc) (http.Handler, *functiontest.Log) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	cfg := aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample", ""),
	}
	logged := &functiontest.Log{}
	c := config.Challenges{Difficulty: 2, ExpiryMinutes: 10, Origins: []string{"https://app.example.com", "http://localhost:5173"}}
	return captcha{c, secret.New(cfg, "captcha-key"), logged.Logger("verify-link"), time.Now}, logged
}

func hasSecret(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, `{"SecretString":"sample-key"}`)
}

func TestAChallengeIsForThePagesOfTheClients(t *testing.T) {
	h, logged := challenges(t, hasSecret)
	for origin, want := range map[string]string{
		"https://app.example.com":              "https://app.example.com",
		"http://localhost:5173":                "http://localhost:5173",
		"http://localhost:5174":                "",
		"https://app.example.com.evil.example": "",
		"https://APP.example.com":              "", // browsers write it in lower case
		"null":                                 "",
		"":                                     "",
	} {
		request := httptest.NewRequest(http.MethodGet, "/captcha", nil)
		if origin != "" {
			request.Header.Set("Origin", origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request)
		header := w.Result().Header
		if got := header.Get("Access-Control-Allow-Origin"); got != want || header.Get("Vary") != "Origin" || header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%q may read it as %q", origin, got)
		}
		if w.Code != http.StatusOK || header.Get("Content-Type") != "application/json" || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q: got %d with %v", origin, w.Code, header)
		}
		proof, err := altcha.Solve(w.Body.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for after, want := range map[time.Duration]string{9 * time.Minute: "", 11 * time.Minute: altcha.Expired} {
			if got := altcha.Verify("sample-key", proof, time.Now().Add(after)); got != want {
				t.Errorf("after %v: %q, want %q", after, got, want)
			}
		}
	}
	for _, line := range logged.Lines(t) {
		if line["Outcome"] != "challenge" || line["level"] != "INFO" {
			t.Errorf("it logs %v", line)
		}
	}
}

func TestNoChallengeWithoutTheSecret(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		reason string
	}{
		"no permission": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
			w.WriteHeader(400)
			fmt.Fprint(w, `{"message":"secret"}`)
		}, "AccessDeniedException"},
		"no text":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }, "the key has no text"},
		"no answer": {func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() }, "timeout"},
	} {
		h, logged := challenges(t, test.answer)
		request := httptest.NewRequest(http.MethodGet, "/captcha", nil)
		request.Header.Set("Origin", "https://app.example.com")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request)
		var body struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Error == "" {
			t.Errorf("%s: the widget cannot show %s", name, w.Body)
		}
		header := w.Result().Header
		if w.Code != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || header.Get("Access-Control-Allow-Origin") == "" || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: got %d with %v", name, w.Code, header)
		}
		logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "captcha-unavailable", "reason": test.reason})
	}
}

// Only GET and HEAD ask for one, at exactly this path, and only with ALTCHA.
func TestWhereChallengesAre(t *testing.T) {
	h, _ := challenges(t, hasSecret)
	for name, test := range map[string]struct {
		method, path string
		captcha      http.Handler
		status       int
	}{
		"GET":                   {http.MethodGet, "/captcha", h, http.StatusOK},
		"HEAD":                  {http.MethodHead, "/captcha", h, http.StatusOK},
		"POST":                  {http.MethodPost, "/captcha", h, http.StatusNotFound},
		"a path below it":       {http.MethodGet, "/captcha/", h, http.StatusNotFound},
		"without ALTCHA":        {http.MethodGet, "/captcha", nil, http.StatusNotFound},
		"a form without ALTCHA": {http.MethodPost, "/captcha", nil, http.StatusNotFound},
		"the page beside it":    {http.MethodGet, "/health", h, http.StatusOK},
	} {
		page := newSite(t).handler
		page.captcha = test.captcha
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequest(test.method, test.path, nil))
		if w.Code != test.status {
			t.Errorf("%s: got %d, want %d", name, w.Code, test.status)
		}
	}
}

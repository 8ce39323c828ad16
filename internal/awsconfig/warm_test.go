package awsconfig

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"poolpost/internal/functiontest"
)

func TestWarm_doesNotWaitLongForASilentService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		Warm(t.Context(), sample(&silent{}), "https://sqs.example.com", "https://cognito.example.com")
		if took := time.Since(start); took != warmLimit {
			t.Errorf("it waits %v", took)
		}
	})
}

func TestWarm_opensAConnectionToEachEndpoint(t *testing.T) {
	requests := make(chan *http.Request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { requests <- r }))
	defer server.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	cfg := aws.Config{HTTPClient: newHTTPClient()}
	Warm(t.Context(), cfg, gone.URL, "::", "", server.URL)
	select {
	case r := <-requests:
		if r.Method != http.MethodGet || r.Header.Get("Authorization") != "" {
			t.Errorf("it is asked for %s %s", r.Method, r.URL)
		}
	default:
		t.Error("it is not asked")
	}
	cfg.BaseEndpoint = &server.URL
	Warm(t.Context(), cfg, gone.URL)
	if len(requests) != 1 {
		t.Error("the base endpoint is not asked")
	}
}

func TestWarm_callsUseItsConnection(t *testing.T) {
	var connections []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		connections = append(connections, r.RemoteAddr)
	}))
	defer server.Close()
	cfg := sample(nil)
	cfg.HTTPClient, cfg.BaseEndpoint = newHTTPClient(), &server.URL
	Warm(t.Context(), cfg)
	for range 2 {
		_ = send(t.Context(), WithRetries(cfg))
	}
	if len(connections) != 3 || connections[0] != connections[2] {
		t.Errorf("the connections are %q", connections)
	}
}

func TestTLSSessionsAreResumed(t *testing.T) {
	functiontest.CheckResumes(t, func(endpoint string) (*http.Transport, func()) {
		client, cfg := newHTTPClient(), sample(nil)
		cfg.HTTPClient, cfg.BaseEndpoint = client, &endpoint
		return client.Transport.(*http.Transport), func() {
			Warm(t.Context(), cfg)
			_ = send(t.Context(), cfg)
		}
	})
}

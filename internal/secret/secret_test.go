package secret

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// manager is Secrets Manager, with what it answers and how often it was asked.
type manager struct {
	asked  atomic.Int32
	answer atomic.Value // a string; "fail" and "wait" are none
}

func (m *manager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.asked.Add(1)
	switch text := m.answer.Load().(string); text {
	case "fail":
		w.Header().Set("X-Amzn-ErrorType", "InternalServiceError")
		w.WriteHeader(500)
	case "wait":
		_, _ = io.Copy(io.Discard, r.Body) // or nothing notices that the client is gone
		<-r.Context().Done()
	default:
		fmt.Fprintf(w, `{"SecretString":%q}`, text)
	}
}

func start(t *testing.T) (*manager, *Secret) {
	m := &manager{}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	return m, New(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample", ""),
	}, "myapp/captcha")
}

func TestAValueIsReadWhenItIsNeededAndAgainLater(t *testing.T) {
	m, s := start(t)
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return now }
	if m.asked.Load() != 0 {
		t.Error("it is read before it is needed")
	}
	for _, step := range []struct {
		name, answer string
		wait         time.Duration
		want         string // empty: an error
		asked        int32  // in all
	}{
		{"an error at first", "fail", 0, "", 1},
		{"an empty one", " \n", 0, "", 2},
		{"the first value", "one\n", 0, "one", 3},
		{"a new value, which is not read yet", "two", maxAge - time.Second, "one", 3},
		{"the new value", "two", time.Second, "two", 4},
		{"an error after a value", "fail", maxAge, "two", 5},
		{"which is not asked for again at once", "three", maxAge - time.Second, "two", 5},
		{"until it answers", "three", time.Second, "three", 6},
		{"an empty one after a value", "", maxAge, "three", 7},
		{"a silence after a value", "wait", maxAge, "three", 8},
	} {
		now = now.Add(step.wait)
		m.answer.Store(step.answer)
		begin := time.Now()
		got, err := s.Value(t.Context())
		if got != step.want || (err == nil) != (step.want != "") || m.asked.Load() != step.asked {
			t.Errorf("%s: got %q, %v, asked %d times, want %q, %d times", step.name, got, err, m.asked.Load(), step.want, step.asked)
		}
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("%s: it took %v", step.name, took)
		}
	}
}

func TestSilenceEndsWithTheContext(t *testing.T) {
	m, s := start(t)
	m.answer.Store("wait")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got, err := s.Value(ctx); err == nil {
		t.Errorf("got %q", got)
	}
}

func TestManyAskAtOnce(t *testing.T) {
	m, s := start(t)
	m.answer.Store("one")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got, err := s.Value(t.Context()); got != "one" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	all.Wait()
	if m.asked.Load() != 1 {
		t.Errorf("it is read %d times", m.asked.Load())
	}
}

func TestEndpoint(t *testing.T) {
	if got := Endpoint(t.Context(), "eu-central-1"); got != "https://secretsmanager.eu-central-1.amazonaws.com" {
		t.Errorf("got %s", got)
	}
}

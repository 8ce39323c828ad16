package main

import (
	"bytes"
	"crypto/md5"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// awsStub answers every call of AWS at once and with success. Its times are part of every figure,
// so it does as little as it can.
func awsStub(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	switch {
	case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".SendMessage"):
		to := &mails
		if bytes.Contains(body, []byte("/events")) {
			to = &events
		}
		answer, err := to.answer(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = w.Write(answer)
	case r.Header.Get("X-Amz-Target") == "secretsmanager.GetSecretValue":
		_, _ = io.WriteString(w, `{"SecretString":"sample"}`)
	case r.URL.Path == "/siteverify": // of a captcha
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"success":true,"hostname":"app.example.com","action":"signup"}`)
	case strings.HasSuffix(r.URL.Path, "/invocations"): // of a hook
		_, _ = io.WriteString(w, `{"decision":"accept"}`)
	case strings.HasPrefix(r.URL.Path, "/v2/email/"):
		_, _ = io.WriteString(w, `{"MessageId":"sample"}`)
	default:
		_, _ = io.WriteString(w, "{}")
	}
}

// A queue keeps its answer to the last SendMessage: a warm process sends the same message again
// and again, and would wait for each hash of it.
type queue struct {
	mu      sync.Mutex
	message json.RawMessage
	last    []byte
}

var mails, events queue

// answer has the hash of the message, which the SDK compares.
func (q *queue) answer(body []byte) ([]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.message != nil && bytes.Contains(body, q.message) {
		return q.last, nil
	}
	var in struct{ MessageBody json.RawMessage }
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	var message string
	if err := json.Unmarshal(in.MessageBody, &message); err != nil {
		return nil, err
	}
	q.message = in.MessageBody
	q.last = fmt.Appendf(nil, `{"MessageId":"00000000-0000-4000-8000-000000000001","MD5OfMessageBody":"%x"}`,
		md5.Sum([]byte(message)))
	return q.last, nil
}

// stubs are the stub over HTTP and over TLS, and a CA bundle with the certificate of the latter
// and those of this machine: reading it costs a function as much as reading Lambda's.
type stubs struct {
	plain, tls *httptest.Server
	bundle     string
}

func newStubs(dir string, handler http.HandlerFunc) (*stubs, error) {
	s := &stubs{
		plain:  httptest.NewServer(handler),
		tls:    httptest.NewUnstartedServer(handler),
		bundle: filepath.Join(dir, "ca-bundle.crt"),
	}
	s.tls.Config.ErrorLog = log.New(io.Discard, "", 0) // of processes that end while they connect
	s.tls.StartTLS()
	roots, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		fmt.Fprintln(os.Stderr, "no CA bundle at /etc/ssl/certs: the figures do not include reading one")
	}
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.tls.Certificate().Raw})
	if err := os.WriteFile(s.bundle, append(roots, own...), 0o644); err != nil {
		s.Close()
		return nil, fmt.Errorf("write the CA bundle: %w", err)
	}
	return s, nil
}

// env directs a function to the stub.
func (s *stubs) env(tls bool) map[string]string {
	url := s.plain.URL
	if tls {
		url = s.tls.URL
	}
	return map[string]string{
		"AWS_ENDPOINT_URL": url,
		"CAPTCHA_URL":      url + "/siteverify",
		"SSL_CERT_FILE":    s.bundle,
		// infra/functions.go says why.
		"SSL_CERT_DIR": "/nonexistent",
		"GOMAXPROCS":   "1",
	}
}

func (s *stubs) Close() {
	s.plain.Close()
	s.tls.Close()
}

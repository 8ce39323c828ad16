package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/rules"
)

// aws-lambda-go prints the error of an invocation, which here is an answer to
// the person. So this test runs once more as the function itself, with a Lambda
// Runtime API (developer guide, "Using the Lambda runtime API") that has one
// event.
func TestARefusalIsOneLineOfTheLog(t *testing.T) {
	const child = "PRE_SIGN_UP_TEST_CHILD"
	if os.Getenv(child) != "" {
		main()
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	answers, events := make(chan string, 1), make(chan []byte, 1)
	events <- functiontest.Events(t)["sign-up-with-a-denied-address-in-french"]
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case event := <-events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "sample-request")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			_, _ = w.Write(event)
		default: // the function has done everything with its event
			cancel()
			<-r.Context().Done()
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/sample-request/error", func(w http.ResponseWriter, r *http.Request) {
		answer, _ := io.ReadAll(r.Body)
		answers <- string(answer)
		w.WriteHeader(http.StatusAccepted)
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	dir, _ := functiontest.Dir[config.PreSignUp](t, "pre-sign-up")
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), child+"=1", "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"),
		"AWS_LAMBDA_LOG_FORMAT=JSON", "LAMBDA_TASK_ROOT="+dir)
	command.Stdout, command.Stderr = &stdout, &stderr
	_ = command.Run() // it ends by being stopped

	select {
	case answer := <-answers:
		if !strings.Contains(answer, rules.DomainNotAllowed+": ") {
			t.Errorf("Lambda is told %s", answer)
		}
	default:
		t.Error("Lambda is told nothing")
	}
	var line map[string]any
	if err := json.Unmarshal(stdout.Bytes(), &line); err != nil || line["Outcome"] != rules.DomainNotAllowed {
		t.Errorf("want one line, of %s: %v: %s", rules.DomainNotAllowed, err, &stdout)
	}
	if stderr.Len() != 0 {
		t.Errorf("it printed %s", &stderr)
	}
}

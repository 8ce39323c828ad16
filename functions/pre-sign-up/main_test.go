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
	"path/filepath"
	"strings"
	"testing"
	"time"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/rules"
)

// child is set when this test runs as the function itself.
const child = "PRE_SIGN_UP_TEST_CHILD"

// runMain runs this test once more as the function itself, with the files of dir
// and a Lambda Runtime API (developer guide, "Using the Lambda runtime API") that
// has one event. It returns the error that Lambda gets, and what is printed.
func runMain(t *testing.T, dir string, event []byte) (answer, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	answers, events := make(chan string, 1), make(chan []byte, 1)
	events <- event
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

	var printed, complained bytes.Buffer
	command := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), child+"=1", "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"),
		"LAMBDA_TASK_ROOT="+dir)
	command.Stdout, command.Stderr = &printed, &complained
	_ = command.Run() // it ends by being stopped
	select {
	case answer = <-answers:
	default:
		t.Error("Lambda gets no error")
	}
	return answer, printed.String(), complained.String()
}

// aws-lambda-go prints the error of an invocation, which here is an answer to
// the person.
func TestRefusalIsOneLogLine(t *testing.T) {
	if os.Getenv(child) != "" {
		main()
		return
	}
	dir, _ := functiontest.Dir[config.PreSignUp](t, "pre-sign-up")
	answer, stdout, stderr := runMain(t, dir, functiontest.Events(t)["sign-up-with-a-denied-address-in-french"])
	checkOneLine(t, rules.DomainNotAllowed, answer, stdout, stderr)
}

func TestMissingRulesRefuse(t *testing.T) {
	if os.Getenv(child) != "" {
		main()
		return
	}
	answer, stdout, stderr := runMain(t, t.TempDir(), functiontest.Events(t)["sign-up"])
	checkOneLine(t, rules.TryAgain, answer, stdout, stderr)
}

func TestConfigure_withoutItsOptionalPart(t *testing.T) {
	defer func(f func(config.PreSignUp, string) (rules.Network, accounts, clientNames, error)) { newAWS = f }(newAWS)
	newAWS = nil
	t.Setenv("MAIL_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/123456789012/mail.fifo")
	for settings, want := range map[string]error{
		`{"locales":["en"],"externalProviders":{"policy":"accept"}}`:                                   nil,
		`{"locales":["en"],"externalProviders":{"policy":"link"}}`:                                     lambdaenv.ErrLeftOut,
		`{"locales":["en"],"externalProviders":{"policy":"link","linkReplacesPassword":true}}`:         lambdaenv.ErrLeftOut,
		`{"locales":["en"],"hook":{"function":"sign-up-hook","timeoutMs":100,"onFailure":"accept"}}`:   lambdaenv.ErrLeftOut,
		`{"locales":["en"],"externalProviders":{"policy":"accept"},"email":{"refuseSuppressed":true}}`: lambdaenv.ErrLeftOut,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, config.File), []byte(settings), 0o644); err != nil {
			t.Fatal(err)
		}
		h, err := configure(dir, logging.New("pre-sign-up"))
		if err != want || err == nil && h.accounts != nil {
			t.Errorf("%s: got %v, want %v", settings, err, want)
		}
	}
}

// Clients that are older than the function are in its environment: nobody is asked for their names.
func TestConfigure_withTheIDsOfItsClients(t *testing.T) {
	dir := t.TempDir()
	const settings = `{"locales":["en"],"externalProviders":{"policy":"accept"},"clients":["web","kiosk"],
		"hook":{"function":"sign-up-hook","timeoutMs":100,"onFailure":"accept"}}`
	if err := os.WriteFile(filepath.Join(dir, config.File), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	defer func(f func(config.PreSignUp, string) (rules.Network, accounts, clientNames, error)) { newAWS = f }(newAWS)
	newAWS = func(config.PreSignUp, string) (rules.Network, accounts, clientNames, error) {
		return rules.Network{}, nil, config.ClientIDs{}, nil
	}
	t.Setenv(clientIDs, `{"web":"1sample","kiosk":"2sample"}`)
	h, err := configure(dir, logging.New("pre-sign-up"))
	if err != nil {
		t.Fatal(err)
	}
	if name, err := h.clients.ClientName(t.Context(), "", "2sample"); name != "kiosk" || err != nil {
		t.Errorf("2sample is %q, %v", name, err)
	}
	t.Setenv(clientIDs, "1sample")
	if _, err := configure(dir, logging.New("pre-sign-up")); err == nil || !strings.Contains(err.Error(), clientIDs) {
		t.Errorf("got %v", err)
	}
}

func checkOneLine(t *testing.T, code, answer, stdout, stderr string) {
	t.Helper()
	if !strings.Contains(answer, code+": ") {
		t.Errorf("Lambda gets %s", answer)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(stdout), &line); err != nil || line["Outcome"] != code {
		t.Errorf("want one line, of %s: %v: %s", code, err, stdout)
	}
	if stderr != "" {
		t.Errorf("it printed %s", stderr)
	}
}

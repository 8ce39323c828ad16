package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/lambdaenv"
)

func TestStart_withoutItsOptionalPart(t *testing.T) {
	defer func(f func(aws.Config) (users, string)) { newUsers = f }(newUsers)
	newUsers = nil
	t.Setenv("MAIL_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/123456789012/sample-mail.fifo")
	dir, c := functiontest.Dir[config.PostConfirmation](t, "post-confirmation")
	if len(c.Groups) == 0 {
		t.Fatal("the sample settings have no groups")
	}
	logged := &functiontest.Log{}
	cfg := functiontest.AWS(func(*http.Request, string, []byte) (any, error) { return nil, nil }).Config()
	event := functiontest.Events(t)["confirm-sign-up"]
	reply, err := start(dir, cfg, logged.Logger("post-confirmation")).Invoke(t.Context(), event)
	if err != nil || !bytes.Equal(reply, event) {
		t.Errorf("got %q, %v, want the event as it was", reply, err)
	}
	logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed", "reason": lambdaenv.ErrLeftOut.Error()})

	if err := os.WriteFile(filepath.Join(dir, config.File), []byte(`{"locales": ["en"]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	logged.Reset()
	_, _ = start(dir, cfg, logged.Logger("post-confirmation")).Invoke(t.Context(), event)
	logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed", "reason": lambdaenv.ErrLeftOut.Error()})

	if err := os.WriteFile(filepath.Join(dir, config.File), []byte(`{}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if h := start(dir, cfg, logged.Logger("post-confirmation")); h.(*handler).users != nil {
		t.Error("without groups in the settings, it asks Cognito")
	}
}

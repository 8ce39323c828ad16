package awsconfig

import (
	"context"
	"testing"
)

func TestLoadUsesTheFunctionsRole(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "sample-id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "sample-secret")
	t.Setenv("AWS_SESSION_TOKEN", "sample-token")
	t.Setenv("AWS_ENDPOINT_URL", "")
	cfg := Load()
	if cfg.Region != "eu-central-1" {
		t.Errorf("the region is %q", cfg.Region)
	}
	if cfg.BaseEndpoint != nil {
		t.Errorf("calls go to %q and not to AWS", *cfg.BaseEndpoint)
	}
	got, err := cfg.Credentials.Retrieve(context.Background())
	if err != nil || got.AccessKeyID != "sample-id" || got.SecretAccessKey != "sample-secret" || got.SessionToken != "sample-token" {
		t.Errorf("the credentials are not those of the environment: %v", err)
	}
}

func TestLoadWithAnotherEndpoint(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9229")
	cfg := Load()
	if cfg.BaseEndpoint == nil || *cfg.BaseEndpoint != "http://127.0.0.1:9229" {
		t.Errorf("calls go to %v", cfg.BaseEndpoint)
	}
}

func TestMissingCredentialsFailAtOnce(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	if got, err := Load().Credentials.Retrieve(context.Background()); err == nil {
		t.Errorf("got %+v", got)
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"poolpost/cmd/internal/cli"
)

const sampleOutputs = `{"Poolpost-App-Users-dev": {
  "Region": "eu-central-1",
  "UserPoolId": "eu-central-1_Sample001",
  "ClientId": "sampleclientid0000000000001",
  "ClientIds": "{\"web\":\"sampleclientid0000000000001\",\"kiosk-2\":\"sampleclientid0000000000002\"}",
  "MailQueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/sample.fifo",
  "IdentityPoolId": "eu-central-1:00000000-0000-4000-8000-000000000000"
}}`

func TestOutputsWritesFrontEndFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "outputs.json")
	if err := os.WriteFile(file, []byte(sampleOutputs), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	must(t, "outputs", "--from", file)
	for name, want := range map[string]string{
		"amplify_outputs.json": `{
  "auth": {
    "aws_region": "eu-central-1",
    "identity_pool_id": "eu-central-1:00000000-0000-4000-8000-000000000000",
    "user_pool_client_id": "sampleclientid0000000000001",
    "user_pool_id": "eu-central-1_Sample001"
  },
  "version": "1.3"
}
`,
		".env.poolpost": `POOLPOST_CLIENT_ID='sampleclientid0000000000001'
POOLPOST_CLIENT_ID_KIOSK_2='sampleclientid0000000000002'
POOLPOST_CLIENT_ID_WEB='sampleclientid0000000000001'
POOLPOST_IDENTITY_POOL_ID='eu-central-1:00000000-0000-4000-8000-000000000000'
POOLPOST_REGION='eu-central-1'
POOLPOST_USER_POOL_ID='eu-central-1_Sample001'
`,
	} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestClientsWithCollidingNamesGetDistinctVariables(t *testing.T) {
	file := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(file, []byte(`{"A": {"ClientIds": "{\"a-b\":\"1\",\"a_b\":\"2\"}"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, errOut := execute(t, "outputs", "--from", file)
	if want := "two clients would be POOLPOST_CLIENT_ID_A_B, one of them a_b: rename it in the settings\n"; code != cli.Failed || !strings.HasSuffix(errOut, want) {
		t.Errorf("exit code %d, %q, want %q", code, errOut, want)
	}
}

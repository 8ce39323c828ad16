package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"poolpost/cmd/internal/cli"
)

var sampleOutputs = map[string]string{
	"Region":         "eu-central-1",
	"UserPoolId":     "eu-central-1_Sample001",
	"ClientId":       "sampleclientid0000000000001",
	"ClientIds":      `{"web":"sampleclientid0000000000001","kiosk-2":"sampleclientid0000000000002"}`,
	"MailQueueUrl":   "https://sqs.eu-central-1.amazonaws.com/123456789012/sample.fifo",
	"IdentityPoolId": "eu-central-1:00000000-0000-4000-8000-000000000000",
	"LinksUrl":       "https://links.example.com",
}

func TestOutputsWritesFrontEndFiles(t *testing.T) {
	newFakeAWS(t).stackIs("UPDATE_COMPLETE", sampleOutputs)
	dir := t.TempDir()
	t.Chdir(dir)
	if code, _, errOut := execute(t, "outputs"); code != cli.Done {
		t.Fatalf("exit code %d, %s", code, errOut)
	}
	for name, want := range map[string]string{
		"amplify_outputs.json": `{
  "auth": {
    "aws_region": "eu-central-1",
    "identity_pool_id": "eu-central-1:00000000-0000-4000-8000-000000000000",
    "mfa_configuration": "NONE",
    "password_policy": {
      "min_length": 8,
      "require_lowercase": false,
      "require_numbers": true,
      "require_symbols": false,
      "require_uppercase": false
    },
    "standard_required_attributes": [
      "email"
    ],
    "unauthenticated_identities_enabled": true,
    "user_pool_client_id": "sampleclientid0000000000001",
    "user_pool_id": "eu-central-1_Sample001",
    "user_verification_types": [
      "email"
    ],
    "username_attributes": [
      "email"
    ]
  },
  "custom": {
    "attributes": [
      {
        "key": "custom:agentName",
        "label": {
          "ar": "اسم الوكيل",
          "en": "Agent name",
          "fr": "Nom d’agent"
        },
        "max_length": 40,
        "required": true
      }
    ],
    "help_url": "https://links.example.com/help?client=sampleclientid0000000000001"
  },
  "version": "1.3"
}
`,
		".env.poolpost": `POOLPOST_CLIENT_ID='sampleclientid0000000000001'
POOLPOST_CLIENT_ID_KIOSK_2='sampleclientid0000000000002'
POOLPOST_CLIENT_ID_WEB='sampleclientid0000000000001'
POOLPOST_IDENTITY_POOL_ID='eu-central-1:00000000-0000-4000-8000-000000000000'
POOLPOST_LINKS_URL='https://links.example.com'
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
	newFakeAWS(t).stackIs("UPDATE_COMPLETE", map[string]string{"ClientIds": `{"a-b":"1","a_b":"2"}`})
	t.Chdir(t.TempDir())
	code, _, errOut := execute(t, "outputs")
	if want := "two clients would be POOLPOST_CLIENT_ID_A_B, one of them a_b: rename it in the settings\n"; code != cli.Failed || !strings.HasSuffix(errOut, want) {
		t.Errorf("exit code %d, %q, want %q", code, errOut, want)
	}
}

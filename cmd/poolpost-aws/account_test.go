package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/settings/settingstest"
)

// stackCommands are those that act on what is deployed.
var stackCommands = []string{"outputs", "dead-letters", "redrive"}

// What goes wrong before a command acts is one line, with the remedy, and nothing else is called.
func TestCommandsExplainWhyTheyCannotAct(t *testing.T) {
	identity := func(a answer) func(*fakeAWS) { return func(f *fakeAWS) { f.answers["GetCallerIdentity"] = a } }
	stack := func(a answer) func(*fakeAWS) {
		return func(f *fakeAWS) { f.answers["DescribeStacks "+sampleStack] = a }
	}
	status := func(s string) func(*fakeAWS) { return func(f *fakeAWS) { f.stackIs(s, nil) } }
	for _, test := range []struct {
		name   string
		change func(*fakeAWS)
		want   string
	}{
		{"no credentials", func(*fakeAWS) { t.Setenv("AWS_ACCESS_KEY_ID", "") },
			"there are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "},
		{"a profile that does not exist", func(*fakeAWS) { t.Setenv("AWS_PROFILE", "nobody") }, "there is no AWS profile nobody: set AWS_PROFILE to "},
		{"an expired token", identity(refused("ExpiredToken", "expired")), "the AWS credentials have expired: run aws sso login, or "},
		{"another expired token", stack(refused("ExpiredTokenException", "expired")), "the AWS credentials have expired: run aws sso login, or "},
		{"unknown credentials", identity(refused("InvalidClientTokenId", "invalid")), "AWS does not know these credentials: check AWS_PROFILE, "},
		{"a wrong secret", identity(refused("SignatureDoesNotMatch", "no")), "AWS refuses the signature: check AWS_SECRET_ACCESS_KEY, and the clock"},
		{"no permission", stack(accessDenied()), "these credentials may not call CloudFormation DescribeStacks: allow it "},
		{"too many calls", stack(refused("Throttling", "Rate exceeded")), "AWS throttles CloudFormation DescribeStacks: try again"},
		{"something unknown", stack(refused("Strange", "in\n  two lines")), "CloudFormation DescribeStacks: Strange: in two lines"},
		{"no network", func(f *fakeAWS) { f.Close() }, "STS GetCallerIdentity cannot be reached: check pool.region, the network and HTTPS_PROXY ("},
		{"no stack", stack(refused("ValidationError", "Stack with id "+sampleStack+" does not exist")),
			"there is no stack " + sampleStack + " in region eu-central-1 of account 123456789012: check --settings, --stage and AWS_PROFILE, or run make deploy SETTINGS="},
		{"a failed rollback", status("UPDATE_ROLLBACK_FAILED"),
			"the stack " + sampleStack + " is in UPDATE_ROLLBACK_FAILED: fix what its events in the CloudFormation console name, then run " +
				"aws cloudformation continue-update-rollback --stack-name " + sampleStack + " --region eu-central-1"},
		{"a failed creation", status("ROLLBACK_COMPLETE"), "is in ROLLBACK_COMPLETE: its creation failed; read its events"},
		{"a creation", status("CREATE_IN_PROGRESS"), "is in CREATE_IN_PROGRESS: wait until it is complete"},
		{"a deletion", status("DELETE_IN_PROGRESS"), "is in DELETE_IN_PROGRESS: it is being deleted"},
		{"a failed deletion", status("DELETE_FAILED"), "is in DELETE_FAILED: delete it again"},
		{"a stack without outputs", status("UPDATE_COMPLETE"), "the stack " + sampleStack + " has no output "},
	} {
		for _, command := range stackCommands {
			f := newFakeAWS(t)
			test.change(f)
			code, out, errOut := execute(t, command)
			line := strings.TrimSuffix(strings.TrimPrefix(errOut, "stack "+sampleStack+", region eu-central-1, account 123456789012\n"), "\n")
			if code != cli.Failed || out != "" || !strings.Contains(line, test.want) || strings.Contains(line, "\n") {
				t.Errorf("%s, %s: exit code %d, %q, %q, want %q", test.name, command, code, out, errOut, test.want)
			}
			for _, call := range f.calls {
				if call != "GetCallerIdentity" && call != "DescribeStacks "+sampleStack {
					t.Errorf("%s, %s: %s was called", test.name, command, call)
				}
			}
		}
	}
}

// What a profile needs first is named.
func TestProfilesThatNeedSomething(t *testing.T) {
	for name, test := range map[string]struct{ config, want string }{
		"no sign-in yet": {
			"[profile sample]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\n[sso-session s]\nsso_region = eu-central-1\nsso_start_url = https://sample.example.com/start\n",
			"the AWS sign-in has expired: run aws sso login\n"},
		"no sign-in yet, in the old form": {
			"[profile sample]\nsso_region = eu-central-1\nsso_start_url = https://sample.example.com/start\nsso_account_id = 123456789012\nsso_role_name = r\n",
			"the AWS sign-in has expired: run aws sso login\n"},
		"an MFA code": {
			"[profile base]\naws_access_key_id = sample\naws_secret_access_key = sample\n[profile sample]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/m\n",
			`the AWS profile asks for an MFA code: run eval "$(aws configure export-credentials --format env)" first` + "\n"},
		"a process that fails": {
			"[profile sample]\ncredential_process = /nonexistent\n", "there are no AWS credentials: set AWS_PROFILE, or "},
		"half a key": {
			"[profile sample]\naws_access_key_id = sample\n", "there are no AWS credentials: set AWS_PROFILE, or "},
	} {
		withoutAWS(t)
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte(test.config), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("AWS_CONFIG_FILE", file)
		t.Setenv("AWS_PROFILE", "sample")
		t.Setenv("HOME", t.TempDir())
		if code, _, errOut := execute(t, "outputs"); code != cli.Failed || !strings.HasPrefix(errOut, test.want) || strings.Count(errOut, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q, want %q", name, code, errOut, test.want)
		}
	}
}

// Good credentials are refused in a region that the account has not enabled.
func TestRegionThatIsNotEnabled(t *testing.T) {
	f := newFakeAWS(t)
	first := true
	f.answers = nil
	f.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !first && strings.Contains(r.Header.Get("Authorization"), "/us-east-1/sts/") {
			_, _ = w.Write([]byte("<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"))
			return
		}
		first = false
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>"))
	})
	_, _, errOut := execute(t, "outputs")
	if want := "region eu-central-1 is not enabled in this account: enable it in the console"; !strings.HasPrefix(errOut, want) {
		t.Errorf("got %q, want %q", errOut, want)
	}
}

// Outside EC2, nothing answers at the address of the metadata service.
func TestMissingCredentialsAreReportedWithinASecond(t *testing.T) {
	withoutAWS(t)
	block := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-block }))
	defer server.Close()
	defer close(block)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.URL)
	began := time.Now()
	code, _, errOut := execute(t, "redrive")
	if took := time.Since(began); code != cli.Failed || !strings.HasPrefix(errOut, "there are no AWS credentials: set AWS_PROFILE") || took > time.Second {
		t.Errorf("after %s: exit code %d, %q", took, code, errOut)
	}
}

// The role of an EC2 instance is used.
func TestCredentialsOfEC2(t *testing.T) {
	f := newFakeAWS(t)
	f.stackIs("UPDATE_COMPLETE", map[string]string{"ClientIds": "{}"})
	t.Chdir(t.TempDir())
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/latest/api/token":
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
			_, _ = w.Write([]byte("sample"))
		case "/latest/meta-data/iam/security-credentials/":
			_, _ = w.Write([]byte("role"))
		case "/latest/meta-data/iam/security-credentials/role":
			_, _ = w.Write([]byte(`{"Code":"Success","AccessKeyId":"sample","SecretAccessKey":"sample","Token":"sample","Expiration":"2126-01-01T00:00:00Z"}`))
		}
	}))
	defer metadata.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.URL)
	if code, _, errOut := execute(t, "outputs"); code != cli.Done {
		t.Errorf("exit code %d, %s", code, errOut)
	}
}

// The stack is that of the settings and the stage, or that of an app of your own.
func TestWhichStack(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--stage", "prod"}, "Poolpost-App-Users-prod"},
		{[]string{"--stack", "MyApp"}, "MyApp"},
	} {
		f := newFakeAWS(t)
		f.answers["DescribeStacks "+test.want] = ok("<Stacks>" + stackXML(test.want, "CREATE_COMPLETE", map[string]string{"ClientIds": `{"web":"1"}`}) + "</Stacks>")
		t.Chdir(t.TempDir())
		code, _, errOut := execute(t, append([]string{"outputs"}, test.args...)...)
		if want := "stack " + test.want + ", region eu-central-1, account 123456789012\n"; code != cli.Done || errOut != want {
			t.Errorf("%v: exit code %d, %q, want %q", test.args, code, errOut, want)
		}
		if !slices.Contains(f.calls, "DescribeStacks "+test.want) {
			t.Errorf("%v: calls %v", test.args, f.calls)
		}
	}
}

func TestMistakesInTheSettingsComeFirst(t *testing.T) {
	withoutAWS(t)
	file := settingstest.FileWith(t, "poolpost.yaml", "region: eu-central-1", "region: eu-central-9")
	if code, _, errOut := executeWith(t, file, "outputs"); code != cli.Failed || !strings.Contains(errOut, "CloudFormation cannot create user pools") {
		t.Errorf("exit code %d, %q", code, errOut)
	}
	if code, _, errOut := executeWith(t, filepath.Join(t.TempDir(), "nowhere.yaml"), "outputs"); code != cli.Failed || !strings.Contains(errOut, "nowhere.yaml") {
		t.Errorf("exit code %d, %q", code, errOut)
	}
	if _, err := os.Stat("amplify_outputs.json"); err == nil {
		t.Error("amplify_outputs.json was written")
	}
}

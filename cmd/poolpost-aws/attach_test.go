package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/attach/attachtest"
	"poolpost/internal/settings/settingstest"
)

const (
	poolInSettings = "  region: eu-central-1\n"
	clientURL      = "    url: https://app.example.com/\n"
	parameter      = "/poolpost/" + sampleStack + "/attached"
	clientSecret   = "planted-client-s3cr3t"
)

// An attachedStack is an account with a pool that exists and a deployed stack for it.
type attachedStack struct {
	*fakeAWS
	pool     *attachtest.Pool
	settings string
}

// newAttachedStack has the sample settings, for an app client with or without the name of its secret.
func newAttachedStack(t *testing.T, secret string) *attachedStack {
	t.Helper()
	a := &attachedStack{fakeAWS: newFakeAWS(t), pool: attachtest.New()}
	a.settings = settingstest.FileWith(t, "sample.yaml",
		poolInSettings, poolInSettings+"  existing: {id: eu-central-1_Sample001}\n",
		clientURL, clientURL+"    existing: {id: 1sampleweb, secret: '"+secret+"'}\n",
		"    - name: agentName\n      maxLength: 100\n", "    - name: plate\n",
		", agentName]", "]",
		"    - name: agentName\n      label", "    - name: plate\n      label",
	)
	a.next = a.pool
	a.deployed(map[string]any{
		"PreSignUp": arnOf("pre-sign-up"), "PostConfirmation": arnOf("post-confirmation"), "CustomMessage": arnOf("custom-message"),
	})
	a.answers["DescribeUserPoolClient 1sampleweb"] = ok(`{"UserPoolClient":{"ClientId":"1sampleweb","PreventUserExistenceErrors":"ENABLED"}}`)
	a.answers["GetGroup members"] = ok(`{"Group":{"GroupName":"members"}}`)
	return a
}

func (a *attachedStack) deployed(triggers map[string]any) {
	text, err := json.Marshal(triggers)
	if err != nil {
		a.t.Fatal(err)
	}
	a.stackIs("UPDATE_COMPLETE", map[string]string{
		"UserPoolId": "eu-central-1_Sample001", "LambdaConfig": string(text),
		"EmailConfiguration": `{"EmailSendingAccount":"DEVELOPER","From":"no-reply@example.com","SourceArn":"arn:sample","ConfigurationSet":"set"}`,
	})
}

func (a *attachedStack) run(args ...string) (code int, stdout, stderr string) {
	a.t.Helper()
	var out, errOut bytes.Buffer
	code = run(a.t.Context(), append(args, "--settings", a.settings), now, cli.Streams{Out: &out, Err: &errOut})
	if strings.Contains(out.String()+errOut.String(), clientSecret) || strings.Contains(out.String()+errOut.String(), "secret@") {
		a.t.Errorf("the output has something secret: %s%s", &out, &errOut)
	}
	return code, out.String(), errOut.String()
}

func (a *attachedStack) described() attachtest.Object {
	pool := a.pool.Describe()
	delete(pool, "LastModifiedDate")
	return pool
}

func TestAttachAndDetach(t *testing.T) {
	a := newAttachedStack(t, "")
	before := a.described()

	code, out, errOut := a.run("attach")
	if code != cli.Done || !strings.Contains(errOut, "nothing was changed yet: add --yes") || a.pool.Updates != 0 || len(a.pool.Parameters) != 0 {
		t.Fatalf("without --yes: %d %s%s", code, out, errOut)
	}
	for _, line := range []string{
		"LambdaConfig.PreSignUp: nothing -> " + arnOf("pre-sign-up"), "EmailConfiguration.From: old@riders.example.com -> no-reply@example.com",
	} {
		if !strings.Contains(out, line+"\n") {
			t.Errorf("there is no line %q in\n%s", line, out)
		}
	}
	if !strings.Contains(errOut, "CloudFormation deploys it") || !strings.Contains(errOut, "  PreSignUp: '"+arnOf("pre-sign-up")+"'") {
		t.Errorf("it does not say what CloudFormation needs: %s", errOut)
	}

	if code, out, errOut := a.run("attach", "--yes"); code != cli.Done || !strings.Contains(errOut, "attached eu-central-1_Sample001") {
		t.Fatalf("attach --yes: %d %s%s", code, out, errOut)
	}
	if triggers := a.described()["LambdaConfig"].(attachtest.Object); triggers["PreSignUp"] != arnOf("pre-sign-up") || triggers["PostAuthentication"] == nil {
		t.Errorf("the pool has %v", triggers)
	}
	if a.pool.Parameters[parameter] == "" {
		t.Errorf("the parameters are %v", a.pool.Parameters)
	}

	state := a.pool.Parameters[parameter]
	if code, out, errOut := a.run("attach", "--yes"); code != cli.Done || !strings.Contains(out, "there is nothing to change") || a.pool.Updates != 1 || a.pool.Parameters[parameter] != state {
		t.Errorf("a second attach: %d, %d updates, %s%s", code, a.pool.Updates, out, errOut)
	}

	delete(a.answers, "DescribeStacks "+sampleStack) // detach also works without the stack
	if code, out, errOut := a.run("detach", "--yes"); code != cli.Done || !strings.Contains(errOut, "detached") {
		t.Errorf("detach: %d %s%s", code, out, errOut)
	}
	if after := a.described(); !reflect.DeepEqual(before, after) {
		t.Errorf("detach leaves\n%v\nand there was\n%v", after, before)
	}
	if len(a.pool.Parameters) != 0 {
		t.Errorf("the parameters are %v", a.pool.Parameters)
	}
	if code, _, errOut := a.run("detach", "--yes"); code != cli.Failed || !strings.Contains(errOut, "is not attached to a user pool") {
		t.Errorf("a second detach: %d %s", code, errOut)
	}
}

func TestAttachWritesJSON(t *testing.T) {
	a := newAttachedStack(t, "")
	code, out, _ := a.run("attach", "--json", "--yes")
	var report struct {
		UserPool string
		Changes  []struct{ Field, From, To any }
		Owners   []struct{ Name string }
		Written  bool
		Refused  []string
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != cli.Done {
		t.Fatalf("%d %v: %s", code, err, out)
	}
	if report.UserPool != "eu-central-1_Sample001" || len(report.Changes) != 6 || !report.Written || report.Refused == nil || len(report.Owners) != 1 {
		t.Errorf("got %+v", report)
	}
}

// Whatever is missing, the pool is as it was, and so is the state.
func TestAttachLeavesNothingHalfDone(t *testing.T) {
	for _, operation := range []string{
		"DescribeUserPool", "GetUserPoolMfaConfig", "UpdateUserPool", "GetParameter", "PutParameter",
		"DescribeUserPoolClient 1sampleweb", "GetGroup members",
	} {
		t.Run(operation, func(t *testing.T) {
			a := newAttachedStack(t, "")
			before := a.described()
			if _, ok := a.answers[operation]; ok {
				a.answers[operation] = refused("AccessDeniedException", "secret@example.com may not")
			} else {
				a.pool.Refuse[operation] = "AccessDeniedException"
			}
			name, _, _ := strings.Cut(operation, " ")
			code, out, errOut := a.run("attach", "--yes")
			if code != cli.Failed || !strings.Contains(errOut, "these credentials may not call") || !strings.Contains(errOut, name) {
				t.Errorf("%d %s%s", code, out, errOut)
			}
			if !reflect.DeepEqual(before, a.described()) || len(a.pool.Parameters) != 0 {
				t.Errorf("the pool or the state has changed: %v", a.pool.Parameters)
			}
		})
	}
}

// An update that fails after an earlier one leaves the earlier state.
func TestAFailedSecondAttachKeepsTheState(t *testing.T) {
	a := newAttachedStack(t, "")
	if code, _, errOut := a.run("attach", "--yes"); code != cli.Done {
		t.Fatal(errOut)
	}
	state := a.pool.Parameters[parameter]
	a.deployed(map[string]any{"PreSignUp": arnOf("other"), "PostConfirmation": arnOf("post-confirmation"), "CustomMessage": arnOf("custom-message")})
	a.pool.Refuse["UpdateUserPool"] = "ConcurrentModificationException"
	if code, _, errOut := a.run("attach", "--yes"); code != cli.Failed || !strings.Contains(errOut, "ConcurrentModificationException") {
		t.Errorf("%d %s", code, errOut)
	}
	if a.pool.Parameters[parameter] != state {
		t.Error("the state has changed")
	}
	delete(a.pool.Refuse, "UpdateUserPool")
	if code, out, errOut := a.run("attach", "--yes"); code != cli.Done || !strings.Contains(out, "LambdaConfig.PreSignUp: "+arnOf("pre-sign-up")+" -> "+arnOf("other")) {
		t.Errorf("%d %s%s", code, out, errOut)
	}
}

func TestAttachRefuses(t *testing.T) {
	const withSecret = "myapp/web"
	client := func(a *attachedStack, secret string) {
		a.answers["DescribeUserPoolClient 1sampleweb"] = ok(fmt.Sprintf(
			`{"UserPoolClient":{"ClientId":"1sampleweb","PreventUserExistenceErrors":"ENABLED","ClientSecret":%q}}`, secret))
	}
	for name, test := range map[string]struct {
		secret string
		change func(*attachedStack)
		want   string
	}{
		"a pool that is not there": {"", func(a *attachedStack) {
			a.pool.ReadOnly["Id"] = "eu-central-1_Other"
		}, "there is no user pool eu-central-1_Sample001 in region eu-central-1 of account 123456789012"},
		"a stack of another pool": {"", func(a *attachedStack) {
			a.stackIs("UPDATE_COMPLETE", map[string]string{"UserPoolId": "eu-central-1_Other", "LambdaConfig": "{}"})
		}, "was deployed for the user pool eu-central-1_Other, and the settings name eu-central-1_Sample001: run make deploy"},
		"a stack without outputs": {"", func(a *attachedStack) {
			a.stackIs("UPDATE_COMPLETE", map[string]string{"UserPoolId": "eu-central-1_Sample001"})
		}, "has no output LambdaConfig"},
		"a stack that is being deployed": {"", func(a *attachedStack) { a.stackIs("CREATE_IN_PROGRESS", nil) }, "wait until it is complete"},
		"a client that is not there": {"", func(a *attachedStack) {
			a.answers["DescribeUserPoolClient 1sampleweb"] = refused("ResourceNotFoundException", "no")
		}, "clients[0].existing.id: the pool has no app client 1sampleweb"},
		"a group that is not there": {"", func(a *attachedStack) {
			a.answers["GetGroup members"] = refused("ResourceNotFoundException", "no")
		}, "aws cognito-idp create-group --user-pool-id eu-central-1_Sample001 --group-name 'members' --region eu-central-1"},
		"a client with a secret that nobody named": {"", func(a *attachedStack) { client(a, clientSecret) }, "clients[0].existing.secret is missing"},
		"a secret of a client without one":         {withSecret, func(*attachedStack) {}, "the app client 1sampleweb has no secret; remove the key"},
		"another secret than the client's": {withSecret, func(a *attachedStack) {
			client(a, clientSecret)
			a.answers["GetSecretValue"] = ok(`{"SecretString":"{\"secret\":\"` + clientSecret + `\"}"}`)
		}, "myapp/web does not hold the secret of the app client 1sampleweb as plain text"},
		"a secret that may not be read": {withSecret, func(a *attachedStack) {
			client(a, clientSecret)
			a.answers["GetSecretValue"] = accessDenied()
		}, "clients[0].existing.secret: these credentials may not call Secrets Manager GetSecretValue"},
		"a trigger of another stack": {"", func(a *attachedStack) {
			a.pool.Settings["LambdaConfig"].(attachtest.Object)["PreSignUp"] = arnOf("theirs")
			a.answers["GET /2015-03-31/functions/"+arnOf("theirs")] = ok(`{"Configuration":{"Description":"Poolpost: pre-sign-up"},"Tags":{"aws:cloudformation:stack-name":"Poolpost-Other"}}`)
		}, "is the function of the Poolpost stack Poolpost-Other: run poolpost detach"},
		"a trigger of somebody else": {"", func(a *attachedStack) {
			a.pool.Settings["LambdaConfig"].(attachtest.Object)["PreSignUp"] = arnOf("theirs")
			a.answers["GET /2015-03-31/functions/"+arnOf("theirs")] = answer{"AccessDeniedException:no", http.StatusForbidden}
		}, "LambdaConfig.PreSignUp is taken by " + arnOf("theirs")},
		"a state that nobody can read": {"", func(a *attachedStack) { a.pool.Parameters[parameter] = "{}" }, "does not hold what attach writes"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAttachedStack(t, test.secret)
			test.change(a)
			before := a.described()
			code, out, errOut := a.run("attach", "--yes")
			if code != cli.Failed || !strings.Contains(errOut, test.want) {
				t.Errorf("%d %s%s", code, out, errOut)
			}
			if !reflect.DeepEqual(before, a.described()) || a.pool.Updates != 0 {
				t.Error("the pool has changed")
			}
		})
	}

	a := newAttachedStack(t, withSecret)
	client(a, clientSecret)
	a.answers["GetSecretValue"] = ok(`{"SecretString":"` + clientSecret + `"}`)
	if code, _, errOut := a.run("attach", "--yes"); code != cli.Done {
		t.Errorf("with its secret: %s", errOut)
	}
	f := newFakeAWS(t)
	if code, _, errOut := execute(t, "attach"); code != cli.Failed || !strings.Contains(errOut, "the stack has one of its own") || slices.Contains(f.calls, "DescribeUserPool") {
		t.Errorf("a pool of its own: %d %s", code, errOut)
	}
}

// What Cognito changes beside what it was told to is said, whatever its documentation promises.
func TestAttachSaysWhatElseHasChanged(t *testing.T) {
	a := newAttachedStack(t, "")
	a.pool.BeforeUpdate = func(p *attachtest.Pool) {
		p.MFA = attachtest.Object{"MfaConfiguration": "OPTIONAL"}
		p.BeforeUpdate = nil
	}
	code, _, errOut := a.run("attach", "--yes")
	if code != cli.Done || !strings.Contains(errOut, "Cognito did not do as it was told; set it in the console: SoftwareTokenMfaConfiguration.Enabled: true -> nothing") {
		t.Errorf("%d %s", code, errOut)
	}
}

func TestDetachSaysWhatItLeaves(t *testing.T) {
	a := newAttachedStack(t, "")
	if code, _, errOut := a.run("attach", "--yes"); code != cli.Done {
		t.Fatal(errOut)
	}
	a.pool.Settings["LambdaConfig"].(attachtest.Object)["PreSignUp"] = arnOf("theirs")
	code, _, errOut := a.run("detach", "--yes")
	if code != cli.Done || !strings.Contains(errOut, "warning: LambdaConfig.PreSignUp is "+arnOf("theirs")+", which attach did not write: it stays") {
		t.Errorf("%d %s", code, errOut)
	}
	if triggers := a.described()["LambdaConfig"].(attachtest.Object); triggers["PreSignUp"] != arnOf("theirs") || triggers["PostConfirmation"] != nil {
		t.Errorf("the pool has %v", triggers)
	}
}

func TestDoctorLooksAtThePoolThatExists(t *testing.T) {
	a := newAttachedStack(t, "")
	a.answers["ListUserPoolClients"] = ok(`{"UserPoolClients":[{"ClientId":"1sampleweb","ClientName":"My web app"},{"ClientId":"1other","ClientName":"Other"}]}`)
	look := func() (causes []string) {
		t.Helper()
		acc, err := connect(t.Context(), &cli.Flags{Settings: a.settings, Stage: "dev"})
		if err != nil {
			t.Fatal(err)
		}
		d, err := acc.find(t.Context(), sampleStack)
		if err != nil {
			t.Fatal(err)
		}
		d.Outputs["ClientIds"] = `{"web":"1sampleweb"}`
		p := &patient{account: acc, deployed: d}
		for _, check := range []func(context.Context, *patient) ([]finding, error){poolAsInSettings, clientsAsInSettings} {
			found, err := check(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				causes = append(causes, string(f.Status)+" "+f.Cause)
			}
		}
		return causes
	}
	before := strings.Join(look(), "\n")
	for _, want := range []string{
		"failure the stack is not attached, or something else deployed the pool since: LambdaConfig.PreSignUp: nothing -> " + arnOf("pre-sign-up"),
		"warning the least length of a password is 15, and should be 8",
		"warning MFA is OPTIONAL, and should be OFF",
		"note the client Other (1other) is in no settings",
	} {
		if !strings.Contains(before, want) {
			t.Errorf("doctor does not say %q but\n%s", want, before)
		}
	}
	if code, _, errOut := a.run("attach", "--yes"); code != cli.Done {
		t.Fatal(errOut)
	}
	if after := strings.Join(look(), "\n"); strings.Contains(after, "not attached") || strings.Contains(after, "feature plan") || strings.Contains(after, "may read") {
		t.Errorf("doctor says\n%s", after)
	}
}

func TestCommandsThatNeedAPoolOfTheDeployments(t *testing.T) {
	a := newAttachedStack(t, "myapp/web")
	for command, want := range map[string]string{
		"outputs": "outputs describes a pool that the deployment makes", "smoke": "cannot prove that it is a client with a secret",
	} {
		if code, _, errOut := a.run(command); code != cli.Failed || !strings.Contains(errOut, want) {
			t.Errorf("%s: %d %s", command, code, errOut)
		}
	}
	text, err := os.ReadFile(a.settings)
	if err == nil {
		err = os.WriteFile(a.settings, bytes.Replace(text, []byte("id: eu-central-1_Sample001"), []byte("id: eu-central-1_Sample001, userNames: chosen"), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"smoke"}, {"invite", "ann@example.com"}} {
		if code, _, errOut := a.run(args...); code != cli.Failed || !strings.Contains(errOut, "takes email addresses for user names") {
			t.Errorf("%s: %d %s", args, code, errOut)
		}
	}
}

package main

import (
	"errors"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"poolpost/cmd/internal/cli"
)

func needsDiff(t *testing.T) {
	t.Helper()
	_, noNode := exec.LookPath("node")
	_, noModule := os.Stat(filepath.Join("..", "..", "node_modules", "@aws-cdk", "cloudformation-diff"))
	if (noNode != nil || noModule != nil) && os.Getenv("CI") == "" {
		t.Skip("node, or cloudformation-diff, is not installed: run make node_modules")
	}
}

const (
	webClient  = `"Web": {"Type": "AWS::Cognito::UserPoolClient", "Properties": {"ClientName": "web"}}`
	siteClient = `"Site": {"Type": "AWS::Cognito::UserPoolClient", "Properties": {"ClientName": "site"}}`
	mailQueue  = `"Mails": {"Type": "AWS::SQS::Queue"}`
)

// templateFile writes a template of these resources.
func templateFile(t *testing.T, name string, resources ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(templateOf(resources...)), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func templateOf(resources ...string) string {
	return `{"Resources": {` + strings.Join(resources, ", ") + `}}`
}

func (f *fakeAWS) deployedTemplate(resources ...string) {
	f.answers["GetTemplate "+sampleStack] = ok("<TemplateBody>" + html.EscapeString(templateOf(resources...)) + "</TemplateBody>")
}

const planned = "stack " + sampleStack + ", region eu-central-1, account 123456789012\n"

func TestPlanRefusesWhatWouldBeLost(t *testing.T) {
	needsDiff(t)
	renamed := templateFile(t, "t.json", siteClient)
	const client = "CLIENT=web: app client web would be deleted, and with it would go its client ID, which front ends have, and its sessions. " +
		"app client web disappears, app client site appears: if that is its new name, add `id: web` to it. To lose it, --allow CLIENT=web.\n"
	const queue = "QUEUE=Mails: queue Mails would be deleted, and with it would go what waits in it. To lose it, --allow QUEUE=Mails.\n"
	for _, test := range []struct {
		name            string
		args            []string
		code            int
		stdout, refused string
	}{
		{"a client and a queue", []string{renamed}, cli.Failed, "1 resources would be created, 0 changed, 0 replaced, 2 deleted, 0 retained outside the stack\n", client + queue},
		{"one of them is allowed", []string{renamed, "--allow", "CLIENT=web"}, cli.Failed, "allowed: CLIENT=web\n", queue},
		{"another client is allowed", []string{renamed, "--allow", "CLIENT=kiosk", "--allow", "QUEUE=Mails"}, cli.Failed, "allowed: QUEUE=Mails\n", client},
		{"both are allowed, one by its logical ID", []string{renamed, "--allow", "CLIENT=Web", "--allow", "QUEUE=Mails"}, cli.Done, "allowed: CLIENT=web\nallowed: QUEUE=Mails\n", ""},
		{"nothing changes", []string{templateFile(t, "t.json", webClient, mailQueue)}, cli.Done, "0 resources would be created, 0 changed, 0 replaced, 0 deleted", ""},
	} {
		f := newFakeAWS(t)
		f.deployedTemplate(webClient, mailQueue)
		code, out, errOut := execute(t, append([]string{"plan"}, test.args...)...)
		if code != test.code || !strings.Contains(out, test.stdout) || errOut != planned+test.refused {
			t.Errorf("%s: exit code %d, %q, %q, want %d, %q, %q", test.name, code, out, errOut, test.code, test.stdout, planned+test.refused)
		}
	}
}

// What goes wrong before plan compares anything is one line with the remedy, as for other commands.
func TestPlanExplainsWhyItCannotCompare(t *testing.T) {
	file := templateFile(t, "t.json", webClient)
	for _, test := range []struct {
		name   string
		change func(*fakeAWS)
		want   string
	}{
		{"no credentials", func(*fakeAWS) { t.Setenv("AWS_ACCESS_KEY_ID", "") }, "there are no AWS credentials: set AWS_PROFILE"},
		{"an expired token", func(f *fakeAWS) { f.answers["GetTemplate "+sampleStack] = refused("ExpiredToken", "expired") }, "the AWS credentials have expired: run aws sso login"},
		{"no permission", func(f *fakeAWS) { f.answers["GetTemplate "+sampleStack] = accessDenied() }, "these credentials may not call CloudFormation GetTemplate: "},
		{"a failed rollback", func(f *fakeAWS) { f.stackIs("UPDATE_ROLLBACK_FAILED", nil) }, "is in UPDATE_ROLLBACK_FAILED: fix what its events"},
		{"a deletion", func(f *fakeAWS) { f.stackIs("DELETE_IN_PROGRESS", nil) }, "it is being deleted"},
		{"a template that is none", func(f *fakeAWS) { f.answers["GetTemplate "+sampleStack] = ok("<TemplateBody>[]</TemplateBody>") }, "read the template of the stack " + sampleStack + ": it is not"},
	} {
		f := newFakeAWS(t)
		test.change(f)
		code, out, errOut := execute(t, "plan", file)
		if line := strings.TrimPrefix(errOut, planned); code != cli.Failed || out != "" || !strings.Contains(line, test.want) || strings.Count(line, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q, %q, want %q", test.name, code, out, errOut, test.want)
		}
	}
}

// Nothing is allowed wholesale, or by mistake.
func TestPlanAllowsByName(t *testing.T) {
	for _, allow := range []string{"CLIENT", "CLIENT=", "=web", "CLIENT=*"} {
		code, out, errOut := execute(t, "plan", "--allow", allow)
		if code != cli.Failed || out != "" || errOut != "--allow "+allow+": name one loss as plan writes it, such as CLIENT=web\n" {
			t.Errorf("%s: exit code %d, %q, %q", allow, code, out, errOut)
		}
	}
}

// A template is compared with another one without an account.
func TestPlanAgainstAFile(t *testing.T) {
	needsDiff(t)
	withoutAWS(t)
	was := templateFile(t, "was.yaml", webClient)
	code, out, errOut := execute(t, "plan", templateFile(t, "is.json", mailQueue), "--against", was)
	if code != cli.Failed || !strings.HasPrefix(out, "1 resources would be created") || !strings.Contains(errOut, "CLIENT=web: ") || !strings.Contains(errOut, "keep its logical ID, Web,") {
		t.Errorf("exit code %d, %q, %q", code, out, errOut)
	}
	folder := t.TempDir()
	manifest := `{"artifacts": {"A": {"properties": {"stackName": "Mine", "templateFile": "A.template.json"}}, "A.assets": {"properties": {"file": "x"}}}}`
	for name, text := range map[string]string{"manifest.json": manifest, "A.template.json": templateOf(webClient)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	empty := t.TempDir()
	for _, test := range []struct {
		args []string
		want string // error; empty: accepted
	}{
		{[]string{folder, "--stack", "Mine", "--against", was}, ""},
		{[]string{folder, "--stack", "Yours", "--against", was}, folder + ` has no stack "Yours", only Mine: check --settings and --stage, or name one with --stack`},
		{[]string{empty, "--stack", "Mine", "--against", was}, "read " + empty + ", which is no output of cdk synth: "},
		{[]string{"nowhere.json", "--against", was}, "read template: open nowhere.json: "},
		{[]string{was, "--against", "nowhere.json"}, "read template: open nowhere.json: "},
		{[]string{was, "--against", templateFile(t, "empty.json")}, "it has no resources"},
		{[]string{"--against", was}, "--against needs a template to compare with, as the argument of plan"},
		{[]string{"plan_test.go", "--against", was}, "read template plan_test.go: it is "},
	} {
		code, _, errOut := execute(t, append([]string{"plan"}, test.args...)...)
		if (test.want == "") != (code == cli.Done) || !strings.Contains(errOut, test.want) || strings.Count(errOut, "\n") > 1 {
			t.Errorf("%q: exit code %d, %q, want %q", test.args, code, errOut, test.want)
		}
	}
}

// A second, empty pool is what a changed name, stage or region looks like.
func TestPlanRefusesASecondPool(t *testing.T) {
	needsDiff(t)
	const lost = "POOL=" + sampleStack + ": this would create the stack with a new, empty user pool, and the users of "
	gone := refused("ValidationError", "Stack with id "+sampleStack+" does not exist")
	stack := func(name, pool, stage string) string {
		outputs := map[string]string{"Pool": pool, "Stage": stage}
		if pool == "" {
			outputs = nil
		}
		return stackXML(name, "UPDATE_COMPLETE", outputs)
	}
	for _, test := range []struct {
		name, others, want string
	}{
		{"an account without stacks", "", ""},
		{"stacks of others", stack("CDKToolkit", "", "") + stack("Website", "", ""), ""},
		{"the same pool in another stage", stack("Poolpost-App-Users-prod", "App_Users", "prod"), ""},
		{"a second pool in another stage", stack("Poolpost-Drivers-prod", "Drivers", "prod"), ""},
		{"another pool in this stage", stack("Poolpost-Drivers-dev", "Drivers", "dev"),
			lost + "Poolpost-Drivers-dev would stay behind. If the pool has a new name, write `id: Drivers` below pool. To lose it, --allow POOL=" + sampleStack + "."},
	} {
		f := newFakeAWS(t)
		f.answers["DescribeStacks "+sampleStack] = gone // in every region
		f.answers["DescribeStacks"] = ok("<Stacks>" + test.others + "</Stacks>")
		code, _, errOut := execute(t, "plan", templateFile(t, "t.json", webClient))
		if got := strings.TrimSpace(strings.TrimPrefix(errOut, strings.TrimSpace(planned)+": it does not exist yet\n")); got != test.want || (code == cli.Done) != (test.want == "") {
			t.Errorf("%s: exit code %d, %q, want %q", test.name, code, got, test.want)
		}
		if code, _, errOut := execute(t, "plan", templateFile(t, "t.json", webClient), "--allow", "POOL="+sampleStack); code != cli.Done {
			t.Errorf("%s: it is allowed, and refused: %q", test.name, errOut)
		}
	}
	for _, test := range []struct{ stage, want string }{
		{"prod", "Poolpost-App-Users-live would stay behind. If the stage has a new name, deploy to the old one, live."},
		{"dev", ""},
	} {
		f := newFakeAWS(t)
		f.answers["DescribeStacks"] = ok("<Stacks>" + stack("Poolpost-App-Users-live", "App_Users", "live") + "</Stacks>")
		for _, stage := range []string{"prod", "dev"} {
			f.answers["DescribeStacks Poolpost-App-Users-"+stage] = refused("ValidationError", "Stack with id x does not exist")
		}
		code, _, errOut := execute(t, "plan", templateFile(t, "t.json", webClient), "--stage", test.stage)
		if !strings.Contains(errOut, test.want) || (code == cli.Done) != (test.want == "") {
			t.Errorf("beside live, %s: exit code %d, %q", test.stage, code, errOut)
		}
	}
	// What cannot be looked up is not taken for harmless.
	f := newFakeAWS(t)
	f.answers["DescribeStacks "+sampleStack], f.answers["DescribeStacks"] = gone, accessDenied()
	if code, _, errOut := execute(t, "plan", templateFile(t, "t.json", webClient)); code != cli.Failed ||
		!strings.Contains(errOut, "look for another stack with this pool: these credentials may not call CloudFormation DescribeStacks") {
		t.Errorf("stacks cannot be listed: exit code %d, %q", code, errOut)
	}
}

// deleteClient deletes what is left of a name, and nothing that the stack has.
func TestDeleteClient(t *testing.T) {
	for _, test := range []struct {
		name, want string
		deletes    bool
	}{
		{"kiosk", "deleted app client kiosk, 3sample3\n", true},
		{"web", "there is no app client web outside the stack: nothing to delete\n", false},
		{"nobody", "there is no app client nobody outside the stack: nothing to delete\n", false},
	} {
		f := newFakeAWS(t)
		f.stackIs("UPDATE_COMPLETE", map[string]string{"UserPoolId": "eu-central-1_Sample"})
		f.answers["ListStackResources "+sampleStack] = ok(`<StackResourceSummaries><member><ResourceType>AWS::Cognito::UserPoolClient</ResourceType>` +
			`<PhysicalResourceId>1sample1</PhysicalResourceId></member><member><ResourceType>AWS::Cognito::UserPool</ResourceType>` +
			`<PhysicalResourceId>3sample3</PhysicalResourceId></member></StackResourceSummaries>`)
		f.answers["ListUserPoolClients"] = ok(`{"UserPoolClients": [{"ClientId": "1sample1", "ClientName": "web"}, {"ClientId": "3sample3", "ClientName": "kiosk"}]}`)
		f.answers["DeleteUserPoolClient"] = ok("{}")
		code, out, errOut := execute(t, "delete-client", test.name)
		if code != cli.Done || out != test.want {
			t.Errorf("%s: exit code %d, %q, %q", test.name, code, out, errOut)
		}
		if slices.Contains(f.calls, "DeleteUserPoolClient") != test.deletes {
			t.Errorf("%s: the calls are %q", test.name, f.calls)
		}
	}
	// Without the stack's own list, every app client would look like one that is left.
	f := newFakeAWS(t)
	f.stackIs("UPDATE_COMPLETE", map[string]string{"UserPoolId": "eu-central-1_Sample"})
	f.answers["ListStackResources "+sampleStack] = ok("<StackResourceSummaries></StackResourceSummaries>")
	if code, _, errOut := execute(t, "delete-client", "web"); code != cli.Failed || errOut != planned+"the stack "+sampleStack+" has no app clients\n" {
		t.Errorf("exit code %d, %q", code, errOut)
	}
}

// An app of your own needs no settings file.
func TestPlanOfAnAppWithoutSettings(t *testing.T) {
	needsDiff(t)
	f := newFakeAWS(t)
	f.answers["DescribeStacks Mine"] = ok("<Stacks>" + stackXML("Mine", "UPDATE_COMPLETE", nil) + "</Stacks>")
	f.answers["GetTemplate Mine"] = ok("<TemplateBody>" + html.EscapeString(templateOf(webClient)) + "</TemplateBody>")
	file := templateFile(t, "t.json", mailQueue)
	t.Setenv("AWS_REGION", "")
	if code, _, errOut := executeWith(t, "nowhere.yaml", "plan", file, "--stack", "Mine"); code != cli.Failed || errOut != "there is no region: set AWS_REGION\n" {
		t.Errorf("exit code %d, %q", code, errOut)
	}
	t.Setenv("AWS_REGION", "eu-west-1")
	code, _, errOut := executeWith(t, "nowhere.yaml", "plan", file, "--stack", "Mine")
	if code != cli.Failed || !strings.HasPrefix(errOut, "stack Mine, region eu-west-1, account 123456789012\nCLIENT=web: ") {
		t.Errorf("exit code %d, %q", code, errOut)
	}
	if _, err := os.Stat("nowhere.yaml"); !errors.Is(err, os.ErrNotExist) {
		t.Error("there are settings")
	}
}

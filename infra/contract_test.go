package infra

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"poolpost/internal/bundle"
	"poolpost/internal/compile"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
	"poolpost/local/lambda"
	"poolpost/local/mailbox"
	"poolpost/local/sqs"
	"poolpost/templates"
)

// The contract between template and functions: each real binary, built for this machine, starts with
// exactly the environment of the template and the files of its asset, and handles its sample event.
// A variable that only one side renames fails here.
func TestFunctionsStartWithTheEnvironmentOfTheTemplate(t *testing.T) {
	for _, delivery := range []string{settings.DeliveryCognito, settings.DeliverySES} {
		t.Run(delivery, func(t *testing.T) {
			set := settingstest.Sample(t)
			set.Mail.Delivery, set.Invitations.FollowUp = delivery, delivery == settings.DeliverySES
			testContract(t, set)
		})
	}
}

// The same holds for a pool that exists, whose clients are older than the functions.
func TestFunctionsOfAnExistingPoolStart(t *testing.T) {
	set := settingstest.Sample(t)
	set.Pool.Existing.ID = "eu-central-1_Sample001"
	set.Clients[0].Existing.ID = "1sample"
	testContract(t, set)
}

func testContract(t *testing.T, set *settings.Settings) {
	tp := synthesise(t, set, "dev")

	box := mailbox.New(nil)
	var host *lambda.Host
	mails := sqs.New(sqs.Options{
		Name: "mail.fifo", Region: set.Pool.Region, Account: "123456789012",
		Invoke: func(ctx context.Context, batch []byte) ([]byte, error) { return host.Invoke(ctx, "send-mail", batch) },
	})
	var joined []string
	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch target := r.Header.Get("X-Amz-Target"); {
		case strings.HasPrefix(target, "AmazonSQS."):
			mails.ServeHTTP(w, r)
		case strings.HasSuffix(target, ".AdminAddUserToGroup"):
			joined = append(joined, target)
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			_, _ = w.Write([]byte("{}"))
		default:
			box.SES().ServeHTTP(w, r)
		}
	}))
	defer aws.Close()

	dir := buildHere(t, set, bundle.FunctionsOf(set))
	resolve := resolver{template: tp, mailQueue: mails.URL(aws.URL), deadLetters: mails.DeadURL(aws.URL)}
	var functions []lambda.Function
	for _, f := range tp.all("AWS::Lambda::Function") {
		name := nameOf(f)
		functions = append(functions, lambda.Function{
			Name: name, Dir: filepath.Join(dir, name), Env: resolve.env(f, aws.URL),
			Timeout: time.Duration(f.Properties["Timeout"].(float64)) * time.Second,
		})
	}
	var lines sync.Map // of the functions' logs that are metrics of this stack
	host, err := lambda.New(lambda.Options{Region: set.Pool.Region, Logs: func(f, line string) {
		t.Log(f, line)
		if strings.Contains(line, `"Stack":"`+set.StackName("dev")+`"`) && strings.Contains(line, `[["Stack","Function","Outcome"]`) {
			lines.Store(f, true)
		}
	}}, functions...)
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	ask := func(function string, event []byte) string {
		t.Helper()
		reply, err := host.Invoke(t.Context(), function, event)
		if err != nil {
			t.Errorf("%s: %v", function, err)
		}
		return string(reply)
	}
	sample := func(function, name string) []byte {
		t.Helper()
		event, err := os.ReadFile(filepath.Join("../functions", function, "testdata/events", name))
		if err != nil {
			t.Fatal(err)
		}
		return event
	}

	accepted := sample("pre-sign-up", "sign-up.json")
	if got := ask("pre-sign-up", accepted); got != string(accepted) {
		t.Errorf("pre-sign-up: %.300s", got)
	}
	event := "confirm-sign-up.json"
	if set.Invitations.FollowUp {
		signIn := sample("post-confirmation", "sign-in.json")
		if got := ask("post-confirmation", signIn); got != string(signIn) || len(joined) > 0 {
			t.Errorf("post-confirmation does not let a sign-in pass: %.300s", got)
		}
		event = "accept-an-invitation.json"
	}
	reply := ask("post-confirmation", sample("post-confirmation", event))
	if mails.Depth() != 1 || len(joined) != len(set.Groups) || strings.Contains(reply, `"groupsToOverride":["members"]`) != set.Invitations.FollowUp {
		t.Errorf("post-confirmation queued %d mails and joined %d groups, and answered %.900s", mails.Depth(), len(joined), reply)
	}
	var reasons []string
	if set.Mail.UsesCustomSender() {
		// Its code is not encrypted, so send-mail puts it in the dead-letter queue.
		ask("custom-email-sender", sample("custom-email-sender", "sign-up.json"))
		reasons = []string{"the code is not as Cognito encrypts it"}
	} else if got := ask("custom-message", sample("custom-message", "sign-up-without-client-metadata.json")); !strings.Contains(got, "https://links.sample.example.com/confirm?") {
		t.Errorf("custom-message does not link to the page: %.300s", got)
	}
	running, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	go mails.Run(running)
	if err := mails.Idle(running); err != nil {
		t.Errorf("send-mail leaves %d mails on the queue: %v", mails.Depth(), err)
	}
	var dead []string
	for _, m := range mails.DeadLetters() {
		dead = append(dead, m.Attributes["reason"])
	}
	if !slices.Equal(dead, reasons) {
		t.Errorf("send-mail makes dead letters for the reasons %q, want %q", dead, reasons)
	}
	if sent := box.Messages(); len(sent) != 1 || sent[0].Tags["ses:configuration-set"] != "sample-set" || sent[0].Tags["stage"] != "dev" {
		t.Errorf("send-mail sent %+v", sent)
	}
	ask("mail-feedback", sample("mail-feedback", "bounce-of-an-address-that-does-not-exist.json"))
	page, err := json.Marshal(map[string]any{
		"version": "2.0", "rawPath": "/confirm", "headers": map[string]string{"host": "links.sample.example.com"},
		"rawQueryString": "client=" + sampleClientID + "&user=00000000-0000-4000-8000-000000000000&code=123456&lang=fr",
		"requestContext": map[string]any{"http": map[string]string{"method": "GET", "path": "/confirm"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var shown struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal([]byte(ask("verify-link", page)), &shown); err != nil || shown.StatusCode != http.StatusOK || !strings.Contains(shown.Body, `lang="fr"`) {
		t.Errorf("verify-link: %v, %.300s", err, shown.Body)
	}
	host.Close() // what the functions have logged is read to its end
	for _, f := range functions {
		if _, ok := lines.Load(f.Name); !ok {
			t.Errorf("%s logs no metric of this stack", f.Name)
		}
	}
}

// buildHere builds functions for this machine into a folder each.
func buildHere(t *testing.T, set *settings.Settings, functions []bundle.Function) (dir string) {
	t.Helper()
	dir = t.TempDir()
	out, err := compile.All(templates.FS, set)
	if err != nil {
		t.Fatal(err)
	}
	if err := bundle.Write(dir, set, out, functions); err != nil {
		t.Fatal(err)
	}
	if err := bundle.BuildBinaries(t.Context(), dir, set, bundle.ThisMachine, functions); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A resolver replaces what only the deployment knows by samples.
type resolver struct {
	template               *template
	mailQueue, deadLetters string
}

// env is the environment of a function, and the one variable that is not in the template.
func (r resolver) env(f resource, endpoint string) map[string]string {
	env := map[string]string{"AWS_ENDPOINT_URL": endpoint}
	for key, value := range f.Properties["Environment"].(map[string]any)["Variables"].(map[string]any) {
		env[key] = r.value(value)
	}
	return env
}

func (r resolver) value(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		if id, ok := v["Ref"].(string); ok {
			return r.ref(id)
		}
		if parts, ok := v["Fn::GetAtt"].([]any); ok {
			return r.attribute(parts[0].(string), parts[1].(string))
		}
		if parts, ok := v["Fn::Join"].([]any); ok {
			var b strings.Builder
			for i, part := range parts[1].([]any) {
				if i > 0 {
					b.WriteString(parts[0].(string))
				}
				b.WriteString(r.value(part))
			}
			return b.String()
		}
	}
	r.template.t.Fatalf("the test cannot resolve %v", v)
	return ""
}

func (r resolver) attribute(id, name string) string {
	switch kind := r.template.resources[id].Type + " " + name; kind {
	case "AWS::ApiGatewayV2::Api ApiEndpoint":
		return "https://links.sample.example.com"
	case "AWS::KMS::Key Arn":
		return "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
	default:
		r.template.t.Fatalf("the test cannot resolve the attribute %s of %s", name, id)
		return ""
	}
}

func (r resolver) ref(id string) string {
	switch kind := r.template.resources[id].Type; kind {
	case "AWS::SQS::Queue":
		if strings.HasPrefix(id, "DeadLetters") {
			return r.deadLetters
		}
		return r.mailQueue
	case "AWS::Cognito::UserPool":
		return "eu-central-1_Sample001"
	case "AWS::SES::ConfigurationSet":
		return "sample-set"
	case "AWS::Cognito::UserPoolClient":
		return sampleClientID
	case "AWS::SecretsManager::Secret":
		return "arn:aws:secretsmanager:eu-central-1:123456789012:secret:CaptchaKey-AbC123"
	default:
		r.template.t.Fatalf("the test cannot resolve a reference to %s, a %s", id, kind)
		return ""
	}
}

const sampleClientID = "sampleclientid0000000000001"

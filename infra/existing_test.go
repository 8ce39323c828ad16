package infra

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"poolpost/internal/settings"
)

// existing is a settings file for a pool that somebody else made.
const existing = `
pool: {name: Riders, region: eu-central-1, existing: {id: eu-central-1_Sample001, userNames: chosen}}
mail: {from: {name: Riders, address: no-reply@riders.example.com}, replyTo: help@riders.example.com, identity: riders.example.com}
brands: [{name: riders, support: help@riders.example.com}]
clients:
  - {name: web, url: https://riders.example.com/, existing: {id: 1sampleweb}}
  - {name: server, url: https://server.riders.example.com/, existing: {id: 1sampleserver, secret: riders/server}}
groups: [members]
signUp: {hook: {function: "sign-up-hook:live"}}
`

func withSES(text string) string {
	return strings.Replace(text, "identity:", "delivery: ses, identity:", 1)
}

// A deployment for a pool that exists makes everything but the pool, its clients and its groups.
func TestAnExistingPoolIsServed(t *testing.T) {
	for delivery, text := range map[string]string{settings.DeliveryCognito: existing, settings.DeliverySES: withSES(existing)} {
		t.Run(delivery, func(t *testing.T) {
			tp := synthesise(t, parse(t, text), "prod")
			for id, r := range tp.resources {
				if strings.HasPrefix(r.Type, "AWS::Cognito::") {
					t.Errorf("%s is a %s", id, r.Type)
				}
			}
			triggers := []string{"post-confirmation", "pre-sign-up", "custom-message"}
			if delivery == settings.DeliverySES {
				triggers[2] = "custom-email-sender"
			}
			var invoked []string
			for _, r := range tp.all("AWS::Lambda::Permission") {
				if r.get("Principal") != `"cognito-idp.amazonaws.com"` {
					continue
				}
				tp.want(r, map[string]string{
					"SourceAccount": `{"Ref":"AWS::AccountId"}`, "Action": `"lambda:InvokeFunction"`,
					"SourceArn": `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":cognito-idp:eu-central-1:",{"Ref":"AWS::AccountId"},":userpool/eu-central-1_Sample001"]]}`,
				})
				for _, name := range triggers {
					if strings.Contains(r.get("FunctionName"), tp.idOfFunction(name)) {
						invoked = append(invoked, name)
					}
				}
			}
			slices.Sort(invoked)
			slices.Sort(triggers)
			if !slices.Equal(invoked, triggers) {
				t.Errorf("the pool may invoke %q", invoked)
			}
			// The clients are older than the functions, so nobody has to ask for their names.
			const ids = `"{\"server\":\"1sampleserver\",\"web\":\"1sampleweb\"}"`
			for _, name := range []string{"verify-link", "send-mail", "pre-sign-up"} {
				tp.want(tp.function(name), map[string]string{"Environment.Variables.USER_POOL_CLIENTS": ids})
			}
			for _, row := range permissionsOf(tp) {
				if strings.Contains(row, "DescribeUserPoolClient") {
					t.Error(row)
				}
			}
		})
	}
}

// idOfFunction is the logical id of a function.
func (tp *template) idOfFunction(name string) string {
	tp.t.Helper()
	for id, r := range tp.resources {
		if r.Type == "AWS::Lambda::Function" && nameOf(r) == name {
			return id
		}
	}
	tp.t.Fatalf("there is no function %s", name)
	return ""
}

// What poolpost attach writes to the pool is in the outputs.
func TestOutputsHaveWhatThePoolGets(t *testing.T) {
	output := func(tp *template, name string) map[string]any {
		t.Helper()
		value, _ := tp.outputs[name].(map[string]any)
		if value == nil {
			return nil
		}
		text := joined(value["Value"])
		var found map[string]any
		if err := json.Unmarshal([]byte(text), &found); err != nil {
			t.Fatalf("%s is %s: %v", name, text, err)
		}
		return found
	}
	tp := synthesise(t, parse(t, existing), "prod")
	want := map[string]any{
		"PreSignUp": tp.idOfFunction("pre-sign-up"), "PostConfirmation": tp.idOfFunction("post-confirmation"),
		"CustomMessage": tp.idOfFunction("custom-message"),
	}
	if got := output(tp, "LambdaConfig"); !maps.Equal(got, want) {
		t.Errorf("LambdaConfig is %v, want %v", got, want)
	}
	if got := output(tp, "EmailConfiguration"); got["EmailSendingAccount"] != "DEVELOPER" || got["From"] != `"Riders" <no-reply@riders.example.com>` ||
		got["ReplyToEmailAddress"] != "help@riders.example.com" || !strings.HasSuffix(got["SourceArn"].(string), ":identity/riders.example.com") || got["ConfigurationSet"] == nil {
		t.Errorf("EmailConfiguration: %v", got)
	}
	ses := synthesise(t, parse(t, withSES(existing)), "prod")
	got := output(ses, "LambdaConfig")
	if sender, _ := got["CustomEmailSender"].(map[string]any); len(got) != 4 || sender["LambdaArn"] == nil || sender["LambdaVersion"] != "V1_0" || got["KMSKeyID"] == nil {
		t.Errorf("LambdaConfig: %v", got)
	}
	if got := output(ses, "EmailConfiguration"); got != nil {
		t.Errorf("send-mail sends, and the pool would get %v", got)
	}
	for _, text := range []string{full, bare} {
		if tp := synthesise(t, parse(t, text), "prod"); tp.outputs["LambdaConfig"] != nil || tp.outputs["EmailConfiguration"] != nil {
			t.Error("a pool of the deployment's own has these outputs")
		}
	}
}

// joined is a text of the template, with the logical ids of what it refers to.
func joined(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case map[string]any:
		for function, of := range v {
			args, _ := of.([]any)
			switch function {
			case "Fn::Join":
				var b strings.Builder
				for _, part := range args[1].([]any) {
					b.WriteString(joined(part))
				}
				return b.String()
			case "Fn::GetAtt":
				return args[0].(string)
			case "Ref":
				return of.(string)
			}
		}
	}
	return ""
}

// verify-link reads the secrets that it needs, and no others; without one it may read none.
func TestTheLinkPageReadsTheSecretsOfClients(t *testing.T) {
	readers := func(tp *template) (rows []string) {
		for _, row := range permissionsOf(tp) {
			if strings.Contains(row, "secretsmanager:") && !strings.Contains(row, "CaptchaKey") {
				rows = append(rows, row)
			}
		}
		return rows
	}
	rows := readers(synthesise(t, parse(t, existing), "prod"))
	if len(rows) != 1 || !strings.Contains(rows[0], "verify-link") || !strings.Contains(rows[0], "riders/server-??????") {
		t.Errorf("secrets are read by %q", rows)
	}
	for _, text := range []string{full, bare} {
		if rows := readers(synthesise(t, parse(t, text), "prod")); rows != nil {
			t.Errorf("secrets are read by %q", rows)
		}
	}
}

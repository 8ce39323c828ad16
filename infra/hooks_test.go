package infra

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"poolpost/events"
	"poolpost/internal/settings/settingstest"
)

// ofAnyHook leaves out the id of a hook in what is there for each hook.
func ofAnyHook(id string) string {
	return regexp.MustCompile(`\b(Hook(?:Role|EventsDead|EventsLost|))[a-z0-9]+`).ReplaceAllString(id, "$1")
}

func TestWithoutHooksThereIsNothingOfThem(t *testing.T) {
	tp := synthesise(t, settingstest.Sample(t), "dev")
	for id, r := range tp.resources {
		if strings.HasPrefix(id, "Hook") || strings.HasPrefix(id, "Event") && id[:len(id)-8] != "EventsFailed" ||
			r.Type == "AWS::Pipes::Pipe" || strings.Contains(r.get("Environment"), "EVENT_QUEUE_URL") {
			t.Errorf("there is %s, a %s", id, r.Type)
		}
	}
}

// A bus without hooks of our own: adopters attach their rules.
func TestEventsArePublishedWithoutHooks(t *testing.T) {
	tp := synthesise(t, parse(t, bare+"hooks: {}\n"), "dev")
	tp.want(tp.one("AWS::Pipes::Pipe"), map[string]string{
		"Source":           `{"Fn::GetAtt":["` + tp.idOf("EventQueue") + `","Arn"]}`,
		"Target":           `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":events:eu-west-1:",{"Ref":"AWS::AccountId"},":event-bus/default"]]}`,
		"TargetParameters": `{"EventBridgeEventBusParameters":{"DetailType":"$.body.type","Source":"poolpost","Time":"$.body.time"},"InputTemplate":"\u003c$.body\u003e"}`,
		"SourceParameters": `{"SqsQueueParameters":{"BatchSize":1}}`,
	})
	queue := `{"Ref":"` + tp.idOf("EventQueue") + `"}`
	for _, name := range []string{"post-confirmation", "mail-feedback"} {
		tp.want(tp.function(name), map[string]string{"Environment.Variables.EVENT_QUEUE_URL": queue, "MemorySize": "512"})
	}
	// A trigger that named its pool would make a cycle.
	tp.want(tp.function("post-confirmation"), map[string]string{"Environment.Variables.USER_POOL_ID": "none", "Environment.Variables.USER_POOL_CLIENTS": "none"})
	for id, r := range tp.resources {
		if r.Type == "AWS::Events::Rule" && id[:len(id)-8] != "MailEvents" {
			t.Errorf("there is the rule %s", id)
		}
	}
	for _, name := range []string{"EventBusName", "HookDeadLetterQueueUrls"} {
		if _, ok := tp.outputs[name]; ok {
			t.Errorf("there is the output %s", name)
		}
	}
}

func TestEachHookHasATargetRetriesAndADeadLetterQueue(t *testing.T) {
	tp := synthesise(t, parse(t, full), "prod")
	const arn = `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":`
	here := `:us-east-1:",{"Ref":"AWS::AccountId"},":`
	for id, want := range map[string]struct{ types, target, action string }{
		"crm":     {`["user.confirmed","mail.bounced"]`, `{"Fn::GetAtt":["` + tp.idOf("HookcrmDestination") + `","Arn"]}`, "events:InvokeApiDestination"},
		"greeter": {`["user.confirmed"]`, arn + `lambda` + here + `function:greeter:live"]]}`, "lambda:InvokeFunction"},
		"ledger":  {`["user.password-changed"]`, `"arn:aws:sqs:us-east-1:123456789012:ledger"`, "sqs:SendMessage"},
		"news":    {`["mail.complained"]`, arn + `sns` + here + `news"]]}`, "sns:Publish"},
		"flow":    {`["user.invitation-accepted"]`, arn + `states` + here + `stateMachine:flow"]]}`, "states:StartExecution"},
	} {
		rule, dead, role := tp.resources[tp.idOf("Hook"+id+"Rule")], tp.idOf("HookDeadLetters"+id), tp.idOf("HookRole"+id)
		tp.want(rule, map[string]string{
			"EventBusName": `"rides"`,
			"EventPattern": `{"detail":{"userPoolId":[{"Ref":"UserPool6BA7E5F2"}]},"detail-type":` + want.types + `,"source":["poolpost","` + events.RedriveSource(id) + `"]}`,
			"Targets.0": `{"Arn":` + want.target + `,"DeadLetterConfig":{"Arn":{"Fn::GetAtt":["` + dead + `","Arn"]}},"Id":"Target",` +
				`"RetryPolicy":{"MaximumEventAgeInSeconds":86400,"MaximumRetryAttempts":185},"RoleArn":{"Fn::GetAtt":["` + role + `","Arn"]}}`,
		})
		policy := tp.resources[tp.idOf("HookRole"+id+"DefaultPolicy")]
		tp.want(policy, map[string]string{"PolicyDocument.Statement.0.Action": `"` + want.action + `"`, "PolicyDocument.Statement.0.Resource": want.target, "PolicyDocument.Statement.1": "none"})
		// EventBridge may put events of this rule there, and of no other.
		access := tp.resources[tp.idOf("HookDeadLetters"+id+"Policy")].get("PolicyDocument.Statement")
		if !strings.Contains(access, `"ArnEquals":{"aws:SourceArn":{"Fn::GetAtt":["`+tp.idOf("Hook"+id+"Rule")+`","Arn"]}}`) {
			t.Errorf("%s: the queue's policy is %s", id, access)
		}
		if r := tp.resources[dead]; r.DeletionPolicy == "Delete" {
			t.Errorf("%s: what waits in the dead-letter queue is deleted with the hook", id)
		}
	}
	tp.want(tp.one("AWS::Events::ApiDestination"), map[string]string{
		"HttpMethod": `"POST"`, "InvocationEndpoint": `"https://hooks.rides.example.com/sign-ups"`,
	})
	tp.want(tp.one("AWS::Events::Connection"), map[string]string{
		"AuthorizationType": `"API_KEY"`,
		"AuthParameters":    `{"ApiKeyAuthParameters":{"ApiKeyName":"X-Api-Key","ApiKeyValue":"{{resolve:secretsmanager:rides/webhook:SecretString:::}}"}}`,
	})
	var urls struct {
		Value struct {
			Join []json.RawMessage `json:"Fn::Join"`
		}
	}
	text, err := json.Marshal(tp.outputs["HookDeadLetterQueueUrls"])
	if err != nil || json.Unmarshal(text, &urls) != nil || !strings.Contains(string(text), tp.idOf("HookDeadLetterscrm")) {
		t.Errorf("the output is %s, %v", text, err)
	}
	if bus, _ := tp.outputs["EventBusName"].(map[string]any); bus["Value"] != "rides" {
		t.Errorf("the bus is %v", bus)
	}
}

// An invocation that fails on its way to the dead-letter queue is lost without this metric's alarm.
func TestTheAlarmOfALostEventIsThatOfItsRule(t *testing.T) {
	for bus, want := range map[string]string{
		"rides":   `[{"Name":"EventBusName","Value":"rides"},{"Name":"RuleName","Value":{"Fn::Select":[2,{"Fn::Split":["/",{"Fn::GetAtt":["HOOK","Arn"]}]}]}}]`,
		"default": `[{"Name":"RuleName","Value":{"Fn::Select":[1,{"Fn::Split":["/",{"Fn::GetAtt":["HOOK","Arn"]}]}]}}]`,
	} {
		tp := synthesise(t, parse(t, bare+"hooks: {bus: "+bus+", events: [{name: crm, types: [mail.bounced], queue: crm}]}\n"), "dev")
		tp.want(tp.resources[tp.idOf("HookEventsLostcrm")], map[string]string{
			"MetricName": `"InvocationsFailedToBeSentToDlq"`, "Dimensions": strings.Replace(want, "HOOK", tp.idOf("HookcrmRule"), 1),
		})
	}
}

// The name of a hook can change while events wait for it.
func TestAHookKeepsItsQueueUnderAnotherName(t *testing.T) {
	const hook = "hooks: {events: [{name: NAME, types: [mail.bounced], queue: crm}]}\n"
	one := synthesise(t, parse(t, bare+strings.Replace(hook, "NAME", "crm", 1)), "dev")
	other := synthesise(t, parse(t, bare+strings.Replace(hook, "NAME", "sales, id: crm", 1)), "dev")
	if a, b := slices.Sorted(maps.Keys(one.resources)), slices.Sorted(maps.Keys(other.resources)); !slices.Equal(a, b) {
		t.Errorf("the resources are\n%q\nwere\n%q", b, a)
	}
}

// idOf is the logical id that begins with a name, before the 8 characters that the CDK adds.
func (tp *template) idOf(name string) string {
	tp.t.Helper()
	for id := range tp.resources {
		if strings.HasPrefix(id, name) && regexp.MustCompile(`^[0-9A-F]{8}$`).MatchString(id[len(name):]) {
			return id
		}
	}
	tp.t.Errorf("there is no %s", name)
	return ""
}

package infra

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
	"go.yaml.in/yaml/v3"

	"poolpost/internal/bundle"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
)

var update = flag.Bool("update", false, "rewrite the expected templates")

// full is a settings file that uses every optional part of the deployment.
const full = `
pool:
  name: Drivers
  region: us-east-1
  tags: {AppName: Rides, Team: drivers}
  attributes: [{name: agentName, minLength: 2, maxLength: 40}, {name: plate, maxLength: 12}]
  passwordPolicy: {minimumLength: 12, requireLowercase: true, requireUppercase: true, requireSymbols: true, temporaryPasswordDays: 3, historySize: 5}
  selfSignUp: false
  devices: on-prompt
  mfa: optional
mail:
  from: {name: Rides, address: no-reply@rides.example.com}
  identity: rides.example.com
  hostedZone: {id: Z0123456789EXAMPLE, name: example.com}
  delivery: ses
  rate: 200
links:
  host: links.rides.example.com
  hostedZone: {id: Z0123456789EXAMPLE, name: example.com}
brands:
  - {name: rides, support: help@rides.example.com}
  - {name: kiosk, support: help@rides.example.com, from: {name: Kiosk, address: kiosk@rides.example.com}}
  - {name: unused, support: help@rides.example.com, from: {address: unused@rides.example.com}}
clients:
  - {name: web, url: https://rides.example.com/, signInUrl: https://rides.example.com/sign-in, refreshTokenDays: 7, rotateRefreshTokens: true, refreshGraceSeconds: 10, accessTokenMinutes: 15}
  - {name: kiosk, brand: kiosk, url: https://kiosk.rides.example.com/}
signUp:
  captcha: {provider: altcha}
  hook: {function: "sign-up-hook:live", onFailure: accept, mayAutoConfirm: true}
  rememberLocale: true
  forgetAfterDays: 30
  forgetDryRun: false
groups: [drivers, everybody]
invitations: {followUp: true}
hooks:
  bus: rides
  attributes: [email, plate]
  events:
    - {name: crm, types: [user.confirmed, mail.bounced], url: https://hooks.rides.example.com/sign-ups, secret: rides/webhook}
    - {name: greeter, types: [user.confirmed], function: "greeter:live"}
    - {name: ledger, types: [user.password-changed], queue: "arn:aws:sqs:us-east-1:123456789012:ledger"}
    - {name: news, types: [mail.complained], topic: news}
    - {name: flow, types: [user.invitation-accepted], stateMachine: flow}
signIn: {domainPrefix: rides-sample, facebookAppId: "1234567890", facebookSecret: rides/facebook}
identityPool: {guests: false, facebookAppId: "1234567890", exampleBucket: true}
alarms: {email: ops@rides.example.com, runbooks: "https://git.example.com/docs/runbooks.md"}
`

// bare leaves out what can be left out.
const bare = `
pool: {region: eu-west-1, tags: {}, attributes: [], devices: off}
mail: {from: {address: no-reply@example.com}, identity: no-reply@example.com}
brands: [{name: app, support: help@example.com}]
clients: [{name: web, url: https://app.example.com/}]
identityPool: {enabled: false}
`

func parse(t *testing.T, text string) *settings.Settings {
	t.Helper()
	s, err := settings.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// functionsFolder holds a stand-in for each function: what is in an asset does
// not matter to the template.
func functionsFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range bundle.Names(bundle.Functions) {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "bootstrap"), []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A template is what CloudFormation gets.
type template struct {
	t         *testing.T
	stack     awscdk.Stack
	resources map[string]resource
	outputs   map[string]any
}

type resource struct {
	Type           string         `yaml:"Type"`
	Properties     map[string]any `yaml:"Properties,omitempty"`
	DependsOn      []string       `yaml:"DependsOn,omitempty"`
	DeletionPolicy string         `yaml:"DeletionPolicy,omitempty"`
	// What happens to the old one when CloudFormation replaces the resource.
	UpdateReplacePolicy string `yaml:"UpdateReplacePolicy,omitempty"`
}

// synthesised are the templates that synthesise has made, since each takes seconds.
var synthesised = map[string]*template{}

// synthesise makes the template of a pool's stack.
func synthesise(t *testing.T, set *settings.Settings, stage string) *template {
	t.Helper()
	key := fmt.Sprintf("%s %+v", stage, *set)
	if synthesised[key] == nil {
		synthesised[key] = newTemplate(t, set, stage)
	}
	tp := *synthesised[key]
	tp.t = t
	return &tp
}

func newTemplate(t *testing.T, set *settings.Settings, stage string) *template {
	t.Helper()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Pool"), &awscdk.StackProps{
		StackName: jsii.String(set.StackName(stage)), Env: &awscdk.Environment{Region: jsii.String(set.Pool.Region)},
	})
	newPool(stack, "Default", set, stage, functionsFolder(t)).Outputs(stack)
	return templateOf(t, app, stack)
}

// synthesiseIdentity makes the template of what SES sends as.
func synthesiseIdentity(t *testing.T, set *settings.Settings) *template {
	t.Helper()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Identity"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsii.String(set.Pool.Region)}})
	newIdentity(stack, "Default", set).Outputs(stack)
	return templateOf(t, app, stack)
}

// templateOf makes the template of a stack. Unlike the CLI, Template_FromStack
// also fails when resources wait for each other in a circle.
func templateOf(t *testing.T, app awscdk.App, stack awscdk.Stack) *template {
	t.Helper()
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: jsii.Bool(true)}), nil)
	text, err := json.Marshal(assertions.Template_FromStack(stack, nil).ToJSON())
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Resources map[string]resource
		Outputs   map[string]any
	}
	if err := json.Unmarshal(text, &parsed); err != nil {
		t.Fatal(err)
	}
	return &template{t: t, stack: stack, resources: parsed.Resources, outputs: parsed.Outputs}
}

// all are the resources of a type, in the order of their ids.
func (tp *template) all(kind string) []resource {
	var list []resource
	for _, id := range slices.Sorted(maps.Keys(tp.resources)) {
		if r := tp.resources[id]; r.Type == kind {
			list = append(list, r)
		}
	}
	return list
}

// one is the only resource of a type.
func (tp *template) one(kind string) resource {
	tp.t.Helper()
	list := tp.all(kind)
	if len(list) != 1 {
		tp.t.Fatalf("there are %d resources of type %s, want 1", len(list), kind)
	}
	return list[0]
}

// get is the value at a path such as "EmailConfiguration.From" as JSON text;
// "none" when there is nothing.
func (r resource) get(path string) string {
	var value any = r.Properties
	for key := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(v) {
				return "none"
			}
			value = v[i]
		default:
			return "none"
		}
	}
	if value == nil {
		return "none"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// function is the function whose folder has a name.
func (tp *template) function(name string) resource {
	tp.t.Helper()
	for _, f := range tp.all("AWS::Lambda::Function") {
		if nameOf(f) == name {
			return f
		}
	}
	tp.t.Fatalf("there is no function %s", name)
	return resource{}
}

// nameOf is the name of a function's folder.
func nameOf(f resource) string {
	return strings.TrimPrefix(f.Properties["Description"].(string), "Poolpost: ")
}

// statement is the only statement of the policies that allows an action.
func (tp *template) statement(action string) resource {
	tp.t.Helper()
	var found []resource
	for _, policy := range tp.all("AWS::IAM::Policy") {
		for _, s := range policy.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			if s := s.(map[string]any); s["Action"] == action {
				found = append(found, resource{Type: policy.Type, Properties: map[string]any{"Statement": s, "Roles": policy.Properties["Roles"]}})
			}
		}
	}
	if len(found) != 1 {
		tp.t.Fatalf("%d statements allow %s, want 1", len(found), action)
	}
	return found[0]
}

// want compares values at paths of a resource.
func (tp *template) want(r resource, values map[string]string) {
	tp.t.Helper()
	for _, path := range slices.Sorted(maps.Keys(values)) {
		if got := r.get(path); got != values[path] {
			tp.t.Errorf("%s: %s is %s, want %s", r.Type, path, got, values[path])
		}
	}
}

// In every stage but dev, what holds users stays when the stack goes. The other policies are
// in the golden template of each stage.
func TestUserPoolProtectionByStage(t *testing.T) {
	for stage, want := range map[string][2]string{"dev": {`"INACTIVE"`, "Delete"}, "prod": {`"ACTIVE"`, "RetainExceptOnCreate"}} {
		tp := synthesise(t, settingstest.Sample(t), stage)
		pool := tp.one("AWS::Cognito::UserPool")
		if got := [2]string{pool.get("DeletionProtection"), pool.DeletionPolicy}; got != want {
			t.Errorf("the pool of stage %s has %v, want %v", stage, got, want)
		}
	}
}

func TestSettingsWithoutOptionalParts(t *testing.T) {
	tp := synthesise(t, parse(t, bare), "dev")
	pool := tp.one("AWS::Cognito::UserPool")
	tp.want(pool, map[string]string{
		"DeviceConfiguration":                    `none`,
		"EmailConfiguration.From":                `"no-reply@example.com"`,
		"EmailConfiguration.ReplyToEmailAddress": `none`,
	})
	if got := pool.get("EmailConfiguration.SourceArn"); !strings.Contains(got, ":identity/no-reply@example.com") {
		t.Errorf("Cognito sends as %s", got)
	}
	if n := len(tp.all("AWS::Cognito::IdentityPool")); n != 0 {
		t.Errorf("%d identity pools", n)
	}
}

// A client that names a provider before it exists cannot be created.
func TestClientsAreSafeAndWaitForFacebook(t *testing.T) {
	clients := synthesise(t, parse(t, full), "prod").all("AWS::Cognito::UserPoolClient")
	for _, c := range clients {
		if !slices.ContainsFunc(c.DependsOn, func(id string) bool { return strings.HasPrefix(id, "Facebook") }) {
			t.Errorf("%s does not wait for the provider", c.get("ClientName"))
		}
		if c.get("GenerateSecret") != "false" || strings.Contains(c.get("WriteAttributes"), "email_verified") {
			t.Errorf("%s has a secret, or may declare its users' addresses verified", c.get("ClientName"))
		}
	}
	if len(clients) != 2 {
		t.Errorf("there are %d clients", len(clients))
	}
}

func TestIdentityPoolRolesAreForTheirOwnUsersOnly(t *testing.T) {
	found := map[string]bool{}
	for _, role := range synthesise(t, settingstest.Sample(t), "dev").all("AWS::IAM::Role") {
		trust := role.get("AssumeRolePolicyDocument.Statement.0")
		if !strings.Contains(trust, "cognito-identity.amazonaws.com") {
			continue
		}
		if !strings.Contains(trust, `"StringEquals":{"cognito-identity.amazonaws.com:aud":{"Ref":"IdentityPool`) {
			t.Errorf("another identity pool may assume a role: %s", trust)
		}
		for _, who := range []string{`:amr":"authenticated"`, `:amr":"unauthenticated"`} {
			found[who] = found[who] || strings.Contains(trust, who)
		}
		if got := role.get("ManagedPolicyArns"); got != "none" {
			t.Errorf("a role for users has the policies %s", got)
		}
	}
	if len(found) != 2 || !found[`:amr":"authenticated"`] || !found[`:amr":"unauthenticated"`] {
		t.Errorf("there are roles for %v", found)
	}

	own := false
	for _, policy := range synthesise(t, parse(t, full), "prod").all("AWS::IAM::Policy") {
		if text := policy.get("PolicyDocument"); strings.Contains(text, "s3:GetObject") {
			own = strings.Contains(text, `/${cognito-identity.amazonaws.com:sub}/*`) && !strings.Contains(text, `"s3:*"`)
		}
	}
	if !own {
		t.Error("users reach more of the example bucket than their own folder")
	}
}

func TestEmailsAreNotTracked(t *testing.T) {
	tp := synthesise(t, settingstest.Sample(t), "dev")
	events := strings.ToLower(tp.one("AWS::SES::ConfigurationSetEventDestination").get("EventDestination.MatchingEventTypes"))
	if strings.Contains(events, "click") || strings.Contains(events, "open") {
		t.Errorf("clicks or openings are tracked: %s", events)
	}
	if got := len(tp.all("AWS::SES::EmailIdentity")); got != 0 {
		t.Errorf("the pool's stack has %d identities; it must wait for a verified one", got)
	}
}

// The golden identity.yaml shows a domain outside Route 53.
func TestIdentityHasItsOwnStack(t *testing.T) {
	for _, test := range []struct {
		name, settings, identity string
		records                  int
	}{
		{"a domain in Route 53", full, `"rides.example.com"`, 3},
		{"an address", bare, `"no-reply@example.com"`, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			tp := synthesiseIdentity(t, parse(t, test.settings))
			tp.want(tp.one("AWS::SES::EmailIdentity"), map[string]string{"EmailIdentity": test.identity})
			records := tp.all("AWS::Route53::RecordSet")
			if len(records) != test.records || len(tp.resources) != test.records+1 || len(tp.outputs) != 0 {
				t.Errorf("there are %d records, want %d, and the outputs %v", len(records), test.records, tp.outputs)
			}
			for _, record := range records { // in the zone of the domain above the identity
				tp.want(record, map[string]string{"HostedZoneId": `"Z0123456789EXAMPLE"`, "Type": `"CNAME"`})
			}
		})
	}
}

func TestFunctionsHaveLeastPrivilege(t *testing.T) {
	everyAction := regexp.MustCompile(`"Action":(\[[^]]*)?"[a-z0-9-]+:\*"`)
	for _, set := range []*settings.Settings{settingstest.Sample(t), parse(t, full)} {
		t.Run(set.Mail.Delivery, func(t *testing.T) {
			tp := synthesise(t, set, "dev")
			var names, groups, roles []string
			for _, f := range tp.all("AWS::Lambda::Function") {
				names = append(names, nameOf(f))
				groups = append(groups, f.get("LoggingConfig.LogGroup"))
				roles = append(roles, f.get("Role"))
			}
			slices.Sort(names)
			if want := bundle.Names(bundle.FunctionsOf(set)); !slices.Equal(names, want) {
				t.Errorf("there are the functions %v, want %v", names, want)
			}
			for what, list := range map[string][]string{"log group": groups, "role": roles} {
				slices.Sort(list)
				if len(slices.Compact(list)) != len(names) || slices.Contains(list, "none") {
					t.Errorf("a function has no %s of its own", what)
				}
			}
			for _, policy := range tp.all("AWS::IAM::Policy") {
				for _, s := range policy.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
					text, _ := json.Marshal(s)
					if strings.Contains(string(text), `"Resource":"*"`) && !strings.Contains(string(text), "xray:PutTraceSegments") {
						t.Errorf("a policy is for everything: %s", text)
					}
					if everyAction.Match(text) {
						t.Errorf("a policy allows every action: %s", text)
					}
				}
			}
			for _, p := range tp.all("AWS::Lambda::Permission") {
				for principal, source := range map[string]string{"cognito-idp": "UserPool", "events": "MailEvents", "apigateway": "LinkAPI"} {
					if p.get("Principal") == `"`+principal+`.amazonaws.com"` && !strings.Contains(p.get("SourceArn"), source) {
						t.Errorf("any resource of %s may invoke %s: %s", principal, p.get("FunctionName"), p.get("SourceArn"))
					}
				}
			}
		})
	}
}

// Every sign-in invokes the function then, so it is the adopter's choice.
func TestTokensAreAskedForOnlyWhereInvitationsAreFollowedUp(t *testing.T) {
	for text, want := range map[string]bool{full: true, bare: false} {
		tp := synthesise(t, parse(t, text), "prod")
		trigger := "none"
		if want {
			trigger = tp.one("AWS::Cognito::UserPool").get("LambdaConfig.PostConfirmation")
		}
		// The member of a version of the event would be PreTokenGenerationConfig.
		tp.want(tp.one("AWS::Cognito::UserPool"), map[string]string{"LambdaConfig.PreTokenGeneration": trigger, "LambdaConfig.PreTokenGenerationConfig": "none"})
		allowed := false
		for id, r := range tp.resources {
			if r.Type == "AWS::Lambda::Permission" && strings.HasPrefix(id, "UserPoolPreTokenGeneration") {
				allowed = r.get("FunctionName") == trigger && r.get("Principal") == `"cognito-idp.amazonaws.com"` && strings.Contains(r.get("SourceArn"), `"UserPool`)
			}
		}
		if allowed != want {
			t.Errorf("the pool may ask for tokens: %t, want %t", allowed, want)
		}
	}
}

// post-confirmation ends the sessions, and send-mail does where post-confirmation could not.
func TestSessionsAreEndedOnlyWhereTheSettingsSaySo(t *testing.T) {
	for text, want := range map[string][]string{
		bare: {"`post-confirmation`", "`send-mail`"},
		bare + "signIn: {endSessionsAfterReset: false}\n": nil,
	} {
		var got []string
		for _, row := range permissionsOf(synthesise(t, parse(t, text), "dev")) {
			if cells := strings.Split(row, " | "); strings.Contains(cells[1], "UserGlobalSignOut") {
				got = append(got, strings.TrimPrefix(cells[0], "| "))
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("with %q, sessions are ended by %v, want %v", strings.TrimPrefix(text, bare), got, want)
		}
	}
}

// Links carry codes.
func TestTheAccessLogHasNoQuery(t *testing.T) {
	format := synthesise(t, settingstest.Sample(t), "dev").one("AWS::ApiGatewayV2::Stage").get("AccessLogSettings.Format")
	if !strings.Contains(format, "$context.requestId") || strings.Contains(format, "uery") || strings.Contains(format, "path") {
		t.Errorf("the access log has %s", format)
	}
}

// SQS gives an email to another process when the visibility timeout ends, so the first
// one must have ended before (Lambda developer guide: six times its timeout).
func TestMailQueueVisibilityTimeout(t *testing.T) {
	tp := synthesise(t, settingstest.Sample(t), "dev")
	limit := tp.function("send-mail").Properties["Timeout"].(float64)
	for _, q := range tp.all("AWS::SQS::Queue") {
		if q.get("RedrivePolicy") != "none" {
			tp.want(q, map[string]string{"VisibilityTimeout": fmt.Sprint(6 * limit)})
		}
	}
}

// Only with several clients does custom-message ask Cognito for their names.
func TestCustomMessageCanDescribeClients(t *testing.T) {
	set := settingstest.Sample(t)
	second := set.Clients[0]
	second.Name = "second"
	set.Clients = append(set.Clients, second)
	tp := synthesise(t, set, "dev")
	if got := tp.statement("cognito-idp:DescribeUserPoolClient").get("Roles"); !strings.Contains(got, "CustomMessageRole") {
		t.Errorf("client names are for %s", got)
	}
	tp.want(tp.function("custom-message"), map[string]string{"MemorySize": "512"}) // it calls AWS
}

// Cognito must not have both triggers. A custom sender needs a key, which send-mail alone
// decrypts with, for this pool alone.
func TestOnlySendMailDecryptsCodes(t *testing.T) {
	tp := synthesise(t, parse(t, full), "prod")
	pool := tp.one("AWS::Cognito::UserPool")
	tp.want(pool, map[string]string{"LambdaConfig.CustomMessage": "none", "LambdaConfig.CustomEmailSender.LambdaVersion": `"V1_0"`})
	decrypt := tp.statement("kms:Decrypt")
	for what, part := range map[string][2]string{
		"Cognito encrypts with":             {pool.get("LambdaConfig.KMSKeyID"), `{"Fn::GetAtt":["CodeKey`},
		"codes are decrypted with":          {decrypt.get("Statement.Resource"), `{"Fn::GetAtt":["CodeKey`},
		"codes are decrypted by":            {decrypt.get("Roles"), `[{"Ref":"SendMailRole`},
		"codes are decrypted provided that": {decrypt.get("Statement.Condition"), `{"StringEquals":{"kms:EncryptionContext:userpool-id":{"Ref":"UserPool`},
	} {
		if got, want := part[0], part[1]; !strings.HasPrefix(got, want) {
			t.Errorf("%s %s, want %s…", what, got, want)
		}
	}
	cognito := synthesise(t, settingstest.Sample(t), "dev")
	if n := len(cognito.all("AWS::KMS::Key")); n != 0 || cognito.one("AWS::Cognito::UserPool").get("LambdaConfig.CustomEmailSender") != "none" {
		t.Errorf("where Cognito sends, there are %d keys, or a custom sender", n)
	}
}

// Cognito's own sender stays that of the settings. In the sandbox SES checks the recipient's
// identity as well; the condition protects the senders of others.
func TestSendMailSendsAsTheSendersOfItsBrandsOnly(t *testing.T) {
	const rides = `"Rides \u003cno-reply@rides.example.com\u003e"`
	for _, test := range []struct {
		name            string
		set             *settings.Settings
		senders, ofPool string
	}{
		{"one sender", settingstest.Sample(t), `["no-reply@example.com"]`, `"MyApp \u003cno-reply@example.com\u003e"`},
		{"two apps of one brand", parse(t, strings.Replace(full, "brand: kiosk, ", "", 1)), `["no-reply@rides.example.com"]`, rides},
		{"brands with one each", parse(t, full), `["kiosk@rides.example.com","no-reply@rides.example.com"]`, rides},
	} {
		t.Run(test.name, func(t *testing.T) {
			tp := synthesise(t, test.set, "dev")
			send := tp.statement("ses:SendEmail")
			tp.want(send, map[string]string{
				"Statement.Condition":  `{"StringEquals":{"ses:FromAddress":` + test.senders + `}}`,
				"Statement.Resource.2": "none",
			})
			identity, set := send.get("Statement.Resource.0"), send.get("Statement.Resource.1")
			if !strings.HasSuffix(identity, `":identity/*"]]}`) || !strings.Contains(set, "ConfigurationSet") {
				t.Errorf("emails are sent with %s and %s", identity, set)
			}
			if got := send.get("Roles"); !strings.Contains(got, "SendMailRole") {
				t.Errorf("emails are sent by %s", got)
			}
			tp.want(tp.one("AWS::Cognito::UserPool"), map[string]string{"EmailConfiguration.From": test.ofPool})
		})
	}
}

// Nobody waits for what Cognito and EventBridge invoke asynchronously: Lambda retries, and
// keeps the events that it gives up on. The goldens show how often and how long.
func TestAsyncInvocationsHaveAnOnFailureDestination(t *testing.T) {
	for _, test := range []struct {
		set  *settings.Settings
		want []string
	}{
		{settingstest.Sample(t), []string{"MailFeedback"}},
		{parse(t, full), []string{"CustomEmailSender", "MailFeedback"}},
	} {
		configs := synthesise(t, test.set, "dev").all("AWS::Lambda::EventInvokeConfig")
		if len(configs) != len(test.want) {
			t.Fatalf("%d functions keep their failures, want %v", len(configs), test.want)
		}
		for i, c := range configs {
			if got := c.get("FunctionName"); !strings.Contains(got, test.want[i]) {
				t.Errorf("failures are kept of %s, want %s", got, test.want[i])
			}
			if got := c.get("DestinationConfig.OnFailure.Destination"); !strings.Contains(got, "FailedEvents") {
				t.Errorf("failures go to %s", got)
			}
		}
	}
}

// Every alarm has a row in docs/runbooks.md, which leads where its description does.
func TestTheRunbooksHaveEveryAlarm(t *testing.T) {
	text, err := os.ReadFile("../docs/runbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	urgency := map[string]string{}
	var rows, want []string
	for _, row := range regexp.MustCompile("(?m)^\\| \\[`([A-Za-z]+)`\\]\\(#([a-z]+)\\) \\| ([0-9.]+) \\| ([^|]+) \\|").FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, row[1]+" "+row[3]+" #"+row[2])
		urgency[row[1]] = row[4]
	}
	for page, tp := range map[string]*template{
		"docs/runbooks.md":                         synthesise(t, settingstest.Sample(t), "dev"),
		"https://git.example.com/docs/runbooks.md": synthesise(t, parse(t, full), "prod"), // where the adopter reads them
	} {
		description := regexp.MustCompile(`^"(Page now|Next day): .+\. Runbook: ` + regexp.QuoteMeta(page) + `(#[a-z]+)"$`)
		for id, r := range tp.resources {
			if r.Type != "AWS::CloudWatch::Alarm" {
				continue
			}
			name := ofAnyHook(id[:len(id)-8]) // the CDK adds 8 characters
			says := description.FindStringSubmatch(r.get("AlarmDescription"))
			if says == nil {
				t.Errorf("%s says %s", name, r.get("AlarmDescription"))
				continue
			}
			want = append(want, name+" "+r.get("Threshold")+" "+says[2])
			if !strings.Contains(urgency[name], strings.ToLower(says[1])) {
				t.Errorf("%s: the page says %q, the alarm %q", name, urgency[name], says[1])
			}
			missing := `"notBreaching"`
			if strings.HasPrefix(r.get("MetricName"), `"Reputation.`) {
				missing = `"ignore"` // SES does not publish a rate every hour
			}
			for _, actions := range []string{"AlarmActions", "OKActions"} {
				if !strings.Contains(r.get(actions), `{"Ref":"Alarms`) {
					t.Errorf("%s does not notify the topic by its %s", name, actions)
				}
			}
			if got := r.get("TreatMissingData"); got != missing {
				t.Errorf("%s treats missing data as %s, want %s", name, got, missing)
			}
		}
	}
	slices.Sort(rows)
	slices.Sort(want)
	want = slices.Compact(want)
	if !slices.Equal(rows, want) {
		t.Errorf("docs/runbooks.md has\n%s\nthe template has\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	sections := strings.Split(string(text), "\n### ")[1:]
	for _, part := range []string{`People\s+meanwhile`, "\n```\n", `\n\| If`, `\*\*Tell\s+customers`} {
		for _, section := range sections {
			heading, body, _ := strings.Cut(section, "\n")
			if !regexp.MustCompile(part).MatchString(body) {
				t.Errorf("%s: there is no %q", heading, part)
			}
		}
	}
}

// Cognito refuses the ARN of a log group that CloudFormation gives, which ends with ":*".
func TestCognitoLogsWhatItCannotDeliver(t *testing.T) {
	tp := synthesise(t, settingstest.Sample(t), "dev")
	logs := tp.one("AWS::Cognito::LogDeliveryConfiguration")
	tp.want(logs, map[string]string{
		"LogConfigurations.0.EventSource": `"userNotification"`, "LogConfigurations.0.LogLevel": `"ERROR"`, "LogConfigurations.1": "none",
	})
	arn := logs.get("LogConfigurations.0.CloudWatchLogsConfiguration.LogGroupArn")
	if strings.Contains(arn, "*") || strings.Contains(arn, `"Arn"`) || !strings.Contains(arn, `{"Ref":"DeliveryErrorsLog`) {
		t.Errorf("Cognito writes to %s", arn)
	}
	// Every line is an error. The alarms watch the metrics of the filters, whose patterns are for
	// Lambda's reports and not for answers, such as a refusal.
	patterns := map[string]string{}
	for _, filter := range tp.all("AWS::Logs::MetricFilter") {
		patterns[filter.get("MetricTransformations.0.MetricName")] = filter.get("FilterPattern")
	}
	const crash = `"{ ($.type = \"platform.report\") \u0026\u0026 (($.record.status = \"timeout\") || ($.record.errorType = \"Runtime.*\")) }"`
	counted := map[string]string{}
	for id, r := range tp.resources {
		if r.Type == "AWS::CloudWatch::Alarm" {
			counted[id[:len(id)-8]] = patterns[r.get("MetricName")]
		}
	}
	for alarm, want := range map[string]string{"CognitoCannotDeliver": `""`, "PreSignUpErrors": crash} {
		if counted[alarm] != want {
			t.Errorf("%s counts lines like %s, want %s", alarm, counted[alarm], want)
		}
	}
}

func TestCDKNagFindsNothing(t *testing.T) {
	for name, set := range map[string]*settings.Settings{"shipped": settingstest.Sample(t), "full": parse(t, full), "bare": parse(t, bare)} {
		t.Run(name, func(t *testing.T) {
			for _, tp := range []*template{synthesise(t, set, "prod"), synthesiseIdentity(t, set)} {
				annotations := assertions.Annotations_FromStack(tp.stack)
				everything := jsii.String("*")
				found := append(*annotations.FindError(everything, assertions.Match_AnyValue()), *annotations.FindWarning(everything, assertions.Match_AnyValue())...)
				for _, m := range found {
					//lint:ignore SA1019 the assertions give no other type yet
					t.Errorf("%s: %v", *m.Id, m.Entry.Data)
				}
			}
		})
	}
}

// The templates of the shipped settings, for reading and for reviews.
func TestTemplates(t *testing.T) {
	for file, tp := range map[string]*template{
		"testdata/template.yaml": synthesise(t, settingstest.Sample(t), "dev"), "testdata/identity.yaml": synthesiseIdentity(t, settingstest.Sample(t)),
		"testdata/full.yaml": synthesise(t, parse(t, full), "prod"),
	} {
		text, err := yaml.Marshal(map[string]any{"Resources": tp.resources, "Outputs": tp.outputs})
		if err != nil {
			t.Fatal(err)
		}
		got := regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(string(text), "HASH")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("the template has changed: run go test ./infra -update and read the difference in %s", file)
		}
	}
}

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
)

var update = flag.Bool("update", false, "write the expected template anew")

// full is a settings file that uses every optional part of the deployment.
const full = `
pool:
  name: Drivers
  region: us-east-1
  tags: {AppName: Rides, Team: drivers}
  attributes: [{name: agentName, minLength: 2, maxLength: 40}, {name: plate, maxLength: 12}]
  passwordPolicy: {minimumLength: 12, requireLowercase: true, requireUppercase: true, requireSymbols: true, temporaryPasswordDays: 3}
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
  - {name: web, url: https://rides.example.com/, signInUrl: https://rides.example.com/sign-in, refreshTokenDays: 7}
  - {name: kiosk, brand: kiosk, url: https://kiosk.rides.example.com/}
groups: [drivers, everybody]
signIn: {domainPrefix: rides-sample, facebookAppId: "1234567890", facebookSecret: rides/facebook}
identityPool: {guests: false, facebookAppId: "1234567890", exampleBucket: true}
alarms: {email: ops@rides.example.com}
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

func shipped(t *testing.T) *settings.Settings {
	t.Helper()
	s, err := settings.Read("../internal/settings/testdata/sample.yaml")
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
		StackName: jsii.String(stackName(set, stage)), Env: &awscdk.Environment{Region: jsii.String(set.Pool.Region)},
	})
	newPool(stack, "Default", set, stage, functionsFolder(t)).Outputs(stack)
	return templateOf(t, app, stack)
}

// stackName is what cmd/poolpost-cdk calls the stack.
func stackName(set *settings.Settings, stage string) string {
	return "Poolpost-" + strings.ReplaceAll(set.Pool.Name, "_", "-") + "-" + stage
}

// synthesiseIdentity makes the template of what SES sends as.
func synthesiseIdentity(t *testing.T, set *settings.Settings) *template {
	t.Helper()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Identity"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsii.String(set.Pool.Region)}})
	newIdentity(stack, "Default", set.Mail).Outputs(stack)
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

// In every stage but dev, what holds users stays when the stack goes.
func TestUsersOfOtherStagesSurviveAMistake(t *testing.T) {
	for stage, want := range map[string][2]string{"dev": {`"INACTIVE"`, "Delete"}, "prod": {`"ACTIVE"`, "Retain"}} {
		pool := synthesise(t, shipped(t), stage).one("AWS::Cognito::UserPool")
		if got := [2]string{pool.get("DeletionProtection"), pool.DeletionPolicy}; got != want {
			t.Errorf("the pool of stage %s has %v, want %v", stage, got, want)
		}
	}
	key := synthesise(t, parse(t, full), "prod").one("AWS::KMS::Key")
	if key.DeletionPolicy != "Retain" {
		t.Errorf("the key of a pool that stays has the deletion policy %s", key.DeletionPolicy)
	}
}

func TestWhatIsLeftOutIsLeftOut(t *testing.T) {
	tp := synthesise(t, parse(t, bare), "dev")
	tp.want(tp.one("AWS::Cognito::UserPool"), map[string]string{
		"DeviceConfiguration":                    `none`,
		"EmailConfiguration.From":                `"no-reply@example.com"`,
		"EmailConfiguration.ReplyToEmailAddress": `none`,
	})
	if got := tp.one("AWS::Cognito::UserPool").get("EmailConfiguration.SourceArn"); !strings.Contains(got, ":identity/no-reply@example.com") {
		t.Errorf("Cognito sends as %s", got)
	}
	if n := len(tp.all("AWS::Cognito::IdentityPool")); n != 0 {
		t.Errorf("%d identity pools", n)
	}
}

func TestAppClientsHaveNoSecret(t *testing.T) {
	for _, tp := range []*template{synthesise(t, shipped(t), "dev"), synthesise(t, parse(t, full), "prod")} {
		for _, client := range tp.all("AWS::Cognito::UserPoolClient") {
			tp.want(client, map[string]string{
				"GenerateSecret": `false`, "EnableTokenRevocation": `true`, "PreventUserExistenceErrors": `"ENABLED"`,
			})
			if strings.Contains(client.get("WriteAttributes"), "email_verified") {
				t.Error("an app may declare its own users' addresses verified")
			}
		}
	}
}

// A client that names a provider before there is one cannot be created.
func TestClientsWaitForFacebook(t *testing.T) {
	clients := synthesise(t, parse(t, full), "prod").all("AWS::Cognito::UserPoolClient")
	for _, c := range clients {
		if !slices.ContainsFunc(c.DependsOn, func(id string) bool { return strings.HasPrefix(id, "Facebook") }) {
			t.Errorf("%s does not wait for the provider", c.get("ClientName"))
		}
	}
	if len(clients) != 2 {
		t.Errorf("there are %d clients", len(clients))
	}
}

func TestIdentityPoolRolesAreForTheirOwnPeopleOnly(t *testing.T) {
	tp := synthesise(t, shipped(t), "dev")
	found := map[string]bool{}
	for _, role := range tp.all("AWS::IAM::Role") {
		statement := role.get("AssumeRolePolicyDocument.Statement.0")
		if !strings.Contains(statement, "cognito-identity.amazonaws.com") {
			continue
		}
		for _, want := range []string{`"Action":"sts:AssumeRoleWithWebIdentity"`, `"Federated":"cognito-identity.amazonaws.com"`, `"StringEquals":{"cognito-identity.amazonaws.com:aud":{"Ref":"IdentityPool`} {
			if !strings.Contains(statement, want) {
				t.Errorf("the trust lacks %s: %s", want, statement)
			}
		}
		for _, who := range []string{`:amr":"authenticated"`, `:amr":"unauthenticated"`} {
			if strings.Contains(statement, who) {
				found[who] = true
			}
		}
		if got := role.get("ManagedPolicyArns"); got != "none" {
			t.Errorf("a role for people has the policies %s", got)
		}
	}
	if len(found) != 2 {
		t.Errorf("there are roles for %v", found)
	}

	all := synthesise(t, parse(t, full), "prod")
	own := false
	for _, policy := range all.all("AWS::IAM::Policy") {
		text := policy.get("PolicyDocument")
		if strings.Contains(text, "s3:GetObject") {
			own = strings.Contains(text, `/${cognito-identity.amazonaws.com:sub}/*`) && !strings.Contains(text, `"s3:*"`)
		}
	}
	if !own {
		t.Error("people reach more of the example bucket than their own folder")
	}
}

func TestMailsAreNotTracked(t *testing.T) {
	tp := synthesise(t, shipped(t), "dev")
	events := strings.ToLower(tp.one("AWS::SES::ConfigurationSetEventDestination").get("EventDestination.MatchingEventTypes"))
	if strings.Contains(events, "click") || strings.Contains(events, "open") {
		t.Errorf("clicks or openings are tracked: %s", events)
	}
	if got := len(tp.all("AWS::SES::EmailIdentity")); got != 0 {
		t.Errorf("the pool's stack has %d identities; it must wait for one that is verified", got)
	}
}

// An account has each identity once, so its stack is the same whatever stage or
// pool is deployed.
func TestTheIdentityIsAStackOfItsOwn(t *testing.T) {
	domain := synthesiseIdentity(t, shipped(t))
	domain.want(domain.one("AWS::SES::EmailIdentity"), map[string]string{"EmailIdentity": `"example.com"`, "Tags": "none"})
	if len(domain.resources) != 1 || !slices.Equal(slices.Sorted(maps.Keys(domain.outputs)), []string{
		"DkimName1", "DkimName2", "DkimName3", "DkimValue1", "DkimValue2", "DkimValue3",
	}) {
		t.Errorf("a domain outside Route 53 has %v and tells %v", domain.resources, domain.outputs)
	}
	zone := synthesiseIdentity(t, parse(t, full))
	zone.want(zone.one("AWS::SES::EmailIdentity"), map[string]string{"EmailIdentity": `"rides.example.com"`})
	if n := len(zone.all("AWS::Route53::RecordSet")); n != 3 || len(zone.outputs) != 0 {
		t.Errorf("a domain in Route 53 gets %d records, want 3, and %d outputs", n, len(zone.outputs))
	}
	for _, record := range zone.all("AWS::Route53::RecordSet") {
		// The zone is that of the domain above the identity.
		zone.want(record, map[string]string{"HostedZoneId": `"Z0123456789EXAMPLE"`, "Type": `"CNAME"`})
	}
	address := synthesiseIdentity(t, parse(t, bare))
	address.want(address.one("AWS::SES::EmailIdentity"), map[string]string{"EmailIdentity": `"no-reply@example.com"`})
	if len(address.resources) != 1 || len(address.outputs) != 0 {
		t.Errorf("an address has %v and tells %v", address.resources, address.outputs)
	}
}

func TestFunctionsHaveLeastPrivilege(t *testing.T) {
	for name, text := range map[string]string{"shipped": "", "full": full} {
		t.Run(name, func(t *testing.T) {
			set := shipped(t)
			if text != "" {
				set = parse(t, text)
			}
			tp := synthesise(t, set, "dev")
			functions := tp.all("AWS::Lambda::Function")
			var names []string
			for _, f := range functions {
				names = append(names, nameOf(f))
			}
			slices.Sort(names)
			if want := bundle.Names(bundle.FunctionsOf(set)); !slices.Equal(names, want) {
				t.Errorf("there are the functions %v, want %v", names, want)
			}
			for _, f := range functions {
				tp.want(f, map[string]string{
					"Runtime": `"provided.al2023"`, "Handler": `"bootstrap"`, "Architectures": `["arm64"]`,
					"TracingConfig.Mode": `"Active"`, "LoggingConfig.LogFormat": `"JSON"`,
					"Environment.Variables.GOMAXPROCS": `"1"`, "Environment.Variables.STACK": `"` + stackName(set, "dev") + `"`,
				})
				if strings.HasPrefix(f.get("LoggingConfig.LogGroup"), "none") {
					t.Error("a function has no log group of its own")
				}
			}
			for _, policy := range tp.all("AWS::IAM::Policy") {
				for _, s := range policy.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
					text, _ := json.Marshal(s)
					if strings.Contains(string(text), `"Resource":"*"`) && !strings.Contains(string(text), "xray:PutTraceSegments") {
						t.Errorf("a policy is for everything: %s", text)
					}
					if regexp.MustCompile(`"Action":(\[[^]]*)?"[a-z0-9-]+:\*"`).Match(text) {
						t.Errorf("a policy allows every action: %s", text)
					}
				}
			}
			for _, p := range tp.all("AWS::Lambda::Permission") {
				if p.get("Principal") == `"cognito-idp.amazonaws.com"` && !strings.Contains(p.get("SourceArn"), "UserPool") {
					t.Errorf("any pool may invoke a trigger: %s", p.get("SourceArn"))
				}
			}
		})
	}
}

// In the sandbox SES asks for the recipient's identity as well; the condition is
// what keeps others' senders safe.
func TestSendMailMaySendToEveryIdentityAsItsOwnSenderOnly(t *testing.T) {
	send := synthesise(t, shipped(t), "dev").statement("ses:SendEmail")
	identity, set := send.get("Statement.Resource.0"), send.get("Statement.Resource.1")
	if !strings.HasSuffix(identity, `":identity/*"]]}`) || !strings.Contains(set, "ConfigurationSet") || send.get("Statement.Resource.2") != "none" {
		t.Errorf("it may use %s", send.get("Statement.Resource"))
	}
	if got := send.get("Statement.Condition.StringEquals.ses:FromAddress"); !strings.Contains(got, "no-reply@example.com") {
		t.Errorf("it may send as %s", got)
	}
}

// Links carry codes.
func TestTheAccessLogHasNoQuery(t *testing.T) {
	format := synthesise(t, shipped(t), "dev").one("AWS::ApiGatewayV2::Stage").get("AccessLogSettings.Format")
	if !strings.Contains(format, "$context.requestId") || strings.Contains(format, "uery") || strings.Contains(format, "path") {
		t.Errorf("the access log has %s", format)
	}
}

func TestLinksLeadToTheHostOfTheSettings(t *testing.T) {
	for _, f := range synthesise(t, parse(t, full), "prod").all("AWS::Lambda::Function") {
		if got := f.get("Environment.Variables.LINKS_URL"); got != "none" && got != `"https://links.rides.example.com"` {
			t.Errorf("links lead to %s", got)
		}
	}
}

// SQS gives an email to another process when the visibility timeout ends, so the first
// one must have ended before (Lambda developer guide: six times its time limit).
func TestTheMailQueueWaitsForSendMail(t *testing.T) {
	tp := synthesise(t, shipped(t), "dev")
	limit := tp.function("send-mail").Properties["Timeout"].(float64)
	for _, q := range tp.all("AWS::SQS::Queue") {
		tp.want(q, map[string]string{"SqsManagedSseEnabled": `true`, "ContentBasedDeduplication": `none`})
		if q.get("RedrivePolicy") != "none" {
			tp.want(q, map[string]string{"VisibilityTimeout": fmt.Sprint(6 * limit)})
		}
	}
	// At one email a second and at 200.
	for senders, tp := range map[string]*template{`2 "2.1s"`: tp, `50 "250ms"`: synthesise(t, parse(t, full), "prod")} {
		concurrency := tp.one("AWS::Lambda::EventSourceMapping").get("ScalingConfig.MaximumConcurrency")
		if got := concurrency + " " + tp.function("send-mail").get("Environment.Variables.SEND_INTERVAL"); got != senders {
			t.Errorf("there are %s, want %s", got, senders)
		}
	}
}

func TestCognitoSendsTheMails(t *testing.T) {
	set := shipped(t)
	set.Clients = append(set.Clients, settings.Client{Name: "second", Brand: set.Brands[0].Name, Locale: "en", URL: "https://second.example.com/", SignInURL: "https://second.example.com/", RefreshTokenDays: 30})
	tp := synthesise(t, set, "dev")
	tp.want(tp.one("AWS::Cognito::UserPool"), map[string]string{"LambdaConfig.CustomEmailSender": "none", "LambdaConfig.KMSKeyID": "none"})
	if n := len(tp.all("AWS::KMS::Key")); n != 0 {
		t.Errorf("there are %d keys that nobody needs", n)
	}
	if got := tp.statement("cognito-idp:DescribeUserPoolClient").get("Roles"); !strings.Contains(got, "CustomMessageRole") {
		t.Errorf("client names are for %s", got)
	}
	// What calls AWS gets more CPU.
	for name, memory := range map[string]string{"custom-message": "512", "verify-link": "512", "send-mail": "512", "pre-sign-up": "256", "post-confirmation": "512", "mail-feedback": "256"} {
		tp.want(tp.function(name), map[string]string{"MemorySize": memory})
	}
}

// Cognito must not have both triggers, and a custom sender needs a key, which send-mail
// alone decrypts with, for this pool alone.
func TestSendMailSendsTheMails(t *testing.T) {
	tp := synthesise(t, parse(t, full), "prod")
	pool := tp.one("AWS::Cognito::UserPool")
	tp.want(pool, map[string]string{"LambdaConfig.CustomMessage": "none", "LambdaConfig.CustomEmailSender.LambdaVersion": `"V1_0"`})
	tp.want(tp.function("custom-email-sender"), map[string]string{"MemorySize": "512"})
	key := tp.one("AWS::KMS::Key")
	if got := pool.get("LambdaConfig.KMSKeyID"); !strings.Contains(got, `"CodeKey`) || !strings.Contains(got, `"Arn"`) {
		t.Errorf("Cognito encrypts with %s", got)
	}
	tp.want(key, map[string]string{
		"EnableKeyRotation": "true", "KeySpec": "none", // symmetric
		"KeyPolicy.Statement.0.Action": `"kms:*"`, // for whom IAM lets, so also for who makes Cognito's grant
		"KeyPolicy.Statement.1": `{"Action":"kms:CreateGrant","Condition":{` +
			`"ArnLike":{"aws:SourceArn":{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":cognito-idp:us-east-1:",{"Ref":"AWS::AccountId"},":userpool/*"]]}},` +
			`"StringEquals":{"aws:SourceAccount":{"Ref":"AWS::AccountId"}}},"Effect":"Allow","Principal":{"Service":"cognito-idp.amazonaws.com"},"Resource":"*"}`,
	})
	if got := key.get("KeyPolicy.Statement.0.Principal"); !strings.Contains(got, ":root") || key.get("KeyPolicy.Statement.2") != "none" {
		t.Errorf("the key is for %s and more", got)
	}
	decrypt := tp.statement("kms:Decrypt")
	if got := decrypt.get("Roles"); !strings.Contains(got, "SendMailRole") {
		t.Errorf("codes are decrypted by %s", got)
	}
	if got := decrypt.get("Statement.Condition"); !strings.HasPrefix(got, `{"StringEquals":{"kms:EncryptionContext:userpool-id":{"Ref":"UserPool`) {
		t.Errorf("codes are decrypted on the condition %s", got)
	}
	if got := decrypt.get("Statement.Resource"); !strings.HasPrefix(got, `{"Fn::GetAtt":["CodeKey`) {
		t.Errorf("codes are decrypted with %s", got)
	}
}

// The pool's own sender, which Cognito asks for, stays that of all brands.
func TestSendMailSendsAsTheSendersOfItsBrandsOnly(t *testing.T) {
	for name, test := range map[string]struct {
		set             *settings.Settings
		senders, ofPool string
	}{
		"one sender":            {shipped(t), `["no-reply@example.com"]`, `"MyApp \u003cno-reply@example.com\u003e"`},
		"two apps of one brand": {parse(t, strings.Replace(full, "brand: kiosk, ", "", 1)), `["no-reply@rides.example.com"]`, `"Rides \u003cno-reply@rides.example.com\u003e"`},
		"brands with one each":  {parse(t, full), `["kiosk@rides.example.com","no-reply@rides.example.com"]`, `"Rides \u003cno-reply@rides.example.com\u003e"`},
	} {
		t.Run(name, func(t *testing.T) {
			tp := synthesise(t, test.set, "dev")
			send := tp.statement("ses:SendEmail")
			tp.want(send, map[string]string{"Statement.Condition": `{"StringEquals":{"ses:FromAddress":` + test.senders + `}}`})
			if got := send.get("Roles"); !strings.Contains(got, "SendMailRole") {
				t.Errorf("mails are sent by %s", got)
			}
			tp.want(tp.one("AWS::Cognito::UserPool"), map[string]string{"EmailConfiguration.From": test.ofPool})
		})
	}
}

// What Cognito and EventBridge invoke, nobody waits for: Lambda tries again, and
// keeps what it gives up.
func TestAsynchronousEventsAreNotLost(t *testing.T) {
	for name, want := range map[string][]string{"cognito": {"MailFeedback"}, "ses": {"CustomEmailSender", "MailFeedback"}} {
		t.Run(name, func(t *testing.T) {
			set := shipped(t)
			set.Mail.Delivery = name
			tp := synthesise(t, set, "dev")
			configs := tp.all("AWS::Lambda::EventInvokeConfig")
			if len(configs) != len(want) {
				t.Fatalf("%d functions keep their failures, want %v", len(configs), want)
			}
			for i, c := range configs {
				tp.want(c, map[string]string{"MaximumEventAgeInSeconds": `21600`, "MaximumRetryAttempts": `2`})
				if got := c.get("FunctionName"); !strings.Contains(got, want[i]) {
					t.Errorf("failures are kept of %s, want %s", got, want[i])
				}
				if got := c.get("DestinationConfig.OnFailure.Destination"); !strings.Contains(got, "FailedEvents") {
					t.Errorf("failures go to %s", got)
				}
			}
		})
	}
}

func TestMailFeedbackHearsOfThisPoolsMailsOnly(t *testing.T) {
	tp := synthesise(t, shipped(t), "dev")
	rule := tp.one("AWS::Events::Rule")
	tp.want(rule, map[string]string{"State": `"ENABLED"`, "EventBusName": "none", "EventPattern.source": `["aws.ses"]`})
	if got := rule.get("EventPattern.detail"); !strings.HasPrefix(got, `{"mail":{"tags":{"ses:configuration-set":[{"Ref":"ConfigurationSet`) {
		t.Errorf("the events are those of %s", got)
	}
	if got := rule.get("Targets.0.Arn"); !strings.Contains(got, "MailFeedback") || rule.get("Targets.1") != "none" {
		t.Errorf("the events go to %s", rule.get("Targets"))
	}
	for _, p := range tp.all("AWS::Lambda::Permission") {
		if p.get("Principal") == `"events.amazonaws.com"` && !strings.Contains(p.get("SourceArn"), "MailEvents") {
			t.Errorf("any rule may invoke mail-feedback: %s", p.get("SourceArn"))
		}
	}
}

// Every alarm has a row in docs/deploy.md, with its threshold.
func TestTheDocumentationListsEveryAlarm(t *testing.T) {
	tp, all := synthesise(t, shipped(t), "dev"), synthesise(t, parse(t, full), "prod")
	documented, err := os.ReadFile("../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows, want []string
	for _, match := range regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\| ([0-9.]+) \\|").FindAllStringSubmatch(string(documented), -1) {
		rows = append(rows, match[1]+" "+match[2])
	}
	for _, tp := range []*template{tp, all} {
		for id, r := range tp.resources {
			if r.Type == "AWS::CloudWatch::Alarm" {
				want = append(want, id[:len(id)-8]+" "+r.get("Threshold")) // the CDK adds 8 characters
				if len(r.Properties["AlarmActions"].([]any)) != 1 || r.get("TreatMissingData") != `"notBreaching"` {
					t.Errorf("the alarm %s tells nobody, or goes off when nothing happens", id)
				}
			}
		}
	}
	slices.Sort(rows)
	slices.Sort(want)
	want = slices.Compact(want)
	if !slices.Equal(rows, want) {
		t.Errorf("docs/deploy.md has\n%s\nthe template has\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	all.want(all.one("AWS::SNS::Subscription"), map[string]string{"Protocol": `"email"`, "Endpoint": `"ops@rides.example.com"`})
	tp.one("AWS::CloudWatch::Dashboard")
}

func TestCDKNagFindsNothing(t *testing.T) {
	for name, text := range map[string]string{"shipped": "", "full": full, "bare": bare} {
		t.Run(name, func(t *testing.T) {
			set := shipped(t)
			if text != "" {
				set = parse(t, text)
			}
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
func TestTheTemplatesAreAsExpected(t *testing.T) {
	for file, tp := range map[string]*template{
		"testdata/template.yaml": synthesise(t, shipped(t), "dev"), "testdata/identity.yaml": synthesiseIdentity(t, shipped(t)),
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

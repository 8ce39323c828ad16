package infra

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/altcha"
	"poolpost/internal/bundle"
	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
	"poolpost/local/lambda"
)

// withRules are the sample settings with every rule that needs a permission.
func withRules(t *testing.T) *settings.Settings {
	set := settingstest.Sample(t)
	set.SignUp.Email.RefuseSuppressed = true
	set.SignUp.Hook.Function = "sign-up-hook"
	set.SignUp.ExternalProviders = config.ExternalProviders{Policy: "link", Trusted: []string{"Google"}, LinkReplacesPassword: true}
	return set
}

// grants are the statements of pre-sign-up's role, without those of every function.
func grants(tp *template) []string {
	tp.t.Helper()
	var list []string
	for _, policy := range tp.all("AWS::IAM::Policy") {
		if !strings.Contains(policy.get("Roles"), "PreSignUpRole") {
			continue
		}
		for _, statement := range policy.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			s := resource{Properties: statement.(map[string]any)}
			if actions := s.get("Action"); !strings.Contains(actions, "logs:") && !strings.Contains(actions, "xray:") {
				list = append(list, actions+" on "+s.get("Resource"))
			}
		}
	}
	slices.Sort(list)
	return list
}

func TestPreSignUpPermissions(t *testing.T) {
	if got := grants(synthesise(t, settingstest.Sample(t), "dev")); len(got) != 0 {
		t.Errorf("without such rules it may do %q", got)
	}
	want := []string{
		`"lambda:InvokeFunction" on ` + functionARN("sign-up-hook"),
		`"ses:GetSuppressedDestination" on "*"`,
		`["cognito-idp:AdminGetUser","cognito-idp:AdminLinkProviderForUser"] on {"Fn::GetAtt":["UserPool6BA7E5F2","Arn"]}`,
		`["cognito-idp:AdminSetUserPassword","cognito-idp:AdminUserGlobalSignOut"] on {"Fn::GetAtt":["UserPool6BA7E5F2","Arn"]}`,
		`["sqs:SendMessage","sqs:GetQueueAttributes","sqs:GetQueueUrl"] on {"Fn::GetAtt":["MailQueue4F838B3A","Arn"]}`,
	}
	slices.Sort(want)
	tp := synthesise(t, withRules(t), "dev")
	if got := grants(tp); !slices.Equal(got, want) {
		t.Errorf("it may do\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	everything := jsii.String("*")
	if found := *assertions.Annotations_FromStack(tp.stack).FindError(everything, assertions.Match_AnyValue()); len(found) != 0 {
		t.Errorf("cdk-nag finds %d faults", len(found))
	}
}

// functionARN is that of a function in the account and region of the stack.
func functionARN(name string) string {
	return `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":lambda:eu-central-1:",{"Ref":"AWS::AccountId"},":function:` + name + `"]]}`
}

// The hook alone may be invoked, by the name that the function calls; with several clients, their names
// may be asked for.
func TestHookPermissions(t *testing.T) {
	const arn = "arn:aws:lambda:eu-central-1:210987654321:function:seats:live"
	for _, test := range []struct {
		function string
		clients  bool
		want     []string
	}{
		{"seats", false, []string{`"lambda:InvokeFunction" on ` + functionARN("seats")}},
		{"seats:live", false, []string{`"lambda:InvokeFunction" on ` + functionARN("seats:live")}},
		{arn, true, []string{`"cognito-idp:DescribeUserPoolClient" on {"Fn::GetAtt":["UserPool6BA7E5F2","Arn"]}`, `"lambda:InvokeFunction" on "` + arn + `"`}},
	} {
		set := settingstest.Sample(t)
		set.SignUp.Hook.Function = test.function
		if test.clients {
			second := set.Clients[0]
			second.Name = "drivers"
			set.Clients = append(set.Clients, second)
		}
		tp := synthesise(t, set, "dev")
		if got := grants(tp); !slices.Equal(got, test.want) {
			t.Errorf("%s: it may do\n%s\nwant\n%s", test.function, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
		alarm := slices.ContainsFunc(tp.all("AWS::CloudWatch::Alarm"), func(r resource) bool {
			return strings.Contains(r.get("Dimensions"), `"hook-failed"`) && strings.Contains(r.get("Dimensions"), `"pre-sign-up"`)
		})
		if !alarm {
			t.Errorf("%s: nothing watches the hook", test.function)
		}
	}
}

// The real binary, in the environment of the template, calls only what its role may call.
func TestPreSignUpCallsOnlyWhatItsRoleAllows(t *testing.T) {
	set := withRules(t)
	set.SignUp.Captcha.Provider = config.Altcha
	tp := synthesise(t, set, "dev")
	var mu sync.Mutex
	var called []string
	call := func(action string) {
		mu.Lock()
		defer mu.Unlock()
		called = append(called, action)
	}
	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		switch {
		case operation == "AdminGetUser":
			call("cognito-idp:" + operation)
			fmt.Fprint(w, `{"Username":"sub","UserStatus":"CONFIRMED","Enabled":true,"UserAttributes":[{"Name":"email","Value":"ann@example.com"},{"Name":"email_verified","Value":"true"}]}`)
		case operation == "SendMessage":
			call("sqs:SendMessage")
			var in functiontest.SendMessage
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				t.Error(err)
			}
			if err := json.NewEncoder(w).Encode(in.Output()); err != nil {
				t.Error(err)
			}
		case operation == "GetSecretValue":
			call("secretsmanager:" + operation)
			fmt.Fprint(w, `{"SecretString":"sample-key"}`)
		case operation != "":
			call("cognito-idp:" + operation)
			fmt.Fprint(w, "{}")
		case strings.HasPrefix(r.URL.Path, "/v2/email/suppression/addresses/"):
			call("ses:GetSuppressedDestination")
			w.Header().Set("X-Amzn-ErrorType", "NotFoundException")
			w.WriteHeader(http.StatusNotFound)
		case r.Method == http.MethodGet: // the connection to Lambda is opened
		case r.URL.Path == "/2015-03-31/functions/sign-up-hook/invocations":
			call("lambda:InvokeFunction")
			fmt.Fprint(w, `{"decision":"refuse","code":"NO_SEAT","sentence":"No seat is left"}`)
		default:
			call(r.Method + " " + r.URL.Path)
		}
	}))
	defer aws.Close()

	preSignUp := bundle.Named("pre-sign-up")
	dir := buildHere(t, set, []bundle.Function{preSignUp})
	env := resolver{template: tp, mailQueue: aws.URL + "/123456789012/mail.fifo"}.env(tp.function("pre-sign-up"), aws.URL)
	host, err := lambda.New(lambda.Options{Region: set.Pool.Region, Logs: func(string, string) {}},
		lambda.Function{Name: "pre-sign-up", Dir: filepath.Join(dir, "pre-sign-up"), Env: env, Timeout: preSignUp.Timeout})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	challenge, err := altcha.Challenge("sample-key", 1, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	proof, err := altcha.Solve(challenge)
	if err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string]string{
		`{"version":"1","triggerSource":"PreSignUp_ExternalProvider","userPoolId":"eu-central-1_Sample001",
			"userName":"Google_123","request":{"userAttributes":{"email":"ann@example.com","email_verified":"true"}},"response":{}}`: "ACCOUNT_LINKED: ",
		`{"version":"1","triggerSource":"PreSignUp_SignUp","userPoolId":"eu-central-1_Sample001","userName":"0a1b",
			"request":{"userAttributes":{"email":"ann@example.com","custom:agentName":"Ann"},"validationData":{"captcha":"` + proof + `"}},"response":{}}`: "HOOK_NO_SEAT: No seat is left",
	} {
		if _, err = host.Invoke(t.Context(), "pre-sign-up", []byte(event)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("pre-sign-up: %v, want %s", err, want)
		}
	}
	slices.Sort(called)
	if want := []string{"cognito-idp:AdminGetUser", "cognito-idp:AdminLinkProviderForUser", "cognito-idp:AdminSetUserPassword", "cognito-idp:AdminUserGlobalSignOut", "lambda:InvokeFunction", "secretsmanager:GetSecretValue", "ses:GetSuppressedDestination", "ses:GetSuppressedDestination", "sqs:SendMessage"}; !slices.Equal(called, want) {
		t.Errorf("it calls %q, want %q", called, want)
	}
}

// The secret of the settings alone may be read, or the one that the stack makes; by verify-link only
// where it hands out challenges.
func TestCaptchaPermissions(t *testing.T) {
	const partial = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:myapp/captcha"
	for name, test := range map[string]struct {
		captcha  config.Captcha
		resource string // of the permission
		value    string // of the variable
		alarm    string // its severity
	}{
		"a name":      {config.Captcha{Provider: "turnstile", Secret: "myapp/captcha"}, secretARN("myapp/captcha-??????"), `"myapp/captcha"`, "Page now"},
		"a whole ARN": {config.Captcha{Provider: "hcaptcha", Secret: partial + "-AbC123"}, `"` + partial + `-AbC123"`, `"` + partial + `-AbC123"`, "Page now"},
		"an ARN without its end": {config.Captcha{Provider: "recaptcha", Secret: partial, OnFailure: config.AcceptOnFailure},
			`"` + partial + `-??????"`, `"` + partial + `"`, "Next day"},
		"ALTCHA": {config.Captcha{Provider: "altcha"}, `{"Ref":"CaptchaKeyDB65507E"}`, `{"Ref":"CaptchaKeyDB65507E"}`, "Page now"},
	} {
		t.Run(name, func(t *testing.T) {
			set := settingstest.Sample(t)
			set.SignUp.Captcha = test.captcha
			tp := synthesise(t, set, "dev")
			if got, want := grants(tp), []string{`"secretsmanager:GetSecretValue" on ` + test.resource}; !slices.Equal(got, want) {
				t.Errorf("pre-sign-up may do %q, want %q", got, want)
			}
			tp.want(tp.function("pre-sign-up"), map[string]string{"Environment.Variables.CAPTCHA_SECRET": test.value, "MemorySize": "512"})
			altcha := test.captcha.Provider == config.Altcha
			if got := strings.Contains(tp.function("verify-link").get("Environment"), "CAPTCHA_SECRET"); got != altcha {
				t.Errorf("verify-link has the secret: %t", got)
			}
			if got := len(tp.all("AWS::SecretsManager::Secret")); got != 0 != altcha {
				t.Errorf("the stack makes %d secrets", got)
			}
			alarm := slices.ContainsFunc(tp.all("AWS::CloudWatch::Alarm"), func(r resource) bool {
				return strings.Contains(r.get("Metrics"), `"captcha-unavailable"`) && strings.HasPrefix(r.get("AlarmDescription"), `"`+test.alarm)
			})
			if !alarm {
				t.Error("nothing watches the captcha")
			}
			everything := jsii.String("*")
			if found := *assertions.Annotations_FromStack(tp.stack).FindError(everything, assertions.Match_AnyValue()); len(found) != 0 {
				t.Errorf("cdk-nag finds %d faults", len(found))
			}
		})
	}
}

// secretARN is that of a secret in the account and region of the stack.
func secretARN(name string) string {
	return `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":secretsmanager:eu-central-1:",{"Ref":"AWS::AccountId"},":secret:` + name + `"]]}`
}

package infra

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/bundle"
	"poolpost/internal/config"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
	"poolpost/local/lambda"
)

// withRules are the sample settings with every rule that needs a permission.
func withRules(t *testing.T) *settings.Settings {
	set := settingstest.Sample(t)
	set.SignUp.Email.RefuseSuppressed = true
	set.SignUp.Hook.Function = "sign-up-hook"
	set.SignUp.ExternalProviders = config.ExternalProviders{Policy: "link", Trusted: []string{"Google"}}
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
	env := resolver{template: tp}.env(tp.function("pre-sign-up"), aws.URL)
	host, err := lambda.New(lambda.Options{Region: set.Pool.Region, Logs: func(string, string) {}},
		lambda.Function{Name: "pre-sign-up", Dir: filepath.Join(dir, "pre-sign-up"), Env: env, Timeout: preSignUp.Timeout})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	for event, want := range map[string]string{
		`{"version":"1","triggerSource":"PreSignUp_ExternalProvider","userPoolId":"eu-central-1_Sample001",
			"userName":"Google_123","request":{"userAttributes":{"email":"ann@example.com","email_verified":"true"}},"response":{}}`: "ACCOUNT_LINKED: ",
		`{"version":"1","triggerSource":"PreSignUp_SignUp","userPoolId":"eu-central-1_Sample001","userName":"0a1b",
			"request":{"userAttributes":{"email":"ann@example.com","custom:agentName":"Ann"}},"response":{}}`: "HOOK_NO_SEAT: No seat is left",
	} {
		if _, err = host.Invoke(t.Context(), "pre-sign-up", []byte(event)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("pre-sign-up: %v, want %s", err, want)
		}
	}
	slices.Sort(called)
	if want := []string{"cognito-idp:AdminGetUser", "cognito-idp:AdminLinkProviderForUser", "lambda:InvokeFunction", "ses:GetSuppressedDestination", "ses:GetSuppressedDestination"}; !slices.Equal(called, want) {
		t.Errorf("it calls %q, want %q", called, want)
	}
}

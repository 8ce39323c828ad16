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
		`"ses:GetSuppressedDestination" on "*"`,
		`["cognito-idp:AdminGetUser","cognito-idp:AdminLinkProviderForUser"] on {"Fn::GetAtt":["UserPool6BA7E5F2","Arn"]}`,
	}
	tp := synthesise(t, withRules(t), "dev")
	if got := grants(tp); !slices.Equal(got, want) {
		t.Errorf("it may do\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	everything := jsii.String("*")
	if found := *assertions.Annotations_FromStack(tp.stack).FindError(everything, assertions.Match_AnyValue()); len(found) != 0 {
		t.Errorf("cdk-nag finds %d faults", len(found))
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
	_, err = host.Invoke(t.Context(), "pre-sign-up", []byte(`{"version":"1","triggerSource":"PreSignUp_ExternalProvider","userPoolId":"eu-central-1_Sample001",
		"userName":"Google_123","request":{"userAttributes":{"email":"ann@example.com","email_verified":"true"}},"response":{}}`))
	if err == nil || !strings.Contains(err.Error(), "ACCOUNT_LINKED") {
		t.Errorf("pre-sign-up: %v", err)
	}
	if want := []string{"ses:GetSuppressedDestination", "cognito-idp:AdminGetUser", "cognito-idp:AdminLinkProviderForUser"}; !slices.Equal(called, want) {
		t.Errorf("it calls %q, want %q", called, want)
	}
}

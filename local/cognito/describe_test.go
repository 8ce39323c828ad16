package cognito

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"go.yaml.in/yaml/v3"

	"poolpost/internal/settings/settingstest"
)

// deployed are the properties of the one resource of a type in the template of the sample settings.
func deployed(t *testing.T, kind string) map[string]any {
	t.Helper()
	return deployedIn(t, "template.yaml", kind)
}

func deployedIn(t *testing.T, file, kind string) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../../infra/testdata/" + file)
	ok(t, err)
	var template struct {
		Resources map[string]struct {
			Type       string         `yaml:"Type"`
			Properties map[string]any `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	ok(t, yaml.Unmarshal(text, &template))
	for _, resource := range template.Resources {
		if resource.Type == kind {
			return resource.Properties
		}
	}
	t.Fatalf("the template has no %s", kind)
	return nil
}

// call sends an administrator's request, and returns the answer as it is.
func (w *world) call(operation, body string) map[string]any {
	w.t.Helper()
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", Target+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sample")
	answer := httptest.NewRecorder()
	w.pool.ServeHTTP(answer, r)
	var all map[string]any
	ok(w.t, json.Unmarshal(answer.Body.Bytes(), &all))
	return all
}

// same compares a member of what is described with a property of the template, as JSON.
func same(t *testing.T, name string, described, property any) {
	t.Helper()
	got, err := json.Marshal(described)
	ok(t, err)
	want, err := json.Marshal(property)
	ok(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s is %s, and %s in the template", name, got, want)
	}
}

func sampleWorld(t *testing.T) *world {
	return newWorld(t, func(o *Options) { o.Settings = settingstest.Sample(t) })
}

// The app client is the one that the CDK app deploys. What the template leaves out is Cognito's
// default, which settings.Access knows.
func TestAppClientIsTheDeployedOne(t *testing.T) {
	w := sampleWorld(t)
	client := w.call("DescribeUserPoolClient", `{"UserPoolId":"`+poolID+`","ClientId":"`+webClient+`"}`)["UserPoolClient"].(map[string]any)
	properties := deployed(t, "AWS::Cognito::UserPoolClient")
	for _, name := range []string{
		"AllowedOAuthFlowsUserPoolClient", "ClientName", "EnableTokenRevocation", "ExplicitAuthFlows", "PreventUserExistenceErrors",
		"AccessTokenValidity", "IdTokenValidity", "ReadAttributes", "RefreshTokenValidity", "TokenValidityUnits", "WriteAttributes",
	} {
		same(t, name, client[name], properties[name])
	}
	for _, name := range []string{"AuthSessionValidity", "RefreshTokenRotation"} {
		if value, there := properties[name]; there {
			t.Errorf("the template sets %s to %v, and the local pool has Cognito's default", name, value)
		}
	}
	if properties["GenerateSecret"] != false || client["ClientSecret"] != nil {
		t.Error("a client has a secret")
	}
}

func TestPoolIsTheDeployedOne(t *testing.T) {
	w := sampleWorld(t)
	pool := w.call("DescribeUserPool", `{"UserPoolId":"`+poolID+`"}`)["UserPool"].(map[string]any)
	properties := deployed(t, "AWS::Cognito::UserPool")
	for _, name := range []string{
		"AccountRecoverySetting", "AdminCreateUserConfig", "AutoVerifiedAttributes", "DeviceConfiguration", "MfaConfiguration",
		"Policies", "UserAttributeUpdateSettings", "UserPoolTier", "UsernameAttributes", "UsernameConfiguration",
	} {
		same(t, name, pool[name], properties[name])
	}
	schema := map[string]bool{}
	for _, a := range pool["SchemaAttributes"].([]any) {
		a := a.(map[string]any)
		schema[a["Name"].(string)] = a["Required"].(bool)
	}
	for _, a := range properties["Schema"].([]any) {
		a := a.(map[string]any)
		name := a["Name"].(string)
		if name == "agentName" {
			name = "custom:" + name
		}
		if required, there := schema[name]; !there || required != (a["Required"] == true) {
			t.Errorf("%s: in the schema %t, required %t", name, there, required)
		}
	}
}

func TestDescribingWhatIsNotThere(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	_, err := w.admin.DescribeUserPoolClient(ctx, &cognito.DescribeUserPoolClientInput{UserPoolId: aws.String(poolID), ClientId: aws.String("nobody")})
	refused(t, err, "ResourceNotFoundException", "User pool client nobody does not exist.")
	_, err = w.admin.DescribeUserPoolClient(ctx, &cognito.DescribeUserPoolClientInput{UserPoolId: aws.String("eu-central-1_Other"), ClientId: aws.String(webClient)})
	refused(t, err, "ResourceNotFoundException", "User pool eu-central-1_Other does not exist.")
	_, err = w.admin.DescribeUserPool(ctx, &cognito.DescribeUserPoolInput{UserPoolId: aws.String("eu-central-1_Other")})
	refused(t, err, "ResourceNotFoundException", "User pool eu-central-1_Other does not exist.")
}

func TestPoolsAndClientsAreListed(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	pools, err := w.admin.ListUserPools(ctx, &cognito.ListUserPoolsInput{MaxResults: aws.Int32(10)})
	ok(t, err)
	if len(pools.UserPools) != 1 || *pools.UserPools[0].Id != poolID || *pools.UserPools[0].Name != "App_Users" {
		t.Errorf("listed %+v", pools.UserPools)
	}
	clients, err := w.admin.ListUserPoolClients(ctx, &cognito.ListUserPoolClientsInput{UserPoolId: aws.String(poolID)})
	ok(t, err)
	if len(clients.UserPoolClients) != 1 || *clients.UserPoolClients[0].ClientId != webClient || *clients.UserPoolClients[0].ClientName != "web" {
		t.Errorf("listed %+v", clients.UserPoolClients)
	}
	for setting, want := range map[string]string{"off": "OFF", "optional": "OPTIONAL", "required": "ON"} {
		w := newWorld(t, withMFA(setting))
		config, err := w.admin.GetUserPoolMfaConfig(ctx, &cognito.GetUserPoolMfaConfigInput{UserPoolId: aws.String(poolID)})
		ok(t, err)
		if string(config.MfaConfiguration) != want || (config.SoftwareTokenMfaConfiguration != nil) != (setting != "off") {
			t.Errorf("%s: %+v", setting, config)
		}
	}
}

// Every operation of the API, which are methods of the SDK, is there, or is refused with its reason.
func TestOperationsAreThoseOfTheAPI(t *testing.T) {
	decided := map[string]int{}
	for name := range newWorld(t).pool.operations() {
		decided[name]++
	}
	for _, names := range refusedOperations {
		for _, name := range names {
			decided[name]++
		}
	}
	for method := range reflect.TypeFor[*cognito.Client]().Methods() {
		if method.Name == "Options" {
			continue
		}
		if decided[method.Name] != 1 {
			t.Errorf("%s is there or refused %d times, want once", method.Name, decided[method.Name])
		}
		delete(decided, method.Name)
	}
	for name := range decided {
		t.Errorf("the API has no operation %s", name)
	}
}

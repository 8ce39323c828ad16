package awscall

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"poolpost/internal/logging"
)

// newService is a service with an answer behind it.
func newService(t *testing.T, answer http.HandlerFunc) *Service {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return New(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample-secret-key", "sample-session-token"),
	}, "email", "ses")
}

func TestACallIsSignedForItsService(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") || !strings.Contains(got, "/eu-central-1/ses/aws4_request") {
			t.Errorf("the signature is %s", got)
		}
		if r.Header.Get("X-Amz-Security-Token") != "sample-session-token" {
			t.Error("the session token is missing")
		}
		fmt.Fprintf(w, `{"Asked":%q}`, r.Method+" "+r.URL.EscapedPath()+" "+r.Header.Get("X-Amz-Target"))
	})
	var answer struct{ Asked string }
	if err := s.Get(t.Context(), "/v2/a%2Bb%40c", &answer); err != nil || answer.Asked != "GET /v2/a%2Bb%40c " {
		t.Errorf("Get: %v, %s", err, answer.Asked)
	}
	if err := s.Operation(t.Context(), "Service.Operation", struct{}{}, &answer); err != nil || answer.Asked != "POST / Service.Operation" {
		t.Errorf("Operation: %v, %s", err, answer.Asked)
	}
	if err := s.Operation(t.Context(), "Service.Operation", struct{}{}, nil); err != nil {
		t.Errorf("an answer that is not read: %v", err)
	}
}

func TestWithoutCredentialsNothingIsSigned(t *testing.T) {
	for name, credentials := range map[string]aws.CredentialsProvider{"none": nil, "anonymous ones": aws.AnonymousCredentials{}} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				for _, header := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
					if got, ok := r.Header[header]; ok {
						t.Errorf("the request has %s: %s", header, got)
					}
				}
			}))
			defer server.Close()
			s := Cognito(aws.Config{Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials})
			if err := s.Operation(t.Context(), "ConfirmSignUp", struct{}{}, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCredentialsThatAreMissingAreAnError(t *testing.T) {
	s := New(aws.Config{BaseEndpoint: aws.String("http://127.0.0.1:0"), Credentials: credentials.NewStaticCredentialsProvider("", "", "")}, "email", "ses")
	if err := s.Operation(t.Context(), "GetAccount", struct{}{}, nil); err == nil || !strings.Contains(err.Error(), "static credentials are empty") {
		t.Errorf("got %v", err)
	}
}

// The names are those of "Amazon SQS endpoints and quotas" and its like, and of
// each partition's own pages.
func TestWithoutAnEndpointTheAddressIsThatOfTheRegion(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-3":      "https://sqs.eu-west-3.amazonaws.com",
		"us-east-1":      "https://sqs.us-east-1.amazonaws.com",
		"us-gov-west-1":  "https://sqs.us-gov-west-1.amazonaws.com",
		"cn-north-1":     "https://sqs.cn-north-1.amazonaws.com.cn",
		"eusc-de-east-1": "https://sqs.eusc-de-east-1.amazonaws.eu",
		"us-iso-east-1":  "https://sqs.us-iso-east-1.c2s.ic.gov",
		"us-isob-east-1": "https://sqs.us-isob-east-1.sc2s.sgov.gov",
		"eu-isoe-west-1": "https://sqs.eu-isoe-west-1.cloud.adc-e.uk",
		"us-isof-east-1": "https://sqs.us-isof-east-1.csp.hci.ic.gov",
	} {
		if got := SQS(aws.Config{Region: region}).endpoint; got != want {
			t.Errorf("in %s the endpoint is %s, want %s", region, got, want)
		}
		if got := SQS(aws.Config{Region: region, BaseEndpoint: aws.String("http://127.0.0.1:9229")}).endpoint; got != "http://127.0.0.1:9229" {
			t.Errorf("in %s the base endpoint is not used, but %s", region, got)
		}
	}
	if got, want := New(aws.Config{Region: "eu-west-3"}, "email", "ses").endpoint, "https://email.eu-west-3.amazonaws.com"; got != want {
		t.Errorf("the endpoint is %s, want %s", got, want)
	}
	if got, want := Cognito(aws.Config{Region: "eu-west-3"}).endpoint, "https://cognito-idp.eu-west-3.amazonaws.com"; got != want {
		t.Errorf("the endpoint is %s, want %s", got, want)
	}
}

func TestOperationsAreCalledByTheirNamesInTheProtocolOfTheirService(t *testing.T) {
	for name, test := range map[string]struct {
		service                       func(aws.Config) *Service
		operation, target, typ, scope string
	}{
		"Cognito": {Cognito, "AdminGetUser", "AWSCognitoIdentityProviderService.AdminGetUser", "application/x-amz-json-1.1", "/cognito-idp/"},
		"SQS":     {SQS, "SendMessage", "AmazonSQS.SendMessage", "application/x-amz-json-1.0", "/sqs/"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got := r.Header.Get("Authorization"); !strings.Contains(got, test.scope) {
					t.Errorf("the signature is %s", got)
				}
				body, _ := io.ReadAll(r.Body)
				fmt.Fprintf(w, `{"Target":%q,"Type":%q,"Body":%q}`, r.Header.Get("X-Amz-Target"), r.Header.Get("Content-Type"), body)
			}))
			defer server.Close()
			s := test.service(aws.Config{Region: "eu-west-3", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample-secret-key", "")})
			var answer struct{ Target, Type, Body string }
			if err := s.Operation(t.Context(), test.operation, map[string]string{"Name": "sample"}, &answer); err != nil {
				t.Fatal(err)
			}
			if answer.Target != test.target || answer.Type != test.typ || answer.Body != `{"Name":"sample"}` {
				t.Errorf("the request is %+v", answer)
			}
		})
	}
}

func TestAnErrorHasItsCodeAndHidesItsMessage(t *testing.T) {
	const personal = "ann@example.com"
	for name, test := range map[string]struct {
		status       int
		header, body string
		code         string
	}{
		"the code in the body":             {400, "", `{"__type":"UserNotFoundException","message":"` + personal + `"}`, "UserNotFoundException"},
		"with a namespace":                 {400, "", `{"__type":"com.amazonaws.cognito#UserNotFoundException","message":"` + personal + `"}`, "UserNotFoundException"},
		"the code in the header":           {404, "NotFoundException", `{"message":"` + personal + `"}`, "NotFoundException"},
		"with an address":                  {404, "NotFoundException:http://internal.amazon.com/coral/", `{"message":"` + personal + `"}`, "NotFoundException"},
		"the code under another name":      {400, "", `{"code":"BadRequestException","message":"` + personal + `"}`, "BadRequestException"},
		"no code":                          {503, "", "<html>" + personal, "status 503"},
		"nothing":                          {500, "", "", "status 500"},
		"a success without what was asked": {200, "", "<html>" + personal, "*json.SyntaxError"},
		"a success that is cut off":        {200, "", `{"Asked":"` + personal, "*json.SyntaxError"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, func(w http.ResponseWriter, _ *http.Request) {
				if test.header != "" {
					w.Header().Set("X-Amzn-ErrorType", test.header)
				}
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			})
			err := s.Operation(t.Context(), "Service.Operation", struct{}{}, &struct{ Asked string }{})
			if err == nil || logging.Reason(err) != test.code {
				t.Fatalf("the log tells %s of %v, want %s", logging.Reason(err), err, test.code)
			}
			if strings.Contains(err.Error(), "ann") {
				t.Errorf("the error quotes what is personal: %v", err)
			}
			var e *Error
			if errors.As(err, &e) && strings.Contains(test.body, `"message"`) && e.Message != personal {
				t.Errorf("the message is %q", e.Message)
			}
		})
	}
}

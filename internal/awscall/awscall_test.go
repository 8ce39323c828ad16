package awscall

import (
	"errors"
	"fmt"
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

func TestWithoutAnEndpointTheAddressIsThatOfTheRegion(t *testing.T) {
	if got, want := New(aws.Config{Region: "eu-west-3"}, "email", "ses").endpoint, "https://email.eu-west-3.amazonaws.com"; got != want {
		t.Errorf("the endpoint is %s, want %s", got, want)
	}
}

func TestCognitosOperationsAreCalledByTheirNames(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"Asked":%q}`, r.Header.Get("X-Amz-Target"))
	}))
	t.Cleanup(server.Close)
	cfg := aws.Config{Region: "eu-west-3", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample-secret-key", "")}
	if got, want := Cognito(cfg).endpoint, "https://cognito-idp.eu-west-3.amazonaws.com"; got != want {
		t.Errorf("the endpoint is %s, want %s", got, want)
	}
	cfg.BaseEndpoint = aws.String(server.URL)
	var answer struct{ Asked string }
	if err := Cognito(cfg).Operation(t.Context(), "AdminGetUser", struct{}{}, &answer); err != nil || answer.Asked != "AWSCognitoIdentityProviderService.AdminGetUser" {
		t.Errorf("got %q, %v", answer.Asked, err)
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
		"a success that is cut off":        {200, "", `{"Asked":"` + personal, "*errors.errorString"},
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

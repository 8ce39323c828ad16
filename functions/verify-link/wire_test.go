package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"poolpost/internal/link"
)

// What goes over the network, and nothing else: no signature, although there are
// credentials, and no value that an operation does not take.
func TestCognitoCallsAreUnsigned(t *testing.T) {
	shared := newSite(t)
	metadata := map[string]any{"locale": "en", "return": "https://riders.example.com/trips/42"}
	user := map[string]any{"ClientId": ridersID, "Username": userID, "ClientMetadata": metadata}
	with := func(more map[string]any) map[string]any {
		maps.Copy(more, user)
		return more
	}
	for path, test := range map[string]struct {
		operation string
		body      map[string]any
		done      pageName
		errors    map[string]pageName
	}{
		link.PathConfirm: {"ConfirmSignUp", with(map[string]any{"ConfirmationCode": code}), confirmed, map[string]pageName{
			`NotAuthorizedException: "User cannot be confirmed. Current status is CONFIRMED"`: alreadyConfirmed,
			`CodeMismatchException: "Invalid verification code provided, please try again."`:  wrongCode,
			`UserLambdaValidationException: "PostConfirmation failed with error Not today.."`: refusedByTrigger,
			`InternalErrorException: null`: unavailable,
		}},
		link.PathResend: {"ResendConfirmationCode", user, sent, map[string]pageName{
			`InvalidParameterException: "User is already confirmed."`:                             sent,
			`LimitExceededException: "Attempt limit exceeded, please try after some time."`:       limitReached,
			`CodeDeliveryFailureException: "Unable to deliver message to jane@example.com"`:       unavailable,
			`ResourceNotFoundException: "User pool client 1ridersexample23456789abcd not found."`: unknownClient,
		}},
		link.PathReset: {"ConfirmForgotPassword", with(map[string]any{"ConfirmationCode": code, "Password": password}), resetDone, map[string]pageName{
			`ExpiredCodeException: "Invalid code provided, please request a code again."`:                       resetExpired,
			`InvalidPasswordException: "Password did not conform with policy: Password must have an uppercase"`: resetRefused,
			`TooManyRequestsException: "Rate exceeded"`:                                                         resetBusy,
		}},
		link.PathForgot: {"ForgotPassword", user, resetSent, map[string]pageName{
			`UserNotFoundException: "Username/client id combination not found."`: resetSent,
			`NotAuthorizedException: "User is disabled."`:                        resetSent,
		}},
	} {
		test.errors[""] = test.done
		for says, want := range test.errors {
			t.Run(path+" "+says, func(t *testing.T) {
				asked := 0
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked++
					for _, header := range []string{"Authorization", "X-Amz-Security-Token", "X-Amz-Date", "Idempotency-Key"} {
						if got, ok := r.Header[header]; ok {
							t.Errorf("the request has %s: %s", header, got)
						}
					}
					if r.Method != http.MethodPost || r.URL.Path != "/" || r.Header.Get("X-Amz-Target") != "AWSCognitoIdentityProviderService."+test.operation ||
						r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
						t.Errorf("the request is %s %s with %v", r.Method, r.URL, r.Header)
					}
					text, _ := io.ReadAll(r.Body)
					var body map[string]any
					err := json.Unmarshal(text, &body)
					if metadata, ok := body["ClientMetadata"].(map[string]any); ok && path == link.PathReset {
						if id, ok := metadata["requestId"].(string); !ok || id == "" {
							t.Errorf("it has no requestId: %v", metadata)
						}
						delete(metadata, "requestId")
					}
					if err != nil || !reflect.DeepEqual(body, test.body) {
						t.Errorf("%s is asked with %s", test.operation, text)
					}
					w.Header().Set("Content-Type", "application/x-amz-json-1.1")
					if says == "" {
						fmt.Fprint(w, "{}")
						return
					}
					// As Cognito answers: the code in the header too, behind it a colon.
					errorCode, message, _ := strings.Cut(says, ": ")
					w.Header().Set("X-Amzn-Errortype", errorCode+":")
					status := http.StatusBadRequest
					if errorCode == "InternalErrorException" {
						status = http.StatusInternalServerError
					}
					w.WriteHeader(status)
					fmt.Fprintf(w, `{"__type":"%s","message":%s}`, errorCode, message)
				}))
				defer server.Close()
				s := shared.another()
				s.handler.cognito = newCognitoClient("eu-central-1", server.URL)
				r := press(path, values("return", "https://riders.example.com/trips/42", "password", password, "repeat", password))
				s.checkState(t, s.serve(t, r), want, "riders", "en")
				if asked != 1 {
					t.Errorf("Cognito was asked %d times", asked)
				}
			})
		}
	}
}

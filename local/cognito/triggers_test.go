package cognito

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

var update = flag.Bool("update", false, "write the golden events")

var (
	anyUUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	anySDK  = regexp.MustCompile(`"aws-sdk-go-v2-[0-9.]+"`)
)

// checkEvent compares an event with testdata/events/NAME.json, key by key in
// order; ids and the SDK's version are replaced by samples.
func checkEvent(t *testing.T, name string, payload []byte) {
	t.Helper()
	payload = anyUUID.ReplaceAll(payload, []byte("11111111-2222-4333-8444-555555555555"))
	payload = anySDK.ReplaceAll(payload, []byte(`"aws-sdk-go-v2-1.2.3"`))
	var got bytes.Buffer
	ok(t, json.Indent(&got, payload, "", "  "))
	got.WriteByte('\n')
	file := filepath.Join("testdata", "events", name+".json")
	if *update {
		ok(t, os.WriteFile(file, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(file)
	ok(t, err)
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the event is not that of %s:\n%s", file, got.Bytes())
	}
}

// TestEvents goes through everything that causes an event. Each event has a
// golden file, and each golden file an event.
func TestEvents(t *testing.T) {
	ctx := context.Background()
	metadata := map[string]string{"locale": "fr", "note": "<b>&</b>"}
	steps := []struct {
		golden, function string
		run              func(w *world) error
	}{
		{"pre-sign-up-sign-up", "pre-sign-up", func(w *world) error {
			_, err := w.signUp(ada)
			return err
		}},
		{"pre-sign-up-sign-up-with-data", "pre-sign-up", func(w *world) error {
			_, err := w.signUp(ada, with("email", ada, "custom:agentName", "Smith"), func(in *cognito.SignUpInput) {
				in.ValidationData, in.ClientMetadata = list("invitation", "7"), metadata
			})
			return err
		}},
		{"pre-sign-up-admin-create-user", "pre-sign-up", func(w *world) error {
			return w.invite(ada, func(in *cognito.AdminCreateUserInput) {
				in.UserAttributes, in.ClientMetadata = list("email_verified", "true"), metadata
			})
		}},
		{"custom-message-sign-up", "custom-message", func(w *world) error {
			_, err := w.signUp(ada, with("phone_number", "+12065550100"))
			return err
		}},
		{"custom-message-sign-up-with-metadata", "custom-message", func(w *world) error {
			_, err := w.signUp(ada, func(in *cognito.SignUpInput) { in.ClientMetadata = metadata })
			return err
		}},
		{"custom-message-resend-code", "custom-message", func(w *world) error {
			w.mustSignUp(ada)
			_, err := w.resend(ada)
			return err
		}},
		{"custom-message-forgot-password", "custom-message", func(w *world) error {
			w.mustConfirm(ada)
			_, err := w.forgot(ada)
			return err
		}},
		{"custom-message-admin-reset-user-password", "custom-message", func(w *world) error {
			w.mustConfirm(ada)
			_, err := w.admin.AdminResetUserPassword(ctx, &cognito.AdminResetUserPasswordInput{UserPoolId: aws.String(poolID), Username: aws.String(ada), ClientMetadata: metadata})
			return err
		}},
		{"custom-message-admin-create-user", "custom-message", func(w *world) error {
			return w.invite(ada, func(in *cognito.AdminCreateUserInput) {
				in.UserAttributes, in.ClientMetadata = list("email_verified", "true"), metadata
			})
		}},
		{"custom-message-update-user-attribute", "custom-message", func(w *world) error {
			w.mustConfirm(ada)
			_, err := w.api.UpdateUserAttributes(ctx, &cognito.UpdateUserAttributesInput{AccessToken: w.mustSignIn(ada), UserAttributes: list("email", "ada@new.example.com"), ClientMetadata: metadata})
			return err
		}},
		{"custom-message-verify-user-attribute", "custom-message", func(w *world) error {
			w.mustConfirm(ada)
			_, err := w.api.GetUserAttributeVerificationCode(ctx, &cognito.GetUserAttributeVerificationCodeInput{AccessToken: w.mustSignIn(ada), AttributeName: aws.String("email")})
			return err
		}},
		{"post-confirmation-confirm-sign-up", "post-confirmation", func(w *world) error {
			w.mustSignUp(ada)
			_, err := w.api.ConfirmSignUp(ctx, &cognito.ConfirmSignUpInput{ClientId: aws.String(webClient), Username: aws.String(ada), ConfirmationCode: aws.String(w.code()), ClientMetadata: metadata})
			return err
		}},
		{"post-confirmation-auto-confirmed", "post-confirmation", func(w *world) error {
			w.functions["pre-sign-up"] = responding(map[string]any{"autoConfirmUser": true, "autoVerifyEmail": true})
			_, err := w.signUp(ada)
			return err
		}},
		{"post-confirmation-admin-confirm-sign-up", "post-confirmation", func(w *world) error {
			w.mustSignUp(ada)
			return w.adminConfirm(ada)
		}},
		{"post-confirmation-confirm-forgot-password", "post-confirmation", func(w *world) error {
			w.mustConfirm(ada)
			if _, err := w.forgot(ada); err != nil {
				return err
			}
			return w.reset(ada, w.code(), "sample-pass-2")
		}},
		{"custom-email-sender-sign-up-with-metadata", "custom-email-sender", func(w *world) error {
			_, err := w.signUp(ada, with("phone_number", "+12065550100"), func(in *cognito.SignUpInput) { in.ClientMetadata = metadata })
			return err
		}},
		{"custom-email-sender-resend-code", "custom-email-sender", func(w *world) error {
			w.mustSignUp(ada)
			_, err := w.api.ResendConfirmationCode(ctx, &cognito.ResendConfirmationCodeInput{ClientId: aws.String(webClient), Username: aws.String(ada), ClientMetadata: metadata})
			return err
		}},
		{"custom-email-sender-admin-create-user", "custom-email-sender", func(w *world) error {
			return w.invite(ada, func(in *cognito.AdminCreateUserInput) { in.UserAttributes = list("email_verified", "true") })
		}},
		{"pre-token-generation-authentication", "pre-token-generation", func(w *world) error {
			w.mustConfirm(ada)
			w.join(ada, "editors", "arn:aws:iam::123456789012:role/editors", aws.Int32(1))
			_, err := w.signIn(ada, password)
			return err
		}},
		{"pre-token-generation-new-password-with-metadata", "pre-token-generation", func(w *world) error {
			_, err := w.accept(ada, metadata)
			return err
		}},
		{"pre-token-generation-refresh-tokens", "pre-token-generation", func(w *world) error {
			first, err := w.accept(ada, metadata)
			ok(w.t, err)
			_, err = byInitiateAuth(w, webClient, *first.RefreshToken, "")
			return err
		}},
	}
	seen := map[string]bool{}
	for _, step := range steps {
		t.Run(step.golden, func(t *testing.T) {
			w := newWorld(t)
			if step.function == "custom-email-sender" {
				w = newWorld(t, sending)
			}
			if step.function == "pre-token-generation" {
				w = newWorld(t, asking, withoutDevices)
			}
			ok(t, step.run(w.phones()))
			payloads := w.called(step.function)
			if len(payloads) == 0 {
				t.Fatal("the function was not called")
			}
			checkEvent(t, step.golden, payloads[len(payloads)-1])
		})
		seen[step.golden+".json"] = true
	}
	files, err := os.ReadDir("testdata/events")
	ok(t, err)
	for _, file := range files {
		if !seen[file.Name()] {
			t.Errorf("no test makes the event of %s", file.Name())
		}
	}
}

func (w *world) invite(address string, change ...func(*cognito.AdminCreateUserInput)) error {
	in := &cognito.AdminCreateUserInput{
		UserPoolId: aws.String(poolID), Username: &address,
		DesiredDeliveryMediums: []types.DeliveryMediumType{types.DeliveryMediumTypeEmail},
	}
	for _, f := range change {
		f(in)
	}
	_, err := w.admin.AdminCreateUser(context.Background(), in)
	return err
}

func (w *world) adminConfirm(address string) error {
	_, err := w.admin.AdminConfirmSignUp(context.Background(), &cognito.AdminConfirmSignUpInput{UserPoolId: aws.String(poolID), Username: &address})
	return err
}

func TestTriggerReplies(t *testing.T) {
	const invalid, unrecognizable = "Invalid lambda function output : Invalid JSON", "Unrecognizable lambda output"
	for name, test := range map[string]struct {
		trigger       string
		run           function
		kind, message string
	}{
		"an error of the function gets a full stop": {"pre-sign-up", throwing("Not you"),
			"UserLambdaValidationException", "PreSignUp failed with error Not you."},
		"an error that ends in a dot shows two": {"custom-message", throwing("Not now."),
			"UserLambdaValidationException", "CustomMessage failed with error Not now.."},
		"a function that cannot be run": {"pre-sign-up", func(context.Context, []byte) ([]byte, error) { return nil, errors.New("AccessDeniedException") },
			"UnexpectedLambdaException", "PreSignUp invocation failed due to error AccessDeniedException."},
		"no JSON":                               {"pre-sign-up", answering("done"), "InvalidLambdaResponseException", invalid},
		"nothing":                               {"pre-sign-up", answering(""), "InvalidLambdaResponseException", invalid},
		"null":                                  {"pre-sign-up", answering("null"), "InvalidLambdaResponseException", invalid},
		"something behind the event":            {"pre-sign-up", answering(`{"request":{},"response":{}} {}`), "InvalidLambdaResponseException", invalid},
		"a text":                                {"pre-sign-up", answering(`"done"`), "InvalidLambdaResponseException", unrecognizable},
		"a list":                                {"pre-sign-up", answering(`[]`), "InvalidLambdaResponseException", unrecognizable},
		"an event without a response":           {"pre-sign-up", answering(`{"request":{}}`), "InvalidLambdaResponseException", unrecognizable},
		"an event without its request":          {"post-confirmation", answering(`{"response":{}}`), "InvalidLambdaResponseException", unrecognizable},
		"a response that is null":               {"pre-sign-up", answering(`{"request":{},"response":null}`), "InvalidLambdaResponseException", unrecognizable},
		"a response that is a list":             {"custom-message", answering(`{"request":{},"response":[]}`), "InvalidLambdaResponseException", unrecognizable},
		"a flag that is a text":                 {"pre-sign-up", responding(map[string]any{"autoConfirmUser": "true"}), "InvalidLambdaResponseException", unrecognizable},
		"a message that is a number":            {"custom-message", responding(map[string]any{"emailMessage": 7}), "InvalidLambdaResponseException", unrecognizable},
		"a subject that is an object":           {"custom-message", responding(map[string]any{"emailSubject": map[string]any{}}), "InvalidLambdaResponseException", unrecognizable},
		"a text message of the wrong type, too": {"custom-message", responding(map[string]any{"smsMessage": true}), "InvalidLambdaResponseException", unrecognizable},
		"auto-verifying a phone number that is not there": {"pre-sign-up", responding(map[string]any{"autoVerifyPhone": true}),
			"InvalidParameterException", "Cannot auto verify phone_number, the user has none."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.functions[test.trigger] = test.run
			_, err := w.signUp(ada)
			sent := w.delivered()
			if test.trigger == "post-confirmation" {
				ok(t, err)
				sent, err = 0, w.confirm(ada, w.code())
			}
			refused(t, err, test.kind, test.message)
			if calls := w.called(test.trigger); len(calls) != 1 {
				t.Errorf("the function was called %d times, want 1: it responded", len(calls))
			}
			if sent > 0 {
				t.Error("an email was sent")
			}
		})
	}
}

func TestTriggerResponseMayOmitUnchangedFields(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"pre-sign-up", "custom-message", "post-confirmation"} {
		w.functions[name] = answering(" { \"request\" : {} , \"response\"\n:\n{ } , \"more\":1}\n")
	}
	w.mustConfirm(ada)
}

// slow answers only when its time is up, the first times.
func (w *world) slow(name string, times int) {
	w.functions[name] = func(ctx context.Context, payload []byte) ([]byte, error) {
		if len(w.called(name)) <= times {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return payload, nil
	}
}

func TestSlowTriggerIsCalledThreeTimes(t *testing.T) {
	quickly := func(o *Options) { o.TriggerTimeout = 20 * time.Millisecond }
	t.Run("and the third call may answer", func(t *testing.T) {
		w := newWorld(t, quickly)
		w.slow("custom-message", 2)
		w.mustSignUp(ada)
		payloads := w.called("custom-message")
		if len(payloads) != 3 || !bytes.Equal(payloads[0], payloads[2]) {
			t.Errorf("%d calls, want 3 with the same event", len(payloads))
		}
		if w.delivered() != 1 {
			t.Errorf("%d mails, want 1", w.delivered())
		}
	})
	t.Run("and then the request fails", func(t *testing.T) {
		w := newWorld(t, quickly)
		w.slow("pre-sign-up", 9)
		_, err := w.signUp(ada)
		refused(t, err, "UnexpectedLambdaException", "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function.")
		if calls := w.called("pre-sign-up"); len(calls) != 3 {
			t.Errorf("%d calls, want 3", len(calls))
		}
	})
	t.Run("and an answer that comes too late does not count", func(t *testing.T) {
		w := newWorld(t, quickly)
		w.functions["pre-sign-up"] = func(ctx context.Context, payload []byte) ([]byte, error) {
			<-ctx.Done()
			return payload, nil
		}
		if _, err := w.signUp(ada); err == nil {
			t.Error("it was accepted")
		}
	})
	t.Run("unless it failed, which is an answer", func(t *testing.T) {
		w := newWorld(t, quickly)
		w.functions["pre-sign-up"] = throwing("Task timed out after 3.00 seconds")
		_, err := w.signUp(ada)
		refused(t, err, "UserLambdaValidationException", "PreSignUp failed with error Task timed out after 3.00 seconds.")
	})
}

func TestPreSignUpFlags(t *testing.T) {
	for name, test := range map[string]struct {
		flags                   map[string]any
		status, email, phone    string
		mails, postConfirmation int
	}{
		"none: a code is sent":                    {nil, "UNCONFIRMED", "false", "false", 1, 0},
		"null flags are no flags":                 {map[string]any{"autoConfirmUser": nil}, "UNCONFIRMED", "false", "false", 1, 0},
		"confirmed: no code is sent":              {map[string]any{"autoConfirmUser": true}, "CONFIRMED", "false", "false", 0, 1},
		"confirmed and verified":                  {map[string]any{"autoConfirmUser": true, "autoVerifyEmail": true, "autoVerifyPhone": true}, "CONFIRMED", "true", "true", 0, 1},
		"verified, and still a code to confirm":   {map[string]any{"autoVerifyEmail": true}, "UNCONFIRMED", "true", "false", 1, 0},
		"the phone number alone may be verified":  {map[string]any{"autoVerifyPhone": true}, "UNCONFIRMED", "false", "true", 1, 0},
		"a member that nobody knows does nothing": {map[string]any{"autoEverything": true}, "UNCONFIRMED", "false", "false", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).phones()
			w.functions["pre-sign-up"] = responding(test.flags)
			out, err := w.signUp(ada, with("phone_number", "+12065550100"))
			ok(t, err)
			if out.UserConfirmed != (test.status == "CONFIRMED") || (out.CodeDeliveryDetails != nil) != (test.mails > 0) {
				t.Errorf("SignUp answered %+v", out)
			}
			got := w.attributes(ada)
			if got["status"] != test.status || got["email_verified"] != test.email || got["phone_number_verified"] != test.phone {
				t.Errorf("the user became %v", got)
			}
			if w.delivered() != test.mails || len(w.called("post-confirmation")) != test.postConfirmation {
				t.Errorf("%d mails and %d confirmations", w.delivered(), len(w.called("post-confirmation")))
			}
		})
	}
}

func TestRefusedSignUpCreatesNoUser(t *testing.T) {
	w := newWorld(t)
	w.functions["pre-sign-up"] = throwing("Not you")
	if _, err := w.signUp(ada); err == nil {
		t.Fatal("it was accepted")
	}
	delete(w.functions, "pre-sign-up")
	w.mustSignUp(ada)
}

func TestAddressIsTakenWhilePreSignUpRuns(t *testing.T) {
	w := newWorld(t)
	w.functions["pre-sign-up"] = func(_ context.Context, payload []byte) ([]byte, error) {
		w.mu.Lock()
		delete(w.functions, "pre-sign-up") // so that only the first sign-up does this
		w.mu.Unlock()
		_, err := w.signUp("Ada@example.com")
		return payload, err
	}
	_, err := w.signUp(ada)
	refused(t, err, "UsernameExistsException", "An account with the given email already exists.")
	if w.delivered() != 1 || w.last().To != "Ada@example.com" {
		t.Errorf("%d mails, the last %+v", w.delivered(), w.last())
	}
}

func TestFailedCustomMessageKeepsTheUser(t *testing.T) {
	w := newWorld(t)
	w.functions["custom-message"] = throwing("No paper")
	_, err := w.signUp(ada)
	refused(t, err, "UserLambdaValidationException", "CustomMessage failed with error No paper.")
	_, err = w.signUp(ada)
	refused(t, err, "UsernameExistsException", "An account with the given email already exists.")
	delete(w.functions, "custom-message")
	_, err = w.resend(ada)
	ok(t, err)
	ok(t, w.confirm(ada, w.code()))
}

func TestFailedPostConfirmationKeepsTheUserConfirmed(t *testing.T) {
	w := newWorld(t)
	w.mustSignUp(ada)
	w.functions["post-confirmation"] = throwing("No queue")
	refused(t, w.confirm(ada, w.code()), "UserLambdaValidationException", "PostConfirmation failed with error No queue.")
	refused(t, w.confirm(ada, w.code()), "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
	if status := w.attributes(ada)["status"]; status != "CONFIRMED" {
		t.Errorf("the user is %s", status)
	}
	if calls := w.called("post-confirmation"); len(calls) != 1 {
		t.Errorf("%d calls, want 1", len(calls))
	}
}

func TestTriggerCanCallThePool(t *testing.T) {
	w := newWorld(t)
	w.functions["post-confirmation"] = func(ctx context.Context, payload []byte) ([]byte, error) {
		var event struct{ UserPoolId, UserName string }
		if err := json.Unmarshal(payload, &event); err != nil {
			return nil, err
		}
		_, err := w.admin.AdminAddUserToGroup(ctx, &cognito.AdminAddUserToGroupInput{
			UserPoolId: &event.UserPoolId, Username: &event.UserName, GroupName: aws.String("members"),
		})
		return payload, err
	}
	w.mustConfirm(ada)
	out, err := w.admin.AdminListGroupsForUser(context.Background(), &cognito.AdminListGroupsForUserInput{UserPoolId: aws.String(poolID), Username: aws.String(ada)})
	ok(t, err)
	if len(out.Groups) != 1 || *out.Groups[0].GroupName != "members" {
		t.Errorf("the groups are %v", out.Groups)
	}
}

func TestPoolWithoutTriggers(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Triggers = nil })
	w.mustConfirm(ada)
	if len(w.calls) > 0 {
		t.Errorf("%d calls", len(w.calls))
	}
	if note := w.last().Note; note != "the pool has no CustomMessage trigger" {
		t.Errorf("the note is %q", note)
	}
}

func TestCallerOf(t *testing.T) {
	for name, test := range map[string]struct{ browser, agent, want string }{
		"an SDK with a number":           {"", "aws-sdk-nodejs/2.1639.0 linux/v20", "aws-sdk-nodejs-2.1639.0"},
		"a browser, by its own header":   {"aws-sdk-js/2.6.4 callback", "Mozilla/5.0", "aws-sdk-js-2.6.4"},
		"something else":                 {"", "Boto3/1.26.0", "aws-sdk-unknown-unknown"},
		"nothing":                        {"", "", "aws-sdk-unknown-unknown"},
		"an SDK somewhere in the middle": {"", "curl/8 aws-sdk-go/1.0", "aws-sdk-unknown-unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			h := map[string][]string{"X-Amz-User-Agent": {test.browser}, "User-Agent": {test.agent}}
			if got := callerOf(h).sdk; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

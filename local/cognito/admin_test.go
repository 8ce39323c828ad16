package cognito

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// temporary is the password in the last invitation.
func (w *world) temporary() string {
	w.t.Helper()
	_, after, found := strings.Cut(w.last().Body, "temporary password is ")
	if !found {
		w.t.Fatalf("no temporary password in %q", w.last().Body)
	}
	return strings.TrimSuffix(after, ".")
}

func (w *world) answer(session *string, address, newPassword string, more ...string) (*cognito.RespondToAuthChallengeOutput, error) {
	responses := map[string]string{"USERNAME": address, "NEW_PASSWORD": newPassword}
	for i := 0; i < len(more); i += 2 {
		responses[more[i]] = more[i+1]
	}
	return w.api.RespondToAuthChallenge(context.Background(), &cognito.RespondToAuthChallengeInput{
		ClientId: aws.String(webClient), ChallengeName: types.ChallengeNameTypeNewPasswordRequired, Session: session, ChallengeResponses: responses,
	})
}

func TestInvitedUserSetsAPassword(t *testing.T) {
	w := newWorld(t)
	ok(t, w.invite(ada))
	if status := w.attributes(ada)["status"]; status != "FORCE_CHANGE_PASSWORD" {
		t.Fatalf("the user is %s", status)
	}
	out, err := w.signIn(ada, w.temporary())
	ok(t, err)
	if out.ChallengeName != types.ChallengeNameTypeNewPasswordRequired || out.AuthenticationResult != nil ||
		!strings.Contains(out.ChallengeParameters["userAttributes"], ada) || out.ChallengeParameters["requiredAttributes"] != "[]" {
		t.Fatalf("answered %+v", out)
	}
	_, err = w.answer(out.Session, ada, "short")
	refused(t, err, "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	_, err = w.answer(out.Session, ada, password, "userAttributes.email", "eve@example.com")
	refused(t, err, "NotAuthorizedException", "Cannot modify an already provided email")
	_, err = w.answer(out.Session, "eve@example.com", password)
	refused(t, err, "NotAuthorizedException", "Invalid session for the user.")
	result, err := w.answer(out.Session, ada, password, "userAttributes.custom:agentName", "Smith")
	ok(t, err)
	if result.AuthenticationResult == nil {
		t.Fatal("no tokens")
	}
	got := w.attributes(ada)
	if got["status"] != "CONFIRMED" || got["custom:agentName"] != "Smith" {
		t.Errorf("the user became %v", got)
	}
	if len(w.called("post-confirmation")) > 0 {
		t.Error("PostConfirmation was called; it is not for invited users")
	}
	_, err = w.answer(out.Session, ada, password)
	refused(t, err, "NotAuthorizedException", "Invalid session for the user, session can only be used once.")
}

func TestChallengeExpiresAfterThreeMinutes(t *testing.T) {
	w := newWorld(t)
	ok(t, w.invite(ada))
	out, err := w.signIn(ada, w.temporary())
	ok(t, err)
	w.advance(3 * time.Minute)
	_, err = w.answer(out.Session, ada, password)
	refused(t, err, "NotAuthorizedException", "Invalid session for the user, session is expired.")
}

func TestTemporaryPasswordExpires(t *testing.T) {
	w := newWorld(t)
	ok(t, w.invite(ada))
	first := w.temporary()
	w.advance(7 * 24 * time.Hour)
	_, err := w.signIn(ada, first)
	refused(t, err, "NotAuthorizedException", "Temporary password has expired and must be reset by an administrator.")
	ok(t, w.invite("ADA@example.com", func(in *cognito.AdminCreateUserInput) { in.MessageAction = types.MessageActionTypeResend }))
	if w.last().To != ada || w.last().TriggerSource != "CustomMessage_AdminCreateUser" {
		t.Errorf("sent %+v", w.last())
	}
	if _, err := w.signIn(ada, first); err == nil {
		t.Error("the first password is still good")
	}
	out, err := w.signIn(ada, w.temporary())
	ok(t, err)
	if out.ChallengeName != types.ChallengeNameTypeNewPasswordRequired {
		t.Errorf("answered %+v", out)
	}
}

func TestAdminCreateUser(t *testing.T) {
	action := func(a types.MessageActionType) func(*cognito.AdminCreateUserInput) {
		return func(in *cognito.AdminCreateUserInput) { in.MessageAction = a }
	}
	t.Run("suppresses the invitation", func(t *testing.T) {
		w := newWorld(t)
		ok(t, w.invite(ada, action(types.MessageActionTypeSuppress)))
		if w.delivered() > 0 || len(w.called("custom-message")) > 0 || len(w.called("pre-sign-up")) != 1 {
			t.Errorf("%d mails, %d and %d calls", w.delivered(), len(w.called("custom-message")), len(w.called("pre-sign-up")))
		}
	})
	t.Run("sends no email unless asked to: SMS is the default", func(t *testing.T) {
		w := newWorld(t)
		ok(t, w.invite(ada, func(in *cognito.AdminCreateUserInput) { in.DesiredDeliveryMediums = nil }))
		if w.delivered() > 0 {
			t.Errorf("sent %+v", w.last())
		}
		err := w.invite("eve@example.com", func(in *cognito.AdminCreateUserInput) {
			in.DesiredDeliveryMediums, in.UserAttributes = nil, list("phone_number", "+12065550100")
		})
		if err == nil || !strings.Contains(err.Error(), noSMS) || w.delivered() > 0 {
			t.Errorf("got %v, and %d messages", err, w.delivered())
		}
	})
	t.Run("ignores the flags of PreSignUp", func(t *testing.T) {
		w := newWorld(t)
		w.functions["pre-sign-up"] = responding(map[string]any{"autoConfirmUser": true, "autoVerifyEmail": true, "autoVerifyPhone": true})
		ok(t, w.invite(ada))
		if got := w.attributes(ada); got["status"] != "FORCE_CHANGE_PASSWORD" || got["email_verified"] != "false" {
			t.Errorf("the user became %v", got)
		}
	})
	t.Run("may say that the address is verified", func(t *testing.T) {
		w := newWorld(t)
		ok(t, w.invite(ada, func(in *cognito.AdminCreateUserInput) { in.UserAttributes = list("email_verified", "true") }))
		if got := w.attributes(ada); got["email_verified"] != "true" {
			t.Errorf("the user became %v", got)
		}
	})
	for name, test := range map[string]struct {
		run           func(w *world) error
		kind, message string
	}{
		"an address that a user has": {func(w *world) error { w.mustSignUp(ada); return w.invite(ada) },
			"UsernameExistsException", "An account with the given email already exists."},
		"a refusal of PreSignUp": {func(w *world) error {
			w.functions["pre-sign-up"] = throwing("Not you")
			return w.invite(ada)
		},
			"UserLambdaValidationException", "PreSignUp failed with error Not you."},
		"inviting an unknown user again": {func(w *world) error { return w.invite(ada, action(types.MessageActionTypeResend)) },
			"UserNotFoundException", "User does not exist."},
		"a weak temporary password": {func(w *world) error {
			return w.invite(ada, func(in *cognito.AdminCreateUserInput) { in.TemporaryPassword = aws.String("sample") })
		},
			"InvalidPasswordException", "Password did not conform with policy: Password not long enough"},
		"an unknown action": {func(w *world) error { return w.invite(ada, action("SHOUT")) },
			"InvalidParameterException", "1 validation error detected: Value 'SHOUT' at 'messageAction' failed to satisfy constraint: Member must satisfy enum value set: [RESEND, SUPPRESS]"},
		"an unknown medium": {func(w *world) error {
			return w.invite(ada, func(in *cognito.AdminCreateUserInput) { in.DesiredDeliveryMediums = []types.DeliveryMediumType{"FAX"} })
		},
			"InvalidParameterException", "1 validation error detected: Value 'FAX' at 'desiredDeliveryMediums' failed to satisfy constraint: Member must satisfy enum value set: [EMAIL, SMS]"},
		"a text message to an unknown user": {func(w *world) error {
			return w.invite(ada, func(in *cognito.AdminCreateUserInput) {
				in.DesiredDeliveryMediums = []types.DeliveryMediumType{types.DeliveryMediumTypeSms}
			})
		},
			"InvalidParameterException", "A phone_number is required for the delivery medium SMS."},
		"a flag that is neither true nor false": {func(w *world) error {
			return w.invite(ada, func(in *cognito.AdminCreateUserInput) { in.UserAttributes = list("email_verified", "maybe") })
		},
			"InvalidParameterException", "Attributes did not conform to the schema: email_verified: Value must be true or false"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			w := newWorld(t)
			refused(t, test.run(w), test.kind, test.message)
		})
	}
	t.Run("refuses to invite a confirmed user again", func(t *testing.T) {
		w := newWorld(t)
		name := w.mustConfirm(ada)
		refused(t, w.invite(ada, action(types.MessageActionTypeResend)),
			"UnsupportedUserStateException", "Resend not possible. "+name+" status is not FORCE_CHANGE_PASSWORD")
	})
}

func TestAdminConfirmSignUpDoesNotVerifyTheAddress(t *testing.T) {
	w := newWorld(t)
	w.mustSignUp(ada)
	ok(t, w.adminConfirm(ada))
	if got := w.attributes(ada); got["status"] != "CONFIRMED" || got["email_verified"] != "false" {
		t.Errorf("the user became %v", got)
	}
	refused(t, w.adminConfirm(ada), "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
	refused(t, w.adminConfirm("eve@example.com"), "UserNotFoundException", "User does not exist.")
}

func TestAdminResetUserPassword(t *testing.T) {
	reset := func(w *world) error {
		_, err := w.admin.AdminResetUserPassword(context.Background(), &cognito.AdminResetUserPasswordInput{UserPoolId: aws.String(poolID), Username: aws.String(ada)})
		return err
	}
	t.Run("asks for a new password", func(t *testing.T) {
		w := newWorld(t)
		w.mustConfirm(ada)
		ok(t, reset(w))
		_, err := w.signIn(ada, password)
		refused(t, err, "PasswordResetRequiredException", "Password reset required for the user")
		ok(t, w.reset(ada, w.code(), "sample-pass-2"))
		_, err = w.signIn(ada, "sample-pass-2")
		ok(t, err)
	})
	t.Run("is refused for a user with a temporary password, as is ForgotPassword", func(t *testing.T) {
		w := newWorld(t)
		ok(t, w.invite(ada))
		refused(t, reset(w), "NotAuthorizedException", "User password cannot be reset in the current state.")
		_, err := w.forgot(ada)
		refused(t, err, "NotAuthorizedException", "User password cannot be reset in the current state.")
	})
	t.Run("is refused without a verified address", func(t *testing.T) {
		w := newWorld(t)
		w.mustSignUp(ada)
		refused(t, reset(w), "InvalidParameterException", "Cannot reset password for the user as there is no registered/verified email or phone_number")
	})
	t.Run("is refused for an unknown user", func(t *testing.T) {
		refused(t, reset(newWorld(t)), "UserNotFoundException", "User does not exist.")
	})
}

func TestGroups(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.mustConfirm(ada)
	add := func(username, group string) error {
		_, err := w.admin.AdminAddUserToGroup(ctx, &cognito.AdminAddUserToGroupInput{UserPoolId: aws.String(poolID), Username: &username, GroupName: &group})
		return err
	}
	ok(t, add(ada, "testers"))
	ok(t, add(ada, "members"))
	ok(t, add(ada, "members"))
	refused(t, add(ada, "owners"), "ResourceNotFoundException", "Group not found.")
	refused(t, add("eve@example.com", "members"), "UserNotFoundException", "User does not exist.")
	var names []string
	pages := cognito.NewAdminListGroupsForUserPaginator(w.admin, &cognito.AdminListGroupsForUserInput{UserPoolId: aws.String(poolID), Username: aws.String(ada), Limit: aws.Int32(1)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		ok(t, err)
		for _, g := range out.Groups {
			names = append(names, *g.GroupName)
		}
	}
	if got := strings.Join(names, " "); got != "testers members" {
		t.Errorf("the groups are %s", got)
	}
}

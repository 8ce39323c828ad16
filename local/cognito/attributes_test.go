package cognito

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

const newAddress = "ada@new.example.com"

func (w *world) change(token *string, attributes ...string) (*cognito.UpdateUserAttributesOutput, error) {
	return w.api.UpdateUserAttributes(context.Background(), &cognito.UpdateUserAttributesInput{AccessToken: token, UserAttributes: list(attributes...)})
}

func (w *world) verify(token *string, name, code string) error {
	_, err := w.api.VerifyUserAttribute(context.Background(), &cognito.VerifyUserAttributeInput{AccessToken: token, AttributeName: &name, Code: &code})
	return err
}

func (w *world) askForCode(token *string, name string) (*cognito.GetUserAttributeVerificationCodeOutput, error) {
	return w.api.GetUserAttributeVerificationCode(context.Background(), &cognito.GetUserAttributeVerificationCodeInput{AccessToken: token, AttributeName: &name})
}

func TestNewAddressTakesEffectWhenVerified(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	token := w.mustSignIn(ada)
	out, err := w.change(token, "email", newAddress, "name", "Ada")
	ok(t, err)
	if len(out.CodeDeliveryDetailsList) != 1 || *out.CodeDeliveryDetailsList[0].Destination != "a***@n***" {
		t.Errorf("answered %+v", out.CodeDeliveryDetailsList)
	}
	if d := w.last(); d.To != newAddress || d.TriggerSource != "CustomMessage_UpdateUserAttribute" {
		t.Errorf("sent %+v", d)
	}
	if got := w.attributes(ada); got["email"] != ada || got["email_verified"] != "true" || got["name"] != "Ada" {
		t.Errorf("before the code, the user is %v", got)
	}
	_, err = w.signIn(newAddress, password)
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	refused(t, w.verify(token, "email", other(w.code())), "CodeMismatchException", "Invalid verification code provided, please try again.")
	ok(t, w.verify(token, "email", w.code()))
	if got := w.attributes(newAddress); got["email"] != newAddress || got["email_verified"] != "true" {
		t.Errorf("after the code, the user is %v", got)
	}
	w.mustSignIn(newAddress)
	_, err = w.signIn(ada, password)
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	w.mustSignUp(ada) // the old address is free again
}

func TestResendCodeForANewAddress(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	token := w.mustSignIn(ada)
	_, err := w.change(token, "email", newAddress)
	ok(t, err)
	first := w.code()
	_, err = w.askForCode(token, "email")
	ok(t, err)
	if d := w.last(); d.To != newAddress || d.TriggerSource != "CustomMessage_VerifyUserAttribute" {
		t.Errorf("sent %+v", d)
	}
	if first != w.code() {
		refused(t, w.verify(token, "email", first), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	}
	ok(t, w.verify(token, "email", w.code()))
}

func TestAddressOfAnotherUserIsRefused(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	token := w.mustSignIn(ada)
	t.Run("at once", func(t *testing.T) {
		w.mustSignUp("eve@example.com")
		_, err := w.change(token, "email", "EVE@example.com")
		refused(t, err, "AliasExistsException", "An account with the given email already exists.")
	})
	t.Run("and when it was taken before the code came back", func(t *testing.T) {
		_, err := w.change(token, "email", newAddress)
		ok(t, err)
		code := w.code()
		w.mustSignUp(newAddress)
		refused(t, w.verify(token, "email", code), "AliasExistsException", "An account with the given email already exists.")
		if got := w.attributes(ada)["email"]; got != ada {
			t.Errorf("the address became %s", got)
		}
	})
}

func TestUpdateUserAttributes(t *testing.T) {
	for name, test := range map[string]struct {
		attributes    []string
		kind, message string
	}{
		"takes a custom attribute":        {[]string{"custom:agentName", "Smith"}, "", ""},
		"takes the address that is there": {[]string{"email", "ADA@example.com"}, "", ""},
		"refuses an invalid address":      {[]string{"email", "ada"}, "InvalidParameterException", "Invalid email address format."},
		"refuses an unknown attribute": {[]string{"custom:badge", "7"},
			"InvalidParameterException", "Attributes did not conform to the schema: custom:badge: Attribute does not exist in the schema."},
		"refuses to say what is verified": {[]string{"email_verified", "true"},
			"NotAuthorizedException", "A client attempted to write unauthorized attribute"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.mustConfirm(ada)
			token := w.mustSignIn(ada)
			before := w.delivered()
			_, err := w.change(token, test.attributes...)
			if test.kind != "" {
				refused(t, err, test.kind, test.message)
			} else if ok(t, err); w.delivered() != before {
				t.Errorf("sent %+v", w.last())
			}
		})
	}
}

func TestNewPhoneNumberIsUnverified(t *testing.T) {
	w := newWorld(t).phones()
	w.mustConfirm(ada, with("phone_number", "+12065550100"))
	token := w.mustSignIn(ada)
	_, err := w.admin.AdminUpdateUserAttributes(context.Background(), &cognito.AdminUpdateUserAttributesInput{
		UserPoolId: aws.String(poolID), Username: aws.String(ada), UserAttributes: list("phone_number_verified", "true"),
	})
	ok(t, err)
	if got := w.attributes(ada)["phone_number_verified"]; got != "true" {
		t.Errorf("verified: %s", got)
	}
	_, err = w.change(token, "phone_number", "+12065550101")
	ok(t, err)
	if got := w.attributes(ada)["phone_number_verified"]; got != "false" {
		t.Errorf("verified: %s", got)
	}
}

func TestAttributeCodeErrors(t *testing.T) {
	for name, test := range map[string]struct {
		run           func(w *world, token *string) error
		kind, message string
	}{
		"an attribute without codes": {func(w *world, token *string) error { _, err := w.askForCode(token, "name"); return err },
			"InvalidParameterException", "Invalid attribute name: name"},
		"an attribute that the user has not": {func(w *world, token *string) error { _, err := w.askForCode(token, "phone_number"); return err },
			"InvalidParameterException", "The user has no phone_number."},
		"a code that was not requested": {func(w *world, token *string) error { return w.verify(token, "email", "123456") },
			"ExpiredCodeException", "Invalid code provided, please request a code again."},
		"a code after 24 hours": {func(w *world, token *string) error {
			_, err := w.askForCode(token, "email")
			ok(w.t, err)
			w.advance(24 * time.Hour)
			return w.verify(w.mustSignIn(ada), "email", w.code())
		},
			"ExpiredCodeException", "Invalid code provided, please request a code again."},
		"a forged token": {func(w *world, _ *string) error { return w.verify(aws.String("sample"), "email", "123456") },
			"NotAuthorizedException", "Invalid Access Token"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.mustConfirm(ada)
			refused(t, test.run(w, w.mustSignIn(ada)), test.kind, test.message)
		})
	}
}

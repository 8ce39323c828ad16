package cognito

import (
	"context"
	"testing"

	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

func (w *world) deleteAttributes(token *string, names ...string) error {
	_, err := w.api.DeleteUserAttributes(context.Background(), &cognito.DeleteUserAttributesInput{AccessToken: token, UserAttributeNames: names})
	return err
}

// The pool requires no attribute. Whoever deletes the address cannot sign in with it any more,
// and somebody else can take it.
func TestPeopleCanDeleteTheirAddress(t *testing.T) {
	w := newWorld(t).phones()
	w.mustConfirm(ada, with("custom:agentName", "Smith"), with("phone_number", "+12065550100"))
	token := w.mustSignIn(ada)
	_, err := w.change(token, "email", newAddress)
	ok(t, err)
	code := w.code()
	ok(t, w.deleteAttributes(token, "email", "custom:agentName", "name")) // the last one is not there
	user, err := w.api.GetUser(context.Background(), &cognito.GetUserInput{AccessToken: token})
	ok(t, err)
	for _, a := range user.UserAttributes {
		if *a.Name != "sub" && *a.Name != "phone_number" && *a.Name != "phone_number_verified" {
			t.Errorf("the user still has %s", *a.Name)
		}
	}
	_, err = w.signIn(ada, password)
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	// The new address, which waited for its code, does not come back.
	refused(t, w.verify(token, "email", code), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	_, err = w.signIn(newAddress, password)
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	w.mustSignUp(ada)
}

func TestRefusedDeletions(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	token := w.mustSignIn(ada)
	refused(t, w.deleteAttributes(token, "email", "email_verified"), "NotAuthorizedException", "A client attempted to write unauthorized attribute")
	refused(t, w.deleteAttributes(token, "email", "custom:badge"),
		"InvalidParameterException", "Attributes did not conform to the schema: custom:badge: Attribute does not exist in the schema.")
	if got := w.attributes(ada); got["email"] != ada || got["email_verified"] != "true" {
		t.Errorf("a refusal deleted something: %v", got)
	}
}

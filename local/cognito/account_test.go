package cognito

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

func TestChangePassword(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	token := w.mustSignIn(ada)
	change := func(from, to string) error {
		_, err := w.api.ChangePassword(context.Background(), &cognito.ChangePasswordInput{AccessToken: token, PreviousPassword: &from, ProposedPassword: &to})
		return err
	}
	refused(t, change("wrong-pass-1", "sample-pass-2"), "NotAuthorizedException", "Incorrect username or password.")
	refused(t, change(password, "short"), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	ok(t, change(password, "sample-pass-2"))
	_, err := w.signIn(ada, password)
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	_, err = w.signIn(ada, "sample-pass-2")
	ok(t, err)
	for range 2 {
		refused(t, change("wrong-pass-1", "sample-pass-3"), "NotAuthorizedException", "Incorrect username or password.")
	}
	refused(t, change("sample-pass-2", "sample-pass-3"), "LimitExceededException", "Attempt limit exceeded, please try after some time.")
}

func TestDeletedUsers(t *testing.T) {
	for name, remove := range map[string]func(w *world, token *string) error{
		"DeleteUser": func(w *world, token *string) error {
			_, err := w.api.DeleteUser(context.Background(), &cognito.DeleteUserInput{AccessToken: token})
			return err
		},
		"AdminDeleteUser": func(w *world, _ *string) error {
			_, err := w.admin.AdminDeleteUser(context.Background(), &cognito.AdminDeleteUserInput{UserPoolId: aws.String(poolID), Username: aws.String(ada)})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withoutDevices)
			first := w.mustConfirm(ada)
			out, err := w.signIn(ada, password)
			ok(t, err)
			ok(t, remove(w, out.AuthenticationResult.AccessToken))
			_, err = w.api.GetUser(context.Background(), &cognito.GetUserInput{AccessToken: out.AuthenticationResult.AccessToken})
			refused(t, err, "UserNotFoundException", "User does not exist.")
			_, err = byInitiateAuth(w, webClient, *out.AuthenticationResult.RefreshToken, "")
			refused(t, err, "UserNotFoundException", "User does not exist.")
			_, err = w.signIn(ada, password)
			refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
			if second := w.mustConfirm(ada); second == first {
				t.Error("the address was not given free")
			}
			users, err := w.admin.ListUsers(context.Background(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID)})
			ok(t, err)
			if len(users.Users) != 1 {
				t.Errorf("%d users are listed", len(users.Users))
			}
		})
	}
}

func TestAdminSetUserPassword(t *testing.T) {
	set := func(w *world, to string, permanent bool) error {
		_, err := w.admin.AdminSetUserPassword(context.Background(), &cognito.AdminSetUserPasswordInput{
			UserPoolId: aws.String(poolID), Username: aws.String(ada), Password: &to, Permanent: permanent,
		})
		return err
	}
	t.Run("for good", func(t *testing.T) { // as a script that makes a user who is ready
		w := newWorld(t)
		ok(t, w.invite(ada))
		ok(t, set(w, "sample-pass-2", true))
		if status := w.attributes(ada)["status"]; status != "CONFIRMED" {
			t.Errorf("the user is %s", status)
		}
		_, err := w.signIn(ada, "sample-pass-2")
		ok(t, err)
	})
	t.Run("for one sign-in", func(t *testing.T) {
		w := newWorld(t)
		w.mustConfirm(ada)
		ok(t, set(w, "sample-pass-2", false))
		out, err := w.signIn(ada, "sample-pass-2")
		ok(t, err)
		if out.ChallengeName != types.ChallengeNameTypeNewPasswordRequired {
			t.Errorf("answered %+v", out)
		}
		w.advance(7 * 24 * time.Hour)
		_, err = w.signIn(ada, "sample-pass-2")
		refused(t, err, "NotAuthorizedException", "Temporary password has expired and must be reset by an administrator.")
	})
	t.Run("against the policy", func(t *testing.T) {
		w := newWorld(t)
		w.mustConfirm(ada)
		refused(t, set(w, "short", true), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
		w.mustSignIn(ada)
	})
}

func TestAttributesAreDeleted(t *testing.T) {
	ctx := context.Background()
	for name, remove := range map[string]func(w *world, token *string, attribute string) error{
		"DeleteUserAttributes": func(w *world, token *string, attribute string) error {
			_, err := w.api.DeleteUserAttributes(ctx, &cognito.DeleteUserAttributesInput{AccessToken: token, UserAttributeNames: []string{attribute}})
			return err
		},
		"UpdateUserAttributes with a blank value": func(w *world, token *string, attribute string) error {
			_, err := w.change(token, attribute, "")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.mustConfirm(ada, with("name", "Ada", "custom:agentName", "Smith"))
			token := w.mustSignIn(ada)
			for _, attribute := range []string{"name", "custom:agentName", "nickname"} { // the last one is not there
				ok(t, remove(w, token, attribute))
				if got, there := w.attributes(ada)[attribute]; there {
					t.Errorf("%s is still there: %q", attribute, got)
				}
			}
			refused(t, remove(w, token, "birthdate"), "NotAuthorizedException", "A client attempted to write unauthorized attribute")
			refused(t, remove(w, token, "email_verified"), "NotAuthorizedException", "A client attempted to write unauthorized attribute")
			refused(t, remove(w, token, "custom:badge"), "InvalidParameterException", "Attributes did not conform to the schema: custom:badge: Attribute does not exist in the schema.")
			ok(t, remove(w, token, "email"))
			_, err := w.signIn(ada, password)
			refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
			refused(t, remove(w, aws.String("sample"), "custom:badge"), "NotAuthorizedException", "Invalid Access Token")
		})
	}
}

func TestAdminChangesAttributes(t *testing.T) {
	ctx := context.Background()
	pool, name := aws.String(poolID), aws.String(ada)
	update := func(w *world, pairs ...string) error {
		_, err := w.admin.AdminUpdateUserAttributes(ctx, &cognito.AdminUpdateUserAttributesInput{UserPoolId: pool, Username: name, UserAttributes: list(pairs...)})
		return err
	}
	t.Run("also those that apps may not write", func(t *testing.T) {
		w := newWorld(t)
		w.mustConfirm(ada)
		ok(t, update(w, "birthdate", "1815-12-10", "email_verified", "True"))
		if got := w.attributes(ada); got["birthdate"] != "1815-12-10" || got["email_verified"] != "true" {
			t.Errorf("the user has %v", got)
		}
		_, err := w.admin.AdminDeleteUserAttributes(ctx, &cognito.AdminDeleteUserAttributesInput{UserPoolId: pool, Username: name, UserAttributeNames: []string{"birthdate"}})
		ok(t, err)
		if _, there := w.attributes(ada)["birthdate"]; there {
			t.Error("birthdate is still there")
		}
	})
	t.Run("a verified address at once", func(t *testing.T) {
		w := newWorld(t)
		w.mustConfirm(ada)
		before := w.delivered()
		ok(t, update(w, "email", "lovelace@example.com", "email_verified", "true"))
		if got := w.attributes("lovelace@example.com"); got["email_verified"] != "true" || w.delivered() != before {
			t.Errorf("the user has %v", got)
		}
	})
	t.Run("another one after its code", func(t *testing.T) {
		w := newWorld(t)
		w.mustConfirm(ada)
		ok(t, update(w, "email", "lovelace@example.com"))
		if w.last().To != "lovelace@example.com" || w.attributes(ada)["email_verified"] != "true" {
			t.Errorf("sent %+v", w.last())
		}
		ok(t, w.verify(w.mustSignIn(ada), "email", w.code()))
		w.mustSignIn("lovelace@example.com")
	})
}

// An app sees what its client may read.
func TestAppsReadWhatTheyMay(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	_, err := w.admin.AdminUpdateUserAttributes(context.Background(), &cognito.AdminUpdateUserAttributesInput{
		UserPoolId: aws.String(poolID), Username: aws.String(ada), UserAttributes: list("birthdate", "1815-12-10", "name", "Ada"),
	})
	ok(t, err)
	out, err := w.signIn(ada, password)
	ok(t, err)
	claims := claimsOf(t, *out.AuthenticationResult.IdToken)
	if claims["birthdate"] != nil || claims["name"] != "Ada" {
		t.Errorf("the ID token has %v", claims)
	}
	user, err := w.api.GetUser(context.Background(), &cognito.GetUserInput{AccessToken: out.AuthenticationResult.AccessToken})
	ok(t, err)
	var names []string
	for _, a := range user.UserAttributes {
		names = append(names, *a.Name)
	}
	if len(names) != 4 || names[0] != "sub" || names[3] != "name" {
		t.Errorf("GetUser has %v", names)
	}
}

func TestPasskeysAreOff(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	w.mustConfirm(ada)
	token := w.mustSignIn(ada)
	_, err := w.api.StartWebAuthnRegistration(ctx, &cognito.StartWebAuthnRegistrationInput{AccessToken: token})
	refused(t, err, "WebAuthnNotEnabledException", "Passkeys are not enabled for this user pool.")
	listed, err := w.api.ListWebAuthnCredentials(ctx, &cognito.ListWebAuthnCredentialsInput{AccessToken: token})
	ok(t, err)
	if listed.Credentials == nil || len(listed.Credentials) != 0 {
		t.Errorf("listed %+v", listed.Credentials)
	}
	_, err = w.api.DeleteWebAuthnCredential(ctx, &cognito.DeleteWebAuthnCredentialInput{AccessToken: token, CredentialId: aws.String("sample")})
	refused(t, err, "ResourceNotFoundException", "The credential does not exist.")
}

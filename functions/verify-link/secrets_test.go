package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"poolpost/internal/link"
)

// A safe is a secret in Secrets Manager.
type safe struct {
	value string
	reads int
}

func (s *safe) Value(context.Context) (string, error) {
	s.reads++
	if s.value == "" {
		return "", &smithy.GenericAPIError{Code: "ResourceNotFoundException"}
	}
	return s.value, nil
}

// newSecretSite is a site whose first client has a secret.
func newSecretSite(t *testing.T) (*site, *safe) {
	s, secret := newSite(t), &safe{value: "sample-secret"}
	s.handler.config.Clients[0].Existing.Secret = "riders/web"
	s.handler.secrets = map[string]clientSecret{"riders/web": secret}
	return s, secret
}

// hash is that of userID and ridersID with sample-secret, computed elsewhere.
const hash = "YbxriKPDSFBZrFkExsrEUFhr9j1kybDzp16OzNCgLKo="

func TestAClientWithASecretIsProved(t *testing.T) {
	s, keeper := newSecretSite(t)
	form := values("password", password, "repeat", password)
	for _, path := range []string{link.PathConfirm, link.PathResend, link.PathReset, link.PathForgot} {
		s.checkState(t, s.serve(t, press(path, form)), operations[path].done, "riders", "en")
	}
	for _, q := range s.cognito.asked {
		if q.SecretHash != hash {
			t.Errorf("%s is asked with the hash %q, want %q", q.operation, q.SecretHash, hash)
		}
	}
	if len(s.cognito.asked) != 4 || keeper.reads != 4 {
		t.Errorf("Cognito was asked %d times, and the secret read %d times", len(s.cognito.asked), keeper.reads)
	}
	// The other client has none.
	s.serve(t, press(link.PathConfirm, values("client", driversID)))
	if last := s.cognito.asked[len(s.cognito.asked)-1]; last.SecretHash != "" || keeper.reads != 4 {
		t.Errorf("the hash of a client without a secret is %q", last.SecretHash)
	}
}

func TestOpeningALinkReadsNoSecret(t *testing.T) {
	s, keeper := newSecretSite(t)
	for path := range operations {
		s.serve(t, open(path, values()))
	}
	if keeper.reads != 0 {
		t.Errorf("the secret was read %d times", keeper.reads)
	}
}

func TestASecretThatCannotBeReadIsOurFault(t *testing.T) {
	s, keeper := newSecretSite(t)
	keeper.value = ""
	s.checkState(t, s.serve(t, press(link.PathConfirm, values())), unavailable, "riders", "en")
	s.checkNotAsked(t)
	if line := s.logged.String(); !strings.Contains(line, "ResourceNotFoundException") {
		t.Errorf("logged %s", line)
	}
}

// A secret that was replaced is no fault of the visitor.
func TestAnotherSecretIsOurFault(t *testing.T) {
	for _, text := range []string{
		"Unable to verify secret hash for client 1sample", "SecretHash does not match for the client: 1sample",
		"Client 1sample is configured with secret but SECRET_HASH was not received",
	} {
		s, _ := newSecretSite(t)
		s.cognito.err = says("NotAuthorizedException", text)
		s.checkState(t, s.serve(t, press(link.PathConfirm, values())), unavailable, "riders", "en")
		s.checkState(t, s.serve(t, press(link.PathReset, values("password", password, "repeat", password))), resetUnavailable, "riders", "en")
		if line := s.logged.String(); !strings.Contains(line, "NotAuthorizedException") || strings.Contains(line, "1sample") {
			t.Errorf("logged %s", line)
		}
	}
	confirmed := &cognitoError{code: "NotAuthorizedException", message: "User cannot be confirmed. Current status is CONFIRMED"}
	if isWrongSecret(confirmed) || isWrongSecret(&cognitoError{code: "CodeMismatchException", message: "secret hash"}) || isWrongSecret(errors.New("secret hash")) {
		t.Error("it is another error")
	}
}

// In a pool with generated user names, a chosen one may be an alias of somebody else.
func TestChosenUserNamesAreForPoolsThatHaveThem(t *testing.T) {
	s := newSite(t)
	chosen := values("user", link.EncodeUser("ada.lovelace"))
	s.checkState(t, s.serve(t, press(link.PathConfirm, chosen)), badLink, "riders", "en")
	s.checkState(t, s.serve(t, open(link.PathConfirm, chosen)), badLink, "riders", "en")
	s.checkNotAsked(t)

	s.handler.config.ChosenUserNames = true
	page := s.serve(t, open(link.PathConfirm, chosen))
	if !strings.Contains(page.Body.String(), `name="user" value="`+link.EncodeUser("ada.lovelace")+`"`) {
		t.Error("the form has lost the user")
	}
	for _, user := range []string{"ada.lovelace", userID, "فلان"} {
		s.checkState(t, s.serve(t, press(link.PathConfirm, values("user", link.EncodeUser(user)))), confirmed, "riders", "en")
		if got := s.cognito.asked[len(s.cognito.asked)-1].Username; got != user {
			t.Errorf("Cognito is asked about %q, want %q", got, user)
		}
	}
	for _, user := range []string{"ada.lovelace", link.EncodeUser("ada@example.com"), link.EncodeUser("ada.lovelace")[1:]} {
		s.checkState(t, s.serve(t, press(link.PathConfirm, values("user", user))), badLink, "riders", "en")
	}
	if len(s.cognito.asked) != 3 {
		t.Errorf("Cognito was asked %d times", len(s.cognito.asked))
	}
}

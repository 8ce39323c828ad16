//go:build !nousers

package main

import (
	"context"
	"strings"
	"testing"

	"poolpost/internal/functiontest"
)

// confirmation is an event of a user with the attribute locale, in the language of client metadata.
func confirmation(t *testing.T, source, attribute, metadata string) []byte {
	t.Helper()
	return []byte(`{"version":"1","triggerSource":"PostConfirmation_` + source + `","userPoolId":"eu-central-1_Sample001","userName":"` + userID + `",` +
		`"callerContext":{"clientId":"` + clientID + `"},"request":{"userAttributes":{"sub":"` + userID + `","email":"jane@example.com",` +
		`"email_verified":"true","locale":"` + attribute + `"},"clientMetadata":{"locale":"` + metadata + `"}},"response":{}}`)
}

func TestTheLanguageOfTheSignUpIsRemembered(t *testing.T) {
	for name, test := range map[string]struct {
		source, attribute, metadata string
		want                        string // empty: nothing is written
	}{
		"somebody without a language":            {"ConfirmSignUp", "", "fr-CA", "fr"},
		"a tag that is written in another way":   {"ConfirmSignUp", "", "AR_eg", "ar"},
		"somebody who has one":                   {"ConfirmSignUp", "en", "fr", ""},
		"one that the pool does not have":        {"ConfirmSignUp", "is", "fr", ""},
		"an app that passes no language on":      {"ConfirmSignUp", "", "", ""},
		"a language that the pool does not have": {"ConfirmSignUp", "", "is", ""},
		"what is no language":                    {"ConfirmSignUp", "", "<script>", ""},
		"a new password":                         {"ConfirmForgotPassword", "", "fr", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, r, logged := newHandler(t)
			h.config.Locales = []string{"en", "fr", "ar"}
			checkReturned(t, h, confirmation(t, test.source, test.attribute, test.metadata))
			logged.CheckLine(t, map[string]any{"level": "INFO"})
			if test.want == "" {
				if len(r.updated) != 0 {
					t.Errorf("the user is updated: %+v", r.updated)
				}
				return
			}
			if len(r.updated) != 1 {
				t.Fatalf("the user is updated %d times", len(r.updated))
			}
			in := r.updated[0]
			if in.UserPoolId != "eu-central-1_Sample001" || in.Username != userID || len(in.UserAttributes) != 1 ||
				in.UserAttributes[0].Name != "locale" || in.UserAttributes[0].Value != test.want {
				t.Errorf("the update is %+v", in)
			}
		})
	}
	t.Run("only if the settings say so", func(t *testing.T) {
		h, r, _ := newHandler(t)
		checkReturned(t, h, confirmation(t, "ConfirmSignUp", "", "fr"))
		if len(r.updated) != 0 {
			t.Errorf("the user is updated: %+v", r.updated)
		}
	})
}

// The groups and the welcome mail come all the same.
func TestALanguageThatCannotBeRemembered(t *testing.T) {
	for code, outcome := range map[string]string{"InternalErrorException": "failed", "UserNotFoundException": "welcomed"} {
		h, r, logged := newHandler(t)
		h.config.Locales = []string{"en", "fr"}
		r.fail = func(_ context.Context, operation string) error {
			if operation == "update" {
				return &functiontest.APIError{Status: 400, Code: code}
			}
			return nil
		}
		checkReturned(t, h, confirmation(t, "ConfirmSignUp", "", "fr"))
		logged.CheckLine(t, map[string]any{"Outcome": outcome})
		if len(r.entries) != 1 || len(r.joined) != len(h.config.Groups) {
			t.Errorf("%s: there are %d mails and %d groups", code, len(r.entries), len(r.joined))
		}
		if failed := outcome == "failed"; failed != strings.Contains(logged.String(), code) {
			t.Errorf("%s: the log is %s", code, logged)
		}
	}
}

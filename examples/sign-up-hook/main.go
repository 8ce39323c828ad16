// Command sign-up-hook is an example of a function for signUp.hook: it lets people in who have an
// invitation. Environment: INVITATIONS, the codes, separated by commas.
//
// Copy it: it needs aws-lambda-go and nothing of Poolpost. docs/hooks.md explains what it gets and
// what it may answer.
package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
)

// A request has what this hook needs of it; there is more.
type request struct {
	Version        int               `json:"version"`
	Provider       string            `json:"provider"`
	ValidationData map[string]string `json:"validationData"`
}

type answer struct {
	Decision  string            `json:"decision"`
	Code      string            `json:"code,omitempty"`
	Sentences map[string]string `json:"sentences,omitempty"`
}

var required = answer{
	Decision: "refuse",
	Code:     "INVITATION_REQUIRED", // the app gets HOOK_INVITATION_REQUIRED
	Sentences: map[string]string{
		"en": "Please enter the code of your invitation",
		"fr": "Veuillez saisir le code de votre invitation",
	},
}

type hook struct{ invitations []string }

func main() {
	lambda.Start(hook{strings.Split(os.Getenv("INVITATIONS"), ",")}.decide)
}

// decide does not use up the invitation: the sign-up may still fail, and Cognito may ask again.
func (h hook) decide(_ context.Context, r request) (answer, error) {
	if r.Version != 1 {
		return answer{}, errors.New("the request is of another version")
	}
	if r.Provider != "" { // a sign-in at Facebook and the like cannot bring a code
		return answer{Decision: "accept"}, nil
	}
	code := strings.TrimSpace(r.ValidationData["invitation"])
	if code == "" || !slices.Contains(h.invitations, code) {
		return required, nil
	}
	return answer{Decision: "accept"}, nil
}

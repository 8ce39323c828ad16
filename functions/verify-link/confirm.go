package main

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// confirm calls ConfirmSignUp. ForceAliasCreation stays false: true would take
// a verified address away from another user.
func (h *handler) confirm(w http.ResponseWriter, r *http.Request) {
	v := h.visit(r)
	if s, damaged := v.damage(confirmCode, wrongCode); damaged {
		v.show(w, s)
		return
	}
	_, err := h.pool.ConfirmSignUp(r.Context(), &cognitoidentityprovider.ConfirmSignUpInput{
		ClientId:         aws.String(v.clientID()),
		Username:         aws.String(v.link.User),
		ConfirmationCode: aws.String(v.link.Code),
		ClientMetadata:   v.metadata(),
	})
	f := flow{done: confirmed, refused: refused, invalid: badLink, unavailable: unavailable}
	f.wrong, f.expired = v.staleCode(wrongCode, expired)
	v.showOutcome(w, f, err)
}

// resend calls ResendConfirmationCode. Whether there was anything to send, the
// page does not tell.
func (h *handler) resend(w http.ResponseWriter, r *http.Request) {
	v := h.visit(r)
	if v.bad {
		v.show(w, badLink)
		return
	}
	_, err := h.pool.ResendConfirmationCode(r.Context(), &cognitoidentityprovider.ResendConfirmationCodeInput{
		ClientId:       aws.String(v.clientID()),
		Username:       aws.String(v.link.User),
		ClientMetadata: v.metadata(),
	})
	// A user who is confirmed gets no new code, and Cognito calls that an invalid
	// parameter. For a disabled one it is not authorized.
	v.showOutcome(w, silent(sent), err)
}

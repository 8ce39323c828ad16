package main

import "net/http"

// confirm calls ConfirmSignUp.
func (h *handler) confirm(w http.ResponseWriter, r *http.Request) {
	v := h.visit(r)
	if s, damaged := v.damage(confirmCode, wrongCode); damaged {
		v.show(w, s)
		return
	}
	err := v.ask("ConfirmSignUp", v.link.Code, "")
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
	err := v.ask("ResendConfirmationCode", "", "")
	// A user who is confirmed gets no new code, and Cognito calls that an invalid
	// parameter. For a disabled one it is not authorized.
	v.showOutcome(w, silent(sent), err)
}

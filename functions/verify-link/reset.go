package main

import "net/http"

// reset calls ConfirmForgotPassword, which holds the password against the
// pool's policy. A password never stands in a page: the form comes back empty.
func (h *handler) reset(w http.ResponseWriter, r *http.Request) {
	v := h.visit(r)
	if s, damaged := v.damage(resetCode, resetWrongCode); damaged {
		v.show(w, s)
		return
	}
	password := v.values.Get("password")
	if password == "" || password != v.values.Get("repeat") {
		v.show(w, resetDiffer)
		return
	}
	err := v.ask("ConfirmForgotPassword", v.link.Code, password)
	// PasswordType: a password that begins or ends with a blank is an invalid
	// parameter. User and code were checked with the link.
	f := flow{done: resetDone, refused: refused, invalid: resetRefused, unavailable: resetUnavailable}
	f.wrong, f.expired = v.staleCode(resetWrongCode, resetExpired)
	v.showOutcome(w, f, err)
}

// forgot calls ForgotPassword, which sends a new link. As with resend, the page
// does not tell whether there was anything to send.
func (h *handler) forgot(w http.ResponseWriter, r *http.Request) {
	v := h.visit(r)
	if v.bad {
		v.show(w, badLink)
		return
	}
	err := v.ask("ForgotPassword", "", "")
	// A user without a verified address gets no code, and Cognito calls that an
	// invalid parameter. For a disabled one it is not authorized.
	v.showOutcome(w, silent(resetSent), err)
}

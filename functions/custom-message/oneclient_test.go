//go:build oneclient

package main

import "testing"

func TestBuiltForOneClientTheFunctionServesTheFirstAndWarns(t *testing.T) {
	h, logged := newHandler(t)
	h.clients = cognitoClients() // settings of another build
	fill(t, h, newEvent("SignUp").payload(t))
	logged.CheckLine(t, map[string]any{
		"level": "WARN", "Outcome": "filled", "client": "riders",
		"warning": "custom-message was built with the tag oneclient and cannot ask which client it is: build it without",
	})
}

package main

import (
	"context"

	"poolpost/internal/cognito"
	"poolpost/internal/logging"
)

type handler struct {
	rules  *rules
	broken error // why there are no rules, or nil
	log    *logging.Logger
}

// Invoke returns the event as it came when the person may sign up, and an error
// when not. Cognito shows the error's text to the app as "PreSignUp failed with
// error CODE: sentence."; it adds the full stop.
func (h *handler) Invoke(ctx context.Context, payload []byte) (reply []byte, err error) {
	start := h.log.Start()
	line := logging.Line{}
	defer func() {
		if p := recover(); p != nil {
			reply, err, line.Err = nil, h.rules.refuse(tryAgain, ""), logging.Safe("panic")
			line.Outcome = tryAgain
		}
		h.log.Event(ctx, start, line)
	}()
	refused, cause := h.decide(payload, &line)
	if refused == nil {
		line.Outcome = "accepted"
		return payload, nil
	}
	line.Outcome, line.Err = refused.code, cause
	return nil, refused
}

// decide returns why the sign-up is refused, or nil. The second value is what
// went wrong when the reason is not the person's own input.
func (h *handler) decide(payload []byte, line *logging.Line) (*refusal, error) {
	if h.broken != nil {
		return h.rules.refuse(tryAgain, ""), h.broken
	}
	event, err := cognito.Decode(payload)
	if err != nil {
		return h.rules.refuse(tryAgain, ""), logging.Safe("the event cannot be decoded")
	}
	locale := h.rules.locale(event)
	line.Locale = locale
	switch event.Kind("PreSignUp") {
	case "AdminCreateUser":
		// An administrator, or a user migration, has decided already.
		line.Trigger = event.TriggerSource
		return nil, nil
	case "ExternalProvider":
		// The provider's attributes are what they are, and the person cannot
		// fill in more: only the address is looked at. Without one the person may
		// join, unless there is a list of those who may.
		line.Trigger = event.TriggerSource
		if event.UserAttributes["email"] == "" && len(h.rules.config.AllowedDomains) == 0 {
			return nil, nil
		}
		return h.rules.email(event.UserAttributes["email"], locale), nil
	case "SignUp":
		line.Trigger = event.TriggerSource
	default:
		// A source that AWS adds later must not be a way around the rules.
		line.Trigger = logging.Unknown
	}
	if refused := h.rules.email(event.UserAttributes["email"], locale); refused != nil {
		return refused, nil
	}
	return h.rules.attributes(event.UserAttributes, locale), nil
}

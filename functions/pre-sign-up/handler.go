package main

import (
	"cmp"
	"context"
	"errors"

	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/message"
	"poolpost/internal/rules"
	"poolpost/internal/trigger"
)

type handler struct {
	config   config.PreSignUp
	rules    *rules.Rules
	accounts accounts // nil when nobody is linked
	log      *logging.Logger
}

// accounts are the pool's own, as far as linking needs them.
type accounts interface {
	find(ctx context.Context, pool, email string) (*account, error)
	link(ctx context.Context, pool, user, provider, id string) error
}

// Invoke returns the event when the person may sign up, and an error when not.
// Cognito shows the error's text to the app as "PreSignUp failed with error
// CODE: sentence."; it adds the full stop.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var reply []byte
	var refusal *rules.Refusal
	err := h.log.Record(ctx, func(line *logging.Line) (err error) {
		line.Outcome = rules.TryAgain
		if h.accounts != nil { // rules that ask the network have a limit of their own
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, rules.Budget)
			defer cancel()
		}
		reply, err = h.decide(ctx, payload, line)
		if err == nil {
			line.Outcome = "accepted"
			return nil
		}
		if refused, ok := errors.AsType[*rules.Refusal](err); ok {
			refusal, err = refused, nil
		} else {
			refusal = h.rules.Refuse(rules.TryAgain, line.Locale)
		}
		line.Outcome = refusal.Code
		line.Warning = cmp.Or(refusal.TranslationErr, line.Warning)
		return err
	})
	switch {
	case refusal != nil:
		return nil, refusal
	case err != nil: // a panic
		return tryAgain(h.rules)
	}
	return reply, nil
}

// tryAgain refuses without a decision.
func tryAgain(r *rules.Rules) ([]byte, error) { return nil, r.Refuse(rules.TryAgain, "") }

// decide returns the event, with its response filled if that is more than the
// default. An error is a refusal, or what keeps the function from deciding.
func (h *handler) decide(ctx context.Context, payload []byte, line *logging.Line) ([]byte, error) {
	event, err := trigger.Decode(payload)
	if err != nil {
		return nil, err
	}
	applicant := rules.Applicant{
		Email: event.UserAttributes["email"], Attributes: event.UserAttributes,
		Locale: message.Lookup(h.config.Locales, h.config.Locales[0], event.ClientMetadata["locale"], event.UserAttributes["locale"]),
	}
	line.Locale, line.Trigger = applicant.Locale, event.TriggerSource
	kind := event.Source("PreSignUp")
	if event.Version != "1" {
		kind = "" // what it means is not known
	}
	switch kind {
	case "AdminCreateUser":
		// An administrator, or a user migration, has decided already.
		return payload, nil
	case "ExternalProvider":
		applicant.Provider = true
	case "SignUp":
	default:
		// A source or version that AWS adds later must not be a way around the rules.
		line.Trigger = logging.Unknown
	}
	decision := h.rules.Decide(ctx, applicant)
	switch {
	case decision.Refusal != nil && decision.Refusal.Code == rules.TryAgain:
		return nil, decision.Warning
	case decision.Refusal != nil:
		return nil, decision.Refusal
	}
	line.Warning = decision.Warning
	if applicant.Provider && h.accounts != nil && applicant.Email != "" {
		return payload, h.linkAccount(ctx, event, applicant, line)
	}
	if kind == "SignUp" && h.rules.AutoConfirms(applicant.Email) {
		return event.Reply(trigger.PreSignUp(h.config.AutoConfirm.VerifyEmail))
	}
	return payload, nil
}

package main

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/message"
	"poolpost/internal/rules"
	"poolpost/internal/trigger"
)

type handler struct {
	config   config.PreSignUp
	rules    *rules.Rules
	accounts accounts    // nil when nobody is linked
	clients  clientNames // nil when nobody asks for the name of one of several
	log      *logging.Logger
}

// accounts are the pool's own, as far as linking needs them.
type accounts interface {
	find(ctx context.Context, pool, email string) (*account, error)
	link(ctx context.Context, pool, user, provider, id string) error
	// replacePassword makes the password of an account useless, ends its sessions and has its
	// owner told. It can be repeated.
	replacePassword(ctx context.Context, event *trigger.Event, user string) error
}

// clientNames knows the names of app clients in the settings.
type clientNames interface {
	ClientName(ctx context.Context, pool, id string) (string, error)
}

// accepted is the outcome of who may sign up.
const accepted = "accepted"

// Invoke returns the event when the person may sign up, and an error when not.
// Cognito shows the error's text to the app as "PreSignUp failed with error
// CODE: sentence."; it adds the full stop.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var reply []byte
	var refusal *rules.Refusal
	err := h.log.Record(ctx, func(line *logging.Line) (err error) {
		line.Outcome = rules.TryAgain
		reply, err = h.decide(ctx, payload, line)
		if refused, ok := errors.AsType[*rules.Refusal](err); ok {
			refusal, err = refused, nil
		} else if err != nil {
			refusal = h.rules.Refuse(rules.TryAgain, line.Locale)
		}
		if refusal != nil {
			line.Outcome = refusal.Outcome()
			line.Warning = cmp.Or(refusal.TranslationErr, line.Warning)
		}
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
		Locale: message.Lookup(h.config.Locales, h.config.Locales[0], event.WantedLocales()...),
	}
	line.Locale, line.Trigger, line.Test = applicant.Locale, event.TriggerSource, logging.SmokeTest(applicant.Email)
	kind := event.Source("PreSignUp")
	if event.Version != "1" {
		kind = "" // what it means is not known
	}
	switch kind {
	case "AdminCreateUser":
		// An administrator, or a user migration, has decided already.
		line.Outcome = accepted
		return payload, nil
	case "ExternalProvider":
		applicant.Provider = true
	case "SignUp":
	default:
		// A source or version that AWS adds later must not be a way around the rules.
		line.Trigger = logging.Unknown
	}
	signUp := kind == "SignUp"
	decision, err := h.ask(ctx, event, applicant, signUp, line)
	if err != nil {
		return nil, err
	}
	reply := payload
	if trusted := signUp && h.rules.AutoConfirms(applicant.Email); trusted || decision.Confirm {
		// Only the settings verify an address, never the hook.
		if reply, err = event.Reply(trigger.PreSignUp(trusted && h.config.AutoConfirm.VerifyEmail)); err != nil {
			return nil, err
		}
	}
	line.Outcome = accepted
	switch {
	case decision.HookErr != nil:
		line.Outcome, line.Detail = rules.HookFailed, accepted
	case decision.CaptchaErr != nil:
		line.Outcome, line.Detail = config.CaptchaUnavailable, accepted
	}
	return reply, nil
}

// ask asks the rules with the captcha, the accounts of the pool and the hook about an applicant, in
// this order, up to the first refusal. Only of a sign-up may the hook say that it needs no
// confirmation.
func (h *handler) ask(ctx context.Context, event *trigger.Event, a rules.Applicant, signUp bool, line *logging.Line) (rules.Decision, error) {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if h.accounts != nil || h.clients != nil { // rules that ask the network have a limit of their own
		limited, cancel = context.WithTimeout(ctx, rules.Budget+time.Duration(h.config.Captcha.TimeoutMS)*time.Millisecond)
	}
	defer cancel()
	if h.config.Captcha.Provider != "" {
		a.Proof, a.SignUp = event.Proof(), event.UserPoolID+" "+event.UserName
	}
	decision := h.rules.Decide(limited, a)
	switch {
	case decision.Refusal != nil && decision.CaptchaErr != nil:
		line.Err, line.Detail = decision.CaptchaErr, "refused"
		return decision, decision.Refusal
	case decision.Refusal != nil && decision.Refusal.Code == rules.TryAgain:
		return decision, decision.Warning
	case decision.Refusal != nil:
		line.Detail = decision.Rejected
		return decision, decision.Refusal
	}
	decision.Warn(decision.CaptchaErr)
	line.Warning = decision.Warning
	if a.Provider && h.accounts != nil {
		// Who has an account does not sign up, so the hook has no say.
		if err := h.linkAccount(ctx, limited, event, a, line); err != nil {
			return decision, err
		}
	}
	if h.config.Hook.Function == "" {
		return decision, nil
	}
	request := h.request(limited, event, a, &decision)
	request.MayAutoConfirm = signUp
	h.rules.AskHook(ctx, request, &decision)
	if decision.Refusal == nil {
		decision.Warn(decision.HookErr)
		line.Warning = decision.Warning
		return decision, nil
	}
	line.Warning = decision.Warning
	if decision.HookErr != nil {
		line.Err, line.Detail = decision.HookErr, "refused"
	}
	return decision, decision.Refusal
}

// request is what the hook gets about an event.
func (h *handler) request(ctx context.Context, event *trigger.Event, a rules.Applicant, d *rules.Decision) rules.HookRequest {
	client := rules.HookClient{ID: event.ClientID}
	switch {
	case event.ClientID == "":
	case h.clients == nil:
		client.Name = h.config.Clients[0]
	default:
		name, err := h.clients.ClientName(ctx, event.UserPoolID, event.ClientID)
		if err != nil {
			d.Warn(logging.Safe("client: " + logging.Reason(err)))
		}
		client.Name = name
	}
	provider := ""
	if a.Provider {
		provider, _ = h.identity(event.UserName)
		if provider == "" {
			provider, _, _ = strings.Cut(event.UserName, "_")
		}
	}
	return rules.HookRequest{
		TriggerSource: event.TriggerSource, Region: event.Region, UserPoolID: event.UserPoolID, UserName: event.UserName,
		Client: client, Provider: provider, Locale: a.Locale, Email: a.Email, Attributes: a.Attributes,
		ClientMetadata: event.ClientMetadata, ValidationData: []byte(event.ValidationData()),
	}
}

// Package rules decides who may sign up: by the address, by the attributes, and,
// when the settings ask for it, by what DNS and SES know of the address.
//
// docs/sign-up-rules.md lists the rules in their order; a test compares the two.
// The package leaves out what is done about a decision (the function
// pre-sign-up), and changes of attributes after the sign-up, for which Cognito
// has no trigger.
package rules

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"poolpost/internal/config"
	"poolpost/internal/logging"
)

// Codes of refusals. They are stable: front ends decide by them.
const (
	EmailMissing        = "EMAIL_MISSING"
	EmailInvalid        = "EMAIL_INVALID"
	EmailNotASCII       = "EMAIL_NOT_ASCII"
	DomainNotAllowed    = "EMAIL_DOMAIN_NOT_ALLOWED"
	EmailTypo           = "EMAIL_TYPO"
	EmailDisposable     = "EMAIL_DISPOSABLE"
	EmailRole           = "EMAIL_ROLE"
	EmailPlus           = "EMAIL_PLUS"
	EmailUnreachable    = "EMAIL_UNREACHABLE"
	EmailSuppressed     = "EMAIL_SUPPRESSED"
	AttributeMissing    = "ATTRIBUTE_MISSING"
	AttributeTooShort   = "ATTRIBUTE_TOO_SHORT"
	AttributeTooLong    = "ATTRIBUTE_TOO_LONG"
	AttributeNotAllowed = "ATTRIBUTE_NOT_ALLOWED"
	AttributeInvalid    = "ATTRIBUTE_INVALID"
	AttributeURL        = "ATTRIBUTE_URL"
	AttributeWord       = "ATTRIBUTE_WORD"
	ProviderNotAllowed  = "PROVIDER_NOT_ALLOWED"
	AccountExists       = "ACCOUNT_EXISTS"
	AccountLinked       = "ACCOUNT_LINKED"
	CaptchaMissing      = "CAPTCHA_MISSING"
	CaptchaFailed       = "CAPTCHA_FAILED"
	HookRefusal         = hookPrefix + refusedByHook
	TryAgain            = "TRY_AGAIN"
)

// Budget is how long a decision may take, without captcha and hook. Cognito waits 5 seconds for a
// trigger, and a cold start takes its part of them.
const Budget = time.Second

// A Refusal says why the sign-up is not accepted. Its text contains
// nothing that came from the event.
type Refusal struct {
	Code, Sentence string
	TranslationErr error // why there is no better sentence, or nil
	outcome        string
}

// Outcome is one of a few fixed words, for logs and metrics.
func (r *Refusal) Outcome() string { return cmp.Or(r.outcome, r.Code) }

func (r *Refusal) Error() string { return r.Code + ": " + r.Sentence }

// An Applicant is who wants to sign up.
type Applicant struct {
	Email      string
	Attributes map[string]string // by their names in events, such as custom:agentName
	Locale     string            // one of the settings', to refuse in
	Provider   bool              // signs in through an external provider
	Proof      string            // of being a person, from the page
	SignUp     string            // is the same when Cognito repeats a sign-up, and another for every other
}

// A Rule is one thing that is asked about an applicant.
type Rule struct {
	Name      string
	Attribute string   // that it is about, or empty
	Setting   string   // the key in poolpost.yaml that it follows; empty: it always applies
	Codes     []string // that it refuses with
	Enabled   bool     // by the settings
	FailOpen  bool     // without an answer, the applicant is accepted
}

// An offlineRule needs no network.
type offlineRule struct {
	Rule
	refuses func(*applicant) bool
	// values are pairs of placeholder and value for the sentence, as for Refuse; it may be nil.
	values func(*applicant) []string
}

// A networkRule asks DNS or AWS. It fails open: only a definite no refuses.
type networkRule struct {
	Rule
	refuses func(context.Context, address) (bool, error)
}

// An applicant with the address as the rules compare it.
type applicant struct {
	Applicant
	address     address
	addressCode string // why Email is no address, or empty
}

// Rules are the rules of the settings, ready to be asked.
type Rules struct {
	config    config.PreSignUp
	sentences Sentences
	local     []offlineRule
	person    Rule // the captcha's
	captcha   Captcha
	network   []networkRule
	hook      Hook
	last      Rule   // the hook's
	steps     []Step // of a decision before anything is asked
}

// Sentences are those of refusals in a locale, by code.
type Sentences func(locale string) (map[string]string, error)

// A Network is what the rules ask. What the settings do not use may be nil.
type Network struct {
	DNS          Resolver
	Suppressions Suppressions
	Captcha      Captcha
	Hook         Hook
}

// New prepares rules.
func New(c config.PreSignUp, sentences Sentences, ask Network) (*Rules, error) {
	if len(c.Locales) == 0 {
		return nil, logging.Safe("the settings name no locale")
	}
	r := &Rules{
		config: c, sentences: sentences, local: emailRules(c), network: networkRules(c.Email, ask),
		person: captchaRule(c.Captcha), captcha: ask.Captcha, hook: ask.Hook, last: hookRule(c.Hook),
	}
	for _, a := range c.Attributes {
		rules, err := attributeRules(a)
		if err != nil {
			return nil, err
		}
		r.local = append(r.local, rules...)
	}
	for i := range r.local {
		r.addStep(&r.local[i].Rule)
	}
	r.addStep(&r.person)
	for i := range r.network {
		r.addStep(&r.network[i].Rule)
	}
	r.addStep(&r.last)
	return r, nil
}

func (r *Rules) addStep(rule *Rule) {
	result := off
	if rule.Enabled {
		result = notReached
	}
	r.steps = append(r.steps, Step{Rule: rule, Result: result})
}

// Refuse makes a refusal in a locale, the default one if empty. replacements are
// pairs of placeholder and value, as for strings.NewReplacer. It works on rules
// that could not be read as well.
func (r *Rules) Refuse(code, locale string, replacements ...string) *Refusal {
	refusal := &Refusal{Code: code, Sentence: "Something went wrong on our side, please try again in a moment"}
	if r == nil {
		return refusal
	}
	sentences, err := r.sentences(cmp.Or(locale, r.config.Locales[0]))
	if sentence := sentences[code]; sentence != "" {
		refusal.Sentence = strings.NewReplacer(replacements...).Replace(sentence)
	}
	refusal.TranslationErr = err
	return refusal
}

// A Decision is what the rules say about an applicant.
type Decision struct {
	Refusal *Refusal // nil: accepted
	Confirm bool     // by the hook: the user needs no confirmation
	Warning error    // what had no answer, or was not used of it; this alone refuses nobody
	// Rejected is why a proof is none, and CaptchaErr why that is not known, if it was asked.
	Rejected   string
	CaptchaErr error
	HookErr    error  // why the hook has not decided, if it was asked and has not
	Steps      []Step // of all rules, in their order
}

// Warn adds a warning, whose text is fit for a log.
func (d *Decision) Warn(err error) {
	switch {
	case err == nil:
	case d.Warning == nil:
		d.Warning = err
	default:
		d.Warning = logging.Safe(d.Warning.Error() + "; " + err.Error())
	}
}

// A Step is what came of one rule.
type Step struct {
	*Rule
	Result string        // one of the results below, or the code that the rule refuses with
	Took   time.Duration // 0 if the rule was not asked
}

// Results of a rule that does not refuse.
const (
	off        = "off"
	notReached = "not reached"
	passed     = "passed"
	noAnswer   = "no answer"
)

// Decide asks the rules in their order, up to the first that refuses: those without network, then for
// the proof of a person, then the others, all at once. The hook comes later: see AskHook.
//
// A proof passes once, so what needs no network is asked before it: nobody solves a second one
// because of a misspelt address. What asks AWS and others comes after it, so that no program can
// make us ask.
func (r *Rules) Decide(ctx context.Context, a Applicant) Decision {
	d := Decision{Steps: slices.Clone(r.steps)}
	all := applicant{Applicant: a}
	start := time.Now()
	for i := range r.local {
		rule, step := &r.local[i], &d.Steps[i]
		if !rule.Enabled {
			continue
		}
		step.Result = passed
		if rule.refuses(&all) {
			step.Result = cmp.Or(all.addressCode, rule.Codes[0])
			var values []string
			if rule.values != nil {
				values = rule.values(&all)
			}
			d.Refusal = r.Refuse(step.Result, a.Locale, values...)
		}
		end := time.Now()
		step.Took, start = end.Sub(start), end
		if d.Refusal != nil {
			return d
		}
	}
	if r.askCaptcha(ctx, a, &d); d.Refusal == nil {
		r.askNetwork(ctx, all, &d)
	}
	return d
}

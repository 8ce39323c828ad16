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
	TryAgain            = "TRY_AGAIN"
)

// Budget is how long a whole decision may take. Cognito waits 5 seconds for a
// trigger, and a cold start takes its part of them.
const Budget = time.Second

// A Refusal tells the person why the sign-up is not accepted. Its text holds
// nothing that came from the event.
type Refusal struct {
	Code, Sentence string
	TranslationErr error // why there is no better sentence, or nil
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Sentence }

// An Applicant is who wants to sign up.
type Applicant struct {
	Email      string
	Attributes map[string]string // by their names in events, such as custom:agentName
	Locale     string            // one of the settings', to refuse in
	Provider   bool              // signs in through an external provider
}

// A Rule is one thing that is asked about an applicant.
type Rule struct {
	Name    string
	Subject string   // the attribute that it is about, or empty
	Setting string   // the key in poolpost.yaml that it follows; empty: it always holds
	Codes   []string // that it refuses with
	Soft    bool     // asks the network; only a definite no refuses
	On      bool     // according to the settings

	ask     func(*applicant) *Refusal
	network func(context.Context, address) (no bool, err error)
}

// An applicant with the address as the rules compare it.
type applicant struct {
	Applicant
	address address
}

// Rules are the rules of the settings, ready to be asked.
type Rules struct {
	config    config.PreSignUp
	sentences Sentences
	list      []Rule
	asks      bool // a rule that asks the network is on
}

// Sentences are those of refusals in a locale, by code.
type Sentences func(locale string) (map[string]string, error)

// New prepares rules. The two network parts may be nil when the settings do not
// use them.
func New(c config.PreSignUp, sentences Sentences, dns Resolver, suppressions Suppressions) (*Rules, error) {
	if len(c.Locales) == 0 {
		return nil, logging.Safe("the settings name no locale")
	}
	r := &Rules{config: c, sentences: sentences}
	r.list = r.emailRules()
	for _, a := range c.Attributes {
		rules, err := r.attributeRules(a)
		if err != nil {
			return nil, err
		}
		r.list = append(r.list, rules...)
	}
	r.list = append(r.list, networkRules(c.Email, dns, suppressions)...)
	r.asks = slices.ContainsFunc(r.list, func(rule Rule) bool { return rule.Soft && rule.On })
	return r, nil
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

// Decide asks the rules in their order, up to the first that refuses: those
// without network first, the others after them and all at once. The error tells
// which soft rules had no answer; by itself it refuses nobody.
func (r *Rules) Decide(ctx context.Context, a Applicant) (*Refusal, error) {
	return r.decide(ctx, a, nil)
}

// A Step is a rule with what came of it.
type Step struct {
	Rule
	Result string        // "passed", "off", "not reached", "no answer" or a code
	Took   time.Duration // 0 when the rule was not asked
}

// Explain is Decide that tells of every rule.
func (r *Rules) Explain(ctx context.Context, a Applicant) ([]Step, *Refusal) {
	steps := make([]Step, len(r.list))
	for i, rule := range r.list {
		steps[i] = Step{rule, "not reached", 0}
		if !rule.On {
			steps[i].Result = "off"
		}
	}
	refused, _ := r.decide(ctx, a, func(i int, result string, took time.Duration) {
		steps[i].Result, steps[i].Took = result, took
	})
	return steps, refused
}

// decide is Decide that tells of each rule that it asked, if tell is not nil.
func (r *Rules) decide(ctx context.Context, a Applicant, tell func(i int, result string, took time.Duration)) (*Refusal, error) {
	if a.Provider && a.Email == "" && len(r.config.Email.AllowedDomains) == 0 && r.config.ExternalProviders.Policy != config.RefuseProviders {
		// The person cannot add an address there. Only a list of those who may
		// join asks for one.
		return nil, nil
	}
	all := applicant{Applicant: a}
	for i := range r.list {
		rule := &r.list[i]
		if !rule.On || rule.Soft {
			continue
		}
		var start time.Time
		if tell != nil {
			start = time.Now()
		}
		refused := rule.ask(&all)
		if tell != nil {
			result := "passed"
			if refused != nil {
				result = refused.Code
			}
			tell(i, result, time.Since(start))
		}
		if refused != nil {
			return refused, nil
		}
	}
	if !r.asks {
		return nil, nil
	}
	return r.askNetwork(ctx, all, tell)
}

package rules

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"poolpost/internal/config"
	"poolpost/internal/logging"
)

// A Resolver asks DNS; *net.Resolver is one.
type Resolver interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupHost(ctx context.Context, name string) ([]string, error)
}

// Suppressions is the list of addresses that SES takes mail for and does not
// send to.
type Suppressions interface {
	Suppressed(ctx context.Context, address string) (bool, error)
}

// softLimit is how long a soft rule may take.
const softLimit = 500 * time.Millisecond

func networkRules(c config.EmailRules, dns Resolver, suppressions Suppressions) []Rule {
	return []Rule{
		{Name: "mail-exchanger", Setting: "signUp.email.requireMailExchanger", Codes: []string{EmailUnreachable}, Soft: true, On: c.RequireMailExchanger,
			network: func(ctx context.Context, a address) (bool, error) { return unreachable(ctx, dns, a.domain) }},
		{Name: "suppression-list", Setting: "signUp.email.refuseSuppressed", Codes: []string{EmailSuppressed}, Soft: true, On: c.RefuseSuppressed,
			network: func(ctx context.Context, a address) (bool, error) { return suppressions.Suppressed(ctx, a.String()) }},
	}
}

// unreachable reports whether DNS says for certain that a domain takes no mail:
// neither a mail exchanger nor an address (RFC 5321, section 5.1), or the "null
// MX" of a domain that wants none (RFC 7505).
func unreachable(ctx context.Context, dns Resolver, domain string) (bool, error) {
	domain += "." // not a name below the machine's own domain
	exchangers, err := dns.LookupMX(ctx, domain)
	if len(exchangers) > 0 { // an error beside them tells of others that are broken
		return len(exchangers) == 1 && exchangers[0].Host == ".", nil
	}
	if err != nil && !isNotFound(err) {
		return false, err
	}
	_, err = dns.LookupHost(ctx, domain)
	if isNotFound(err) {
		return true, nil
	}
	return false, err
}

func isNotFound(err error) bool {
	var e *net.DNSError
	return errors.As(err, &e) && e.IsNotFound && !e.IsTimeout && !e.IsTemporary
}

// An answer is that of one soft rule.
type answer struct {
	no   bool
	err  error // there is no answer
	took time.Duration
}

// askNetwork asks the soft rules all at once. Of those that refuse, the first
// one counts. A rule that errs or is too slow refuses nobody; one that panics
// does, since then nobody knows what is wrong.
func (r *Rules) askNetwork(ctx context.Context, a applicant, tell func(i int, result string, took time.Duration)) (*Refusal, error) {
	answers := make([]answer, len(r.list))
	var asking sync.WaitGroup
	for i, rule := range r.list {
		if rule.On && rule.Soft {
			asking.Go(func() { answers[i] = rule.askNetwork(ctx, a.address) })
		}
	}
	asking.Wait()
	var refused *Refusal
	var doubts []string
	for i, rule := range r.list {
		if !rule.On || !rule.Soft {
			continue
		}
		got, code := answers[i], ""
		switch {
		case got.err == errPanic:
			code = TryAgain
		case got.no:
			code = rule.Codes[0]
		}
		if got.err != nil {
			doubts = append(doubts, rule.Name+": "+logging.Reason(got.err))
		}
		if refused == nil && code != "" {
			refused = r.Refuse(code, a.Locale)
		}
		if tell != nil {
			result := cmp.Or(code, "passed")
			if code == "" && got.err != nil {
				result = "no answer"
			}
			tell(i, result, got.took)
		}
	}
	if len(doubts) > 0 {
		return refused, logging.Safe(strings.Join(doubts, "; "))
	}
	return refused, nil
}

const errPanic = logging.Safe("panic")

// askNetwork asks a soft rule, and waits no longer than its limit even if what
// it asks does not notice the end of its context.
func (rule Rule) askNetwork(ctx context.Context, a address) answer {
	ctx, cancel := context.WithTimeout(ctx, softLimit)
	defer cancel()
	start := time.Now()
	answers := make(chan answer, 1)
	go func() {
		got := answer{err: errPanic} // unless it comes to its end
		defer func() {
			_ = recover()
			answers <- got
		}()
		no, err := rule.network(ctx, a)
		got = answer{no: no, err: err}
	}()
	var got answer
	select {
	case got = <-answers:
	case <-ctx.Done():
		got.err = ctx.Err()
	}
	got.took = time.Since(start)
	return got
}

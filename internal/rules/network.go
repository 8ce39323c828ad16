package rules

import (
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

// networkLimit is how long a network rule may take.
const networkLimit = 500 * time.Millisecond

func networkRules(c config.EmailRules, n Network) []networkRule {
	return []networkRule{
		{
			Name: "mail-exchanger", Setting: "signUp.email.requireMailExchanger",
			Codes: []string{EmailUnreachable}, Enabled: c.RequireMailExchanger, FailOpen: true,
			refuses: func(ctx context.Context, a address) (bool, error) { return unreachable(ctx, n.DNS, a.domain) },
		},
		{
			Name: "suppression-list", Setting: "signUp.email.refuseSuppressed",
			Codes: []string{EmailSuppressed}, Enabled: c.RefuseSuppressed, FailOpen: true,
			refuses: func(ctx context.Context, a address) (bool, error) { return n.Suppressions.Suppressed(ctx, a.String()) },
		},
	}
}

// unreachable reports whether DNS says for certain that a domain takes no mail:
// neither a mail exchanger nor an address (RFC 5321, section 5.1), or the "null
// MX" of a domain that wants none (RFC 7505).
func unreachable(ctx context.Context, dns Resolver, domain string) (bool, error) {
	domain += "." // not a name below the machine's own domain
	exchangers, err := dns.LookupMX(ctx, domain)
	if len(exchangers) > 0 { // an error beside them is about others, which are broken
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

// askNetwork asks the network rules all at once, and adds what they say to a
// decision. Of those that refuse, the first one counts. A rule that errs or is too
// slow refuses nobody; one that panics does, since then nobody knows what is wrong.
func (r *Rules) askNetwork(ctx context.Context, a applicant, d *Decision) {
	steps, errs := d.Steps[len(r.local)+1:][:len(r.network)], make([]error, len(r.network))
	var asking sync.WaitGroup
	address := a.address // the applicant is too large for closures to hold, and would be put on the heap
	for i, rule := range r.network {
		if rule.Enabled {
			asking.Go(func() {
				start := time.Now()
				steps[i].Result, errs[i] = rule.ask(ctx, address)
				steps[i].Took = time.Since(start)
			})
		}
	}
	asking.Wait()
	var unanswered []string
	for i, step := range steps {
		if errs[i] != nil {
			unanswered = append(unanswered, step.Name+": "+logging.Reason(errs[i]))
		}
		refuses := step.Result != off && step.Result != passed && step.Result != noAnswer
		if refuses && d.Refusal == nil {
			d.Refusal = r.Refuse(step.Result, a.Locale)
		}
	}
	if len(unanswered) > 0 {
		d.Warn(logging.Safe(strings.Join(unanswered, "; ")))
	}
}

// ask is the result of a network rule. It waits no longer than the limit even if
// what is asked does not notice the end of its context.
func (rule networkRule) ask(ctx context.Context, a address) (result string, err error) {
	ctx, cancel := context.WithTimeout(ctx, networkLimit)
	defer cancel()
	type answer struct {
		refuses bool
		err     error
	}
	answers := make(chan answer, 1)
	go func() {
		var got answer
		got.err = logging.Recover(func() (err error) {
			got.refuses, err = rule.refuses(ctx, a)
			return err
		})
		answers <- got
	}()
	var got answer
	select {
	case got = <-answers:
	case <-ctx.Done():
		got.err = ctx.Err()
	}
	switch {
	case got.err == logging.ErrPanic:
		return TryAgain, got.err
	case got.refuses:
		return rule.Codes[0], got.err
	case got.err != nil:
		return noAnswer, got.err
	default:
		return passed, nil
	}
}

package cognito

import (
	"slices"
	"time"
)

// hourly are the requests that a user may make in an hour (developer guide,
// "Quotas in Amazon Cognito"). AWS gives 5 to 20 for a forgotten password,
// depending on the risk of the request; this is the lower end.
func hourly(operation string) int {
	if operation == "ConfirmSignUp" || operation == "VerifyUserAttribute" {
		return 15
	}
	return 5
}

// spend counts a request of a user, or of a name that no user has, so that
// both have the same limit. The text is observed.
func (p *Pool) spend(operation, name string) error {
	if u := p.find(name); u != nil {
		name = u.name
	}
	key := operation + " " + lower(name)
	recent := slices.DeleteFunc(p.quotas[key], func(t time.Time) bool { return p.now().Sub(t) >= time.Hour })
	if len(recent) >= hourly(operation) {
		p.quotas[key] = recent
		return failure("LimitExceededException", "Attempt limit exceeded, please try after some time.")
	}
	p.quotas[key] = append(recent, p.now())
	return nil
}

// A lockout counts the wrong passwords for one name (developer guide,
// "Authentication with Amazon Cognito user pools", lockout behavior): the
// fifth locks for one second, each further one for twice as long, up to about
// 15 minutes. It is forgotten after a sign-in, or 15 minutes without a try.
type lockout struct {
	failures     int
	until, tried time.Time
}

const longestLockout = 15 * time.Minute

// lockedOut refuses a sign-in while a lockout lasts, which makes it no longer.
// The text is observed.
func (p *Pool) lockedOut(name string) error {
	l, now := p.lockouts[name], p.now()
	if !now.Before(l.until) {
		return nil
	}
	l.tried = now
	p.lockouts[name] = l
	return notAuthorized("Password attempts exceeded")
}

func (p *Pool) failed(name string) {
	l, now := p.lockouts[name], p.now()
	if now.Sub(l.tried) >= longestLockout {
		l.failures = 0
	}
	l.failures++
	l.tried = now
	if extra := l.failures - 5; extra >= 0 {
		// 2^10 seconds are more than the longest lockout.
		l.until = now.Add(min(time.Second<<min(extra, 10), longestLockout))
	}
	p.lockouts[name] = l
}

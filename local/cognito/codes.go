package cognito

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// A purpose is what a code is for. A user has one code for each.
type purpose string

const (
	forSignUp      purpose = "sign-up"
	forNewPassword purpose = "forgot-password"
	forEmail       purpose = "email"
	forPhone       purpose = "phone_number"
)

// life is how long a code is valid: 24 hours, or one hour for a new password
// (developer guide, "Quotas in Amazon Cognito", session validity).
func (f purpose) life() time.Duration {
	if f == forNewPassword {
		return time.Hour
	}
	return 24 * time.Hour
}

// An issuedCode is the one code that is valid, and those before it.
type issuedCode struct {
	value      string
	expires    time.Time
	superseded []string
}

// newCode makes a code of six digits, which takes the place of the one before, and
// the notice that brings it to the user. While a new address waits for its code, the
// notice of a code for an attribute has that address, not yet verified (derived: the
// senders of AWS's examples mail to the address in the event).
func (p *Pool) newCode(u *user, f purpose, source string, metadata map[string]string) (notice, error) {
	number, err := rand.Int(p.options.Rand, big.NewInt(1_000_000))
	if err != nil {
		return notice{}, fmt.Errorf("draw a code: %w", err)
	}
	value := fmt.Sprintf("%06d", number)
	old := u.codes[f]
	superseded := old.superseded
	if old.value != value {
		superseded = append(superseded, old.value)
	}
	u.codes[f] = issuedCode{value, p.now().Add(f.life()), superseded}
	n := u.notify(source, value, metadata)
	if u.newEmail != "" && (f == forEmail || f == forPhone) {
		n.attributes["email"], n.attributes["email_verified"] = u.newEmail, "false"
	}
	if f == forPhone {
		n.phone = n.attributes["phone_number"]
	} else {
		n.email = n.attributes["email"]
	}
	return n, nil
}

func (p *Pool) sendCode(ctx context.Context, c caller, u *user, f purpose, source string, metadata map[string]string) (deliveredResult, error) {
	n, err := p.newCode(u, f, source, metadata)
	if err != nil {
		return deliveredResult{}, err
	}
	return deliveredResult{n.delivery()}, p.send(ctx, c, n)
}

// redeem uses a code up. API reference, ConfirmSignUp: CodeMismatchException
// when the code is not the expected one, ExpiredCodeException when it has
// expired; a superseded code counts as expired (observed).
func (p *Pool) redeem(u *user, f purpose, value string) error {
	code, ok := u.codes[f]
	switch {
	case !ok:
		return errCodeExpired
	case subtle.ConstantTimeCompare([]byte(code.value), []byte(value)) == 1:
		if !p.now().Before(code.expires) {
			return errCodeExpired
		}
		delete(u.codes, f)
		return nil
	case slices.Contains(code.superseded, value):
		return errCodeExpired
	}
	return errCodeMismatch
}

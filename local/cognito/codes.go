package cognito

import (
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

// issue makes a code of six digits, which takes the place of the one before.
func (p *Pool) issue(u *user, f purpose) (string, error) {
	n, err := rand.Int(p.rand, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("draw a code: %w", err)
	}
	value := fmt.Sprintf("%06d", n)
	old := u.codes[f]
	superseded := old.superseded
	if old.value != value {
		superseded = append(superseded, old.value)
	}
	u.codes[f] = issuedCode{value, p.now().Add(f.life()), superseded}
	return value, nil
}

// redeem uses a code up. API reference, ConfirmSignUp: CodeMismatchException
// when the code is not the expected one, ExpiredCodeException when it has
// expired; a superseded code counts as expired (observed).
func (p *Pool) redeem(u *user, f purpose, value string) error {
	code, ok := u.codes[f]
	switch {
	case !ok:
		return codeExpired()
	case subtle.ConstantTimeCompare([]byte(code.value), []byte(value)) == 1:
		if !p.now().Before(code.expires) {
			return codeExpired()
		}
		delete(u.codes, f)
		return nil
	case slices.Contains(code.superseded, value):
		return codeExpired()
	}
	return codeMismatch()
}

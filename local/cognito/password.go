package cognito

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"strings"
	"sync"
	"unicode/utf8"

	"poolpost/local/srp"
)

// A credential is what the pool keeps of a password: the private key of SRP. One hash is enough for
// what lives in memory and is thrown away.
type credential struct {
	salt, private *big.Int
	verifier      func() *big.Int // of a sign-in, computed when the first one needs it
}

func newCredential(salt, private *big.Int) credential {
	return credential{salt, private, sync.OnceValue(func() *big.Int { return srp.Verifier(private) })}
}

// setPassword gives a user a password that the policy accepts, and the status that follows. The text
// about earlier ones is our own.
func (p *Pool) setPassword(u *user, password, status string) error {
	if err := p.checkPassword(password); err != nil {
		return err
	}
	// The current one is the first of those that Cognito remembers (assumed).
	history := u.passwords[:min(len(u.passwords), p.options.Settings.Pool.PasswordPolicy.HistorySize)]
	for _, earlier := range history {
		if p.isPassword(u, earlier, password) {
			return failure("PasswordHistoryPolicyViolationException", "Password has previously been used.")
		}
	}
	b := make([]byte, 16)
	if _, err := io.ReadFull(p.options.Rand, b); err != nil {
		return fmt.Errorf("draw a salt: %w", err)
	}
	salt := new(big.Int).SetBytes(b)
	u.passwords = append([]credential{newCredential(salt, srp.PrivateKey(salt, p.poolName()+u.name, password))}, history...)
	u.status, u.modified = status, p.now()
	return nil
}

// passwordIs says whether a password is the user's.
func (p *Pool) passwordIs(u *user, password string) bool {
	return p.isPassword(u, u.password(), password)
}

func (p *Pool) isPassword(u *user, c credential, password string) bool {
	return c.private != nil && c.private.Cmp(srp.PrivateKey(c.salt, p.poolName()+u.name, password)) == 0
}

// password is the credential that counts, or an empty one.
func (u *user) password() credential {
	if len(u.passwords) == 0 {
		return credential{}
	}
	return u.passwords[0]
}

const (
	digits  = "0123456789"
	lowers  = "abcdefghijklmnopqrstuvwxyz"
	uppers  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	symbols = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-"
)

// A characterClass is one of the four that a policy can ask for.
type characterClass struct {
	characters, name string
	required         bool
}

// classes are the classes of the policy, with Cognito's words for them. The
// symbols are those of the developer guide, "Adding user pool password
// requirements"; a blank inside the password is one as well.
func (p *Pool) classes() []characterClass {
	policy := p.options.Settings.Pool.PasswordPolicy
	return []characterClass{
		{lowers, "lowercase", policy.RequireLowercase},
		{uppers, "uppercase", policy.RequireUppercase},
		{digits, "numeric", policy.RequireNumbers},
		{symbols + " ", "symbol", policy.RequireSymbols},
	}
}

// checkPassword names the first rule of the policy that a password breaks. The
// texts are observed.
func (p *Pool) checkPassword(password string) error {
	const text = "Password did not conform with policy: "
	if utf8.RuneCountInString(password) < p.options.Settings.Pool.PasswordPolicy.MinimumLength {
		return failure("InvalidPasswordException", text+"Password not long enough")
	}
	for _, class := range p.classes() {
		if class.required && !strings.ContainsAny(password, class.characters) {
			return failure("InvalidPasswordException", text+"Password must have %s characters", class.name)
		}
	}
	return nil
}

// temporaryPassword makes a password that the policy accepts: one character of
// each class that it asks for, then letters and digits.
func (p *Pool) temporaryPassword() (string, error) {
	var from []string
	for _, class := range p.classes() {
		if class.required {
			from = append(from, strings.TrimSpace(class.characters))
		}
	}
	for len(from) < max(p.options.Settings.Pool.PasswordPolicy.MinimumLength, 8) {
		from = append(from, lowers+uppers+digits)
	}
	var password strings.Builder
	for _, characters := range from {
		n, err := rand.Int(p.options.Rand, big.NewInt(int64(len(characters))))
		if err != nil {
			return "", fmt.Errorf("draw a temporary password: %w", err)
		}
		password.WriteByte(characters[n.Int64()])
	}
	return password.String(), nil
}

// forgotPassword is ForgotPassword. Who does not exist, or has no verified
// address, is answered as if a code were under way, without one ("Managing
// user existence error responses").
func (p *Pool) forgotPassword(ctx context.Context, c caller, in clientUserInput) (any, error) {
	if err := p.spend("ForgotPassword", in.Username); err != nil {
		return nil, err
	}
	u := p.find(in.Username)
	if u != nil {
		if err := u.resettable(); err != nil {
			return nil, err
		}
	}
	if u == nil || u.attributes["email_verified"] != "true" {
		return deliveredResult{deliveryTo(in.Username)}, nil
	}
	return p.sendCode(ctx, c, u, forNewPassword, sourceForgotPassword, in.ClientMetadata)
}

// resettable refuses a user who still has a temporary password; the text is
// observed.
func (u *user) resettable() error {
	if u.status == forceChangePassword {
		return notAuthorized("User password cannot be reset in the current state.")
	}
	return nil
}

type confirmForgotPasswordInput struct {
	clientRequest
	Username         string
	ConfirmationCode string
	Password         string
	ClientMetadata   map[string]string
}

// confirmForgotPassword is ConfirmForgotPassword. "Managing user existence
// error responses": CodeMismatchException for an unknown user,
// ExpiredCodeException for one who asked for no code. The code came to the
// address, so the address is verified.
func (p *Pool) confirmForgotPassword(ctx context.Context, c caller, in confirmForgotPasswordInput) (any, error) {
	if err := p.checkPassword(in.Password); err != nil {
		return nil, err
	}
	if err := p.spend("ConfirmForgotPassword", in.Username); err != nil {
		return nil, err
	}
	u := p.find(in.Username)
	if u == nil {
		return nil, errCodeMismatch
	}
	code := u.codes[forNewPassword]
	if err := p.redeem(u, forNewPassword, in.ConfirmationCode); err != nil {
		return nil, err
	}
	if err := p.setPassword(u, in.Password, confirmed); err != nil {
		u.codes[forNewPassword] = code // for another try with another password (assumed)
		return nil, err
	}
	u.attributes["email_verified"] = "true"
	return nil, p.callPostConfirmation(ctx, c, "PostConfirmation_ConfirmForgotPassword", u, in.ClientMetadata)
}

package cognito

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"math/big"
	"strings"
	"unicode/utf8"
)

// A passwordHash is PBKDF2 of a password. Few rounds are enough for what lives
// in memory and is thrown away.
type passwordHash struct{ salt, sum []byte }

const hashRounds = 1000

func (p *Pool) newPassword(password string) (passwordHash, error) {
	if err := p.checkPassword(password); err != nil {
		return passwordHash{}, err
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(p.options.Rand, salt); err != nil {
		return passwordHash{}, fmt.Errorf("draw a salt: %w", err)
	}
	return passwordHash{salt, hash(password, salt)}, nil
}

func hash(password string, salt []byte) []byte {
	sum, err := pbkdf2.Key(sha256.New, password, salt, hashRounds, sha256.Size)
	if err != nil {
		panic(err) // only a length that FIPS 140 forbids is an error
	}
	return sum
}

func (h passwordHash) matches(password string) bool {
	return subtle.ConstantTimeCompare(hash(password, h.salt), h.sum) == 1
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
		return deliveredResult{deliveryTo("email", in.Username)}, nil
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
	password, err := p.newPassword(in.Password)
	if err != nil {
		return nil, err
	}
	if err := p.spend("ConfirmForgotPassword", in.Username); err != nil {
		return nil, err
	}
	u := p.find(in.Username)
	if u == nil {
		return nil, errCodeMismatch
	}
	if err := p.redeem(u, forNewPassword, in.ConfirmationCode); err != nil {
		return nil, err
	}
	u.password, u.status = password, confirmed
	u.attributes["email_verified"] = "true"
	u.modified = p.now()
	return nil, p.callPostConfirmation(ctx, c, "PostConfirmation_ConfirmForgotPassword", u, in.ClientMetadata)
}

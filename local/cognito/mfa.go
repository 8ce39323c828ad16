package cognito

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
)

// totp is the authenticator app of a user (RFC 6238).
type totp struct {
	secret    []byte // nil: none is verified
	candidate []byte // of AssociateSoftwareToken with an access token
	name      string
	enabled   bool
	preferred bool
	used      int64 // the time step of the last code
}

const (
	totpStep   = 30 // seconds
	totpDigits = 1_000_000
)

// errNoTOTP is what a pool without MFA answers; the text is observed.
var errNoTOTP = failure("SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool")

// totpCode is the code of a time step.
func totpCode(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	value := binary.BigEndian.Uint32(sum[sum[19]&0x0f:]) & 0x7fffffff
	return fmt.Sprintf("%06d", value%totpDigits)
}

// stepOf is the time step that a code belongs to, one too early and one too late among them, or 0.
func (p *Pool) stepOf(secret []byte, code string) int64 {
	now := p.now().Unix() / totpStep
	for step := now - 1; step <= now+1; step++ {
		if hmac.Equal([]byte(totpCode(secret, step)), []byte(code)) {
			return step
		}
	}
	return 0
}

// asksForTOTP says whether a sign-in needs a code: of everybody who has an authenticator app, if the
// pool requires MFA, otherwise of those who have it enabled.
func (p *Pool) asksForTOTP(u *user) bool {
	switch p.options.Settings.Pool.MFA {
	case "required":
		return u.totp.secret != nil
	case "optional":
		return u.totp.secret != nil && u.totp.enabled
	}
	return false
}

// proveTOTP answers SOFTWARE_TOKEN_MFA. A code counts once (observed). After a wrong one another can
// be tried in the same session.
func (p *Pool) proveTOTP(in challengeInput) (any, error) {
	if err := required(in.ChallengeResponses, "SOFTWARE_TOKEN_MFA_CODE"); err != nil {
		return nil, err
	}
	s, err := p.answered(in)
	if err != nil {
		return nil, err
	}
	if err := p.lockedOut(s.user.name); err != nil {
		return nil, err
	}
	app := &s.user.totp
	switch step := p.stepOf(app.secret, in.ChallengeResponses["SOFTWARE_TOKEN_MFA_CODE"]); {
	case step == 0:
		p.failed(s.user.name)
		return nil, failure("CodeMismatchException", "Invalid code received for user")
	case step <= app.used:
		return nil, failure("ExpiredCodeException", "Your software token has already been used once.")
	default:
		app.used = step
	}
	s.used, s.secondFactor = true, true
	return p.proceed(s.attempt)
}

// A softwareTokenRequest comes with an access token or with the session of MFA_SETUP.
type softwareTokenRequest struct{ AccessToken, Session string }

func (in softwareTokenRequest) authorize(p *Pool, c *caller) error {
	if p.options.Settings.Pool.MFA == "off" {
		return errNoTOTP
	}
	if in.AccessToken != "" {
		return tokenRequest{in.AccessToken}.authorize(p, c)
	}
	s, ok := p.sessions[in.Session]
	if !ok {
		return notAuthorized("Invalid session for the user.")
	}
	s, err := p.attemptOf(in.Session, mfaSetup, s.clientID)
	if err != nil {
		return err
	}
	c.user, c.clientID, c.session = s.user, &s.clientID, s
	return nil
}

type softwareTokenResult struct {
	SecretCode string `json:",omitempty"`
	Status     string `json:",omitempty"`
	Session    string `json:",omitempty"`
}

// associateSoftwareToken is AssociateSoftwareToken. A session goes on under a new secret.
func (p *Pool) associateSoftwareToken(_ context.Context, c caller, _ softwareTokenRequest) (any, error) {
	secret := make([]byte, 32)
	if _, err := io.ReadFull(p.options.Rand, secret); err != nil {
		return nil, fmt.Errorf("draw a secret: %w", err)
	}
	result := softwareTokenResult{SecretCode: base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)}
	if c.session == nil {
		c.user.totp.candidate = secret
		return result, nil
	}
	var err error
	c.session.secret = secret
	result.Session, err = p.goOn(c.session)
	return result, err
}

// goOn keeps an attempt under a new secret.
func (p *Pool) goOn(s *session) (string, error) {
	s.used = true
	return p.await(s.attempt)
}

type verifySoftwareTokenInput struct {
	softwareTokenRequest
	UserCode           string
	FriendlyDeviceName string
}

// verifySoftwareToken is VerifySoftwareToken. The text of the refusal is observed:
// https://github.com/aws-samples/aws-amplify-auth-starters/issues/15
func (p *Pool) verifySoftwareToken(_ context.Context, c caller, in verifySoftwareTokenInput) (any, error) {
	secret := c.user.totp.candidate
	if c.session != nil {
		secret = c.session.secret
	}
	step := int64(0)
	if secret != nil {
		step = p.stepOf(secret, in.UserCode)
	}
	if step == 0 {
		return nil, failure("EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA")
	}
	c.user.totp = totp{secret: secret, name: in.FriendlyDeviceName, enabled: c.user.totp.enabled, preferred: c.user.totp.preferred, used: step}
	result := softwareTokenResult{Status: "SUCCESS"}
	if c.session == nil {
		return result, nil
	}
	var err error
	c.session.secondFactor = true
	result.Session, err = p.goOn(c.session)
	return result, err
}

// finishSetup answers MFA_SETUP, after VerifySoftwareToken.
func (p *Pool) finishSetup(in challengeInput) (any, error) {
	s, err := p.answered(in)
	if err != nil {
		return nil, err
	}
	if !s.secondFactor {
		return nil, invalidParameter("The software token has not been verified.") // the text is our own
	}
	s.used = true
	s.user.totp.enabled = true
	return p.proceed(s.attempt)
}

// mfaPreference are the members about MFA of what describes a user. AWS leaves out what is empty.
type mfaPreference struct {
	PreferredMfaSetting string   `json:",omitempty"`
	UserMFASettingList  []string `json:",omitempty"`
}

func (u *user) mfaPreference() (m mfaPreference) {
	if u.totp.secret != nil && u.totp.enabled {
		m.UserMFASettingList = []string{softwareTokenMFA}
		if u.totp.preferred {
			m.PreferredMfaSetting = softwareTokenMFA
		}
	}
	return m
}

type mfaSettings struct{ Enabled, PreferredMfa bool }

type mfaPreferenceInput struct {
	SMSMfaSettings, EmailMfaSettings, SoftwareTokenMfaSettings *mfaSettings
}

type setMFAPreferenceInput struct {
	tokenRequest
	mfaPreferenceInput
}

type adminSetMFAPreferenceInput struct {
	adminUserRequest
	mfaPreferenceInput
}

func (p *Pool) setUserMFAPreference(_ context.Context, c caller, in setMFAPreferenceInput) (any, error) {
	return nil, p.prefer(c.user, in.mfaPreferenceInput)
}

func (p *Pool) adminSetUserMFAPreference(_ context.Context, c caller, in adminSetMFAPreferenceInput) (any, error) {
	return nil, p.prefer(c.user, in.mfaPreferenceInput)
}

// prefer is SetUserMFAPreference. The pool has no MFA by SMS or email. The text is observed:
// https://github.com/aws/aws-sdk-js-v3/issues/4645
func (p *Pool) prefer(u *user, in mfaPreferenceInput) error {
	const text = "User does not have delivery config set to turn on %s"
	switch app := in.SoftwareTokenMfaSettings; {
	case in.SMSMfaSettings != nil && in.SMSMfaSettings.Enabled:
		return invalidParameter(text, "SMS_MFA")
	case in.EmailMfaSettings != nil && in.EmailMfaSettings.Enabled:
		return invalidParameter(text, "EMAIL_OTP")
	case app == nil:
	case app.Enabled && (p.options.Settings.Pool.MFA == "off" || u.totp.secret == nil):
		return invalidParameter(text, softwareTokenMFA)
	default:
		u.totp.enabled, u.totp.preferred = app.Enabled, app.Enabled && app.PreferredMfa
	}
	u.modified = p.now()
	return nil
}

type userAuthFactorsResult struct {
	Username                  string
	ConfiguredUserAuthFactors []string
	mfaPreference
}

// getUserAuthFactors is GetUserAuthFactors: people of this pool sign in with a password.
func (p *Pool) getUserAuthFactors(_ context.Context, c caller, _ tokenRequest) (any, error) {
	return userAuthFactorsResult{c.user.name, []string{"PASSWORD"}, c.user.mfaPreference()}, nil
}

// adminGetUserAuthFactors is AdminGetUserAuthFactors.
func (p *Pool) adminGetUserAuthFactors(ctx context.Context, c caller, _ adminUserRequest) (any, error) {
	return p.getUserAuthFactors(ctx, c, tokenRequest{})
}

// adminDeleteSoftwareToken is AdminDeleteSoftwareToken: the user has no authenticator app any more.
func (p *Pool) adminDeleteSoftwareToken(_ context.Context, c caller, _ adminUserRequest) (any, error) {
	c.user.totp = totp{}
	return nil, nil
}

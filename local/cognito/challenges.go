package cognito

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// The challenges of a sign-in (ChallengeNameType of the API reference), in the order in which they
// come.
const (
	passwordVerifier       = "PASSWORD_VERIFIER"
	newPasswordRequired    = "NEW_PASSWORD_REQUIRED"
	mfaSetup               = "MFA_SETUP"
	softwareTokenMFA       = "SOFTWARE_TOKEN_MFA"
	deviceSRP              = "DEVICE_SRP_AUTH"
	devicePasswordVerifier = "DEVICE_PASSWORD_VERIFIER"
)

// An attempt is a sign-in that waits for the answer to a challenge.
type attempt struct {
	challenge string
	user      *user // nil: there is nobody of that name
	clientID  string
	deviceKey string // of the device that the app says it runs on, or empty
	proof     proof  // of a password, in two of the challenges
	secret    []byte // of an authenticator app that is being set up

	secondFactor, sameDevice bool // done
}

// A session is an attempt under the secret that its answer has to bring.
type session struct {
	attempt
	expires time.Time
	used    bool
}

// await keeps an attempt until it is answered or expires, under a new secret. What has expired for
// as long again is forgotten.
func (p *Pool) await(a attempt) (string, error) {
	for len(p.waiting) > 0 {
		oldest := p.waiting[0]
		life := p.clients[p.sessions[oldest].clientID].Session
		if p.now().Sub(p.sessions[oldest].expires) < life {
			break
		}
		delete(p.sessions, oldest)
		p.waiting = p.waiting[1:]
	}
	secret, err := p.opaque()
	if err != nil {
		return "", err
	}
	p.sessions[secret] = &session{attempt: a, expires: p.now().Add(p.clients[a.clientID].Session)}
	p.waiting = append(p.waiting, secret)
	return secret, nil
}

// attemptOf finds the attempt that an answer belongs to, which can be answered once. The texts are
// observed.
func (p *Pool) attemptOf(secret, challenge, clientID string) (*session, error) {
	s, ok := p.sessions[secret]
	switch {
	case !ok || s.challenge != challenge || s.clientID != clientID:
		return nil, notAuthorized("Invalid session for the user.")
	case s.used:
		return nil, notAuthorized("Invalid session for the user, session can only be used once.")
	case !p.now().Before(s.expires):
		return nil, notAuthorized("Invalid session for the user, session is expired.")
	case s.user != nil && p.users[s.user.name] != s.user:
		return nil, errUserNotFound // deleted meanwhile
	}
	return s, nil
}

// answered is attemptOf for a challenge whose answer has a USERNAME, that of the user.
func (p *Pool) answered(in challengeInput) (*session, error) {
	if err := required(in.ChallengeResponses, "USERNAME"); err != nil {
		return nil, err
	}
	s, err := p.attemptOf(in.Session, in.ChallengeName, in.ClientId)
	if err == nil && p.find(in.ChallengeResponses["USERNAME"]) != s.user {
		return nil, notAuthorized("Invalid session for the user.")
	}
	return s, err
}

func (p *Pool) challenge(a attempt, name string, parameters map[string]string) (any, error) {
	a.challenge = name
	session, err := p.await(a)
	return authResult{ChallengeName: name, ChallengeParameters: parameters, Session: session}, err
}

// proceed goes on with a sign-in whose password was right: to the next challenge, or with the attempt
// itself, which gets tokens.
func (p *Pool) proceed(a attempt) (any, error) {
	u := a.user
	switch {
	case u.disabled: // perhaps since the last challenge
		return nil, errDisabled
	case u.status == forceChangePassword:
		return p.challenge(a, newPasswordRequired, map[string]string{
			"USER_ID_FOR_SRP":    u.name,
			"requiredAttributes": "[]",
			"userAttributes":     string(encode(u.attributes)),
		})
	case !a.secondFactor && p.asksForTOTP(u):
		return p.challenge(a, softwareTokenMFA, map[string]string{"USER_ID_FOR_SRP": u.name, "FRIENDLY_DEVICE_NAME": u.totp.name})
	case !a.secondFactor && p.options.Settings.Pool.MFA == "required":
		return p.challenge(a, mfaSetup, map[string]string{"USER_ID_FOR_SRP": u.name, "MFAS_CAN_SETUP": `["` + softwareTokenMFA + `"]`})
	case !a.sameDevice && a.deviceKey != "" && p.devices().Tracked:
		if u.devices[a.deviceKey] == nil {
			return nil, errDeviceNotFound
		}
		return p.challenge(a, deviceSRP, map[string]string{})
	}
	return a, nil
}

// chooseNewPassword answers NEW_PASSWORD_REQUIRED. It confirms the user without PostConfirmation
// (observed).
func (p *Pool) chooseNewPassword(in challengeInput) (any, error) {
	if err := required(in.ChallengeResponses, "NEW_PASSWORD"); err != nil {
		return nil, err
	}
	plain := in.ChallengeResponses["NEW_PASSWORD"]
	if err := check(struct {
		UserAttributes []attribute
		NewPassword    string
	}{in.attributes(), plain}); err != nil {
		return nil, err
	}
	attributes, err := p.conform(in.attributes(), p.clients[in.ClientId].Writes)
	if err != nil {
		return nil, err
	}
	if _, ok := attributes["email"]; ok {
		return nil, notAuthorized("Cannot modify an already provided email") // observed
	}
	s, err := p.answered(in)
	if err != nil {
		return nil, err
	}
	if err := p.setPassword(s.user, plain, confirmed); err != nil {
		return nil, err
	}
	s.used = true
	s.user.set(attributes)
	return p.proceed(s.attempt)
}

// attributes are the ones that a new user fills in with the new password.
func (in challengeInput) attributes() []attribute {
	var list []attribute
	for _, name := range slices.Sorted(maps.Keys(in.ChallengeResponses)) {
		if short, ok := strings.CutPrefix(name, "userAttributes."); ok {
			list = append(list, attribute{short, in.ChallengeResponses[name]})
		}
	}
	return list
}

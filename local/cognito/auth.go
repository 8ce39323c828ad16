package cognito

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// authResult answers InitiateAuth and RespondToAuthChallenge: tokens, or a
// challenge.
type authResult struct {
	AuthenticationResult *tokens           `json:",omitempty"`
	ChallengeName        string            `json:",omitempty"`
	ChallengeParameters  map[string]string // empty with tokens (observed)
	Session              string            `json:",omitempty"`
}

// A challenge is a sign-in that waits for a new password.
type challenge struct {
	user     *user
	clientID string
	expires  time.Time
}

type initiateAuthInput struct {
	AuthFlow       string
	AuthParameters map[string]string
	ClientId       string
}

func (in initiateAuthInput) constraints() []constraint { return []constraint{isClientID(in.ClientId)} }

// initiateAuth is InitiateAuth for the two flows that the clients allow.
func (p *Pool) initiateAuth(_ context.Context, _ caller, in initiateAuthInput) (any, error) {
	if _, err := p.openClient(in.ClientId, in.AuthParameters["SECRET_HASH"]); err != nil {
		return nil, err
	}
	switch in.AuthFlow {
	case "USER_PASSWORD_AUTH":
		return p.signIn(in)
	case "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN":
		return p.refreshTokens(in)
	}
	flows := []string{ // AuthFlowType of the API reference
		"USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", "CUSTOM_AUTH", "ADMIN_NO_SRP_AUTH",
		"USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_AUTH",
	}
	if !slices.Contains(flows, in.AuthFlow) {
		return nil, notInEnum("authFlow", in.AuthFlow, flows...)
	}
	return nil, invalidParameter("%s flow not enabled for this client", in.AuthFlow) // observed
}

// required reads a parameter of a map; the text is observed.
func required(parameters map[string]string, name string) (string, error) {
	value := parameters[name]
	if value == "" {
		return "", invalidParameter("Missing required parameter %s", name)
	}
	return value, nil
}

// signIn checks name and password. "Managing user existence error responses":
// an unknown user and a wrong password are answered alike. That a user is
// unconfirmed is only told with the right password (observed).
func (p *Pool) signIn(in initiateAuthInput) (any, error) {
	username, err := required(in.AuthParameters, "USERNAME")
	if err != nil {
		return nil, err
	}
	password, err := required(in.AuthParameters, "PASSWORD")
	if err != nil {
		return nil, err
	}
	var result authResult
	err = p.locked(func() error {
		u, err := p.authenticate(username, password)
		if err != nil {
			return err
		}
		if u.status == forceChangePassword {
			result, err = p.demandPassword(u, in.ClientId)
			return err
		}
		result.ChallengeParameters = map[string]string{}
		result.AuthenticationResult, err = p.startSession(u, in.ClientId)
		return err
	})
	return result, err
}

// authenticate returns the user of that name and password, if they may sign in.
func (p *Pool) authenticate(username, password string) (*user, error) {
	u := p.find(username)
	name := lower(username)
	if u != nil {
		name = u.name
	}
	if err := p.lockedOut(name); err != nil {
		return nil, err
	}
	if u == nil || !u.password.matches(password) {
		p.failed(name)
		return nil, wrongCredentials()
	}
	delete(p.lockouts, name)
	switch {
	case u.status == unconfirmed:
		return nil, failure("UserNotConfirmedException", "User is not confirmed.")
	case u.status == resetRequired:
		return nil, failure("PasswordResetRequiredException", "Password reset required for the user")
	case u.status == forceChangePassword && !p.now().Before(u.temporaryUntil):
		return nil, notAuthorized("Temporary password has expired and must be reset by an administrator.")
	}
	return u, nil
}

// demandPassword asks a user with a temporary password for a new one (API
// reference, RespondToAuthChallenge, NEW_PASSWORD_REQUIRED).
func (p *Pool) demandPassword(u *user, clientID string) (authResult, error) {
	session, err := p.opaque()
	if err != nil {
		return authResult{}, err
	}
	attributes, err := json.Marshal(u.attributes)
	if err != nil {
		return authResult{}, fmt.Errorf("encode the attributes of a challenge: %w", err)
	}
	p.sessions[session] = challenge{u, clientID, p.now().Add(sessionLife)}
	return authResult{
		ChallengeName: "NEW_PASSWORD_REQUIRED",
		Session:       session,
		ChallengeParameters: map[string]string{
			"USER_ID_FOR_SRP":    u.name,
			"requiredAttributes": "[]",
			"userAttributes":     string(attributes),
		},
	}, nil
}

// refreshTokens issues new tokens for a refresh token, which stays valid.
func (p *Pool) refreshTokens(in initiateAuthInput) (any, error) {
	token, err := required(in.AuthParameters, "REFRESH_TOKEN")
	if err != nil {
		return nil, err
	}
	result := authResult{ChallengeParameters: map[string]string{}}
	err = p.locked(func() error {
		g, ok := p.refresh[token]
		if !ok || g.clientID != in.ClientId {
			return notAuthorized("Invalid Refresh Token")
		}
		if !p.now().Before(g.expires) {
			return notAuthorized("Refresh Token has expired")
		}
		var err error
		result.AuthenticationResult, err = p.tokensFor(g)
		return err
	})
	return result, err
}

type challengeInput struct {
	ChallengeName      string
	ChallengeResponses map[string]string
	ClientId           string
	Session            string
}

func (in challengeInput) constraints() []constraint { return []constraint{isClientID(in.ClientId)} }

// attributes are the ones that a new user fills in with the new password.
func (in challengeInput) attributes() []attribute {
	var list []attribute
	for name, value := range in.ChallengeResponses {
		if name, ok := strings.CutPrefix(name, "userAttributes."); ok {
			list = append(list, attribute{name, value})
		}
	}
	return list
}

// respondToAuthChallenge is RespondToAuthChallenge for NEW_PASSWORD_REQUIRED,
// the only challenge of this pool. It confirms the user without
// PostConfirmation (observed).
func (p *Pool) respondToAuthChallenge(_ context.Context, _ caller, in challengeInput) (any, error) {
	if _, err := p.openClient(in.ClientId, in.ChallengeResponses["SECRET_HASH"]); err != nil {
		return nil, err
	}
	if in.ChallengeName != "NEW_PASSWORD_REQUIRED" {
		return nil, invalidParameter("This pool has no challenge %s.", in.ChallengeName)
	}
	username, err := required(in.ChallengeResponses, "USERNAME")
	if err != nil {
		return nil, err
	}
	plain, err := required(in.ChallengeResponses, "NEW_PASSWORD")
	if err != nil {
		return nil, err
	}
	if err := check(append(areAttributes(in.attributes()), isPassword("newPassword", plain))); err != nil {
		return nil, err
	}
	attributes, err := p.conform(in.attributes(), true)
	if err != nil {
		return nil, err
	}
	if _, ok := attributes["email"]; ok {
		return nil, notAuthorized("Cannot modify an already provided email") // observed
	}
	password, err := p.newPassword(plain)
	if err != nil {
		return nil, err
	}
	result := authResult{ChallengeParameters: map[string]string{}}
	err = p.locked(func() error {
		session, ok := p.sessions[in.Session]
		if !ok || session.clientID != in.ClientId || session.user != p.find(username) || !p.now().Before(session.expires) {
			return notAuthorized("Invalid session for the user, session is expired.")
		}
		delete(p.sessions, in.Session)
		u := session.user
		u.password, u.status, u.modified = password, confirmed, p.now()
		u.set(attributes)
		result.AuthenticationResult, err = p.startSession(u, in.ClientId)
		return err
	})
	return result, err
}

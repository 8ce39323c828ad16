package cognito

import (
	"context"
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

func signedIn(issued tokens) authResult {
	return authResult{AuthenticationResult: &issued, ChallengeParameters: map[string]string{}}
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

func (in initiateAuthInput) authorize(p *Pool, c *caller) error {
	return clientRequest{in.ClientId, in.AuthParameters["SECRET_HASH"]}.authorize(p, c)
}

// initiateAuth is InitiateAuth for the two flows that the clients allow.
func (p *Pool) initiateAuth(_ context.Context, _ caller, in initiateAuthInput) (any, error) {
	switch in.AuthFlow {
	case "USER_PASSWORD_AUTH":
		return p.signIn(in)
	case "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN":
		return p.refreshTokens(in)
	}
	return nil, invalidParameter("%s flow not enabled for this client", in.AuthFlow) // observed
}

// required refuses parameters that lack one of these names; the text is observed.
func required(parameters map[string]string, names ...string) error {
	for _, name := range names {
		if parameters[name] == "" {
			return invalidParameter("Missing required parameter %s", name)
		}
	}
	return nil
}

// signIn checks name and password. "Managing user existence error responses":
// an unknown user and a wrong password get the same answer. Only with the right
// password does the caller learn that the user is unconfirmed (observed).
func (p *Pool) signIn(in initiateAuthInput) (any, error) {
	if err := required(in.AuthParameters, "USERNAME", "PASSWORD"); err != nil {
		return nil, err
	}
	u, err := p.authenticate(in.AuthParameters["USERNAME"], in.AuthParameters["PASSWORD"])
	if err != nil {
		return nil, err
	}
	if u.status == forceChangePassword {
		return p.demandPassword(u, in.ClientId)
	}
	return p.startSession(u, in.ClientId)
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
		return nil, errWrongCredentials
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
func (p *Pool) demandPassword(u *user, clientID string) (any, error) {
	session, err := p.opaque()
	if err != nil {
		return nil, err
	}
	p.sessions[session] = challenge{u, clientID, p.now().Add(sessionLife)}
	return authResult{
		ChallengeName: "NEW_PASSWORD_REQUIRED",
		Session:       session,
		ChallengeParameters: map[string]string{
			"USER_ID_FOR_SRP":    u.name,
			"requiredAttributes": "[]",
			"userAttributes":     string(encode(u.attributes)),
		},
	}, nil
}

// refreshTokens issues new tokens for a refresh token, which stays valid.
func (p *Pool) refreshTokens(in initiateAuthInput) (any, error) {
	if err := required(in.AuthParameters, "REFRESH_TOKEN"); err != nil {
		return nil, err
	}
	g, ok := p.refresh[in.AuthParameters["REFRESH_TOKEN"]]
	if !ok || g.clientID != in.ClientId {
		return nil, notAuthorized("Invalid Refresh Token")
	}
	if !p.now().Before(g.expires) {
		return nil, notAuthorized("Refresh Token has expired")
	}
	return signedIn(p.tokensFor(g)), nil
}

type challengeInput struct {
	ChallengeName      string
	ChallengeResponses map[string]string
	ClientId           string
	Session            string
}

func (in challengeInput) authorize(p *Pool, c *caller) error {
	return clientRequest{in.ClientId, in.ChallengeResponses["SECRET_HASH"]}.authorize(p, c)
}

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
	if in.ChallengeName != "NEW_PASSWORD_REQUIRED" {
		return nil, invalidParameter("This pool has no challenge %s.", in.ChallengeName)
	}
	if err := required(in.ChallengeResponses, "USERNAME", "NEW_PASSWORD"); err != nil {
		return nil, err
	}
	username, plain := in.ChallengeResponses["USERNAME"], in.ChallengeResponses["NEW_PASSWORD"]
	if err := check(struct {
		UserAttributes []attribute
		NewPassword    string
	}{in.attributes(), plain}); err != nil {
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
	session, ok := p.sessions[in.Session]
	if !ok || session.clientID != in.ClientId || session.user != p.find(username) || !p.now().Before(session.expires) {
		return nil, notAuthorized("Invalid session for the user, session is expired.")
	}
	delete(p.sessions, in.Session)
	u := session.user
	u.password, u.status, u.modified = password, confirmed, p.now()
	u.set(attributes)
	return p.startSession(u, in.ClientId)
}

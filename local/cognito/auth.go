package cognito

import (
	"context"
	"slices"
	"strings"

	"poolpost/internal/settings"
)

// authResult answers InitiateAuth and RespondToAuthChallenge: tokens, or a challenge.
type authResult struct {
	AuthenticationResult *tokens           `json:",omitempty"`
	ChallengeName        string            `json:",omitempty"`
	ChallengeParameters  map[string]string // empty with tokens (observed)
	Session              string            `json:",omitempty"`
}

type initiateAuthInput struct {
	AuthFlow       string
	AuthParameters map[string]string
	ClientId       string
}

func (in initiateAuthInput) authorize(p *Pool, c *caller) error {
	return clientRequest{in.ClientId, in.AuthParameters["SECRET_HASH"]}.authorize(p, c)
}

// initiateAuth is InitiateAuth.
func (p *Pool) initiateAuth(ctx context.Context, c caller, in initiateAuthInput) (any, error) {
	if strings.HasPrefix(in.AuthFlow, "ADMIN_") {
		// Observed: https://github.com/soto-project/soto-cognito-authentication-kit/issues/10
		return nil, invalidParameter("Initiate Auth method not supported.")
	}
	return p.authenticate(ctx, c, in)
}

type adminInitiateAuthInput struct {
	adminRequest
	initiateAuthInput
}

func (in adminInitiateAuthInput) authorize(p *Pool, c *caller) error {
	if err := in.adminRequest.authorize(p, c); err != nil {
		return err
	}
	return in.initiateAuthInput.authorize(p, c)
}

// adminInitiateAuth is AdminInitiateAuth.
func (p *Pool) adminInitiateAuth(ctx context.Context, c caller, in adminInitiateAuthInput) (any, error) {
	switch in.AuthFlow {
	case "USER_PASSWORD_AUTH":
		// Observed: https://github.com/awsdocs/aws-doc-sdk-examples/issues/5289
		return nil, invalidParameter("Initiate Auth method not supported.")
	case "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH":
		return nil, invalidParameter("Auth flow not enabled for this client") // observed
	}
	return p.authenticate(ctx, c, in.initiateAuthInput)
}

// authenticate begins a sign-in in one of the flows that clients may allow (settings.Access).
func (p *Pool) authenticate(ctx context.Context, c caller, in initiateAuthInput) (any, error) {
	flows := p.clients[in.ClientId].AuthFlows
	switch in.AuthFlow {
	case "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN":
		if slices.Contains(flows, settings.AllowRefresh) {
			if err := required(in.AuthParameters, "REFRESH_TOKEN"); err != nil {
				return nil, err
			}
			return p.refresh(ctx, c, getTokensInput{ClientId: in.ClientId, RefreshToken: in.AuthParameters["REFRESH_TOKEN"], DeviceKey: in.AuthParameters["DEVICE_KEY"]})
		}
	case "USER_SRP_AUTH":
		if slices.Contains(flows, settings.AllowSRP) {
			return p.startSRP(in)
		}
		// Observed: https://github.com/aws-samples/aws-serverless-workshops/issues/277
		return nil, invalidParameter("USER_SRP_AUTH is not enabled for the client.")
	}
	return nil, invalidParameter("%s flow not enabled for this client", in.AuthFlow) // observed
}

// required refuses parameters that lack one of these names; the text is observed:
// https://github.com/aws/aws-sdk-cpp/issues/452
func required(parameters map[string]string, names ...string) error {
	for _, name := range names {
		if parameters[name] == "" {
			return invalidParameter("Missing required parameter %s", name)
		}
	}
	return nil
}

type challengeInput struct {
	ChallengeName      string
	ChallengeResponses map[string]string
	ClientId           string
	ClientMetadata     map[string]string
	Session            string
}

func (in challengeInput) authorize(p *Pool, c *caller) error {
	return clientRequest{in.ClientId, in.ChallengeResponses["SECRET_HASH"]}.authorize(p, c)
}

// respondToAuthChallenge is RespondToAuthChallenge.
func (p *Pool) respondToAuthChallenge(ctx context.Context, c caller, in challengeInput) (any, error) {
	result, err := p.answer(in)
	if a, ok := result.(attempt); ok && err == nil {
		return p.startSession(ctx, c, a, in.ClientMetadata)
	}
	return result, err
}

// answer takes the answer to a challenge. The result is another one, or the attempt that has passed
// them all.
func (p *Pool) answer(in challengeInput) (any, error) {
	switch in.ChallengeName {
	case passwordVerifier:
		return p.provePassword(in)
	case newPasswordRequired:
		return p.chooseNewPassword(in)
	case softwareTokenMFA:
		return p.proveTOTP(in)
	case mfaSetup:
		return p.finishSetup(in)
	case deviceSRP:
		return p.startDeviceSRP(in)
	case devicePasswordVerifier:
		return p.proveDevice(in)
	}
	return nil, invalidParameter("This pool has no challenge %s.", in.ChallengeName)
}

type adminChallengeInput struct {
	adminRequest
	challengeInput
}

func (in adminChallengeInput) authorize(p *Pool, c *caller) error {
	if err := in.adminRequest.authorize(p, c); err != nil {
		return err
	}
	return in.challengeInput.authorize(p, c)
}

func (p *Pool) adminRespondToAuthChallenge(ctx context.Context, c caller, in adminChallengeInput) (any, error) {
	return p.respondToAuthChallenge(ctx, c, in.challengeInput)
}

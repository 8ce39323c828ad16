package cognito

import (
	"context"
	"strconv"
	"time"
)

// accessClaims are what the pool reads of its own access tokens.
type accessClaims struct {
	User      string `json:"username"`
	Use       string `json:"token_use"`
	Expires   int64  `json:"exp"`
	ClientID  string `json:"client_id"`
	Origin    string `json:"origin_jti"`
	DeviceKey string `json:"device_key"`
}

// bearer returns the claims and the user of an access token. The texts are observed, the last one
// at https://github.com/aws-amplify/amplify-js/issues/3540.
func (p *Pool) bearer(token string) (claims accessClaims, u *user, err error) {
	if !p.keys().signing.Read(token, &claims) || claims.Use != "access" {
		return claims, nil, notAuthorized("Invalid Access Token")
	}
	if p.now().Unix() >= claims.Expires {
		return claims, nil, notAuthorized("Access Token has expired")
	}
	u, err = p.holder("Access Token", claims.User, claims.Origin)
	return claims, u, err
}

// holder is the user of a token, as long as its sign-in counts.
func (p *Pool) holder(token, name, origin string) (*user, error) {
	u := p.users[name]
	switch {
	case u == nil:
		return nil, errUserNotFound
	case p.isRevoked(u, origin):
		return nil, notAuthorized("%s has been revoked", token)
	case u.disabled:
		return nil, errDisabled
	}
	return u, nil
}

// isRevoked says whether the sign-in of a token was revoked, with all others of the user before it,
// or alone.
func (p *Pool) isRevoked(u *user, origin string) bool {
	number, _ := strconv.ParseUint(origin[:8], 16, 32)
	_, alone := p.revoked[origin]
	return alone || uint32(number) <= u.signedOut
}

// refresh issues new tokens for a refresh token, which stays valid unless the client rotates them.
// Then there is a new one, for what is left of the sign-in, and the old one is taken again for the
// grace period (developer guide, "Refresh token rotation"). With devices that are tracked, it takes
// the key of the device, which has to be confirmed (API reference,
// DeviceKey of GetTokensFromRefreshToken). The texts are observed, that of the device at
// https://github.com/aws/aws-sdk-cpp/issues/851 and that of a revoked token at
// https://github.com/aws-amplify/amplify-swift/issues/3344.
func (p *Pool) refresh(ctx context.Context, c caller, in getTokensInput) (any, error) {
	g, ok := p.keys().unseal(in.RefreshToken)
	if !ok || g.ClientID != in.ClientId {
		return nil, notAuthorized("Invalid Refresh Token")
	}
	if p.now().Unix() >= g.Expires {
		return nil, notAuthorized("Refresh Token has expired")
	}
	u, err := p.holder("Refresh Token", g.User, g.Origin)
	if err != nil {
		return nil, err
	}
	if g.DeviceKey != "" && (in.DeviceKey != g.DeviceKey || u.devices[in.DeviceKey] == nil) {
		return nil, notAuthorized("Invalid Refresh Token")
	}
	rotates := p.clients[g.ClientID].Rotates
	if rotates && !p.use(g) {
		return nil, notAuthorized("Refresh Token has been revoked") // as for others; not observed
	}
	groups, err := p.callPreTokenGeneration(ctx, c, "RefreshTokens", u, in.ClientMetadata)
	if err != nil {
		return nil, err
	}
	issued, err := p.tokensFor(u, g, groups)
	if err == nil && rotates {
		issued.RefreshToken, err = p.refreshToken(g)
	}
	return authResult{AuthenticationResult: &issued, ChallengeParameters: map[string]string{}}, err
}

// A usedToken is a refresh token that was replaced.
type usedToken struct{ at, expires time.Time }

// use says whether a refresh token that is replaced may be used now.
func (p *Pool) use(g grant) bool {
	now := p.now()
	if used, ok := p.used[g.ID]; ok {
		return !now.After(used.at.Add(p.clients[g.ClientID].Grace))
	}
	for id, used := range p.used {
		if !now.Before(used.expires) {
			delete(p.used, id)
		}
	}
	p.used[g.ID] = usedToken{now, time.Unix(g.Expires, 0)}
	return true
}

type getTokensInput struct {
	ClientId, ClientSecret  string
	RefreshToken, DeviceKey string
	ClientMetadata          map[string]string
}

func (in getTokensInput) authorize(p *Pool, c *caller) error {
	// As the hash of a secret: the pool's clients have none.
	return clientRequest{in.ClientId, in.ClientSecret}.authorize(p, c)
}

type getTokensResult struct{ AuthenticationResult *tokens }

// getTokensFromRefreshToken is GetTokensFromRefreshToken.
func (p *Pool) getTokensFromRefreshToken(ctx context.Context, c caller, in getTokensInput) (any, error) {
	result, err := p.refresh(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return getTokensResult{result.(authResult).AuthenticationResult}, nil
}

type revokeTokenInput struct{ ClientId, ClientSecret, Token string }

func (in revokeTokenInput) authorize(p *Pool, c *caller) error {
	return clientRequest{in.ClientId, in.ClientSecret}.authorize(p, c)
}

// revokeToken is RevokeToken: the tokens of one sign-in. Like RFC 7009, section 2.2, it does not
// mind a token that is not valid. The texts are our own.
func (p *Pool) revokeToken(_ context.Context, _ caller, in revokeTokenInput) (any, error) {
	if p.keys().signing.Read(in.Token, &accessClaims{}) {
		return nil, failure("UnsupportedTokenTypeException", "Only refresh tokens can be revoked.")
	}
	g, ok := p.keys().unseal(in.Token)
	if !ok {
		return nil, nil
	}
	if g.ClientID != in.ClientId {
		return nil, failure("UnauthorizedException", "The token belongs to another app client.")
	}
	now := p.now()
	for origin, expires := range p.revoked {
		if !now.Before(expires) {
			delete(p.revoked, origin)
		}
	}
	// An access token of the last moment outlives the refresh token.
	p.revoked[g.Origin] = time.Unix(g.Expires, 0).Add(p.clients[g.ClientID].AccessToken)
	return nil, nil
}

// globalSignOut is GlobalSignOut: it revokes all tokens of the user.
func (p *Pool) globalSignOut(_ context.Context, c caller, _ tokenRequest) (any, error) {
	c.user.signedOut = p.signIns
	return nil, nil
}

// adminUserGlobalSignOut is AdminUserGlobalSignOut.
func (p *Pool) adminUserGlobalSignOut(_ context.Context, c caller, _ adminUserRequest) (any, error) {
	c.user.signedOut = p.signIns
	return nil, nil
}

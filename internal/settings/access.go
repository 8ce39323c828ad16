package settings

import (
	"slices"
	"time"
)

// Access is what Cognito allows an app that uses a client of the pool. The CDK app deploys it, and
// the local run keeps to it.
type Access struct {
	// AuthFlows are the ways to sign in, as in ExplicitAuthFlows of CreateUserPoolClient.
	AuthFlows []string
	// Reads and Writes are the attributes of users that the app sees and may change, sorted. Custom
	// ones have their prefix.
	Reads, Writes []string
	RefreshToken  time.Duration // how long people stay signed in
	// Rotates is RefreshTokenRotation: a refresh token is taken once, and again for Grace.
	Rotates bool
	Grace   time.Duration
	// AccessToken and IDToken are how long such tokens are valid.
	AccessToken, IDToken time.Duration
	// Session is how long Cognito waits for the answer to a challenge: its default, which the CDK
	// app leaves as it is.
	Session time.Duration
	// RevokesTokens is EnableTokenRevocation: signing out ends the session at Cognito.
	RevokesTokens bool
	// HidesUsers is PreventUserExistenceErrors: nobody can find out who has an account.
	HidesUsers bool
}

// The flows of ExplicitAuthFlows.
const (
	AllowSRP     = "ALLOW_USER_SRP_AUTH"
	AllowRefresh = "ALLOW_REFRESH_TOKEN_AUTH"
)

// profile are the standard attributes that an app may read and write.
var profile = []string{"email", "family_name", "given_name", "locale", "name", "nickname", "picture", "zoneinfo"}

// Access returns what an app may do with a client.
func (s *Settings) Access(c Client) Access {
	writes := slices.Clone(profile)
	for _, a := range s.Pool.Attributes {
		writes = append(writes, s.AttributeKey(a.Name))
	}
	reads := append(slices.Clone(writes), "email_verified")
	slices.Sort(writes)
	slices.Sort(reads)
	// Passwords never leave the browser or phone with SRP.
	flows := []string{AllowSRP}
	if !c.RotateRefreshTokens {
		// Cognito refuses it together with rotation, where GetTokensFromRefreshToken is the only way.
		flows = append(flows, AllowRefresh)
	}
	return Access{
		AuthFlows: flows,
		Reads:     reads, Writes: writes,
		RefreshToken:  time.Duration(c.RefreshTokenDays) * 24 * time.Hour,
		Rotates:       c.RotateRefreshTokens,
		Grace:         time.Duration(c.RefreshGraceSeconds) * time.Second,
		AccessToken:   time.Duration(c.AccessTokenMinutes) * time.Minute,
		IDToken:       time.Duration(c.IDTokenMinutes) * time.Minute,
		Session:       3 * time.Minute,
		RevokesTokens: true,
		HidesUsers:    true,
	}
}

// DeviceRules is what the pool does about devices: DeviceConfiguration of CreateUserPool.
type DeviceRules struct {
	Tracked bool
	// OnPrompt means that a device is remembered only if the app says so, after it asked.
	OnPrompt bool
	// ReplacesMFA means that a remembered device needs no second factor.
	ReplacesMFA bool
}

// DeviceRules returns what Devices means.
func (p Pool) DeviceRules() DeviceRules {
	return DeviceRules{Tracked: p.Devices != "off", OnPrompt: p.Devices == "on-prompt"}
}

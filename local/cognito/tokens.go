package cognito

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"uuid"

	"github.com/go-jose/go-jose/v4"

	"poolpost/local/jwt"
)

// keys sign tokens, and encrypt refresh tokens, as Cognito's are encrypted: apps cannot read them.
type keys struct {
	signing *jwt.Key
	refresh [32]byte
}

func newKeys() *keys {
	k := &keys{signing: jwt.NewKey()}
	_, _ = rand.Read(k.refresh[:]) // it never fails
	return k
}

// seal encrypts a grant as a refresh token (RFC 7516).
func (k *keys) seal(g grant) (string, error) {
	recipient := jose.Recipient{Algorithm: jose.DIRECT, Key: k.refresh[:]}
	encrypter, err := jose.NewEncrypter(jose.A256GCM, recipient, &jose.EncrypterOptions{
		ExtraHeaders: map[jose.HeaderKey]any{jose.HeaderContentType: "JWT"},
	})
	if err != nil {
		return "", fmt.Errorf("encrypt a refresh token: %w", err)
	}
	text, err := json.Marshal(g)
	if err != nil {
		return "", fmt.Errorf("encrypt a refresh token: %w", err)
	}
	sealed, err := encrypter.Encrypt(text)
	if err != nil {
		return "", fmt.Errorf("encrypt a refresh token: %w", err)
	}
	return sealed.CompactSerialize()
}

func (k *keys) unseal(token string) (g grant, ok bool) {
	sealed, err := jose.ParseEncryptedCompact(token, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return grant{}, false
	}
	text, err := sealed.Decrypt(k.refresh[:])
	return g, err == nil && json.Unmarshal(text, &g) == nil
}

// A grant is what a refresh token holds: one sign-in. Nothing else is kept of it, so that sign-ins
// do not fill the memory.
type grant struct {
	User      string
	ClientID  string
	Origin    string // the origin_jti of every token of this sign-in
	AuthTime  int64  // seconds since 1970, as Expires
	Expires   int64
	DeviceKey string // of the device that it is bound to, if the pool tracks devices
	ID        string `json:",omitempty"` // if the client rotates them
}

// tokens is AuthenticationResultType of the API reference.
type tokens struct {
	AccessToken       string
	IdToken           string
	RefreshToken      string `json:",omitempty"`
	ExpiresIn         int
	TokenType         string
	NewDeviceMetadata *deviceMetadata `json:",omitempty"`
}

type deviceMetadata struct{ DeviceKey, DeviceGroupKey string }

// startSession ends a sign-in with tokens.
func (p *Pool) startSession(ctx context.Context, c caller, a attempt, metadata map[string]string) (any, error) {
	now := p.now()
	g := grant{
		User: a.user.name, ClientID: a.clientID, Origin: p.newOrigin(),
		AuthTime: now.Unix(), Expires: now.Add(p.clients[a.clientID].RefreshToken).Unix(),
	}
	// "Working with user devices in your user pool": a device that is not known gets a key.
	var unknown *deviceMetadata
	switch device := a.user.devices[a.deviceKey]; {
	case !p.devices().Tracked:
	case device != nil:
		g.DeviceKey, device.authenticated = a.deviceKey, now
	default:
		g.DeviceKey = p.region + "_" + uuid.NewV4().String()
		unknown = &deviceMetadata{g.DeviceKey, p.deviceGroup()}
	}
	source := "Authentication"
	switch a.challenge { // The guide covers a single challenge. That the last of several counts is derived.
	case newPasswordRequired:
		source = "NewPasswordChallenge"
	case devicePasswordVerifier:
		source = "AuthenticateDevice"
	}
	groups, err := p.callPreTokenGeneration(ctx, c, source, a.user, metadata)
	if err != nil {
		return nil, err
	}
	issued, err := p.tokensFor(a.user, g, groups)
	if err != nil {
		return nil, err
	}
	if issued.RefreshToken, err = p.refreshToken(g); err != nil {
		return nil, err
	}
	issued.NewDeviceMetadata = unknown
	return authResult{AuthenticationResult: &issued, ChallengeParameters: map[string]string{}}, nil
}

// refreshToken is a new one, which a client that rotates them can use once.
func (p *Pool) refreshToken(g grant) (string, error) {
	if p.clients[g.ClientID].Rotates {
		g.ID = uuid.NewV4().String()
	}
	return p.keys().seal(g)
}

// newOrigin makes an origin_jti. It begins with the number of the sign-in, so that all earlier ones
// can be revoked at once.
func (p *Pool) newOrigin() string {
	p.signIns++
	return fmt.Sprintf("%08x", p.signIns) + uuid.NewV4().String()[8:]
}

// tokensFor signs an access token and an ID token (developer guide, "Understanding the access token"
// and "Understanding the identity (ID) token"). The ID token has the attributes that the client may
// read, the two flags as booleans.
func (p *Pool) tokensFor(u *user, g grant, groups groupConfiguration) (tokens, error) {
	now, client := p.now(), p.clients[g.ClientID]
	shared := map[string]any{
		"sub": u.sub, "iss": p.issuer(), "origin_jti": g.Origin, "event_id": uuid.NewV4().String(),
		"auth_time": g.AuthTime, "iat": now.Unix(), "exp": now.Add(client.AccessToken).Unix(),
	}
	if len(groups.GroupsToOverride) > 0 {
		shared["cognito:groups"] = groups.GroupsToOverride
	}
	access := maps.Clone(shared)
	maps.Copy(access, map[string]any{
		"token_use": "access", "jti": uuid.NewV4().String(), "client_id": g.ClientID,
		"scope": "aws.cognito.signin.user.admin", "username": u.name,
	})
	if g.DeviceKey != "" {
		access["device_key"] = g.DeviceKey
	}
	identity := shared
	for _, a := range only(u.listed(), client.Reads) {
		identity[a.Name] = a.Value
		if strings.HasSuffix(a.Name, "_verified") {
			identity[a.Name] = a.Value == "true"
		}
	}
	maps.Copy(identity, map[string]any{
		"exp": now.Add(client.IDToken).Unix(), "token_use": "id", "jti": uuid.NewV4().String(), "aud": g.ClientID, "cognito:username": u.name,
	})
	if len(groups.IAMRolesToOverride) > 0 {
		identity["cognito:roles"] = groups.IAMRolesToOverride
	}
	if groups.PreferredRole != nil {
		identity["cognito:preferred_role"] = *groups.PreferredRole
	}
	t := tokens{ExpiresIn: int(client.AccessToken.Seconds()), TokenType: "Bearer"}
	var accessErr, identityErr error
	// The signatures take nearly as long as the proof of the password, and need not wait for each other.
	p.unlocked(func() {
		var other sync.WaitGroup
		other.Go(func() { t.IdToken, identityErr = p.keys().signing.Sign(identity) })
		t.AccessToken, accessErr = p.keys().signing.Sign(access)
		other.Wait()
	})
	return t, errors.Join(accessErr, identityErr)
}

func (p *Pool) issuer() string { return "https://" + p.Provider() }

// Provider is the pool's name among the providers of an identity pool.
func (p *Pool) Provider() string {
	return "cognito-idp." + p.region + ".amazonaws.com/" + p.options.PoolID
}

// An IDToken is what an identity pool reads of an ID token.
type IDToken struct {
	Subject string `json:"sub"`
	Expires int64  `json:"exp"` // seconds since 1970

	User   string `json:"cognito:username"`
	Use    string `json:"token_use"`
	Origin string `json:"origin_jti"`
}

// ReadIDToken reads an ID token of the pool, which may have expired. It is current until its user
// signs out everywhere, or is disabled or deleted: what an identity pool with ServerSideTokenCheck
// asks.
func (p *Pool) ReadIDToken(token string) (t IDToken, current, ok bool) {
	if !p.keys().signing.Read(token, &t) || t.Use != "id" {
		return IDToken{}, false, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.holder("Token", t.User, t.Origin)
	return t, err == nil, true
}

// opaque draws a secret of 64 characters.
func (p *Pool) opaque() (string, error) {
	b := make([]byte, 48)
	if _, err := io.ReadFull(p.options.Rand, b); err != nil {
		return "", fmt.Errorf("draw a token: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

package cognito

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
	"uuid"

	"github.com/go-jose/go-jose/v4"
)

// keys sign tokens, and encrypt refresh tokens, as Cognito's are encrypted: apps cannot read them.
type keys struct {
	signing jose.JSONWebKey
	refresh [32]byte
}

func newKeys() *keys {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the size is allowed
	}
	sum := sha256.Sum256(private.N.Bytes())
	k := &keys{signing: jose.JSONWebKey{
		Key: private, KeyID: base64.StdEncoding.EncodeToString(sum[:]), Algorithm: string(jose.RS256), Use: "sig",
	}}
	_, _ = rand.Read(k.refresh[:]) // it never fails
	return k
}

// sign makes a JSON Web Token (RFC 7519) of claims, with RS256 (RFC 7518) as Cognito does.
func (k *keys) sign(claims map[string]any) (string, error) {
	key := jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: k.signing.Key, KeyID: k.signing.KeyID}}
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	signed, err := signer.Sign(encode(claims))
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return signed.CompactSerialize()
}

// read reads a token of the pool's own.
func (k *keys) read(token string, claims any) bool {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return false
	}
	text, err := signed.Verify(k.signing.Public())
	return err == nil && json.Unmarshal(text, claims) == nil
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
func (p *Pool) startSession(a attempt) (any, error) {
	now := p.now()
	g := grant{
		User: a.user.name, ClientID: a.clientID, Origin: p.newOrigin(),
		AuthTime: now.Unix(), Expires: now.Add(p.clients[a.clientID].RefreshToken).Unix(),
	}
	// "Working with user devices in your user pool": a device that is not known gets a key.
	var metadata *deviceMetadata
	switch device := a.user.devices[a.deviceKey]; {
	case !p.devices().Tracked:
	case device != nil:
		g.DeviceKey, device.authenticated = a.deviceKey, now
	default:
		g.DeviceKey = p.region + "_" + uuid.NewV4().String()
		metadata = &deviceMetadata{g.DeviceKey, p.deviceGroup()}
	}
	issued, err := p.tokensFor(a.user, g)
	if err != nil {
		return nil, err
	}
	if issued.RefreshToken, err = p.keys().seal(g); err != nil {
		return nil, err
	}
	issued.NewDeviceMetadata = metadata
	return authResult{AuthenticationResult: &issued, ChallengeParameters: map[string]string{}}, nil
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
func (p *Pool) tokensFor(u *user, g grant) (tokens, error) {
	now, client := p.now(), p.clients[g.ClientID]
	shared := map[string]any{
		"sub": u.sub, "iss": p.issuer(), "origin_jti": g.Origin, "event_id": uuid.NewV4().String(),
		"auth_time": g.AuthTime, "iat": now.Unix(), "exp": now.Add(client.Token).Unix(),
	}
	if len(u.groups) > 0 {
		shared["cognito:groups"] = u.groups
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
		"token_use": "id", "jti": uuid.NewV4().String(), "aud": g.ClientID, "cognito:username": u.name,
	})
	t := tokens{ExpiresIn: int(client.Token.Seconds()), TokenType: "Bearer"}
	var err error
	if t.AccessToken, err = p.keys().sign(access); err == nil {
		t.IdToken, err = p.keys().sign(identity)
	}
	return t, err
}

func (p *Pool) issuer() string {
	return "https://cognito-idp." + p.region + ".amazonaws.com/" + p.options.PoolID
}

// opaque draws a secret of 64 characters.
func (p *Pool) opaque() (string, error) {
	b := make([]byte, 48)
	if _, err := io.ReadFull(p.options.Rand, b); err != nil {
		return "", fmt.Errorf("draw a token: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

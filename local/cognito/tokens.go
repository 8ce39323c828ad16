package cognito

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"
	"uuid"
)

// How long tokens and sessions live: the defaults of CreateUserPoolClient.
const (
	tokenLife   = time.Hour
	sessionLife = 3 * time.Minute
)

// A signingKey signs tokens with RS256 (RFC 7518), as Cognito does.
type signingKey struct {
	id      string
	private *rsa.PrivateKey
}

func newSigningKey() *signingKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the size is allowed
	}
	sum := sha256.Sum256(private.N.Bytes())
	return &signingKey{base64.StdEncoding.EncodeToString(sum[:]), private}
}

// sign makes a JSON Web Token (RFC 7519) of claims.
func (k *signingKey) sign(claims map[string]any) string {
	segment := base64.RawURLEncoding.EncodeToString
	signed := segment(encode(map[string]string{"kid": k.id, "alg": "RS256"})) + "." + segment(encode(claims))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // the key is long enough for the hash
	}
	return signed + "." + segment(signature)
}

func (k *signingKey) read(token string, claims any) bool {
	signed, signature, ok := strings.CutLast(token, ".")
	if !ok {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(signed))
	if rsa.VerifyPKCS1v15(&k.private.PublicKey, crypto.SHA256, sum[:], raw) != nil {
		return false
	}
	_, body, _ := strings.Cut(signed, ".")
	text, err := base64.RawURLEncoding.DecodeString(body)
	return err == nil && json.Unmarshal(text, claims) == nil
}

// accessClaims are what the pool reads of its own access tokens.
type accessClaims struct {
	Sub      string `json:"sub"`
	Use      string `json:"token_use"`
	Expires  int64  `json:"exp"`
	ClientID string `json:"client_id"`
}

// A grant is what a refresh token is for.
type grant struct {
	user     *user
	clientID string
	origin   string // the origin_jti of every token of this sign-in
	authTime time.Time
	expires  time.Time
}

// tokens is AuthenticationResultType of the API reference.
type tokens struct {
	AccessToken  string
	IdToken      string
	RefreshToken string `json:",omitempty"`
	ExpiresIn    int
	TokenType    string
}

func (p *Pool) startSession(u *user, clientID string) (any, error) {
	refresh, err := p.opaque()
	if err != nil {
		return nil, err
	}
	now := p.now()
	g := grant{u, clientID, uuid.NewV4().String(), now, now.AddDate(0, 0, p.clients[clientID].RefreshTokenDays)}
	p.refresh[refresh] = g
	issued := p.tokensFor(g)
	issued.RefreshToken = refresh
	return signedIn(issued), nil
}

// tokensFor signs an access token and an ID token (developer guide, "Understanding
// the access token" and "Understanding the identity (ID) token"). The ID token has
// the attributes, the two flags as booleans.
func (p *Pool) tokensFor(g grant) tokens {
	now := p.now()
	shared := map[string]any{
		"sub": g.user.name, "iss": p.issuer(), "origin_jti": g.origin, "event_id": uuid.NewV4().String(),
		"auth_time": g.authTime.Unix(), "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
	}
	if len(g.user.groups) > 0 {
		shared["cognito:groups"] = g.user.groups
	}
	access := maps.Clone(shared)
	maps.Copy(access, map[string]any{
		"token_use": "access", "jti": uuid.NewV4().String(),
		"client_id": g.clientID, "scope": "aws.cognito.signin.user.admin", "username": g.user.name,
	})
	identity := maps.Clone(shared)
	for name, value := range g.user.attributes {
		identity[name] = value
		if strings.HasSuffix(name, "_verified") {
			identity[name] = value == "true"
		}
	}
	maps.Copy(identity, map[string]any{
		"token_use": "id", "jti": uuid.NewV4().String(), "aud": g.clientID, "cognito:username": g.user.name,
	})
	key := p.key()
	return tokens{
		AccessToken: key.sign(access), IdToken: key.sign(identity),
		ExpiresIn: int(tokenLife.Seconds()), TokenType: "Bearer",
	}
}

func (p *Pool) issuer() string {
	return "https://cognito-idp." + p.region + ".amazonaws.com/" + p.options.PoolID
}

func (p *Pool) opaque() (string, error) {
	b := make([]byte, 48)
	if _, err := io.ReadFull(p.options.Rand, b); err != nil {
		return "", fmt.Errorf("draw a token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// bearer returns the user of an access token and the app client that it was
// issued to. The texts are observed.
func (p *Pool) bearer(token string) (*user, string, error) {
	var c accessClaims
	if !p.key().read(token, &c) || c.Use != "access" {
		return nil, "", notAuthorized("Invalid Access Token")
	}
	if p.now().Unix() >= c.Expires {
		return nil, "", notAuthorized("Access Token has expired")
	}
	u := p.users[c.Sub]
	if u == nil {
		return nil, "", errUserNotFound
	}
	return u, c.ClientID, nil
}

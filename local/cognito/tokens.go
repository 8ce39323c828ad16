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

func newSigningKey() (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	sum := sha256.Sum256(private.N.Bytes())
	return &signingKey{base64.StdEncoding.EncodeToString(sum[:]), private}, nil
}

// sign makes a JSON Web Token (RFC 7519) of claims.
func (k *signingKey) sign(claims any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode the claims of a token: %w", err)
	}
	head, err := json.Marshal(map[string]string{"kid": k.id, "alg": "RS256"})
	if err != nil {
		return "", fmt.Errorf("encode the header of a token: %w", err)
	}
	signed := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// read returns the claims of a token that this key signed.
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

// claims are the claims of both tokens (developer guide, "Understanding the
// access token"; those of the ID token are added to them).
type claims struct {
	Sub      string   `json:"sub"`
	Groups   []string `json:"cognito:groups,omitempty"`
	Issuer   string   `json:"iss"`
	Origin   string   `json:"origin_jti"`
	EventID  string   `json:"event_id"`
	Use      string   `json:"token_use"`
	AuthTime int64    `json:"auth_time"`
	Expires  int64    `json:"exp"`
	IssuedAt int64    `json:"iat"`
	ID       string   `json:"jti"`
}

type accessClaims struct {
	claims
	ClientID string `json:"client_id"`
	Scope    string `json:"scope"`
	Username string `json:"username"`
}

// A grant is what a refresh token stands for.
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

// startSession signs a user in; the pool must be locked.
func (p *Pool) startSession(u *user, clientID string) (*tokens, error) {
	refresh, err := p.opaque()
	if err != nil {
		return nil, err
	}
	now := p.now()
	g := grant{u, clientID, uuid.NewV4().String(), now, now.AddDate(0, 0, p.clients[clientID].RefreshTokenDays)}
	issued, err := p.tokensFor(g)
	if err != nil {
		return nil, err
	}
	p.refresh[refresh] = g
	issued.RefreshToken = refresh
	return issued, nil
}

// tokensFor signs an access token and an ID token.
func (p *Pool) tokensFor(g grant) (*tokens, error) {
	key, err := p.key()
	if err != nil {
		return nil, err
	}
	var ids [3]string
	for i := range ids {
		ids[i] = uuid.NewV4().String()
	}
	now := p.now()
	shared := claims{
		Sub: g.user.name, Groups: g.user.groups, Issuer: p.issuer(), Origin: g.origin, EventID: ids[0],
		AuthTime: g.authTime.Unix(), IssuedAt: now.Unix(), Expires: now.Add(tokenLife).Unix(),
	}
	access := accessClaims{shared, g.clientID, "aws.cognito.signin.user.admin", g.user.name}
	access.Use, access.ID = "access", ids[1]
	shared.Use, shared.ID = "id", ids[2]
	identity, err := idClaims(shared, g)
	if err != nil {
		return nil, err
	}
	result := &tokens{ExpiresIn: int(tokenLife.Seconds()), TokenType: "Bearer"}
	if result.AccessToken, err = key.sign(access); err != nil {
		return nil, err
	}
	result.IdToken, err = key.sign(identity)
	return result, err
}

// idClaims adds what the ID token alone has: the attributes, the two flags as
// booleans (developer guide, "Understanding the identity (ID) token").
func idClaims(shared claims, g grant) (map[string]any, error) {
	text, err := json.Marshal(shared)
	if err != nil {
		return nil, fmt.Errorf("encode the claims of a token: %w", err)
	}
	all := map[string]any{}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("read the claims of a token: %w", err)
	}
	for name, value := range g.user.attributes {
		all[name] = value
		if strings.HasSuffix(name, "_verified") {
			all[name] = value == "true"
		}
	}
	all["aud"] = g.clientID
	all["cognito:username"] = g.user.name
	return all, nil
}

func (p *Pool) issuer() string {
	return "https://cognito-idp." + p.region + ".amazonaws.com/" + p.id
}

// opaque makes a token that says nothing.
func (p *Pool) opaque() (string, error) {
	b := make([]byte, 48)
	if _, err := io.ReadFull(p.rand, b); err != nil {
		return "", fmt.Errorf("draw a token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// bearer returns the user of an access token and the app client that it was
// issued to; the pool must be locked. The texts are observed.
func (p *Pool) bearer(token string) (*user, string, error) {
	key, err := p.key()
	if err != nil {
		return nil, "", err
	}
	var c accessClaims
	if !key.read(token, &c) || c.Use != "access" {
		return nil, "", notAuthorized("Invalid Access Token")
	}
	if p.now().Unix() >= c.Expires {
		return nil, "", notAuthorized("Access Token has expired")
	}
	u := p.users[c.Sub]
	if u == nil {
		return nil, "", userNotFound()
	}
	return u, c.ClientID, nil
}

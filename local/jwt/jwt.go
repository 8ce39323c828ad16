// Package jwt signs and reads JSON Web Tokens (RFC 7519) with RS256 (RFC 7518), as Cognito's user
// pools and identity pools do.
package jwt

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// A Key signs tokens.
type Key struct {
	public jose.JSONWebKey
	signer jose.Signer
}

// NewKey makes a key of 2,048 bits, which takes a quarter of a second.
func NewKey() *Key {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the size is allowed
	}
	sum := sha256.Sum256(private.N.Bytes())
	id := base64.StdEncoding.EncodeToString(sum[:])
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: id}}, nil)
	if err != nil {
		panic(err) // the algorithm is one for the key
	}
	return &Key{jose.JSONWebKey{Key: &private.PublicKey, KeyID: id, Algorithm: string(jose.RS256), Use: "sig"}, signer}
}

// Public is the set of keys that verifiers read.
func (k *Key) Public() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.public}}
}

// Sign makes a token of claims.
func (k *Key) Sign(claims map[string]any) (string, error) {
	text, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	signed, err := k.signer.Sign(text)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return signed.CompactSerialize()
}

// Read reads a token that the key has signed. It does not look at the claims.
func (k *Key) Read(token string, claims any) bool {
	signed, err := parse(token)
	if err != nil {
		return false
	}
	text, err := signed.Verify(k.public)
	return err == nil && json.Unmarshal(text, claims) == nil
}

// Issuer is who says to have made a token, or empty. Nothing is verified.
func Issuer(token string) string {
	var claims struct {
		Issuer string `json:"iss"`
	}
	signed, err := parse(token)
	if err != nil || json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &claims) != nil {
		return ""
	}
	return claims.Issuer
}

func parse(token string) (*jose.JSONWebSignature, error) {
	return jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
}

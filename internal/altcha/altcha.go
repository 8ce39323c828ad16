// Package altcha makes challenges of ALTCHA and verifies their solutions: proof-of-work v2, the
// protocol of the widget 3 (npm altcha), without a third party and without anything stored.
//
// A challenge is a key that was derived from a secret counter. Browsers get the first half of the
// key, and count up until a derived key begins with it. Whoever knows the whole key has done the
// work: its HMAC is in the challenge, which is signed, so that a check derives nothing.
//
// The package leaves out that a solution is used once: nothing here remembers any. Until it expires,
// it passes again.
//
// ALTCHA's own library (github.com/altcha-org/altcha-lib-go) links other algorithms and their
// packages, and its early versions accept unsigned challenges. A test in local solves
// these challenges with the widget.
package altcha

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json/v2"
	"fmt"
	"strings"
	"time"
)

const (
	algorithm = "PBKDF2/SHA-256"
	keyLength = 32 // bytes
	// cost is the iterations of one derivation. WebCrypto takes a millisecond for them, so the calls
	// themselves, of a few microseconds, do not count.
	cost = 2000
	// maxPayload is the size of a solution, in bytes; ours have some 700.
	maxPayload = 2 << 10
)

// A challenge is what a browser gets. Members are in the order of their names: the signature is
// over the canonical JSON of the parameters, as ALTCHA's libraries write it.
type challenge struct {
	Parameters parameters `json:"parameters"`
	Signature  string     `json:"signature"`
}

type parameters struct {
	Algorithm    string `json:"algorithm"`
	Cost         int    `json:"cost"`
	ExpiresAt    int64  `json:"expiresAt"` // seconds
	KeyLength    int    `json:"keyLength"`
	KeyPrefix    string `json:"keyPrefix"`
	KeySignature string `json:"keySignature"`
	Nonce        string `json:"nonce"`
	Salt         string `json:"salt"`
}

// A solution is what a browser sends, in base64.
type solution struct {
	Challenge challenge `json:"challenge"`
	Solution  struct {
		Counter    int    `json:"counter"`
		DerivedKey string `json:"derivedKey"`
	} `json:"solution"`
}

// Challenge returns a new challenge, as JSON. A browser derives difficulty keys on average, and twice
// as many at most: a narrower range would help those only who skip its beginning.
func Challenge(secret string, difficulty int, expires time.Time) ([]byte, error) {
	var random [36]byte
	_, _ = rand.Read(random[:]) // it never fails
	nonce, salt, counter := random[:16], random[16:32], binary.BigEndian.Uint32(random[32:])%uint32(2*difficulty)
	key, err := derive(nonce, salt, counter, cost)
	if err != nil {
		return nil, err
	}
	p := parameters{
		Algorithm: algorithm, Cost: cost, ExpiresAt: expires.Unix(), KeyLength: keyLength,
		KeyPrefix: hex.EncodeToString(key[:keyLength/2]), KeySignature: sign(secret, key),
		Nonce: hex.EncodeToString(nonce), Salt: hex.EncodeToString(salt),
	}
	signature, err := p.sign(secret)
	if err != nil {
		return nil, err
	}
	return json.Marshal(challenge{p, signature})
}

// Reasons why a solution is none.
const (
	Malformed = "malformed"
	NotOurs   = "signature"
	Expired   = "expired"
	Unsolved  = "unsolved"
)

// Verify returns why a solution does not prove that its work was done, or nothing.
func Verify(secret, payload string, now time.Time) string {
	text, err := base64.StdEncoding.DecodeString(payload)
	var s solution
	if err != nil || len(payload) > maxPayload || json.Unmarshal(text, &s) != nil {
		return Malformed
	}
	signature, err := s.Challenge.Parameters.sign(secret)
	if err != nil || !hmac.Equal([]byte(signature), []byte(s.Challenge.Signature)) {
		return NotOurs
	}
	if now.Unix() >= s.Challenge.Parameters.ExpiresAt {
		return Expired
	}
	key, err := hex.DecodeString(s.Solution.DerivedKey)
	if err != nil || !hmac.Equal([]byte(sign(secret, key)), []byte(s.Challenge.Parameters.KeySignature)) {
		return Unsolved
	}
	return ""
}

func (p parameters) sign(secret string) (string, error) {
	text, err := json.Marshal(p)
	return sign(secret, text), err
}

// sign is the HMAC of a key or of parameters, which are longer and never the same.
func sign(secret string, message []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(message)
	return hex.EncodeToString(mac.Sum(nil))
}

func derive(nonce, salt []byte, counter uint32, iterations int) ([]byte, error) {
	password := binary.BigEndian.AppendUint32(append([]byte(nil), nonce...), counter)
	return pbkdf2.Key(sha256.New, string(password), salt, iterations, keyLength)
}

// Solve does the work of a browser, for tests and for programs without one.
func Solve(text []byte) (string, error) {
	var s solution
	if err := json.Unmarshal(text, &s.Challenge); err != nil {
		return "", fmt.Errorf("read the challenge: %w", err)
	}
	p := s.Challenge.Parameters
	nonce, err := hex.DecodeString(p.Nonce)
	if err != nil {
		return "", fmt.Errorf("read the nonce: %w", err)
	}
	salt, err := hex.DecodeString(p.Salt)
	if err != nil {
		return "", fmt.Errorf("read the salt: %w", err)
	}
	for counter := uint32(0); ; counter++ {
		key, err := derive(nonce, salt, counter, p.Cost)
		if err != nil {
			return "", err
		}
		if found := hex.EncodeToString(key); strings.HasPrefix(found, p.KeyPrefix) {
			s.Solution.Counter, s.Solution.DerivedKey = int(counter), found
			text, err := json.Marshal(s)
			return base64.StdEncoding.EncodeToString(text), err
		}
	}
}

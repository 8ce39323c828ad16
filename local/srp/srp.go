// Package srp is the Secure Remote Password protocol, SRP-6a (RFC 5054), in the form that Amazon
// Cognito gives it: SHA-256, the group of 3,072 bits, and a signature over a challenge in the place
// of the two proofs.
//
// AWS publishes clients of it only. What follows is what they compute: AuthenticationHelper of
// https://github.com/aws-amplify/amplify-js/tree/main/packages/amazon-cognito-identity-js.
// The arithmetic does not run in constant time: the package serves the local run and its tests.
package srp

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"
	"time"
)

// The group of 3,072 bits (RFC 3526, section 4), whose generator is 2.
var (
	prime, _ = new(big.Int).SetString(""+
		"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"+
		"EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"+
		"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"+
		"83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"+
		"E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"+
		"15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"+
		"ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"+
		"BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF", 16)
	generator  = big.NewInt(2)
	multiplier = number(digest(padded(prime), padded(generator)))
)

const (
	secretBytes = 32 // of a private value; RFC 5054 asks for as many
	keyBytes    = 16
	maxDigits   = 1024 // of a number in a message; one of the group has 768
)

// Layout is the time in a message: English, in UTC, the day without a zero before it.
const Layout = "Mon Jan 2 15:04:05 UTC 2006"

// ErrIllegal refuses a number that is none, or that would make the key predictable: a multiple of
// the prime (RFC 5054, section 2.5.4).
var ErrIllegal = errors.New("srp: not a public value of the group")

// PrivateKey is what a password is turned into. The identity is who the password belongs to: the
// part of the pool's id behind the underscore and the user's name, or a device's group and key.
func PrivateKey(salt *big.Int, identity, password string) *big.Int {
	return number(digest(padded(salt), digest([]byte(identity+":"+password))))
}

// Verifier is what a server keeps of a private key.
func Verifier(privateKey *big.Int) *big.Int {
	return generatorPower(privateKey)
}

// A Server is one sign-in, seen from the server.
type Server struct{ verifier, secret, public *big.Int }

// NewServer begins a sign-in of whom the verifier belongs to.
func NewServer(random io.Reader, verifier *big.Int) (*Server, error) {
	secret, err := draw(random)
	if err != nil {
		return nil, err
	}
	public := new(big.Int).Mul(multiplier, verifier)
	public.Add(public, generatorPower(secret)).Mod(public, prime)
	return &Server{verifier, secret, public}, nil
}

// Public is the server's public value, SRP_B.
func (s *Server) Public() string { return s.public.Text(16) }

// Key is the key that both sides have, if the client knows the password. It raises two powers.
func (s *Server) Key(clientPublic *big.Int) []byte {
	u := number(digest(padded(clientPublic), padded(s.public)))
	shared := power(s.verifier, u)
	shared.Mul(shared, clientPublic).Mod(shared, prime)
	return derive(power(shared, s.secret), u)
}

// A Client is one sign-in, seen from the person's side.
type Client struct{ secret, public *big.Int }

// NewClient begins a sign-in.
func NewClient(random io.Reader) (*Client, error) {
	secret, err := draw(random)
	if err != nil {
		return nil, err
	}
	return &Client{secret, generatorPower(secret)}, nil
}

// Public is the client's public value, SRP_A.
func (c *Client) Public() string { return c.public.Text(16) }

// Key is the key that both sides have. The first two numbers are the server's SRP_B and SALT.
func (c *Client) Key(serverPublic, salt, identity, password string) ([]byte, error) {
	public, err := Public(serverPublic)
	if err != nil {
		return nil, err
	}
	s, err := Number(salt)
	if err != nil {
		return nil, err
	}
	x := PrivateKey(s, identity, password)
	u := number(digest(padded(c.public), padded(public)))
	base := new(big.Int).Mul(multiplier, Verifier(x))
	base.Sub(public, base).Mod(base, prime)
	exponent := new(big.Int).Mul(u, x)
	return derive(power(base, exponent.Add(exponent, c.secret)), u), nil
}

// Answer makes the responses to the challenges PASSWORD_VERIFIER and DEVICE_PASSWORD_VERIFIER out of
// their parameters, for the two parts of the identity.
func (c *Client) Answer(group, name, password string, challenge map[string]string, now time.Time) (map[string]string, error) {
	key, err := c.Key(challenge["SRP_B"], challenge["SALT"], group+name, password)
	if err != nil {
		return nil, err
	}
	block, err := base64.StdEncoding.DecodeString(challenge["SECRET_BLOCK"])
	if err != nil {
		return nil, fmt.Errorf("read SECRET_BLOCK: %w", err)
	}
	timestamp := now.UTC().Format(Layout)
	return map[string]string{
		"USERNAME": challenge["USERNAME"], "TIMESTAMP": timestamp,
		"PASSWORD_CLAIM_SECRET_BLOCK": challenge["SECRET_BLOCK"],
		"PASSWORD_CLAIM_SIGNATURE":    Sign(key, group+name, block, timestamp),
	}, nil
}

// Sign is the answer to a challenge, in Base64: it proves the knowledge of the key. The identity
// is that of PrivateKey, the block the server's SECRET_BLOCK, the time in Layout.
func Sign(key []byte, identity string, block []byte, timestamp string) string {
	return base64.StdEncoding.EncodeToString(signature(key, identity, block, timestamp))
}

// Verify says whether a signature is that of Sign.
func Verify(signed string, key []byte, identity string, block []byte, timestamp string) bool {
	got, err := base64.StdEncoding.DecodeString(signed)
	return err == nil && hmac.Equal(got, signature(key, identity, block, timestamp))
}

func signature(key []byte, identity string, block []byte, timestamp string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(identity))
	mac.Write(block)
	mac.Write([]byte(timestamp))
	return mac.Sum(nil)
}

// Number reads a number in hexadecimal digits.
func Number(digits string) (*big.Int, error) {
	if len(digits) == 0 || len(digits) > maxDigits {
		return nil, ErrIllegal
	}
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, ErrIllegal
	}
	return number(b), nil
}

// Public reads the public value of the other side.
func Public(digits string) (*big.Int, error) {
	n, err := Number(digits)
	if err != nil || new(big.Int).Mod(n, prime).Sign() == 0 {
		return nil, ErrIllegal
	}
	return n, nil
}

// derive makes the key out of the shared secret (RFC 5869).
func derive(shared, u *big.Int) []byte {
	key, err := hkdf.Key(sha256.New, padded(shared), padded(u), "Caldera Derived Key", keyBytes)
	if err != nil {
		panic(err) // only a length that is too great is an error
	}
	return key
}

func draw(random io.Reader) (*big.Int, error) {
	b := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("draw a private value: %w", err)
	}
	b[0] |= 0x80 // never zero
	return number(b), nil
}

// padded are the bytes of a number as Cognito hashes them: those of Java's BigInteger, which puts a
// zero before a first bit that is set.
func padded(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		return append([]byte{0}, b...)
	}
	return b
}

func digest(parts ...[]byte) []byte {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

func power(base, exponent *big.Int) *big.Int { return new(big.Int).Exp(base, exponent, prime) }

// powers are those of the generator that its other powers are products of: at i and j, that to j
// times 16 to the i. With them a power of the generator takes a fifth of the time.
var powers = sync.OnceValue(func() *[2 * secretBytes][16]*big.Int {
	var table [2 * secretBytes][16]*big.Int
	base := generator
	for i := range table {
		table[i][0] = big.NewInt(1)
		for j := 1; j < 16; j++ {
			table[i][j] = product(table[i][j-1], base)
		}
		base = product(table[i][15], base)
	}
	return &table
})

// generatorPower raises the generator.
func generatorPower(exponent *big.Int) *big.Int {
	if exponent.BitLen() > 8*secretBytes {
		return power(generator, exponent)
	}
	result := big.NewInt(1)
	for i, row := range powers() {
		digit := exponent.Bit(4*i) | exponent.Bit(4*i+1)<<1 | exponent.Bit(4*i+2)<<2 | exponent.Bit(4*i+3)<<3
		if digit != 0 {
			result = product(result, row[digit])
		}
	}
	return result
}

func product(a, b *big.Int) *big.Int {
	n := new(big.Int).Mul(a, b)
	return n.Mod(n, prime)
}

func number(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

package srp

import (
	"bytes"
	"crypto/rand"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

const identity = "Example01" + "7a3f0c52-0000-4000-8000-000000000001"

func TestBothSidesHaveTheKeyWithThePassword(t *testing.T) {
	// With a salt that begins with zeros, or with a bit that is set, the two sides would hash
	// different bytes if one of them padded in another way.
	for _, salt := range []string{"0", "00a1", "7f", "80ff", strings.Repeat("f", 32), strings.Repeat("0", 31) + "1"} {
		for range 8 {
			s, err := Number(salt)
			ok(t, err)
			server, err := NewServer(rand.Reader, Verifier(PrivateKey(s, identity, "sample-pass-1")))
			ok(t, err)
			client, err := NewClient(rand.Reader)
			ok(t, err)
			public, err := Public(client.Public())
			ok(t, err)
			key := server.Key(public)
			for password, want := range map[string]bool{"sample-pass-1": true, "sample-pass-2": false, "": false} {
				got, err := client.Key(server.Public(), salt, identity, password)
				ok(t, err)
				if bytes.Equal(got, key) != want {
					t.Errorf("with salt %s and password %q both sides have the key: %t", salt, password, !want)
				}
			}
		}
	}
}

func TestPrimeIsThatOfTheRFC(t *testing.T) {
	if prime.BitLen() != 3072 || !prime.ProbablyPrime(8) {
		t.Error("the modulus is not the prime of 3,072 bits")
	}
	if q := new(big.Int).Rsh(prime, 1); !q.ProbablyPrime(8) {
		t.Error("the prime is not a safe one")
	}
}

func TestPublicValuesThatAreNone(t *testing.T) {
	twice := new(big.Int).Lsh(prime, 1)
	for _, digits := range []string{"", "0", "00", prime.Text(16), twice.Text(16), "-1", "+1", "0x1", "g", "1_0", " 1", strings.Repeat("1", maxDigits+1)} {
		if _, err := Public(digits); !errors.Is(err, ErrIllegal) {
			t.Errorf("%.20q was taken", digits)
		}
	}
	if n, err := Public("aF1"); err != nil || n.Int64() != 0xaf1 {
		t.Errorf("aF1 is %v, %v", n, err)
	}
}

func TestSignatureCoversEveryPart(t *testing.T) {
	key, block, now := []byte("sample key"), []byte("block"), time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC).Format(Layout)
	if now != "Wed Jan 2 03:04:05 UTC 2030" {
		t.Fatalf("the time is written %q", now)
	}
	signed := Sign(key, identity, block, now)
	if !Verify(signed, key, identity, block, now) {
		t.Error("its own signature is refused")
	}
	for name, ok := range map[string]bool{
		"another key":      Verify(signed, []byte("sample kez"), identity, block, now),
		"another identity": Verify(signed, key, identity+"x", block, now),
		"another block":    Verify(signed, key, identity, []byte("blocl"), now),
		"another time":     Verify(signed, key, identity, block, "Wed Jan 2 03:04:06 UTC 2030"),
		"no Base64":        Verify("?"+signed, key, identity, block, now),
		"none":             Verify("", key, identity, block, now),
	} {
		if ok {
			t.Errorf("the signature is good for %s", name)
		}
	}
}

func FuzzPublic(f *testing.F) {
	f.Add("a1")
	f.Add(prime.Text(16))
	f.Add("-0")
	server, err := NewServer(rand.Reader, Verifier(big.NewInt(7)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, digits string) {
		if n, err := Public(digits); err == nil && len(server.Key(n)) != keyBytes {
			t.Errorf("no key for %q", digits)
		}
	})
}

// The cost of what the server computes for one sign-in, and of three powers of the group.
func BenchmarkServer(b *testing.B) {
	v := Verifier(PrivateKey(big.NewInt(0xa1), identity, "sample-pass-1"))
	client, err := NewClient(rand.Reader)
	ok(b, err)
	public, err := Public(client.Public())
	ok(b, err)
	for b.Loop() {
		server, err := NewServer(rand.Reader, v)
		ok(b, err)
		server.Key(public)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPowersOfTheGenerator(t *testing.T) {
	full := new(big.Int).Lsh(big.NewInt(1), 256)
	exponents := []*big.Int{big.NewInt(0), big.NewInt(1), big.NewInt(2), big.NewInt(255), big.NewInt(256), big.NewInt(65535), full, new(big.Int).Sub(full, big.NewInt(1)), new(big.Int).Lsh(full, 100)}
	for range 20 {
		exponent, err := rand.Int(rand.Reader, full)
		if err != nil {
			t.Fatal(err)
		}
		exponents = append(exponents, exponent)
	}
	for _, exponent := range exponents {
		if got, want := generatorPower(exponent), power(generator, exponent); got.Cmp(want) != 0 {
			t.Errorf("2 to the %v is %v, want %v", exponent, got, want)
		}
	}
}

package cognito

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"poolpost/local/srp"
)

// BenchmarkSignIn is what the pool does for one sign-in, and how often that is what it cannot do
// without: the three modular powers of SRP, and the signatures of two tokens.
func BenchmarkSignIn(b *testing.B) {
	p, err := New(Options{Settings: sampleSettings(), PoolID: poolID, ClientIDs: map[string]string{"web": webClient}})
	ok(b, err)
	post := func(operation string, in any) map[string]any {
		body, err := json.Marshal(in)
		ok(b, err)
		r := httptest.NewRequest("POST", "/", strings.NewReader(string(body)))
		r.Header.Set("X-Amz-Target", Target+operation)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sample")
		answer := httptest.NewRecorder()
		p.ServeHTTP(answer, r)
		var out map[string]any
		ok(b, json.Unmarshal(answer.Body.Bytes(), &out))
		return out
	}
	user := map[string]any{"UserPoolId": poolID, "Username": ada, "Password": password, "Permanent": true, "MessageAction": "SUPPRESS"}
	post("AdminCreateUser", user)
	post("AdminSetUserPassword", user)
	client, err := srp.NewClient(rand.Reader)
	ok(b, err)
	// As large as those of the group.
	exponent, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 256))
	ok(b, err)
	modulus, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 3072))
	ok(b, err)
	modulus.SetBit(modulus.SetBit(modulus, 0, 1), 3071, 1)
	base, err := rand.Int(rand.Reader, modulus)
	ok(b, err)
	_, err = p.keys().signing.Sign(nil) // makes the key
	ok(b, err)
	// The fastest of each: what else runs on the machine only ever adds to a time.
	fastest := func(of *time.Duration, took time.Duration) {
		if *of == 0 || took < *of {
			*of = took
		}
	}
	var signIns, powers, signatures time.Duration
	for b.Loop() {
		began := time.Now()
		asked := post("InitiateAuth", map[string]any{
			"ClientId": webClient, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": map[string]string{"USERNAME": ada, "SRP_A": client.Public()},
		})
		signIn := time.Since(began)
		parameters := map[string]string{}
		for name, value := range asked["ChallengeParameters"].(map[string]any) {
			parameters[name] = fmt.Sprint(value)
		}
		answer, err := client.Answer("Example01", parameters["USER_ID_FOR_SRP"], password, parameters, time.Now())
		ok(b, err)
		began = time.Now()
		result := post("RespondToAuthChallenge", map[string]any{"ClientId": webClient, "ChallengeName": passwordVerifier, "ChallengeResponses": answer})
		fastest(&signIns, signIn+time.Since(began))
		if result["AuthenticationResult"] == nil {
			b.Fatal(result)
		}
		began = time.Now()
		for range 3 {
			new(big.Int).Exp(base, exponent, modulus)
		}
		fastest(&powers, time.Since(began))
		began = time.Now()
		for range 2 {
			_, err := p.keys().signing.Sign(nil)
			ok(b, err)
		}
		fastest(&signatures, time.Since(began))
	}
	b.ReportMetric(float64(signIns)/float64(powers), "signin/powers")
	b.ReportMetric(float64(signIns)/float64(powers+signatures), "signin/(powers+signatures)")
}

package cognito

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func fetch(t *testing.T, address string, into any) {
	t.Helper()
	response, err := http.Get(address)
	ok(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ok(t, err)
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %d %s", address, response.StatusCode, body)
	}
	ok(t, json.Unmarshal(body, into))
}

// A verifier begins at the configuration, and knows nothing else.
func TestTokensVerify(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	out, err := w.signIn(ada, password)
	ok(t, err)
	server := httptest.NewServer(w.pool)
	t.Cleanup(server.Close)
	var configuration struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	fetch(t, server.URL+"/"+poolID+"/.well-known/openid-configuration", &configuration)
	var set jose.JSONWebKeySet
	fetch(t, configuration.Keys, &set)
	if len(set.Keys) != 1 || !set.Keys[0].IsPublic() || set.Keys[0].Use != "sig" || set.Keys[0].Algorithm != "RS256" {
		t.Fatalf("the keys are %+v", set.Keys)
	}
	for use, token := range map[string]string{"access": *out.AuthenticationResult.AccessToken, "id": *out.AuthenticationResult.IdToken} {
		parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
		ok(t, err)
		if header := parsed.Headers[0]; header.KeyID != set.Keys[0].KeyID || len(header.ExtraHeaders) != 0 {
			t.Errorf("the %s token has the header %+v", use, header)
		}
		var claims jwt.Claims
		ok(t, parsed.Claims(set, &claims))
		expected := jwt.Expected{Issuer: configuration.Issuer, Time: w.now()}
		if use == "id" {
			expected.AnyAudience = jwt.Audience{webClient}
		}
		ok(t, claims.Validate(expected))
	}
}

func TestNoDocumentsOfOtherPools(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/" + poolID + "/.well-known/other", "/" + poolID + "/", "/eu-central-1_Other/.well-known/jwks.json"} {
		answer := httptest.NewRecorder()
		w.pool.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code == http.StatusOK {
			t.Errorf("%s: %s", path, answer.Body)
		}
	}
}

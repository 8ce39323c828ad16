package cognito

import (
	"encoding/json"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// wellKnown serves what a verifier of tokens reads (developer guide, "Verifying JSON web tokens").
// The keys are where the request went; the issuer is AWS's, as in the tokens.
func (p *Pool) wellKnown() http.Handler {
	mux := http.NewServeMux()
	base := "GET /" + p.options.PoolID + "/.well-known/"
	mux.HandleFunc(base+"jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, p.keys().signing.Public())
	})
	mux.HandleFunc(base+"openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, map[string]any{ // OpenID Connect Discovery 1.0, section 3
			"issuer":                                p.issuer(),
			"jwks_uri":                              "http://" + r.Host + "/" + p.options.PoolID + "/.well-known/jwks.json",
			"id_token_signing_alg_values_supported": []string{string(jose.RS256)},
			"response_types_supported":              []string{"code", "token"},
			"scopes_supported":                      []string{"openid", "email", "phone", "profile"},
			"subject_types_supported":               []string{"public"},
		})
	})
	return mux
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the caller went away
}

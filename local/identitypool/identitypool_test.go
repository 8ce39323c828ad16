package identitypool

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
	"poolpost/local/cognito"
	"poolpost/local/srp"
)

const (
	userPoolID = "eu-central-1_Example01"
	clientID   = "1sample1sample1sample1samp"
	poolID     = "eu-central-1:00000000-0000-4000-8000-000000000000"
	userPool   = "cognito-idp.eu-central-1.amazonaws.com/" + userPoolID
	password   = "sample-pass-1"
)

// A world is an identity pool and its user pool at one time.
type world struct {
	testing.TB
	pool  *Pool
	users *cognito.Pool
	now   time.Time
}

func newWorld(t testing.TB, change func(*settings.Settings)) *world {
	t.Helper()
	set := settingstest.Sample(t)
	set.Clients = set.Clients[:1]
	change(set)
	w := &world{TB: t, now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	users, err := cognito.New(cognito.Options{
		Settings: set, PoolID: userPoolID, ClientIDs: map[string]string{set.Clients[0].Name: clientID}, Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.users = users
	w.pool = New(Options{Settings: set.IdentityPool, Name: "App_Users", ID: poolID, Account: "123456789012", UserPool: users, Clock: clock})
	return w
}

func asIs(*settings.Settings) {}

// ask sends a signed request, and returns the answer.
func ask(t testing.TB, api http.Handler, target string, in any) map[string]any {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader(string(body)))
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sample")
	answer := httptest.NewRecorder()
	api.ServeHTTP(answer, r)
	var out map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// user calls the user pool.
func (w *world) user(operation string, in map[string]any) map[string]any {
	w.Helper()
	in["UserPoolId"] = userPoolID
	out := ask(w.TB, w.users, cognito.Target+operation, in)
	if out["__type"] != nil {
		w.Fatalf("%s: %v", operation, out)
	}
	return out
}

// signsIn makes a user, and returns the tokens.
func (w *world) signsIn(address string) map[string]any {
	w.Helper()
	w.user("AdminCreateUser", map[string]any{"Username": address, "MessageAction": "SUPPRESS"})
	w.user("AdminSetUserPassword", map[string]any{"Username": address, "Password": password, "Permanent": true})
	client, err := srp.NewClient(rand.Reader)
	if err != nil {
		w.Fatal(err)
	}
	asked := w.user("InitiateAuth", map[string]any{
		"ClientId": clientID, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": map[string]string{"USERNAME": address, "SRP_A": client.Public()},
	})
	parameters := map[string]string{}
	for name, value := range asked["ChallengeParameters"].(map[string]any) {
		parameters[name] = fmt.Sprint(value)
	}
	answer, err := client.Answer("Example01", parameters["USER_ID_FOR_SRP"], password, parameters, w.now)
	if err != nil {
		w.Fatal(err)
	}
	out := w.user("RespondToAuthChallenge", map[string]any{"ClientId": clientID, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": answer})
	return out["AuthenticationResult"].(map[string]any)
}

// idToken is that of somebody who has just signed in.
func (w *world) idToken(address string) string { return w.signsIn(address)["IdToken"].(string) }

type in = map[string]any

func logins(token string) map[string]string { return map[string]string{userPool: token} }

func (w *world) call(operation string, in in) map[string]any {
	w.Helper()
	return ask(w.TB, w.pool, Target+operation, in)
}

// getID is a GetId that succeeds.
func (w *world) getID(logins map[string]string) string {
	w.Helper()
	out := w.call("GetId", in{"IdentityPoolId": poolID, "Logins": logins})
	id, ok := out["IdentityId"].(string)
	if !ok || !strings.HasPrefix(id, "eu-central-1:") || len(id) != len(poolID) {
		w.Fatalf("GetId answers %v", out)
	}
	return id
}

// role asks for credentials, and returns the identity and the role.
func (w *world) role(id string, logins map[string]string) (string, string) {
	w.Helper()
	out := w.call("GetCredentialsForIdentity", in{"IdentityId": id, "Logins": logins})
	credentials, ok := out["Credentials"].(map[string]any)
	if !ok {
		w.Fatalf("GetCredentialsForIdentity answers %v", out)
	}
	if key := credentials["AccessKeyId"].(string); !strings.HasPrefix(key, "ASIA") || len(key) != 20 {
		w.Errorf("the access key is %s", key)
	}
	if len(credentials["SecretKey"].(string)) != 40 {
		w.Errorf("the secret key is %s", credentials["SecretKey"])
	}
	if got, want := credentials["Expiration"], float64(w.now.Unix()+3600); got != want {
		w.Errorf("the credentials expire at %v, want %v", got, want)
	}
	session, err := base64.StdEncoding.DecodeString(credentials["SessionToken"].(string))
	if err != nil {
		w.Error(err)
	}
	return out["IdentityId"].(string), string(session)
}

const (
	guestSession = "arn:aws:sts::123456789012:assumed-role/App_Users-unauthenticated/CognitoIdentityCredentials"
	userSession  = "arn:aws:sts::123456789012:assumed-role/App_Users-authenticated/CognitoIdentityCredentials"
)

func TestGuestsAndUsersGetTheirRoles(t *testing.T) {
	w := newWorld(t, asIs)
	guest, other := w.getID(nil), w.getID(nil)
	if guest == other {
		t.Error("two guests have one identity")
	}
	if id, role := w.role(guest, nil); id != guest || role != guestSession {
		t.Errorf("a guest is %s with %s", id, role)
	}
	ann, bob := w.idToken("ann@example.com"), w.idToken("bob@example.com")
	id := w.getID(logins(ann))
	if again := w.getID(logins(ann)); again != id || id == guest || id == w.getID(logins(bob)) {
		t.Errorf("Ann is %s, and %s the next time", id, again)
	}
	if got, role := w.role(id, logins(ann)); got != id || role != userSession {
		t.Errorf("Ann is %s with %s", got, role)
	}
}

func TestGuestWhoSignsIn(t *testing.T) {
	w := newWorld(t, asIs)
	ann := logins(w.idToken("ann@example.com"))
	first, second := w.getID(nil), w.getID(nil)
	if id, role := w.role(first, ann); id != first || role != userSession {
		t.Errorf("a guest who signs in is %s with %s, want %s", id, role, first)
	}
	if id := w.getID(ann); id != first {
		t.Errorf("afterwards Ann is %s, want %s", id, first)
	}
	if id, _ := w.role(second, ann); id != first {
		t.Errorf("with another guest's identity Ann is %s, want %s", id, first)
	}
	for _, id := range []string{first, second} {
		w.refused(w.call("GetCredentialsForIdentity", in{"IdentityId": id}), "NotAuthorizedException", "Access to Identity '"+id+"' is forbidden.")
	}
	bob := logins(w.idToken("bob@example.com"))
	w.refused(w.call("GetCredentialsForIdentity", in{"IdentityId": first, "Logins": bob}), "NotAuthorizedException",
		"Logins don't match. Please include at least one valid login for this identity or identity pool.")
}

func (w *world) refused(out map[string]any, kind, message string) {
	w.Helper()
	if out["__type"] != kind || out["message"] != message {
		w.Errorf("got %v, want %s: %s", out, kind, message)
	}
}

func TestTokensThatAreNoLogin(t *testing.T) {
	w := newWorld(t, asIs)
	tokens := w.signsIn("ann@example.com")
	id := tokens["IdToken"].(string)
	parts := strings.Split(id, ".")
	foreign := newWorld(t, asIs).idToken("ann@example.com")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	encoded := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	elsewhere := parts[0] + "." + encoded(strings.Replace(string(claims), "_Example01", "_Example02", 1)) + "." + parts[2]
	foreignKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	// signed is the claims of Ann's token under a signature that says itself how to check it.
	signed := func(key jose.SigningKey, options *jose.SignerOptions) string {
		signer, err := jose.NewSigner(key, options)
		if err != nil {
			t.Fatal(err)
		}
		token, err := signer.Sign(claims)
		if err != nil {
			t.Fatal(err)
		}
		compact, err := token.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return compact
	}
	answer := httptest.NewRecorder()
	w.users.ServeHTTP(answer, httptest.NewRequest("GET", "/"+userPoolID+"/.well-known/jwks.json", nil))
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(answer.Body.Bytes(), &keys); err != nil || len(keys.Keys) == 0 {
		t.Fatal(err, answer.Body)
	}
	public, err := x509.MarshalPKIXPublicKey(keys.Keys[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	const unverified = "Invalid login token. Couldn't verify signed token."
	for name, test := range map[string]struct {
		logins map[string]string
		want   string
	}{
		"an access token":              {logins(tokens["AccessToken"].(string)), unverified},
		"a refresh token":              {logins(tokens["RefreshToken"].(string)), unverified},
		"half a token":                 {logins(id[:len(id)/2]), unverified},
		"without its last character":   {logins(id[:len(id)-1]), unverified},
		"a changed claim":              {logins(parts[0] + "." + encoded(strings.Replace(string(claims), "ann@", "bob@", 1)) + "." + parts[2]), unverified},
		"alg none":                     {logins(encoded(`{"alg":"none"}`) + "." + parts[1] + "."), unverified},
		"alg none, with a signature":   {logins(encoded(`{"alg":"none"}`) + "." + parts[1] + "." + parts[2]), unverified},
		"HS256 with the public key":    {logins(signed(jose.SigningKey{Algorithm: jose.HS256, Key: public}, nil)), unverified},
		"a key of its own":             {logins(signed(jose.SigningKey{Algorithm: jose.RS256, Key: foreignKey}, &jose.SignerOptions{EmbedJWK: true})), unverified},
		"the pool's key by name":       {logins(signed(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: foreignKey, KeyID: keys.Keys[0].KeyID}}, nil)), unverified},
		"an encrypted token":           {logins(id + ".a.b"), unverified},
		"two dots":                     {logins(".."), unverified},
		"JSON for a token":             {logins(`{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`), unverified},
		"as long as a token may be":    {logins(parts[0] + "." + strings.Repeat("a", 50_000-len(parts[0])-len(parts[2])-2) + "." + parts[2]), unverified},
		"of a pool with the same name": {logins(foreign), unverified},
		"another signature":            {logins(parts[0] + "." + parts[1] + "." + strings.Split(foreign, ".")[2]), unverified},
		"of another pool":              {logins(elsewhere), "Invalid login token. Issuer doesn't match providerName"},
		"another provider":             {map[string]string{"cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Other": id}, "Token is not from a supported provider of this identity pool."},
		"Facebook, which is off":       {map[string]string{facebook: "token"}, "Token is not from a supported provider of this identity pool."},
		"one good and one bad":         {map[string]string{userPool: id, facebook: "token"}, "Token is not from a supported provider of this identity pool."},
	} {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			w.refused(w.call("GetId", in{"IdentityPoolId": poolID, "Logins": test.logins}), "NotAuthorizedException", test.want)
			guest := w.getID(nil)
			for _, operation := range []string{"GetCredentialsForIdentity", "GetOpenIdToken"} {
				w.refused(w.call(operation, in{"IdentityId": guest, "Logins": test.logins}), "NotAuthorizedException", test.want)
			}
			if _, role := w.role(guest, nil); role != guestSession {
				t.Errorf("a refused token has made the guest %s", role)
			}
		})
	}
	w.TB = t
	w.now = w.now.Add(time.Hour)
	w.refused(w.call("GetId", in{"IdentityPoolId": poolID, "Logins": logins(id)}), "NotAuthorizedException",
		fmt.Sprintf("Invalid login token. Token expired: %d >= %[1]d", w.now.Unix()))
}

// ServerSideTokenCheck is on.
func TestTokensOfASignInThatHasEnded(t *testing.T) {
	for name, end := range map[string]func(w *world, tokens map[string]any){
		"signed out everywhere": func(w *world, tokens map[string]any) {
			w.user("GlobalSignOut", map[string]any{"AccessToken": tokens["AccessToken"]})
		},
		"disabled": func(w *world, _ map[string]any) {
			w.user("AdminDisableUser", map[string]any{"Username": "ann@example.com"})
		},
		"deleted": func(w *world, _ map[string]any) {
			w.user("AdminDeleteUser", map[string]any{"Username": "ann@example.com"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, asIs)
			tokens := w.signsIn("ann@example.com")
			ann := logins(tokens["IdToken"].(string))
			id := w.getID(ann)
			end(w, tokens)
			for operation, in := range map[string]in{
				"GetId": {"IdentityPoolId": poolID, "Logins": ann}, "GetCredentialsForIdentity": {"IdentityId": id, "Logins": ann}, "GetOpenIdToken": {"IdentityId": id, "Logins": ann},
			} {
				w.refused(w.call(operation, in), "NotAuthorizedException", "Invalid login token. Token has been revoked.")
			}
		})
	}
}

func TestOpenIDTokens(t *testing.T) {
	w := newWorld(t, asIs)
	r := httptest.NewRecorder()
	w.pool.ServeHTTP(r, httptest.NewRequest("GET", KeysPath, nil))
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(r.Body.Bytes(), &keys); err != nil {
		t.Fatal(err)
	}
	ann := w.signsIn("ann@example.com")
	user := w.user("AdminGetUser", map[string]any{"Username": "ann@example.com"})["Username"].(string)
	for name, test := range map[string]struct {
		logins map[string]string
		want   []string
	}{
		"a guest": {nil, []string{"unauthenticated"}},
		"a user":  {logins(ann["IdToken"].(string)), []string{"authenticated", userPool, userPool + ":CognitoSignIn:" + user}},
	} {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			id := w.getID(test.logins)
			out := w.call("GetOpenIdToken", in{"IdentityId": id, "Logins": test.logins})
			token, err := jwt.ParseSigned(out["Token"].(string), []jose.SignatureAlgorithm{jose.RS256})
			if err != nil {
				t.Fatal(err)
			}
			var claims jwt.Claims
			var more struct {
				AMR []string `json:"amr"`
			}
			if err := token.Claims(keys, &claims, &more); err != nil {
				t.Fatal(err)
			}
			if err := claims.Validate(jwt.Expected{Issuer: "https://cognito-identity.amazonaws.com", Subject: id, AnyAudience: jwt.Audience{poolID}, Time: w.now}); err != nil {
				t.Error(err)
			}
			if !slices.Equal(more.AMR, test.want) || claims.Expiry.Time().Sub(w.now) != 10*time.Minute {
				t.Errorf("amr is %v, until %v", more.AMR, claims.Expiry.Time())
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	const unknown = "eu-central-1:11111111-1111-4111-8111-111111111111"
	form := func(id, member string) string {
		return `Value '` + id + `' at '` + member + `' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`
	}
	const empty = "Value '' at '%s' failed to satisfy constraint: Member must have length greater than or equal to 1; "
	const token = "Value '{" + userPool + "=}' at 'logins' failed to satisfy constraint: Map value must satisfy constraint: " +
		"[Member must have length less than or equal to 50000, Member must have length greater than or equal to 1]"
	w := newWorld(t, asIs)
	closed := newWorld(t, func(s *settings.Settings) { s.IdentityPool.Guests = false })
	off := newWorld(t, func(s *settings.Settings) { s.IdentityPool.Enabled = false })
	facebookOn := newWorld(t, func(s *settings.Settings) { s.IdentityPool.FacebookAppID = "1234567890" })
	for name, test := range map[string]struct {
		w          *world
		operation  string
		in         in
		kind, text string
	}{
		"another pool":         {w, "GetId", in{"IdentityPoolId": unknown}, "ResourceNotFoundException", "IdentityPool '" + unknown + "' not found."},
		"no pool":              {w, "GetId", in{}, "ValidationException", "2 validation errors detected: " + fmt.Sprintf(empty, "identityPoolId") + form("", "identityPoolId")},
		"a user pool":          {w, "GetId", in{"IdentityPoolId": userPoolID}, "ValidationException", "1 validation error detected: " + form(userPoolID, "identityPoolId")},
		"a long ID":            {w, "GetOpenIdToken", in{"IdentityId": poolID + strings.Repeat("0", 60)}, "ValidationException", "1 validation error detected: Value at 'identityId' failed to satisfy constraint: Member must have length less than or equal to 55"},
		"two things at once":   {w, "GetCredentialsForIdentity", in{"Logins": logins("")}, "ValidationException", "3 validation errors detected: " + token + "; " + fmt.Sprintf(empty, "identityId") + form("", "identityId")},
		"no token":             {w, "GetId", in{"IdentityPoolId": poolID, "Logins": logins("")}, "ValidationException", "1 validation error detected: " + token},
		"null for a token":     {w, "GetId", in{"IdentityPoolId": poolID, "Logins": in{userPool: nil}}, "ValidationException", "1 validation error detected: " + token},
		"a huge token":         {w, "GetOpenIdToken", in{"IdentityId": w.getID(nil), "Logins": logins(strings.Repeat("a", 50_001))}, "ValidationException", "1 validation error detected: " + token},
		"an unknown identity":  {w, "GetCredentialsForIdentity", in{"IdentityId": unknown}, "ResourceNotFoundException", "Identity '" + unknown + "' not found."},
		"no guests":            {closed, "GetId", in{"IdentityPoolId": poolID}, "NotAuthorizedException", "Unauthenticated access is not supported for this identity pool."},
		"off in the settings":  {off, "GetId", in{"IdentityPoolId": poolID}, "ResourceNotFoundException", "IdentityPool '" + poolID + "' not found."},
		"described while off":  {off, "DescribeIdentityPool", in{"IdentityPoolId": poolID}, "ResourceNotFoundException", "IdentityPool '" + poolID + "' not found."},
		"a role of choice":     {w, "GetCredentialsForIdentity", in{"IdentityId": w.getID(nil), "CustomRoleArn": "arn:aws:iam::123456789012:role/x"}, "InvalidParameterException", "CustomRoleArn is for tokens with several roles, which this pool has no mapping for."},
		"Facebook":             {facebookOn, "GetId", in{"IdentityPoolId": poolID, "Logins": map[string]string{facebook: "token"}}, "NotAuthorizedException", "The local identity pool cannot check a token of Facebook; see docs/local.md."},
		"another operation":    {w, "UnlinkIdentity", in{}, "UnknownOperationException", "UnlinkIdentity is not part of the local identity pool; docs/local.md lists what is."},
		"another type":         {w, "GetId", in{"Logins": 1}, "SerializationException", "The request body is not the JSON of this operation."},
		"a list of logins":     {w, "GetId", in{"IdentityPoolId": poolID, "Logins": []any{logins("a")}}, "SerializationException", "The request body is not the JSON of this operation."},
		"a number for a token": {w, "GetOpenIdToken", in{"Logins": in{userPool: 1}}, "SerializationException", "The request body is not the JSON of this operation."},
	} {
		t.Run(name, func(t *testing.T) {
			test.w.TB = t
			test.w.refused(test.w.call(test.operation, test.in), test.kind, test.text)
		})
	}
}

func TestLongMessageIsNotInAHeader(t *testing.T) {
	w := newWorld(t, asIs)
	r := httptest.NewRequest("POST", "/", strings.NewReader(`{"IdentityPoolId":"`+poolID+`","Logins":{"`+strings.Repeat("a", 20_000)+`":""}}`))
	r.Header.Set("X-Amz-Target", Target+"GetId")
	answer := httptest.NewRecorder()
	w.pool.ServeHTTP(answer, r)
	if header := answer.Header().Get("X-Amzn-Errormessage"); header != "" || !strings.Contains(answer.Body.String(), "ValidationException") {
		t.Errorf("a header of %d bytes, %.100s", len(header), answer.Body)
	}
}

func TestThePoolIsDescribed(t *testing.T) {
	w := newWorld(t, func(s *settings.Settings) { s.IdentityPool.FacebookAppID = "1234567890" })
	for operation, want := range map[string]string{
		"DescribeIdentityPool": `{"AllowUnauthenticatedIdentities":true,` +
			`"CognitoIdentityProviders":[{"ClientId":"` + clientID + `","ProviderName":"` + userPool + `","ServerSideTokenCheck":true}],` +
			`"IdentityPoolId":"` + poolID + `","IdentityPoolName":"App_Users","SupportedLoginProviders":{"graph.facebook.com":"1234567890"}}`,
		"GetIdentityPoolRoles": `{"IdentityPoolId":"` + poolID + `","Roles":{"authenticated":"arn:aws:iam::123456789012:role/App_Users-authenticated",` +
			`"unauthenticated":"arn:aws:iam::123456789012:role/App_Users-unauthenticated"}}`,
	} {
		got, err := json.Marshal(w.call(operation, in{"IdentityPoolId": poolID}))
		if err != nil || string(got) != want {
			t.Errorf("%s answers %s, %v, want %s", operation, got, err, want)
		}
		r := httptest.NewRequest("POST", "/", strings.NewReader(`{"IdentityPoolId":"`+poolID+`"}`))
		r.Header.Set("X-Amz-Target", Target+operation)
		answer := httptest.NewRecorder()
		if w.pool.ServeHTTP(answer, r); !strings.Contains(answer.Body.String(), "MissingAuthenticationTokenException") {
			t.Errorf("%s without credentials: %s", operation, answer.Body)
		}
	}
}

// FuzzServeHTTP: whatever comes, the answer is a result or an error that the API has, in JSON. Only
// a request with the whole of a token of the user pool gets the role for users.
func FuzzServeHTTP(f *testing.F) {
	w := newWorld(f, asIs)
	token := w.idToken("ann@example.com")
	parts := strings.Split(token, ".")
	guest := w.getID(nil)
	fill := strings.NewReplacer("{pool}", poolID, "{guest}", guest, "{provider}", userPool, "{header}", parts[0], "{claims}", parts[1], "{signature}", parts[2])
	const login = `,"Logins":{"{provider}":"`
	for _, operation := range []string{"GetId", "GetCredentialsForIdentity", "GetOpenIdToken"} {
		id := `{"IdentityPoolId":"{pool}","IdentityId":"{guest}"`
		for _, logins := range []string{
			``, `,"Logins":null`, `,"Logins":[]`, `,"Logins":{"":""}`, `,"Logins":{"` + facebook + `":"a"}`, `,"Logins":{"{provider}":null}`, `,"CustomRoleArn":"a"`,
			login + `{header}.{claims}.{signature}"}`, login + `{header}.{claims}."}`, login + `{header}..{signature}"}`, login + `..{signature}"}`,
			login + `eyJhbGciOiJub25lIn0.{claims}."}`, login + `eyJhbGciOiJIUzI1NiJ9.{claims}.{signature}"}`, login + `{header}.eyJpc3MiOiJhIn0.{signature}"}`,
			login + `{header}.{claims}.{signature}.a.b"}`, login + `{\"payload\":\"{claims}\",\"protected\":\"{header}\",\"signature\":\"{signature}\"}"}`,
			login + `\ud800"}`, login + strings.Repeat("a", 50_001) + `"}`,
		} {
			f.Add(operation, id+logins+"}")
		}
		f.Add(operation, `{}`)
		f.Add(operation, `{"IdentityPoolId":"`+userPoolID+`","IdentityId":"`+strings.Repeat("a", 60)+`"}`)
	}
	f.Add("DescribeIdentityPool", `{"IdentityPoolId":"{pool}"}`)
	f.Add("GetIdentityPoolRoles", `[]`)
	f.Add("", "\x00")
	kinds := []string{"ValidationException", "InvalidParameterException", "NotAuthorizedException", "ResourceNotFoundException", "SerializationException", "UnknownOperationException"}
	f.Fuzz(func(t *testing.T, operation, body string) {
		body = fill.Replace(body)
		// A guest who has signed in stays signed in: each input finds the guest again.
		w.pool.mu.Lock()
		w.pool.identities, w.pool.users = map[string]string{guest: ""}, map[string]string{}
		w.pool.mu.Unlock()
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header["X-Amz-Target"] = []string{Target + operation}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sample")
		answer := httptest.NewRecorder()
		w.pool.ServeHTTP(answer, r)
		var out struct {
			Type        string `json:"__type"`
			IdentityId  string
			Credentials struct{ SessionToken string }
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &out); err != nil {
			t.Fatalf("the answer is not JSON: %q", answer.Body)
		}
		if want := map[bool]int{true: 200, false: 400}[out.Type == ""]; answer.Code != want || out.Type != "" && !slices.Contains(kinds, out.Type) {
			t.Errorf("status %d: %s", answer.Code, answer.Body)
		}
		session, err := base64.StdEncoding.DecodeString(out.Credentials.SessionToken)
		if err != nil {
			t.Error(err)
		}
		whole := strings.Contains(body, parts[0]) && strings.Contains(body, parts[1]) && strings.Contains(body, parts[2])
		if !whole && (string(session) == userSession || w.pool.identities[guest] != "" || len(w.pool.users) > 0) {
			t.Errorf("a request without a token of the user pool is that of a user: %s", answer.Body)
		}
	})
}

// Package identitypool is an Amazon Cognito identity pool in memory, for development: it turns a
// sign-in at the local user pool, or none, into sample credentials. It speaks the JSON protocol of
// the Cognito identity pools API.
//
// The credentials name the role that a deployed pool would give (see Credentials). No AWS API
// accepts them, and those of the local run accept any.
//
// What it answers comes from the API reference and the developer guide. "Observed" marks texts
// that others have reported of the service; nothing here was verified on AWS.
//
// Left out: every operation that is not in the table of operations, tokens of Facebook (only
// Facebook can check them), developer-authenticated identities, role mappings and principal tags,
// which no settings lead to. Identities live as long as the process.
package identitypool

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"uuid"

	"poolpost/internal/settings"
	"poolpost/local/awsjson"
	"poolpost/local/cognito"
	"poolpost/local/jwt"
)

// Target begins the X-Amz-Target of every request to an identity pool.
const Target = "AWSCognitoIdentityService."

// KeysPath is where the keys of its OpenID tokens are, as at https://cognito-identity.amazonaws.com.
const KeysPath = "/.well-known/jwks_uri"

const (
	issuer   = "https://cognito-identity.amazonaws.com"
	facebook = "graph.facebook.com"

	// API reference, GetOpenIdToken.
	tokenLife = 10 * time.Minute
	// Developer guide, "Identity pools authentication flow": the enhanced flow.
	credentialsLife = time.Hour

	// API reference, GetId: characters of an ID, and of the token of a login.
	maxID, maxToken = 55, 50_000
)

// Options describe an identity pool.
type Options struct {
	Settings settings.IdentityPool
	Name     string // of the pool, which the names of its roles begin with
	ID       string // such as eu-central-1:00000000-0000-4000-8000-000000000000
	Account  string // AWS account of the roles
	UserPool *cognito.Pool
	Clock    func() time.Time // nil: time.Now
}

// Pool is an identity pool. It is an http.Handler; its methods may be called from several
// goroutines.
type Pool struct {
	Options
	region string
	key    func() *jwt.Key
	api    *awsjson.Service

	mu         sync.Mutex
	identities map[string]string // users by identity ID; "" is a guest
	users      map[string]string // identity IDs by user
}

// New returns a pool without identities. If the settings have none, it knows no pool.
func New(o Options) *Pool {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	region, _, _ := strings.Cut(o.ID, ":")
	p := &Pool{Options: o, region: region, key: sync.OnceValue(jwt.NewKey), identities: map[string]string{}, users: map[string]string{}}
	p.api = &awsjson.Service{
		Version: "1.1", Target: Target, MaxRequest: 1 << 20, ErrorMessageHeader: true,
		Operations: map[string]awsjson.Operation{
			"GetId":                     awsjson.Handle(p.getID),
			"GetCredentialsForIdentity": awsjson.Handle(p.getCredentials),
			"GetOpenIdToken":            awsjson.Handle(p.getOpenIDToken),
			"DescribeIdentityPool":      awsjson.Signed(awsjson.Handle(p.describe)),
			"GetIdentityPoolRoles":      awsjson.Signed(awsjson.Handle(p.getRoles)),
		},
		Unknown: func(operation string) *awsjson.Error {
			return awsjson.Errorf("UnknownOperationException", "%s is not part of the local identity pool; docs/local.md lists what is.", operation)
		},
		Malformed: awsjson.Errorf("SerializationException", "The request body is not the JSON of this operation."),
	}
	return p
}

// ServeHTTP serves the API, and the keys of its tokens.
func (p *Pool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == KeysPath {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(p.key().Public()) // the caller went away
		return
	}
	p.api.ServeHTTP(w, r)
}

// notAuthorized is what an identity pool refuses nearly everything with.
func notAuthorized(format string, args ...any) *awsjson.Error {
	return awsjson.Errorf("NotAuthorizedException", format, args...)
}

// IDs have this form, those of pools and those of identities.
var idForm = regexp.MustCompile(`^[\w-]+:[0-9a-f-]+$`)

// validate refuses an ID that is none, and a login without a token or with one that is too long, as
// the API does before it looks at anything. The texts are observed:
// https://github.com/aws/aws-sdk-cpp/issues/1085. That of a long ID is our own. Tokens are left out
// of the answer.
func validate(member, id string, logins map[string]string) error {
	var wrong []string
	if slices.ContainsFunc(slices.Collect(maps.Values(logins)), func(token string) bool { return token == "" || len(token) > maxToken }) {
		wrong = append(wrong, fmt.Sprintf("Value '{%s=}' at 'logins' failed to satisfy constraint: Map value must satisfy constraint: "+
			"[Member must have length less than or equal to %d, Member must have length greater than or equal to 1]",
			strings.Join(slices.Sorted(maps.Keys(logins)), "=, "), maxToken))
	}
	of := "Value '" + id + "' at '" + member + "' failed to satisfy constraint: Member must "
	if id == "" {
		wrong = append(wrong, of+"have length greater than or equal to 1")
	}
	if len(id) > maxID {
		wrong = append(wrong, fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", member, maxID))
	} else if !idForm.MatchString(id) {
		wrong = append(wrong, of+`satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`)
	}
	switch len(wrong) {
	case 0:
		return nil
	case 1:
		return awsjson.Errorf("ValidationException", "1 validation error detected: %s", wrong[0])
	}
	return awsjson.Errorf("ValidationException", "%d validation errors detected: %s", len(wrong), strings.Join(wrong, "; "))
}

// known refuses another pool. The text is observed:
// https://github.com/aws-amplify/amplify-js/issues/14117
func (p *Pool) known(poolID string, logins map[string]string) error {
	if err := validate("identityPoolId", poolID, logins); err != nil {
		return err
	}
	if !p.Settings.Enabled || poolID != p.ID {
		return awsjson.Errorf("ResourceNotFoundException", "IdentityPool '%s' not found.", poolID)
	}
	return nil
}

// signedIn is the user whom the tokens of a request are of, or "" without tokens. The texts are
// observed, in the order in which they stand here:
//   - https://github.com/aws-amplify/amplify-js/issues/2067
//   - https://github.com/amazon-archives/amazon-cognito-identity-js/issues/68
//   - https://github.com/amazon-archives/amazon-cognito-identity-js/issues/91
//   - https://github.com/aws-amplify/aws-sdk-ios/issues/2570
//
// The last one is our own: the API reference says only that such a token is not authorized.
func (p *Pool) signedIn(logins map[string]string) (string, error) {
	user := ""
	for _, provider := range slices.Sorted(maps.Keys(logins)) {
		token := logins[provider]
		if provider == facebook && p.Settings.FacebookAppID != "" {
			return "", notAuthorized("The local identity pool cannot check a token of Facebook; see docs/local.md.")
		}
		if provider != p.UserPool.Provider() {
			return "", notAuthorized("Token is not from a supported provider of this identity pool.")
		}
		id, current, ok := p.UserPool.ReadIDToken(token)
		now := p.Clock().Unix()
		switch from := jwt.Issuer(token); {
		case !ok && from != "" && from != "https://"+provider:
			return "", notAuthorized("Invalid login token. Issuer doesn't match providerName")
		case !ok:
			return "", notAuthorized("Invalid login token. Couldn't verify signed token.")
		case now >= id.Expires:
			return "", notAuthorized("Invalid login token. Token expired: %d >= %d", now, id.Expires)
		case !current:
			return "", notAuthorized("Invalid login token. Token has been revoked.")
		}
		user = id.Subject
	}
	return user, nil
}

type getIDInput struct {
	IdentityPoolId string
	Logins         map[string]string
}

type identityResult struct{ IdentityId string }

// getID is GetId: one identity for each user, and another one each time for guests. The text is
// observed: https://github.com/aws-amplify/aws-sdk-android/issues/52
func (p *Pool) getID(_ *http.Request, in getIDInput) (any, error) {
	if err := p.known(in.IdentityPoolId, in.Logins); err != nil {
		return nil, err
	}
	user, err := p.signedIn(in.Logins)
	if err != nil {
		return nil, err
	}
	if user == "" && !p.Settings.Guests {
		return nil, notAuthorized("Unauthenticated access is not supported for this identity pool.")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	id, there := p.users[user]
	if !there {
		id = p.region + ":" + uuid.NewV4().String()
		p.link(id, user)
	}
	return identityResult{id}, nil
}

// link gives an identity to a user, or keeps it for a guest. The pool is locked.
func (p *Pool) link(id, user string) {
	p.identities[id] = user
	if user != "" {
		p.users[user] = id
	}
}

type identityInput struct {
	IdentityId    string
	Logins        map[string]string
	CustomRoleArn string
}

// identify finds the identity of a request. A guest who signs in keeps the identity, or, if the
// user has one already, gets that one ("The IdentityId returned may not match the one passed on
// input", API reference, GetOpenIdToken). The texts are observed:
//   - https://github.com/aws-amplify/aws-sdk-ios/issues/3781
//   - https://github.com/amazon-archives/amazon-cognito-identity-js/issues/68
//
// That of an unknown identity follows the one of an unknown pool.
func (p *Pool) identify(in identityInput) (id, user string, err error) {
	if err := validate("identityId", in.IdentityId, in.Logins); err != nil {
		return "", "", err
	}
	p.mu.Lock()
	_, there := p.identities[in.IdentityId]
	p.mu.Unlock()
	if !there {
		return "", "", awsjson.Errorf("ResourceNotFoundException", "Identity '%s' not found.", in.IdentityId)
	}
	if user, err = p.signedIn(in.Logins); err != nil {
		return "", "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	owner := p.identities[in.IdentityId]
	switch {
	case user == owner: // a guest, or the user
	case user == "":
		return "", "", notAuthorized("Access to Identity '%s' is forbidden.", in.IdentityId)
	case owner != "":
		return "", "", notAuthorized("Logins don't match. Please include at least one valid login for this identity or identity pool.")
	case p.users[user] != "":
		p.identities[in.IdentityId] = user
		return p.users[user], user, nil
	default:
		p.link(in.IdentityId, user)
	}
	return in.IdentityId, user, nil
}

// Credentials are sample credentials. AccessKeyId begins with ASIA, as temporary ones do.
// SessionToken is the Base64 of the ARN of the session, such as
// arn:aws:sts::123456789012:assumed-role/App_Users-authenticated/CognitoIdentityCredentials: see
// there which role a deployed pool would give.
type Credentials struct {
	AccessKeyId, SecretKey, SessionToken string
	Expiration                           awsjson.Epoch
}

type credentialsResult struct {
	IdentityId  string
	Credentials Credentials
}

// getCredentials is GetCredentialsForIdentity.
func (p *Pool) getCredentials(_ *http.Request, in identityInput) (any, error) {
	id, user, err := p.identify(in)
	if err != nil {
		return nil, err
	}
	if in.CustomRoleArn != "" {
		// API reference, CustomRoleArn: for a token that has several roles. The text is our own.
		return nil, awsjson.Errorf("InvalidParameterException", "CustomRoleArn is for tokens with several roles, which this pool has no mapping for.")
	}
	secret := make([]byte, 40)
	_, _ = rand.Read(secret) // it never fails
	session := strings.Replace(p.role(kindOf(user)), ":iam:", ":sts:", 1)
	session = strings.Replace(session, ":role/", ":assumed-role/", 1) + "/CognitoIdentityCredentials"
	return credentialsResult{id, Credentials{
		AccessKeyId:  "ASIA" + base32.StdEncoding.EncodeToString(secret[:10]),
		SecretKey:    base64.StdEncoding.EncodeToString(secret[10:]),
		SessionToken: base64.StdEncoding.EncodeToString([]byte(session)),
		Expiration:   awsjson.Epoch(p.Clock().Add(credentialsLife)),
	}}, nil
}

// The two kinds of people, as roles and the claim amr call them.
const authenticated, unauthenticated = "authenticated", "unauthenticated"

func kindOf(user string) string {
	if user == "" {
		return unauthenticated
	}
	return authenticated
}

// role is the one for a kind of people. CloudFormation makes up the names of deployed roles.
func (p *Pool) role(kind string) string {
	return "arn:aws:iam::" + p.Account + ":role/" + p.Name + "-" + kind
}

type tokenResult struct{ IdentityId, Token string }

// getOpenIDToken is GetOpenIdToken, for the basic flow (developer guide, "Using role-based access
// control": aud and amr are what the roles' trust policies ask for).
func (p *Pool) getOpenIDToken(_ *http.Request, in identityInput) (any, error) {
	id, user, err := p.identify(in)
	if err != nil {
		return nil, err
	}
	methods := []string{kindOf(user)}
	if user != "" {
		methods = append(methods, p.UserPool.Provider(), p.UserPool.Provider()+":CognitoSignIn:"+user)
	}
	now := p.Clock()
	token, err := p.key().Sign(map[string]any{
		"iss": issuer, "aud": p.ID, "sub": id, "amr": methods, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
	})
	return tokenResult{id, token}, err
}

type poolInput struct{ IdentityPoolId string }

// describe is DescribeIdentityPool.
func (p *Pool) describe(_ *http.Request, in poolInput) (any, error) {
	if err := p.known(in.IdentityPoolId, nil); err != nil {
		return nil, err
	}
	description := map[string]any{
		"IdentityPoolId": p.ID, "IdentityPoolName": p.Name,
		"AllowUnauthenticatedIdentities": p.Settings.Guests,
		"CognitoIdentityProviders":       p.providers(),
	}
	if p.Settings.FacebookAppID != "" {
		description["SupportedLoginProviders"] = map[string]string{facebook: p.Settings.FacebookAppID}
	}
	return description, nil
}

type provider struct {
	ProviderName, ClientId string
	ServerSideTokenCheck   bool
}

// providers are the app clients of the user pool.
func (p *Pool) providers() (all []provider) {
	for _, id := range p.UserPool.AppClients() {
		all = append(all, provider{p.UserPool.Provider(), id, true})
	}
	return all
}

// getRoles is GetIdentityPoolRoles. The CDK app makes both roles, with and without guests.
func (p *Pool) getRoles(_ *http.Request, in poolInput) (any, error) {
	if err := p.known(in.IdentityPoolId, nil); err != nil {
		return nil, err
	}
	roles := map[string]string{authenticated: p.role(authenticated), unauthenticated: p.role(unauthenticated)}
	return map[string]any{"IdentityPoolId": p.ID, "Roles": roles}, nil
}

package cognito

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"time"
	"uuid"

	"poolpost/local/srp"
)

// A proof is one proof of a password by SRP that is under way.
type proof struct {
	server   *srp.Server
	public   *big.Int // the app's
	identity string   // whose password it is
}

// The timestamp of an answer may be this far from the pool's time (derived: a signature is worth
// nothing later than the session that it answers).
const maxSkew = 5 * time.Minute

// startSRP is the flow USER_SRP_AUTH (developer guide, "SRP-based authentication"). Nobody learns
// whether there is a user: "Managing user existence error responses" says that for a name that no
// user has, the salt and the user ID are made up, and are the same each time.
func (p *Pool) startSRP(in initiateAuthInput) (any, error) {
	if err := required(in.AuthParameters, "USERNAME", "SRP_A"); err != nil {
		return nil, err
	}
	username := in.AuthParameters["USERNAME"]
	u := p.find(username)
	name, password := p.madeUp(username)
	if u != nil && len(u.passwords) > 0 {
		name, password = u.name, u.password()
	} else {
		u = nil // nobody, or somebody without a password
	}
	a := attempt{user: u, clientID: in.ClientId, deviceKey: in.AuthParameters["DEVICE_KEY"]}
	return p.proofOf(a, passwordVerifier, p.poolName(), name, password, in.AuthParameters["SRP_A"], map[string]string{
		"USERNAME": name, "USER_ID_FOR_SRP": name,
	})
}

// proofOf asks for the proof of a password, that of the second part of the identity.
func (p *Pool) proofOf(a attempt, challenge, group, name string, password credential, public string, parameters map[string]string) (any, error) {
	theirs, err := srp.Public(public)
	if err != nil {
		return nil, invalidParameter("Invalid SRP_A") // RFC 5054 asks for a refusal; the text is our own
	}
	var server *srp.Server
	p.unlocked(func() { server, err = srp.NewServer(p.options.Rand, password.verifier()) })
	if err != nil {
		return nil, err
	}
	a.challenge, a.proof = challenge, proof{server, theirs, group + name}
	block, err := p.await(a)
	if err != nil {
		return nil, err
	}
	parameters["SRP_B"], parameters["SALT"], parameters["SECRET_BLOCK"] = server.Public(), password.salt.Text(16), block
	return authResult{ChallengeName: challenge, ChallengeParameters: parameters}, nil
}

// proven says whether an answer proves the password. An answer counts once.
func (p *Pool) proven(in challengeInput) (attempt, bool, error) {
	responses := in.ChallengeResponses
	if err := required(responses, "USERNAME", "PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"); err != nil {
		return attempt{}, false, err
	}
	at, err := time.Parse(srp.Layout, responses["TIMESTAMP"])
	if err != nil {
		// The text is observed.
		return attempt{}, false, invalidParameter("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
	}
	s, err := p.attemptOf(responses["PASSWORD_CLAIM_SECRET_BLOCK"], in.ChallengeName, in.ClientId)
	if err != nil {
		return attempt{}, false, err
	}
	s.used = true
	block, err := base64.StdEncoding.DecodeString(responses["PASSWORD_CLAIM_SECRET_BLOCK"])
	if err != nil {
		return attempt{}, false, err // the pool has made it
	}
	var ok bool
	p.unlocked(func() {
		key := s.proof.server.Key(s.proof.public)
		ok = srp.Verify(responses["PASSWORD_CLAIM_SIGNATURE"], key, s.proof.identity, block, responses["TIMESTAMP"])
	})
	return s.attempt, ok && p.now().Sub(at).Abs() <= maxSkew, nil
}

// provePassword answers PASSWORD_VERIFIER.
func (p *Pool) provePassword(in challengeInput) (any, error) {
	username := in.ChallengeResponses["USERNAME"]
	a, ok, err := p.proven(in)
	if err != nil {
		return nil, err
	}
	u, name := a.user, lower(username)
	if u != nil {
		name = u.name
	}
	if err := p.lockedOut(name); err != nil {
		return nil, err
	}
	if u != nil && u.status == unconfirmed && (ok || !p.options.HideUnconfirmed) {
		return nil, errNotConfirmed
	}
	if !ok || u == nil || p.find(username) != u {
		p.failed(name)
		return nil, errWrongCredentials
	}
	delete(p.lockouts, name)
	if err := p.maySignIn(u); err != nil {
		return nil, err
	}
	if key := in.ChallengeResponses["DEVICE_KEY"]; key != "" {
		a.deviceKey = key
	}
	return p.proceed(a)
}

// maySignIn refuses a user who knows the password; the texts are observed.
func (p *Pool) maySignIn(u *user) error {
	switch {
	case u.status == resetRequired:
		return failure("PasswordResetRequiredException", "Password reset required for the user")
	case u.status == forceChangePassword && !p.now().Before(u.temporaryUntil):
		return notAuthorized("Temporary password has expired and must be reset by an administrator.")
	}
	return nil
}

// madeUp are the user name and the password of a name that no user has.
func (p *Pool) madeUp(username string) (string, credential) {
	mac := hmac.New(sha256.New, p.secret[:])
	mac.Write([]byte(lower(username)))
	sum := mac.Sum(nil)
	var id uuid.UUID
	copy(id[:], sum)
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4 (RFC 9562)
	return id.String(), newCredential(new(big.Int).SetBytes(sum[16:]), new(big.Int).SetBytes(sum))
}

// poolName is the pool's part of an identity.
func (p *Pool) poolName() string {
	_, name, _ := strings.Cut(p.options.PoolID, "_")
	return name
}

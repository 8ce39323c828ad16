//go:build !nocaptcha

package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json/v2"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"poolpost/internal/altcha"
	"poolpost/internal/awsconfig"
	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/rules"
	"poolpost/internal/secret"
)

// The connections on which the first person is asked about are opened at the start, all at once. The
// secret itself is read with the first event that needs it. CAPTCHA_URL takes the place of the
// service's address, as AWS_ENDPOINT_URL takes that of AWS.
func init() {
	newCaptcha = func(c config.Captcha, secretID string) rules.Captcha {
		cfg := awsconfig.Load()
		key := secret.New(cfg, secretID)
		ctx := context.Background()
		var opening sync.WaitGroup
		defer opening.Wait()
		opening.Go(func() { awsconfig.Warm(ctx, cfg, secret.Endpoint(ctx, cfg.Region)) })
		if c.Provider == config.Altcha {
			return proofOfWork{key, time.Now}
		}
		s := newSiteverifier(c, key, os.Getenv("CAPTCHA_URL"))
		opening.Go(func() { awsconfig.Warm(ctx, aws.Config{HTTPClient: s.client}, s.url) })
		return s
	}
}

// proofOfWork is ALTCHA. A solution passes until its challenge expires: this is where a store would
// have to remember the signatures of those that were used, each with its sign-up.
type proofOfWork struct {
	secret *secret.Secret
	now    func() time.Time
}

func (p proofOfWork) Verify(ctx context.Context, proof, _ string) (string, error) {
	key, err := p.secret.Value(ctx)
	if err != nil {
		return "", err
	}
	return altcha.Verify(key, proof, p.now()), nil
}

// A siteverifier is a third party that checks proofs: siteverify, which all of them have in the same form.
type siteverifier struct {
	config config.Captcha
	secret *secret.Secret
	url    string
	client *http.Client
}

// The addresses of siteverify.
var siteverifyURLs = map[string]string{
	// Cloudflare, Turnstile, "Validate the token"
	config.Turnstile: "https://challenges.cloudflare.com/turnstile/v0/siteverify",
	// hCaptcha developer guide, "Verify the user response server side"
	config.HCaptcha: "https://api.hcaptcha.com/siteverify",
	// reCAPTCHA, "Verifying the user's response"
	config.Recaptcha: "https://www.google.com/recaptcha/api/siteverify",
}

func newSiteverifier(c config.Captcha, key *secret.Secret, address string) siteverifier {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.IdleConnTimeout = idleSiteverify
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return siteverifier{c, key, cmp.Or(address, siteverifyURLs[c.Provider]), &http.Client{Transport: transport, CheckRedirect: noRedirect}}
}

// idleSiteverify is how long a connection to a service is kept without use, by the clock on the wall: a
// frozen process does not feel time pass. A proof may not be sent twice.
const idleSiteverify = 5 * time.Second

// maxVerdict bounds what is read of an answer, in bytes; they have a few hundred.
const maxVerdict = 64 << 10

// What a service answers that is none.
const (
	errStatus = logging.Safe("the service failed")
	errForm   = logging.Safe("the answer is not a verdict in JSON")
)

// A verdict is the answer of siteverify.
type verdict struct {
	Success    *bool    `json:"success"`
	Hostname   string   `json:"hostname"`
	Action     string   `json:"action"` // Turnstile, reCAPTCHA v3
	Score      float64  `json:"score"`  // reCAPTCHA v3
	ErrorCodes []string `json:"error-codes"`
}

// Verify asks the service once.
func (s siteverifier) Verify(ctx context.Context, proof, signUp string) (string, error) {
	key, err := s.secret.Value(ctx)
	if err != nil {
		return "", err
	}
	form := url.Values{"secret": {key}, "response": {proof}}
	switch s.config.Provider {
	case config.Turnstile:
		// The others have nothing like it.
		form.Set("idempotency_key", idempotencyKey(signUp, proof))
	case config.HCaptcha:
		form.Set("sitekey", s.config.SiteKey) // a proof for another site is none
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := s.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(http.MaxBytesReader(nil, response.Body, maxVerdict))
	if err != nil {
		return "", err
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	var v verdict
	switch {
	case response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests:
		return "", errStatus
	case kind == "application/json" && json.Unmarshal(text, &v) == nil && v.Success != nil:
		return s.judge(v)
	case response.StatusCode == http.StatusBadRequest || response.StatusCode == http.StatusRequestEntityTooLarge:
		return "bad-request", nil // nothing in it but the proof is a stranger's
	default:
		return "", errForm
	}
}

// ours are the error codes of which somebody who signs up can cause none.
var ours = map[string]logging.Safe{
	"missing-input-secret": "the service refuses our key",
	"invalid-input-secret": "the service refuses our key",
	"missing-sitekey":      "the service refuses our site key",
	"invalid-sitekey":      "the service refuses our site key",
	"internal-error":       errStatus,
}

// judge is why a verdict is no yes. A service says yes to every page that has the site key, and to
// every action on it.
func (s siteverifier) judge(v verdict) (string, error) {
	switch {
	case !*v.Success:
		for _, code := range v.ErrorCodes {
			if err, ok := ours[code]; ok {
				return "", err
			}
		}
		return reasonOf(v.ErrorCodes), nil
	case !slices.Contains(s.config.Hosts, strings.ToLower(v.Hostname)):
		return "hostname", nil
	case v.Action != s.config.Action && s.config.Action != "":
		return "action", nil
	case v.Score*100 < float64(s.config.MinScore):
		return "score", nil
	}
	return "", nil
}

// reasonOf is a word for the log: the first error code, if it looks like one.
func reasonOf(codes []string) string {
	const other = "refused"
	if len(codes) == 0 || codes[0] == "" || len(codes[0]) > 40 {
		return other
	}
	if strings.ContainsFunc(codes[0], func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') }) {
		return other
	}
	return codes[0]
}

// idempotencyKey is a UUID (version 8, RFC 9562) that is the same when Cognito repeats a sign-up. With
// another one, a proof that was used is refused.
func idempotencyKey(signUp, proof string) string {
	hash := sha256.Sum256([]byte(signUp + " " + proof))
	hash[6], hash[8] = hash[6]&0x0f|0x80, hash[8]&0x3f|0x80
	id := hex.EncodeToString(hash[:16])
	return strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
}

//go:build !noaltcha

package main

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"poolpost/internal/altcha"
	"poolpost/internal/awsconfig"
	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/secret"
)

func init() {
	newCaptcha = func(c config.Challenges, secretID string, log *logging.Logger) http.Handler {
		return captcha{c, secret.New(awsconfig.Load(), secretID), log, time.Now}
	}
}

// captcha answers with a new challenge, for the pages of the settings' clients: the request needs no
// preflight (Fetch standard, "CORS-safelisted method"), and other origins get no permission to read.
// That keeps honest pages apart; a program can have a challenge whatever it sends.
type captcha struct {
	config config.Challenges
	secret *secret.Secret
	log    *logging.Logger
	now    func() time.Time
}

// secretLimit is how long a challenge may take to be made. Most need no secret to be read.
const secretLimit = 2 * time.Second

func (c captcha) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	line := logging.Line{Trigger: r.Method, Outcome: "challenge"}
	start := c.log.Start()
	defer func() { c.log.Event(r.Context(), start, line) }()
	header := w.Header()
	maps.Copy(header, secureHeader)
	header.Set("Content-Type", "application/json")
	header.Set("Vary", "Origin")
	if origin := r.Header.Get("Origin"); slices.Contains(c.config.Origins, origin) {
		header.Set("Access-Control-Allow-Origin", origin)
	}
	text, err := c.challenge(r.Context())
	if err != nil {
		line.Outcome, line.Err = config.CaptchaUnavailable, err
		header.Set("Retry-After", "10")
		w.WriteHeader(http.StatusServiceUnavailable)
		text = []byte(`{"error":"try again in a moment"}`)
	}
	_, _ = w.Write(text)
}

func (c captcha) challenge(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, secretLimit)
	defer cancel()
	key, err := c.secret.Value(ctx)
	if err != nil {
		return nil, err
	}
	return altcha.Challenge(key, c.config.Difficulty, c.now().Add(time.Duration(c.config.ExpiryMinutes)*time.Minute))
}

package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"

	"poolpost/internal/config"
)

// A clientSecret is that of an app client, in AWS Secrets Manager. It is read when it is first
// needed, and again after some minutes: it may have been replaced since.
type clientSecret interface {
	Value(ctx context.Context) (string, error)
}

// newSecrets asks Secrets Manager for secrets by name. A build with the tag nosecrets leaves it
// out.
var newSecrets func(names []string) map[string]clientSecret

// secretNames are the names of the secrets that clients have.
func secretNames(clients []config.Client) (names []string) {
	for _, c := range clients {
		if c.Existing.Secret != "" {
			names = append(names, c.Existing.Secret)
		}
	}
	return names
}

// secretHash proves that a request comes from the app client (Cognito developer guide, "Computing
// secret hash values").
func secretHash(secret string, in userRequest) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(in.Username + in.ClientId))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// isWrongSecret reports whether the settings have another secret of the client than Cognito, or
// none. The texts are observed: "Unable to verify secret hash for client …", "SecretHash does not
// match for the client: …", "Client … is configured with secret but SECRET_HASH was not received".
func isWrongSecret(err error) bool {
	e, ok := errors.AsType[*cognitoError](err)
	if !ok || e.code != "NotAuthorizedException" {
		return false
	}
	text := strings.ToLower(strings.NewReplacer(" ", "", "_", "").Replace(e.message))
	return strings.Contains(text, "secrethash")
}

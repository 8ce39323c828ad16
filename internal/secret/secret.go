// Package secret reads a secret of AWS Secrets Manager when it is first needed.
package secret

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"poolpost/internal/awsconfig"
	"poolpost/internal/logging"
)

// A Secret is a plain text. Several events may ask for it at once.
type Secret struct {
	id     string // name or ARN
	client *secretsmanager.Client
	now    func() time.Time

	mu    sync.Mutex
	value string
	read  time.Time
}

const (
	// maxAge is how long a secret is used before it is read again: it may have been rotated.
	maxAge = 5 * time.Minute
	// again is how long that may take. A person waits, and the last value may still be right.
	again = 300 * time.Millisecond
)

// errEmpty is for a secret that is binary, or has no text.
const errEmpty = logging.Safe("the key has no text")

// New reads nothing yet.
func New(cfg aws.Config, id string) *Secret {
	return &Secret{id: id, client: secretsmanager.NewFromConfig(awsconfig.WithReconnect(cfg)), now: time.Now}
}

// Value is GetSecretValue, at most every few minutes. While Secrets Manager does not answer, the value
// is the last one.
func (s *Secret) Value(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value != "" && s.now().Sub(s.read) < maxAge {
		return s.value, nil
	}
	if s.value != "" {
		limited, cancel := context.WithTimeout(ctx, again)
		defer cancel()
		ctx = limited
	}
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.id})
	var value string
	if err == nil {
		value = strings.TrimSpace(aws.ToString(out.SecretString))
	}
	switch {
	case value != "":
		s.value = value
	case s.value != "": // and is kept
	case err == nil:
		return "", errEmpty
	default:
		return "", err
	}
	s.read = s.now()
	return s.value, nil
}

// Endpoint is where secrets of a region are read.
func Endpoint(ctx context.Context, region string) string {
	endpoint, err := secretsmanager.NewDefaultEndpointResolverV2().ResolveEndpoint(
		ctx, secretsmanager.EndpointParameters{Region: &region}.WithDefaults())
	if err != nil {
		return ""
	}
	return endpoint.URI.String()
}

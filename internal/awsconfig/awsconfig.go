// Package awsconfig is the configuration for calls to AWS out of a function's
// environment, without the search through files and endpoints that the SDK's default
// configuration does at start. Functions that call nothing do not link it.
package awsconfig

import (
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Load returns the SDK's configuration from the variables that Lambda sets for the
// function's role. AWS_ENDPOINT_URL, the SDKs' own variable, leads all calls to
// another address.
func Load() aws.Config {
	cfg := aws.Config{
		Region: os.Getenv("AWS_REGION"),
		Credentials: credentials.NewStaticCredentialsProvider(
			os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
	}
	if endpoint := os.Getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		cfg.BaseEndpoint = aws.String(endpoint)
	}
	return cfg
}

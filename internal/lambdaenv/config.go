// Package lambdaenv reads what Lambda gives a function: its environment variables, the
// configuration for calls to AWS, and the deadline of an invocation. It does not search
// files and endpoints at start, as the SDK's default configuration does.
package lambdaenv

import (
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Config is the SDK's configuration from the variables that Lambda sets for the
// function's role. AWS_ENDPOINT_URL, the SDKs' own variable, leads all calls to
// another address.
func Config() aws.Config {
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

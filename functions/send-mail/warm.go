package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"poolpost/internal/awscall"
)

// warm opens the connections to SES, and to KMS when codes are opened, in the
// HTTP client of the configuration.
func warm(cfg aws.Config, codes bool) {
	services := []*awscall.Service{awscall.New(cfg, "email", "ses")}
	if codes {
		services = append(services, awscall.New(cfg, "kms", "kms"))
	}
	awscall.Warm(context.Background(), services...)
}

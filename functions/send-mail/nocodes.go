//go:build nocodes

package main

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// newCodes cannot be: this binary was built for a pool whose mail Cognito sends.
func newCodes(aws.Config, string, string) (opener, error) {
	return nil, errors.New("send-mail was built with the tag nocodes and cannot open Cognito's codes: build it without")
}

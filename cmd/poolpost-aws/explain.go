package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
)

// A credentialsError says that no credentials were found, or that those of a profile could not be
// had.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return "find AWS credentials: " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// A regionError says that good credentials are refused in a region.
type regionError struct{ region string }

func (e *regionError) Error() string {
	return fmt.Sprintf("region %s is not enabled in this account: enable it in the console (Account, AWS Regions), "+
		"or set another pool.region", e.region)
}

// Codes of errors, which differ from service to service.
var (
	unknownKey = []string{"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"}
	expiredKey = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
	wrongKey   = []string{"SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "IncompleteSignatureException"}
	noKey      = []string{"MissingAuthenticationToken", "MissingAuthenticationTokenException"}
	refusedKey = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "AuthorizationErrorException"}
	throttled  = []string{"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException"}
)

const getCredentials = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; aws configure and aws sso login make a profile"

// explain turns an error of AWS into one line that names the cause and the remedy. What AWS says of
// a refusal is left out, since it quotes the user's ARN.
func explain(err error) error {
	if err == nil {
		return nil
	}
	operation, doing := "", ""
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		operation = op.ServiceID + " " + op.OperationName
		doing, _, _ = strings.Cut(err.Error(), op.Error())
	}
	var invalid *ssocreds.InvalidTokenError
	var profile config.SharedConfigProfileNotExistError
	var noPrompt config.AssumeRoleTokenProviderNotSetError
	var network net.Error
	_, isCredentials := errors.AsType[*credentialsError](err)
	switch {
	case errors.As(err, &profile):
		return fmt.Errorf("there is no AWS profile %s: set AWS_PROFILE to one that aws configure list-profiles lists", profile.Profile)
	case errors.As(err, &noPrompt):
		return errors.New(`the AWS profile asks for an MFA code: run eval "$(aws configure export-credentials --format env)" first`)
	case errors.As(err, &invalid), isCredentials && strings.Contains(err.Error(), "SSO token"), // of a session that has no token yet
		isCredentials && hasCode(err, "InvalidGrantException", "UnauthorizedException"):
		return errors.New("the AWS sign-in has expired: run aws sso login")
	case hasCode(err, expiredKey...):
		return errors.New("the AWS credentials have expired: run aws sso login, or get new ones as you got these")
	case hasCode(err, unknownKey...):
		return errors.New("AWS does not know these credentials: check AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN")
	case hasCode(err, wrongKey...):
		return errors.New("AWS refuses the signature: check AWS_SECRET_ACCESS_KEY, and the clock of this machine")
	case hasCode(err, noKey...):
		return errors.New("there are no AWS credentials: " + getCredentials)
	case hasCode(err, refusedKey...):
		return fmt.Errorf("%sthese credentials may not call %s: allow it to their role or user, or take others (AWS_PROFILE)", doing, operation)
	case hasCode(err, throttled...):
		return fmt.Errorf("%sAWS throttles %s: try again in a minute", doing, operation)
	}
	if isCredentials {
		if text := oneLine(err.Error()); !strings.Contains(text, "no EC2 IMDS role found") && !strings.Contains(text, "IMDS") {
			return fmt.Errorf("there are no AWS credentials: %s (%s)", getCredentials, text)
		}
		return errors.New("there are no AWS credentials: " + getCredentials)
	}
	if operation != "" {
		switch {
		case errors.Is(err, context.Canceled):
			return fmt.Errorf("%s%s was interrupted", doing, operation)
		case errors.As(err, &network), errors.Is(err, context.DeadlineExceeded):
			return fmt.Errorf("%s%s cannot be reached: check pool.region, the network and HTTPS_PROXY (%s)", doing, operation, oneLine(innermost(err).Error()))
		}
		if api, ok := errors.AsType[smithy.APIError](err); ok {
			return fmt.Errorf("%s%s: %s: %s", doing, operation, api.ErrorCode(), oneLine(api.ErrorMessage()))
		}
	}
	return err
}

// hasCode reports whether AWS answered with one of these codes.
func hasCode(err error, codes ...string) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains(codes, api.ErrorCode())
}

func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

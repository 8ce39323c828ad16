package main

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"poolpost/internal/logging"
)

// Errors of our own. All but the first are permanent.
const (
	errNoKey      = logging.Safe("the mail has a code, and send-mail has no key to open it")
	errCode       = logging.Safe("the code is not as Cognito encrypts it")
	errNoCode     = logging.Safe("the entry of the mail queue has no code")
	errKind       = logging.Safe("the mail queue holds a kind of mail that send-mail does not send")
	errNoUser     = logging.Safe("the entry of the mail queue does not say whose sessions end")
	errAddress    = logging.Safe("SES cannot send to the address")
	errNoAddress  = logging.Safe("the entry of the mail queue has no address")
	errFile       = logging.Safe("a file of send-mail cannot be read")
	errUnreadable = logging.Safe("the entry of the mail queue cannot be decoded")
)

// Outcomes of a mail that was not sent, in log and metrics.
const (
	throttled   = "throttled"
	unavailable = "unavailable"
	paused      = "paused"
	quota       = "daily-quota"
	refused     = "refused"
	failed      = logging.Failed
	givenUp     = "given-up" // a dead letter after the last attempt
)

// A retryPolicy is what happens to a mail that was not sent.
type retryPolicy struct {
	permanent bool // the mail is a dead letter at once
	account   bool // SES would not send any mail of this account
	// The delay is minDelay after the first attempt, and doubles with each further one
	// up to maxDelay.
	minDelay, maxDelay time.Duration
}

// policies are the retry policies by outcome: the table in docs/mail.md.
var policies = map[string]retryPolicy{
	throttled:   {minDelay: 2 * time.Second, maxDelay: 5 * time.Minute},
	unavailable: {minDelay: 5 * time.Second, maxDelay: time.Hour},
	paused:      {minDelay: 5 * time.Minute, maxDelay: time.Hour, account: true},
	quota:       {minDelay: 5 * time.Minute, maxDelay: time.Hour, account: true},
	refused:     {permanent: true},
	failed:      {minDelay: 30 * time.Second, maxDelay: time.Hour},
}

// delay is the time until the next attempt, after a number of receives.
func (p retryPolicy) delay(receives int) time.Duration {
	delay := p.minDelay
	for range receives - 1 {
		if delay = 2 * delay; delay >= p.maxDelay {
			return p.maxDelay
		}
	}
	return delay
}

// codeOutcomes are the outcomes by the code of an AWS error (SES API v2 reference,
// SendEmail; KMS API reference, Decrypt). Codes that are not here are failures that
// somebody may fix, such as a missing permission or configuration set.
var codeOutcomes = map[string]string{
	"SendingPausedException":     paused,
	"AccountSuspendedException":  paused,
	"LimitExceededException":     quota,
	"MessageRejected":            refused,
	"BadRequestException":        refused,
	"InvalidCiphertextException": refused,
	"IncorrectKeyException":      refused,
	"KeyUnavailableException":    unavailable,
	"DependencyTimeoutException": unavailable,
	"KMSInternalException":       unavailable,
}

// classify returns the outcome for an error.
func classify(err error) string {
	if own, ok := errors.AsType[logging.Safe](err); ok {
		if own == logging.ErrPanic || own == errNoKey {
			return failed
		}
		return refused
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		// SES has one code for the rate of a second and for the quota of a day, and
		// the text is what differs (developer guide, "Errors related to the sending
		// quotas for your Amazon SES account").
		if strings.Contains(api.ErrorMessage(), "Daily message quota exceeded") {
			return quota
		}
		if outcome, ok := codeOutcomes[api.ErrorCode()]; ok {
			return outcome
		}
		if _, ok := retry.DefaultThrottleErrorCodes[api.ErrorCode()]; ok {
			return throttled
		}
	}
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		switch status := response.HTTPStatusCode(); {
		case status == http.StatusTooManyRequests:
			return throttled
		case status >= 500 || status < 300: // a response that was cut off has status 200
			return unavailable
		}
	}
	_, unsent := errors.AsType[*smithyhttp.RequestSendError](err)
	if unsent || logging.IsTimeout(err) {
		return unavailable
	}
	return failed
}

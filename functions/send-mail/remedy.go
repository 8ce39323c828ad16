package main

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"poolpost/internal/logging"
)

// Errors of our own. All but the first two are those of a mail that will never
// be one.
const (
	errPanic      = logging.Safe("panic")
	errNoCodes    = logging.Safe("the mail has a code, and send-mail has no key to open it")
	errCode       = logging.Safe("the code is not as Cognito encrypts it")
	errNoCode     = logging.Safe("the entry of the mail queue has no code")
	errKind       = logging.Safe("the mail queue holds a kind of mail that send-mail does not send")
	errAddress    = logging.Safe("the address is none that SES can send to")
	errNoAddress  = logging.Safe("the entry of the mail queue has no address")
	errFile       = logging.Safe("a file of send-mail cannot be read")
	errUnreadable = logging.Safe("the entry of the mail queue cannot be decoded")
)

// A remedy is what helps when a mail was not sent: its outcome in log and
// metrics, and whether and when to try again.
type remedy struct {
	outcome string
	dead    bool // trying again never helps: the mail is a dead letter at once
	account bool // no mail of this account would be sent
	// The time to wait is least after the first receive, and doubles with each
	// further one up to most.
	least, most time.Duration
}

const (
	failed      = "failed"
	throttled   = "throttled"
	unavailable = "unavailable"
	paused      = "paused"
	quota       = "daily-quota"
	refused     = "refused"
	givenUp     = "given-up" // a dead letter after the last attempt
)

// remedies are the rows of the table in docs/mail.md.
var remedies = map[string]remedy{
	throttled:   {outcome: throttled, least: 2 * time.Second, most: 5 * time.Minute},
	unavailable: {outcome: unavailable, least: 5 * time.Second, most: time.Hour},
	paused:      {outcome: paused, account: true, least: 5 * time.Minute, most: time.Hour},
	quota:       {outcome: quota, account: true, least: 5 * time.Minute, most: time.Hour},
	refused:     {outcome: refused, dead: true},
	failed:      {outcome: failed, least: 30 * time.Second, most: time.Hour},
}

// wait is the time until the next attempt, after a number of receives.
func (r remedy) wait(receives int) time.Duration {
	wait := r.least
	for range receives - 1 {
		wait = min(2*wait, r.most)
	}
	return wait
}

// reasonOf is what a dead letter carries, for those who list them: words only, so
// no path.
func reasonOf(err error) string {
	var file *fs.PathError
	if errors.As(err, &file) {
		err = errFile
	}
	return logging.Reason(err)
}

// outcomes are the outcomes by the code of an AWS error (SES API v2 reference,
// SendEmail; KMS API reference, Decrypt). Codes that are not here are failures
// which may be mended, such as a missing permission or configuration set.
var outcomes = map[string]string{
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

// remedyFor sorts an error by what helps.
func remedyFor(err error) remedy { return remedies[outcomeOf(err)] }

func outcomeOf(err error) string {
	var own logging.Safe
	if errors.As(err, &own) {
		if own == errPanic || own == errNoCodes {
			return failed
		}
		return refused
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		// SES has one code for the rate of a second and for the quota of a day, and
		// tells them apart in the text (developer guide, "Errors related to the
		// sending quotas for your Amazon SES account").
		if strings.Contains(api.ErrorMessage(), "Daily message quota exceeded") {
			return quota
		}
		if outcome, ok := outcomes[api.ErrorCode()]; ok {
			return outcome
		}
		if _, ok := retry.DefaultThrottleErrorCodes[api.ErrorCode()]; ok {
			return throttled
		}
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		switch status := response.HTTPStatusCode(); {
		case status == http.StatusTooManyRequests:
			return throttled
		case status >= 500 || status < 300: // an answer that broke off is one with status 200
			return unavailable
		}
	}
	var request *smithyhttp.RequestSendError
	var timeout interface{ Timeout() bool }
	if errors.As(err, &request) || errors.As(err, &timeout) && timeout.Timeout() {
		return unavailable
	}
	return failed
}

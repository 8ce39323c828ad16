package main

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
)

type sender interface {
	SendEmail(context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error)
}

type handler struct {
	composer composer
	ses      sender
	queues   queues
	log      *logging.Logger
	now      func() time.Time
}

const (
	// mailTimeout is the time for one mail, so that one which SES is slow to take
	// does not cost those behind it theirs.
	mailTimeout = 10 * time.Second
	// A mail that failed is given up after both: SQS also counts the receives in which
	// a mail only waited behind another of its person, and that one may have taken the
	// time.
	minAttempts    = 5
	minFailureTime = 10 * time.Minute
	// maxAge ends long before the 14 days after which the queue drops a mail.
	maxAge = 3 * 24 * time.Hour
)

// Handle sends the mails of one event. It reports those that have to come again,
// so that only they do; behind one that failed, mails of the same person wait,
// because a FIFO queue keeps their order.
//
// A mail that was sent, and not yet acknowledged when the function died, is
// sent again: SQS delivers at least once.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	// Time to report what was sent: a batch that is cut off comes again whole.
	sending, cancel := lambdaenv.BeforeDeadline(ctx, 2*time.Second)
	defer cancel()
	var reply events.SQSEventResponse
	b := batch{waiting: map[string]time.Duration{}}
	for _, record := range event.Records {
		group := record.Attributes["MessageGroupId"]
		delay, skip := b.skip(group)
		if !skip && sending.Err() == nil {
			policy, retry := h.process(sending, record)
			if !retry {
				continue
			}
			delay = b.failed(policy, receives(record))
		}
		b.waiting[group] = delay
		h.queues.changeVisibility(ctx, record, delay)
		failure := events.SQSBatchItemFailure{ItemIdentifier: record.MessageId}
		reply.BatchItemFailures = append(reply.BatchItemFailures, failure)
	}
	return reply, nil
}

// A batch is what failures mean for the mails behind them.
type batch struct {
	waiting map[string]time.Duration // the delay, by message groups with a failure
	paused  time.Duration            // until SES may accept a mail of this account again
}

// skip reports whether a mail of a group has to wait without an attempt, and for how long.
func (b *batch) skip(group string) (delay time.Duration, skip bool) {
	if delay, ok := b.waiting[group]; ok {
		return delay, true
	}
	return b.paused, b.paused > 0
}

// failed returns the delay of a mail that has to be tried again.
func (b *batch) failed(policy retryPolicy, receives int) time.Duration {
	delay := policy.delay(receives)
	if policy.account {
		b.paused = delay
	}
	return delay
}

// process sends one mail, or makes it a dead letter. If neither worked, or the mail is
// to be tried again, it returns the retry policy.
func (h *handler) process(ctx context.Context, record events.SQSMessage) (policy retryPolicy, retry bool) {
	policy, retry = policies[failed], true
	_ = h.log.Record(ctx, func(line *logging.Line) error {
		err := logging.Recover(func() error { return h.send(ctx, record.Body, line) })
		if err == nil {
			line.Outcome, retry = "sent", false
			return nil
		}
		outcome := classify(err)
		policy, line.Outcome = policies[outcome], outcome
		switch {
		case !h.shouldRetry(record, outcome):
			deadLetterErr := h.queues.deadLetter(ctx, record, deadLetterReason(err))
			if deadLetterErr != nil {
				policy, line.Outcome = policies[failed], failed
				return deadLetterErr
			}
			retry = false
			if !policy.permanent {
				line.Outcome = givenUp
			}
		case outcome != failed:
			line.Warning = err // not an error: waiting helps
			return nil
		}
		return err
	})
	return policy, retry
}

// shouldRetry reports whether a mail that was not sent shall be tried again.
func (h *handler) shouldRetry(record events.SQSMessage, outcome string) bool {
	if policies[outcome].permanent {
		return false
	}
	sent, err := strconv.ParseInt(record.Attributes["SentTimestamp"], 10, 64)
	age := h.now().Sub(time.UnixMilli(sent))
	if outcome == failed && receives(record) >= minAttempts && age >= minFailureTime {
		return false
	}
	return err != nil || age < maxAge
}

// receives is how often a mail was received, this time included.
func receives(record events.SQSMessage) int {
	n, _ := strconv.Atoi(record.Attributes["ApproximateReceiveCount"]) // without one it is the first time
	return max(1, n)
}

func (h *handler) send(ctx context.Context, body string, line *logging.Line) error {
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	entry, err := mail.Decode(body)
	if err != nil {
		return errUnreadable
	}
	input, err := h.composer.compose(ctx, entry, line)
	if err != nil {
		return err
	}
	_, err = h.ses.SendEmail(ctx, input)
	return err
}

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
	services
	queues queues
	log    *logging.Logger
	now    func() time.Time
}

// services do what entries ask for.
type services struct {
	ses      sender
	sessions sessions
}

const (
	// mailTimeout is the time for one email, so that one which SES is slow to take
	// does not cost those behind it theirs.
	mailTimeout = 10 * time.Second
	// An email that failed is given up after both: SQS also counts the receives in which
	// an email only waited behind another of its person, and that one may have taken the
	// time.
	minAttempts    = 5
	minFailureTime = 10 * time.Minute
	// maxAge ends long before the 14 days after which the queue drops an email.
	maxAge = 3 * 24 * time.Hour
)

// Handle sends the emails of one event. It reports those that have to come again,
// so that only they do; behind one that failed, emails of the same person wait,
// because a FIFO queue keeps their order.
//
// An email is deleted before the next one is sent, so that a function that dies has at most
// one in hand that SES accepted and that comes again.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	// Time to delete the last email, and to delay those that have to come again.
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

// A batch is what failures mean for the emails behind them.
type batch struct {
	waiting map[string]time.Duration // the delay, by message groups with a failure
	paused  time.Duration            // until SES may accept an email of this account again
}

// skip reports whether an email of a group has to wait without an attempt, and for how long.
func (b *batch) skip(group string) (delay time.Duration, skip bool) {
	if delay, ok := b.waiting[group]; ok {
		return delay, true
	}
	return b.paused, b.paused > 0
}

// failed returns the delay of an email that has to be tried again.
func (b *batch) failed(policy retryPolicy, receives int) time.Duration {
	delay := policy.delay(receives)
	if policy.account {
		b.paused = delay
	}
	return delay
}

// process sends one email, or makes it a dead letter, and takes it off the queue. If neither
// worked, or the email is to be tried again, it returns the retry policy.
func (h *handler) process(ctx context.Context, record events.SQSMessage) (policy retryPolicy, retry bool) {
	policy, retry = policies[failed], true
	_ = h.log.Record(ctx, func(line *logging.Line) (err error) {
		policy, retry, err = h.attempt(ctx, record, line)
		if !retry {
			if err := h.queues.delete(ctx, record); err != nil {
				line.Warning = err // not an error: Lambda deletes it as well
			}
		}
		return err
	})
	return policy, retry
}

// attempt sends one email, or makes it a dead letter. Its error is what the log calls one.
func (h *handler) attempt(
	ctx context.Context, record events.SQSMessage, line *logging.Line,
) (policy retryPolicy, retry bool, err error) {
	err = logging.Recover(func() error { return h.do(ctx, record.Body, line) })
	if err == nil {
		return policy, false, nil
	}
	outcome := classify(err)
	policy, line.Outcome = policies[outcome], outcome
	if h.shouldRetry(record, outcome) {
		if outcome == failed {
			return policy, true, err
		}
		line.Warning = err // not an error: waiting helps
		return policy, true, nil
	}
	if err := h.queues.deadLetter(ctx, record, deadLetterReason(err)); err != nil {
		line.Outcome = failed
		return policies[failed], true, err
	}
	if !policy.permanent {
		line.Outcome = givenUp
	}
	return policy, false, err
}

// shouldRetry reports whether an email that was not sent shall be tried again.
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

// receives is how often an email was received, this time included.
func receives(record events.SQSMessage) int {
	n, _ := strconv.Atoi(record.Attributes["ApproximateReceiveCount"]) // without one it is the first time
	return max(1, n)
}

// do does what an entry asks for.
func (h *handler) do(ctx context.Context, body string, line *logging.Line) error {
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	entry, err := mail.Decode(body)
	if err != nil {
		return errUnreadable
	}
	if entry.Kind == mail.EndSessions {
		line.Kind, line.Outcome = string(entry.Kind), "sessions-ended"
		return h.sessions.end(ctx, entry.User)
	}
	line.Outcome = "sent"
	input, err := h.composer.compose(ctx, entry, line)
	if err != nil {
		return err
	}
	_, err = h.ses.SendEmail(ctx, input)
	return err
}

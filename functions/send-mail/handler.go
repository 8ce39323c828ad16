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
	letters letters
	ses     sender
	queues  queues
	log     *logging.Logger
	now     func() time.Time
}

const (
	// sendLimit is the time for one mail, so that one which SES is slow to take
	// does not cost those behind it theirs.
	sendLimit = 10 * time.Second
	// A mail that fails for no reason that waiting mends is given up after both:
	// SQS also counts the receives in which a mail only waited behind another of
	// its person, and that one may have taken the time.
	attempts  = 5
	failedFor = 10 * time.Minute
	// patience ends long before the 14 days after which the queue drops a mail.
	patience = 3 * 24 * time.Hour
)

// Handle sends the mails of one batch. It reports those that have to come again,
// so that only they do; behind one that failed, mails of the same person wait,
// because a FIFO queue keeps their order.
//
// A mail that was sent, and not yet acknowledged when the function died, is
// sent again: SQS delivers at least once.
func (h *handler) Handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	// Time to report what was sent: a batch that is cut off comes again whole.
	sending, cancel := lambdaenv.BeforeDeadline(ctx, 2*time.Second)
	defer cancel()
	var reply events.SQSEventResponse
	waiting := map[string]time.Duration{} // message groups with a failure
	var closed time.Duration              // until SES may take a mail of this account again
	for _, record := range batch.Records {
		group := record.Attributes["MessageGroupId"]
		wait, behind := waiting[group]
		if !behind {
			wait = closed // none when the time is up: the mail was not tried
		}
		if !behind && closed == 0 && sending.Err() == nil {
			r, done := h.handle(sending, record)
			if done {
				continue
			}
			wait = r.wait(receives(record))
			if r.account {
				closed = wait
			}
		}
		waiting[group] = wait
		_ = h.queues.postpone(ctx, record, wait) // if it fails, the queue's own time is right too
		reply.BatchItemFailures = append(reply.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
	}
	return reply, nil
}

// handle sends one mail, or makes a dead letter of it, and reports whether it is
// done with. When it is not, the remedy says how long it has to wait.
func (h *handler) handle(ctx context.Context, record events.SQSMessage) (r remedy, done bool) {
	start := h.log.Start()
	line := logging.Line{Outcome: "sent"}
	defer func() { h.log.Event(ctx, start, line) }()
	err := h.send(ctx, record.Body, &line)
	if err == nil {
		return remedy{}, true
	}
	r = remedyFor(err)
	line.Outcome, line.Err = r.outcome, err
	if !r.dead && h.worthwhile(record, r) {
		if r.outcome != failed {
			line.Err, line.Warning = nil, err // waiting mends it
		}
		return r, false
	}
	if !r.dead {
		line.Outcome = givenUp
	}
	if err := h.queues.bury(ctx, record, reasonOf(err)); err != nil {
		line.Outcome, line.Err = failed, err
		return remedies[failed], false
	}
	return r, true
}

// worthwhile reports whether a mail that was not sent shall be tried again.
func (h *handler) worthwhile(record events.SQSMessage, r remedy) bool {
	sent, err := strconv.ParseInt(record.Attributes["SentTimestamp"], 10, 64)
	age := h.now().Sub(time.UnixMilli(sent))
	if r.outcome == failed && receives(record) >= attempts && age >= failedFor {
		return false
	}
	return err != nil || age < patience
}

// receives is how often a mail was received, this time included.
func receives(record events.SQSMessage) int {
	n, _ := strconv.Atoi(record.Attributes["ApproximateReceiveCount"]) // without one it is the first time
	return max(1, n)
}

func (h *handler) send(ctx context.Context, body string, line *logging.Line) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errPanic
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	entry, err := mail.Decode(body)
	if err != nil {
		return errUnreadable
	}
	input, err := h.letters.write(ctx, entry, line)
	if err != nil {
		return err
	}
	_, err = h.ses.SendEmail(ctx, input)
	return err
}

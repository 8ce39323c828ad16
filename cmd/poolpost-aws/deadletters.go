package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/mail"
)

// failureQueues are the two queues of a deployment that hold what failed: the dead-letter queue
// has the emails that send-mail could not send, and the on-failure destination has the events
// that Lambda gave up on because custom-email-sender or mail-feedback failed three times. The
// report has kinds, reasons, counts and ages, never what is in an email or whom it is for.
type failureQueues struct {
	mailURL, deadLetterURL, onFailureURL string

	sqs    *sqs.Client
	lambda *lambda.Client
	now    func() time.Time
}

const (
	maxRead   = 1000 // messages of a queue that are read; the others are only counted
	hiddenFor = 60   // seconds that a message is hidden while it is read or sent again
)

// A failure is the part of a message that is not personal.
type failure struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
}

var unreadable = failure{Kind: "unreadable"}

type queueReport struct {
	Count    int            `json:"count"`
	Failures []failureGroup `json:"failures"` // of the messages that were read
}

type failureGroup struct {
	failure
	Count         int     `json:"count"`
	OldestSeconds float64 `json:"oldestSeconds"`
}

// list reports what is in both queues, and changes nothing but SQS's count of receives.
func (q *failureQueues) list(ctx context.Context, out io.Writer, asJSON bool) error {
	var report struct {
		DeadLetters  queueReport `json:"deadLetters"`
		FailedEvents queueReport `json:"failedEvents"`
	}
	var err error
	if report.DeadLetters, err = q.read(ctx, q.deadLetterURL, failedEmail); err != nil {
		return err
	}
	if report.FailedEvents, err = q.read(ctx, q.onFailureURL, failedEvent); err != nil {
		return err
	}
	if asJSON {
		return cli.WriteJSON(out, report)
	}
	if err := report.DeadLetters.write(out, "emails that send-mail could not send"); err != nil {
		return err
	}
	return report.FailedEvents.write(out, "events that a function could not process")
}

func (q *failureQueues) read(ctx context.Context, url string, failureOf func(types.Message) failure) (queueReport, error) {
	count, _, err := q.queue(ctx, url)
	if err != nil {
		return queueReport{}, err
	}
	found := map[failure][]time.Time{}
	for seen := 0; seen < maxRead; {
		messages, err := q.receive(ctx, url)
		if err != nil {
			return queueReport{}, err
		}
		if len(messages) == 0 {
			break
		}
		for _, m := range messages {
			f := failureOf(m)
			found[f] = append(found[f], sent(m))
		}
		seen += len(messages)
		defer q.releaseMessages(ctx, url, messages)
	}
	report := queueReport{Count: count, Failures: []failureGroup{}}
	byKindAndReason := func(a, b failure) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason)) }
	for _, key := range slices.SortedFunc(maps.Keys(found), byKindAndReason) {
		oldest := q.now().Sub(slices.MinFunc(found[key], time.Time.Compare))
		report.Failures = append(report.Failures, failureGroup{key, len(found[key]), oldest.Round(time.Second).Seconds()})
	}
	return report, nil
}

func (r queueReport) write(out io.Writer, title string) error {
	fmt.Fprintf(out, "%d %s\n", r.Count, title)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, g := range r.Failures {
		oldest := time.Duration(g.OldestSeconds * float64(time.Second)).Round(time.Minute)
		fmt.Fprintf(table, "  %d\t%s\t%s\toldest %s\n", g.Count, g.Kind, g.Reason, oldest)
	}
	return table.Flush()
}

// redrive sends everything again. SQS moves the dead letters back to the mail queue. It moves
// nothing back to Lambda ("StartMessageMoveTask", SQS API reference), so the events are passed to
// their functions again.
func (q *failureQueues) redrive(ctx context.Context, out io.Writer) error {
	count, from, err := q.queue(ctx, q.deadLetterURL)
	if err != nil {
		return err
	}
	if count > 0 {
		_, to, err := q.queue(ctx, q.mailURL)
		if err != nil {
			return err
		}
		// With a destination, since SQS does not know the source of messages that
		// send-mail has put there itself (SQS developer guide, "Troubleshooting
		// dead-letter queue redrive", CouldNotDetermineMessageSource).
		_, err = q.sqs.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &from, DestinationArn: &to})
		if err != nil {
			return fmt.Errorf("move the dead letters back to the mail queue: %w", err)
		}
	}
	fmt.Fprintf(out, "%d emails are on their way back to the mail queue\n", count)
	return q.repeatEvents(ctx, out)
}

// repeatEvents invokes functions with their failed events. An event that fails again comes back
// to the queue and stays there. If redrive is interrupted before it deletes a message, the next
// redrive passes that event to its function again.
func (q *failureQueues) repeatEvents(ctx context.Context, out io.Writer) error {
	began := q.now()
	repeated, others := 0, 0
	for {
		messages, err := q.receive(ctx, q.onFailureURL)
		if err != nil {
			return err
		}
		messages = slices.DeleteFunc(messages, func(m types.Message) bool { return sent(m).After(began) })
		if len(messages) == 0 {
			break
		}
		for _, m := range messages {
			r, err := readRecord(m)
			if err != nil {
				others++
				continue
			}
			_, err = q.lambda.Invoke(ctx, &lambda.InvokeInput{
				FunctionName: &r.RequestContext.FunctionARN, Payload: r.RequestPayload,
				InvocationType: lambdatypes.InvocationTypeEvent,
			})
			if err != nil {
				return fmt.Errorf("repeat an event, after %d: %w", repeated, err)
			}
			_, err = q.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.onFailureURL, ReceiptHandle: m.ReceiptHandle})
			if err != nil {
				return fmt.Errorf("delete an event that was repeated: %w", err)
			}
			repeated++
		}
	}
	fmt.Fprintf(out, "%d events were passed to their functions again\n", repeated)
	if others > 0 {
		return fmt.Errorf("%d failed events are not records of Lambda, and stay in the queue", others)
	}
	return nil
}

// failedEmail reads the reason that send-mail has written beside an email. An email without one
// was received too often.
func failedEmail(m types.Message) failure {
	entry, err := mail.Decode(aws.ToString(m.Body))
	if err != nil {
		return unreadable
	}
	reason := cmp.Or(aws.ToString(m.MessageAttributes["reason"].StringValue), "tried too often")
	return failure{safe(string(entry.Kind)), safe(reason)}
}

// A record describes an asynchronous invocation that Lambda gave up on (Lambda developer
// guide, "Capturing records of Lambda asynchronous invocations").
type record struct {
	RequestContext struct {
		FunctionARN string `json:"functionArn"`
		Condition   string `json:"condition"` // RetriesExhausted or EventAgeExceeded
	} `json:"requestContext"`
	RequestPayload  json.RawMessage `json:"requestPayload"`
	ResponsePayload struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	} `json:"responsePayload"`
}

func readRecord(m types.Message) (record, error) {
	var r record
	if err := json.Unmarshal([]byte(aws.ToString(m.Body)), &r); err != nil {
		return r, err
	}
	if r.RequestContext.FunctionARN == "" || len(r.RequestPayload) == 0 {
		return r, errors.New("no function or no event")
	}
	return r, nil
}

// failedEvent reads what failed, and why, from the record of an event.
func failedEvent(m types.Message) failure {
	r, err := readRecord(m)
	if err != nil {
		return unreadable
	}
	var event struct {
		TriggerSource string `json:"triggerSource"` // from Cognito
		DetailType    string `json:"detail-type"`   // from EventBridge
	}
	if err := json.Unmarshal(r.RequestPayload, &event); err != nil {
		return unreadable
	}
	reason := cmp.Or(r.ResponsePayload.ErrorType, r.RequestContext.Condition)
	// aws-lambda-go reports the type of an error. Only the message of a logging.Safe is fit
	// for a log; another one may quote personal data.
	if reason == "Safe" {
		reason = r.ResponsePayload.ErrorMessage
	}
	return failure{safe(cmp.Or(event.TriggerSource, event.DetailType)), safe(reason)}
}

// safePattern leaves no room for an address, a link or a code.
var safePattern = regexp.MustCompile(`^[A-Za-z*][A-Za-z _.,:*-]{0,99}$`)

// safe returns a value from a message, unless it could be anything but a name or a reason.
func safe(s string) string {
	if safePattern.MatchString(s) {
		return s
	}
	return "unknown"
}

// sent is when SQS accepted a message.
func sent(m types.Message) time.Time {
	ms, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// receive hides and returns up to ten messages, or none if none are left. A FIFO queue returns
// no more of a person's messages while some of them are hidden.
func (q *failureQueues) receive(ctx context.Context, url string) ([]types.Message, error) {
	reply, err := q.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: hiddenFor, WaitTimeSeconds: 1,
		MessageAttributeNames:       []string{"reason"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp},
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", url, err)
	}
	return reply.Messages, nil
}

// releaseMessages makes messages visible again. If it fails, SQS does so when their visibility
// timeout ends.
func (q *failureQueues) releaseMessages(ctx context.Context, url string, messages []types.Message) {
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url}
	for i, m := range messages {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0,
		})
	}
	_, _ = q.sqs.ChangeMessageVisibilityBatch(ctx, in)
}

// queue returns how many messages a queue has, and its ARN.
func (q *failureQueues) queue(ctx context.Context, url string) (count int, arn string, err error) {
	const messages = types.QueueAttributeNameApproximateNumberOfMessages
	reply, err := q.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{messages, types.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return 0, "", fmt.Errorf("read the attributes of %s: %w", url, err)
	}
	count, err = strconv.Atoi(reply.Attributes[string(messages)])
	return count, reply.Attributes[string(types.QueueAttributeNameQueueArn)], err
}

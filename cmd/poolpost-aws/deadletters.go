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

// letters are the emails of one deployment that were not sent. They are in two queues: the
// dead-letter queue of the mail queue has those that send-mail could not send, and the failed
// events are those that Lambda gave up on because custom-email-sender or mail-feedback failed
// three times. The report has kinds, reasons, counts and ages, never what is in an email or
// whom it is for.
type letters struct {
	mails, dead, failed string // URLs of queues

	sqs    *sqs.Client
	lambda *lambda.Client
	now    func() time.Time
}

const (
	maxRead   = 1000 // messages of a queue that are read; the others are only counted
	hiddenFor = 60   // seconds that a message is hidden while it is read or sent again
)

// A letter is the part of a message that is not personal.
type letter struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
}

var unreadable = letter{Kind: "unreadable"}

type queueReport struct {
	Count   int           `json:"count"`
	Letters []letterGroup `json:"letters"` // of the messages that were read
}

type letterGroup struct {
	letter
	Count         int     `json:"count"`
	OldestSeconds float64 `json:"oldestSeconds"`
}

// list reports what is in both queues, and changes nothing but SQS's count of receives.
func (l *letters) list(ctx context.Context, out io.Writer, asJSON bool) error {
	var report struct {
		DeadLetters  queueReport `json:"deadLetters"`
		FailedEvents queueReport `json:"failedEvents"`
	}
	var err error
	if report.DeadLetters, err = l.read(ctx, l.dead, ofMail); err != nil {
		return err
	}
	if report.FailedEvents, err = l.read(ctx, l.failed, ofEvent); err != nil {
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

func (l *letters) read(ctx context.Context, url string, of func(types.Message) letter) (queueReport, error) {
	count, _, err := l.queue(ctx, url)
	if err != nil {
		return queueReport{}, err
	}
	found := map[letter][]time.Time{}
	for seen := 0; seen < maxRead; {
		messages, err := l.receive(ctx, url)
		if err != nil {
			return queueReport{}, err
		}
		if len(messages) == 0 {
			break
		}
		for _, m := range messages {
			found[of(m)] = append(found[of(m)], sent(m))
		}
		seen += len(messages)
		defer l.releaseMessages(ctx, url, messages)
	}
	report := queueReport{Count: count, Letters: []letterGroup{}}
	byKindAndReason := func(a, b letter) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason)) }
	for _, key := range slices.SortedFunc(maps.Keys(found), byKindAndReason) {
		oldest := l.now().Sub(slices.MinFunc(found[key], time.Time.Compare))
		report.Letters = append(report.Letters, letterGroup{key, len(found[key]), oldest.Round(time.Second).Seconds()})
	}
	return report, nil
}

func (r queueReport) write(out io.Writer, title string) error {
	fmt.Fprintf(out, "%d %s\n", r.Count, title)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, g := range r.Letters {
		oldest := time.Duration(g.OldestSeconds * float64(time.Second)).Round(time.Minute)
		fmt.Fprintf(table, "  %d\t%s\t%s\toldest %s\n", g.Count, g.Kind, g.Reason, oldest)
	}
	return table.Flush()
}

// redrive sends everything again. SQS moves the dead letters back to the mail queue. It moves
// nothing back to Lambda ("StartMessageMoveTask", SQS API reference), so the failed events are
// passed to their functions again.
func (l *letters) redrive(ctx context.Context, out io.Writer) error {
	count, from, err := l.queue(ctx, l.dead)
	if err != nil {
		return err
	}
	if count > 0 {
		_, to, err := l.queue(ctx, l.mails)
		if err != nil {
			return err
		}
		// With a destination, since SQS does not know the source of messages that
		// send-mail has put there itself (SQS developer guide, "Troubleshooting
		// dead-letter queue redrive", CouldNotDetermineMessageSource).
		_, err = l.sqs.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &from, DestinationArn: &to})
		if err != nil {
			return fmt.Errorf("move the dead letters back to the mail queue: %w", err)
		}
	}
	fmt.Fprintf(out, "%d emails are on their way back to the mail queue\n", count)
	return l.repeatEvents(ctx, out)
}

// repeatEvents invokes functions with their failed events. An event that fails again comes back
// to the queue and stays there. If redrive is interrupted before it deletes a message, the next
// redrive passes that event to its function again.
func (l *letters) repeatEvents(ctx context.Context, out io.Writer) error {
	began := l.now()
	repeated, others := 0, 0
	for {
		messages, err := l.receive(ctx, l.failed)
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
			_, err = l.lambda.Invoke(ctx, &lambda.InvokeInput{
				FunctionName: &r.RequestContext.FunctionARN, Payload: r.RequestPayload,
				InvocationType: lambdatypes.InvocationTypeEvent,
			})
			if err != nil {
				return fmt.Errorf("repeat an event, after %d: %w", repeated, err)
			}
			_, err = l.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &l.failed, ReceiptHandle: m.ReceiptHandle})
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

// ofMail takes the reason that send-mail has written beside an email. An email without one was
// received too often.
func ofMail(m types.Message) letter {
	entry, err := mail.Decode(aws.ToString(m.Body))
	if err != nil {
		return unreadable
	}
	reason := cmp.Or(aws.ToString(m.MessageAttributes["reason"].StringValue), "tried too often")
	return letter{word(string(entry.Kind)), word(reason)}
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

func ofEvent(m types.Message) letter {
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
	return letter{word(cmp.Or(event.TriggerSource, event.DetailType)), word(reason)}
}

// plain has no room for an address, a link or a code.
var plain = regexp.MustCompile(`^[A-Za-z*][A-Za-z _.,:*-]{0,99}$`)

// word is a value from a message, unless it could be something other than a name or a reason.
func word(s string) string {
	if plain.MatchString(s) {
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
func (l *letters) receive(ctx context.Context, url string) ([]types.Message, error) {
	reply, err := l.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
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
func (l *letters) releaseMessages(ctx context.Context, url string, messages []types.Message) {
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url}
	for i, m := range messages {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0,
		})
	}
	_, _ = l.sqs.ChangeMessageVisibilityBatch(ctx, in)
}

// queue returns how many messages a queue has, and its ARN.
func (l *letters) queue(ctx context.Context, url string) (count int, arn string, err error) {
	const messages = types.QueueAttributeNameApproximateNumberOfMessages
	reply, err := l.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{messages, types.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return 0, "", fmt.Errorf("read the attributes of %s: %w", url, err)
	}
	count, err = strconv.Atoi(reply.Attributes[string(messages)])
	return count, reply.Attributes[string(types.QueueAttributeNameQueueArn)], err
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
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

// letters are the mails of one deployment that were given up. They are in two queues:
// the dead letters of the mail queue, which send-mail could not send, and the failed
// events, which Lambda gave up because custom-email-sender or mail-feedback failed
// three times. What is told of them is kinds, reasons, counts and ages, never what is
// in a mail or whom it is for.
type letters struct {
	mails, dead, failed string // addresses of queues

	sqs    *sqs.Client
	lambda *lambda.Client
	now    func() time.Time
}

const (
	// listed is how many messages of a queue are looked at; the others are only
	// counted.
	listed = 1000
	// hidden is how long a message is hidden while it is looked at or sent again,
	// in seconds.
	hidden = 60
)

// A letter is what may be told of a message.
type letter struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
}

// A queueReport is what is in a queue.
type queueReport struct {
	Count   int           `json:"count"`
	Letters []letterGroup `json:"letters"` // of those that were looked at
}

type letterGroup struct {
	letter
	Count         int     `json:"count"`
	OldestSeconds float64 `json:"oldestSeconds"`
}

// list tells what is in both queues. Afterwards everything is there as before, except
// that SQS counts a receive.
func (l *letters) list(ctx context.Context, out io.Writer, asJSON bool) error {
	var report struct {
		DeadLetters  queueReport `json:"deadLetters"`
		FailedEvents queueReport `json:"failedEvents"`
	}
	var err error
	if report.DeadLetters, err = l.look(ctx, l.dead, ofMail); err != nil {
		return err
	}
	if report.FailedEvents, err = l.look(ctx, l.failed, ofEvent); err != nil {
		return err
	}
	if asJSON {
		return cli.WriteJSON(out, report)
	}
	if err := report.DeadLetters.write(out, "mails that send-mail could not send"); err != nil {
		return err
	}
	return report.FailedEvents.write(out, "events that a function could not take")
}

func (l *letters) look(ctx context.Context, url string, of func(types.Message) letter) (queueReport, error) {
	count, err := l.count(ctx, url)
	if err != nil {
		return queueReport{}, err
	}
	found := map[letter][]time.Time{}
	seen := 0
	for seen < listed {
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
	for _, key := range slices.SortedFunc(maps.Keys(found), func(a, b letter) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason))
	}) {
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

// redrive sends everything again. SQS moves the dead letters back to the mail
// queue by itself; the failed events are given to their functions once more, as
// SQS moves nothing back to Lambda ("StartMessageMoveTask", SQS API reference).
func (l *letters) redrive(ctx context.Context, out io.Writer) error {
	if err := l.moveMails(ctx, out); err != nil {
		return err
	}
	return l.repeatEvents(ctx, out)
}

func (l *letters) moveMails(ctx context.Context, out io.Writer) error {
	count, err := l.count(ctx, l.dead)
	if err != nil {
		return err
	}
	if count > 0 {
		from, err := l.arn(ctx, l.dead)
		if err != nil {
			return err
		}
		to, err := l.arn(ctx, l.mails)
		if err != nil {
			return err
		}
		// With a destination, since SQS does not know where those belong that
		// send-mail has put there itself (SQS developer guide, "Troubleshooting
		// dead-letter queue redrive", CouldNotDetermineMessageSource).
		_, err = l.sqs.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &from, DestinationArn: &to})
		if err != nil {
			return fmt.Errorf("move the dead letters back to the mail queue: %w", err)
		}
	}
	fmt.Fprintf(out, "%d mails are on their way back to the mail queue\n", count)
	return nil
}

// repeatEvents invokes functions with the events that they could not take. One
// that fails again comes back, and stays. When it is interrupted between an
// invocation and the end of its message, that event comes twice.
func (l *letters) repeatEvents(ctx context.Context, out io.Writer) error {
	began := l.now()
	repeated, unreadable := 0, 0
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
				unreadable++
				continue
			}
			_, err = l.lambda.Invoke(ctx, &lambda.InvokeInput{
				FunctionName: &r.RequestContext.FunctionARN, InvocationType: lambdatypes.InvocationTypeEvent, Payload: r.RequestPayload,
			})
			if err != nil {
				return fmt.Errorf("repeat an event, after %d: %w", repeated, err)
			}
			if _, err := l.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &l.failed, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return fmt.Errorf("delete an event that was repeated: %w", err)
			}
			repeated++
		}
	}
	fmt.Fprintf(out, "%d events were given to their functions again\n", repeated)
	if unreadable > 0 {
		return fmt.Errorf("%d messages of the failed events are none of Lambda's records, and stay there", unreadable)
	}
	return nil
}

// ofMail is what may be told of a mail. Its reason is what send-mail has written
// beside it; a mail without one was received too often.
func ofMail(m types.Message) letter {
	entry, err := mail.Decode(aws.ToString(m.Body))
	if err != nil {
		return letter{"unreadable", ""}
	}
	return letter{word(string(entry.Kind)), word(cmp.Or(aws.ToString(m.MessageAttributes["reason"].StringValue), "tried too often"))}
}

// A record is what Lambda tells of an asynchronous invocation that it gave up
// (Lambda developer guide, "Capturing records of Lambda asynchronous
// invocations").
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
		return r, fmt.Errorf("it lacks a function or an event")
	}
	return r, nil
}

// safe is the type of the errors whose message is fit for a log (package logging),
// as aws-lambda-go reports it.
const safe = "Safe"

// ofEvent is what may be told of a failed event. Other messages may quote what
// they are about; types do not.
func ofEvent(m types.Message) letter {
	r, err := readRecord(m)
	if err != nil {
		return letter{"unreadable", ""}
	}
	var event struct {
		TriggerSource string `json:"triggerSource"` // from Cognito
		DetailType    string `json:"detail-type"`   // from EventBridge
	}
	if err := json.Unmarshal(r.RequestPayload, &event); err != nil {
		return letter{"unreadable", ""}
	}
	reason := cmp.Or(r.ResponsePayload.ErrorType, r.RequestContext.Condition)
	if reason == safe {
		reason = r.ResponsePayload.ErrorMessage
	}
	return letter{word(cmp.Or(event.TriggerSource, event.DetailType)), word(reason)}
}

// plain has no room for an address, a link or a code.
var plain = regexp.MustCompile(`^[A-Za-z*][A-Za-z _.,:*-]{0,99}$`)

// word is a value from a message, unless it could be something else than the
// name or the reason that it should be.
func word(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "unknown"
}

// sent is when SQS took a message into the queue.
func sent(m types.Message) time.Time {
	ms, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// receive takes up to ten messages, which nobody else sees for a while; none
// when there are none left. Of a FIFO queue it takes no more of a person's
// messages while some of them are hidden.
func (l *letters) receive(ctx context.Context, url string) ([]types.Message, error) {
	reply, err := l.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: hidden, WaitTimeSeconds: 1,
		MessageAttributeNames:       []string{"reason"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp},
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", url, err)
	}
	return reply.Messages, nil
}

// releaseMessages lets messages be received again. When it cannot, SQS does so when
// their visibility timeout ends.
func (l *letters) releaseMessages(ctx context.Context, url string, messages []types.Message) {
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url}
	for i, m := range messages {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0,
		})
	}
	_, _ = l.sqs.ChangeMessageVisibilityBatch(ctx, in)
}

func (l *letters) count(ctx context.Context, url string) (int, error) {
	text, err := l.attribute(ctx, url, types.QueueAttributeNameApproximateNumberOfMessages)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

func (l *letters) arn(ctx context.Context, url string) (string, error) {
	return l.attribute(ctx, url, types.QueueAttributeNameQueueArn)
}

func (l *letters) attribute(ctx context.Context, url string, name types.QueueAttributeName) (string, error) {
	reply, err := l.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{name}})
	if err != nil {
		return "", fmt.Errorf("ask for the %s of %s: %w", name, url, err)
	}
	return reply.Attributes[string(name)], nil
}

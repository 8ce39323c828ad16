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

	"poolpost/internal/mail"
)

// letters are the mails of one deployment that were given up.
type letters struct {
	mails, dead, failed string // addresses of queues

	sqs    *sqs.Client
	lambda *lambda.Client
	now    func() time.Time
	out    io.Writer
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
type letter struct{ kind, reason string }

// list tells what lies in both queues. Afterwards everything lies there as
// before, except that SQS counts a receive.
func (l *letters) list(ctx context.Context) error {
	if err := l.listQueue(ctx, "mails that send-mail could not send", l.dead, ofMail); err != nil {
		return err
	}
	return l.listQueue(ctx, "events that a function could not take", l.failed, ofEvent)
}

func (l *letters) listQueue(ctx context.Context, title, url string, of func(types.Message) letter) error {
	count, err := l.count(ctx, url)
	if err != nil {
		return err
	}
	fmt.Fprintf(l.out, "%d %s\n", count, title)
	found := map[letter][]time.Time{}
	seen := 0
	for seen < listed {
		messages, err := l.receive(ctx, url)
		if err != nil {
			return err
		}
		if len(messages) == 0 {
			break
		}
		for _, m := range messages {
			found[of(m)] = append(found[of(m)], sent(m))
		}
		seen += len(messages)
		defer l.show(ctx, url, messages)
	}
	return l.print(found)
}

func (l *letters) print(found map[letter][]time.Time) error {
	table := tabwriter.NewWriter(l.out, 0, 0, 2, ' ', 0)
	for _, key := range slices.SortedFunc(maps.Keys(found), func(a, b letter) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.reason, b.reason))
	}) {
		times := found[key]
		oldest := l.now().Sub(slices.MinFunc(times, time.Time.Compare)).Round(time.Minute)
		fmt.Fprintf(table, "  %d\t%s\t%s\toldest %s\n", len(times), key.kind, key.reason, oldest)
	}
	return table.Flush()
}

// redrive sends everything again. SQS moves the dead letters back to the mail
// queue by itself; the failed events are given to their functions once more, as
// SQS moves nothing back to Lambda ("StartMessageMoveTask", SQS API reference).
func (l *letters) redrive(ctx context.Context) error {
	if err := l.moveMails(ctx); err != nil {
		return err
	}
	return l.repeatEvents(ctx)
}

func (l *letters) moveMails(ctx context.Context) error {
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
	fmt.Fprintf(l.out, "%d mails are on their way back to the mail queue\n", count)
	return nil
}

// repeatEvents invokes functions with the events that they could not take. One
// that fails again comes back, and stays. When it is interrupted between an
// invocation and the end of its message, that event comes twice.
func (l *letters) repeatEvents(ctx context.Context) error {
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
	fmt.Fprintf(l.out, "%d events were given to their functions again\n", repeated)
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

// show lets messages be seen again. When it cannot, they show themselves after
// a while.
func (l *letters) show(ctx context.Context, url string, messages []types.Message) {
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

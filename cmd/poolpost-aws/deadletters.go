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
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"poolpost/cmd/internal/cli"
	"poolpost/events"
	"poolpost/internal/mail"
	"poolpost/internal/message"
	"poolpost/internal/trigger"
)

// failureQueues are the queues of a deployment that hold what failed. The report has kinds,
// reasons, counts and ages, never what is in an email or whom it is for.
type failureQueues struct {
	all       []failureQueue
	passwords time.Duration // how long a temporary password is valid
	sqs       *sqs.Client
}

// A failureQueue is one of them. Whoever may write to it could have put anything there, so what
// read does not recognize as this deployment's own stays where it is.
type failureQueue struct {
	name  string // in JSON
	title string // what is in it
	url   string
	// read says what failed, and whether redrive may repeat it.
	read func(types.Message) (f failure, ours bool)
	// repeat does again what failed, for up to ten messages. It returns those that are done, also
	// beside an error.
	repeat     func(context.Context, []types.Message) ([]types.Message, error)
	what, done string // what repeat does, as in "emails" "put back on the mail queue"
}

// newFailureQueues are the two queues of every deployment, and those of hooks: the dead-letter queue has the emails
// that send-mail could not send, and the on-failure destination the events that Lambda gave up on,
// because custom-email-sender or mail-feedback failed three times.
func newFailureQueues(d *deployment) (*failureQueues, error) {
	outputs := map[string]string{}
	for _, name := range []string{"MailQueueUrl", "DeadLetterQueueUrl", "FailedEventsQueueUrl", "UserPoolId", "AsyncFunctionArns"} {
		var err error
		if outputs[name], err = d.output(name); err != nil {
			return nil, err
		}
	}
	client := sqs.NewFromConfig(d.Config)
	failed := failedEvents{pool: outputs["UserPoolId"], account: d.ID, lambda: lambda.NewFromConfig(d.Config)}
	if err := json.Unmarshal([]byte(outputs["AsyncFunctionArns"]), &failed.functions); err != nil {
		return nil, fmt.Errorf("read the output AsyncFunctionArns of %s: %w", d.StackName, err)
	}
	hooks, err := hookQueues(d)
	if err != nil {
		return nil, err
	}
	return &failureQueues{
		all: append([]failureQueue{{
			name: "deadLetters", title: "emails that send-mail could not send", url: outputs["DeadLetterQueueUrl"],
			read: readDeadLetter, repeat: deadLetters{client, outputs["MailQueueUrl"]}.repeat,
			what: "emails", done: "put back on the mail queue",
		}, {
			name: "failedEvents", title: "events that a function could not process", url: outputs["FailedEventsQueueUrl"],
			read: failed.read, repeat: failed.repeat,
			what: "events", done: "passed to their functions again",
		}}, hooks...),
		passwords: time.Duration(d.Settings.Pool.PasswordPolicy.TemporaryPasswordDays) * 24 * time.Hour,
		sqs:       client,
	}, nil
}

const (
	maxRead = 1000 // messages of a queue that are listed; the others are only counted
	// hiddenFor is how long, in seconds, a message is hidden while it is read or repeated: longer
	// than a command takes, which releases what it leaves.
	hiddenFor = 600
)

// A failure is the part of a message that is not personal.
type failure struct {
	Kind   string `json:"kind"` // of message, or what SES reports
	Reason string `json:"reason"`
}

var unreadable = failure{Kind: "unreadable"}

type queueReport struct {
	title    string
	Count    int            `json:"count"`
	Failures []failureGroup `json:"failures"` // of the messages that were read
}

type failureGroup struct {
	failure
	Count         int     `json:"count"`
	OldestSeconds float64 `json:"oldestSeconds"`
}

// list reports what is in the queues, and changes nothing but SQS's count of receives.
func (q *failureQueues) list(ctx context.Context, out io.Writer, asJSON bool) error {
	reports := make([]queueReport, len(q.all))
	byName := map[string]queueReport{}
	for i, queue := range q.all {
		var err error
		if reports[i], err = q.report(ctx, queue); err != nil {
			return err
		}
		byName[queue.name] = reports[i]
	}
	if asJSON {
		return cli.WriteJSON(out, byName)
	}
	for _, report := range reports {
		if err := report.write(out); err != nil {
			return err
		}
	}
	return nil
}

func (q *failureQueues) report(ctx context.Context, queue failureQueue) (queueReport, error) {
	count, now, err := q.count(ctx, queue.url)
	if err != nil {
		return queueReport{}, err
	}
	found := map[failure][]time.Time{}
	for seen := 0; seen < maxRead; {
		messages, err := q.receive(ctx, queue.url)
		if err != nil {
			return queueReport{}, err
		}
		if len(messages) == 0 {
			break
		}
		for _, m := range messages {
			f, _ := queue.read(m)
			found[f] = append(found[f], sent(m))
		}
		seen += len(messages)
		defer q.release(ctx, queue.url, messages)
	}
	report := queueReport{title: queue.title, Count: count, Failures: []failureGroup{}}
	byKindAndReason := func(a, b failure) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason)) }
	for _, key := range slices.SortedFunc(maps.Keys(found), byKindAndReason) {
		oldest := now.Sub(slices.MinFunc(found[key], time.Time.Compare))
		report.Failures = append(report.Failures, failureGroup{key, len(found[key]), oldest.Round(time.Second).Seconds()})
	}
	return report, nil
}

func (r queueReport) write(out io.Writer) error {
	fmt.Fprintf(out, "%d %s\n", r.Count, r.title)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, g := range r.Failures {
		oldest := time.Duration(g.OldestSeconds * float64(time.Second)).Round(time.Minute)
		fmt.Fprintf(table, "  %d\t%s\t%s\toldest %s\n", g.Count, g.Kind, g.Reason, oldest)
	}
	return table.Flush()
}

// redrive repeats what failed, or what the options choose of it. What fails again comes back to its
// queue and stays there.
func (q *failureQueues) redrive(ctx context.Context, out io.Writer, o cli.Redrive) error {
	kinds, strangers := map[string]bool{}, 0
	for _, queue := range q.all {
		_, began, err := q.count(ctx, queue.url)
		if err != nil {
			return err
		}
		r := redriving{failureQueues: q, queue: queue, options: o, began: began, kinds: kinds, seen: map[string]bool{}}
		err = r.run(ctx)
		q.release(ctx, queue.url, r.left)
		r.write(out)
		if err != nil {
			return err
		}
		strangers += r.strangers
	}
	for _, kind := range o.Kind {
		if !kinds[kind] && !mail.IsKind(message.Kind(kind)) && !slices.Contains(events.Types, kind) {
			return fmt.Errorf("nothing is of the kind %q: poolpost dead-letters lists the kinds", kind)
		}
	}
	if strangers > 0 {
		return fmt.Errorf("%d messages are not of this deployment, and stay where they are: "+
			"find out in CloudTrail who wrote them, and delete them in the SQS console", strangers)
	}
	return nil
}

// A redriving goes through one queue.
type redriving struct {
	*failureQueues
	queue   failureQueue
	options cli.Redrive
	began   time.Time       // what arrives later has failed again
	kinds   map[string]bool // that were seen
	seen    map[string]bool // by the IDs of messages

	left                         []types.Message // hidden, and to be released
	repeated, dropped, strangers int
}

func (r *redriving) run(ctx context.Context) error {
	for {
		messages, err := r.receive(ctx, r.queue.url)
		if err != nil {
			return err
		}
		var repeat, drop []types.Message
		fresh := false
		for _, m := range messages {
			id := aws.ToString(m.MessageId)
			if r.seen[id] || sent(m).After(r.began) {
				r.left = append(r.left, m)
				continue
			}
			r.seen[id], fresh = true, true
			f, ours := r.queue.read(m)
			r.kinds[f.Kind] = r.kinds[f.Kind] || ours
			switch {
			case !ours:
				r.strangers++
				r.left = append(r.left, m)
			case len(r.options.Kind) > 0 && !slices.Contains(r.options.Kind, f.Kind):
				r.left = append(r.left, m)
			case r.options.DropExpired && r.expired(f.Kind, r.began.Sub(sent(m))):
				drop = append(drop, m)
			default:
				repeat = append(repeat, m)
			}
		}
		if !fresh {
			return nil
		}
		done := repeat
		if r.options.DryRun {
			r.left = slices.Concat(r.left, repeat, drop)
		} else {
			// What has begun is finished: repeated, but still on the queue, it would be sent twice.
			done, err = r.queue.repeat(context.WithoutCancel(ctx), repeat)
			r.left = append(r.left, slices.DeleteFunc(repeat, func(m types.Message) bool { return contains(done, m) })...)
			err = errors.Join(err, r.delete(context.WithoutCancel(ctx), r.queue.url, slices.Concat(done, drop)))
		}
		r.repeated += len(done)
		r.dropped += len(drop)
		if err != nil {
			return err
		}
	}
}

func (r *redriving) write(out io.Writer) {
	if r.options.DryRun {
		fmt.Fprint(out, "dry run: ")
	}
	fmt.Fprintf(out, "%d %s %s", r.repeated, r.queue.what, r.queue.done)
	if r.options.DropExpired {
		fmt.Fprintf(out, ", %d with an expired code deleted", r.dropped)
	}
	if left := len(r.seen) - r.repeated - r.dropped; left > 0 {
		fmt.Fprintf(out, ", %d left", left)
	}
	fmt.Fprintln(out)
}

func contains(list []types.Message, m types.Message) bool {
	return slices.ContainsFunc(list, func(other types.Message) bool { return other.ReceiptHandle == m.ReceiptHandle })
}

// expired reports whether the code in a message of a kind has certainly expired, if the message
// failed so long ago. The code is older than its failure.
func (q *failureQueues) expired(kind string, age time.Duration) bool {
	if kind == string(message.SignInCode) {
		return age > 15*time.Minute // the longest AuthSessionValidity (CreateUserPoolClient)
	}
	switch validity := message.Kind(kind).Spec().Validity; validity.Unit {
	case message.Hours:
		return age > time.Duration(validity.Number)*time.Hour
	case message.Days:
		return age > q.passwords
	}
	return false
}

// deadLetters are put back on the mail queue one by one: SQS moves whole queues only
// (StartMessageMoveTask), and whatever is in them.
type deadLetters struct {
	sqs  *sqs.Client
	mail string // the queue's URL
}

// maxEntry is more than any entry of the mail queue has, and a tenth of what one call may have.
const maxEntry = 25 << 10

// readDeadLetter reads the reason that send-mail has written beside an email. An email without one
// was received too often.
func readDeadLetter(m types.Message) (failure, bool) {
	body := aws.ToString(m.Body)
	entry, err := mail.Decode(body)
	if err != nil || len(body) > maxEntry {
		return unreadable, false
	}
	reason := cmp.Or(aws.ToString(m.MessageAttributes["reason"].StringValue), "tried too often")
	return failure{safe(string(entry.Kind)), safe(reason)}, mail.IsKind(entry.Kind)
}

func (d deadLetters) repeat(ctx context.Context, messages []types.Message) (done []types.Message, err error) {
	if len(messages) == 0 {
		return nil, nil
	}
	in := &sqs.SendMessageBatchInput{QueueUrl: &d.mail}
	for i, m := range messages {
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: m.Body,
			MessageGroupId: aws.String(m.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]),
			// The ID of this dead letter, not of the email: SQS would drop an email that fails, and
			// is repeated, twice within five minutes.
			MessageDeduplicationId: m.MessageId,
		})
	}
	reply, err := d.sqs.SendMessageBatch(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("put emails back on the mail queue: %w", err)
	}
	for _, r := range reply.Successful {
		i, err := strconv.Atoi(aws.ToString(r.Id))
		if err != nil || i < 0 || i >= len(messages) {
			return done, fmt.Errorf("put emails back on the mail queue: SQS confirms %q", aws.ToString(r.Id))
		}
		done = append(done, messages[i])
	}
	if len(done) < len(messages) {
		err = errors.New("put emails back on the mail queue: SQS did not take all of them; run the command again")
		if len(reply.Failed) > 0 {
			err = fmt.Errorf("put emails back on the mail queue: SQS refuses %d with %s", len(reply.Failed), aws.ToString(reply.Failed[0].Code))
		}
	}
	return done, err
}

// failedEvents are passed to their functions again, which SQS does not do. They are invoked by
// the ARNs of the stack's outputs: those in a message only say which.
type failedEvents struct {
	functions map[string]string // ARNs by name
	pool      string
	account   string
	lambda    *lambda.Client
}

// A record describes an asynchronous invocation that Lambda gave up on (Lambda developer
// guide, "Capturing records of Lambda asynchronous invocations").
type record struct {
	RequestContext struct {
		FunctionARN string `json:"functionArn"` // with a version, such as $LATEST
		Condition   string `json:"condition"`   // RetriesExhausted or EventAgeExceeded
	} `json:"requestContext"`
	RequestPayload  json.RawMessage `json:"requestPayload"`
	ResponsePayload struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	} `json:"responsePayload"`
}

// read says what failed, and why, from the record of an event. The event must be one that its
// function gets: of this pool, or of SES in this account.
func (e failedEvents) read(m types.Message) (failure, bool) {
	var r record
	if err := json.Unmarshal([]byte(aws.ToString(m.Body)), &r); err != nil || len(r.RequestPayload) == 0 {
		return unreadable, false
	}
	reason := cmp.Or(r.ResponsePayload.ErrorType, r.RequestContext.Condition)
	// aws-lambda-go reports the type of an error. Only the message of a logging.Safe is fit
	// for a log; another one may quote personal data.
	if reason == "Safe" {
		reason = r.ResponsePayload.ErrorMessage
	}
	var kind string
	ours := false
	switch e.function(r) {
	case "custom-email-sender":
		event, err := trigger.Decode(r.RequestPayload)
		if err != nil {
			return unreadable, false
		}
		kind, ours = event.TriggerSource, event.UserPoolID == e.pool
		if _, source, _ := strings.Cut(kind, "_"); ours {
			if k, ok := message.KindOf(source); ok {
				kind = string(k) // as the email will be called
			}
		}
	case "mail-feedback":
		var event struct {
			DetailType string `json:"detail-type"`
			Source     string `json:"source"`
			Account    string `json:"account"`
		}
		if err := json.Unmarshal(r.RequestPayload, &event); err != nil {
			return unreadable, false
		}
		kind, ours = event.DetailType, event.Source == "aws.ses" && event.Account == e.account
	default:
		return failure{"foreign", "of a function that this stack does not have"}, false
	}
	if !ours {
		return failure{"foreign", "not an event of this pool or account"}, false
	}
	return failure{safe(kind), safe(reason)}, true
}

// function is the name of the function of a record, or empty if it is none of this stack.
func (e failedEvents) function(r record) string {
	for name, arn := range e.functions {
		if got := r.RequestContext.FunctionARN; got == arn || strings.HasPrefix(got, arn+":") {
			return name
		}
	}
	return ""
}

func (e failedEvents) repeat(ctx context.Context, messages []types.Message) (done []types.Message, err error) {
	for _, m := range messages {
		var r record
		if err := json.Unmarshal([]byte(aws.ToString(m.Body)), &r); err != nil {
			return done, fmt.Errorf("repeat an event: %w", err)
		}
		_, err := e.lambda.Invoke(ctx, &lambda.InvokeInput{
			FunctionName: aws.String(e.functions[e.function(r)]), Payload: r.RequestPayload,
			InvocationType: lambdatypes.InvocationTypeEvent,
		})
		if err != nil {
			return done, fmt.Errorf("repeat an event: %w", err)
		}
		done = append(done, m)
	}
	return done, nil
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
		MessageAttributeNames: []string{"reason", "ERROR_CODE"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameSentTimestamp, types.MessageSystemAttributeNameMessageGroupId,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", url, err)
	}
	return reply.Messages, nil
}

// release makes messages visible again, also when the command was interrupted. If it fails, SQS does
// so when their visibility timeout ends.
func (q *failureQueues) release(ctx context.Context, url string, messages []types.Message) {
	for batch := range slices.Chunk(messages, 10) {
		in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url}
		for i, m := range batch {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0,
			})
		}
		_, _ = q.sqs.ChangeMessageVisibilityBatch(context.WithoutCancel(ctx), in)
	}
}

// delete takes up to ten messages off a queue.
func (q *failureQueues) delete(ctx context.Context, url string, messages []types.Message) error {
	if len(messages) == 0 {
		return nil
	}
	in := &sqs.DeleteMessageBatchInput{QueueUrl: &url}
	for i, m := range messages {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
	}
	reply, err := q.sqs.DeleteMessageBatch(ctx, in)
	if err == nil && len(reply.Failed) > 0 {
		err = fmt.Errorf("SQS refuses %d with %s", len(reply.Failed), aws.ToString(reply.Failed[0].Code))
	}
	if err != nil {
		return fmt.Errorf("take off the queue what was repeated, which the next redrive would repeat again: %w", err)
	}
	return nil
}

// count is about how many messages a queue has that nobody reads at the moment, and SQS's time.
// The clock of this machine may differ by minutes, in which an email can fail again many times.
func (q *failureQueues) count(ctx context.Context, url string) (n int, now time.Time, err error) {
	const messages = types.QueueAttributeNameApproximateNumberOfMessages
	reply, err := q.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{messages},
	})
	if err != nil {
		return 0, now, fmt.Errorf("read the attributes of %s: %w", url, err)
	}
	now, ok := middleware.GetServerTime(reply.ResultMetadata)
	if !ok {
		return 0, now, errors.New("SQS does not say what time it is")
	}
	n, err = strconv.Atoi(reply.Attributes[string(messages)])
	return n, now, err
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
)

const (
	mailURL   = "https://sqs.eu-central-1.amazonaws.com/123456789012/sample-mail.fifo"
	deadURL   = "https://sqs.eu-central-1.amazonaws.com/123456789012/sample-dead.fifo"
	poolID    = "eu-central-1_Example01"
	ridersID  = "1ridersexample23456789abcd"
	driversID = "2driversexample3456789abcd"
)

// sentAt is when the mails of the samples were put on the queue.
var sentAt = time.UnixMilli(1700000000000)

// plainCodes are codes that nobody has encrypted.
type plainCodes struct{}

func (plainCodes) decrypt(_ context.Context, code string) (string, error) { return code, nil }

// A recorder is SES and SQS: it keeps what it sends, and answers what
// fail and deadLetterErr say.
type recorder struct {
	sent          []*sesv2.SendEmailInput
	fail          func(to string) error
	slow          string // the address at which it takes as long as it is waited for
	delayed       []*sqs.ChangeMessageVisibilityInput
	dead          []*sqs.SendMessageInput
	deadLetterErr error
	deleted       []string // receipt handles
	deleteErr     error
}

func (r *recorder) DeleteMessage(_ context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	r.deleted = append(r.deleted, *in.ReceiptHandle)
	return &sqs.DeleteMessageOutput{}, r.deleteErr
}

func (r *recorder) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	r.delayed = append(r.delayed, in)
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

func (r *recorder) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	if r.deadLetterErr != nil {
		return nil, r.deadLetterErr
	}
	r.dead = append(r.dead, in)
	return &sqs.SendMessageOutput{}, nil
}

// reasons are those of the dead letters, in order.
func (r *recorder) reasons() []string {
	var all []string
	for _, in := range r.dead {
		all = append(all, *in.MessageAttributes["reason"].StringValue)
	}
	return all
}

func (r *recorder) SendEmail(ctx context.Context, in *sesv2.SendEmailInput, _ ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error) {
	if r.fail != nil {
		if err := r.fail(in.Destination.ToAddresses[0]); err != nil {
			return nil, err
		}
	}
	if in.Destination.ToAddresses[0] == r.slow {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r.sent = append(r.sent, in)
	return &sesv2.SendEmailOutput{}, nil
}

// recipients are those of what was sent, in order.
func (r *recorder) recipients() []string {
	var all []string
	for _, in := range r.sent {
		all = append(all, in.Destination.ToAddresses...)
	}
	return all
}

func testHandler(t *testing.T) (*handler, *recorder, *functiontest.Log) {
	t.Helper()
	logged, r := &functiontest.Log{}, &recorder{}
	h := &handler{
		composer: composer{
			files:            &message.Files{},
			configurationSet: "sample-set", stage: "dev", links: "https://links.example.com", poolHosts: poolHosts("sample", "eu-central-1"), decrypter: plainCodes{},
			clientIDs: map[string]string{"riders": ridersID, "drivers": driversID},
		},
		services: services{ses: r}, queues: queues{sqs: r, mail: mailURL, dead: deadURL}, log: logged.Logger("send-mail"), now: func() time.Time { return sentAt },
	}
	h.composer.files.Dir, h.composer.config = functiontest.Dir[config.SendMail](t, "send-mail")
	return h, r, logged
}

// record is a welcome mail on the queue.
func record(t *testing.T, id, group, to string) events.SQSMessage {
	t.Helper()
	m := queued(t, mail.Entry{Kind: message.Welcome, To: to, Name: "Jane", ClientID: ridersID})
	m.MessageId, m.ReceiptHandle, m.Attributes["MessageGroupId"] = id, "receipt-"+id, group
	return m
}

// queued is an entry on the queue, received for the first time.
func queued(t *testing.T, entry mail.Entry) events.SQSMessage {
	t.Helper()
	body, err := json.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	return events.SQSMessage{MessageId: "id", ReceiptHandle: "receipt-id", Body: string(body), Attributes: map[string]string{
		"MessageGroupId": "group", "ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000",
	}}
}

func batchOf(mails ...events.SQSMessage) events.SQSEvent { return events.SQSEvent{Records: mails} }

// reported are the ids that a reply reports.
func reported(reply events.SQSEventResponse) []string {
	var ids []string
	for _, f := range reply.BatchItemFailures {
		ids = append(ids, f.ItemIdentifier)
	}
	return ids
}

func TestSampleBatches(t *testing.T) {
	const unreadable = "the entry of the mail queue cannot be decoded"
	type row struct {
		client, locale string // of the one mail
		warning        any    // of its line
		sent           int
		dead           []string // the reasons of the first mails
	}
	functiontest.EachEvent(t, map[string]row{
		"one-welcome-mail": {"riders", "en", nil, 1, nil},
		"one-welcome-mail-with-unknown-fields-everywhere":       {"riders", "en", nil, 1, nil},
		"welcome-mail-that-was-a-dead-letter":                   {"riders", "en", nil, 1, nil},
		"welcome-mail-on-a-queue-without-groups":                {"riders", "en", nil, 1, nil},
		"welcome-mail-of-a-user-without-client-name-and-locale": {"riders", "en", nil, 1, nil},
		"welcome-mail-in-egyptian-arabic-for-a-driver":          {"drivers", "ar", nil, 1, nil},
		"welcome-mail-for-an-unknown-app-client":                {"riders", "ar", "the app client is not in the settings", 1, nil},
		"empty-batch":                                           {"", "", nil, 0, nil},
		"batch-with-bodies-that-are-no-mail": {"riders", "en", nil, 1, []string{
			unreadable, unreadable, unreadable, unreadable, unreadable, "the entry of the mail queue has no code",
			"the mail queue holds a kind of mail that send-mail does not send", "the entry of the mail queue has no address",
		}},
	}, func(t *testing.T, payload []byte, want row) {
		var batch events.SQSEvent
		if err := json.Unmarshal(payload, &batch); err != nil {
			t.Fatal(err)
		}
		h, r, logged := testHandler(t)
		reply, err := h.Handle(t.Context(), batch)
		if err != nil || len(reply.BatchItemFailures) != 0 {
			t.Fatalf("the batch reports %v, %v", reply, err)
		}
		if got := r.reasons(); !slices.Equal(got, want.dead) {
			t.Errorf("the dead letters have the reasons %q, want %q", got, want.dead)
		}
		if len(r.sent) != want.sent {
			t.Fatalf("%d mails were sent, want %d", len(r.sent), want.sent)
		}
		lines := logged.Lines(t)
		if len(lines) != len(batch.Records) {
			t.Fatalf("%d lines were logged for %d mails", len(lines), len(batch.Records))
		}
		for i, reason := range want.dead {
			if line := lines[i]; line["level"] != "ERROR" || line["Outcome"] != "refused" || line["reason"] != reason {
				t.Errorf("failure %d is logged as %v, want the reason %q", i, line, reason)
			}
			if in, record := r.dead[i], batch.Records[i]; *in.QueueUrl != deadURL || *in.MessageBody != record.Body ||
				*in.MessageGroupId != record.Attributes["MessageGroupId"] || *in.MessageDeduplicationId != record.MessageId {
				t.Errorf("dead letter %d is %+v of %+v", i, in, record)
			}
		}
		if want.sent == 0 {
			return
		}
		level := "INFO"
		if want.warning != nil {
			level = "WARN"
		}
		if last := lines[len(lines)-1]; last["level"] != level || last["Outcome"] != "sent" || last["kind"] != "welcome" ||
			last["client"] != want.client || last["locale"] != want.locale || last["warning"] != want.warning {
			t.Errorf("the sent mail is logged as %v, want %+v", last, want)
		}
		m, err := h.composer.files.Message(want.client, want.locale, message.Welcome)
		if err != nil {
			t.Fatal(err)
		}
		if got := *r.sent[0].Content.Simple.Subject.Data; got != m.Subject {
			t.Errorf("the subject is %q, want %q", got, m.Subject)
		}
	})
}

// Lambda takes a reply that it cannot read for a failure of the whole batch, and
// a list that is null or empty for a success (Lambda developer guide, "Handling
// errors for an SQS event source in Lambda").
func TestReplyFormat(t *testing.T) {
	h, r, _ := testHandler(t)
	for want, to := range map[string]string{
		`{"batchItemFailures":[{"itemIdentifier":"id-1"}]}`: "refused@example.com",
		`{"batchItemFailures":null}`:                        "jane@example.com",
	} {
		r.fail = func(to string) error {
			if to == "refused@example.com" {
				return errors.New("refused")
			}
			return nil
		}
		reply, err := h.Handle(t.Context(), batchOf(record(t, "id-1", "group", to)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(reply); err != nil || string(got) != want {
			t.Errorf("the reply is %s (%v), want %s", got, err, want)
		}
	}
}

func TestEmailIsComplete(t *testing.T) {
	h, r, _ := testHandler(t)
	body := `{"kind":"welcome","to":"jane@example.com","name":"Jane & Co","clientId":"` + driversID + `","locales":["fr-CA"]}`
	reply, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "id", Body: body}}})
	if err != nil || len(reply.BatchItemFailures) != 0 || len(r.sent) != 1 {
		t.Fatalf("%d mails were sent: %v, %v", len(r.sent), reply, err)
	}
	in := r.sent[0]
	if *in.ConfigurationSetName != "sample-set" {
		t.Errorf("the mail is in the set %s", *in.ConfigurationSetName)
	}
	to := in.Destination
	if !slices.Equal(to.ToAddresses, []string{"jane@example.com"}) || len(to.CcAddresses)+len(to.BccAddresses) != 0 {
		t.Errorf("the mail goes to %+v", to)
	}
	var tags []string
	for _, tag := range in.EmailTags {
		tags = append(tags, *tag.Name+"="+*tag.Value)
	}
	if want := []string{"kind=welcome", "client=drivers", "locale=fr", "stage=dev"}; !slices.Equal(tags, want) {
		t.Errorf("the tags are %q, want %q", tags, want)
	}
	simple := in.Content.Simple
	if in.Content.Raw != nil || in.Content.Template != nil || in.ListManagementOptions != nil {
		t.Error("the mail is more than a simple one")
	}
	for name, part := range map[string]struct {
		content *types.Content
		says    []string
	}{
		"subject": {simple.Subject, []string{"Drivers & Co"}},
		"HTML":    {simple.Body.Html, []string{`lang="fr"`, "Jane &amp; Co", `href="https://drivers.example.com/start?a=1&amp;b=2"`, "ses:no-track", "drivers@example.com"}},
		"text":    {simple.Body.Text, []string{"Jane & Co", "\nhttps://drivers.example.com/start?a=1&b=2\n", "drivers@example.com"}},
	} {
		if part.content == nil || *part.content.Charset != "UTF-8" {
			t.Errorf("the %s is missing, or not UTF-8", name)
			continue
		}
		for _, words := range part.says {
			// Lines of HTML are wrapped at spaces.
			if !strings.Contains(*part.content.Data, words) && !strings.Contains(strings.ReplaceAll(*part.content.Data, "\n", " "), words) {
				t.Errorf("the %s lacks %q", name, words)
			}
		}
		if strings.ContainsAny(*part.content.Data, message.PlaceholderDelimiter+message.PartSeparator) {
			t.Errorf("the %s has a placeholder that is not filled", name)
		}
	}
}

func TestEachBrandHasItsSender(t *testing.T) {
	for name, test := range map[string]struct {
		client, from, answers, feedback string
	}{
		"the sender of all brands":           {ridersID, `"Riders" <no-reply@example.com>`, "help@example.com", "help@example.com"},
		"a sender of its own":                {driversID, "=?utf-8?q?Fahrer_f=C3=BCr_Riders?= <go@example.com>", "answers@example.org", ""},
		"an unknown client gets the default": {"3otherexample456789abcdef", `"Riders" <no-reply@example.com>`, "help@example.com", "help@example.com"},
	} {
		for _, kind := range message.Kinds() {
			t.Run(name+"/"+string(kind), func(t *testing.T) {
				h, r, _ := testHandler(t)
				h.composer.config.Senders["drivers"] = config.Sender{From: "=?utf-8?q?Fahrer_f=C3=BCr_Riders?= <go@example.com>", ReplyTo: "answers@example.org"}
				entry := full(kind)
				entry.ClientID = test.client
				in := sendEntry(t, h, r, entry)
				if *in.FromEmailAddress != test.from || !slices.Equal(in.ReplyToAddresses, []string{test.answers}) || aws.ToString(in.FeedbackForwardingEmailAddress) != test.feedback {
					t.Errorf("the mail is from %s, with answers to %q and bounces to %q", *in.FromEmailAddress, in.ReplyToAddresses, aws.ToString(in.FeedbackForwardingEmailAddress))
				}
			})
		}
	}
}

func TestUnsetFieldsAreOmitted(t *testing.T) {
	h, r, _ := testHandler(t)
	h.composer.config.Senders["riders"] = config.Sender{From: "no-reply@example.com"}
	h.composer.configurationSet, h.composer.stage = "", ""
	if _, err := h.Handle(t.Context(), batchOf(record(t, "id", "group", "jane@example.com"))); err != nil {
		t.Fatal(err)
	}
	if in := r.sent[0]; in.ReplyToAddresses != nil || in.ConfigurationSetName != nil || in.FeedbackForwardingEmailAddress != nil || len(in.EmailTags) != 3 {
		t.Errorf("the mail has more than is set: %+v", in)
	}
}

func TestFirstSupportedLocaleIsUsed(t *testing.T) {
	for name, test := range map[string]struct {
		client string
		wanted []string
		want   string
	}{
		"the first wish": {ridersID, []string{"fr", "ar"}, "fr"},
		"the next wish when the first has no words": {ridersID, []string{"de-AT", "ar_EG"}, "ar"},
		"no wish leads to the client's own":         {driversID, nil, "fr"},
		"garbage leads to the client's own":         {driversID, []string{"../../etc/passwd", "", "\x00"}, "fr"},
	} {
		t.Run(name, func(t *testing.T) {
			h, r, _ := testHandler(t)
			m := queued(t, mail.Entry{Kind: message.Welcome, To: "jane@example.com", ClientID: test.client, Locales: test.wanted})
			if _, err := h.Handle(t.Context(), batchOf(m)); err != nil {
				t.Fatal(err)
			}
			if got := *r.sent[0].EmailTags[2].Value; got != test.want {
				t.Errorf("the mail is in %s, want %s", got, test.want)
			}
		})
	}
}

func TestFailureHoldsBackItsMessageGroup(t *testing.T) {
	refuse := func(bad ...string) func(string) error {
		return func(to string) error {
			if slices.Contains(bad, to) {
				return &types.TooManyRequestsException{}
			}
			return nil
		}
	}
	for name, test := range map[string]struct {
		batch  []string // group and address
		fail   func(string) error
		failed []string // numbers in the batch
		sent   []string
	}{
		"nothing fails":              {[]string{"a 1@example.com", "b 2@example.com", "a 3@example.com"}, nil, nil, []string{"1@example.com", "2@example.com", "3@example.com"}},
		"the first of a person":      {[]string{"a 1@example.com", "b 2@example.com", "a 3@example.com", "a 4@example.com", "c 5@example.com"}, refuse("1@example.com"), []string{"0", "2", "3"}, []string{"2@example.com", "5@example.com"}},
		"the second of a person":     {[]string{"a 1@example.com", "a 2@example.com", "a 3@example.com"}, refuse("2@example.com"), []string{"1", "2"}, []string{"1@example.com"}},
		"one of each of two persons": {[]string{"a 1@example.com", "b 2@example.com", "a 3@example.com", "b 4@example.com", "c 5@example.com"}, refuse("1@example.com", "4@example.com"), []string{"0", "2", "3"}, []string{"2@example.com", "5@example.com"}},
		"all":                        {[]string{"a 1@example.com", "b 2@example.com"}, refuse("1@example.com", "2@example.com"), []string{"0", "1"}, nil},
		"one that panics stops nobody else": {[]string{"a 1@example.com", "a 2@example.com", "b 3@example.com"}, func(to string) error {
			if to == "1@example.com" {
				panic("sample panic")
			}
			return nil
		}, []string{"0", "1"}, []string{"3@example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			h, r, _ := testHandler(t)
			r.fail = test.fail
			var batch events.SQSEvent
			for i, entry := range test.batch {
				group, to, _ := strings.Cut(entry, " ")
				batch.Records = append(batch.Records, record(t, fmt.Sprint(i), group, to))
			}
			reply, err := h.Handle(t.Context(), batch)
			if err != nil {
				t.Fatal(err)
			}
			if got := reported(reply); !slices.Equal(got, test.failed) {
				t.Errorf("the batch reports %q, want %q", got, test.failed)
			}
			if got := r.recipients(); !slices.Equal(got, test.sent) {
				t.Errorf("mails went to %q, want %q", got, test.sent)
			}
		})
	}
}

func TestSendingStopsBeforeTheDeadline(t *testing.T) {
	h, r, _ := testHandler(t)
	r.slow = "2@example.com"
	batch := batchOf(
		record(t, "1", "a", "1@example.com"), record(t, "2", "b", r.slow), record(t, "3", "c", "3@example.com"), record(t, "4", "a", "4@example.com"),
	)
	deadline := time.Now().Add(2*time.Second + 500*time.Millisecond)
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	reply, err := h.Handle(ctx, batch)
	if left := time.Until(deadline); left < time.Second {
		t.Errorf("the report comes %v before the deadline", left)
	}
	if got := reported(reply); err != nil || !slices.Equal(got, []string{"2", "3", "4"}) {
		t.Errorf("the batch reports %q, %v, want what was not sent: 2, 3, 4", got, err)
	}
	if got := r.recipients(); !slices.Equal(got, []string{"1@example.com"}) {
		t.Errorf("mails went to %q", got)
	}
}

func TestUnfillableMessagesAreReported(t *testing.T) {
	for name, test := range map[string]struct {
		spoil  func(*testing.T, *handler)
		reason string
	}{
		"a message that was not compiled": {func(t *testing.T, h *handler) {
			if err := os.Remove(filepath.Join(h.composer.files.Dir, message.File("riders", "en", message.Welcome))); err != nil {
				t.Fatal(err)
			}
		}, message.File("riders", "en", message.Welcome)},
		"a message file that is damaged": {func(t *testing.T, h *handler) {
			if err := os.WriteFile(filepath.Join(h.composer.files.Dir, message.File("riders", "en", message.Welcome)), []byte("half"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "Error"},
		"settings without clients, which would panic": {func(_ *testing.T, h *handler) { h.composer.config.Clients = nil }, "panic"},
	} {
		t.Run(name, func(t *testing.T) {
			h, r, logged := testHandler(t)
			test.spoil(t, h)
			reply, err := h.Handle(t.Context(), batchOf(record(t, "id", "group", "jane@example.com")))
			if err != nil || !slices.Equal(reported(reply), []string{"id"}) || len(r.sent) != 0 {
				t.Errorf("got %v, %v with %d mails sent", reply, err, len(r.sent))
			}
			if line := logged.Lines(t)[0]; line["level"] != "ERROR" || !strings.Contains(strings.ToLower(fmt.Sprint(line["reason"])), strings.ToLower(test.reason)) {
				t.Errorf("the failure is logged as %v, want a reason with %q", line, test.reason)
			}
		})
	}
}

// The command that lists dead letters shows words only.
func TestMissingFileHasAReadableReason(t *testing.T) {
	h, r, logged := testHandler(t)
	file := filepath.Join(h.composer.files.Dir, message.File("riders", "en", message.Welcome))
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	h.now = func() time.Time { return sentAt.Add(maxAge) }
	if _, err := h.Handle(t.Context(), batchOf(record(t, "id", "group", "jane@example.com"))); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a file of send-mail cannot be read"}; !slices.Equal(r.reasons(), want) {
		t.Errorf("the reasons are %q, want %q", r.reasons(), want)
	}
	if !strings.Contains(logged.String(), file) {
		t.Errorf("the log does not name the file: %s", logged)
	}
}

func TestNothingPersonalIsLogged(t *testing.T) {
	h, r, logged := testHandler(t)
	for failure, fail := range map[string]func(string) error{
		"": nil,
		"SES refuses and quotes the address": func(to string) error {
			return &smithy.OperationError{ServiceID: "SESv2", OperationName: "SendEmail",
				Err: &types.MessageRejected{Message: new("Email address is not verified: " + to)}}
		},
		"an error without a code that quotes the address": func(to string) error { return errors.New(to) },
		"a panic that quotes the address":                 func(to string) error { panic(to) },
	} {
		r.fail = fail
		for name, payload := range functiontest.WithSecrets(t) {
			var batch events.SQSEvent
			if json.Unmarshal(payload, &batch) != nil || len(batch.Records) == 0 {
				continue // nothing to send
			}
			t.Run(failure+" "+name, func(t *testing.T) {
				logged.CheckNothingPersonal(t, func() error {
					_, err := h.Handle(t.Context(), batch)
					return err
				})
			})
		}
	}
}

// poolpost smoke finds its lines by this token.
func TestLinesOfASmokeTestAreMarked(t *testing.T) {
	const token = "0123456789ab"
	h, _, logged := testHandler(t)
	if _, err := h.Handle(t.Context(), batchOf(record(t, "id", "group", logging.SmokeAddress("success", token)))); err != nil {
		t.Fatal(err)
	}
	logged.CheckLine(t, map[string]any{"test": token})
}

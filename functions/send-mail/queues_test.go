package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// A diary is SES and SQS: it notes the order of calls.
type diary struct {
	recorder
	calls []string
}

func (d *diary) SendEmail(ctx context.Context, in *sesv2.SendEmailInput, options ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error) {
	d.calls = append(d.calls, "send "+in.Destination.ToAddresses[0])
	return d.recorder.SendEmail(ctx, in, options...)
}

func (d *diary) SendMessage(ctx context.Context, in *sqs.SendMessageInput, options ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	d.calls = append(d.calls, "dead letter "+*in.MessageDeduplicationId)
	return d.recorder.SendMessage(ctx, in, options...)
}

func (d *diary) DeleteMessage(ctx context.Context, in *sqs.DeleteMessageInput, options ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	d.calls = append(d.calls, "delete "+*in.ReceiptHandle)
	return d.recorder.DeleteMessage(ctx, in, options...)
}

// A function that dies has one email in hand that SES took and that the queue still has.
func TestAMailIsOffTheQueueBeforeTheNextIsSent(t *testing.T) {
	h, _, _ := testHandler(t)
	d := &diary{}
	h.ses, h.queues.sqs = d, d
	d.fail = func(to string) error {
		switch to {
		case "2@example.com":
			return &types.MessageRejected{}
		case "3@example.com":
			return &types.TooManyRequestsException{}
		}
		return nil
	}
	reply, err := h.Handle(t.Context(), batchOf(
		record(t, "1", "a", "1@example.com"), record(t, "2", "b", "2@example.com"),
		record(t, "3", "c", "3@example.com"), record(t, "4", "c", "4@example.com"), record(t, "5", "d", "5@example.com"),
	))
	if err != nil || !slices.Equal(reported(reply), []string{"3", "4"}) {
		t.Errorf("got %v, %v", reply, err)
	}
	want := []string{
		"send 1@example.com", "delete receipt-1",
		"send 2@example.com", "dead letter 2", "delete receipt-2",
		"send 3@example.com", // to come again, with the one behind it
		"send 5@example.com", "delete receipt-5",
	}
	if !slices.Equal(d.calls, want) {
		t.Errorf("the calls are %q, want %q", d.calls, want)
	}
}

// What SQS does not delete, Lambda deletes at the end of the batch.
func TestAMailThatCannotBeDeletedIsSentAllTheSame(t *testing.T) {
	for name, test := range map[string]struct {
		err    error
		reason string
	}{
		"a missing permission":      {&smithy.GenericAPIError{Code: "AccessDenied", Message: "jane@example.com"}, "AccessDenied"},
		"a handle that has expired": {&smithy.GenericAPIError{Code: "InvalidParameterValue"}, "InvalidParameterValue"},
		"no answer":                 {context.DeadlineExceeded, "timeout"},
		"another":                   {errors.New("jane@example.com"), "*errors.errorString"},
	} {
		for outcome, fail := range map[string]func(string) error{
			"sent": nil, "refused": func(string) error { return &types.MessageRejected{} },
		} {
			t.Run(name+"/"+outcome, func(t *testing.T) {
				h, r, logged := testHandler(t)
				r.fail, r.deleteErr = fail, test.err
				reply, err := h.Handle(t.Context(), batchOf(record(t, "1", "a", "jane@example.com"), record(t, "2", "b", "joe@example.com")))
				if err != nil || len(reply.BatchItemFailures) != 0 || len(r.sent)+len(r.dead) != 2 || len(r.deleted) != 2 {
					t.Errorf("got %v, %v with %d sent, %d dead and %d deleted", reply, err, len(r.sent), len(r.dead), len(r.deleted))
				}
				for _, line := range logged.Lines(t) {
					if line["Outcome"] != outcome || line["warning"] != test.reason {
						t.Errorf("logged as %v, want %s with the warning %s", line, outcome, test.reason)
					}
				}
				if strings.Contains(logged.String(), "@example.com") {
					t.Errorf("the log quotes the address: %s", logged)
				}
			})
		}
	}
}

// silent never answers.
type silent struct{ calls int }

func (s *silent) Do(r *http.Request) (*http.Response, error) {
	s.calls++
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestSQSCannotHoldUpTheMailsBehind(t *testing.T) {
	for name, left := range map[string]time.Duration{"at once": 30 * time.Second, "when the time for mails is up": -time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				queue := &silent{}
				q := queues{mail: mailURL, sqs: sqs.NewFromConfig(aws.Config{
					Region: "eu-central-1", HTTPClient: queue, Credentials: credentials.NewStaticCredentialsProvider("sample", "sample", ""),
				})}
				ctx, cancel := context.WithTimeout(t.Context(), left)
				defer cancel()
				began := time.Now()
				err := q.delete(ctx, record(t, "1", "a", "jane@example.com"))
				if took := time.Since(began); err == nil || took != time.Second || queue.calls != 1 {
					t.Errorf("%d calls in %v, %v; want one in a second", queue.calls, took, err)
				}
			})
		})
	}
}

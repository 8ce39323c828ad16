package sqs

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// changeVisibility is what a consumer does that knows how long to wait.
func changeVisibility(t *testing.T, q *Queue, receipt string, seconds int32) error {
	t.Helper()
	_, err := client(q).ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
		QueueUrl: aws.String(q.URL(endpoint)), ReceiptHandle: aws.String(receipt), VisibilityTimeout: seconds,
	})
	return err
}

func TestConsumerChangesTheVisibilityTimeout(t *testing.T) {
	for name, test := range map[string]struct {
		seconds int32
		scale   float64
		want    time.Duration
	}{
		"longer than the queue's own time":    {600, 0, 10 * time.Minute},
		"shorter than it":                     {1, 0, time.Second},
		"not at all":                          {0, 0, 0},
		"where a second lasts a tenth of one": {600, 0.1, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var q *Queue
				began := time.Now()
				c := &consumer{reply: func(call int, records []record) (string, error) {
					if call > 1 {
						return "", nil
					}
					if err := changeVisibility(t, q, records[0].ReceiptHandle, test.seconds); err != nil {
						t.Error(err)
					}
					return failing(records...)
				}}
				q = newQueue(Options{Retry: 30 * time.Second, TimeScale: test.scale}, c)
				defer run(t, q)()
				send(t, q, "ann:a")
				noError(t, q.Idle(t.Context()))
				if got := time.Since(began); got != test.want {
					t.Errorf("delivered again after %v, want %v", got, test.want)
				}
			})
		})
	}
}

func TestSentTimestampFollowsTheTimeScale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var ages []time.Duration
		c := &consumer{reply: func(_ int, records []record) (string, error) {
			sent, err := strconv.ParseInt(records[0].Attributes["SentTimestamp"], 10, 64)
			if err != nil {
				t.Error(err)
			}
			ages = append(ages, time.Since(time.UnixMilli(sent)).Truncate(time.Millisecond))
			if len(ages) > 1 {
				return "", nil
			}
			return failing(records...)
		}}
		q := newQueue(Options{Retry: time.Second, TimeScale: 0.1}, c)
		defer run(t, q)()
		send(t, q, "ann:a")
		noError(t, q.Idle(t.Context()))
		if took := time.Since(began); took != time.Second || !slices.Equal(ages, []time.Duration{0, 10 * time.Second}) {
			t.Errorf("after %v its ages are %v, want 0 and 10 s", took, ages)
		}
	})
}

func TestChangeMessageVisibilityRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var receipt string
		c := &consumer{reply: func(_ int, records []record) (string, error) {
			receipt = records[0].ReceiptHandle
			return "", nil
		}}
		q := newQueue(Options{}, c)
		defer run(t, q)()
		send(t, q, "ann:a")
		noError(t, q.Idle(t.Context()))
		for name, test := range map[string]struct {
			receipt string
			seconds int32
			want    string
		}{
			"of a message that was handled": {receipt, 1, "ReceiptHandleIsInvalid"},
			"of more than twelve hours":     {receipt, 43201, "InvalidParameterValue"},
		} {
			apiErr, ok := errors.AsType[smithy.APIError](changeVisibility(t, q, test.receipt, test.seconds))
			if !ok || apiErr.ErrorCode() != test.want {
				t.Errorf("%s: %v, want %s", name, apiErr, test.want)
			}
		}
	})
}

func TestLostAcknowledgementRedelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &consumer{}
		q := newQueue(Options{DropAck: func(m Message) bool { return m.Body == "b" && m.Receives == 1 }}, c)
		defer run(t, q)()
		send(t, q, "ann:b")
		noError(t, q.Idle(t.Context()))
		equal(t, "deliveries", c.calls, []string{"b", "b"})
	})
}

func reason(text string) map[string]types.MessageAttributeValue {
	return map[string]types.MessageAttributeValue{"reason": {DataType: aws.String("String"), StringValue: &text}}
}

func TestConsumerSendsToTheDeadLetterQueue(t *testing.T) {
	q := newQueue(Options{}, &consumer{})
	for range 2 { // the second one is a repeat
		in := input(q)
		in.QueueUrl, in.MessageAttributes = aws.String(q.DeadURL(endpoint)), reason("rejected")
		_, err := client(q).SendMessage(t.Context(), in)
		noError(t, err)
	}
	dead := q.DeadLetters()
	if len(dead) != 1 || dead[0].Attributes["reason"] != "rejected" || dead[0].Body != "body" || dead[0].Group != "ann" {
		t.Errorf("the dead letters are %+v", dead)
	}
	if q.Depth() != 0 {
		t.Error("it went to the queue itself")
	}
	// The deduplication of the queue itself is another one.
	_, err := client(q).SendMessage(t.Context(), input(q))
	if err != nil || q.Depth() != 1 {
		t.Errorf("sent again to the queue: %v, depth %d", err, q.Depth())
	}
}

func TestMessageAttributesReachTheConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got value
		c := &consumer{reply: func(_ int, records []record) (string, error) {
			got = records[0].MessageAttributes["reason"]
			return "", nil
		}}
		q := newQueue(Options{}, c)
		defer run(t, q)()
		in := input(q)
		in.MessageAttributes = reason("redrive")
		_, err := client(q).SendMessage(t.Context(), in)
		noError(t, err)
		noError(t, q.Idle(t.Context()))
		if got.StringValue != "redrive" || got.DataType != "String" {
			t.Errorf("got %+v", got)
		}
	})
}

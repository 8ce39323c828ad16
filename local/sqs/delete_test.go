package sqs

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// deleteFrom is what a consumer does that acknowledges a message itself.
func deleteFrom(t *testing.T, q *Queue, url, receipt string) error {
	t.Helper()
	_, err := client(q).DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: aws.String(receipt)})
	return err
}

func TestWhatAConsumerHasDeletedDoesNotComeAgain(t *testing.T) {
	for name, reply := range map[string]func([]record) (string, error){
		"when it succeeds":                 func([]record) (string, error) { return "", nil },
		"when it fails":                    func([]record) (string, error) { return "", errors.New("sample") },
		"when it reports all":              func(all []record) (string, error) { return failing(all...) },
		"when it reports what it has left": func(all []record) (string, error) { return failing(all[2:]...) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var q *Queue
				c := &consumer{reply: func(call int, all []record) (string, error) {
					if call > 1 {
						return "", nil
					}
					for _, r := range []record{all[0], all[1], all[0]} { // one of them twice
						if err := deleteFrom(t, q, q.URL(endpoint), r.ReceiptHandle); err != nil {
							t.Error(err)
						}
					}
					if depth := q.Depth(); depth != 1 {
						t.Errorf("%d messages are left", depth)
					}
					return reply(all)
				}}
				q = newQueue(Options{}, c)
				send(t, q, "ann:a", "ben:b", "ann:c")
				defer run(t, q)()
				noError(t, q.Idle(t.Context()))
				want := []string{"a b c", "c"}
				if name == "when it succeeds" {
					want = want[:1]
				}
				equal(t, "deliveries", c.calls, want)
			})
		})
	}
}

// A FIFO queue holds a group back while messages of it are in flight.
func TestAGroupGoesOnWhenItsMessagesAreDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q *Queue
		began := time.Now()
		var at time.Duration
		c := &consumer{reply: func(call int, all []record) (string, error) {
			if call > 1 {
				at = time.Since(began)
				return "", nil
			}
			for _, r := range all {
				time.Sleep(time.Second)
				if err := deleteFrom(t, q, q.URL(endpoint), r.ReceiptHandle); err != nil {
					t.Error(err)
				}
			}
			time.Sleep(time.Minute)
			return "", nil
		}}
		q = newQueue(Options{BatchSize: 3, Concurrency: 2}, c)
		send(t, q, "ann:a", "ann:b", "ben:c", "ann:d")
		defer run(t, q)()
		noError(t, q.Idle(t.Context())) // with the first invocation
		equal(t, "deliveries", c.calls, []string{"a b c", "d"})
		if at != 2*time.Second {
			t.Errorf("the group went on after %v, want 2s, when its two messages were deleted", at)
		}
		if idle := time.Since(began); idle != time.Minute+3*time.Second {
			t.Errorf("the queue is idle after %v, want 1m3s, when the first consumer ended", idle)
		}
	})
}

func TestDeleteMessageRefuses(t *testing.T) {
	const expired = "InvalidParameterValue"
	synctest.Test(t, func(t *testing.T) {
		var receipts []string
		c := &consumer{reply: func(call int, all []record) (string, error) {
			receipts = append(receipts, all[0].ReceiptHandle)
			return failing(all...)
		}}
		q := newQueue(Options{MaxReceives: 100, Retry: 10 * time.Second}, c)
		send(t, q, "ann:a")
		stop := run(t, q)
		time.Sleep(15 * time.Second) // it has failed twice, and waits
		stop()
		if len(receipts) != 2 {
			t.Fatalf("%d deliveries", len(receipts))
		}
		refused := func(what, url, receipt, want string) {
			t.Helper()
			apiErr, ok := errors.AsType[smithy.APIError](deleteFrom(t, q, url, receipt))
			if !ok || apiErr.ErrorCode() != want {
				t.Errorf("%s: got %v, want %s", what, apiErr, want)
			}
		}
		url := q.URL(endpoint)
		refused("of another queue", endpoint+"/000000000000/other.fifo", receipts[1], "AWS.SimpleQueueService.NonExistentQueue")
		refused("without a handle", url, "", "ReceiptHandleIsInvalid")
		refused("by another word", url, "sample", "ReceiptHandleIsInvalid")
		refused("by the id of the message", url, q.waiting[0].ID, "ReceiptHandleIsInvalid")
		refused("by the handle of an earlier delivery", url, receipts[0], expired)
		time.Sleep(5 * time.Second)
		refused("when it is visible again", url, receipts[1], expired)
		if q.Depth() != 1 {
			t.Error("the message is gone")
		}
	})
}

func TestAMessageThatWaitsForAnotherDeliveryCanBeDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var receipt string
		c := &consumer{reply: func(_ int, all []record) (string, error) {
			receipt = all[0].ReceiptHandle
			return failing(all...)
		}}
		q := newQueue(Options{}, c)
		send(t, q, "ann:a")
		defer run(t, q)()
		synctest.Wait() // until the only delivery has failed
		for range 2 {
			noError(t, deleteFrom(t, q, q.URL(endpoint), receipt))
		}
		noError(t, q.Idle(t.Context()))
		equal(t, "deliveries", c.calls, []string{"a"})
	})
}

// Neither the consumer's acknowledgement nor Lambda's arrives.
func TestADeletionThatIsLostIsDeliveredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q *Queue
		c := &consumer{reply: func(_ int, all []record) (string, error) {
			return "", deleteFrom(t, q, q.URL(endpoint), all[0].ReceiptHandle)
		}}
		q = newQueue(Options{DropAck: func(m Message) bool { return m.Receives == 1 }}, c)
		send(t, q, "ann:a")
		defer run(t, q)()
		noError(t, q.Idle(t.Context()))
		equal(t, "deliveries", c.calls, []string{"a", "a"})
	})
}

package sqs

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// A standard queue drops nothing and keeps no order, and Handler serves it beside a FIFO queue.
func TestAStandardQueueBesideAFIFOQueue(t *testing.T) {
	var delivered atomic.Int32
	standard := New(Options{Name: "events", Region: "eu-central-1", Account: "123456789012", Invoke: func(_ context.Context, event []byte) ([]byte, error) {
		if strings.Contains(string(event), "MessageGroupId") || strings.Contains(string(event), "SequenceNumber") {
			t.Errorf("its consumer gets %s", event)
		}
		delivered.Add(1)
		return nil, nil
	}, BatchSize: 1})
	fifo := New(Options{Name: "mail.fifo", Region: "eu-central-1", Account: "123456789012"})
	c := client(standard)
	c = sqs.New(c.Options(), func(o *sqs.Options) { o.HTTPClient = inMemory{Handler(fifo, standard)} })
	send := func(q *Queue, change func(*sqs.SendMessageInput)) error {
		in := &sqs.SendMessageInput{QueueUrl: aws.String(q.URL(endpoint)), MessageBody: aws.String("{}")}
		if change != nil {
			change(in)
		}
		out, err := c.SendMessage(t.Context(), in)
		if err == nil && (out.SequenceNumber == nil) != (q == standard) {
			t.Errorf("the sequence number is %v", out.SequenceNumber)
		}
		return err
	}
	for range 2 {
		noError(t, send(standard, nil))
	}
	noError(t, send(fifo, func(in *sqs.SendMessageInput) {
		in.MessageGroupId, in.MessageDeduplicationId = aws.String("a"), aws.String("a")
	}))
	for name, err := range map[string]error{
		"a deduplication id":       send(standard, func(in *sqs.SendMessageInput) { in.MessageDeduplicationId = aws.String("a") }),
		"no group in a FIFO queue": send(fifo, nil),
		"a queue that nobody has":  send(standard, func(in *sqs.SendMessageInput) { in.QueueUrl = aws.String(endpoint + "/123456789012/other") }),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if standard.Depth() != 2 || fifo.Depth() != 1 {
		t.Errorf("the queues have %d and %d messages", standard.Depth(), fifo.Depth())
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { standard.Run(ctx); close(done) }()
	noError(t, standard.Idle(t.Context()))
	stop()
	<-done
	if n := delivered.Load(); n != 2 {
		t.Errorf("%d messages were delivered", n)
	}
}

package sqs

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"
)

// Run delivers messages to the consumer until ctx ends, and returns when the
// last invocation has come back. A batch holds messages of any groups that are
// free, in order of arrival; a group with messages in flight, or with one that
// failed, waits while others go on.
func (q *Queue) Run(ctx context.Context) {
	var invocations sync.WaitGroup
	defer invocations.Wait()
	places := make(chan struct{}, q.options.Concurrency)
	for {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		batch := q.next(ctx)
		if batch == nil {
			return
		}
		invocations.Go(func() {
			q.deliver(ctx, batch)
			<-places
		})
	}
}

// next waits for a batch. It returns nil when ctx ends.
func (q *Queue) next(ctx context.Context) []Message {
	for ctx.Err() == nil {
		batch, changed, retry := q.receive()
		if len(batch) > 0 {
			return batch
		}
		var due <-chan time.Time
		if !retry.IsZero() {
			due = time.After(retry.Sub(q.options.Clock()))
		}
		select {
		case <-changed:
		case <-due:
		case <-ctx.Done():
		}
	}
	return nil
}

// deliver hands one batch to the consumer and settles it by the reply. When
// the invocation or its reply fails, the whole batch has failed.
func (q *Queue) deliver(ctx context.Context, batch []Message) {
	failed, err := q.invoke(ctx, batch)
	if err != nil {
		failed = map[string]bool{}
		for _, m := range batch {
			failed[m.ID] = true
		}
	}
	q.settle(batch, failed)
	if err != nil && ctx.Err() == nil {
		slog.Warn("batch failed", "queue", q.options.Name, "messages", len(batch), "error", err)
	}
}

func (q *Queue) invoke(ctx context.Context, batch []Message) (failed map[string]bool, err error) {
	payload, err := json.Marshal(q.event(batch))
	if err != nil {
		panic(err) // numbers and strings always encode
	}
	reply, err := q.options.Invoke(ctx, payload)
	if err != nil {
		return nil, fmt.Errorf("invoke the consumer: %w", err)
	}
	return failures(reply, batch)
}

// event and record have the shape that Lambda gives to a batch of a queue
// ("Using Lambda with Amazon SQS", developer guide): times are milliseconds,
// and all attributes are strings.
type event struct {
	Records []record `json:"Records"`
}

type record struct {
	MessageID         string            `json:"messageId"`
	ReceiptHandle     string            `json:"receiptHandle"`
	Body              string            `json:"body"`
	Attributes        map[string]string `json:"attributes"`
	MessageAttributes map[string]value  `json:"messageAttributes"`
	MD5OfBody         string            `json:"md5OfBody"`
	EventSource       string            `json:"eventSource"`
	EventSourceARN    string            `json:"eventSourceARN"`
	AWSRegion         string            `json:"awsRegion"`
}

type value struct {
	StringValue      string   `json:"stringValue"`
	StringListValues []string `json:"stringListValues"`
	BinaryListValues []string `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

func (q *Queue) event(batch []Message) event {
	var e event
	now := q.options.Clock()
	for _, m := range batch {
		attributes := map[string]value{}
		for name, text := range m.Attributes {
			attributes[name] = value{text, []string{}, []string{}, "String"}
		}
		system := map[string]string{
			"ApproximateFirstReceiveTimestamp": milliseconds(m.FirstReceived),
			"ApproximateReceiveCount":          strconv.Itoa(m.Receives),
			"SenderId":                         "AIDAEXAMPLESENDERID00",
			"SentTimestamp":                    milliseconds(now.Add(-time.Duration(float64(now.Sub(m.Sent)) / q.options.TimeScale))),
		}
		if q.isFIFO() {
			system["MessageDeduplicationId"], system["MessageGroupId"], system["SequenceNumber"] = m.DeduplicationID, m.Group, m.SequenceNumber
		}
		e.Records = append(e.Records, record{
			MessageID:         m.ID,
			ReceiptHandle:     m.receipt,
			Body:              m.Body,
			Attributes:        system,
			MessageAttributes: attributes,
			MD5OfBody:         md5Of(m.Body),
			EventSource:       "aws:sqs",
			EventSourceARN:    q.ARN(),
			AWSRegion:         q.options.Region,
		})
	}
	return e
}

// failures reads a partial batch response (ReportBatchItemFailures): which
// messages of the batch failed. By "Handling errors for an SQS event source in
// Lambda" (developer guide) no reply, null, {} and an absent, null or empty
// list stand for complete success, while malformed JSON and an item without
// the id of a message in the batch stand for complete failure, here an error.
// Keys count to the letter.
//
// Exactly the listed messages fail. Lambda deletes the others even when they
// come after a failed one of their group, so the guide tells consumers of FIFO
// queues to stop at the first failure and to list what they did not process.
func failures(reply []byte, batch []Message) (map[string]bool, error) {
	failed := map[string]bool{}
	if len(reply) == 0 {
		return failed, nil
	}
	// Maps, because fields of structs match keys in any case.
	var response map[string]json.RawMessage
	if err := json.Unmarshal(reply, &response); err != nil {
		return nil, errors.New("the consumer's reply is not a JSON object")
	}
	var items []map[string]any
	if list, ok := response["batchItemFailures"]; ok {
		if err := json.Unmarshal(list, &items); err != nil {
			return nil, errors.New("the consumer's batchItemFailures is not a list of objects")
		}
	}
	known := map[string]bool{}
	for _, m := range batch {
		known[m.ID] = true
	}
	for i, item := range items {
		id, _ := item["itemIdentifier"].(string)
		if !known[id] {
			return nil, fmt.Errorf("the consumer's batchItemFailures[%d] has no itemIdentifier of a message in the batch", i)
		}
		failed[id] = true
	}
	return failed, nil
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

func md5Of(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// Package queue is one SQS FIFO queue in memory, together with the Lambda
// event source mapping that empties it. It speaks the JSON protocol of SQS, so
// that any AWS SDK sends to it, and hands batches to its consumer in the shape
// that Lambda uses. It is as strict as AWS documents SQS and Lambda to be,
// because a kindness here would be a lost message there; nothing of it was
// compared with a live account.
//
// Left out: every operation but SendMessage, message attributes, delays,
// content-based deduplication, signatures, retention (a message stays until it
// is handled), Lambda's batching window and its back-off. All is gone when the
// process ends.
package queue

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// deduplicationInterval is fixed by SQS ("Exactly-once processing in Amazon
// SQS", developer guide).
const deduplicationInterval = 5 * time.Minute

// Options describe a queue and its mapping. Name, Region, Account and Invoke
// are required.
type Options struct {
	Name    string // ends in .fifo
	Region  string // such as eu-central-1
	Account string // 12 digits

	// Invoke runs the consumer: an SQS event in, its reply out. It is called
	// by several goroutines at once, never with two batches of one group.
	Invoke func(ctx context.Context, event []byte) ([]byte, error)

	BatchSize   int           // messages an invocation, 1 to 10; 0: 10, which is Lambda's default
	Concurrency int           // invocations at once, the mapping's MaximumConcurrency; 0: 2, its least value
	MaxReceives int           // receives before a message is a dead letter, the queue's maxReceiveCount; 0: 3
	Retry       time.Duration // how long a failed message stays invisible; 0: 30 s, SQS's default visibility timeout

	Clock func() time.Time // nil: time.Now
}

// Message is a message that the queue has accepted.
type Message struct {
	ID              string // a UUID
	Body            string
	Group           string
	DeduplicationID string
	SequenceNumber  string    // 20 digits, growing
	Sent            time.Time // when SendMessage accepted it
	FirstReceived   time.Time // zero before the first delivery
	Receives        int       // deliveries so far
}

// Queue is a FIFO queue with its event source mapping. Its methods may be
// called from several goroutines.
type Queue struct {
	options Options

	mu       sync.Mutex
	waiting  []*Message           // in order of arrival, those in flight included
	inFlight map[string]bool      // groups with messages at the consumer
	retryAt  map[string]time.Time // groups with a failed message, and when they go on
	accepted map[string]Message   // by deduplication id
	dead     []Message
	sequence int
	changed  chan struct{} // closed and replaced whenever the above changes
}

// New returns an empty queue. It delivers nothing until Run is called.
func New(options Options) *Queue {
	if options.BatchSize == 0 {
		options.BatchSize = 10
	}
	if options.Concurrency == 0 {
		options.Concurrency = 2
	}
	if options.MaxReceives == 0 {
		options.MaxReceives = 3
	}
	if options.Retry == 0 {
		options.Retry = 30 * time.Second
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	return &Queue{
		options:  options,
		inFlight: map[string]bool{},
		retryAt:  map[string]time.Time{},
		accepted: map[string]Message{},
		changed:  make(chan struct{}),
	}
}

// URL returns the queue's address below that of the SQS endpoint, such as
// http://127.0.0.1:9229/123456789012/mail.fifo.
func (q *Queue) URL(endpoint string) string { return endpoint + q.path() }

// ARN returns the queue's Amazon Resource Name.
func (q *Queue) ARN() string {
	return fmt.Sprintf("arn:aws:sqs:%s:%s:%s", q.options.Region, q.options.Account, q.options.Name)
}

func (q *Queue) path() string { return "/" + q.options.Account + "/" + q.options.Name }

// Depth returns how many messages the queue holds: waiting, in flight and
// waiting for another attempt, but not the dead letters.
func (q *Queue) Depth() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// DeadLetters returns the messages that were given up, oldest first.
func (q *Queue) DeadLetters() []Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.dead)
}

// Idle waits until the queue holds no message. Its error is that of ctx.
func (q *Queue) Idle(ctx context.Context) error {
	for {
		q.mu.Lock()
		depth, changed := len(q.waiting), q.changed
		q.mu.Unlock()
		if depth == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// accept stores a message and returns it with its id and sequence number. A
// repeat within the deduplication interval is answered with the first
// message's and not stored, even if that one was handled long ago.
func (q *Queue) accept(m Message) Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	m.Sent = q.options.Clock()
	for id, earlier := range q.accepted {
		if m.Sent.Sub(earlier.Sent) >= deduplicationInterval {
			delete(q.accepted, id)
		}
	}
	if earlier, ok := q.accepted[m.DeduplicationID]; ok {
		return earlier
	}
	q.sequence++
	m.SequenceNumber = fmt.Sprintf("188%017d", q.sequence)
	m.ID = newID()
	q.accepted[m.DeduplicationID] = m
	q.waiting = append(q.waiting, &m)
	q.notify()
	return m
}

// receive takes the next batch. The groups in it are in flight until settle.
// With an empty batch come the channel that is closed when something changes
// and the time at which the first failed group goes on, zero if there is none.
func (q *Queue) receive() (batch []Message, changed <-chan struct{}, next time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.options.Clock()
	q.bury(now)
	for _, m := range q.waiting {
		if len(batch) == q.options.BatchSize {
			break
		}
		if q.held(m.Group, now) {
			continue
		}
		if m.Receives++; m.Receives == 1 {
			m.FirstReceived = now
		}
		batch = append(batch, *m)
	}
	for _, m := range batch {
		q.inFlight[m.Group] = true
		delete(q.retryAt, m.Group)
	}
	for _, at := range q.retryAt {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return batch, q.changed, next
}

// bury moves messages that were received too often to the dead letters. SQS
// does so at the receive after the last permitted one, not at the failure:
// until then the group waits.
func (q *Queue) bury(now time.Time) {
	before := len(q.waiting)
	q.waiting = slices.DeleteFunc(q.waiting, func(m *Message) bool {
		if m.Receives < q.options.MaxReceives || q.held(m.Group, now) {
			return false
		}
		q.dead = append(q.dead, *m)
		delete(q.retryAt, m.Group)
		slog.Error("message given up", "queue", q.options.Name, "messageId", m.ID, "receives", m.Receives)
		return true
	})
	if len(q.waiting) < before {
		q.notify()
	}
}

// held says whether a group has to wait, because it has messages in flight or
// one that failed a moment ago.
func (q *Queue) held(group string, now time.Time) bool {
	return q.inFlight[group] || now.Before(q.retryAt[group])
}

// settle ends the flight of a batch: messages named in failed stay, in their
// place, and hold their groups back; the others are done.
func (q *Queue) settle(batch []Message, failed map[string]bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	done := map[string]bool{}
	for _, m := range batch {
		delete(q.inFlight, m.Group)
		if failed[m.ID] {
			q.retryAt[m.Group] = q.options.Clock().Add(q.options.Retry)
		} else {
			done[m.ID] = true
		}
	}
	q.waiting = slices.DeleteFunc(q.waiting, func(m *Message) bool { return done[m.ID] })
	q.notify()
}

// notify wakes everyone who waits for a change. The lock is held.
func (q *Queue) notify() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// newID returns a random UUID (RFC 9562, version 4).
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

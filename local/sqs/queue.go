// Package sqs is SQS queues in memory, FIFO and standard ones, each together with the
// event source mapping that empties it. It speaks the JSON protocol of SQS, so
// that any AWS SDK sends to it, and hands batches to its consumer in the shape
// that Lambda uses. It is as strict as AWS documents SQS and Lambda to be,
// because a kindness here would be a lost message there; nothing of it was
// compared with a live account.
//
// It has a dead-letter queue, to which a consumer may send as well.
//
// Left out: every operation but SendMessage, DeleteMessage and
// ChangeMessageVisibility, binary message attributes, delays, content-based
// deduplication, signatures, retention (a message stays until it is handled), the
// second delivery of a message whose consumer is still at work, Lambda's batching
// window and its back-off. All is gone when the process ends.
package sqs

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"uuid"
)

// deduplicationInterval is fixed by SQS ("Exactly-once processing in Amazon
// SQS", developer guide).
const deduplicationInterval = 5 * time.Minute

// Options describe a queue and its mapping. Name, Region, Account and Invoke
// are required.
type Options struct {
	Name    string // ends in .fifo if it is a FIFO queue
	Region  string // such as eu-central-1
	Account string // 12 digits

	// Invoke runs the consumer: an SQS event in, its reply out. It is called
	// by several goroutines at once, and with messages of a group only when those
	// before them are deleted or wait for their next delivery.
	Invoke func(ctx context.Context, event []byte) ([]byte, error)

	BatchSize   int           // messages an invocation, 1 to 10; 0: 10, which is Lambda's default
	Concurrency int           // invocations at once, the mapping's MaximumConcurrency; 0: 2, its least value
	MaxReceives int           // receives before a message is a dead letter, the queue's maxReceiveCount; 0: 3
	Retry       time.Duration // how long a failed message stays invisible; 0: 30 s, SQS's default visibility timeout
	TimeScale   float64       // how long a second of ChangeMessageVisibility and of SentTimestamp lasts, in seconds; 0: 1

	// DropAck says whether every acknowledgement of this delivery of a message gets
	// lost, the consumer's own and Lambda's, so that it is delivered once more
	// although it was handled; nil: never.
	DropAck func(Message) bool

	Clock func() time.Time // nil: time.Now
}

// Message is a message that the queue has accepted.
type Message struct {
	ID              string // a UUID
	Body            string
	Group           string
	DeduplicationID string
	Attributes      map[string]string // the message attributes of type String
	SequenceNumber  string            // 20 digits, growing
	Sent            time.Time         // when SendMessage accepted it
	FirstReceived   time.Time         // zero before the first delivery
	Receives        int               // deliveries so far

	receipt  string        // of the latest delivery
	inFlight bool          // at the consumer
	wait     time.Duration // how long it stays invisible, when the consumer has said so
}

// Queue is a queue with its event source mapping. Its methods may be called from
// several goroutines. In a standard queue, each message is a group of its own.
type Queue struct {
	options Options
	api     http.Handler

	mu           sync.Mutex
	waiting      []*Message           // in order of arrival, those in flight included
	batches      int                  // at the consumer
	inFlight     map[string]int       // messages at the consumer, by group; groups without have no entry
	retryAt      map[string]time.Time // groups with a failed message, and when they go on
	accepted     register
	dead         []Message
	acceptedDead register // of what was sent to the dead-letter queue
	sequence     int
	changed      chan struct{} // closed and replaced whenever the above changes
}

// New returns an empty queue. It delivers nothing until Run is called.
func New(options Options) *Queue {
	options.BatchSize = cmp.Or(options.BatchSize, 10)
	options.Concurrency = cmp.Or(options.Concurrency, 2)
	options.MaxReceives = cmp.Or(options.MaxReceives, 3)
	options.Retry = cmp.Or(options.Retry, 30*time.Second)
	options.TimeScale = cmp.Or(options.TimeScale, 1)
	if options.DropAck == nil {
		options.DropAck = func(Message) bool { return false }
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	q := &Queue{
		options:  options,
		inFlight: map[string]int{},
		retryAt:  map[string]time.Time{},
		changed:  make(chan struct{}),

		accepted:     register{byID: map[string]Message{}},
		acceptedDead: register{byID: map[string]Message{}},
	}
	q.api = Handler(q)
	return q
}

func (q *Queue) isFIFO() bool { return strings.HasSuffix(q.options.Name, ".fifo") }

// URL returns the queue's address below that of the SQS endpoint, such as
// http://127.0.0.1:9229/123456789012/mail.fifo.
func (q *Queue) URL(endpoint string) string { return endpoint + q.path() }

// ARN returns the queue's Amazon Resource Name.
func (q *Queue) ARN() string {
	return fmt.Sprintf("arn:aws:sqs:%s:%s:%s", q.options.Region, q.options.Account, q.options.Name)
}

// DeadURL returns the address of the dead-letter queue.
func (q *Queue) DeadURL(endpoint string) string { return endpoint + q.deadPath() }

func (q *Queue) path() string { return "/" + q.options.Account + "/" + q.options.Name }

func (q *Queue) deadPath() string { return "/" + q.options.Account + "/dead-" + q.options.Name }

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

// Idle waits until the queue holds no message, and no consumer is at work. Its error is that
// of ctx.
func (q *Queue) Idle(ctx context.Context) error {
	for {
		q.mu.Lock()
		idle, changed := len(q.waiting) == 0 && q.batches == 0, q.changed
		q.mu.Unlock()
		if idle {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// accept stores a message, in the queue or in its dead-letter queue, and returns it
// with its time, id and sequence number. A repeat within the deduplication interval is
// answered with the first message's and not stored, even if that one was handled long
// ago.
func (q *Queue) accept(m Message, dead bool) Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	known := &q.accepted
	if dead {
		known = &q.acceptedDead
	}
	m.Sent = q.options.Clock()
	m.ID = uuid.NewV4().String()
	if q.isFIFO() {
		known.forget(m.Sent.Add(-deduplicationInterval))
		if earlier, ok := known.byID[m.DeduplicationID]; ok {
			return earlier
		}
		q.sequence++
		m.SequenceNumber = fmt.Sprintf("188%017d", q.sequence)
		known.byID[m.DeduplicationID] = m
		known.order = append(known.order, m)
	} else {
		m.Group = m.ID
	}
	if dead {
		q.dead = append(q.dead, m)
	} else {
		q.waiting = append(q.waiting, &m)
	}
	q.notify()
	return m
}

// A register knows the messages of the deduplication interval.
type register struct {
	byID  map[string]Message // by deduplication id
	order []Message
}

// forget drops the messages that were sent at that time or before.
func (r *register) forget(until time.Time) {
	for len(r.order) > 0 && !r.order[0].Sent.After(until) {
		delete(r.byID, r.order[0].DeduplicationID)
		r.order = r.order[1:]
	}
}

// receive takes the next batch. The groups in it are in flight until settle.
// With an empty batch come the channel that is closed when something changes
// and the time at which the first failed group goes on, zero if there is none.
func (q *Queue) receive() (batch []Message, changed <-chan struct{}, next time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.options.Clock()
	q.deadLetter(now)
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
		m.receipt, m.wait, m.inFlight = m.ID+receiptSeparator+rand.Text(), q.options.Retry, true
		batch = append(batch, *m)
	}
	if len(batch) > 0 {
		q.batches++
	}
	for _, m := range batch {
		q.inFlight[m.Group]++
		delete(q.retryAt, m.Group)
	}
	for _, at := range q.retryAt {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return batch, q.changed, next
}

// deadLetter moves messages that were received too often to the dead letters. SQS
// does so at the receive after the last permitted one, not at the failure:
// until then the group waits.
func (q *Queue) deadLetter(now time.Time) {
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
	return q.inFlight[group] > 0 || now.Before(q.retryAt[group])
}

// land ends the flight of a message.
func (q *Queue) land(m *Message) {
	m.inFlight = false
	if q.inFlight[m.Group]--; q.inFlight[m.Group] == 0 {
		delete(q.inFlight, m.Group)
	}
}

// settle ends the flight of a batch: messages named in failed stay, in their
// place, and hold their groups back; the others are done. Those that the consumer has
// deleted are gone, whatever it replied.
func (q *Queue) settle(batch []Message, failed map[string]bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.batches--
	handed := map[string]bool{}
	for _, m := range batch {
		handed[m.ID] = true
	}
	now := q.options.Clock()
	q.waiting = slices.DeleteFunc(q.waiting, func(m *Message) bool {
		if !handed[m.ID] {
			return false
		}
		q.land(m)
		if !failed[m.ID] && !q.options.DropAck(*m) {
			return true
		}
		if at := now.Add(m.wait); at.After(q.retryAt[m.Group]) {
			q.retryAt[m.Group] = at
		}
		return false
	})
	q.notify()
}

// receiptSeparator stands between the id of a message and what makes the receipt handle of
// one delivery unique.
const receiptSeparator = "."

var (
	errReceipt = errors.New("no receipt handle of this queue")
	errExpired = errors.New("the receipt handle has expired")
)

// remove deletes the message of a receipt handle. One that is gone already is no error.
// A handle expires when its message is visible again ("DeleteMessage" and "Amazon SQS
// visibility timeout", of FIFO queues).
func (q *Queue) remove(receipt string) error {
	id, _, ok := strings.Cut(receipt, receiptSeparator)
	if _, err := uuid.Parse(id); !ok || err != nil {
		return errReceipt
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.waiting, func(m *Message) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	m := q.waiting[i]
	if m.receipt != receipt || !m.inFlight && !q.options.Clock().Before(q.retryAt[m.Group]) {
		return errExpired
	}
	if q.options.DropAck(*m) {
		return nil
	}
	if m.inFlight {
		q.land(m)
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.notify()
	return nil
}

// delay sets how long the message with this receipt handle stays invisible
// when its consumer fails it. It is false when no message in flight has it.
func (q *Queue) delay(receipt string, wait time.Duration) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.waiting {
		if m.receipt == receipt && m.inFlight {
			m.wait = wait
			return true
		}
	}
	return false
}

// notify wakes everyone who waits for a change. The lock is held.
func (q *Queue) notify() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// Package eventbridge is an event bus of EventBridge in memory, with rules that deliver to targets,
// and the Pipe that brings events from a queue. It is as strict as AWS documents both to be; nothing
// of it was compared with a live account.
//
// Left out: the API, event patterns beyond source, detail type and user pool, input transformers,
// archives, and EventBridge's own schedule of retries, which is not published. All is gone when the
// process ends.
package eventbridge

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
	"uuid"

	"poolpost/events"
)

// A Rule delivers events to a target.
type Rule struct {
	Name   string
	Types  []string // detail types
	Target string   // what it is in the settings, for people

	// Deliver brings an event in its envelope to the target. Nil: nothing plays the target here.
	Deliver func(ctx context.Context, envelope []byte) Answer
}

// An Answer is what a target said.
type Answer struct {
	OK    bool
	Retry bool   // worth another attempt
	Text  string // such as 204 No Content
}

// Options describe a bus. Region, Account and UserPoolID are required.
type Options struct {
	Region, Account string
	UserPoolID      string // what the rules match
	Rules           []Rule
	Second          time.Duration // how long a second of a wait between attempts lasts; 0: a second
}

// EventBridge's limits.
const (
	maxAttempts = 1 + 185
	maxAge      = 24 * time.Hour
	attemptTime = 5 * time.Second // of an API destination
	maxEvent    = 256 << 10       // bytes
)

// capacity is how many events are kept for people to see.
const capacity = 500

// An Event is an event on the bus, and what became of it.
type Event struct {
	Number     int
	Type, ID   string
	Source     string
	Time       time.Time // when it came to the bus
	Envelope   []byte
	Deliveries []Delivery // one for each rule that matched
}

// States of a delivery.
const (
	Delivering = "delivering"
	Delivered  = "delivered"
	Dead       = "dead" // in the dead-letter queue
	NoTarget   = "no target here"
)

// A Delivery is what became of an event at a rule.
type Delivery struct {
	Rule     string
	State    string
	Attempts []Attempt
	Next     time.Time // of the next attempt, while it is Delivering
}

// An Attempt is one of a delivery.
type Attempt struct {
	Time   time.Time
	Answer Answer
}

// A Bus is an event bus with rules. Its methods may be called by several goroutines.
type Bus struct {
	options Options

	mu      sync.Mutex
	events  []*Event // newest last
	dead    [][]byte // envelopes
	number  int
	running sync.WaitGroup
	closing chan struct{}
}

// New returns a bus. Close ends its deliveries.
func New(o Options) *Bus {
	o.Second = cmp.Or(o.Second, time.Second)
	return &Bus{options: o, closing: make(chan struct{})}
}

// Idle waits until no event is being delivered. Its error is that of ctx.
func (b *Bus) Idle(ctx context.Context) error {
	idle := make(chan struct{})
	go func() {
		b.running.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// DeadLetters are the envelopes of events that were given up, each once for each rule.
func (b *Bus) DeadLetters() [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.dead)
}

// Close ends all deliveries and waits for them.
func (b *Bus) Close() {
	close(b.closing)
	b.running.Wait()
}

// Pipe takes a batch of an SQS queue as the Pipe does: it puts the body of each message on the bus.
// An error fails the batch, so that it comes again.
func (b *Bus) Pipe(_ context.Context, batch []byte) ([]byte, error) {
	var in struct {
		Records []struct{ Body string }
	}
	if err := json.Unmarshal(batch, &in); err != nil {
		return nil, fmt.Errorf("read a batch: %w", err)
	}
	for _, r := range in.Records {
		if err := b.Put(events.Source, []byte(r.Body)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// Put is PutEvents for one event, whose type and time are in its detail.
func (b *Bus) Put(source string, detail []byte) error {
	var e struct {
		ID, Type, UserPoolID string
		Time                 time.Time
	}
	if err := json.Unmarshal(detail, &e); err != nil {
		return fmt.Errorf("put an event: %w", err)
	}
	switch {
	case e.Type == "" || len(e.Type) > 128:
		return errors.New("put an event: its type has 1 to 128 characters")
	case e.Time.IsZero():
		return errors.New("put an event: it has no time")
	case len(detail) > maxEvent:
		return fmt.Errorf("put an event: it has more than %d bytes", maxEvent)
	}
	envelope, err := json.Marshal(map[string]any{
		"version": "0", "id": uuid.NewV4().String(), "detail-type": e.Type, "source": source, "account": b.options.Account,
		"time": e.Time.UTC().Format("2006-01-02T15:04:05Z"), "region": b.options.Region, "resources": []string{}, "detail": json.RawMessage(detail),
	})
	if err != nil {
		return fmt.Errorf("put an event: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.number++
	event := &Event{Number: b.number, Type: e.Type, ID: e.ID, Source: source, Time: time.Now(), Envelope: envelope}
	for _, r := range b.options.Rules {
		if !slices.Contains(r.Types, e.Type) || e.UserPoolID != b.options.UserPoolID || source != events.Source && source != events.RedriveSource(r.Name) {
			continue
		}
		d := Delivery{Rule: r.Name, State: NoTarget}
		if r.Deliver != nil {
			d.State = Delivering
			place := len(event.Deliveries)
			b.running.Go(func() { b.deliver(r, event, place) })
		}
		event.Deliveries = append(event.Deliveries, d)
	}
	if len(b.events) == capacity {
		b.events = slices.Delete(b.events, 0, 1)
	}
	b.events = append(b.events, event)
	return nil
}

// deliver tries until the target has the event, or it is dead.
func (b *Bus) deliver(r Rule, event *Event, place int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-b.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	began, wait := time.Now(), b.options.Second
	for attempt := 1; ; attempt++ {
		limited, done := context.WithTimeout(ctx, attemptTime)
		answer := r.Deliver(limited, event.Envelope)
		done()
		if ctx.Err() != nil {
			return
		}
		age := time.Duration(float64(time.Since(began)) * float64(time.Second) / float64(b.options.Second))
		next := time.Now().Add(wait)
		b.mu.Lock()
		d := &event.Deliveries[place]
		d.Attempts = append(d.Attempts, Attempt{time.Now(), answer})
		switch {
		case answer.OK:
			d.State = Delivered
		case !answer.Retry || attempt == maxAttempts || age > maxAge:
			d.State = Dead
			b.dead = append(b.dead, event.Envelope)
		default:
			d.Next = next
		}
		ended := d.State != Delivering
		b.mu.Unlock()
		if ended {
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, 10*60*b.options.Second)
	}
}

// Events are the last events, newest first, as they are now.
func (b *Bus) Events() []Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []Event
	for _, e := range slices.Backward(b.events) {
		c := *e
		c.Deliveries = nil
		for _, d := range e.Deliveries {
			d.Attempts = slices.Clone(d.Attempts)
			c.Deliveries = append(c.Deliveries, d)
		}
		list = append(list, c)
	}
	return list
}

// Rules are those of the bus.
func (b *Bus) Rules() []Rule { return b.options.Rules }

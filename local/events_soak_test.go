package local

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"poolpost/events"
	"poolpost/internal/functiontest"
	"poolpost/local/sqs"
)

// An eventTrial is a schedule of faults on the way of events, and what it may cost.
type eventTrial struct {
	name     string
	schedule schedule
	target   func(person int, since time.Duration) int // the status of the target; nil: always 204
	dead     func(person int) bool                     // whose events end among the dead letters; nil: nobody's
	doubles  bool                                      // events may come twice
}

// hour is an hour of waits for hooks.
const hour = 3600 * hookSecond

// hookSecond is how long a second of these waits lasts.
const hookSecond = time.Millisecond

// eventTrials are the schedules, in the order of the table in docs/hooks.md.
func eventTrials() []eventTrial {
	return []eventTrial{
		{name: "nothing fails", schedule: all()},
		{name: "SQS throttles", schedule: calls(toEvents, 5, 3, throttled)},
		{name: "SQS is broken", schedule: calls(toEvents, 7, 4, broken)},
		{name: "SQS does not answer", schedule: calls(toEvents, 20, 1, silent)},
		{name: "SQS resets connections", schedule: calls(toEvents, 9, 3, reset)},
		{name: "SQS accepts an event and drops the answer", schedule: calls(toEvents, 8, 2, dropped), doubles: true},
		{name: "SQS is unreachable for two seconds", schedule: outage(toEvents, 2*time.Second, broken)},
		{name: "the mail queue does not answer", schedule: calls(toSQS, 20, 1, silent)},
		{name: "post-confirmation dies before SQS accepted an event", schedule: calls(toEvents, 10, 2, killed)},
		{name: "post-confirmation dies after SQS accepted an event", schedule: calls(toEvents, 10, 1, crashed), doubles: true},
		{name: "the target is down for an hour", schedule: all(), target: func(_ int, since time.Duration) int {
			if since < hour {
				return http.StatusServiceUnavailable
			}
			return http.StatusNoContent
		}},
		{name: "the target refuses some events", schedule: all(), dead: every(6), target: func(person int, _ time.Duration) int {
			if person%6 == 0 {
				return http.StatusGone
			}
			return http.StatusNoContent
		}},
		{
			name:     "everything at once",
			schedule: all(calls(toEvents, 10, 1, crashed), calls(toEvents, 8, 2, dropped), calls(toEvents, 7, 3, broken), calls(toEvents, 5, 2, throttled), calls(toSQS, 30, 1, reset)),
			doubles:  true, dead: every(6), target: func(person int, since time.Duration) int {
				switch {
				case person%6 == 0:
					return http.StatusGone
				case since < hour/4:
					return http.StatusTooManyRequests
				}
				return http.StatusNoContent
			},
		},
	}
}

// A crm is the target of a hook: it keeps the ids of the events that it accepts.
type crm struct {
	answer func(person int, since time.Duration) int

	mu       sync.Mutex
	began    time.Time
	accepted map[string][]string // ids, by sub
}

func (c *crm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var in struct{ Detail events.Event }
	status := http.StatusBadRequest
	if json.Unmarshal(body, &in) == nil && r.Header.Get("X-Api-Key") == sampleSecret {
		c.mu.Lock()
		if c.began.IsZero() {
			c.began = time.Now()
		}
		status = http.StatusNoContent
		if c.answer != nil {
			status = c.answer(numberOf(in.Detail.Sub), time.Since(c.began))
		}
		if status == http.StatusNoContent {
			c.accepted[in.Detail.Sub] = append(c.accepted[in.Detail.Sub], in.Detail.ID)
		}
		c.mu.Unlock()
	}
	w.WriteHeader(status)
}

// TestNoEventIsLost confirms people while what is between Cognito and the target of a hook fails on
// a schedule, and counts: each person's event came to the target, or is a dead letter; and each time
// that it came it had the same id. The functions are the real binaries. With -v it prints the table
// of docs/hooks.md.
func TestNoEventIsLost(t *testing.T) {
	trials := eventTrials()
	rows := make([]string, len(trials))
	if testing.Verbose() {
		t.Cleanup(func() {
			fmt.Println("\n| Schedule | Failed calls | Delivered | Dead letters | Duplicates | Took |\n|---|---|---|---|---|---|")
			fmt.Println(strings.Join(rows, "\n"))
		})
	}
	for i, tr := range trials {
		t.Run(tr.name, func(t *testing.T) {
			if *confirmations <= large {
				t.Parallel()
			}
			rows[i] = eventSoak(t, tr, *confirmations)
		})
	}
}

func eventSoak(t *testing.T, tr eventTrial, people int) (row string) {
	workers := 3
	if people > large {
		workers = 16
	}
	c := newChaos(tr.schedule)
	target := &crm{answer: tr.target, accepted: map[string][]string{}}
	server := httptest.NewServer(target)
	defer server.Close()
	logged := &lockedBuffer{}
	s := startWith(t, soakSettings(t), func(o *Options) {
		o.Logs = logged
		o.EventHooks = map[string]string{"crm": server.URL}
		o.hooks.middleware, o.hooks.second = c.front, hookSecond
		o.hooks.queue = sqs.Options{Concurrency: workers, TimeScale: soakSecond.Seconds()}
	})
	c.stack.Store(s)
	began := time.Now()
	numbers := make(chan int)
	var callers sync.WaitGroup
	for range workers {
		callers.Go(func() {
			for i := range numbers {
				// Cognito tries three times.
				for try := 1; ; try++ {
					_, err := s.host.Invoke(t.Context(), "post-confirmation", s.sampleEvent("PostConfirmation_ConfirmSignUp", i, ""))
					if err == nil {
						break
					}
					if try == 3 {
						t.Errorf("the confirmation of person %d failed: %v", i, err)
						break
					}
				}
			}
		})
	}
	for i := range people {
		numbers <- i
	}
	close(numbers)
	callers.Wait()
	noError(t, s.eventQueue.Idle(t.Context()))
	noError(t, s.bus.Idle(t.Context()))

	target.mu.Lock()
	defer target.mu.Unlock()
	dead, doubles := map[string]bool{}, 0
	for _, envelope := range s.bus.DeadLetters() {
		var e struct{ Detail events.Event }
		noError(t, json.Unmarshal(envelope, &e))
		dead[e.Detail.Sub] = true
	}
	for i := range people {
		sub := fmt.Sprintf("person-%d", i)
		ids := target.accepted[sub]
		if want := tr.dead != nil && tr.dead(i); want != dead[sub] || want == (len(ids) > 0) {
			t.Errorf("person %d: %d deliveries, a dead letter: %t", i, len(ids), dead[sub])
		}
		doubles += max(len(ids)-1, 0)
		if want := events.NewID(s.poolID, sub, events.UserConfirmed, ""); slices.ContainsFunc(ids, func(id string) bool { return id != want }) {
			t.Errorf("person %d: the ids are %q, want %s", i, ids, want)
		}
	}
	if !tr.doubles && doubles > 0 || tr.doubles && doubles == 0 {
		t.Errorf("%d events came twice", doubles)
	}
	for _, personal := range []string{"example.com", soakName} {
		if i := strings.Index(logged.String(), personal); i >= 0 {
			t.Errorf("the log holds %s: %.200s", personal, logged.String()[i:])
		}
	}
	failed, _ := c.cost()
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %v |", tr.name, thousands(failed), thousands(len(target.accepted)), thousands(len(dead)),
		thousands(doubles), time.Since(began).Round(100*time.Millisecond))
}

// The table of docs/hooks.md has every schedule, and none of them loses an event.
func TestTheDocumentationListsEveryScheduleOfEvents(t *testing.T) {
	var listed, names []string
	rows := functiontest.Table(t, "docs/hooks.md", "### While services fail")
	for _, row := range rows {
		listed = append(listed, row[0])
		if n := count(t, row[2]) + count(t, row[3]); n != count(t, rows[0][2]) {
			t.Errorf("%s: %d events were delivered or are dead letters", row[0], n)
		}
	}
	for _, tr := range eventTrials() {
		names = append(names, tr.name)
	}
	if !slices.Equal(listed, names) {
		t.Errorf("docs/hooks.md lists %q, the code has %q", listed, names)
	}
}

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
	"poolpost/internal/settings"
	"poolpost/local/sqs"
)

var mails = flag.Int("mails", 300, "mails to drain in each case of TestTheQueueDrainsAtTheRateOfSES")

// A limited is SES with a sending rate: a bucket of tokens that fills at the rate
// and holds those of one second.
type limited struct {
	rate    float64       // mails a second
	latency time.Duration // of a call

	mu        sync.Mutex
	tokens    float64
	filled    time.Time
	sent      map[string]int // by address
	throttled int
}

func (l *limited) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Destination struct{ ToAddresses []string }
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	time.Sleep(l.latency)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.tokens = min(l.tokens+l.rate*now.Sub(l.filled).Seconds(), l.rate)
	l.filled = now
	if l.tokens < 1 {
		l.throttled++
		w.Header().Set("X-Amzn-ErrorType", "TooManyRequestsException")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, `{"message":"Maximum sending rate exceeded."}`)
		return
	}
	l.tokens--
	l.sent[in.Destination.ToAddresses[0]]++
	fmt.Fprint(w, `{"MessageId":"sample"}`)
}

const (
	// sqsLatency is the time of a call of SQS.
	sqsLatency = 10 * time.Millisecond
	// invokeLatency is the time that Lambda takes between two batches of an instance: it
	// receives, invokes, and deletes what is left.
	invokeLatency = 50 * time.Millisecond
)

// endpoints lets the SDKs talk to SES and SQS without sockets, so that all runs
// on the clock of a synctest bubble.
type endpoints struct{ ses, sqs http.Handler }

func (e endpoints) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if strings.HasPrefix(r.URL.Path, "/v2/email/") {
		e.ses.ServeHTTP(w, r)
	} else {
		time.Sleep(sqsLatency)
		e.sqs.ServeHTTP(w, r)
	}
	return w.Result(), nil
}

// TestTheQueueDrainsAtTheRateOfSES empties a full queue through as many senders
// as the deployment has, at their pace. Everything is real but the clock, the
// network, SES and Lambda's processes: each sender is a handler with clients of
// its own. With -v it prints the table of docs/mail.md.
func TestTheQueueDrainsAtTheRateOfSES(t *testing.T) {
	dir, _ := functiontest.Dir[config.SendMail](t, "send-mail")
	table := "\n| SES accepts | Instances | Ideal | Calls of 30 ms | Calls of 100 ms | Calls of 240 ms |\n|---|---|---|---|---|---|\n"
	for _, rate := range []int{1, 14, 200, 1000} {
		limits := settings.Mail{Rate: rate}
		table += fmt.Sprintf("| %d a second | %d | %.1f s |", rate, limits.MaxConcurrency(), float64(*mails)/float64(rate))
		for _, latency := range []time.Duration{30 * time.Millisecond, 100 * time.Millisecond, 240 * time.Millisecond} {
			t.Run(fmt.Sprintf("%d a second, calls of %v", rate, latency), func(t *testing.T) {
				t.Setenv("USER_POOL_CLIENTS", "{}")
				t.Setenv("USER_POOL_ID", poolID)
				t.Setenv("LINKS_URL", "https://links.example.com")
				t.Setenv("MAIL_QUEUE_URL", "https://sqs.example.com/123456789012/mail.fifo")
				t.Setenv("DEAD_LETTER_QUEUE_URL", "https://sqs.example.com/123456789012/dead-mail.fifo")
				t.Setenv("SEND_INTERVAL", limits.SendInterval().String())
				synctest.Test(t, func(t *testing.T) { table += fmt.Sprintf(" %.3f |", drain(t, dir, limits, latency)) })
			})
		}
		table += "\n"
	}
	if testing.Verbose() {
		fmt.Println(table)
	}
}

// drain returns how long it takes, as a multiple of the ideal time.
func drain(t *testing.T, dir string, limits settings.Mail, latency time.Duration) (ratio float64) {
	rate := float64(limits.Rate)
	ses := &limited{rate: rate, latency: latency, tokens: rate, filled: time.Now(), sent: map[string]int{}}
	senders := make(chan *handler, limits.MaxConcurrency())
	q := sqs.New(sqs.Options{
		Name: "mail.fifo", Region: "eu-central-1", Account: "123456789012",
		Concurrency: limits.MaxConcurrency(), Retry: 3 * time.Minute, MaxReceives: 1000,
		Invoke: func(ctx context.Context, event []byte) ([]byte, error) {
			h := <-senders
			defer func() {
				time.Sleep(invokeLatency)
				senders <- h
			}()
			return invoke(ctx, h, event)
		},
	})
	for range limits.MaxConcurrency() {
		h, _, err := newHandler(dir, aws.Config{
			Region: "eu-central-1", HTTPClient: endpoints{ses, q}, Credentials: credentials.NewStaticCredentialsProvider("sample", "sample", ""),
		})
		if err != nil {
			t.Fatal(err)
		}
		h.log = logging.NewWith("send-mail", io.Discard, time.Now)
		senders <- h
	}
	for i := range *mails {
		put(t, q, i)
	}
	took := empty(t, q)
	ideal := time.Duration(float64(*mails) / rate * float64(time.Second))
	ratio = took.Seconds() / ideal.Seconds()
	t.Logf("%d mails, %d senders with %v each: %v, ideal %v, ratio %.3f; throttled %d", *mails, limits.MaxConcurrency(), limits.SendInterval(),
		took.Round(100*time.Millisecond), ideal.Round(100*time.Millisecond), ratio, ses.throttled)
	if len(ses.sent) != *mails || len(q.DeadLetters()) != 0 {
		t.Errorf("%d of %d mails were sent, %d are dead letters", len(ses.sent), *mails, len(q.DeadLetters()))
	}
	for to, times := range ses.sent {
		if times != 1 {
			t.Errorf("%s got %d mails", to, times)
		}
	}
	// The pace is that of the rate, but for two senders with one mail a second. The
	// last batches do not fill all senders, which takes one batch's time.
	pace := limits.SendInterval().Seconds() * rate / float64(limits.MaxConcurrency())
	if most := 1.01*pace + 10*limits.SendInterval().Seconds()/ideal.Seconds(); ratio > most {
		t.Errorf("it took %.2f of the ideal time, want at most the pace, %.2f, and the time of a batch, %.2f", ratio, pace, most)
	}
	return ratio
}

// invoke gives an event to a handler as Lambda does.
func invoke(ctx context.Context, h *handler, event []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var batch events.SQSEvent
	if err := json.Unmarshal(event, &batch); err != nil {
		return nil, err
	}
	reply, err := h.Handle(ctx, batch)
	if err != nil {
		return nil, err
	}
	return json.Marshal(reply)
}

// put puts the welcome mail of a person on the queue.
func put(t *testing.T, q *sqs.Queue, person int) {
	t.Helper()
	body, err := json.Marshal(mail.Entry{Kind: message.Welcome, To: fmt.Sprintf("person-%d@example.com", person)})
	if err != nil {
		t.Fatal(err)
	}
	sub := fmt.Sprintf("person-%d", person)
	request, err := json.Marshal(map[string]string{
		"QueueUrl": q.URL("https://sqs.example.com"), "MessageBody": string(body), "MessageGroupId": sub, "MessageDeduplicationId": sub,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(request)))
	r.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
	w := httptest.NewRecorder()
	if q.ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
}

// empty runs the queue until it holds nothing, and returns how long that took.
func empty(t *testing.T, q *sqs.Queue) time.Duration {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { q.Run(ctx) })
	if err := q.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	cancel()
	running.Wait()
	return took
}

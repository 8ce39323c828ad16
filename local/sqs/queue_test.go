package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

const endpoint = "http://127.0.0.1:9229"

// inMemory lets the SDK talk to a handler without a socket, so that the tests
// can run on the clock of a synctest bubble.
type inMemory struct{ http.Handler }

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h inMemory) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

func client(q *Queue) *sqs.Client {
	return sqs.New(sqs.Options{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample", ""),
		HTTPClient:   inMemory{q},
	})
}

// consumer records the bodies of each invocation, joined by blanks, and
// answers what reply returns; nil stands for success.
type consumer struct {
	mu    sync.Mutex
	calls []string
	reply func(call int, records []record) (string, error)
}

func (c *consumer) invoke(_ context.Context, payload []byte) ([]byte, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.calls = append(c.calls, bodies(e.Records))
	n := len(c.calls)
	c.mu.Unlock()
	if c.reply == nil {
		return nil, nil
	}
	answer, err := c.reply(n, e.Records)
	return []byte(answer), err
}

func bodies(records []record) string {
	var all []string
	for _, r := range records {
		all = append(all, r.Body)
	}
	return strings.Join(all, " ")
}

// failing answers with the given records as failed.
func failing(records ...record) (string, error) {
	items := []map[string]string{}
	for _, r := range records {
		items = append(items, map[string]string{"itemIdentifier": r.MessageID})
	}
	b, err := json.Marshal(map[string]any{"batchItemFailures": items})
	return string(b), err
}

func newQueue(o Options, c *consumer) *Queue {
	o.Name, o.Region, o.Account = "mail.fifo", "eu-central-1", "000000000000"
	if c != nil {
		o.Invoke = c.invoke
	}
	return New(o)
}

// input is a message that the queue takes.
func input(q *Queue) *sqs.SendMessageInput {
	return &sqs.SendMessageInput{
		QueueUrl: aws.String(q.URL(endpoint)), MessageBody: aws.String("body"),
		MessageGroupId: aws.String("ann"), MessageDeduplicationId: aws.String("welcome-ann"),
	}
}

// send puts messages on the queue; each is written group:body, and the body is
// the deduplication id too.
func send(t *testing.T, q *Queue, messages ...string) {
	t.Helper()
	for _, m := range messages {
		group, body, _ := strings.Cut(m, ":")
		in := input(q)
		in.MessageBody, in.MessageGroupId, in.MessageDeduplicationId = &body, &group, &body
		_, err := client(q).SendMessage(t.Context(), in)
		if err != nil {
			t.Fatalf("send %s: %v", m, err)
		}
	}
}

// run delivers in the background and returns what ends that.
func run(t *testing.T, q *Queue) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		q.Run(ctx)
		close(done)
	}()
	return func() {
		cancel()
		<-done
	}
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestDelivery(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		send    []string
		reply   func(call int, records []record) (string, error)
		want    []string // bodies of each invocation
		dead    []string
		takes   time.Duration
	}{
		{
			name: "messages of different groups share a batch in order of arrival",
			send: []string{"ann:a1", "bob:b1", "ann:a2"},
			want: []string{"a1 b1 a2"},
		},
		{
			name:    "a batch is never larger than the batch size",
			options: Options{BatchSize: 2, Concurrency: 1},
			send:    []string{"ann:a1", "ann:a2", "ann:a3", "bob:b1"},
			want:    []string{"a1 a2", "a3 b1"},
		},
		{
			name:    "an empty list, null and an empty object are complete success",
			options: Options{BatchSize: 1, Concurrency: 1},
			send:    []string{"ann:a1", "ann:a2", "ann:a3", "ann:a4", "ann:a5"},
			reply: func(call int, _ []record) (string, error) {
				return []string{`{"batchItemFailures":[]}`, `{"batchItemFailures":null}`, `{}`, `null`, ``}[call-1], nil
			},
			want: []string{"a1", "a2", "a3", "a4", "a5"},
		},
		{
			name: "a failed message holds back its group for the retry time, others go on",
			send: []string{"ann:a1", "bob:b1"},
			reply: func(call int, records []record) (string, error) {
				if call == 1 {
					return failing(records[0])
				}
				return "", nil
			},
			want:  []string{"a1 b1", "a1"},
			takes: 30 * time.Second,
		},
		{
			name: "what is listed stays in its order, and what is not listed is gone even behind a failure of its group",
			send: []string{"ann:a1", "ann:a2", "ann:a3", "ann:a4"},
			reply: func(call int, records []record) (string, error) {
				if call == 1 {
					return failing(records[2], records[1])
				}
				return "", nil
			},
			want:  []string{"a1 a2 a3 a4", "a2 a3"},
			takes: 30 * time.Second,
		},
		{
			name:    "after the last permitted receive a message is a dead letter and its group goes on",
			options: Options{MaxReceives: 2, Retry: time.Second, BatchSize: 1},
			send:    []string{"ann:poison", "ann:a2"},
			reply: func(_ int, records []record) (string, error) {
				if records[0].Body == "poison" {
					return failing(records...)
				}
				return "", nil
			},
			want:  []string{"poison", "poison", "a2"},
			dead:  []string{"poison"},
			takes: 2 * time.Second,
		},
		{
			name:    "an error of the function fails the whole batch",
			options: Options{MaxReceives: 1},
			send:    []string{"ann:a1", "bob:b1"},
			reply:   func(int, []record) (string, error) { return "", errors.New("Task timed out") },
			want:    []string{"a1 b1"},
			dead:    []string{"a1", "b1"},
			takes:   30 * time.Second,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &consumer{reply: test.reply}
				q := newQueue(test.options, c)
				send(t, q, test.send...)
				start := time.Now()
				stop := run(t, q)
				defer stop()
				noError(t, q.Idle(t.Context()))
				if took := time.Since(start); took != test.takes {
					t.Errorf("took %s, want %s", took, test.takes)
				}
				equal(t, "invocations", c.calls, test.want)
				var dead []string
				for _, m := range q.DeadLetters() {
					dead = append(dead, m.Body)
				}
				equal(t, "dead letters", dead, test.dead)
				if n := q.Depth(); n != 0 {
					t.Errorf("depth is %d after Idle", n)
				}
			})
		})
	}
}

func TestMalformedRepliesFailTheBatch(t *testing.T) {
	tests := []struct{ name, reply string }{
		{"no JSON", `done`},
		{"a JSON text", `"ok"`},
		{"a list in place of the object", `[]`},
		{"a list of texts", `{"batchItemFailures":["x"]}`},
		{"an object in place of the list", `{"batchItemFailures":{"itemIdentifier":"x"}}`},
		{"an unknown message", `{"batchItemFailures":[{"itemIdentifier":"3f1d5a36-5b0b-4d3c-9d5e-7f0c1a2b3c4d"}]}`},
		{"an empty identifier", `{"batchItemFailures":[{"itemIdentifier":""}]}`},
		{"a null identifier", `{"batchItemFailures":[{"itemIdentifier":null}]}`},
		{"a number as identifier", `{"batchItemFailures":[{"itemIdentifier":1}]}`},
		{"a wrong key", `{"batchItemFailures":[{"ItemIdentifier":"%s"}]}`},
		{"a null item", `{"batchItemFailures":[null]}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &consumer{reply: func(_ int, records []record) (string, error) {
					return strings.Replace(test.reply, "%s", records[0].MessageID, 1), nil
				}}
				q := newQueue(Options{MaxReceives: 1}, c)
				send(t, q, "ann:a1", "bob:b1")
				defer run(t, q)()
				noError(t, q.Idle(t.Context()))
				if n := len(q.DeadLetters()); n != 2 {
					t.Errorf("%d dead letters, want both messages", n)
				}
			})
		})
	}
}

func TestOtherGroupsContinueWhileOneIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := &consumer{reply: func(_ int, records []record) (string, error) {
			if records[0].Body == "a1" {
				<-release
			}
			return "", nil
		}}
		q := newQueue(Options{}, c)
		defer run(t, q)()
		send(t, q, "ann:a1")
		synctest.Wait()
		send(t, q, "ann:a2", "bob:b1")
		synctest.Wait()
		equal(t, "invocations while ann's first is in flight", c.calls, []string{"a1", "b1"})
		if n := q.Depth(); n != 2 {
			t.Errorf("depth is %d, want the message in flight and the one behind it", n)
		}
		close(release)
		noError(t, q.Idle(t.Context()))
		equal(t, "invocations", c.calls, []string{"a1", "b1", "a2"})
	})
}

func TestDeduplicationLastsFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &consumer{}
		q := newQueue(Options{}, c)
		defer run(t, q)()
		put := func(body string) *sqs.SendMessageOutput {
			t.Helper()
			in := input(q)
			in.MessageBody = &body
			out, err := client(q).SendMessage(t.Context(), in)
			noError(t, err)
			return out
		}
		first := put("one")
		synctest.Wait()
		time.Sleep(5*time.Minute - time.Millisecond)
		repeat := put("two")
		if *repeat.MessageId != *first.MessageId || *repeat.SequenceNumber != *first.SequenceNumber {
			t.Errorf("the repeat has id %s and number %s, want those of the first", *repeat.MessageId, *repeat.SequenceNumber)
		}
		time.Sleep(time.Millisecond)
		later := put("three")
		if *later.MessageId == *first.MessageId || *later.SequenceNumber <= *first.SequenceNumber {
			t.Errorf("after the interval: id %s, number %s", *later.MessageId, *later.SequenceNumber)
		}
		synctest.Wait()
		equal(t, "invocations", c.calls, []string{"one", "three"})
	})
}

func TestEventFormat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []byte
		q := newQueue(Options{}, nil)
		q.options.Invoke = func(_ context.Context, payload []byte) ([]byte, error) {
			got = payload
			return nil, nil
		}
		send(t, q, `ann:{"kind":"welcome"}`)
		time.Sleep(1500 * time.Millisecond)
		defer run(t, q)()
		noError(t, q.Idle(t.Context()))
		var event map[string]any
		noError(t, json.Unmarshal(got, &event))
		r := event["Records"].([]any)[0].(map[string]any)
		for _, key := range []string{"messageId", "receiptHandle"} {
			if id, _ := r[key].(string); len(id) < 20 {
				t.Errorf("%s is %v", key, r[key])
			}
			r[key] = "random"
		}
		golden, err := os.ReadFile("testdata/event.json")
		noError(t, err)
		have, err := json.MarshalIndent(event, "", "  ")
		noError(t, err)
		if string(have) != strings.TrimSpace(string(golden)) {
			t.Errorf("got %s\nwant %s", have, golden)
		}
	})
}

func TestSendMessageRefuses(t *testing.T) {
	q := newQueue(Options{}, &consumer{})
	long := strings.Repeat("x", 129)
	tests := []struct {
		name    string
		change  func(*sqs.SendMessageInput)
		code    string
		message string
	}{
		{"a message without a group", func(in *sqs.SendMessageInput) { in.MessageGroupId = nil },
			"MissingParameter", "The request must contain the parameter MessageGroupId."},
		{"a message without a deduplication id", func(in *sqs.SendMessageInput) { in.MessageDeduplicationId = nil },
			"InvalidParameterValue", "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"},
		{"an empty body", func(in *sqs.SendMessageInput) { in.MessageBody = aws.String("") },
			"MissingParameter", "The request must contain the parameter MessageBody."},
		{"a body of more than 1 MiB", func(in *sqs.SendMessageInput) { in.MessageBody = aws.String(strings.Repeat("x", 1<<20+1)) },
			"InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."},
		{"a body with a NUL", func(in *sqs.SendMessageInput) { in.MessageBody = aws.String("a\x00b") },
			"InvalidMessageContents", "Invalid characters found."},
		{"a group of 129 characters", func(in *sqs.SendMessageInput) { in.MessageGroupId = &long },
			"InvalidParameterValue", "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."},
		{"a deduplication id with a blank", func(in *sqs.SendMessageInput) { in.MessageDeduplicationId = aws.String("a b") },
			"InvalidParameterValue", "Value a b for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only"},
		{"a delay, which a FIFO queue does not know", func(in *sqs.SendMessageInput) { in.DelaySeconds = 5 },
			"InvalidParameterValue", "Value 5 for parameter DelaySeconds is invalid."},
		{"a message attribute that is a number", func(in *sqs.SendMessageInput) {
			in.MessageAttributes = map[string]types.MessageAttributeValue{"a": {DataType: aws.String("Number"), StringValue: aws.String("1")}}
		}, "AWS.SimpleQueueService.UnsupportedOperation", "of type String only"},
		{"an empty message attribute", func(in *sqs.SendMessageInput) {
			in.MessageAttributes = map[string]types.MessageAttributeValue{"a": {DataType: aws.String("String"), StringValue: aws.String("")}}
		}, "InvalidParameterValue", "Message attribute 'a' must contain a non-empty value"},
		{"another queue", func(in *sqs.SendMessageInput) { in.QueueUrl = aws.String(endpoint + "/000000000000/other.fifo") },
			"AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := input(q)
			test.change(in)
			_, err := client(q).SendMessage(t.Context(), in)
			apiErr, ok := errors.AsType[smithy.APIError](err)
			if !ok {
				t.Fatalf("error is %v, want one of SQS", err)
			}
			if apiErr.ErrorCode() != test.code || !strings.Contains(apiErr.ErrorMessage(), test.message) {
				t.Errorf("got %s: %.200s\nwant %s: %s", apiErr.ErrorCode(), apiErr.ErrorMessage(), test.code, test.message)
			}
			if n := q.Depth(); n != 0 {
				t.Errorf("%d messages were stored", n)
			}
		})
	}
}

func TestLargestBodyIsAccepted(t *testing.T) {
	q := newQueue(Options{}, &consumer{})
	in := input(q)
	in.MessageBody = aws.String(strings.Repeat("é", 1<<19))
	_, err := client(q).SendMessage(t.Context(), in)
	noError(t, err)
}

func TestUnsupportedRequestsAreErrors(t *testing.T) {
	q := newQueue(Options{}, &consumer{})
	_, err := client(q).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(q.URL(endpoint))})
	if apiErr, ok := errors.AsType[smithy.APIError](err); !ok || apiErr.ErrorCode() != "AWS.SimpleQueueService.UnsupportedOperation" {
		t.Errorf("ReceiveMessage: %v", err)
	}
	for _, body := range []string{``, `{`, `[]`, `{"MessageBody":1}`, `"text"`} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
		q.ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "#SerializationException") {
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	}
}

func TestCanceledRunKeepsTheMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(Options{}, nil)
		q.options.Invoke = func(ctx context.Context, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		stop := run(t, q)
		send(t, q, "ann:a1")
		synctest.Wait()
		stop()
		if n := q.Depth(); n != 1 {
			t.Errorf("depth is %d, want 1", n)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := q.Idle(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Idle: %v", err)
		}
	})
}

// In real time and with real concurrency, for the race detector.
func TestConcurrentGroupsKeepTheirOrder(t *testing.T) {
	var mu sync.Mutex
	got := map[string]string{}
	c := &consumer{reply: func(call int, records []record) (string, error) {
		if call%3 == 0 {
			return failing(records...)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, r := range records {
			got[r.Attributes["MessageGroupId"]] += r.Body[len(r.Body)-1:]
		}
		return "", nil
	}}
	q := newQueue(Options{Retry: time.Millisecond, Concurrency: 8, BatchSize: 3, MaxReceives: 1000}, c)
	defer run(t, q)()
	var senders sync.WaitGroup
	for g := range 20 {
		senders.Go(func() {
			for i := range 8 {
				send(t, q, fmt.Sprintf("g%d:g%d-%d", g, g, i))
			}
		})
	}
	senders.Wait()
	noError(t, q.Idle(t.Context()))
	for g := range 20 {
		if order := got[fmt.Sprintf("g%d", g)]; order != "01234567" {
			t.Errorf("group %d was delivered as %s", g, order)
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"poolpost/cmd/internal/cli"
)

// failures are SQS and Lambda, as far as the command uses them.
type failures struct {
	t           *testing.T
	queues      map[string][]*message // by path
	moved       []string              // requests of StartMessageMoveTask
	invocations []string              // path, type and payload
	refuse      string                // an operation that fails
	again       string                // an event that comes back a second after it was given
}

type message struct {
	body, reason string
	age          time.Duration
	hidden       bool
}

func (a *failures) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	if operation == "" {
		operation = "Invoke"
	}
	if operation == a.refuse {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"not allowed"}`)
		return
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		a.t.Error(err)
	}
	if operation == "Invoke" {
		a.invocations = append(a.invocations, r.URL.Path+" "+r.Header.Get("X-Amz-Invocation-Type")+" "+body.String())
		if a.again != "" && len(a.invocations) < 10 {
			a.queues["/failed"] = append(a.queues["/failed"], &message{body: a.again, age: -time.Second})
		}
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if operation == "StartMessageMoveTask" {
		a.moved = append(a.moved, body.String())
		fmt.Fprint(w, `{"TaskHandle":"sample"}`)
		return
	}
	var in struct {
		QueueURL      string `json:"QueueUrl"`
		ReceiptHandle string
		Entries       []struct{ ReceiptHandle string }
	}
	if err := json.Unmarshal(body.Bytes(), &in); err != nil {
		a.t.Error(err)
	}
	queue := in.QueueURL[strings.LastIndex(in.QueueURL, "/"):]
	out := map[string]any{}
	switch operation {
	case "GetQueueAttributes":
		out["Attributes"] = map[string]string{
			"ApproximateNumberOfMessages": fmt.Sprint(len(a.queues[queue])), "QueueArn": "arn:aws:sqs:eu-central-1:123456789012:" + queue[1:],
		}
	case "ReceiveMessage":
		out["Messages"] = a.receive(queue)
	case "ChangeMessageVisibilityBatch":
		for _, e := range in.Entries {
			a.find(queue, e.ReceiptHandle).hidden = false
		}
	case "DeleteMessage":
		m := a.find(queue, in.ReceiptHandle)
		a.queues[queue] = slices.DeleteFunc(a.queues[queue], func(other *message) bool { return other == m })
	default:
		a.t.Errorf("unexpected operation %s", operation)
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		a.t.Error(err)
	}
}

// receive answers up to two messages, so that a queue takes several calls.
func (a *failures) receive(queue string) []map[string]any {
	var list []map[string]any
	for _, m := range a.queues[queue] {
		if m.hidden || len(list) == 2 {
			continue
		}
		m.hidden = true
		entry := map[string]any{
			"Body": m.body, "ReceiptHandle": m.body,
			"Attributes": map[string]string{"SentTimestamp": fmt.Sprint(now().Add(-m.age).UnixMilli())},
		}
		if m.reason != "" {
			entry["MessageAttributes"] = map[string]any{"reason": map[string]string{"DataType": "String", "StringValue": m.reason}}
		}
		list = append(list, entry)
	}
	return list
}

// find is the message with a receipt handle, which here is its body.
func (a *failures) find(queue, handle string) *message {
	for _, m := range a.queues[queue] {
		if m.body == handle {
			return m
		}
	}
	a.t.Fatalf("%s has no message with the handle %s", queue, handle)
	return nil
}

func now() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

const (
	signUp  = `{"requestContext":{"functionArn":"arn:aws:lambda:eu-central-1:123456789012:function:sample:$LATEST","condition":"RetriesExhausted"},"requestPayload":{"triggerSource":"CustomEmailSender_SignUp","request":{"userAttributes":{"email":"secret@example.com"},"code":"sample"}},"responsePayload":{"errorType":"Error","errorMessage":"secret@example.com was refused"}}`
	expired = `{"requestContext":{"functionArn":"arn:aws:lambda:eu-central-1:123456789012:function:feedback:$LATEST","condition":"EventAgeExceeded"},"requestPayload":{"detail-type":"Email Bounced","detail":{"mail":{"destination":["secret@example.com"]}}}}`
	// What the binary of custom-email-sender answers to its sample event
	// unknown-version.json.
	unknown = `{"requestContext":{"functionArn":"arn:aws:lambda:eu-central-1:123456789012:function:sample:$LATEST","condition":"RetriesExhausted"},"requestPayload":{"triggerSource":"CustomEmailSender_SignUp"},"responsePayload":{"errorMessage":"the event is of a source or version that custom-email-sender does not know","errorType":"Safe"}}`
	// The same, if somebody broke the rule that such a text is fit for a log.
	unsafe   = `{"requestContext":{"functionArn":"arn:aws:lambda:eu-central-1:123456789012:function:sample:$LATEST","condition":"RetriesExhausted"},"requestPayload":{"triggerSource":"CustomEmailSender_SignUp"},"responsePayload":{"errorMessage":"secret@example.com","errorType":"Safe"}}`
	noRecord = `{"secret@example.com": 1}`
)

// newFailures has something of everything.
func newFailures(t *testing.T) *failures {
	return &failures{t: t, queues: map[string][]*message{
		"/dead.fifo": {
			{body: `{"kind":"welcome","to":"secret@example.com","name":"one"}`, age: 3 * time.Hour, reason: "address refused"},
			{body: `{"kind":"welcome","to":"secret@example.com","name":"two"}`, age: 50 * time.Hour, reason: "address refused"},
			{body: `{"kind":"welcome","to":"secret@example.com","name":"three"}`, age: time.Minute},
			{body: `{"kind":"https://example.com/secret","to":"secret@example.com"}`, age: time.Minute, reason: "secret@example.com"},
			{body: `secret@example.com`, age: time.Minute},
		},
		"/failed": {{body: signUp, age: 2 * time.Hour}, {body: expired, age: 7 * time.Hour}, {body: noRecord}},
	}}
}

// command runs a command on an account.
func command(t *testing.T, a *failures, args ...string) (string, error) {
	t.Helper()
	f := newFakeAWS(t)
	f.next = a
	queue := f.URL + "/123456789012/"
	f.stackIs("UPDATE_COMPLETE", map[string]string{
		"MailQueueUrl": queue + "mail.fifo", "DeadLetterQueueUrl": queue + "dead.fifo", "FailedEventsQueueUrl": queue + "failed",
	})
	code, out, errOut := execute(t, args...)
	_, errOut, _ = strings.Cut(errOut, "\n") // the stack
	if code == cli.Done && errOut == "" {
		return out, nil
	}
	if code != cli.Failed {
		t.Errorf("exit code %d", code)
	}
	return out, errors.New(strings.TrimSpace(errOut))
}

func TestListReportsKindsReasonsAndAges(t *testing.T) {
	a := newFailures(t)
	got, err := command(t, a, "dead-letters")
	if err != nil {
		t.Fatal(err)
	}
	const want = `5 emails that send-mail could not send
  1  unknown     unknown          oldest 1m0s
  1  unreadable                   oldest 1m0s
  2  welcome     address refused  oldest 50h0m0s
  1  welcome     tried too often  oldest 1m0s
3 events that a function could not process
  1  CustomEmailSender_SignUp  Error             oldest 2h0m0s
  1  Email Bounced             EventAgeExceeded  oldest 7h0m0s
  1  unreadable                                  oldest 0s
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for queue, messages := range a.queues {
		for _, m := range messages {
			if m.hidden {
				t.Errorf("a message of %s stays hidden", queue)
			}
		}
	}
}

func TestListInJSON(t *testing.T) {
	got, err := command(t, newFailures(t), "dead-letters", "--json")
	var list struct{ DeadLetters, FailedEvents queueReport }
	if err != nil || json.Unmarshal([]byte(got), &list) != nil {
		t.Fatalf("got %s, %v", got, err)
	}
	want := failureGroup{failure{"welcome", "address refused"}, 2, 50 * 60 * 60}
	if list.DeadLetters.Count != 5 || list.FailedEvents.Count != 3 || !slices.Contains(list.DeadLetters.Failures, want) {
		t.Errorf("got %s", got)
	}
}

func TestListReportsTheErrorOfTheFunction(t *testing.T) {
	for record, want := range map[string]string{
		signUp:  "Error",
		unknown: "the event is of a source or version that custom-email-sender does not know",
		unsafe:  "unknown",
	} {
		got, err := command(t, &failures{t: t, queues: map[string][]*message{"/failed": {{body: record}}}}, "dead-letters")
		if err != nil || !strings.Contains(got, "CustomEmailSender_SignUp  "+want+"  oldest") {
			t.Errorf("got %s, %v, want the reason %q", got, err, want)
		}
	}
}

func TestListOfEmptyQueues(t *testing.T) {
	got, err := command(t, &failures{t: t}, "dead-letters")
	if want := "0 emails that send-mail could not send\n0 events that a function could not process\n"; err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRedrive(t *testing.T) {
	a := newFailures(t)
	got, err := command(t, a, "redrive")
	if want := "1 failed events are not records of Lambda, and stay in the queue"; err == nil || err.Error() != want {
		t.Errorf("got the error %v, want %s", err, want)
	}
	if want := "5 emails are on their way back to the mail queue\n2 events were passed to their functions again\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	const prefix = "arn:aws:sqs:eu-central-1:123456789012:"
	if want := `{"DestinationArn":"` + prefix + `mail.fifo","SourceArn":"` + prefix + `dead.fifo"}`; !slices.Equal(a.moved, []string{want}) {
		t.Errorf("SQS was asked to move %q, want %q", a.moved, want)
	}
	const path = "/2015-03-31/functions/arn:aws:lambda:eu-central-1:123456789012:function:"
	want := []string{
		path + `sample:$LATEST/invocations Event {"triggerSource":"CustomEmailSender_SignUp","request":{"userAttributes":{"email":"secret@example.com"},"code":"sample"}}`,
		path + `feedback:$LATEST/invocations Event {"detail-type":"Email Bounced","detail":{"mail":{"destination":["secret@example.com"]}}}`,
	}
	if !slices.Equal(a.invocations, want) {
		t.Errorf("Lambda was given\n%s\nwant\n%s", strings.Join(a.invocations, "\n"), strings.Join(want, "\n"))
	}
	if left := a.queues["/failed"]; len(left) != 1 || left[0].body != noRecord {
		t.Errorf("%d failed events are left", len(left))
	}
}

func TestRedriveInvokesOnceWhenAnEventFailsAgain(t *testing.T) {
	a := &failures{t: t, queues: map[string][]*message{"/failed": {{body: signUp, age: time.Hour}}}, again: expired}
	if got, err := command(t, a, "redrive"); err != nil || !strings.HasSuffix(got, "\n1 events were passed to their functions again\n") {
		t.Errorf("got %q, %v", got, err)
	}
	if left := a.queues["/failed"]; len(left) != 1 || left[0].body != expired {
		t.Errorf("%d failed events are left, want the one that came back", len(left))
	}
}

func TestRedriveOfEmptyQueues(t *testing.T) {
	a := &failures{t: t}
	got, err := command(t, a, "redrive")
	if want := "0 emails are on their way back to the mail queue\n0 events were passed to their functions again\n"; err != nil || got != want || a.moved != nil {
		t.Errorf("got %q, %v, moved %v", got, err, a.moved)
	}
}

// An event that was not taken stays, and one that was taken goes.
func TestRedriveKeepsEventsThatCannotBeInvoked(t *testing.T) {
	a := newFailures(t)
	a.refuse = "Invoke"
	if _, err := command(t, a, "redrive"); err == nil || !strings.Contains(err.Error(), "repeat an event, after 0: ") {
		t.Errorf("got %v", err)
	}
	if n := len(a.queues["/failed"]); n != 3 {
		t.Errorf("%d failed events are left, want 3", n)
	}
}

func TestAWSErrorsAreReported(t *testing.T) {
	for operation, want := range map[string]string{
		"GetQueueAttributes":   "read the attributes of ",
		"StartMessageMoveTask": "move the dead letters back to the mail queue: ",
		"ReceiveMessage":       "read http://",
		"DeleteMessage":        "delete an event that was repeated: ",
	} {
		a := newFailures(t)
		a.refuse = operation
		if _, err := command(t, a, "redrive"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "these credentials may not call ") {
			t.Errorf("%s: got %v, want an error with %q", operation, err, want)
		}
	}
}

package main

import (
	"bytes"
	"cmp"
	"crypto/md5"
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
	queues      map[string][]*queued // by path
	mails       []mailed             // what the mail queue got, in order
	invocations []string             // path, type and payload
	put         []string             // bus, source, type and detail of what EventBridge got
	refuse      string               // an operation that fails
	again       string               // an event that comes back a second after it was given
}

type queued struct {
	body, reason string
	age          time.Duration
	hidden       bool
}

type mailed struct{ MessageBody, MessageGroupID, MessageDeduplicationID string }

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
			a.queues["/failed"] = append(a.queues["/failed"], &queued{body: a.again, age: -time.Second})
		}
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if operation == "AWSEvents.PutEvents" {
		a.putEvents(w, body.Bytes())
		return
	}
	w.Header().Set("Date", now().Format(http.TimeFormat)) // whatever the clock of this machine says
	var in struct {
		QueueURL string `json:"QueueUrl"`
		Entries  []struct {
			ID            string `json:"Id"`
			ReceiptHandle string
			mailed
		}
	}
	if err := json.Unmarshal(body.Bytes(), &in); err != nil {
		a.t.Error(err)
	}
	queue := in.QueueURL[strings.LastIndex(in.QueueURL, "/"):]
	out := map[string]any{}
	switch operation {
	case "GetQueueAttributes":
		out["Attributes"] = map[string]string{
			"ApproximateNumberOfMessages": fmt.Sprint(len(a.queues[queue])),
		}
	case "ReceiveMessage":
		out["Messages"] = a.receive(queue)
	case "ChangeMessageVisibilityBatch":
		for _, e := range in.Entries {
			a.find(queue, e.ReceiptHandle).hidden = false
		}
	case "DeleteMessageBatch":
		for _, e := range in.Entries {
			m := a.find(queue, e.ReceiptHandle)
			a.queues[queue] = slices.DeleteFunc(a.queues[queue], func(other *queued) bool { return other == m })
		}
	case "SendMessageBatch":
		if queue != "/mail.fifo" {
			a.t.Errorf("emails are put on %s", queue)
		}
		var taken, refused []map[string]any
		for _, e := range in.Entries {
			if a.refuse != "" && strings.Contains(e.MessageBody, a.refuse) {
				refused = append(refused, map[string]any{"Id": e.ID, "Code": "InternalError", "SenderFault": false})
				continue
			}
			a.mails = append(a.mails, e.mailed)
			taken = append(taken, map[string]any{"Id": e.ID, "MessageId": "sample", "MD5OfMessageBody": fmt.Sprintf("%x", md5.Sum([]byte(e.MessageBody)))})
			if a.again != "" && len(a.mails) < 10 {
				a.queues["/dead.fifo"] = append(a.queues["/dead.fifo"], &queued{body: a.again, age: -time.Second})
			}
		}
		out["Successful"], out["Failed"] = taken, refused
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
			"Body": m.body, "ReceiptHandle": m.body, "MessageId": "id of " + m.body,
			"Attributes": map[string]string{"SentTimestamp": fmt.Sprint(now().Add(-m.age).UnixMilli()), "MessageGroupId": "group of " + m.body},
		}
		if m.reason != "" {
			name := "reason"
			if queue == "/crm" {
				name = "ERROR_CODE"
			}
			entry["MessageAttributes"] = map[string]any{name: map[string]string{"DataType": "String", "StringValue": m.reason}}
		}
		list = append(list, entry)
	}
	return list
}

// find is the message with a receipt handle, which here is its body.
func (a *failures) find(queue, handle string) *queued {
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
	signUp  = `{"requestContext":{"functionArn":"arn:aws:lambda:eu-central-1:123456789012:function:sample:$LATEST","condition":"RetriesExhausted"},"requestPayload":{"userPoolId":"eu-central-1_sample","triggerSource":"CustomEmailSender_SignUp","request":{"userAttributes":{"email":"secret@example.com"},"code":"sample"}},"responsePayload":{"errorType":"Error","errorMessage":"secret@example.com was refused"}}`
	expired = `{"requestContext":{"functionArn":"arn:aws:lambda:eu-central-1:123456789012:function:feedback:$LATEST","condition":"EventAgeExceeded"},"requestPayload":{"source":"aws.ses","account":"123456789012","detail-type":"Email Bounced","detail":{"mail":{"destination":["secret@example.com"]}}}}`
	// What the binary of custom-email-sender answers to its sample event
	// unknown-version.json.
	unknown = `{"requestContext":{"functionArn":"arn:aws:lambda:eu-central-1:123456789012:function:sample:$LATEST","condition":"RetriesExhausted"},"requestPayload":{"userPoolId":"eu-central-1_sample","triggerSource":"CustomEmailSender_SignUp"},"responsePayload":{"errorMessage":"the event is of a source or version that custom-email-sender does not know","errorType":"Safe"}}`
	// The same, if somebody broke the rule that such a text is fit for a log.
	unsafe   = `{"requestContext":{"functionArn":"arn:aws:lambda:eu-central-1:123456789012:function:sample:$LATEST","condition":"RetriesExhausted"},"requestPayload":{"userPoolId":"eu-central-1_sample","triggerSource":"CustomEmailSender_SignUp"},"responsePayload":{"errorMessage":"secret@example.com","errorType":"Safe"}}`
	noRecord = `{"secret@example.com": 1}`
)

// newFailures has something of everything.
func newFailures(t *testing.T) *failures {
	return &failures{t: t, queues: map[string][]*queued{
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

const sampleFunction = "arn:aws:lambda:eu-central-1:123456789012:function:"

// command runs a command on an account.
func command(t *testing.T, a *failures, args ...string) (string, error) {
	t.Helper()
	f := newFakeAWS(t)
	f.next = a
	queue := f.URL + "/123456789012/"
	outputs := map[string]string{
		"MailQueueUrl": queue + "mail.fifo", "DeadLetterQueueUrl": queue + "dead.fifo", "FailedEventsQueueUrl": queue + "failed",
		"UserPoolId":        "eu-central-1_sample",
		"AsyncFunctionArns": `{"custom-email-sender":"` + sampleFunction + `sample","mail-feedback":"` + sampleFunction + `feedback"}`,
	}
	if _, ok := a.queues["/crm"]; ok {
		outputs["EventBusName"], outputs["HookDeadLetterQueueUrls"] = "rides", `{"crm":"`+queue+`crm"}`
	}
	f.stackIs("UPDATE_COMPLETE", outputs)
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
  1  Email Bounced  EventAgeExceeded  oldest 7h0m0s
  1  sign-up        Error             oldest 2h0m0s
  1  unreadable                       oldest 0s
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
		got, err := command(t, &failures{t: t, queues: map[string][]*queued{"/failed": {{body: record}}}}, "dead-letters")
		if err != nil || !strings.Contains(got, "sign-up  "+want+"  oldest") {
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
	const strangers = "3 messages are not of this deployment, and stay where they are"
	if err == nil || !strings.HasPrefix(err.Error(), strangers) {
		t.Errorf("got the error %v, want %s", err, strangers)
	}
	if want := "3 emails put back on the mail queue, 2 left\n2 events passed to their functions again, 1 left\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for i, name := range []string{"one", "two", "three"} {
		body := `{"kind":"welcome","to":"secret@example.com","name":"` + name + `"}`
		if want := (mailed{body, "group of " + body, "id of " + body}); len(a.mails) != 3 || a.mails[i] != want {
			t.Errorf("the mail queue got %q, want %q", a.mails, want)
		}
	}
	const path = "/2015-03-31/functions/" + sampleFunction
	want := []string{
		path + `sample/invocations Event {"userPoolId":"eu-central-1_sample","triggerSource":"CustomEmailSender_SignUp","request":{"userAttributes":{"email":"secret@example.com"},"code":"sample"}}`,
		path + `feedback/invocations Event {"source":"aws.ses","account":"123456789012","detail-type":"Email Bounced","detail":{"mail":{"destination":["secret@example.com"]}}}`,
	}
	if !slices.Equal(a.invocations, want) {
		t.Errorf("Lambda was given\n%s\nwant\n%s", strings.Join(a.invocations, "\n"), strings.Join(want, "\n"))
	}
	if left := a.queues["/failed"]; len(left) != 1 || left[0].body != noRecord || left[0].hidden {
		t.Errorf("%d failed events are left", len(left))
	}
	if left := a.queues["/dead.fifo"]; len(left) != 2 || left[0].hidden || left[1].hidden {
		t.Errorf("%d dead letters are left", len(left))
	}
}

// Whoever may write to the queues must not reach anything through the operator's credentials.
func TestRedriveActsOnWhatItsStackNamesOnly(t *testing.T) {
	change := func(record, old, text string) string {
		t.Helper()
		if !strings.Contains(record, old) {
			t.Fatalf("%s has no %s", record, old)
		}
		return strings.Replace(record, old, text, 1)
	}
	for name, body := range map[string]string{
		"another function":             change(signUp, "function:sample:", "function:payroll-delete-everything:"),
		"a longer name":                change(signUp, "function:sample:", "function:sample2:"),
		"another account":              change(signUp, ":123456789012:", ":210987654321:"),
		"another region":               change(signUp, "lambda:eu-central-1", "lambda:us-east-1"),
		"another partition":            change(signUp, "arn:aws:", "arn:aws-cn:"),
		"a name in place of an ARN":    change(signUp, "arn:aws:lambda:eu-central-1:123456789012:function:sample:$LATEST", "sample"),
		"no function":                  change(signUp, "arn:aws:lambda:eu-central-1:123456789012:function:sample:$LATEST", ""),
		"a function with blanks":       change(signUp, "function:sample:$LATEST", "function:sample "),
		"an event of another pool":     change(signUp, "eu-central-1_sample", "eu-central-1_other"),
		"an event of no pool":          change(signUp, "userPoolId", "userPool"),
		"a pool twice":                 change(signUp, `"userPoolId":`, `"UserPoolId":"eu-central-1_sample","userPoolId":"eu-central-1_other","x":`),
		"SES's event for a trigger":    change(expired, "function:feedback", "function:sample"),
		"a trigger's event for SES's":  change(signUp, "function:sample", "function:feedback"),
		"an event of another service":  change(expired, "aws.ses", "attacker"),
		"SES's event of other account": change(expired, `"account":"123456789012"`, `"account":"210987654321"`),
		"no event":                     change(expired, "requestPayload", "payload"),
		"a list":                       `[` + signUp + `]`,
		"an event that is text":        `{"requestContext":{"functionArn":"` + sampleFunction + `sample"},"requestPayload":"{\"userPoolId\":\"eu-central-1_sample\"}"}`,
	} {
		t.Run(name, func(t *testing.T) {
			a := &failures{t: t, queues: map[string][]*queued{"/failed": {{body: body, age: time.Hour}, {body: expired, age: time.Hour}}}}
			got, err := command(t, a, "redrive", "--drop-expired")
			if err == nil || !strings.HasPrefix(err.Error(), "1 messages are not of this deployment, and stay where they are: ") {
				t.Errorf("got %q, %v", got, err)
			}
			if len(a.invocations) != 1 || !strings.Contains(a.invocations[0], "/functions/"+sampleFunction+"feedback/invocations ") {
				t.Errorf("invoked: %q", a.invocations)
			}
			if left := a.queues["/failed"]; len(left) != 1 || left[0].body != body || left[0].hidden {
				t.Errorf("left: %v", left)
			}
		})
	}
	for name, body := range map[string]string{
		"no email": `{"command":"delete"}`, "no such kind": `{"kind":"invoice","to":"secret@example.com"}`, "no JSON": "hello",
		"larger than any email": `{"kind":"welcome","to":"` + strings.Repeat("a", maxEntry) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			a := &failures{t: t, queues: map[string][]*queued{"/dead.fifo": {{body: body, age: time.Hour}}}}
			if got, err := command(t, a, "redrive"); err == nil || !strings.HasPrefix(got, "0 emails put back on the mail queue, 1 left\n") || len(a.mails) != 0 {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// A version or alias of an own function is still that function.
func TestRedriveTakesAVersionOfItsFunction(t *testing.T) {
	for _, version := range []string{"", ":$LATEST", ":12", ":live"} {
		body := strings.Replace(signUp, "function:sample:$LATEST", "function:sample"+version, 1)
		a := &failures{t: t, queues: map[string][]*queued{"/failed": {{body: body, age: time.Hour}}}}
		if got, err := command(t, a, "redrive"); err != nil || len(a.invocations) != 1 || !strings.Contains(a.invocations[0], "function:sample/invocations") {
			t.Errorf("%q: got %q, %v, invoked %q", version, got, err, a.invocations)
		}
	}
}

func email(kind string, age time.Duration) *queued {
	return &queued{body: fmt.Sprintf(`{"kind":%q,"to":"secret@example.com","name":"%s"}`, kind, age), age: age}
}

func TestRedriveDropsExpiredCodes(t *testing.T) {
	const days = 24 * time.Hour // the sample's temporary passwords are valid for 7 days
	queue := func() map[string][]*queued {
		return map[string][]*queued{
			"/dead.fifo": {
				email("sign-up", 25*time.Hour), email("sign-up", 23*time.Hour), email("forgot-password", 61*time.Minute),
				email("forgot-password", 59*time.Minute), email("attribute-change", 25*time.Hour), email("invitation", 8*days),
				email("invitation", 6*days), email("sign-in-code", 16*time.Minute), email("sign-in-code", 14*time.Minute),
				email("welcome", 13*days), email("account-takeover", 13*days),
			},
			"/failed": {{body: signUp, age: 25 * time.Hour}, {body: unknown, age: 23 * time.Hour}, {body: expired, age: 13 * days}},
		}
	}
	const done = "6 emails put back on the mail queue, 5 with an expired code deleted\n2 events passed to their functions again, 1 with an expired code deleted\n"
	a := &failures{t: t, queues: queue()}
	if got, err := command(t, a, "redrive", "--drop-expired"); err != nil || got != done {
		t.Errorf("got %q, %v", got, err)
	}
	if len(a.mails) != 6 || len(a.invocations) != 2 || len(a.queues["/dead.fifo"])+len(a.queues["/failed"]) != 0 {
		t.Errorf("%d emails, %d events, left %v", len(a.mails), len(a.invocations), a.queues)
	}
	for _, m := range a.mails {
		if strings.Contains(m.MessageBody, "25h") || strings.Contains(m.MessageBody, "1h1m") {
			t.Errorf("sent: %s", m.MessageBody)
		}
	}
	a = &failures{t: t, queues: queue()}
	if got, err := command(t, a, "redrive"); err != nil || len(a.mails) != 11 || len(a.invocations) != 3 {
		t.Errorf("without the flag: %q, %v", got, err)
	}
	a = &failures{t: t, queues: queue()}
	const dry = "dry run: 6 emails put back on the mail queue, 5 with an expired code deleted\ndry run: 2 events passed to their functions again, 1 with an expired code deleted\n"
	if got, err := command(t, a, "redrive", "--drop-expired", "--dry-run"); err != nil || got != dry {
		t.Errorf("got %q, %v", got, err)
	}
	if len(a.mails) != 0 || len(a.invocations) != 0 || len(a.queues["/dead.fifo"]) != 11 || len(a.queues["/failed"]) != 3 {
		t.Error("a dry run has changed something")
	}
	for _, messages := range a.queues {
		for _, m := range messages {
			if m.hidden {
				t.Errorf("%s stays hidden", m.body)
			}
		}
	}
}

func TestRedriveOfKinds(t *testing.T) {
	for _, test := range []struct {
		kinds          string
		emails, events int
		want           string
	}{
		{"welcome", 3, 0, ""},
		{"sign-up", 0, 1, ""},
		{"sign-up,welcome", 3, 1, ""},
		{"Email Bounced", 0, 1, ""},
		{"invitation", 0, 0, ""}, // there is none at the moment
		{"sing-up", 0, 0, `nothing is of the kind "sing-up": poolpost dead-letters lists the kinds`},
		{"unreadable", 0, 0, `nothing is of the kind "unreadable": poolpost dead-letters lists the kinds`},
	} {
		a := newFailures(t)
		_, err := command(t, a, "redrive", "--kind", test.kinds)
		if want := cmp.Or(test.want, "3 messages are not of this deployment"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", test.kinds, err, want)
		}
		if len(a.mails) != test.emails || len(a.invocations) != test.events {
			t.Errorf("%s: %d emails and %d events", test.kinds, len(a.mails), len(a.invocations))
		}
		if left := len(a.queues["/dead.fifo"]) + len(a.queues["/failed"]); left != 8-test.emails-test.events {
			t.Errorf("%s: %d messages are left", test.kinds, left)
		}
	}
}

func TestRedriveRepeatsOnceWhatFailsAgain(t *testing.T) {
	for queue, body := range map[string]string{"/failed": signUp, "/dead.fifo": `{"kind":"welcome","to":"secret@example.com"}`} {
		back := strings.Replace(body, "secret", "again.secret", 1)
		a := &failures{t: t, queues: map[string][]*queued{queue: {{body: body, age: time.Hour}}}, again: back}
		if got, err := command(t, a, "redrive"); err != nil || len(a.mails)+len(a.invocations) != 1 {
			t.Errorf("got %q, %v", got, err)
		}
		if left := a.queues[queue]; len(left) != 1 || left[0].body != back || left[0].hidden {
			t.Errorf("%d are left in %s, want the one that came back", len(left), queue)
		}
	}
}

func TestRedriveOfEmptyQueues(t *testing.T) {
	a := &failures{t: t}
	got, err := command(t, a, "redrive")
	if want := "0 emails put back on the mail queue\n0 events passed to their functions again\n"; err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
}

// What was not taken stays, and what was taken goes.
func TestRedriveKeepsWhatWasNotTaken(t *testing.T) {
	a := newFailures(t)
	a.refuse = "Invoke"
	if _, err := command(t, a, "redrive"); err == nil || !strings.Contains(err.Error(), "repeat an event: ") {
		t.Errorf("got %v", err)
	}
	if n := len(a.queues["/failed"]); n != 3 {
		t.Errorf("%d failed events are left, want 3", n)
	}
	a = newFailures(t)
	a.refuse = `"two"`
	got, err := command(t, a, "redrive")
	if err == nil || err.Error() != "put emails back on the mail queue: SQS refuses 1 with InternalError" || !strings.HasPrefix(got, "1 emails put back on the mail queue, 1 left\n") {
		t.Errorf("got %q, %v", got, err)
	}
	for _, m := range a.queues["/dead.fifo"] {
		if strings.Contains(m.body, `"one"`) || m.hidden {
			t.Errorf("left: %+v", m)
		}
	}
}

func TestAWSErrorsAreReported(t *testing.T) {
	for operation, want := range map[string]string{
		"GetQueueAttributes": "read the attributes of ",
		"SendMessageBatch":   "put emails back on the mail queue: ",
		"ReceiveMessage":     "read http://",
		"DeleteMessageBatch": "take off the queue what was repeated, which the next redrive would repeat again: ",
	} {
		a := newFailures(t)
		a.refuse = operation
		if _, err := command(t, a, "redrive"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "these credentials may not call ") {
			t.Errorf("%s: got %v, want an error with %q", operation, err, want)
		}
	}
}

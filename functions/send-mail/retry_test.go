package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"poolpost/internal/functiontest"
	"poolpost/internal/logging"
)

func TestClassify(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"too many mails a second":            {&types.TooManyRequestsException{Message: new("Maximum sending rate exceeded.")}, throttled},
		"too many requests, for some reason": {&types.TooManyRequestsException{}, throttled},
		"the throttling of all AWS APIs":     {&smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}, throttled},
		"the quota of a day, as a throttle":  {&types.TooManyRequestsException{Message: new("Daily message quota exceeded.")}, quota},
		"the quota of a day, as a limit":     {&types.LimitExceededException{Message: new("Daily message quota exceeded.")}, quota},
		"a limit":                            {&types.LimitExceededException{}, quota},
		"sending is paused":                  {&types.SendingPausedException{}, paused},
		"the account is suspended":           {&types.AccountSuspendedException{}, paused},
		"a rejected mail":                    {&types.MessageRejected{Message: new("Email address is not verified.")}, refused},
		"an address that SES refuses":        {&types.BadRequestException{Message: new("Illegal address")}, refused},
		"a sender that is not verified yet":  {&types.MailFromDomainNotVerifiedException{}, failed},
		"a configuration set that is gone":   {&types.NotFoundException{}, failed},
		"a missing permission":               {&smithy.GenericAPIError{Code: "AccessDeniedException"}, failed},
		"a code under another key":           {&smithy.GenericAPIError{Code: "IncorrectKeyException"}, refused},
		"a code that was changed":            {&smithy.GenericAPIError{Code: "InvalidCiphertextException"}, refused},
		"a key that is disabled":             {&smithy.GenericAPIError{Code: "DisabledException"}, failed},
		"a key that is not there just now":   {&smithy.GenericAPIError{Code: "KeyUnavailableException"}, unavailable},
		"time is up":                         {context.DeadlineExceeded, unavailable},
		"an invalid code":                    {errCode, refused},
		"an invalid address":                 {errAddress, refused},
		"no key for a code":                  {errNoKey, failed},
		"a panic":                            {logging.ErrPanic, failed},
		"a message that is not there":        {&os.PathError{Op: "open", Path: "x", Err: os.ErrNotExist}, failed},
		"whatever else":                      {errors.New("sample"), failed},
	} {
		t.Run(name, func(t *testing.T) {
			got := classify(fmt.Errorf("wrapped: %w", test.err))
			p := policies[got]
			if got != test.want || p.permanent != (got == refused) || p.account != (got == paused || got == quota) {
				t.Errorf("got %s with %+v, want %s", got, p, test.want)
			}
		})
	}
}

func TestRetryDelayBacksOff(t *testing.T) {
	const s, m = time.Second, time.Minute
	for outcome, want := range map[string][]time.Duration{
		throttled:   {2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 64 * s, 128 * s, 256 * s, 5 * m, 5 * m},
		unavailable: {5 * s, 10 * s, 20 * s, 40 * s, 80 * s, 160 * s, 320 * s, 640 * s, 1280 * s, 2560 * s, 60 * m, 60 * m},
		paused:      {5 * m, 10 * m, 20 * m, 40 * m, 60 * m, 60 * m},
		quota:       {5 * m, 10 * m, 20 * m, 40 * m, 60 * m, 60 * m},
		failed:      {30 * s, 60 * s, 120 * s, 240 * s},
	} {
		var got []time.Duration
		for i := range want {
			got = append(got, policies[outcome].delay(i+1))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", outcome, got, want)
		}
	}
	if got := policies[quota].delay(1 << 20); got != time.Hour {
		t.Errorf("after a million receives a mail waits %v", got)
	}
}

// The queue moves a mail that was received too often to the dead letters. Waiting
// for the quota of a day to come back, for as long as a mail is kept, must not
// do that.
func TestWaitingEmailsStayBelowMaxReceives(t *testing.T) {
	const maxReceives = 1000 // of the queue, infra/queues.go
	for _, outcome := range []string{throttled, unavailable, paused, quota} {
		receives := 0
		for waited := time.Duration(0); waited < maxAge; waited += policies[outcome].delay(receives) {
			receives++
		}
		if receives >= maxReceives {
			t.Errorf("%s: within %v a mail is received %d times", outcome, maxAge, receives)
		}
	}
}

// The table of docs/mail.md is that of the code.
func TestTheDocumentationListsEveryOutcome(t *testing.T) {
	const file, heading = "docs/mail.md", "## Error handling"
	listed := map[string]retryPolicy{}
	for _, row := range functiontest.Table(t, file, heading) {
		next := row[2]
		p := retryPolicy{permanent: next == "dead letter at once", account: row[3] == "all emails"}
		if from, to, ok := strings.Cut(next, " to "); ok {
			p.minDelay, p.maxDelay = duration(t, from), duration(t, to)
		}
		listed[strings.Trim(row[0], "`")] = p
	}
	if !maps.Equal(listed, policies) {
		t.Errorf("docs/mail.md says %+v, the code %+v", listed, policies)
	}
	for code, outcome := range codeOutcomes {
		if !regexp.MustCompile("(?m)^- `" + outcome + "`: (.*\n)?.*`" + code + "`").MatchString(functiontest.Section(t, file, heading)) {
			t.Errorf("docs/mail.md does not list %s with %s", code, outcome)
		}
	}
}

// duration reads "5 s", "5 min" or "1 h".
func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(strings.NewReplacer(" ", "", "min", "m").Replace(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sesOver is the SDK's own client of an SES that answers so. It tries once.
func sesOver(t *testing.T, answer http.HandlerFunc) *sesv2.Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return sesv2.NewFromConfig(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample-secret-key", ""),
	})
}

func sesError(status int, kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", kind)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": text})
	}
}

func TestClassify_errorsOfSES(t *testing.T) {
	broken := func(answer string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = connection.Write([]byte(answer))
			connection.Close()
		}
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string // outcome
		reason string // of a dead letter, or in the log
	}{
		"throttled":                  {sesError(429, "TooManyRequestsException", "Maximum sending rate exceeded."), throttled, "TooManyRequestsException"},
		"the quota of a day":         {sesError(429, "TooManyRequestsException", "Daily message quota exceeded."), quota, "TooManyRequestsException"},
		"a limit":                    {sesError(400, "LimitExceededException", ""), quota, "LimitExceededException"},
		"paused":                     {sesError(400, "SendingPausedException", ""), paused, "SendingPausedException"},
		"rejected":                   {sesError(400, "MessageRejected", "Email address is not verified: jane@example.com"), refused, "MessageRejected"},
		"a bad request":              {sesError(400, "BadRequestException", "Illegal address"), refused, "BadRequestException"},
		"no such configuration set":  {sesError(404, "NotFoundException", ""), failed, "NotFoundException"},
		"no permission":              {sesError(403, "AccessDeniedException", "jane@example.com"), failed, "AccessDeniedException"},
		"an error inside SES":        {sesError(500, "InternalFailure", ""), unavailable, "InternalFailure"},
		"an error without a name":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, unavailable, ""},
		"a proxy that answers":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, throttled, ""},
		"a connection that is reset": {broken(""), unavailable, ""},
		"an answer that breaks off":  {broken("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Mess"), unavailable, ""},
		"an answer that never comes": {func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // the server looks for the client's end only then
			<-r.Context().Done()
		}, unavailable, "timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, r, logged := testHandler(t)
			h.ses = sesOver(t, test.answer)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second+300*time.Millisecond)
			defer cancel()
			reply, err := h.Handle(ctx, batchOf(record(t, "id", "group", "jane@example.com")))
			if err != nil {
				t.Fatal(err)
			}
			line := logged.Lines(t)[0]
			if line["Outcome"] != test.want {
				t.Errorf("the outcome is %v, want %s: %v", line["Outcome"], test.want, line)
			}
			key, level := "warning", "WARN"
			if test.want == refused || test.want == failed {
				key, level = "reason", "ERROR"
			}
			if reason, _ := line[key].(string); line["level"] != level || reason == "" || !strings.HasPrefix(reason, test.reason) {
				t.Errorf("the line has %v, want %s %s", line, key, test.reason)
			}
			if strings.Contains(logged.String(), "jane") {
				t.Errorf("the log quotes the address: %s", logged)
			}
			if test.want == refused {
				if len(reply.BatchItemFailures) != 0 || !slices.Equal(r.reasons(), []string{test.reason}) || len(r.delayed) != 0 {
					t.Errorf("got %v with the dead letters %q", reply, r.reasons())
				}
				return
			}
			if !slices.Equal(reported(reply), []string{"id"}) || len(r.dead) != 0 || len(r.delayed) != 1 {
				t.Fatalf("got %v with the dead letters %q", reply, r.reasons())
			}
			wait := policies[test.want].minDelay
			if in := r.delayed[0]; time.Duration(in.VisibilityTimeout)*time.Second != wait || *in.QueueUrl != mailURL || *in.ReceiptHandle != "receipt-id" {
				t.Errorf("the mail waits %d s as %s on %s, want %v", in.VisibilityTimeout, *in.ReceiptHandle, *in.QueueUrl, wait)
			}
		})
	}
}

func TestSESReceivesTheRequest(t *testing.T) {
	h, r, _ := testHandler(t)
	var got struct {
		FromEmailAddress string
		Destination      struct{ ToAddresses []string }
	}
	h.ses = sesOver(t, func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(`{"MessageId":"sample"}`))
	})
	reply, err := h.Handle(t.Context(), batchOf(record(t, "id", "group", "jane@example.com")))
	if err != nil || len(reply.BatchItemFailures)+len(r.dead)+len(r.delayed) != 0 {
		t.Errorf("got %v, %v", reply, err)
	}
	if got.FromEmailAddress != h.composer.config.Senders["riders"].From || !slices.Equal(got.Destination.ToAddresses, []string{"jane@example.com"}) {
		t.Errorf("SES got %+v", got)
	}
}

func TestGiveUpAfterTooManyFailures(t *testing.T) {
	for name, test := range map[string]struct {
		err      error
		receives string
		age      time.Duration
		outcome  string // given-up: a dead letter
		wait     int32  // seconds
	}{
		"a failure, for the first time":                             {&types.NotFoundException{}, "1", 0, failed, 30},
		"a failure, for the fourth time":                            {&types.NotFoundException{}, "4", time.Hour, failed, 240},
		"a failure that only waited five times, behind another one": {&types.NotFoundException{}, "6", 9 * time.Minute, failed, 960},
		"a failure, for the fifth time":                             {&types.NotFoundException{}, "5", time.Hour, "given-up", 0},
		"a failure after many throttles":                            {&types.NotFoundException{}, "60", time.Hour, "given-up", 0},
		"a throttle, for the fifth time":                            {&types.TooManyRequestsException{}, "5", time.Hour, throttled, 32},
		"a quota, after a day":                                      {&types.LimitExceededException{}, "27", 25 * time.Hour, quota, 3600},
		"a quota, just before the queue's 4":                        {&types.LimitExceededException{}, "75", 3 * 24 * time.Hour, "given-up", 0},
		"a record without a receive count":                          {&types.TooManyRequestsException{}, "", 0, throttled, 2},
	} {
		t.Run(name, func(t *testing.T) {
			h, r, logged := testHandler(t)
			r.fail = func(string) error { return test.err }
			h.now = func() time.Time { return sentAt.Add(test.age) }
			message := record(t, "id", "group", "jane@example.com")
			message.Attributes["ApproximateReceiveCount"] = test.receives
			reply, err := h.Handle(t.Context(), batchOf(message))
			if err != nil {
				t.Fatal(err)
			}
			logged.CheckLine(t, map[string]any{"Outcome": test.outcome})
			if test.outcome == "given-up" {
				if len(reply.BatchItemFailures) != 0 || len(r.dead) != 1 {
					t.Errorf("got %v with %d dead letters", reply, len(r.dead))
				}
				return
			}
			if len(r.dead) != 0 || len(r.delayed) != 1 || r.delayed[0].VisibilityTimeout != test.wait {
				t.Errorf("got %d dead letters, and %v", len(r.dead), r.delayed)
			}
		})
	}
}

// While the account may send nothing, calling SES for each mail is pointless.
func TestSendingStopsWhenSESPausesTheAccount(t *testing.T) {
	h, r, logged := testHandler(t)
	asked := 0
	r.fail = func(to string) error {
		if asked++; to == "2@example.com" {
			return &types.SendingPausedException{}
		}
		return nil
	}
	reply, err := h.Handle(t.Context(), batchOf(
		record(t, "1", "a", "1@example.com"), record(t, "2", "b", "2@example.com"), record(t, "3", "c", "3@example.com"), record(t, "4", "b", "4@example.com"),
	))
	if err != nil || !slices.Equal(reported(reply), []string{"2", "3", "4"}) || asked != 2 || len(logged.Lines(t)) != 2 {
		t.Errorf("SES was asked for %d mails, and %v, %v came back", asked, reply, err)
	}
	for _, in := range r.delayed {
		if in.VisibilityTimeout != 300 {
			t.Errorf("%s waits %d s, want 300", *in.ReceiptHandle, in.VisibilityTimeout)
		}
	}
}

// A mail is off the queue only when it is among the dead letters.
func TestEmailIsRetriedWhenDeadLetteringFails(t *testing.T) {
	h, r, logged := testHandler(t)
	r.fail = func(string) error { return &types.MessageRejected{} }
	r.deadLetterErr = &smithy.GenericAPIError{Code: "QueueDoesNotExist"}
	reply, err := h.Handle(t.Context(), batchOf(record(t, "id", "group", "jane@example.com")))
	if err != nil || !slices.Equal(reported(reply), []string{"id"}) {
		t.Errorf("got %v, %v", reply, err)
	}
	logged.CheckLine(t, map[string]any{"Outcome": "failed", "reason": "QueueDoesNotExist"})
}

// Without the delay, the mail comes again after the visibility timeout.
func TestEmailIsReportedWhenItCannotBeDelayed(t *testing.T) {
	h, r, _ := testHandler(t)
	r.fail = func(string) error { return &types.TooManyRequestsException{} }
	h.queues.sqs = noDelay{r}
	reply, err := h.Handle(t.Context(), batchOf(record(t, "id", "group", "jane@example.com")))
	if err != nil || !slices.Equal(reported(reply), []string{"id"}) {
		t.Errorf("got %v, %v", reply, err)
	}
}

type noDelay struct{ *recorder }

func (noDelay) ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	return nil, errors.New("sample")
}

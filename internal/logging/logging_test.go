package logging

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// entry logs one line that took 1.5 ms.
func entry(t *testing.T, line Line) map[string]any {
	t.Helper()
	var b bytes.Buffer
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := start
	l := NewWith("custom-message", &b, func() time.Time { return clock })
	from := l.Start()
	if !from.Equal(start) {
		t.Fatalf("it starts at %v", from)
	}
	clock = start.Add(1500 * time.Microsecond)
	l.Event(context.Background(), from, line)
	text := b.String()
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		t.Fatalf("it is not one line: %q", text)
	}
	var e map[string]any
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatalf("it is not JSON: %v: %s", err, text)
	}
	return e
}

func TestLineHasTheEvent(t *testing.T) {
	t.Setenv("STACK", "Poolpost-Sample-dev")
	got := entry(t, Line{Trigger: "CustomMessage_SignUp", Kind: "sign-up", Locale: "fr", Client: "web", Outcome: "filled", Detail: "General"})
	delete(got, "timestamp")
	delete(got, "_aws")
	want := map[string]any{
		"level": "INFO", "message": "event", "Stack": "Poolpost-Sample-dev", "Function": "custom-message", "Outcome": "filled", "Events": 1.0, "Duration": 1.5,
		"trigger": "CustomMessage_SignUp", "kind": "sign-up", "locale": "fr", "client": "web", "detail": "General",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// A reason can hold any text, such as the name of a file.
func TestLineIsAlwaysJSON(t *testing.T) {
	for _, reason := range []string{`a "quoted" \ one`, "two\nlines\tand\x00more", "é 世界 👍", "a broken \xff byte", "\u2028"} {
		if got, want := entry(t, Line{Outcome: "failed", Err: Safe(reason)})["reason"], strings.ToValidUTF8(reason, "\uFFFD"); got != want {
			t.Errorf("%q became %q", reason, got)
		}
	}
}

func TestTimestamp(t *testing.T) {
	if got := entry(t, Line{Outcome: "filled"})["timestamp"]; got != "2026-01-02T03:04:05.0015Z" {
		t.Errorf("it is %v", got)
	}
}

func TestEmptyFieldsAreOmitted(t *testing.T) {
	got := entry(t, Line{Outcome: "failed"})
	for _, key := range []string{"trigger", "kind", "locale", "client", "detail", "reason"} {
		if value, ok := got[key]; ok {
			t.Errorf("%s is %v", key, value)
		}
	}
}

// TestLineIsAMetric holds a line against CloudWatch's "Specification: Embedded
// metric format": what the metadata name must be there, with the right type.
func TestLineIsAMetric(t *testing.T) {
	checkMetric(t, entry(t, Line{Outcome: "filled", Err: errors.New("x")}), 1)
	checkMetric(t, entry(t, Line{Outcome: "bounced", Kind: "sign-up", Client: "web", ByKind: true}), 2)
}

func checkMetric(t *testing.T, got map[string]any, sets int) {
	t.Helper()
	text, err := json.Marshal(got["_aws"])
	if err != nil {
		t.Fatal(err)
	}
	var metadata struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&metadata); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if want := time.Date(2026, 1, 2, 3, 4, 5, int(1500*time.Microsecond), time.UTC).UnixMilli(); metadata.Timestamp != want {
		t.Errorf("the time is %d, want %d", metadata.Timestamp, want)
	}
	if len(metadata.CloudWatchMetrics) != 1 {
		t.Fatalf("there are %d directives", len(metadata.CloudWatchMetrics))
	}
	directive := metadata.CloudWatchMetrics[0]
	if directive.Namespace != "Poolpost" || len(directive.Dimensions) != sets {
		t.Errorf("the directive is %+v", directive)
	}
	for _, set := range directive.Dimensions {
		if set[0] != "Stack" {
			t.Errorf("the metrics by %q are those of all deployments", set)
		}
		if len(set) > 30 {
			t.Errorf("there are %d dimensions; CloudWatch takes 30", len(set))
		}
		for _, name := range set {
			if value, ok := got[name].(string); !ok || value == "" {
				t.Errorf("the dimension %s is %v", name, got[name])
			}
		}
	}
	units := map[string]string{}
	for _, m := range directive.Metrics {
		if _, ok := got[m.Name].(float64); !ok {
			t.Errorf("the metric %s is %v", m.Name, got[m.Name])
		}
		units[m.Name] = m.Unit
	}
	if want := map[string]string{"Events": "Count", "Duration": "Milliseconds"}; !reflect.DeepEqual(units, want) {
		t.Errorf("the metrics are %v, want %v", units, want)
	}
}

func TestLevel(t *testing.T) {
	for name, test := range map[string]struct {
		line Line
		want string
	}{
		"an event that went well":                       {Line{Trigger: "a", Outcome: "filled"}, "INFO"},
		"an outcome that is unknown":                    {Line{Outcome: Unknown}, "WARN"},
		"a trigger that is unknown":                     {Line{Trigger: Unknown, Outcome: "accepted"}, "WARN"},
		"a warning":                                     {Line{Outcome: "filled", Warning: errors.New("x")}, "WARN"},
		"a warning and an error":                        {Line{Outcome: "failed", Warning: errors.New("x"), Err: errors.New("x")}, "ERROR"},
		"an error":                                      {Line{Outcome: "failed", Err: errors.New("x")}, "ERROR"},
		"an error of an event that nobody had foreseen": {Line{Outcome: Unknown, Err: errors.New("x")}, "ERROR"},
	} {
		if got := entry(t, test.line)["level"]; got != test.want {
			t.Errorf("%s: got %v, want %s", name, got, test.want)
		}
	}
}

type timeoutError struct{ late bool }

func (timeoutError) Error() string   { return "ada@example.com took too long" }
func (e timeoutError) Timeout() bool { return e.late }

type ownError struct{ text string }

func (e *ownError) Error() string { return e.text }

// Every error here quotes an address and a code; no reason may.
func TestReason(t *testing.T) {
	const secret = "ada@example.com 123456"
	_, missing := os.ReadFile("messages/web/en/sign-up")
	api := &types.CodeMismatchException{Message: aws.String(secret)}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"an error of AWS":                       {api, "CodeMismatchException"},
		"an error of AWS inside others":         {fmt.Errorf("confirm %s: %w", secret, fmt.Errorf("call: %w", api)), "CodeMismatchException"},
		"an error of AWS beside another":        {errors.Join(errors.New(secret), api), "CodeMismatchException"},
		"a file that is missing":                {fmt.Errorf("load message: %w", missing), "open messages/web/en/sign-up: no such file or directory"},
		"a deadline":                            {fmt.Errorf("%s: %w", secret, context.DeadlineExceeded), "timeout"},
		"a timeout":                             {fmt.Errorf("send %s: %w", secret, timeoutError{true}), "timeout"},
		"an error that could be a timeout":      {timeoutError{false}, "logging.timeoutError"},
		"a call that was given up":              {fmt.Errorf("%s: %w", secret, context.Canceled), "*errors.errorString"},
		"an error whose text is safe":           {Safe("the event lacks its code"), "the event lacks its code"},
		"an error whose text is safe in others": {fmt.Errorf("%s: %w", secret, Safe("panic")), "panic"},
		"a connection that is refused":          {fmt.Errorf("%s: %w", secret, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}), "connection refused"},
		"any other error":                       {errors.New(secret), "*errors.errorString"},
		"a type of our own, inside others":      {fmt.Errorf("%s: %w", secret, &ownError{secret}), "*logging.ownError"},
		"several errors":                        {errors.Join(errors.New(secret), errors.New(secret)), "*errors.joinError"},
		"several errors in one":                 {fmt.Errorf("%w, %w", errors.New(secret), errors.New(secret)), "*fmt.wrapErrors"},
		"JSON that is broken":                   {json.Unmarshal([]byte(`{"`+secret), &struct{}{}), "*json.SyntaxError"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Reason(test.err)
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			line := entry(t, Line{Outcome: "failed", Err: test.err, Warning: test.err})
			if line["reason"] != got || line["warning"] != got {
				t.Errorf("the line gives the reason %v and the warning %v", line["reason"], line["warning"])
			}
			if text := fmt.Sprint(line); strings.Contains(text, "ada") || strings.Contains(text, "123456") {
				t.Errorf("the line holds what is personal: %s", text)
			}
		})
	}
	if !errors.Is(missing, fs.ErrNotExist) {
		t.Errorf("the missing file: %v", missing)
	}
}

// TestNewFollowsLambdasLoggingSettings runs this test once more, in an environment like a
// function's.
func TestNewFollowsLambdasLoggingSettings(t *testing.T) {
	const child = "LOGGING_TEST_CHILD"
	if os.Getenv(child) != "" {
		ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "sample-request"})
		l := New("send-mail")
		log.Print("what aws-lambda-go prints")
		l.Event(ctx, l.Start(), Line{Outcome: "sent"})
		l.Event(ctx, l.Start(), Line{Outcome: "failed", Err: Safe("panic")})
		return
	}
	for level, want := range map[string][]string{"INFO": {"sent", "failed"}, "ERROR": {"failed"}, "": {"sent", "failed"}, "TRACE": {"sent", "failed"}} {
		command := exec.Command(os.Args[0], "-test.run=^TestNewFollowsLambdasLoggingSettings$")
		command.Env = append(os.Environ(), child+"=1", "AWS_LAMBDA_LOG_LEVEL="+level)
		var printed bytes.Buffer
		command.Stderr = &printed
		output, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		if printed.Len() != 0 {
			t.Errorf("package log is not silent: %s", &printed)
		}
		var got []string
		lines := bufio.NewScanner(bytes.NewReader(output))
		for lines.Scan() {
			var line struct {
				AWS                                  json.RawMessage `json:"_aws"`
				Function, Outcome                    string
				RequestID, Message, Timestamp, Level string
			}
			if json.Unmarshal(lines.Bytes(), &line) != nil {
				continue // the test's own PASS
			}
			got = append(got, line.Outcome)
			if line.Function != "send-mail" || line.RequestID != "sample-request" || line.Message != "event" || line.Timestamp == "" || line.Level == "" || line.AWS[0] != '{' {
				t.Errorf("the line is %s", lines.Bytes())
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("at the level %s there are the lines %q, want %q:\n%s", level, got, want, output)
		}
	}
}

func BenchmarkEvent(b *testing.B) {
	l := NewWith("custom-message", io.Discard, time.Now)
	line := Line{Trigger: "CustomMessage_SignUp", Kind: "sign-up", Locale: "fr", Client: "web", Outcome: "filled"}
	b.ReportAllocs()
	for b.Loop() {
		l.Event(b.Context(), l.Start(), line)
	}
}

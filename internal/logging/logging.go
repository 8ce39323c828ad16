// Package logging writes one JSON line an event, which is a metric as well. A line never holds
// an address, a name, a code, a password, a link, a token or an event; errors of AWS are logged
// by their code, because their texts quote addresses.
package logging

import (
	"cmp"
	"context"
	"encoding/json/jsontext"
	"errors"
	"io"
	"io/fs"
	"log"
	"log/slog"
	"os"
	"reflect"
	"strconv"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Namespace is where CloudWatch keeps the metrics.
const Namespace = "Poolpost"

// Logger writes the lines of one function.
type Logger struct {
	stack, function string // dimensions of every metric
	out             io.Writer
	level           slog.Level // lines of a lower one are not written
	now             func() time.Time
}

// New returns the logger of a function, to standard output. The environment variable STACK, the
// name of the deployment, separates the metrics of several in one account. Lambda's logging
// configuration sets the level; FATAL, which no line has, counts as INFO. Lines are JSON whatever
// format it names: CloudWatch finds no metrics in anything else.
//
// It silences package log: aws-lambda-go prints the errors that a handler returns, and a refusal
// is an answer, not a fault.
func New(function string) *Logger {
	log.SetOutput(io.Discard)
	l := NewWith(function, os.Stdout, time.Now)
	_ = l.level.UnmarshalText([]byte(os.Getenv("AWS_LAMBDA_LOG_LEVEL"))) // INFO if unset or unknown
	return l
}

// NewWith is New with another output and clock, for tests. Each line is one write; with several
// events at the same time, out must accept concurrent writes.
func NewWith(function string, out io.Writer, now func() time.Time) *Logger {
	return &Logger{stack: cmp.Or(os.Getenv("STACK"), Unknown), function: function, out: out, now: now}
}

// Outcomes that several functions have.
const (
	Failed = "failed"
	// Unknown is also the trigger of an event that the function was not written for; its line
	// is a warning.
	Unknown = "unknown"
)

// Line is what a function logs about one event. Its texts are from the settings and the code,
// never from the event.
type Line struct {
	Trigger string // such as CustomMessage_SignUp
	Kind    string // kind of message
	Locale  string
	Client  string // name in the settings
	Detail  string // of the outcome
	Test    string // see SmokeTest
	ByKind  bool   // a metric by kind and client as well; both must be there
	Outcome string // a dimension of the metrics, so one of a few fixed words
	Err     error  // logged by Reason; makes the line an error
	Warning error  // the same for what went wrong without changing the outcome
	Counts  []Count
}

// A Count is a metric of its own, beside Events and Duration.
type Count struct {
	Name string // such as Deleted
	N    int
}

// Start returns the time that Event measures from.
func (l *Logger) Start() time.Time { return l.now() }

// Event writes a line in CloudWatch's embedded metric format: the metrics Events and Duration,
// by stack, function and outcome. It does so by hand, because slog's handler takes longer than
// the rules or the message of an event (docs/speed.md).
func (l *Logger) Event(ctx context.Context, start time.Time, line Line) {
	level := slog.LevelInfo
	switch {
	case line.Err != nil:
		level = slog.LevelError
	case line.Warning != nil || line.Outcome == Unknown || line.Trigger == Unknown:
		level = slog.LevelWarn
	}
	if level < l.level {
		return
	}
	now := l.now()
	b := make([]byte, 0, 1024)
	b = append(b, `{"timestamp":"`...)
	b = now.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","level":"`...)
	b = append(b, level.String()...)
	b = append(b, `","message":"event",`...)
	b = appendMetrics(b, now, line)
	b = append(b, `,"Events":1,"Duration":`...)
	b = strconv.AppendFloat(b, float64(now.Sub(start).Microseconds())/1000, 'f', -1, 64)
	for _, count := range line.Counts {
		b = append(b, `,"`+count.Name+`":`...)
		b = strconv.AppendInt(b, int64(count.N), 10)
	}
	requestID := ""
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		requestID = invocation.AwsRequestID
	}
	for _, member := range [...]struct{ key, value string }{
		{"Stack", l.stack}, {"Function", l.function}, {"Outcome", line.Outcome}, {"trigger", line.Trigger},
		{"kind", line.Kind}, {"locale", line.Locale}, {"client", line.Client}, {"detail", line.Detail}, {"test", line.Test},
		{"warning", Reason(line.Warning)}, {"reason", Reason(line.Err)}, {"requestId", requestID},
	} {
		if member.value == "" {
			continue
		}
		b = append(b, `,"`+member.key+`":`...)
		b, _ = jsontext.AppendQuote(b, member.value) // the error is for bytes that it has replaced
	}
	_, _ = l.out.Write(append(b, "}\n"...)) // there is nowhere to report it
}

// appendMetrics is the metadata of the embedded metric format (CloudWatch user guide,
// "Specification: Embedded metric format").
func appendMetrics(b []byte, now time.Time, line Line) []byte {
	b = append(b, `"_aws":{"Timestamp":`...)
	b = strconv.AppendInt(b, now.UnixMilli(), 10)
	b = append(b, `,"CloudWatchMetrics":[{"Namespace":"`+Namespace+`","Dimensions":[["Stack","Function","Outcome"]`...)
	if line.ByKind {
		b = append(b, `,["Stack","Function","Outcome","kind","client"]`...)
	}
	b = append(b, `],"Metrics":[{"Name":"Events","Unit":"Count"},{"Name":"Duration","Unit":"Milliseconds"}`...)
	for _, count := range line.Counts {
		b = append(b, `,{"Name":"`+count.Name+`","Unit":"Count"}`...)
	}
	return append(b, "]}]}"...)
}

// Reason describes an error without its text, which may quote personal data: by the code
// of an AWS error, the file that cannot be read, the network's error, a Safe error in it,
// or its type. nil has none.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	var api interface{ ErrorCode() string }
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		return file.Error()
	}
	if IsTimeout(err) {
		return "timeout"
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error() // such as connection refused
	}
	if own, ok := errors.AsType[Safe](err); ok {
		return string(own)
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return reflect.TypeOf(err).String()
}

// IsTimeout reports whether an error is that time was up.
func IsTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// Safe is an error whose text is fit for a log: a constant, or made of nothing
// but settings.
type Safe string

func (s Safe) Error() string { return string(s) }

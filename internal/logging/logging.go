// Package logging writes one JSON line an event, which is a metric as well, and
// keeps what is personal out of it.
//
// A line names the trigger, the kind of message, the locale, the client of the
// settings, the outcome, the duration and the request id. It never holds an
// address, a name, a code, a password, a link, a token or an event; errors of
// AWS are logged by their code, because their texts quote addresses.
package logging

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log"
	"log/slog"
	"os"
	"reflect"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Namespace is where CloudWatch keeps the metrics.
const Namespace = "Poolpost"

// Logger writes the lines of one function.
type Logger struct {
	stack, function string // dimensions of every metric
	log             *slog.Logger
	now             func() time.Time
}

// New returns the logger of a function. The environment variable STACK, the name of
// the deployment, keeps apart the metrics of several in one account. Lines go to standard output, in the
// format and from the level that Lambda's logging configuration asks for.
//
// It silences package log: aws-lambda-go prints there whatever error a handler
// returns, and the error of a refusal is an answer, not a fault.
func New(function string) *Logger {
	log.SetOutput(io.Discard)
	return NewWith(function, lambdacontext.NewLogHandler(), time.Now)
}

// NewWith is New with another handler and another clock, for tests.
func NewWith(function string, handler slog.Handler, now func() time.Time) *Logger {
	return &Logger{stack: cmp.Or(os.Getenv("STACK"), Unknown), function: function, log: slog.New(handler), now: now}
}

// Unknown is the outcome, or the trigger, of an event that the function was not
// written for; its line is a warning.
const Unknown = "unknown"

// Line is what a function tells of one event. Its texts are from this project's
// own settings and code, never from the event.
type Line struct {
	Trigger string // such as CustomMessage_SignUp
	Kind    string // kind of message
	Locale  string
	Client  string // name in the settings
	Detail  string // of the outcome
	ByKind  bool   // a metric by kind and client as well; both must be there
	Outcome string // a dimension of the metrics, so one of a few fixed words
	Err     error  // logged by Reason; makes the line an error
	Warning error  // the same for what went wrong without changing the outcome
}

// Start returns the time that Event measures from.
func (l *Logger) Start() time.Time { return l.now() }

// Event writes a line. It is in CloudWatch's embedded metric format: the metrics
// Events and Duration, by stack, function and outcome.
func (l *Logger) Event(ctx context.Context, start time.Time, line Line) {
	now := l.now()
	level := slog.LevelInfo
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.Any("_aws", metrics(now, line.ByKind)),
		slog.String("Stack", l.stack),
		slog.String("Function", l.function),
		slog.String("Outcome", line.Outcome),
		slog.Int("Events", 1),
		slog.Float64("Duration", float64(now.Sub(start).Microseconds())/1000),
	)
	for _, a := range []struct{ key, value string }{
		{"trigger", line.Trigger}, {"kind", line.Kind}, {"locale", line.Locale}, {"client", line.Client}, {"detail", line.Detail},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	if line.Outcome == Unknown || line.Trigger == Unknown {
		level = slog.LevelWarn
	}
	if line.Warning != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("warning", Reason(line.Warning)))
	}
	if line.Err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("reason", Reason(line.Err)))
	}
	l.log.LogAttrs(ctx, level, "event", attrs...)
}

// metrics is the metadata of the embedded metric format (CloudWatch user guide,
// "Specification: Embedded metric format").
func metrics(now time.Time, byKind bool) json.RawMessage {
	b := make([]byte, 0, 256)
	b = append(b, `{"Timestamp":`...)
	b = strconv.AppendInt(b, now.UnixMilli(), 10)
	b = append(b, `,"CloudWatchMetrics":[{"Namespace":"`+Namespace+`","Dimensions":[["Stack","Function","Outcome"]`...)
	if byKind {
		b = append(b, `,["Stack","Function","Outcome","kind","client"]`...)
	}
	b = append(b, `],"Metrics":[{"Name":"Events","Unit":"Count"},{"Name":"Duration","Unit":"Milliseconds"}]}]}`...)
	return b
}

// Reason tells an error without its text, which may quote what is personal: the
// code of an AWS error, the file that cannot be read, or the type of the error.
func Reason(err error) string {
	var api interface{ ErrorCode() string }
	var file *fs.PathError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &api):
		return api.ErrorCode()
	case errors.As(err, &file):
		return file.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	}
	var own Safe
	if errors.As(err, &own) {
		return string(own)
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return reflect.TypeOf(err).String()
}

// Safe is an error whose text is fit for a log: a constant, or made of nothing
// but settings.
type Safe string

func (s Safe) Error() string { return string(s) }

// AtStart is an error from before the first event, with its text: it can only
// tell of the function's own files and variables.
func AtStart(err error) error {
	if err == nil {
		return nil
	}
	return Safe(err.Error())
}

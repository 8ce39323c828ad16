package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"poolpost/internal/bundle"
	"poolpost/internal/settings"
	"poolpost/local/lambda"
	"poolpost/local/mailbox"
)

// A result is what a function made of one event file, as one line of JSON.
type result struct {
	File  string           `json:"file"`
	Reply json.RawMessage  `json:"reply"` // null when the invocation failed
	Error *invocationError `json:"error"` // null when it did not

	// An answer that cannot stand in the line as JSON is one of these: itself where it is
	// UTF-8, else in base64.
	Text   string `json:"replyText,omitempty"`
	Base64 []byte `json:"replyBase64,omitempty"`

	Mails []mailbox.Message `json:"mails"` // sent because of the event, through SES
	MS    float64           `json:"ms"`    // of the invocation; the first one includes the start
}

type invocationError struct {
	ErrorType    string `json:"errorType"`
	ErrorMessage string `json:"errorMessage"`
}

// checkFunction returns an error that lists the functions when these settings have
// none of that name.
func (o Options) checkFunction(name string) error {
	set, err := settings.Read(o.Settings)
	if err != nil {
		return err
	}
	names := bundle.Names(bundle.FunctionsOf(set))
	if slices.Contains(names, name) {
		return nil
	}
	return fmt.Errorf("there is no function %q with these settings; the functions are %s", name, strings.Join(names, ", "))
}

// startFor is Start for a call of one function. The stack may run beside the one that
// the options describe: it has free ports, and its links lead to that one.
func startFor(ctx context.Context, o Options, function string) (*Stack, error) {
	if err := o.checkFunction(function); err != nil {
		return nil, err
	}
	o.links, o.Web, o.AWS = "http://"+o.Web, "127.0.0.1:0", "127.0.0.1:0"
	return Start(ctx, o)
}

// Invoke starts the real binary of a function, sends it the bytes of each file
// as one invocation, and writes a line for each. An invocation that fails is a
// line, not an error.
func Invoke(ctx context.Context, o Options, function string, files []string, stdout io.Writer) error {
	s, err := startFor(ctx, o, function)
	if err != nil {
		return err
	}
	for _, file := range files {
		r, err := s.invokeFile(ctx, function, file)
		if err == nil {
			err = r.write(stdout)
		}
		if err != nil {
			return errors.Join(err, s.Close())
		}
	}
	return s.Close()
}

func (s *Stack) invokeFile(ctx context.Context, function, file string) (result, error) {
	r := result{File: file, Mails: []mailbox.Message{}}
	payload, err := os.ReadFile(file)
	if err != nil {
		return r, fmt.Errorf("read event: %w", err)
	}
	newest := s.newestMail()
	start := time.Now()
	response, err := s.host.Invoke(ctx, function, payload)
	r.MS = float64(time.Since(start).Microseconds()) / 1000
	failed, ok := errors.AsType[*lambda.FunctionError](err)
	switch {
	case ok:
		r.failed(failed)
	case err != nil:
		return r, fmt.Errorf("invoke %s: %w", function, err)
	default:
		r.answered(response)
	}
	// What the function put on the mail queue is sent before the line is written.
	if err := s.queue.Idle(ctx); err != nil {
		return r, fmt.Errorf("wait for the mail queue: %w", err)
	}
	for _, m := range s.box.Messages() { // newest first
		if m.ID == newest {
			break
		}
		r.Mails = append(r.Mails, m)
	}
	slices.Reverse(r.Mails)
	return r, nil
}

// write writes the line.
func (r *result) write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// answered puts a reply in the line. One that would break the line is an error of its own.
func (r *result) answered(reply []byte) {
	problem := "the reply is not JSON"
	switch {
	case len(reply) == 0:
		problem = "the reply is empty"
	case !utf8.Valid(reply):
		problem = "the reply is not UTF-8"
	case json.Valid(reply):
		// The line is one level deeper, and encoding/json has a limit.
		if json.Valid(slices.Concat([]byte("["), reply, []byte("]"))) {
			r.Reply = reply
			return
		}
		problem = "the reply is nested too deeply"
	}
	r.Error = &invocationError{"Runtime.InvalidReply", problem}
	r.show(reply)
}

// failed puts an error in the line, and the whole answer where that has no message.
func (r *result) failed(err *lambda.FunctionError) {
	r.Error = &invocationError{err.Type, err.Message}
	if err.Message == "" {
		r.show(err.Payload)
	}
}

func (r *result) show(answer []byte) {
	if utf8.Valid(answer) {
		r.Text = string(answer)
	} else {
		r.Base64 = answer
	}
}

// newestMail is the ID of the newest mail, empty when there is none. The number
// of mails does not show what is new: the box holds no more than its maximum.
func (s *Stack) newestMail() string {
	if messages := s.box.Messages(); len(messages) > 0 {
		return messages[0].ID
	}
	return ""
}

// Env writes what a function is started with, as KEY=VALUE lines, after the
// folder of its bootstrap and files. Any other tool that serves the Lambda
// Runtime API can start the same binary with them.
func Env(ctx context.Context, o Options, function string, stdout io.Writer) error {
	s, err := startFor(ctx, o, function)
	if err != nil {
		return err
	}
	s.awsURL = "http://" + o.AWS // of the run that it goes with, not of this moment
	for _, f := range s.functions() {
		if f.Name != function {
			continue
		}
		fmt.Fprintf(stdout, "DIR=%s\n", f.Dir)
		for _, line := range f.Environ(s.settings.Pool.Region) {
			fmt.Fprintln(stdout, line)
		}
	}
	return s.Close()
}

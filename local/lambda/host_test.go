package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"poolpost/local/lambda"
)

const region = "eu-west-1"

// patience bounds what a test waits for; nothing waits that long when it works.
const patience = 20 * time.Second

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newHost(t testing.TB, options lambda.Options, functions ...lambda.Function) *lambda.Host {
	t.Helper()
	options.Region = region
	h, err := lambda.New(options, functions...)
	noError(t, err)
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func event(t testing.TB, r request) []byte {
	t.Helper()
	payload, err := json.Marshal(r)
	noError(t, err)
	return payload
}

// invoke returns the answer of an invocation that must succeed.
func invoke(t *testing.T, h *lambda.Host, name string, r request) reply {
	t.Helper()
	payload, err := h.Invoke(t.Context(), name, event(t, r))
	if err != nil {
		t.Fatalf("invoke %s: %v", r.Do, err)
	}
	var answer reply
	if err := json.Unmarshal(payload, &answer); err != nil {
		t.Fatalf("answer to %s: %v", r.Do, err)
	}
	return answer
}

// invokeLater is invoke in the background. A failure gives an empty reply.
func invokeLater(t *testing.T, h *lambda.Host, name string, r request) <-chan reply {
	t.Helper()
	payload := event(t, r)
	answers := make(chan reply, 1)
	go func() {
		var answer reply
		got, err := h.Invoke(t.Context(), name, payload)
		if err == nil {
			err = json.Unmarshal(got, &answer)
		}
		if err != nil {
			t.Errorf("invoke %s: %v", r.Do, err)
		}
		answers <- answer
	}()
	return answers
}

// errorLater gives the error of an invocation in the background.
func errorLater(ctx context.Context, t *testing.T, h *lambda.Host, name string, r request) <-chan error {
	t.Helper()
	payload := event(t, r)
	failures := make(chan error, 1)
	go func() {
		_, err := h.Invoke(ctx, name, payload)
		failures <- err
	}()
	return failures
}

// invokeError returns the error of an invocation that must fail.
func invokeError(t *testing.T, h *lambda.Host, name string, r request) *lambda.FunctionError {
	t.Helper()
	_, err := h.Invoke(t.Context(), name, event(t, r))
	return functionError(t, err)
}

func functionError(t *testing.T, err error) *lambda.FunctionError {
	t.Helper()
	got, ok := errors.AsType[*lambda.FunctionError](err)
	if !ok {
		t.Fatalf("got %v, want a FunctionError", err)
	}
	return got
}

// wantError checks type, message (a regular expression) and that the payload says
// the same.
func wantError(t *testing.T, got *lambda.FunctionError, errorType, message string) {
	t.Helper()
	gotType, gotMessage := got.Details()
	if gotType != errorType || !regexp.MustCompile("^"+message+"$").MatchString(gotMessage) {
		t.Errorf("got %q, %q, want %q, %q", gotType, gotMessage, errorType, message)
	}
	var object struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(got.Payload, &object); err != nil {
		t.Fatalf("payload %s: %v", got.Payload, err)
	}
	if object.ErrorType != gotType || object.ErrorMessage != gotMessage {
		t.Errorf("payload %s does not say %q, %q", got.Payload, gotType, gotMessage)
	}
}

const requestID = `RequestId: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12} Error: `

// callers is where functions connect to while they live.
type callers struct {
	t        *testing.T
	listener *net.TCPListener
}

func newCallers(t *testing.T) callers {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	noError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return callers{t, listener}
}

func (c callers) address() string { return c.listener.Addr().String() }

// accept waits for the next process to connect.
func (c callers) accept() net.Conn {
	c.t.Helper()
	if err := c.listener.SetDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	conn, err := c.listener.Accept()
	if err != nil {
		c.t.Fatalf("no process connected: %v", err)
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// wantEnded checks that the process at the other end of conn has ended.
func wantEnded(t *testing.T, conn net.Conn) {
	t.Helper()
	noError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	_, err := conn.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the process still runs: read said %v", err)
	}
}

// wantGone checks that there is no process with this id, not even a zombie.
func wantGone(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d: got %v, want %v", pid, err, syscall.ESRCH)
	}
}

func TestWarmProcessIsReused(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	first := invoke(t, h, "greet", request{})
	for range 20 {
		again := invoke(t, h, "greet", request{})
		if again.PID != first.PID {
			t.Fatalf("process %d, then %d", first.PID, again.PID)
		}
		if again.RequestID == first.RequestID {
			t.Fatalf("request id %s came twice", first.RequestID)
		}
	}
}

func TestRenewReplacesProcesses(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	h.Recycle() // with no process there is nothing to do
	idle := invoke(t, h, "greet", request{})
	c := newCallers(t)
	busy := invokeLater(t, h, "greet", request{Do: "wait", Address: c.address()})
	caller := c.accept()
	other := invoke(t, h, "greet", request{})
	h.Recycle()
	fresh := invoke(t, h, "greet", request{})
	_ = caller.Close()
	ended := <-busy
	if ended.PID != idle.PID || other.PID == idle.PID {
		t.Fatalf("the processes are %d, %d and %d", idle.PID, ended.PID, other.PID)
	}
	for range 2 {
		if got := invoke(t, h, "greet", request{}); got.PID != fresh.PID || fresh.PID == ended.PID || fresh.PID == other.PID {
			t.Errorf("process %d is used, want %d, the only one that was started since", got.PID, fresh.PID)
		}
	}
}

func TestInvocationContext(t *testing.T) {
	f := function(t, "greet", "handler", nil)
	h := newHost(t, lambda.Options{}, f)
	before := time.Now()
	got := invoke(t, h, "greet", request{})
	if want := "arn:aws:lambda:eu-west-1:123456789012:function:greet"; got.ARN != want {
		t.Errorf("got ARN %s, want %s", got.ARN, want)
	}
	if early, late := before.Add(f.Timeout).Truncate(time.Millisecond), time.Now().Add(f.Timeout); got.Deadline.Before(early) || got.Deadline.After(late) {
		t.Errorf("got deadline %v, want one between %v and %v", got.Deadline, early, late)
	}
	if want := regexp.MustCompile(`^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$`); !want.MatchString(got.TraceID) {
		t.Errorf("got trace id %s, want %s", got.TraceID, want)
	}
	dir, err := filepath.EvalSymlinks(f.Dir)
	noError(t, err)
	if got.Dir != dir {
		t.Errorf("got working directory %s, want %s", got.Dir, dir)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("HOME", "/home/somebody")
	t.Setenv("DEVELOPER_SECRET", "plain to see")
	t.Setenv("AWS_PROFILE", "somebody")
	f := function(t, "greet", "handler", map[string]string{"LINKS_HOST": "links.example.com", "LANG": "C.UTF-8"})
	want := []string{
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
		"AWS_DEFAULT_REGION=eu-west-1",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"AWS_LAMBDA_FUNCTION_NAME=greet",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/greet",
		"AWS_LAMBDA_LOG_STREAM_NAME=local/[$LATEST]",
		"AWS_REGION=eu-west-1",
		"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"AWS_SESSION_TOKEN=sample-session-token",
		"BOOTSTRAP=handler",
		"LAMBDA_RUNTIME_DIR=/var/runtime",
		"LAMBDA_TASK_ROOT=" + f.Dir,
		"LANG=C.UTF-8",
		"LINKS_HOST=links.example.com",
		"PATH=/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"TZ=:UTC",
		"_HANDLER=bootstrap",
	}
	if got := f.Environ(region); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	h := newHost(t, lambda.Options{}, f)
	got := slices.DeleteFunc(invoke(t, h, "greet", request{}).Environ, func(line string) bool {
		return strings.HasPrefix(line, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:") || // per process
			strings.HasPrefix(line, "_X_AMZN_TRACE_ID=") // set by aws-lambda-go
	})
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the process has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestConcurrentInvocationsHaveTheirOwnProcesses(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	c := newCallers(t)
	waiting := request{Do: "wait", Address: c.address()}
	one := invokeLater(t, h, "greet", waiting)
	first := c.accept()
	other := invokeLater(t, h, "greet", waiting)
	second := c.accept()
	_ = first.Close()
	early := <-one
	_ = second.Close()
	late := <-other
	if early.PID == late.PID {
		t.Errorf("both ran in process %d", early.PID)
	}
	if got := invoke(t, h, "greet", request{}); got.PID != late.PID {
		t.Errorf("process %d was reused, want %d, which was used last", got.PID, late.PID)
	}
}

func TestInvocationsBeyondTheLimitWait(t *testing.T) {
	h := newHost(t, lambda.Options{Concurrency: 1}, function(t, "greet", "handler", nil))
	c := newCallers(t)
	one := invokeLater(t, h, "greet", request{Do: "wait", Address: c.address()})
	first := c.accept()
	impatient, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := h.Invoke(impatient, "greet", event(t, request{})); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with all processes busy: got %v, want %v", err, context.DeadlineExceeded)
	}
	other := invokeLater(t, h, "greet", request{})
	_ = first.Close()
	if early, late := <-one, <-other; early.PID != late.PID {
		t.Errorf("two processes, %d and %d, want one", early.PID, late.PID)
	}
}

func TestTimeout(t *testing.T) {
	f := function(t, "greet", "handler", nil)
	f.Timeout = 250 * time.Millisecond
	h := newHost(t, lambda.Options{}, f)
	first := invoke(t, h, "greet", request{})
	wantError(t, invokeError(t, h, "greet", request{Do: "hang"}),
		"Sandbox.Timedout", requestID+`Task timed out after 0\.25 seconds`)
	wantGone(t, first.PID)
	if next := invoke(t, h, "greet", request{}); next.PID == first.PID {
		t.Errorf("process %d answers again", first.PID)
	}
}

func TestInitDoesNotCountTowardsTheTimeout(t *testing.T) {
	f := function(t, "greet", "hang at start", map[string]string{"ADDRESS": newCallers(t).address()})
	f.Timeout = time.Millisecond
	h := newHost(t, lambda.Options{InitLimit: 250 * time.Millisecond}, f)
	wantError(t, invokeError(t, h, "greet", request{}),
		"Sandbox.Timedout", requestID+`Task timed out after 0\.25 seconds`)
}

func TestFailures(t *testing.T) {
	tests := []struct {
		name      string
		bootstrap string
		request   request
		errorType string
		message   string
	}{
		{"an error of the handler", "handler", request{Do: "refuse"}, "refusedError", "the event was refused"},
		{"a panic of the handler", "handler", request{Do: "panic"}, "string", "no way on"},
		{"an exit in the handler", "handler", request{Do: "exit", Size: 7}, "Runtime.ExitError", requestID + "Runtime exited with error: exit status 7"},
		{"an exit without a status", "handler", request{Do: "exit"}, "Runtime.ExitError", requestID + "Runtime exited without providing a reason"},
		{"an exit before the first event", "exit at start", request{}, "Runtime.ExitError", requestID + "Runtime exited with error: exit status 3"},
		{"an exit after asking for an event", "ask and exit", request{}, "Runtime.ExitError", requestID + "Runtime exited with error: exit status 5"},
		{"an error reported before the first event", "report at start", request{}, "Settings.Missing", "no settings"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t, lambda.Options{}, function(t, "greet", test.bootstrap, nil))
			for range 2 {
				wantError(t, invokeError(t, h, "greet", test.request), test.errorType, test.message)
			}
			if test.bootstrap == "handler" {
				invoke(t, h, "greet", request{}) // the function recovers
			}
		})
	}
}

func TestInvocationAfterAFailure(t *testing.T) {
	tests := []struct {
		name    string
		request request
		reused  bool
	}{
		{"an error leaves the process warm", request{Do: "refuse"}, true},
		{"a panic ends the process", request{Do: "panic"}, false},
		{"an exit ends the process", request{Do: "exit", Size: 1}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
			first := invoke(t, h, "greet", request{})
			invokeError(t, h, "greet", test.request)
			if next := invoke(t, h, "greet", request{}); (next.PID == first.PID) != test.reused {
				t.Errorf("process %d, then %d", first.PID, next.PID)
			}
		})
	}
}

func TestResponseSizeLimit(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	around, err := json.Marshal(reply{})
	noError(t, err)
	largest := 6291556 - len(around)
	if got := invoke(t, h, "greet", request{Do: "fill", Size: largest}); len(got.Text) != largest {
		t.Errorf("got %d bytes, want %d", len(got.Text), largest)
	}
	wantError(t, invokeError(t, h, "greet", request{Do: "fill", Size: largest + 1}), "Function.ResponseSizeTooLarge",
		`Response payload size \(6291557 bytes\) exceeded maximum allowed payload size \(6291556 bytes\)\.`)
	invoke(t, h, "greet", request{}) // the refused runtime has ended, another one answers
}

func TestKilledIdleProcessIsReplaced(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	first := invoke(t, h, "greet", request{})
	noError(t, syscall.Kill(first.PID, syscall.SIGKILL))
	for syscall.Kill(first.PID, 0) == nil {
		time.Sleep(time.Millisecond)
	}
	// The host may hear of it a moment later than this test, and lose one event.
	_, err := h.Invoke(t.Context(), "greet", []byte("{}"))
	if err != nil {
		wantError(t, functionError(t, err), "Runtime.ExitError", requestID+"Runtime exited with error: signal: killed")
	}
	if next := invoke(t, h, "greet", request{}); next.PID == first.PID {
		t.Errorf("process %d answers again", first.PID)
	}
}

func TestKilledProcessIsReported(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	pid := invoke(t, h, "greet", request{}).PID
	c := newCallers(t)
	failed := errorLater(t.Context(), t, h, "greet", request{Do: "wait", Address: c.address()})
	c.accept()
	noError(t, syscall.Kill(pid, syscall.SIGKILL))
	wantError(t, functionError(t, <-failed),
		"Runtime.ExitError", requestID+"Runtime exited with error: signal: killed")
}

func TestInvalidExecutable(t *testing.T) {
	f := lambda.Function{Name: "greet", Dir: t.TempDir(), Timeout: time.Second}
	noError(t, os.WriteFile(filepath.Join(f.Dir, "bootstrap"), []byte("\x7fELF, but not really"), 0o755))
	h := newHost(t, lambda.Options{}, f)
	wantError(t, invokeError(t, h, "greet", request{}),
		"Runtime.InvalidEntrypoint", requestID+"fork/exec .*/bootstrap: exec format error")
}

func TestCanceledCallerDoesNotStopTheInvocation(t *testing.T) {
	h := newHost(t, lambda.Options{Concurrency: 1}, function(t, "greet", "handler", nil))
	pid := invoke(t, h, "greet", request{}).PID
	c := newCallers(t)
	ctx, cancel := context.WithCancel(t.Context())
	left := errorLater(ctx, t, h, "greet", request{Do: "wait", Address: c.address()})
	conn := c.accept()
	cancel()
	if err := <-left; err != context.Canceled {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Errorf("the process ended with its caller: %v", err)
	}
	_ = conn.Close()
	if next := invoke(t, h, "greet", request{}); next.PID != pid {
		t.Errorf("process %d, then %d: it was not reused", pid, next.PID)
	}
}

func TestCanceledCallerStartsNothing(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Invoke(ctx, "greet", []byte("{}")); err != context.Canceled {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestRuntimeAPIRefusesInvalidRequests(t *testing.T) {
	var lines logLines
	h := newHost(t, lambda.Options{Logs: lines.add}, function(t, "greet", "raw", nil))
	payload, err := h.Invoke(t.Context(), "greet", []byte("{}"))
	noError(t, err)
	const want = `["next without an answer: 403 InvalidStateTransition",` +
		`"init error after init: 403 InvalidStateTransition",` +
		`"answer to another id: 400 InvalidRequestID",` +
		`"error for another id: 400 InvalidRequestID"]`
	if string(payload) != want {
		t.Errorf("got  %s\nwant %s", payload, want)
	}
	lines.wait(t, "greet: 202 then 400 InvalidRequestID")

	odd := invokeError(t, h, "greet", request{})
	if odd.Type != "Runtime.Odd" || odd.Message != "" || string(odd.Payload) != `{"odd":true}` {
		t.Errorf("got %q, %q, %s", odd.Type, odd.Message, odd.Payload)
	}
}

// logLines collects log lines as "function: line".
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *logLines) add(function, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, function+": "+line)
}

func (l *logLines) count(want func(line string) bool) (count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if want(line) {
			count++
		}
	}
	return count
}

// wait waits for the line.
func (l *logLines) wait(t *testing.T, line string) {
	t.Helper()
	for end := time.Now().Add(patience); l.count(func(got string) bool { return got == line }) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no line %q in %q", line, l.lines)
		}
	}
}

func TestOutputIsLoggedInWholeLines(t *testing.T) {
	var lines logLines
	h := newHost(t, lambda.Options{Logs: lines.add}, function(t, "greet", "handler", nil), function(t, "part", "handler", nil))
	var calls sync.WaitGroup
	for range 4 {
		for _, name := range []string{"greet", "part"} {
			calls.Go(func() { invoke(t, h, name, request{Do: "print", Text: name + " one\n\n" + name + " two\nrest of "}) })
		}
	}
	calls.Wait()
	noError(t, h.Close())
	known := regexp.MustCompile(`^(greet: |part: )(rest of )*(greet |part )?(one|two)?$`)
	if bad := lines.count(func(line string) bool { return !known.MatchString(line) }); bad > 0 {
		t.Errorf("%d lines are not whole: %q", bad, lines.lines)
	}
	for _, end := range []string{"greet: greet two", "part: part two"} {
		if got := lines.count(func(line string) bool { return line == end }); got != 8 {
			t.Errorf("%q came %d times, want 8", end, got)
		}
	}
	if lines.count(func(line string) bool { return strings.HasSuffix(line, "rest of ") }) == 0 {
		t.Error("the last line, which has no end, is missing")
	}
}

func TestCloseEndsAllProcesses(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil), function(t, "other", "handler", nil))
	c := newCallers(t)
	idle := invoke(t, h, "greet", request{Do: "spawn", Address: c.address()})
	grandchild := c.accept()

	busy := errorLater(t.Context(), t, h, "other", request{Do: "wait", Address: c.address()})
	working := c.accept()

	for range 2 {
		noError(t, h.Close())
	}
	if err := <-busy; !errors.Is(err, lambda.ErrClosed) {
		t.Errorf("the invocation under way: got %v, want %v", err, lambda.ErrClosed)
	}
	wantGone(t, idle.PID)
	wantEnded(t, grandchild)
	wantEnded(t, working)
	if _, err := h.Invoke(t.Context(), "greet", []byte("{}")); !errors.Is(err, lambda.ErrClosed) {
		t.Errorf("after Close: got %v, want %v", err, lambda.ErrClosed)
	}
}

func TestCloseEndsAHangingInit(t *testing.T) {
	c := newCallers(t)
	h := newHost(t, lambda.Options{}, function(t, "greet", "hang at start", map[string]string{"ADDRESS": c.address()}))
	called := errorLater(t.Context(), t, h, "greet", request{})
	starting := c.accept()
	noError(t, h.Close())
	wantEnded(t, starting)
	if err := <-called; !errors.Is(err, lambda.ErrClosed) {
		t.Errorf("got %v, want %v", err, lambda.ErrClosed)
	}
}

func TestChildProcessesAreKilled(t *testing.T) {
	h := newHost(t, lambda.Options{}, function(t, "greet", "handler", nil))
	children, gate := newCallers(t), newCallers(t)
	failed := errorLater(t.Context(), t, h, "greet", request{Do: "spawn and exit", Address: children.address(), Gate: gate.address()})
	child := children.accept()
	_ = gate.accept().Close()
	wantError(t, functionError(t, <-failed),
		"Runtime.ExitError", requestID+"Runtime exited with error: exit status 4")
	wantEnded(t, child)
}

func TestUnknownFunction(t *testing.T) {
	h := newHost(t, lambda.Options{})
	if _, err := h.Invoke(t.Context(), "nobody", []byte("{}")); !errors.Is(err, lambda.ErrNotFound) {
		t.Errorf("got %v, want %v", err, lambda.ErrNotFound)
	}
}

func TestNewRefuses(t *testing.T) {
	good := function(t, "greet", "handler", nil)
	change := func(f func(*lambda.Function)) []lambda.Function {
		changed := good
		f(&changed)
		return []lambda.Function{changed}
	}
	plain := t.TempDir()
	noError(t, os.WriteFile(filepath.Join(plain, "bootstrap"), []byte("#!/bin/sh\n"), 0o644))
	tests := []struct {
		name      string
		functions []lambda.Function
		want      string
	}{
		{"a folder without bootstrap", change(func(f *lambda.Function) { f.Dir = t.TempDir() }), "no such file"},
		{"a bootstrap that is not executable", change(func(f *lambda.Function) { f.Dir = plain }), "not an executable file"},
		{"a relative folder", change(func(f *lambda.Function) { f.Dir = "greet" }), "not an absolute path"},
		{"no time limit", change(func(f *lambda.Function) { f.Timeout = 0 }), "no time limit"},
		{"no name", change(func(f *lambda.Function) { f.Name = "" }), "no name"},
		{"a name twice", []lambda.Function{good, good}, "name is taken"},
		{"a variable that Lambda reserves", change(func(f *lambda.Function) { f.Env = map[string]string{"AWS_REGION": region} }), "AWS_REGION is reserved"},
		{"the address of the Runtime API", change(func(f *lambda.Function) { f.Env = map[string]string{"AWS_LAMBDA_RUNTIME_API": ""} }), "AWS_LAMBDA_RUNTIME_API is reserved"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := lambda.New(lambda.Options{}, test.functions...); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func BenchmarkWarmInvoke(b *testing.B) {
	h := newHost(b, lambda.Options{}, function(b, "empty", "empty", nil))
	payload := []byte("{}")
	for b.Loop() {
		if _, err := h.Invoke(b.Context(), "empty", payload); err != nil {
			b.Fatal(err)
		}
	}
}

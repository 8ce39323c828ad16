package lambda

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// outputGrace is how long output is still read after a process has ended, when
// a child of it keeps the pipe open.
const outputGrace = 100 * time.Millisecond

// process is one running bootstrap with a Runtime API of its own: the API's
// address is only host and port, so the port says which process is asking.
type process struct {
	function Function
	began    time.Time
	arn      string
	cmd      *exec.Cmd
	server   *http.Server
	stdout   lineWriter
	stderr   lineWriter

	initDone chan struct{}    // closed when the process asks for its first event or reports a failed start
	exited   chan struct{}    // closed when the process and its children are gone
	events   chan *invocation // to the request for the next event

	mu        sync.Mutex
	started   bool           // the process has asked for an event
	initError *FunctionError // what it reported instead
	current   *invocation    // what it is working on
}

// invocation is one event on its way through a process.
type invocation struct {
	id       string
	payload  []byte
	traceID  string
	deadline time.Time
	done     chan struct{} // closed when the process asks for its next event

	// response is set once the process has responded; guarded by process.mu.
	response *response
}

// response is what a function makes of an event: a payload or an error.
type response struct {
	payload []byte
	err     error // a *FunctionError
}

// startProcess starts a process of f for the invocation with this id. The caller
// awaits its init. An executable that the system cannot run, such as one for
// another architecture, is a *FunctionError. Without a log, output is dropped by
// the system.
func startProcess(f Function, region, id string, log func(line string)) (*process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the Runtime API of %s: %w", f.Name, err)
	}
	p := &process{
		function: f,
		began:    time.Now(),
		arn:      arn(region, f.Name),
		cmd:      exec.Command(f.bootstrap()),
		stdout:   lineWriter{emit: log},
		stderr:   lineWriter{emit: log},
		initDone: make(chan struct{}),
		exited:   make(chan struct{}),
		events:   make(chan *invocation),
	}
	p.server = &http.Server{Handler: p.runtimeAPI()}
	p.cmd.Dir = f.Dir
	p.cmd.Env = append(f.Environ(region), "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String())
	if log != nil {
		p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	}
	p.cmd.SysProcAttr = sysProcAttr()
	p.cmd.WaitDelay = outputGrace

	started := make(chan error)
	go p.supervise(started)
	if err := <-started; err != nil {
		_ = listener.Close()
		return nil, entrypointError(id, err)
	}
	go func() { _ = p.server.Serve(listener) }() // ends with supervise
	return p, nil
}

// supervise starts the process, reports whether that worked, and stays until the
// process has ended. It keeps its thread: on Linux the process is killed when
// the thread that started it ends, which the Go runtime may let happen at any
// time.
func (p *process) supervise(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // what it says is in p.cmd.ProcessState
	p.killGroup()    // children that outlived the process
	p.stdout.flush()
	p.stderr.flush()
	_ = p.server.Close()
	close(p.exited)
}

// await waits until done is closed or p is gone. At the limit it kills p and returns
// true.
func (p *process) await(done <-chan struct{}, limit time.Duration) (timedOut bool) {
	select {
	case <-done:
		return false
	case <-p.exited:
		return false
	case <-time.After(limit):
		p.kill()
		return true
	}
}

// awaitInit waits until p asks for its first event. When that fails, p is gone.
func (p *process) awaitInit(id string, limit time.Duration) error {
	timedOut := p.await(p.initDone, limit)
	p.mu.Lock()
	started, initError := p.started, p.initError
	p.mu.Unlock()
	if started && initError == nil {
		return nil
	}
	p.kill()
	switch {
	case initError != nil:
		return initError
	case timedOut:
		return timeoutError(id, limit)
	}
	return exitError(id, p.cmd.ProcessState)
}

// run gives the event to p and waits until p is done with it or gone. It is
// false when p was already gone and has seen nothing of the event.
//
// Done means that p has asked for its next event, which is also where the Invoke
// phase ends in Lambda. The caller gets the response only then, and so meets the
// same warm process when it invokes twice in a row.
func (p *process) run(id string, payload []byte) (response, bool) {
	limit := p.function.Timeout
	now := time.Now() // the process reads the deadline by the machine's clock too
	inv := &invocation{
		id:       id,
		payload:  payload,
		traceID:  newTraceID(now),
		deadline: now.Add(limit),
		done:     make(chan struct{}),
	}
	select {
	case p.events <- inv:
	case <-p.exited:
		return response{}, false
	}
	timedOut := p.await(inv.done, limit)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case inv.response != nil:
		return *inv.response, true
	case timedOut:
		return response{err: timeoutError(id, limit)}, true
	}
	return response{err: exitError(id, p.cmd.ProcessState)}, true
}

// newTraceID returns an X-Ray tracing header for a request that is not sampled.
func newTraceID(now time.Time) string {
	var b [20]byte
	rand.Read(b[:])
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", uint32(now.Unix()), b[:12], b[12:])
}

// working says whether p has the invocation with this trace id in hand.
func (p *process) working(traceID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current != nil && p.current.traceID == traceID && p.alive()
}

// alive says whether p can be given an event.
func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

func (p *process) kill() {
	p.killGroup()
	<-p.exited
}

// killGroup sends SIGKILL, which is how Lambda ends a function's process. That
// the group may be gone already is not an error.
func (p *process) killGroup() {
	if p.alive() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
}

package lambda

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
	"uuid"
)

const (
	defaultInitLimit   = 10 * time.Second // Lambda's limit of the init phase
	defaultConcurrency = 10
)

// Options are the same for all functions of a host.
type Options struct {
	// Region is the AWS region that functions see.
	Region string
	// Logs receives the output of the processes, one whole line a call and one
	// call at a time. The order between a process's two streams is not kept. It
	// must not call Close, which waits for it. Nil drops the output.
	Logs func(function, line string)
	// InitLimit bounds the time from the start of a process to its request for
	// the first event; 0 means 10 s, as in Lambda.
	InitLimit time.Duration
	// Concurrency is the number of processes that a function may have; further
	// invocations wait. 0 means 10. Lambda would refuse them.
	Concurrency int
	// RetryDelays are the waits before the further attempts at an asynchronous
	// invocation that failed; nil means a minute, then two, as in Lambda.
	RetryDelays []time.Duration
	// OnFailure receives an asynchronous invocation whose last attempt has
	// failed, as the JSON that Lambda sends to an on-failure destination; nil
	// drops it. The error goes to Logs in any case.
	OnFailure func(record []byte)
	// Others answer for functions that have no process here, by the name, ARN or other form in
	// which they are invoked. Their errors are those of Invoke.
	Others map[string]func(ctx context.Context, payload []byte) ([]byte, error)
}

// Host runs functions. It is an http.Handler for the Lambda Invoke API.
type Host struct {
	options Options
	pools   map[string]*pool
	mux     *http.ServeMux
	logs    sync.Mutex // one call of options.Logs at a time

	closing   chan struct{} // closed by Close
	mu        sync.Mutex
	closed    bool
	running   sync.WaitGroup // invocations that Close waits for
	processes map[*process]struct{}
}

// pool is the worker processes of one function.
type pool struct {
	function Function
	slots    chan struct{} // one for each invocation under way

	mu    sync.Mutex
	idle  []*process // the most recently used one last
	stale time.Time  // processes that were started before are not used again
}

// New returns a host for the functions. It starts no process; the first
// invocation does. Functions without an executable bootstrap and names that come
// twice are refused.
func New(options Options, functions ...Function) (*Host, error) {
	options.InitLimit = cmp.Or(options.InitLimit, defaultInitLimit)
	options.Concurrency = cmp.Or(options.Concurrency, defaultConcurrency)
	if options.RetryDelays == nil {
		options.RetryDelays = defaultRetryDelays
	}
	if options.OnFailure == nil {
		options.OnFailure = func([]byte) {}
	}
	if options.Logs == nil {
		options.Logs = func(string, string) {}
	}
	h := &Host{
		options:   options,
		pools:     map[string]*pool{},
		mux:       http.NewServeMux(),
		closing:   make(chan struct{}),
		processes: map[*process]struct{}{},
	}
	for _, f := range functions {
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("host function %q: %w", f.Name, err)
		}
		if _, ok := h.pools[f.Name]; ok {
			return nil, fmt.Errorf("host function %q: the name is taken", f.Name)
		}
		h.pools[f.Name] = &pool{function: f, slots: make(chan struct{}, options.Concurrency)}
	}
	h.mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", h.serveInvoke)
	return h, nil
}

// Invoke gives the payload to a process of the named function and returns its
// response. Errors are a *FunctionError, the error of ctx as it is, ErrNotFound,
// ErrClosed, or that of a port that could not be opened.
//
// When ctx ends, the invocation goes on without a caller, to its end or its time
// limit, as it does in Lambda. So the payload must not be changed afterwards.
func (h *Host) Invoke(ctx context.Context, name string, payload []byte) ([]byte, error) {
	return h.invoke(ctx, name, uuid.NewV4().String(), payload)
}

func (h *Host) invoke(ctx context.Context, name, id string, payload []byte) ([]byte, error) {
	p, ok := h.pools[name]
	if !ok {
		return nil, fmt.Errorf("invoke %q: %w", name, ErrNotFound)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	closed := fmt.Errorf("invoke %s: %w", name, ErrClosed)
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-h.closing:
		return nil, closed
	}

	type result struct {
		payload []byte
		err     error
	}
	results := make(chan result, 1)
	accepted := h.background(func() {
		defer func() { <-p.slots }()
		payload, err := h.run(p, id, payload)
		results <- result{payload, err}
	})
	if !accepted {
		return nil, closed
	}
	select {
	case r := <-results:
		return r.payload, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-h.closing:
		return nil, closed
	}
}

// maxStarts is how many processes an event is offered to. Some end before they
// have taken it: one that ended while it was idle is not the fault of the event, but a
// bootstrap that asks for an event and ends would be restarted forever.
const maxStarts = 2

// run takes the event through a process, a warm one if there is one.
func (h *Host) run(p *pool, id string, payload []byte) ([]byte, error) {
	for starts := 1; ; starts++ {
		proc, err := h.take(p, id)
		if err != nil {
			return nil, err
		}
		result, delivered := proc.run(id, payload)
		if !delivered {
			if starts == maxStarts {
				return nil, exitError(id, proc.cmd.ProcessState)
			}
			continue
		}
		p.put(proc)
		return result.payload, result.err
	}
}

// take returns a process that waits for an event.
func (h *Host) take(p *pool, id string) (*process, error) {
	if proc := p.warm(); proc != nil {
		return proc, nil
	}
	proc, err := h.start(p.function, id)
	if err != nil {
		return nil, err
	}
	return proc, proc.awaitInit(id, h.options.InitLimit)
}

func (h *Host) start(f Function, id string) (*process, error) {
	// The lock is held for the whole start, so that Close misses no process.
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, fmt.Errorf("start %s: %w", f.Name, ErrClosed)
	}
	proc, err := startProcess(f, h.options.Region, id, func(line string) { h.log(f.Name, line) })
	if err != nil {
		return nil, err
	}
	h.processes[proc] = struct{}{}
	h.running.Go(func() {
		<-proc.exited
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.processes, proc)
	})
	return proc, nil
}

// warm takes the most recently used idle process, or returns nil.
func (p *pool) warm() *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		last := len(p.idle) - 1
		proc := p.idle[last]
		p.idle = p.idle[:last]
		if proc.alive() {
			return proc
		}
	}
	return nil
}

// put makes a process available for the next event, unless it has ended, or is to
// end.
func (p *pool) put(proc *process) {
	if !proc.alive() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if proc.began.Before(p.stale) {
		proc.killGroup()
		return
	}
	p.idle = append(p.idle, proc)
}

// Recycle restarts every function with its next event, as a deployment does: a function
// keeps what it has read. Invocations under way run to their end.
func (h *Host) Recycle() {
	for _, p := range h.pools {
		p.mu.Lock()
		for _, proc := range p.idle {
			proc.killGroup()
		}
		p.idle, p.stale = nil, time.Now()
		p.mu.Unlock()
	}
}

// background runs f in a goroutine that Close waits for. It is false when the
// host is closed and f will not run.
func (h *Host) background(f func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.running.Go(f)
	return true
}

func (h *Host) log(function, line string) {
	h.logs.Lock()
	defer h.logs.Unlock()
	h.options.Logs(function, line)
}

// Kill ends the process that works on the invocation with this trace id, the
// value that AWS SDKs send along as X-Amzn-Trace-Id, as Lambda ends a process that
// crashes. It is false when there is none.
func (h *Host) Kill(traceID string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for proc := range h.processes {
		if proc.working(traceID) {
			proc.killGroup()
			return true
		}
	}
	return false
}

// Close ends every process with its children and waits until they are gone.
// Invocations under way return ErrClosed. It may be called more than once, and
// always returns nil.
func (h *Host) Close() error {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.closing)
	}
	for proc := range h.processes {
		proc.killGroup()
	}
	h.mu.Unlock()
	h.running.Wait()
	return nil
}

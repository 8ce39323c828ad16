package lambda

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// maxResponse is the size of the largest response, in bytes: 6 MB, plus the 100
// bytes that Lambda's own error message shows.
const maxResponse = 6<<20 + 100

// runtimeAPI serves version 2018-06-01 of the Runtime API to p. Paths, headers
// and states are those of AWS's OpenAPI description of it.
func (p *process) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", p.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", p.serveResponse)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", p.serveError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", p.serveInitError)
	return mux
}

func (p *process) serveNext(w http.ResponseWriter, r *http.Request) {
	if !p.becomeIdle() {
		writeRuntimeError(w, http.StatusForbidden, "InvalidStateTransition", "The current invocation has no response yet")
		return
	}
	select {
	case <-r.Context().Done():
	case inv := <-p.events:
		p.mu.Lock()
		p.current = inv
		p.mu.Unlock()
		writeEvent(w, inv, p.arn)
	}
}

// becomeIdle ends the current invocation, or the init. It is false when the
// current invocation has no response.
func (p *process) becomeIdle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil {
		if p.current.response == nil {
			return false
		}
		close(p.current.done)
		p.current = nil
	}
	if !p.started && p.initError == nil {
		close(p.initDone)
	}
	p.started = true
	return true
}

func writeEvent(w http.ResponseWriter, inv *invocation, arn string) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(inv.payload)))
	header.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	header.Set("Lambda-Runtime-Invoked-Function-Arn", arn)
	header.Set("Lambda-Runtime-Trace-Id", inv.traceID)
	_, _ = w.Write(inv.payload) // a process that does not read it runs into its time limit
}

func (p *process) serveResponse(w http.ResponseWriter, r *http.Request) {
	payload, size, err := readBody(r, maxResponse)
	if err != nil {
		writeRuntimeError(w, http.StatusBadRequest, "TruncatedHTTPRequest", err.Error())
		return
	}
	result := response{payload: payload}
	if size > maxResponse {
		result = response{err: tooLargeError(size)}
	}
	switch {
	case !p.respond(r.PathValue("id"), result):
		writeInvalidID(w)
	case result.err != nil:
		writeRuntimeError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", maxResponse))
	default:
		writeAccepted(w)
	}
}

func (p *process) serveError(w http.ResponseWriter, r *http.Request) {
	functionError, ok := readPostedError(w, r)
	switch {
	case !ok:
	case p.respond(r.PathValue("id"), response{err: functionError}):
		writeAccepted(w)
	default:
		writeInvalidID(w)
	}
}

func (p *process) serveInitError(w http.ResponseWriter, r *http.Request) {
	functionError, ok := readPostedError(w, r)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started || p.initError != nil {
		writeRuntimeError(w, http.StatusForbidden, "InvalidStateTransition", "The init phase has ended")
		return
	}
	p.initError = functionError
	close(p.initDone)
	writeAccepted(w)
}

// respond records the response to the invocation with this id. It is false for
// every id but the current one, and for a second response.
func (p *process) respond(id string, result response) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || p.current.id != id || p.current.response != nil {
		return false
	}
	p.current.response = &result
	return true
}

// readPostedError reads an error object of at most maxResponse bytes. When it is
// false, the request is answered.
func readPostedError(w http.ResponseWriter, r *http.Request) (*FunctionError, bool) {
	payload, size, err := readBody(r, maxResponse)
	if err != nil {
		writeRuntimeError(w, http.StatusBadRequest, "TruncatedHTTPRequest", err.Error())
		return nil, false
	}
	if size > maxResponse {
		return tooLargeError(size), true
	}
	return postedError(payload, r.Header.Get("Lambda-Runtime-Function-Error-Type")), true
}

// readBody returns the body, or its beginning and its whole size when it is
// larger than limit bytes. It reads to the end, so that the sender gets to see
// the response.
func readBody(r *http.Request, limit int64) (body []byte, size int64, err error) {
	b := bytes.NewBuffer(make([]byte, 0, 32<<10)) // enough for a mail: to grow costs as much as a function
	if _, err := b.ReadFrom(io.LimitReader(r.Body, limit+1)); err != nil {
		return nil, 0, err
	}
	rest, err := io.Copy(io.Discard, r.Body)
	return b.Bytes(), int64(b.Len()) + rest, err
}

func writeInvalidID(w http.ResponseWriter) {
	writeRuntimeError(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
}

func writeAccepted(w http.ResponseWriter) {
	writeJSON(w, http.StatusAccepted, map[string]string{"status": "OK"})
}

func writeRuntimeError(w http.ResponseWriter, status int, errorType, message string) {
	writeJSON(w, status, errorObject{errorType, message})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone if this fails
}

package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// Errors of Invoke that say nothing about the function.
var (
	// ErrNotFound means that the host has no function of that name.
	ErrNotFound = errors.New("function not found")
	// ErrClosed means that the host was closed before the invocation ended.
	ErrClosed = errors.New("lambda host closed")
)

// FunctionError is what the function itself, or its limits, made of the
// invocation. Lambda reports it as FunctionError "Unhandled".
type FunctionError struct {
	// Type and Message are errorType and errorMessage of the error object, empty
	// where the function's own object has none.
	Type, Message string
	// Payload is the error object as the function posted it, or as Lambda would
	// have made it.
	Payload []byte
}

func (e *FunctionError) Error() string {
	return e.Type + ": " + e.Message
}

// Details returns errorType and errorMessage. Other packages recognise the error
// by this method and need not import this one.
func (e *FunctionError) Details() (errorType, errorMessage string) {
	return e.Type, e.Message
}

type errorObject struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

// postedError reads what a function posted. A runtime is free in the form of its
// errors, so a payload that is not an error object is accepted; then
// the type is the one of the header Lambda-Runtime-Function-Error-Type.
func postedError(payload []byte, headerType string) *FunctionError {
	var object errorObject
	if err := json.Unmarshal(payload, &object); err != nil || object.Type == "" {
		object.Type = headerType
	}
	return &FunctionError{Type: object.Type, Message: object.Message, Payload: payload}
}

func newError(errorType, message string) *FunctionError {
	// Two strings always have a JSON form.
	payload, _ := json.Marshal(errorObject{errorType, message})
	return &FunctionError{Type: errorType, Message: message, Payload: payload}
}

func timeoutError(id string, limit time.Duration) *FunctionError {
	return newError("Sandbox.Timedout",
		fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", id, limit.Seconds()))
}

func exitError(id string, state *os.ProcessState) *FunctionError {
	reason := "Runtime exited without providing a reason"
	if !state.Success() {
		reason = "Runtime exited with error: " + state.String()
	}
	return newError("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: %s", id, reason))
}

func entrypointError(id string, err error) *FunctionError {
	return newError("Runtime.InvalidEntrypoint", fmt.Sprintf("RequestId: %s Error: %v", id, err))
}

func tooLargeError(size int64) *FunctionError {
	return newError("Function.ResponseSizeTooLarge",
		fmt.Sprintf("Response payload size (%d bytes) exceeded maximum allowed payload size (%d bytes).", size, maxResponse))
}

package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"uuid"
)

// maxRequest is the size of the largest event, in bytes ("Lambda quotas").
const maxRequest = 6 << 20

// ServeHTTP serves the Invoke operation of the Lambda API, version 2015-03-31:
//
//	POST /2015-03-31/functions/NAME/invocations
//
// NAME may also be a full or a partial ARN; its region and account are not
// looked at. Signatures are not checked. X-Amz-Log-Type and X-Amz-Client-Context
// are ignored.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

func (h *Host) serveInvoke(w http.ResponseWriter, r *http.Request) {
	id := uuid.NewV4().String()
	w.Header().Set("X-Amzn-Requestid", id)
	name, ok := h.functionName(r)
	other, elsewhere := h.options.Others[r.PathValue("name")]
	if !ok && !elsewhere {
		writeNotFound(w, h.options.Region, name)
		return
	}
	payload, ok := readPayload(w, r)
	if !ok {
		return
	}
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
		invoke := other
		if !elsewhere {
			invoke = func(ctx context.Context, payload []byte) ([]byte, error) { return h.invoke(ctx, name, id, payload) }
		}
		payload, err := invoke(r.Context(), payload)
		if errors.Is(err, ErrNotFound) {
			writeNotFound(w, h.options.Region, name)
			return
		}
		writeResult(w, payload, err)
	case "Event":
		if err := h.invokeAsync(name, id, payload); err != nil {
			writeResult(w, nil, err)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
	default:
		writeAPIError(w, http.StatusBadRequest, "InvalidParameterValueException",
			fmt.Sprintf("Invocation type %q is not one of Event, DryRun, RequestResponse", kind))
	}
}

// functionName returns the name of the function that the request is for. When
// the host does not have it, the name comes with its qualifier and false.
func (h *Host) functionName(r *http.Request) (string, bool) {
	name := r.PathValue("name")
	if _, end, ok := strings.Cut(name, "function:"); ok {
		name = end
	}
	name, qualifier, _ := strings.Cut(name, ":")
	if qualifier == "" {
		qualifier = r.URL.Query().Get("Qualifier")
	}
	if qualifier != "" && qualifier != version {
		return name + ":" + qualifier, false
	}
	_, ok := h.pools[name]
	return name, ok
}

// readPayload reads the event. Without a body the event is {}, as in Lambda.
// When it is false, the request is answered.
func readPayload(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	payload, size, err := readBody(r, maxRequest)
	switch {
	case err != nil:
		writeAPIError(w, http.StatusBadRequest, "InvalidRequestContentException", "Could not read the request body: "+err.Error())
		return nil, false
	case size > maxRequest:
		writeAPIError(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException",
			fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", maxRequest))
		return nil, false
	case size == 0:
		return []byte("{}"), true
	case !json.Valid(payload):
		writeAPIError(w, http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json")
		return nil, false
	}
	return payload, true
}

func writeNotFound(w http.ResponseWriter, region, name string) {
	writeAPIError(w, http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+arn(region, name))
}

func writeResult(w http.ResponseWriter, payload []byte, err error) {
	if functionError, ok := errors.AsType[*FunctionError](err); ok {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		payload, err = functionError.Payload, nil
	}
	if err != nil {
		writeAPIError(w, http.StatusInternalServerError, "ServiceException", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amz-Executed-Version", version)
	_, _ = w.Write(payload) // the client is gone if this fails
}

// writeAPIError writes an error of the Lambda API: its name in X-Amzn-ErrorType
// and a body with Type, who is to blame, and Message.
func writeAPIError(w http.ResponseWriter, status int, name, message string) {
	blame := "User"
	if status >= http.StatusInternalServerError {
		blame = "Service"
	}
	w.Header().Set("X-Amzn-ErrorType", name)
	writeJSON(w, status, struct{ Type, Message string }{blame, message})
}

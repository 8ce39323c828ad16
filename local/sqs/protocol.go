package sqs

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"uuid"
)

const (
	// maxBody is the largest message, in bytes (SendMessage, API reference;
	// it was 256 KiB before August 2025).
	maxBody = 1 << 20
	// maxRequest has room for such a message with every byte escaped.
	maxRequest = 8 << 20
)

// apiError is an error of SQS in both its names: the shape of the JSON
// protocol, and the code of the older query protocol, which SDKs still report.
type apiError struct {
	shape   string // goes into the body's __type
	code    string // goes into the header x-amzn-query-error
	message string
}

// The names of errors that the service model of SQS does not list were
// observed in public captures.
func invalidValue(format string, args ...any) *apiError {
	return &apiError{"com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue", fmt.Sprintf(format, args...)}
}

func missing(parameter string) *apiError {
	return &apiError{"com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter", "The request must contain the parameter " + parameter + "."}
}

func unsupported(format string, args ...any) *apiError {
	return &apiError{"com.amazonaws.sqs#UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", fmt.Sprintf(format, args...)}
}

// ServeHTTP answers POST / with X-Amz-Target: AmazonSQS.SendMessage, for the
// queue and its dead-letter queue, or AmazonSQS.ChangeMessageVisibility, in the
// AWS JSON 1.0 protocol. Any other operation is an UnsupportedOperation. Requests
// are not authenticated.
func (q *Queue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply, failure := q.serve(w, r)
	header := w.Header()
	header.Set("Content-Type", "application/x-amz-json-1.0")
	header.Set("X-Amzn-RequestId", uuid.NewV4().String())
	if failure != nil {
		header.Set("X-Amzn-Query-Error", failure.code+";Sender")
		w.WriteHeader(http.StatusBadRequest)
		reply = map[string]string{"__type": failure.shape, "message": failure.message}
	}
	if err := json.NewEncoder(w).Encode(reply); err != nil {
		slog.Warn("SQS client went away", "error", err)
	}
}

func (q *Queue) serve(w http.ResponseWriter, r *http.Request) (any, *apiError) {
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	switch {
	case r.Method == http.MethodPost && ok && operation == "SendMessage":
		return handle(body, q.send)
	case r.Method == http.MethodPost && ok && operation == "ChangeMessageVisibility":
		return handle(body, q.changeVisibility)
	}
	return nil, unsupported("The local queue supports AmazonSQS.SendMessage and ChangeMessageVisibility only, not %q.", operation)
}

// handle reads a request and carries it out.
func handle[Request any](body *json.Decoder, do func(Request) (any, *apiError)) (any, *apiError) {
	var request Request
	if err := body.Decode(&request); err != nil {
		return nil, &apiError{"com.amazon.coral.service#SerializationException", "SerializationException", "The request is no JSON of this operation."}
	}
	return do(request)
}

func (q *Queue) send(request sendMessage) (any, *apiError) {
	accept := q.accept
	if address, err := url.Parse(request.QueueURL); err == nil && address.Path == q.deadPath() {
		accept = q.acceptDead
	} else if failure := q.checkURL(request.QueueURL); failure != nil {
		return nil, failure
	}
	if failure := request.check(); failure != nil {
		return nil, failure
	}
	message := Message{
		Body:            request.MessageBody,
		Group:           request.MessageGroupID,
		DeduplicationID: request.MessageDeduplicationID,
		Attributes:      map[string]string{},
	}
	for name, attribute := range request.MessageAttributes {
		message.Attributes[name] = attribute.StringValue
	}
	m := accept(message)
	return map[string]string{
		"MessageId":      m.ID,
		"SequenceNumber": m.SequenceNumber,
		// Of the body just sent, also for a repeat: the SDK compares.
		"MD5OfMessageBody": md5Of(request.MessageBody),
	}, nil
}

// changeMessageVisibility is the request of ChangeMessageVisibility (API
// reference).
type changeMessageVisibility struct {
	QueueURL          string `json:"QueueUrl"`
	ReceiptHandle     string
	VisibilityTimeout int // seconds
}

// changeVisibility is ChangeMessageVisibility.
func (q *Queue) changeVisibility(r changeMessageVisibility) (any, *apiError) {
	if failure := q.checkURL(r.QueueURL); failure != nil {
		return nil, failure
	}
	if r.VisibilityTimeout < 0 || r.VisibilityTimeout > 12*60*60 {
		return nil, invalidValue("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.", r.VisibilityTimeout)
	}
	if !q.delay(r.ReceiptHandle, time.Duration(float64(r.VisibilityTimeout)*q.options.TimeScale*float64(time.Second))) {
		return nil, &apiError{"com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", "The input receipt handle is invalid."}
	}
	return struct{}{}, nil
}

// checkURL refuses the address of another queue.
func (q *Queue) checkURL(queueURL string) *apiError {
	if address, err := url.Parse(queueURL); err != nil || address.Path != q.path() {
		return &apiError{"com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."}
	}
	return nil
}

// sendMessage is the request of SendMessage (API reference).
type sendMessage struct {
	QueueURL                string `json:"QueueUrl"`
	MessageBody             string
	MessageGroupID          string `json:"MessageGroupId"`
	MessageDeduplicationID  string `json:"MessageDeduplicationId"`
	DelaySeconds            int
	MessageAttributes       map[string]attribute
	MessageSystemAttributes map[string]any
}

// attribute is a message attribute (MessageAttributeValue, API reference).
type attribute struct{ DataType, StringValue string }

// check holds a request against the rules of SendMessage for a FIFO queue
// without content-based deduplication.
func (r sendMessage) check() *apiError {
	switch {
	case r.MessageBody == "":
		return missing("MessageBody")
	case len(r.MessageBody) > maxBody:
		return invalidValue("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", maxBody)
	case strings.ContainsFunc(r.MessageBody, outsideXML):
		return &apiError{"com.amazonaws.sqs#InvalidMessageContents", "InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"}
	case r.MessageGroupID == "":
		return missing("MessageGroupId")
	case r.MessageDeduplicationID == "":
		return invalidValue("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	case r.DelaySeconds != 0:
		return invalidValue("Value %d for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.", r.DelaySeconds)
	case len(r.MessageSystemAttributes) > 0:
		return unsupported("The local queue supports no system attributes.")
	case len(r.MessageAttributes) > 10:
		return invalidValue("Number of message attributes [%d] exceeds the allowed maximum [10].", len(r.MessageAttributes))
	}
	for name, attribute := range r.MessageAttributes {
		switch {
		case attribute.DataType != "String":
			return unsupported("The local queue supports message attributes of type String only.")
		case attribute.StringValue == "":
			return invalidValue("Message attribute '%s' must contain a non-empty value of type 'String'.", name)
		}
	}
	ids := []struct{ parameter, value string }{
		{"MessageGroupId", r.MessageGroupID},
		{"MessageDeduplicationId", r.MessageDeduplicationID},
	}
	for _, id := range ids {
		if len(id.value) > 128 || strings.ContainsFunc(id.value, outsideID) {
			return invalidValue("Value %s for parameter %s is invalid. Reason: %[2]s can only include alphanumeric and punctuation characters. 1 to 128 in length.", id.value, id.parameter)
		}
	}
	return nil
}

// outsideXML says whether a message body must not hold c (SendMessage, API
// reference).
func outsideXML(c rune) bool {
	return c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0xFFFE || c == 0xFFFF
}

// outsideID says whether c is neither a letter, a digit nor punctuation of
// ASCII.
func outsideID(c rune) bool { return c < '!' || c > '~' }

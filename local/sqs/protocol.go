package sqs

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"poolpost/local/awsjson"
)

const (
	// maxBody is the largest message, in bytes (SendMessage, API reference;
	// it was 256 KiB before August 2025).
	maxBody = 1 << 20
	// maxRequest has room for such a message with every byte escaped.
	maxRequest = 8 << 20
)

// The names of errors that the service model of SQS does not list were observed
// in public captures.

// failure returns an error in both its names: the shape of the JSON protocol, and
// the code of the older query protocol.
func failure(shape, code, format string, args ...any) *awsjson.Error {
	return &awsjson.Error{Type: shape, Message: fmt.Sprintf(format, args...), QueryCode: code}
}

func invalidValue(format string, args ...any) error {
	return failure("com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue", format, args...)
}

func missing(parameter string) error {
	return failure("com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter",
		"The request must contain the parameter %s.", parameter)
}

func unsupported(message string) *awsjson.Error {
	return failure("com.amazonaws.sqs#UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", "%s", message)
}

// ServeHTTP answers SendMessage, for the queue and its dead-letter queue, DeleteMessage
// and ChangeMessageVisibility in the AWS JSON 1.0 protocol. It authenticates nobody.
func (q *Queue) ServeHTTP(w http.ResponseWriter, r *http.Request) { q.api.ServeHTTP(w, r) }

func (q *Queue) service() *awsjson.Service {
	return &awsjson.Service{
		Version: "1.0", Target: "AmazonSQS.", MaxRequest: maxRequest,
		Operations: map[string]awsjson.Operation{
			"SendMessage":             awsjson.Handle(q.send),
			"DeleteMessage":           awsjson.Handle(q.deleteMessage),
			"ChangeMessageVisibility": awsjson.Handle(q.changeVisibility),
		},
		Unknown: func(string) *awsjson.Error {
			return unsupported("The local queue has only SendMessage, DeleteMessage and ChangeMessageVisibility.")
		},
		Malformed: failure("com.amazon.coral.service#SerializationException", "SerializationException",
			"The request body is not the JSON of this operation."),
	}
}

func (q *Queue) send(_ *http.Request, request sendMessage) (any, error) {
	address, err := url.Parse(request.QueueURL)
	dead := err == nil && address.Path == q.deadPath()
	if !dead {
		if err := q.checkURL(request.QueueURL); err != nil {
			return nil, err
		}
	}
	if err := request.check(); err != nil {
		return nil, err
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
	m := q.accept(message, dead)
	return map[string]string{
		"MessageId":      m.ID,
		"SequenceNumber": m.SequenceNumber,
		// Of the body just sent, also for a repeat: the SDK compares.
		"MD5OfMessageBody": md5Of(request.MessageBody),
	}, nil
}

// deleteMessage is the request of DeleteMessage (API reference).
type deleteMessage struct {
	QueueURL      string `json:"QueueUrl"`
	ReceiptHandle string
}

func (q *Queue) deleteMessage(_ *http.Request, r deleteMessage) (any, error) {
	if err := q.checkURL(r.QueueURL); err != nil {
		return nil, err
	}
	switch q.remove(r.ReceiptHandle) {
	case errReceipt:
		return nil, invalidReceipt()
	case errExpired:
		return nil, invalidValue("Value %s for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.", r.ReceiptHandle)
	}
	return nil, nil
}

func invalidReceipt() error {
	return failure("com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
}

// changeMessageVisibility is the request of ChangeMessageVisibility (API
// reference).
type changeMessageVisibility struct {
	QueueURL          string `json:"QueueUrl"`
	ReceiptHandle     string
	VisibilityTimeout int // seconds
}

func (q *Queue) changeVisibility(_ *http.Request, r changeMessageVisibility) (any, error) {
	if err := q.checkURL(r.QueueURL); err != nil {
		return nil, err
	}
	if r.VisibilityTimeout < 0 || r.VisibilityTimeout > 12*60*60 {
		return nil, invalidValue("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.", r.VisibilityTimeout)
	}
	if !q.delay(r.ReceiptHandle, time.Duration(float64(r.VisibilityTimeout)*q.options.TimeScale*float64(time.Second))) {
		return nil, invalidReceipt()
	}
	return nil, nil
}

func (q *Queue) checkURL(queueURL string) error {
	if address, err := url.Parse(queueURL); err != nil || address.Path != q.path() {
		return failure("com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue",
			"The specified queue does not exist.")
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

// check refuses a request that breaks the rules of SendMessage for a FIFO queue
// without content-based deduplication.
func (r sendMessage) check() error {
	switch {
	case r.MessageBody == "":
		return missing("MessageBody")
	case len(r.MessageBody) > maxBody:
		return invalidValue("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", maxBody)
	case strings.ContainsFunc(r.MessageBody, outsideXML):
		return failure("com.amazonaws.sqs#InvalidMessageContents", "InvalidMessageContents",
			"Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
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
	for _, id := range [][2]string{
		{"MessageGroupId", r.MessageGroupID}, {"MessageDeduplicationId", r.MessageDeduplicationID},
	} {
		if len(id[1]) > 128 || strings.ContainsFunc(id[1], outsideID) {
			return invalidValue("Value %s for parameter %s is invalid. Reason: %[2]s can only include alphanumeric and punctuation characters. 1 to 128 in length.", id[1], id[0])
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

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

// ServeHTTP is Handler of this queue alone.
func (q *Queue) ServeHTTP(w http.ResponseWriter, r *http.Request) { q.api.ServeHTTP(w, r) }

// Handler answers SendMessage, for queues and their dead-letter queues, DeleteMessage and
// ChangeMessageVisibility in the AWS JSON 1.0 protocol. It authenticates nobody.
func Handler(queues ...*Queue) http.Handler {
	return &awsjson.Service{
		Version: "1.0", Target: "AmazonSQS.", MaxRequest: maxRequest,
		Operations: map[string]awsjson.Operation{
			"SendMessage":             operation(queues, (*Queue).send),
			"DeleteMessage":           operation(queues, (*Queue).deleteMessage),
			"ChangeMessageVisibility": operation(queues, (*Queue).changeVisibility),
		},
		Unknown: func(string) *awsjson.Error {
			return unsupported("The local queue has only SendMessage, DeleteMessage and ChangeMessageVisibility.")
		},
		Malformed: failure("com.amazon.coral.service#SerializationException", "SerializationException",
			"The request body is not the JSON of this operation."),
	}
}

// operation is one for the queue that a request names.
func operation[In interface{ queueURL() string }](queues []*Queue, run func(*Queue, In) (any, error)) awsjson.Operation {
	return awsjson.Handle(func(_ *http.Request, in In) (any, error) {
		if address, err := url.Parse(in.queueURL()); err == nil {
			for _, q := range queues {
				if address.Path == q.path() || address.Path == q.deadPath() {
					return run(q, in)
				}
			}
		}
		return nil, errNoQueue()
	})
}

func errNoQueue() error {
	return failure("com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue",
		"The specified queue does not exist.")
}

func (q *Queue) send(request sendMessage) (any, error) {
	address, err := url.Parse(request.QueueURL)
	dead := err == nil && address.Path == q.deadPath()
	if err := request.check(q.isFIFO()); err != nil {
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
	out := map[string]string{
		"MessageId": m.ID,
		// Of the body just sent, also for a repeat: the SDK compares.
		"MD5OfMessageBody": md5Of(request.MessageBody),
	}
	if q.isFIFO() {
		out["SequenceNumber"] = m.SequenceNumber
	}
	return out, nil
}

// deleteMessage is the request of DeleteMessage (API reference).
type deleteMessage struct {
	QueueURL      string `json:"QueueUrl"`
	ReceiptHandle string
}

func (r deleteMessage) queueURL() string { return r.QueueURL }

func (q *Queue) deleteMessage(r deleteMessage) (any, error) {
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

func (r changeMessageVisibility) queueURL() string { return r.QueueURL }

func (q *Queue) changeVisibility(r changeMessageVisibility) (any, error) {
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
		return errNoQueue()
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

func (r sendMessage) queueURL() string { return r.QueueURL }

// check refuses a request that breaks the rules of SendMessage for a standard queue, or for a FIFO
// queue without content-based deduplication.
func (r sendMessage) check(fifo bool) error {
	switch {
	case r.MessageBody == "":
		return missing("MessageBody")
	case len(r.MessageBody) > maxBody:
		return invalidValue("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", maxBody)
	case strings.ContainsFunc(r.MessageBody, outsideXML):
		return failure("com.amazonaws.sqs#InvalidMessageContents", "InvalidMessageContents",
			"Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
	case !fifo && r.MessageDeduplicationID != "":
		return invalidValue("Value %s for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.", r.MessageDeduplicationID)
	case !fifo && r.MessageGroupID != "":
		return unsupported("The local queue supports no fair queues.")
	case fifo && r.MessageGroupID == "":
		return missing("MessageGroupId")
	case fifo && r.MessageDeduplicationID == "":
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

package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/internal/logging"
)

// Queue is the mail queue, an SQS FIFO queue.
type Queue struct {
	SQS *sqs.Client // may have a retry policy: a repeat is no second mail
	URL string
}

// maxBody is SQS's limit for a message, in bytes, before it was raised to 1 MiB in
// August 2025. An entry has a few thousand.
const maxBody = 256 << 10

const (
	errTooLong   = logging.Safe("the entry is too long for the mail queue")
	errNoReceipt = logging.Safe("the mail queue has not confirmed the entry")
)

// Put puts an entry on the queue. The user's sub is the message group: mails to
// one person keep their order, and nobody waits for others. Within five minutes
// the queue drops what comes again with the same id.
func (q Queue) Put(ctx context.Context, e Entry, sub, id string) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode mail queue entry: %w", err)
	}
	for _, refused := range notXML {
		body = bytes.ReplaceAll(body, refused, nil)
	}
	if len(body) > maxBody {
		return errTooLong
	}
	out, err := q.SQS.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &q.URL, MessageBody: aws.String(string(body)), MessageGroupId: &sub, MessageDeduplicationId: &id,
	})
	if err != nil {
		return fmt.Errorf("put on the mail queue: %w", err)
	}
	// The client compares the hash, if there is one.
	if out.MD5OfMessageBody == nil {
		return errNoReceipt
	}
	return nil
}

// notXML are the characters that SQS refuses in a body ("SendMessage", SQS API
// reference) and that JSON leaves as they are: it writes control characters as
// escapes, and what is no UTF-8 as U+FFFD.
var notXML = [...][]byte{[]byte("\uFFFE"), []byte("\uFFFF")}

// Package queue puts JSON on SQS queues.
package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/internal/logging"
)

// maxBody is SQS's limit for a message, in bytes, before it was raised to 1 MiB in
// August 2025. An entry has a few thousand.
const maxBody = 256 << 10

const (
	errTooLong   = logging.Safe("the entry is too long for the queue")
	errNoReceipt = logging.Safe("the queue has not confirmed the entry")
)

// Put puts a value on a queue, as the body of a message that is otherwise as in says.
func Put(ctx context.Context, client *sqs.Client, in sqs.SendMessageInput, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode queue entry: %w", err)
	}
	for _, refused := range notXML {
		body = bytes.ReplaceAll(body, refused, nil)
	}
	if len(body) > maxBody {
		return errTooLong
	}
	in.MessageBody = aws.String(string(body))
	out, err := client.SendMessage(ctx, &in)
	if err != nil {
		return fmt.Errorf("put on the queue: %w", err)
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

package mail

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"poolpost/internal/awscall"
	"poolpost/internal/logging"
)

// Queue is the mail queue, an SQS FIFO queue.
type Queue struct {
	SQS *awscall.Service // may have a retry policy: a repeat is no second mail
	URL string
}

// maxBody is SQS's limit for a message, in bytes, before it was raised to 1 MiB in
// August 2025. An entry has a few thousand.
const maxBody = 256 << 10

const (
	errTooLong = logging.Safe("the entry is too long for the mail queue")
	errDamaged = logging.Safe("the mail queue has taken another entry than it was given")
)

// sendMessage is the request of SendMessage (SQS API reference).
type sendMessage struct {
	QueueUrl               string
	MessageBody            string
	MessageGroupId         string
	MessageDeduplicationId string
}

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
	var answer struct{ MD5OfMessageBody string }
	err = q.SQS.Operation(ctx, "SendMessage", sendMessage{q.URL, string(body), sub, id}, &answer)
	if err != nil {
		return fmt.Errorf("put on the mail queue: %w", err)
	}
	// The SDK's client compares it as well, and does not try again either: within
	// five minutes the queue would drop the entry as it should be.
	if sum := md5.Sum(body); answer.MD5OfMessageBody != hex.EncodeToString(sum[:]) {
		return errDamaged
	}
	return nil
}

// notXML are the characters that SQS refuses in a body ("SendMessage", SQS API
// reference) and that JSON leaves as they are: it writes control characters as
// escapes, and what is no UTF-8 as U+FFFD.
var notXML = [...][]byte{[]byte("\uFFFE"), []byte("\uFFFF")}

package mail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/internal/queue"
)

// Queue is the mail queue, an SQS FIFO queue.
type Queue struct {
	SQS *sqs.Client // may have a retry policy: a repeat is no second mail
	URL string
}

// Put puts an entry on the queue. The user's sub is the message group: mails to
// one person keep their order, and nobody waits for others. Within five minutes
// the queue drops what comes again with the same id.
func (q Queue) Put(ctx context.Context, e Entry, sub, id string) error {
	return queue.Put(ctx, q.SQS, sqs.SendMessageInput{
		QueueUrl: &q.URL, MessageGroupId: &sub, MessageDeduplicationId: &id,
	}, e)
}

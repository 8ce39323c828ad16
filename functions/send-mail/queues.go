package main

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"poolpost/internal/logging"
)

// queues are the mail queue, on which an email waits for its next attempt, and the
// dead-letter queue.
type queues struct {
	sqs interface {
		DeleteMessage(context.Context, *sqs.DeleteMessageInput, ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
		ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
		SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	}
	mail, dead string // their addresses
}

// deleteTimeout bounds one deletion, so that SQS cannot hold up the emails behind.
const deleteTimeout = time.Second

// delete takes an email that was sent, or is a dead letter, off the queue, in time or not. It
// makes one attempt: Lambda deletes at the end of the batch what is still there.
func (q queues) delete(ctx context.Context, record events.SQSMessage) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTimeout)
	defer cancel()
	_, err := q.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{
		QueueUrl: &q.mail, ReceiptHandle: &record.ReceiptHandle,
	}, func(o *sqs.Options) { o.RetryMaxAttempts = 1 })
	return err
}

// changeVisibility lets an email come again after a time of up to 12 hours. An error does
// no harm: the email then comes after the queue's own visibility timeout.
func (q queues) changeVisibility(ctx context.Context, record events.SQSMessage, delay time.Duration) {
	_, _ = q.sqs.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl:          &q.mail,
		ReceiptHandle:     &record.ReceiptHandle,
		VisibilityTimeout: int32(delay / time.Second),
	})
}

// deadLetter puts an email on the dead-letter queue, with the reason as an attribute. If
// the function dies before the email is off the queue, there are two dead letters of it,
// unless the second, which has the same id, follows within five minutes.
func (q queues) deadLetter(ctx context.Context, record events.SQSMessage, reason string) error {
	_, err := q.sqs.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl:               &q.dead,
		MessageBody:            &record.Body,
		MessageGroupId:         aws.String(record.Attributes["MessageGroupId"]),
		MessageDeduplicationId: &record.MessageId,
		MessageAttributes: map[string]types.MessageAttributeValue{
			"reason": {DataType: aws.String("String"), StringValue: &reason},
		},
	})
	return err
}

// deadLetterReason is what a dead letter carries, for those who list them: words only,
// so no path.
func deadLetterReason(err error) string {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		err = errFile
	}
	return logging.Reason(err)
}

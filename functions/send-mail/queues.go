package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queues are the mail queue, on which a mail waits for its next attempt, and the
// dead-letter queue.
type queues struct {
	sqs interface {
		ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
		SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	}
	mail, dead string // their addresses
}

// changeVisibility lets a mail come again after a time of up to 12 hours. An error does
// no harm: the mail then comes after the queue's own visibility timeout.
func (q queues) changeVisibility(ctx context.Context, record events.SQSMessage, delay time.Duration) {
	_, _ = q.sqs.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl:          &q.mail,
		ReceiptHandle:     &record.ReceiptHandle,
		VisibilityTimeout: int32(delay / time.Second),
	})
}

// deadLetter puts a mail on the dead-letter queue, with the reason as an attribute. When
// the function dies before the mail is off the queue, there are two dead letters
// of it at the worst: within five minutes the second has the same id.
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

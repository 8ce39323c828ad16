package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdadestinations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/bundle"
)

// A mailQueue holds the mails to be sent, and those that could not be.
type mailQueue struct{ main, dead awssqs.Queue }

const (
	batchSize = 10

	// maxReceives is the most that SQS counts. send-mail itself decides when a
	// mail is a dead letter, since a mail that waits for SES, for a whole day where
	// the quota is used up, has done nothing wrong. What is left to SQS is a mail
	// that always kills the function: after 1,000 visibility times, two days.
	maxReceives = 1000

	// retentionDays is how long a queue keeps what nobody takes: as long as SQS can.
	retentionDays = 14
)

// newMailQueue is a FIFO queue: one person's mails keep their order, and an
// entry that comes twice within five minutes is one mail.
func (s *stack) newMailQueue() *mailQueue {
	q := &mailQueue{}
	q.dead = s.newQueue("DeadLetters", &awssqs.QueueProps{Fifo: jsii.Bool(true)})
	q.main = s.newQueue("MailQueue", &awssqs.QueueProps{
		Fifo: jsii.Bool(true),
		// Lambda developer guide, "Configuring an SQS queue": six times the
		// function's time limit.
		VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(6 * bundle.Named("send-mail").Timeout.Seconds())),
		// High throughput: the quota of 300 calls a second holds for one person's
		// mails, not for all.
		DeduplicationScope:  awssqs.DeduplicationScope_MESSAGE_GROUP,
		FifoThroughputLimit: awssqs.FifoThroughputLimit_PER_MESSAGE_GROUP_ID,
		DeadLetterQueue:     &awssqs.DeadLetterQueue{Queue: q.dead, MaxReceiveCount: jsii.Number(maxReceives)},
	})
	return q
}

// newFailedEvents holds what Lambda tells of asynchronous invocations that it
// gave up. It is no FIFO queue: Lambda does not send to one (Lambda developer
// guide, "Capturing records of Lambda asynchronous invocations").
func (s *stack) newFailedEvents() awssqs.Queue {
	q := s.newQueue("FailedEvents", &awssqs.QueueProps{})
	suppress(q, "AwsSolutions-SQS3", "This queue holds what has failed already; nothing takes from it by itself.")
	return q
}

// keepFailures lets Lambda try a function that is invoked asynchronously as often
// and as long as it can, three times within six hours, and puts what still fails
// on a queue, from where make redrive starts it again.
func keepFailures(f *function, failed awssqs.Queue) {
	f.ConfigureAsyncInvoke(&awslambda.EventInvokeConfigOptions{
		RetryAttempts: jsii.Number(2), MaxEventAge: awscdk.Duration_Hours(jsii.Number(6)),
		OnFailure: awslambdadestinations.NewSqsDestination(failed),
	})
}

// newQueue is encrypted, talked to over TLS only, and keeps what it has.
func (s *stack) newQueue(id string, p *awssqs.QueueProps) awssqs.Queue {
	p.RetentionPeriod = awscdk.Duration_Days(jsii.Number(retentionDays))
	p.Encryption = awssqs.QueueEncryption_SQS_MANAGED
	p.EnforceSSL = jsii.Bool(true)
	return awssqs.NewQueue(s.Stack, jsii.String(id), p)
}

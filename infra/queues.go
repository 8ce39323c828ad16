package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdadestinations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/bundle"
)

const (
	batchSize = 10

	// maxReceives is the most that SQS counts. send-mail itself decides when an email
	// is a dead letter, since one that waits for SES, for a whole day where the quota
	// is used up, has done nothing wrong. What is left to SQS is an email that always
	// kills the function: after 1,000 visibility timeouts, two days.
	maxReceives = 1000

	// retentionDays is how long a queue keeps what nobody takes: as long as SQS can.
	retentionDays = 14
)

// newQueues are the mail queue, a FIFO queue, since one person's emails keep their order
// and an entry that comes twice within five minutes is one email; its dead letters; and
// the records of asynchronous invocations that Lambda gave up. The last is no FIFO queue:
// Lambda does not send to one (Lambda developer guide, "Capturing records of Lambda
// asynchronous invocations").
func (p *Pool) newQueues() {
	p.DeadLetterQueue = p.newQueue("DeadLetters", &awssqs.QueueProps{Fifo: jsii.Bool(true)})
	p.MailQueue = p.newQueue("MailQueue", &awssqs.QueueProps{
		Fifo: jsii.Bool(true),
		// Lambda developer guide, "Configuring an SQS queue": six times the function's
		// time limit.
		VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(6 * bundle.Named("send-mail").Timeout.Seconds())),
		// High throughput: the quota of 300 calls a second holds for one person's
		// emails, not for all.
		DeduplicationScope:  awssqs.DeduplicationScope_MESSAGE_GROUP,
		FifoThroughputLimit: awssqs.FifoThroughputLimit_PER_MESSAGE_GROUP_ID,
		DeadLetterQueue:     &awssqs.DeadLetterQueue{Queue: p.DeadLetterQueue, MaxReceiveCount: jsii.Number(maxReceives)},
	})
	p.FailedEvents = p.newQueue("FailedEvents", &awssqs.QueueProps{})
	suppress(p.FailedEvents, "AwsSolutions-SQS3", "This queue holds events that have already failed; no function consumes it.")
	p.values.MailQueueURL, p.values.DeadLetterQueueURL = *p.MailQueue.QueueUrl(), *p.DeadLetterQueue.QueueUrl()

	most := metric("Maximum")
	p.newAlarm(alarm{"MailsWait", "An email has waited for 15 minutes: SES throttles or rejects it. Read the log of send-mail.",
		p.MailQueue.MetricApproximateAgeOfOldestMessage(most), 900, 1})
	p.newAlarm(alarm{"MailsDead", "An email could not be sent and is in the dead-letter queue. Run poolpost dead-letters, fix the cause, then run poolpost redrive.",
		p.DeadLetterQueue.MetricApproximateNumberOfMessagesVisible(most), 1, 1})
	p.newAlarm(alarm{"EventsFailed", "Lambda gave up on an event after three attempts or six hours. Run poolpost dead-letters, fix the cause, then run poolpost redrive.",
		p.FailedEvents.MetricApproximateNumberOfMessagesVisible(most), 1, 1})
}

// keepFailures lets Lambda try a function that is invoked asynchronously as often and as
// long as it can, three times within six hours, and puts what still fails on a queue,
// from where it can be started again.
func (p *Pool) keepFailures(f awslambda.Function) {
	f.ConfigureAsyncInvoke(&awslambda.EventInvokeConfigOptions{
		RetryAttempts: jsii.Number(2), MaxEventAge: awscdk.Duration_Hours(jsii.Number(6)),
		OnFailure: awslambdadestinations.NewSqsDestination(p.FailedEvents),
	})
}

// newQueue is encrypted, accepts TLS only, and keeps what it has.
func (p *Pool) newQueue(id string, props *awssqs.QueueProps) awssqs.Queue {
	props.RetentionPeriod = awscdk.Duration_Days(jsii.Number(retentionDays))
	props.Encryption = awssqs.QueueEncryption_SQS_MANAGED
	props.EnforceSSL = jsii.Bool(true)
	return awssqs.NewQueue(p, jsii.String(id), props)
}

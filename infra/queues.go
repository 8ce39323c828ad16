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

	// maxReceives is the maximum of SQS. send-mail itself decides when an email is a dead
	// letter, since one that waits for SES, for a day if the quota is used up, is not broken.
	// SQS only moves an email that always crashes the function: after 1,000 visibility
	// timeouts, two days.
	maxReceives = 1000

	retentionDays = 14 // the maximum of SQS
)

// newQueues are the mail queue, its dead-letter queue, and the on-failure destination of
// asynchronous invocations. The mail queue is FIFO: one person's emails keep their order, and two
// equal entries within five minutes are one email. The on-failure destination is not: Lambda does
// not send to a FIFO queue (Lambda developer guide, "Capturing records of Lambda asynchronous
// invocations").
func (p *Pool) newQueues() {
	p.DeadLetterQueue = p.newQueue("DeadLetters", &awssqs.QueueProps{Fifo: jsii.Bool(true)})
	p.MailQueue = p.newQueue("MailQueue", &awssqs.QueueProps{
		Fifo: jsii.Bool(true),
		// Lambda developer guide, "Configuring an SQS queue": six times the function's timeout.
		VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(6 * bundle.Named("send-mail").Timeout.Seconds())),
		// High throughput: the quota of 300 calls a second is for each person's emails.
		DeduplicationScope:  awssqs.DeduplicationScope_MESSAGE_GROUP,
		FifoThroughputLimit: awssqs.FifoThroughputLimit_PER_MESSAGE_GROUP_ID,
		DeadLetterQueue:     &awssqs.DeadLetterQueue{Queue: p.DeadLetterQueue, MaxReceiveCount: jsii.Number(maxReceives)},
	})
	p.OnFailureQueue = p.newQueue("FailedEvents", &awssqs.QueueProps{})
	suppress(p.OnFailureQueue, "AwsSolutions-SQS3", "This queue holds events that have already failed; no function consumes it.")
	p.values.MailQueueURL, p.values.DeadLetterQueueURL = *p.MailQueue.QueueUrl(), *p.DeadLetterQueue.QueueUrl()

	most := metric("Maximum")
	p.newAlarm(alarm{
		id: "MailsWait", pageNow: true, meaning: "An email has waited for 15 minutes.",
		metric: p.MailQueue.MetricApproximateAgeOfOldestMessage(most), threshold: 900,
	})
	p.newAlarm(alarm{
		id: "MailsDead", meaning: "An email could not be sent and is in the dead-letter queue.",
		metric: p.DeadLetterQueue.MetricApproximateNumberOfMessagesVisible(most), threshold: 1,
	})
	p.newAlarm(alarm{
		id: "EventsFailed", pageNow: p.settings.Mail.UsesCustomSender(), // the events of that trigger are emails
		meaning: "Lambda gave up on an event after three attempts or six hours.",
		metric:  p.OnFailureQueue.MetricApproximateNumberOfMessagesVisible(most), threshold: 1,
	})
}

// configureAsyncInvoke lets Lambda retry an asynchronously invoked function as often and as long
// as it can, three attempts within six hours. Events that still fail go to the on-failure
// destination, from which poolpost redrive repeats them.
func (p *Pool) configureAsyncInvoke(name string, f awslambda.Function) {
	p.asyncFunctions[name] = f.FunctionArn()
	f.ConfigureAsyncInvoke(&awslambda.EventInvokeConfigOptions{
		RetryAttempts: jsii.Number(2), MaxEventAge: awscdk.Duration_Hours(jsii.Number(6)),
		OnFailure: awslambdadestinations.NewSqsDestination(p.OnFailureQueue),
	})
}

// newQueue is encrypted, and accepts TLS only.
func (p *Pool) newQueue(id string, props *awssqs.QueueProps) awssqs.Queue {
	props.RetentionPeriod = awscdk.Duration_Days(jsii.Number(retentionDays))
	props.Encryption = awssqs.QueueEncryption_SQS_MANAGED
	props.EnforceSSL = jsii.Bool(true)
	props.RemovalPolicy = p.removal()
	return awssqs.NewQueue(p, jsii.String(id), props)
}

package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// queues are the mail queue, which a mail goes back to, and that of the dead
// letters.
type queues struct {
	sqs interface {
		ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
		SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	}
	mail, dead string // their addresses
}

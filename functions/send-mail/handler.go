package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
)

type sender interface {
	SendEmail(context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error)
}

// An opener decrypts a code or a temporary password.
type opener interface {
	open(ctx context.Context, code string) (string, error)
}

type handler struct {
	dir              string // holds the compiled messages
	config           config.SendMail
	clientIDs        map[string]string // by the names of the settings
	links            string            // address of the page behind the link
	configurationSet string
	stage            string
	ses              sender
	codes            opener // nil when Cognito sends its mails itself
	queues           queues
	log              *logging.Logger
}

const errUnreadableCode = logging.Safe("the code is not as Cognito encrypts it")

// Handle sends the mails of one batch. It reports those that were not sent, so
// that only they come again; behind one that failed, mails of the same person
// wait, because a FIFO queue keeps their order.
//
// A mail that was sent, and not yet acknowledged when the function died, is
// sent again: SQS delivers at least once.
func (h *handler) Handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	if deadline, ok := ctx.Deadline(); ok {
		// Time to report what was sent: a batch that is cut off comes again whole.
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-2*time.Second))
		defer cancel()
	}
	var reply events.SQSEventResponse
	waiting := map[string]bool{} // message groups with a failure
	for _, record := range batch.Records {
		group := record.Attributes["MessageGroupId"]
		if ctx.Err() != nil || waiting[group] || !h.handle(ctx, record) {
			waiting[group] = true
			reply.BatchItemFailures = append(reply.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
		}
	}
	return reply, nil
}

// handle sends one mail and reports whether it did.
func (h *handler) handle(ctx context.Context, record events.SQSMessage) (sent bool) {
	start := h.log.Start()
	line := logging.Line{Outcome: "failed"}
	defer func() {
		if p := recover(); p != nil {
			sent, line.Err = false, logging.Safe("panic")
		}
		if sent {
			line.Outcome = "sent"
		}
		h.log.Event(ctx, start, line)
	}()
	line.Err = h.send(ctx, record.Body, &line)
	return line.Err == nil
}

func (h *handler) send(ctx context.Context, body string, line *logging.Line) error {
	entry, err := mail.Decode(body)
	if err != nil {
		return logging.Safe("the entry of the mail queue cannot be decoded")
	}
	if entry.Kind != message.Welcome {
		return logging.Safe("the mail queue holds a kind of mail that send-mail does not send")
	}
	client, ok := config.WithID(h.config.Clients, h.clientIDs, entry.ClientID)
	if !ok {
		// Made by hand, or replaced: a mail in the default brand is better than none.
		line.Warning = logging.Safe("the app client is not in the settings")
	}
	locale := message.Lookup(h.config.Locales, client.Locale, entry.Locales...)
	line.Kind, line.Client, line.Locale = string(entry.Kind), client.Name, locale
	m, err := message.Load(h.dir, client.Name, locale, entry.Kind)
	if err != nil {
		return err
	}
	filled := m.Fill(message.Values{message.Link: client.URL, message.Name: entry.Name})
	input := &sesv2.SendEmailInput{
		FromEmailAddress: aws.String(h.config.From),
		Destination:      &types.Destination{ToAddresses: []string{entry.To}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: content(filled.Subject),
			Body:    &types.Body{Html: content(filled.HTML), Text: content(filled.Text)},
		}},
		EmailTags: []types.MessageTag{tag("kind", string(entry.Kind)), tag("client", client.Name), tag("locale", locale)},
	}
	if h.config.ReplyTo != "" {
		input.ReplyToAddresses = []string{h.config.ReplyTo}
	}
	if h.configurationSet != "" {
		input.ConfigurationSetName = aws.String(h.configurationSet)
	}
	if _, err := h.ses.SendEmail(ctx, input); err != nil {
		return fmt.Errorf("send %s through SES: %w", entry.Kind, err)
	}
	return nil
}

func content(s string) *types.Content {
	return &types.Content{Data: aws.String(s), Charset: aws.String("UTF-8")}
}

func tag(name, value string) types.MessageTag {
	return types.MessageTag{Name: aws.String(name), Value: aws.String(value)}
}

package main

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
	"poolpost/internal/trigger"
)

type handler struct {
	config config.CustomEmailSender
	queue  mail.Queue
	log    *logging.Logger
}

const errNoRequest = logging.Safe("the invocation has no request id")

// Invoke puts the request on the mail queue. It returns every error, also that of an unknown
// event: Lambda then invokes it again with the same request id, and in the end keeps the event
// on the queue for failures, from where a newer version can take it. Nobody reads the reply.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return []byte("null"), h.log.Record(ctx, func(line *logging.Line) error {
		ctx, cancel := lambdaenv.BeforeDeadline(ctx, 500*time.Millisecond) // time to log the reason
		defer cancel()
		return h.enqueue(ctx, payload, line)
	})
}

func (h *handler) enqueue(ctx context.Context, payload []byte, line *logging.Line) error {
	event, err := trigger.Decode(payload)
	if err != nil {
		return err
	}
	source := sourceOf(event)
	kind, ok := kindOf(source)
	if !ok || event.Version != "1" {
		return logging.ErrUnknown
	}
	line.Trigger, line.Kind = "CustomEmailSender_"+source, string(kind)
	invocation, ok := lambdacontext.FromContext(ctx)
	if !ok || invocation.AwsRequestID == "" {
		return errNoRequest // without it, a repeat would be another mail
	}
	entry := mail.NewEntry(kind, event, h.config.NameAttributes)
	line.Test = logging.SmokeTest(entry.To)
	entry.User, entry.Code = event.UserName, event.Code
	if wanted := event.ClientMetadata["return"]; len(wanted) <= maxReturn {
		entry.Return = wanted
	}
	if kind == message.AccountTakeover {
		entry.Takeover = takeoverAlert(event.UserAttributes)
		// Without an address the entry is a dead letter that says so.
		if name := event.UserAttributes["USER_NAME"]; strings.Contains(name, "@") {
			entry.To = cmp.Or(entry.To, name)
		}
	}
	sub := cmp.Or(event.UserAttributes["sub"], event.UserName)
	err = h.queue.Put(ctx, entry, sub, invocation.AwsRequestID)
	if err == nil {
		line.Outcome = "queued"
	}
	return err
}

// maxReturn is longer than any address that a person may be returned to (package link).
const maxReturn = 1000

// sourceOf is what the event is about, without the name of its trigger. Others report that an
// event for this trigger can have the name of another one, and that its request type tells it
// apart (Serverless Framework's documentation, "Custom Sender Triggers Handlers").
func sourceOf(event *trigger.Event) string {
	if event.RequestType == "customEmailSenderRequestV1" {
		_, source, _ := strings.Cut(event.TriggerSource, "_")
		return source
	}
	return event.Source("CustomEmailSender")
}

// kindOf is the kindOf of message for a source. Cognito has one source more here
// than in the custom message trigger.
func kindOf(source string) (message.Kind, bool) {
	if source == "AccountTakeOverNotification" {
		return message.AccountTakeover, true
	}
	return message.KindOf(source)
}

// takeoverAlert reads what Cognito says about a suspicious sign-in. It comes instead of
// the user's attributes: neither address nor sub were seen (observed: pull request 52111
// of DefinitelyTyped; the developer guide has no sample).
func takeoverAlert(attributes map[string]string) *mail.TakeoverAlert {
	short := func(key string) string { return truncate(attributes[key], 200) }
	alert := &mail.TakeoverAlert{
		Time: short("LOGIN_TIME"), City: short("CITY"), Country: short("COUNTRY"),
		IP: short("IP_ADDRESS"), Device: short("DEVICE_NAME"),
	}
	if address := attributes["ONE_CLICK_LINK_INVALID"]; len(address) <= 2048 {
		alert.ReportURL = address
	}
	return alert
}

// truncate shortens a text to a number of bytes, between two characters.
func truncate(text string, size int) string {
	if len(text) <= size {
		return text
	}
	return strings.ToValidUTF8(text[:size], "")
}

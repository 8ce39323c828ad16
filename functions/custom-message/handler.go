package main

import (
	"context"
	"encoding/json"
	"time"

	"poolpost/internal/config"
	"poolpost/internal/link"
	"poolpost/internal/logging"
	"poolpost/internal/message"
	"poolpost/internal/trigger"
)

type handler struct {
	files   *message.Files
	config  config.CustomMessage
	links   string       // address of the page behind the link
	clients *clientNames // nil when the pool has one client only
	broken  error        // why the function cannot work, or nil
	log     *logging.Logger
}

// Invoke returns the event with its response filled. When anything is wrong it
// returns the event as it came: Cognito then sends its own text, and the person
// still has a code.
func (h *handler) Invoke(ctx context.Context, payload []byte) (reply []byte, err error) {
	start := h.log.Start()
	line := logging.Line{Outcome: "failed"}
	defer func() {
		if p := recover(); p != nil {
			line.Err = errPanic
		}
		if line.Err != nil || line.Outcome == logging.Unknown {
			reply = payload
			if !json.Valid(payload) {
				err = errNoEvent
			}
		}
		h.log.Event(ctx, start, line)
	}()
	reply, line.Err = h.answer(ctx, payload, &line)
	return reply, nil
}

const (
	errPanic   = logging.Safe("panic")
	errEvent   = logging.Safe("the event cannot be decoded")
	errNoEvent = logging.Safe("the event is not JSON")
	errNoCode  = logging.Safe("the event lacks the placeholder of the code")
	errClient  = logging.Safe("the app client of the event is not in the settings")
	errNoUser  = logging.Safe("the event lacks the placeholder of the user name")
)

func (h *handler) answer(ctx context.Context, payload []byte, line *logging.Line) ([]byte, error) {
	if h.broken != nil {
		return nil, h.broken
	}
	event, err := trigger.Decode(payload)
	if err != nil {
		return nil, errEvent
	}
	kind, ok := message.Sources[event.Kind("CustomMessage")]
	if !ok || event.Version != "1" {
		line.Outcome = logging.Unknown
		return payload, nil
	}
	line.Trigger, line.Kind = event.TriggerSource, string(kind)

	client, err := h.client(ctx, event)
	line.Warning = err
	locale := message.Lookup(h.config.Locales, client.Locale, event.ClientMetadata["locale"], event.UserAttributes["locale"])
	line.Client, line.Locale = client.Name, locale

	if event.CodeParameter == "" {
		return nil, errNoCode
	}
	if kind == message.Invitation && event.UsernameParameter == "" {
		return nil, errNoUser
	}
	m, err := h.files.Message(client.Name, locale, kind)
	if err != nil {
		return nil, err
	}
	filled := m.FillJSON(message.Values{
		message.Link: link.ForMessage(h.links, kind, client, link.Link{
			Client: event.ClientID, User: event.UserName, Code: event.CodeParameter, Locale: locale, Return: event.ClientMetadata["return"],
		}),
		message.Code: event.CodeParameter,
		message.User: event.UsernameParameter,
		message.Name: message.FirstName(h.config.NameAttributes, event.UserAttributes),
	})
	reply, err := event.Reply(trigger.CustomMessageResponse{
		SMSMessage:   filled.SMS,
		EmailMessage: filled.HTML,
		EmailSubject: filled.Subject,
	})
	if err == nil {
		line.Outcome = "filled"
	}
	return reply, err
}

// client is the client of the settings that the event is about. A pool with one
// client needs no question; otherwise Cognito is asked for the name, and when
// that fails or takes too long, or the event has no client, it is the first
// one: a mail in another brand is better than none.
func (h *handler) client(ctx context.Context, event *trigger.Event) (config.Client, error) {
	if h.clients == nil || event.ClientID == "" {
		return h.config.Clients[0], nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	name, err := h.clients.name(ctx, event.UserPoolID, event.ClientID)
	client := config.Named(h.config.Clients, name)
	if err == nil && client.Name != name {
		err = errClient // made by hand, or of other settings
	}
	return client, err
}

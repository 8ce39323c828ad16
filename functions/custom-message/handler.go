package main

import (
	"context"
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
	links   string      // address of the page behind the link
	clients clientNames // nil when the pool has one client only
	log     *logging.Logger
}

// clientNames knows the names of app clients in the settings; the event has the id only. A
// trigger's environment cannot hold the ids of clients that are deployed with it, because
// the clients depend on the pool and the pool on its triggers.
type clientNames interface {
	ClientName(ctx context.Context, pool, id string) (string, error)
}

// newClientNames asks Cognito. A build with the tag noclients leaves it out.
var newClientNames func() clientNames

const (
	errNoCode = logging.Safe("the event lacks the placeholder of the code")
	errClient = logging.Safe("the app client of the event is not in the settings")
	errNoUser = logging.Safe("the event lacks the placeholder of the user name")
)

// Invoke returns the event with its response filled. When anything is wrong it
// returns the event as it came: Cognito then sends its own text, and the person
// still has a code.
func (h *handler) Invoke(ctx context.Context, payload []byte) (reply []byte, err error) {
	err = h.log.Record(ctx, func(line *logging.Line) (err error) {
		reply, err = h.fill(ctx, payload, line)
		return err
	})
	if err != nil {
		return trigger.Unchanged(payload)
	}
	return reply, nil
}

// fill returns the event with its message.
func (h *handler) fill(ctx context.Context, payload []byte, line *logging.Line) ([]byte, error) {
	event, err := trigger.Decode(payload)
	if err != nil {
		return nil, err
	}
	kind, ok := message.KindOf(event.Source("CustomMessage"))
	if !ok || event.Version != "1" {
		return nil, logging.ErrUnknown
	}
	client, err := h.client(ctx, event)
	locale := message.Lookup(h.config.Locales, client.Locale, event.WantedLocales()...)
	line.Trigger, line.Kind, line.Client, line.Locale = event.TriggerSource, string(kind), client.Name, locale
	line.Test, line.Warning = logging.SmokeTest(event.UserAttributes["email"]), err
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
			Client: event.ClientID, User: event.UserName, Code: event.CodeParameter,
			Locale: locale, Return: event.ClientMetadata["return"],
		}),
		message.Code: event.CodeParameter,
		message.User: event.UsernameParameter,
		message.Name: message.FirstName(h.config.NameAttributes, event.UserAttributes),
	})
	reply, err := event.Reply(trigger.CustomMessage(filled.HTML, filled.Subject))
	if err == nil {
		line.Outcome = "filled"
	}
	return reply, err
}

// client is the client of the settings that the event is about. With several, it asks Cognito
// for the name. When that fails or takes too long, or the event has no client, it is the first
// one: a mail in another brand is better than none.
func (h *handler) client(ctx context.Context, event *trigger.Event) (config.Client, error) {
	if h.clients == nil || event.ClientID == "" {
		return h.config.Clients[0], nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	name, err := h.clients.ClientName(ctx, event.UserPoolID, event.ClientID)
	client := config.ClientByName(h.config.Clients, name)
	if err == nil && client.Name != name {
		err = errClient // made by hand, or of other settings
	}
	return client, err
}

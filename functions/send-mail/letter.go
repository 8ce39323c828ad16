package main

import (
	"context"
	"html"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"poolpost/internal/config"
	"poolpost/internal/link"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
)

// An opener decrypts a code or a temporary password.
type opener interface {
	open(ctx context.Context, code string) (string, error)
}

// letters write the mails that entries of the queue ask for.
type letters struct {
	files            *message.Files
	config           config.SendMail
	clientIDs        map[string]string // by the names of the settings
	links            string            // address of the page behind the link
	configurationSet string
	stage            string
	codes            opener // nil when Cognito sends its mails itself
}

// write returns the mail as SES takes it, and tells the line what it is.
func (l *letters) write(ctx context.Context, entry mail.Entry, line *logging.Line) (*sesv2.SendEmailInput, error) {
	if !entry.Kind.Exists() {
		return nil, errKind
	}
	client, ok := config.ClientByID(l.config.Clients, l.clientIDs, entry.ClientID)
	if !ok {
		// Made by hand, or replaced: a mail in the default brand is better than none.
		line.Warning = logging.Safe("the app client is not in the settings")
	}
	locale := message.Lookup(l.config.Locales, client.Locale, entry.Locales...)
	line.Kind, line.Client, line.Locale = string(entry.Kind), client.Name, locale
	to, err := deliverable(entry.To)
	if err != nil {
		return nil, err
	}
	m, err := l.files.Message(client.Name, locale, entry.Kind)
	if err != nil {
		return nil, err
	}
	values, err := l.values(ctx, entry, client, locale)
	if err != nil {
		return nil, err
	}
	return l.input(l.config.Senders[client.Name], to, m.Fill(values), []types.MessageTag{
		tag("kind", string(entry.Kind)), tag("client", client.Name), tag("locale", locale),
	}), nil
}

// values are what the blanks of the message are filled with.
func (l *letters) values(ctx context.Context, entry mail.Entry, client config.Client, locale string) (message.Values, error) {
	values := message.Values{message.Name: entry.Name, message.User: entry.To}
	switch entry.Kind {
	case message.Welcome:
		values[message.Link] = link.ForMessage(l.links, entry.Kind, client, link.Link{})
		return values, nil
	case message.AccountTakeover:
		fillNotice(values, entry.Takeover, client)
		return values, nil
	}
	code, err := l.code(ctx, entry)
	if err != nil {
		return nil, err
	}
	values[message.Code] = code
	values[message.Link] = link.ForMessage(l.links, entry.Kind, client, link.Link{
		Client: entry.ClientID, User: entry.User, Code: code, Locale: locale, Return: entry.Return,
	})
	return values, nil
}

// code opens the code of an entry.
func (l *letters) code(ctx context.Context, entry mail.Entry) (string, error) {
	switch {
	case entry.Code == "":
		return "", errNoCode
	case l.codes == nil:
		return "", errNoCodes
	}
	code, err := l.codes.open(ctx, entry.Code)
	if entry.Kind == message.Invitation {
		// Cognito escapes temporary passwords for HTML before it encrypts them
		// (observed); the message escapes them where it must.
		code = html.UnescapeString(code)
	}
	return code, err
}

// input is a mail with both parts, and with the tags that feedback is counted by.
func (l *letters) input(sender config.Sender, to string, filled message.Filled, tags []types.MessageTag) *sesv2.SendEmailInput {
	if l.stage != "" {
		tags = append(tags, tag("stage", l.stage))
	}
	return &sesv2.SendEmailInput{
		FromEmailAddress:               aws.String(sender.From),
		ReplyToAddresses:               list(sender.ReplyTo),
		FeedbackForwardingEmailAddress: optional(sender.Feedback),
		Destination:                    &types.Destination{ToAddresses: []string{to}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: content(filled.Subject),
			Body:    &types.Body{Html: content(folded(filled.HTML)), Text: content(filled.Text)},
		}},
		ConfigurationSetName: optional(l.configurationSet),
		EmailTags:            tags,
	}
}

// list is a list of one value, or none.
func list(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// optional is a value, or none.
func optional(value string) *string {
	if value == "" {
		return nil
	}
	return aws.String(value)
}

func content(s string) *types.Content {
	return &types.Content{Data: aws.String(s), Charset: aws.String("UTF-8")}
}

func tag(name, value string) types.MessageTag {
	return types.MessageTag{Name: aws.String(name), Value: aws.String(value)}
}

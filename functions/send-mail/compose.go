package main

import (
	"cmp"
	"context"
	"html"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"poolpost/internal/config"
	"poolpost/internal/link"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
)

// A decrypter decrypts a code or a temporary password.
type decrypter interface {
	decrypt(ctx context.Context, code string) (string, error)
}

// A composer composes the mails that entries of the queue ask for.
type composer struct {
	files            *message.Files
	config           config.SendMail
	clientIDs        map[string]string // by the names of the settings
	links            string            // address of the page behind the link
	poolHosts        []string
	configurationSet string
	stage            string
	decrypter        decrypter // nil when Cognito sends its mails itself
}

// compose returns the mail as SES takes it, and fills the line with what it is.
func (c *composer) compose(ctx context.Context, entry mail.Entry, line *logging.Line) (*sesv2.SendEmailInput, error) {
	if !entry.Kind.Exists() {
		return nil, errKind
	}
	client, ok := config.ClientByID(c.config.Clients, c.clientIDs, entry.ClientID)
	if !ok {
		// Made by hand, or replaced: a mail in the default brand is better than no mail.
		line.Warning = logging.Safe("the app client is not in the settings")
	}
	locale := message.Lookup(c.config.Locales, client.Locale, entry.Locales...)
	line.Kind, line.Client, line.Locale, line.Test = string(entry.Kind), client.Name, locale, logging.SmokeTest(entry.To)
	to, err := deliverable(entry.To)
	if err != nil {
		return nil, err
	}
	m, err := c.files.Message(client.Name, locale, entry.Kind)
	if err != nil {
		return nil, err
	}
	values, err := c.values(ctx, entry, client, locale)
	if err != nil {
		return nil, err
	}
	tags := []types.MessageTag{
		tag("kind", string(entry.Kind)), tag("client", client.Name), tag("locale", locale),
	}
	if isTagValue(entry.Sub) {
		tags = append(tags, tag("sub", entry.Sub))
	}
	return c.input(c.config.Senders[client.Name], to, m.Fill(values), tags), nil
}

// values are what the placeholders of the message are filled with.
func (c *composer) values(
	ctx context.Context, entry mail.Entry, client config.Client, locale string,
) (message.Values, error) {
	// Whoever can write to the queue must not be able to put words of their own into a mail.
	values := message.Values{message.Name: message.CleanName(entry.Name), message.User: entry.To}
	switch entry.Kind {
	case message.Welcome, message.ProviderLinked:
		values[message.Link] = link.ForMessage(c.links, entry.Kind, client, link.Link{})
		return values, nil
	case message.AccountTakeover:
		setTakeoverValues(values, entry.Takeover, client, c.poolHosts)
		return values, nil
	case message.PasswordChanged:
		values[message.Time] = cmp.Or(signInTime(entry.Time), unknown)
		values[message.Link] = link.ForMessage(c.links, entry.Kind, client, link.Link{
			Client: entry.ClientID, User: entry.User, Locale: locale, Return: entry.Return,
		})
		return values, nil
	}
	code, err := c.code(ctx, entry)
	if err != nil {
		return nil, err
	}
	values[message.Code] = code
	values[message.Link] = link.ForMessage(c.links, entry.Kind, client, link.Link{
		Client: entry.ClientID, User: entry.User, Code: code, Locale: locale, Return: entry.Return,
	})
	return values, nil
}

// code decrypts the code of an entry.
func (c *composer) code(ctx context.Context, entry mail.Entry) (string, error) {
	switch {
	case entry.Code == "":
		return "", errNoCode
	case c.decrypter == nil:
		return "", errNoKey
	}
	code, err := c.decrypter.decrypt(ctx, entry.Code)
	if entry.Kind == message.Invitation {
		// Cognito escapes temporary passwords for HTML before it encrypts them
		// (observed); the message escapes them where it must.
		code = html.UnescapeString(code)
	}
	return code, err
}

// input is a mail with both parts, and with the tags that feedback is counted by.
func (c *composer) input(
	sender config.Sender, to string, filled message.Filled, tags []types.MessageTag,
) *sesv2.SendEmailInput {
	if c.stage != "" {
		tags = append(tags, tag("stage", c.stage))
	}
	input := &sesv2.SendEmailInput{
		FromEmailAddress: &sender.From,
		Destination:      &types.Destination{ToAddresses: []string{to}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: content(filled.Subject),
			Body:    &types.Body{Html: content(filled.HTML), Text: content(filled.Text)},
			Headers: noAutoReply,
		}},
		EmailTags: tags,
	}
	if sender.ReplyTo != "" {
		input.ReplyToAddresses = []string{sender.ReplyTo}
	}
	if sender.BouncesTo != "" {
		input.FeedbackForwardingEmailAddress = &sender.BouncesTo
	}
	if c.configurationSet != "" {
		input.ConfigurationSetName = &c.configurationSet
	}
	return input
}

// noAutoReply are headers that keep out-of-office replies from those who read the answers: the
// one of RFC 3834, and the one of Exchange ([MS-OXCMAIL], "X-Auto-Response-Suppress"). The latter
// leaves reports of mails that cannot be delivered as they are.
var noAutoReply = []types.MessageHeader{
	{Name: aws.String("Auto-Submitted"), Value: aws.String("auto-generated")},
	{Name: aws.String("X-Auto-Response-Suppress"), Value: aws.String("OOF, AutoReply")},
}

func content(s string) *types.Content {
	return &types.Content{Data: aws.String(s), Charset: aws.String("UTF-8")}
}

// isTagValue reports whether SES takes a value (SES API v2 reference, MessageTag). It refuses an
// email with any other.
func isTagValue(value string) bool {
	return 0 < len(value) && len(value) <= 256 && !strings.ContainsFunc(value, func(c rune) bool {
		return c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
}

func tag(name, value string) types.MessageTag {
	return types.MessageTag{Name: aws.String(name), Value: aws.String(value)}
}

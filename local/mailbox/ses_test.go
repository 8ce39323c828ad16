package mailbox

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
)

func sesClient(t *testing.T, b *Box) *sesv2.Client {
	server := httptest.NewServer(b.SES())
	t.Cleanup(server.Close)
	return sesv2.New(sesv2.Options{
		Region:       "eu-central-1",
		BaseEndpoint: &server.URL,
		Credentials:  credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample", ""),
	})
}

func utf8(s string) *types.Content {
	return &types.Content{Data: &s, Charset: aws.String("UTF-8")}
}

// welcome is a request that SES takes.
func welcome() *sesv2.SendEmailInput {
	return &sesv2.SendEmailInput{
		FromEmailAddress:     aws.String(`"Acme" <no-reply@example.com>`),
		ReplyToAddresses:     []string{"support@example.com"},
		Destination:          &types.Destination{ToAddresses: []string{"ann@xn--bcher-kva.example.com"}},
		ConfigurationSetName: aws.String("poolpost"),
		EmailTags:            []types.MessageTag{{Name: aws.String("kind"), Value: aws.String("welcome")}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: utf8("Welcome, Zoë"),
			Body:    &types.Body{Html: utf8("<p>Welcome</p>\r\n"), Text: utf8("Welcome\r\n")},
			Headers: []types.MessageHeader{{Name: aws.String("X-Entity-Ref-ID"), Value: aws.String("welcome 1")}},
		}},
	}
}

func TestSESKeepsTheEmailUnchanged(t *testing.T) {
	b := New(nil)
	out, err := sesClient(t, b).SendEmail(t.Context(), welcome())
	noError(t, err)
	all := b.Messages()
	if len(all) != 1 {
		t.Fatalf("%d messages in the box", len(all))
	}
	m := all[0]
	tests := []struct{ what, got, want string }{
		{"id", m.ID, *out.MessageId},
		{"via", m.Via, "SES"},
		{"from", m.From, `"Acme" <no-reply@example.com>`},
		{"reply to", m.ReplyTo, "support@example.com"},
		{"to", list(m.To), "ann@xn--bcher-kva.example.com"},
		{"subject", m.Subject, "Welcome, Zoë"},
		{"HTML", m.HTML, "<p>Welcome</p>\r\n"},
		{"text", m.Text, "Welcome\r\n"},
		{"note", m.Note, ""},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("%s is %q, want %q", test.what, test.got, test.want)
		}
	}
	if want := []Header{{"X-Entity-Ref-ID", "welcome 1"}}; !slices.Equal(m.Headers, want) {
		t.Errorf("headers are %v, want %v", m.Headers, want)
	}
	if want := map[string]string{"kind": "welcome", "ses:configuration-set": "poolpost"}; !maps.Equal(m.Tags, want) {
		t.Errorf("tags are %v, want %v", m.Tags, want)
	}
}

func TestSESAccepts(t *testing.T) {
	tests := []struct {
		name   string
		change func(*sesv2.SendEmailInput)
	}{
		{"a sender's name in an encoded word", func(in *sesv2.SendEmailInput) {
			in.FromEmailAddress = aws.String("=?utf-8?q?Zo=C3=AB?= <no-reply@example.com>")
		}},
		{"an email with HTML only", func(in *sesv2.SendEmailInput) { in.Content.Simple.Body.Text = nil }},
		{"an email with text only", func(in *sesv2.SendEmailInput) { in.Content.Simple.Body.Html = nil }},
		{"ASCII without a charset", func(in *sesv2.SendEmailInput) {
			in.Content.Simple.Subject = &types.Content{Data: aws.String("Welcome")}
		}},
		{"50 recipients", func(in *sesv2.SendEmailInput) {
			in.Destination.ToAddresses = slices.Repeat([]string{"ann@example.com"}, 20)
			in.Destination.BccAddresses = slices.Repeat([]string{"bob@example.com"}, 30)
		}},
		{"15 headers", func(in *sesv2.SendEmailInput) {
			in.Content.Simple.Headers = slices.Repeat(in.Content.Simple.Headers, 15)
		}},
		{"a tag of 256 characters", func(in *sesv2.SendEmailInput) {
			in.EmailTags[0].Value = aws.String(strings.Repeat("x", 256))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := New(nil)
			in := welcome()
			test.change(in)
			if _, err := sesClient(t, b).SendEmail(t.Context(), in); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSESRefuses(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*sesv2.SendEmailInput)
		message string
	}{
		{"no sender", func(in *sesv2.SendEmailInput) { in.FromEmailAddress = nil }, "FromEmailAddress is missing"},
		{"a sender that is no address", func(in *sesv2.SendEmailInput) { in.FromEmailAddress = aws.String("Acme") }, "FromEmailAddress: Illegal address"},
		{"a sender's name outside of ASCII", func(in *sesv2.SendEmailInput) { in.FromEmailAddress = aws.String("Zoë <zoe@example.com>") }, "FromEmailAddress: A name outside of ASCII"},
		{"no recipient", func(in *sesv2.SendEmailInput) { in.Destination = nil }, "no recipient"},
		{"51 recipients", func(in *sesv2.SendEmailInput) {
			in.Destination.CcAddresses = slices.Repeat([]string{"ann@example.com"}, 50)
		}, "Recipient count exceeds 50."},
		{"a recipient without a domain", func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses = []string{"ann"} }, "ToAddresses: Illegal address"},
		{"a recipient with a line break", func(in *sesv2.SendEmailInput) {
			in.Destination.ToAddresses = []string{"ann@example.com\r\nBcc: bob@example.com"}
		}, "ToAddresses: Illegal address"},
		{"a local part outside of ASCII", func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses = []string{"zoë@example.com"} }, "ToAddresses: Local address"},
		{"a domain that is not in Punycode", func(in *sesv2.SendEmailInput) { in.Destination.BccAddresses = []string{"ann@bücher.example.com"} }, "BccAddresses: Domain contains illegal character"},
		{"an invalid reply address", func(in *sesv2.SendEmailInput) { in.ReplyToAddresses = []string{"support@"} }, "ReplyToAddresses: Illegal address"},
		{"a line break in the subject", func(in *sesv2.SendEmailInput) { in.Content.Simple.Subject = utf8("Welcome\nBcc: x") }, "Subject contains a line break"},
		{"a charset forgotten", func(in *sesv2.SendEmailInput) {
			in.Content.Simple.Body.Html.Charset = nil
			in.Content.Simple.Body.Html.Data = aws.String("Zoë")
		}, "Body.Html has characters outside of ASCII and no Charset"},
		{"neither HTML nor text", func(in *sesv2.SendEmailInput) { in.Content.Simple.Body = &types.Body{} }, "neither Html nor Text"},
		{"a tag name with a blank", func(in *sesv2.SendEmailInput) { in.EmailTags[0].Name = aws.String("a kind") }, "Invalid tag name <a kind>"},
		{"a tag value with a dot", func(in *sesv2.SendEmailInput) { in.EmailTags[0].Value = aws.String("a.b") }, "Invalid tag value <a.b>"},
		{"a tag value of 257 characters", func(in *sesv2.SendEmailInput) { in.EmailTags[0].Value = aws.String(strings.Repeat("x", 257)) }, "Invalid tag value"},
		{"16 headers", func(in *sesv2.SendEmailInput) {
			in.Content.Simple.Headers = slices.Repeat(in.Content.Simple.Headers, 16)
		}, "more than 15"},
		{"a header name with a colon", func(in *sesv2.SendEmailInput) { in.Content.Simple.Headers[0].Name = aws.String("X:") }, "Headers[0].Name"},
		{"a header value with a line break", func(in *sesv2.SendEmailInput) { in.Content.Simple.Headers[0].Value = aws.String("a\r\nb") }, "Headers[0].Value"},
		{"a header value outside of ASCII", func(in *sesv2.SendEmailInput) { in.Content.Simple.Headers[0].Value = aws.String("Zoë") }, "Headers[0].Value"},
		{"a header of 997 characters", func(in *sesv2.SendEmailInput) {
			in.Content.Simple.Headers[0] = types.MessageHeader{Name: aws.String("X-Long"), Value: aws.String(strings.Repeat("x", 991))}
		}, "Headers[0] is longer than 996"},
		{"an attachment", func(in *sesv2.SendEmailInput) {
			in.Content.Simple.Attachments = []types.Attachment{{FileName: aws.String("a.txt"), RawContent: []byte("a")}}
		}, "Attachments are not part of the local run"},
		{"a raw mail", func(in *sesv2.SendEmailInput) {
			in.Content = &types.EmailContent{Raw: &types.RawMessage{Data: []byte("From: x")}}
		}, "Content.Raw and Content.Template are not part of the local run"},
		{"a template", func(in *sesv2.SendEmailInput) {
			in.Content = &types.EmailContent{Template: &types.Template{TemplateName: aws.String("welcome")}}
		}, "Content.Raw and Content.Template are not part of the local run"},
		{"no content", func(in *sesv2.SendEmailInput) { in.Content = &types.EmailContent{} }, "Content.Simple is missing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := New(nil)
			in := welcome()
			test.change(in)
			_, err := sesClient(t, b).SendEmail(t.Context(), in)
			refusal, ok := errors.AsType[*types.BadRequestException](err)
			if !ok {
				t.Fatalf("error is %v, want a BadRequestException", err)
			}
			if !strings.Contains(refusal.ErrorMessage(), test.message) {
				t.Errorf("message is %q, want one with %q", refusal.ErrorMessage(), test.message)
			}
			if strings.Contains(refusal.ErrorMessage(), "ann@") {
				t.Errorf("the message repeats an address: %q", refusal.ErrorMessage())
			}
			if n := len(b.Messages()); n != 0 {
				t.Errorf("%d messages in the box", n)
			}
		})
	}
}

func TestUnsupportedSESRequestsAreErrors(t *testing.T) {
	b := New(nil)
	_, err := sesClient(t, b).GetAccount(t.Context(), &sesv2.GetAccountInput{})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "UnknownOperationException" {
		t.Errorf("GetAccount: %v", err)
	}
	for _, body := range []string{``, `{`, `[]`, `"text"`, `{"Content":1}`, `null`, `{}`} {
		w := httptest.NewRecorder()
		b.SES().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v2/email/outbound-emails", strings.NewReader(body)))
		if w.Code != http.StatusBadRequest || w.Header().Get("X-Amzn-ErrorType") == "" {
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	}
}

func TestSuppressionList(t *testing.T) {
	client := sesClient(t, New(nil))
	out, err := client.GetSuppressedDestination(t.Context(), &sesv2.GetSuppressedDestinationInput{EmailAddress: aws.String(suppressedAddress)})
	if err != nil || out.SuppressedDestination.Reason != types.SuppressionListReasonBounce {
		t.Errorf("got %+v, %v", out, err)
	}
	for _, address := range []string{"ann@example.com", "a+b/c@example.com"} {
		_, err := client.GetSuppressedDestination(t.Context(), &sesv2.GetSuppressedDestinationInput{EmailAddress: aws.String(address)})
		if _, ok := errors.AsType[*types.NotFoundException](err); !ok {
			t.Errorf("%s: got %v, want NotFoundException", address, err)
		}
	}
}

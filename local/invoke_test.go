package local

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"poolpost/internal/settings/settingstest"
	"poolpost/local/mailbox"
)

func TestInvokeReportsOnlyItsOwnEmails(t *testing.T) {
	s := startStack(t)
	batch := events.SQSEvent{}
	for i, to := range []string{"ann@example.com", "ben@example.com"} {
		batch.Records = append(batch.Records, events.SQSMessage{
			MessageId:  fmt.Sprintf("00000000-0000-4000-8000-00000000000%d", i),
			Body:       fmt.Sprintf(`{"kind":"welcome","to":%q,"clientId":%q}`, to, s.clientIDs["web"]),
			Attributes: map[string]string{"MessageGroupId": to},
		})
	}
	event, err := json.Marshal(batch)
	noError(t, err)
	file := filepath.Join(t.TempDir(), "event.json")
	noError(t, os.WriteFile(file, event, 0o644))
	fill := func() {
		for held := -1; held < len(s.box.Messages()); {
			held = len(s.box.Messages())
			s.box.Add(mailbox.Message{Kind: mailbox.Email, To: []string{"earlier@example.com"}})
		}
	}
	for _, test := range []struct {
		name    string
		prepare func()
	}{
		{"an empty mailbox", func() {}},
		{"a mailbox with mails", func() {}},
		{"a mailbox that holds its maximum", fill},
		{"a mailbox that is still full", func() {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.prepare()
			r, err := s.invokeFile(t.Context(), "send-mail", file)
			if err != nil || r.Error != nil {
				t.Fatalf("got %+v, %v", r.Error, err)
			}
			var got []string
			for _, m := range r.Mails {
				got = append(got, m.To...)
			}
			if want := "[ann@example.com ben@example.com]"; fmt.Sprint(got) != want {
				t.Errorf("the emails went to %v, want %s", got, want)
			}
		})
	}
}

func TestUnknownFunctionIsRefusedWithTheKnownOnes(t *testing.T) {
	through := map[string]string{"cognito": settingstest.File(), "ses": settingstest.FileWith(t, "ses.yaml", "\nmail:\n", "\nmail:\n  delivery: ses\n")}
	for _, c := range []struct {
		name, delivery, function, want string
	}{
		{"Cognito sends, and answers are custom", "cognito", "custom-message", ""},
		{"Cognito sends, so there is no sender", "cognito", "custom-email-sender", `there is no function "custom-email-sender" with these settings; the functions are custom-message, `},
		{"there is a sender", "ses", "custom-email-sender", ""},
		{"there is a sender, so no answers", "ses", "custom-message", `there is no function "custom-message" with these settings; the functions are custom-email-sender, `},
		{"a slip of the pen", "ses", "sendmail", `there is no function "sendmail" `},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Options{Settings: through[c.delivery]}.checkFunction(c.function)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

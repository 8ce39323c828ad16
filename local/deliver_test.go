package local

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"poolpost/internal/message"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
	"poolpost/local/cognito"
	"poolpost/local/mailbox"
)

func TestSenderOfThePool(t *testing.T) {
	for name, test := range map[string]struct {
		from settings.Address
		want string
	}{
		"with a name":    {settings.Address{Name: "MyApp", Address: "a@example.com"}, `"MyApp" <a@example.com>`},
		"without a name": {settings.Address{Address: "a@example.com"}, "a@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Stack{settings: &settings.Settings{Mail: settings.Mail{From: test.from}}, box: mailbox.New(nil)}
			s.deliver(cognito.Delivery{To: "ann@example.com", Subject: "Hello", Body: "<p>Hello</p>"})
			if got := s.box.Messages()[0].From; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestEachClientHasTheSenderOfItsBrand(t *testing.T) {
	s := startWith(t, settingstest.FileWith(t, "ses.yaml", "\nmail:\n", "\nmail:\n  delivery: ses\n",
		"  - name: drivers #", "  - name: drivers\n    from: {name: Drivers, address: go@example.com}\n    replyTo: drivers@example.com\n    #",
		"\nclients:\n", "\nclients:\n  - {name: drivers, brand: drivers, url: 'https://drivers.example.com/'}\n"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for client, want := range map[string]struct{ from, answers string }{
		"web":     {`"MyApp" <no-reply@example.com>`, "support@example.com"},
		"drivers": {`"Drivers" <go@example.com>`, "drivers@example.com"},
	} {
		to := client + "@example.com"
		_, err := s.trySignUp(t, client, to, "Ann", nil)
		noError(t, err)
		for _, kind := range []message.Kind{message.SignUp, message.Welcome} {
			m, err := s.box.Wait(ctx, func(m mailbox.Message) bool { return m.To[0] == to && m.Tags["kind"] == string(kind) })
			if err != nil {
				t.Fatalf("%s: the email %s does not come: %v", client, kind, err)
			}
			if m.From != want.from || m.ReplyTo != want.answers {
				t.Errorf("%s: the email %s is from %s, with answers to %s", client, kind, m.From, m.ReplyTo)
			}
			if kind == message.SignUp {
				s.press(t, browse(t, http.MethodGet, linkOf(t, m), nil))
			}
		}
	}
}

func TestOneAccountForAllServices(t *testing.T) {
	s := startStack(t)
	response, err := http.Post(s.awsURL+"/2015-03-31/functions/nobody/invocations", "application/json", strings.NewReader("{}"))
	noError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body) // names the ARN that was looked for
	noError(t, err)
	if want := ":" + account + ":function:nobody"; !strings.Contains(string(body), want) {
		t.Errorf("functions are in another account: %s", body)
	}
	if arn := s.queue.ARN(); !strings.Contains(arn, ":"+account+":") {
		t.Errorf("the queue is in another account: %s", arn)
	}
}

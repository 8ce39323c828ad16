package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"poolpost/infra/local/mailbox"
	"poolpost/infra/local/userpool"
	"poolpost/internal/settings"
)

func TestTheSenderOfWhatThePoolSends(t *testing.T) {
	for name, test := range map[string]struct {
		from settings.Address
		want string
	}{
		"with a name":    {settings.Address{Name: "MyApp", Address: "a@example.com"}, `"MyApp" <a@example.com>`},
		"without a name": {settings.Address{Address: "a@example.com"}, "a@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &suite{settings: &settings.Settings{Mail: settings.Mail{From: test.from}}, box: mailbox.New(nil)}
			s.deliver(userpool.Delivery{Medium: "EMAIL", To: "ann@example.com", Subject: "Hello", Body: "<p>Hello</p>"})
			if got := s.box.Messages()[0].From; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestAllIsInOneAccount(t *testing.T) {
	s := startSuite(t)
	response, err := http.Post(s.awsURL+"/2015-03-31/functions/nobody/invocations", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body) // names the ARN that was looked for
	if err != nil {
		t.Fatal(err)
	}
	if want := ":" + account + ":function:nobody"; !strings.Contains(string(body), want) {
		t.Errorf("functions are in another account: %s", body)
	}
	if arn := s.queue.ARN(); !strings.Contains(arn, ":"+account+":") {
		t.Errorf("the queue is in another account: %s", arn)
	}
}

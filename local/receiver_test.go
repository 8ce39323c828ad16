package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"poolpost/local/mailbox"
)

// A receiver is SES as somebody else has written it: the npm package
// aws-ses-v2-local, which checks requests and keeps emails in its own way.
type receiver struct{ url string }

const receiverCommand = "../.build/receiver/node_modules/.bin/aws-ses-v2-local"

// startReceiver starts it on a free loopback port. Without it the test is
// skipped, but never in CI.
func startReceiver(t *testing.T) receiver {
	t.Helper()
	if _, err := os.Stat(receiverCommand); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no aws-ses-v2-local: make test installs it, with Node.js")
		}
		t.Skip("there is no aws-ses-v2-local: make test installs it, with Node.js")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	address := free.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	free.Close()
	command := exec.CommandContext(t.Context(), receiverCommand, "--host", "127.0.0.1", "--port", port)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	noError(t, command.Start())
	t.Cleanup(func() { _ = command.Wait() }) // the test's context ends it
	r := receiver{"http://" + address}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(r.url + "/health-check")
		if err == nil {
			response.Body.Close()
			return r
		}
		if time.Now().After(end) {
			t.Fatalf("aws-ses-v2-local does not answer: %v", err)
		}
	}
}

// front hands what is meant for SES to the receiver, and puts into the mailbox
// what the receiver has made of it.
func (r receiver) front(box func() *mailbox.Box) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			if !strings.HasPrefix(request.URL.Path, "/v2/email/") {
				next.ServeHTTP(w, request)
				return
			}
			status, reply, err := r.pass(request)
			if err == nil && status == http.StatusOK {
				var message mailbox.Message
				if message, err = r.stored(reply); err == nil {
					box().Add(message)
				}
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			w.WriteHeader(status)
			_, _ = w.Write(reply)
		})
	}
}

// pass sends a request on.
func (r receiver) pass(request *http.Request) (status int, reply []byte, err error) {
	outgoing, err := http.NewRequestWithContext(request.Context(), request.Method, r.url+request.URL.Path, request.Body)
	if err != nil {
		return 0, nil, err
	}
	outgoing.Header = request.Header.Clone()
	response, err := http.DefaultClient.Do(outgoing)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	reply, err = io.ReadAll(response.Body)
	return response.StatusCode, reply, err
}

// stored is the email that the receiver has kept and answered with this reply.
func (r receiver) stored(reply []byte) (mailbox.Message, error) {
	var accepted struct{ MessageID string }
	if err := json.Unmarshal(reply, &accepted); err != nil {
		return mailbox.Message{}, err
	}
	response, err := http.Get(r.url + "/store")
	if err != nil {
		return mailbox.Message{}, err
	}
	defer response.Body.Close()
	var store struct {
		Emails []struct {
			MessageID, From, Subject string
			Destination              struct{ To []string }
			ReplyTo                  []string
			Body                     struct{ HTML, Text string }
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&store); err != nil {
		return mailbox.Message{}, err
	}
	for _, m := range store.Emails {
		if m.MessageID == accepted.MessageID {
			return mailbox.Message{
				From: m.From, ReplyTo: strings.Join(m.ReplyTo, ", "), To: m.Destination.To,
				Subject: m.Subject, HTML: m.Body.HTML, Text: m.Body.Text, Via: "SES",
			}, nil
		}
	}
	return mailbox.Message{}, fmt.Errorf("aws-ses-v2-local has not kept the email that it accepted")
}

func TestJourneysWithAnotherSESEmulator(t *testing.T) {
	r := startReceiver(t)
	for name, journey := range map[string]func(*testing.T, *Stack){
		"from sign-up to welcome": signUpToWelcome, "in another language": keepLanguage, "a forgotten password": replacePassword,
		"an invitation": invite, "a changed address": changeAddress,
	} {
		t.Run(name, func(t *testing.T) {
			var s *Stack
			s = startSES(t, func(o *Options) { o.hooks.middleware = r.front(func() *mailbox.Box { return s.box }) })
			journey(t, s)
		})
	}
}

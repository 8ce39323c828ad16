//go:build !noevents

package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/events"
	"poolpost/internal/functiontest"
)

const (
	queueURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/sample-events"
	pool     = "eu-central-1_Sample001"
	sub      = "0a1b2c3d-1111-4222-8333-444455556666"
)

// publishing lets a handler publish events, whose bodies it returns; fail is what SQS answers.
func publishing(h *handler, fail error) *[]string {
	bodies := &[]string{}
	h.events = eventQueue{
		url: queueURL, pool: pool, clientIDs: map[string]string{"drivers": "1drivers", "riders": "1riders"},
		sqs: sqs.NewFromConfig(functiontest.AWS(func(_ *http.Request, _ string, input []byte) (any, error) {
			var in functiontest.SendMessage
			if err := functiontest.Strictly(input, &in); err != nil || in.QueueUrl != queueURL || fail != nil {
				return nil, errors.Join(err, fail)
			}
			*bodies = append(*bodies, in.MessageBody)
			return in.Output(), nil
		}).Config()),
	}
	return bodies
}

func TestBouncesAndComplaintsArePublished(t *testing.T) {
	const bounced, complained = events.MailBounced, events.MailComplained
	functiontest.EachEvent(t, map[string]string{ // type and what SES says; empty: nothing is published
		"bounce-of-an-address-that-does-not-exist":          bounced + " sign-up Permanent General 5.1.1",
		"bounce-of-a-full-mailbox":                          bounced + " sign-up Transient MailboxFull 4.2.2",
		"bounce-of-unknown-cause-without-a-status":          bounced + " sign-up Undetermined Undetermined ",
		"bounce-of-an-address-on-the-suppression-list":      bounced + " sign-up Permanent OnAccountSuppressionList 5.1.1",
		"bounce-of-an-address-on-the-list-of-all-customers": bounced + " sign-up Permanent Suppressed 5.1.1",
		"bounce-of-an-address-on-the-list-of-a-tenant":      bounced + " sign-up Permanent OnTenantSuppressionList 5.1.1",
		"bounce-of-an-address-that-fails-validation":        bounced + " sign-up Permanent EmailValidationSuppressed 5.1.1",
		"bounce-which-is-an-out-of-office-reply":            bounced + " sign-up Transient General ",
		"bounce-whose-status-is-an-address":                 bounced + " sign-up Permanent General ",
		"bounce-of-a-mail-that-cognito-sent":                bounced + "  Permanent NoEmail 5.1.1",
		"bounce-with-tags-that-are-no-words-of-ours":        bounced + "  Permanent General 5.1.1",
		"bounce-of-a-sort-that-ses-does-not-document":       bounced + " sign-up Permanent  5.1.1",
		"bounce-without-tags-and-headers":                   bounced + "  Permanent General 5.3.0",
		"open-which-nobody-asked-for":                       "",
		"click-which-nobody-asked-for":                      "",
		"complaint-as-a-notification-of-an-identity":        "",
		"complaint-through-a-topic":                         "",
		"complaint-of-an-address-on-the-suppression-list":   complained + " welcome  OnAccountSuppressionList ",
		"complaint-of-an-address-on-the-list-of-a-tenant":   complained + " welcome  OnTenantSuppressionList ",
		"complaint-that-it-is-no-spam":                      "",
		"complaint-of-failed-authentication":                complained + " welcome auth-failure  ",
		"complaint-without-a-report":                        complained + " welcome   ",
		"complaint-about-a-welcome-mail":                    complained + " welcome abuse  ",
		"delivery":                                          "",
		"send":                                              "",
		"reject-of-bad-content":                             "",
		"delay-of-a-server-that-does-not-answer":            "",
		"rendering-failure":                                 "",
		"subscription-which-nobody-asked-for":               "",
		"event-of-another-service":                          "",
	}, func(t *testing.T, payload []byte, want string) {
		h, logged := newHandler(t)
		bodies := publishing(h, nil)
		if _, err := h.Invoke(t.Context(), payload); err != nil {
			t.Fatal(err)
		}
		if want == "" {
			if len(*bodies) != 0 {
				t.Errorf("it publishes %q", *bodies)
			}
			return
		}
		if len(*bodies) != 1 {
			t.Fatalf("there are %d events: %s", len(*bodies), logged)
		}
		var e events.Event
		if err := json.Unmarshal([]byte((*bodies)[0]), &e); err != nil {
			t.Fatal(err)
		}
		m := e.Mail
		got := strings.Join([]string{e.Type, m.Kind, m.BounceType + m.ComplaintType, m.BounceSubType + m.ComplaintSubType, m.Status}, " ")
		if got != want || e.Version != 1 || len(e.ID) != 36 || e.UserPoolID != pool || m.MessageID == "" {
			t.Errorf("the event is %s", (*bodies)[0])
		}
		if strings.Contains((*bodies)[0], "@") || strings.Contains((*bodies)[0], "attributes") {
			t.Errorf("the event is personal: %s", (*bodies)[0])
		}
	})
}

func TestAnEventNamesPersonClientAndLanguage(t *testing.T) {
	h, _ := newHandler(t)
	bodies := publishing(h, nil)
	payload := string(functiontest.Events(t)["bounce-of-an-address-that-does-not-exist"])
	tagged := strings.Replace(payload, `"tags": {`, `"tags": {"sub": ["`+sub+`"],`, 1)
	for _, text := range []string{tagged, tagged, strings.Replace(tagged, sub, "jane-example-com", 1), strings.Replace(tagged, `"feedbackId": "`, `"feedbackId": "other`, 1)} {
		if _, err := h.Invoke(t.Context(), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	var all []events.Event
	for _, body := range *bodies {
		var e events.Event
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	e := all[0]
	if e.Sub != sub || e.ClientID != "1drivers" || e.Locale != "fr" || e.Time.IsZero() || time.Since(e.Time) < time.Hour {
		t.Errorf("the event is %+v", e)
	}
	if !reflect.DeepEqual(all[1], e) {
		t.Errorf("a repeat is another event: %+v", all[1])
	}
	if all[2].Sub != "" {
		t.Errorf("the sub is somebody else's tag: %q", all[2].Sub)
	}
	if all[3].ID == e.ID {
		t.Error("another bounce of the same email has the same id")
	}
}

// Lambda repeats an event whose invocation fails.
func TestAnEventThatCannotBePublishedIsKept(t *testing.T) {
	h, logged := newHandler(t)
	publishing(h, &functiontest.APIError{Status: 403, Code: "AccessDenied", Message: "jane@example.com"})
	if _, err := h.Invoke(t.Context(), functiontest.Events(t)["bounce-of-a-full-mailbox"]); err == nil {
		t.Error("it is no error")
	}
	logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed", "reason": "AccessDenied"})
}

func TestNewPublisherNamesMissingVariables(t *testing.T) {
	for _, name := range []string{"EVENT_QUEUE_URL", "USER_POOL_ID", "USER_POOL_CLIENTS"} {
		t.Setenv(name, "")
	}
	_, err := newPublisher()
	for _, name := range []string{"EVENT_QUEUE_URL", "USER_POOL_ID", "USER_POOL_CLIENTS"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is missing, and the error is %v", name, err)
		}
	}
}

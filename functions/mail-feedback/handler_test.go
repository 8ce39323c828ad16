package main

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/logging"
)

func newHandler(t testing.TB) (*handler, *functiontest.Log) {
	t.Helper()
	logged := &functiontest.Log{}
	h := &handler{log: logged.Logger("mail-feedback")}
	_, h.config = functiontest.Dir[config.MailFeedback](t, "mail-feedback")
	return h, logged
}

func TestSampleEventsAreCounted(t *testing.T) {
	type row struct {
		outcome, kind, client string
		locale, detail        any
	}
	const unknown = logging.Unknown
	functiontest.EachEvent(t, map[string]row{
		"bounce-of-an-address-that-does-not-exist":        {"bounced", "sign-up", "drivers", "fr", "Permanent General 5.1.1"},
		"bounce-of-a-full-mailbox":                        {"bounced-for-now", "sign-up", "drivers", "fr", "Transient MailboxFull 4.2.2"},
		"bounce-of-unknown-cause-without-a-status":        {"bounced-for-now", "sign-up", "drivers", "fr", "Undetermined Undetermined"},
		"bounce-of-an-address-on-the-suppression-list":    {"suppressed", "sign-up", "drivers", "fr", "Permanent OnAccountSuppressionList 5.1.1"},
		"bounce-whose-status-is-an-address":               {"bounced", "sign-up", "drivers", "fr", "Permanent General"},
		"bounce-of-a-mail-that-cognito-sent":              {"bounced", unknown, unknown, nil, "Permanent NoEmail 5.1.1"},
		"bounce-with-tags-that-are-no-words-of-ours":      {"bounced", unknown, unknown, nil, "Permanent General 5.1.1"},
		"bounce-of-a-sort-that-ses-does-not-document":     {"bounced", "sign-up", "drivers", "fr", "Permanent 5.1.1"},
		"complaint-of-an-address-on-the-suppression-list": {"suppressed", "welcome", "riders", "en", "OnAccountSuppressionList"},
		"complaint-about-a-welcome-mail":                  {"complained", "welcome", "riders", "en", "abuse"},
		"delivery":                                        {"delivered", "sign-up", "drivers", "fr", nil},
		"send":                                            {"sent", "sign-up", "drivers", "fr", nil},
		"reject-of-bad-content":                           {"rejected", "sign-up", "drivers", "fr", nil},
		"delay-of-a-server-that-does-not-answer":          {"delayed", "sign-up", "drivers", "fr", "TransientCommunicationFailure 4.4.1"},
		"rendering-failure":                               {"rendering-failed", "sign-up", "drivers", "fr", nil},
		"subscription-which-nobody-asked-for":             {unknown, "sign-up", "drivers", "fr", nil},
		"event-of-another-service":                        {unknown, "sign-up", "drivers", "fr", "Permanent General 5.1.1"},
	}, func(t *testing.T, payload []byte, want row) {
		h, logged := newHandler(t)
		if reply, err := h.Invoke(t.Context(), payload); err != nil || string(reply) != "null" {
			t.Errorf("got %s, %v", reply, err)
		}
		level := "INFO"
		if want.outcome == unknown {
			level = "WARN"
		}
		logged.CheckLine(t, map[string]any{
			"level": level, "Outcome": want.outcome, "kind": want.kind, "client": want.client, "locale": want.locale, "detail": want.detail,
		})
		if !strings.Contains(logged.String(), `["Stack","Function","Outcome","kind","client"]`) {
			t.Errorf("there is no metric by kind and client: %s", logged)
		}
	})
}

func TestUnreadableEventIsAnError(t *testing.T) {
	for _, payload := range []string{"", "jane@example.com", "[]", `{"detail":"secret"}`, `{"detail":{"mail":{"tags":{"kind":"jane@example.com"}}}}`} {
		h, logged := newHandler(t)
		if _, err := h.Invoke(t.Context(), []byte(payload)); err != errEvent {
			t.Errorf("%q: got %v", payload, err)
		}
		logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed", "reason": string(errEvent)})
	}
}

func TestNothingPersonalIsLogged(t *testing.T) {
	h, logged := newHandler(t)
	for name, payload := range functiontest.WithSecrets(t) {
		t.Run(name, func(t *testing.T) {
			logged.CheckNothingPersonal(t, func() error {
				_, err := h.Invoke(t.Context(), payload)
				return err
			}, "192.0.2.1", "smtp;")
		})
	}
}

// The table of docs/mail.md has every outcome.
func TestTheDocumentationListsEveryOutcome(t *testing.T) {
	var listed []string
	for _, row := range functiontest.Table(t, "docs/mail.md", "## Feedback") {
		listed = append(listed, strings.Trim(row[0], "`"))
	}
	want := slices.AppendSeq([]string{"bounced", "bounced-for-now", "suppressed", logging.Unknown}, maps.Values(outcomes))
	slices.Sort(want)
	slices.Sort(listed)
	if !slices.Equal(listed, want) {
		t.Errorf("docs/mail.md lists %q, the code has %q", listed, want)
	}
}

func BenchmarkInvoke(b *testing.B) {
	h, _ := newHandler(b)
	h.log = logging.NewWith("mail-feedback", io.Discard, time.Now)
	payload := functiontest.Events(b)["bounce-of-an-address-that-does-not-exist"]
	functiontest.Bench(b, 60, func() {
		if _, err := h.Invoke(b.Context(), payload); err != nil {
			b.Fatal(err)
		}
	})
}

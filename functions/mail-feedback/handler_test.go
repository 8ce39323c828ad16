package main

import (
	"encoding/json"
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
		"bounce-of-an-address-that-does-not-exist":          {"bounced", "sign-up", "drivers", "fr", "Permanent General 5.1.1"},
		"bounce-of-a-full-mailbox":                          {"bounced-for-now", "sign-up", "drivers", "fr", "Transient MailboxFull 4.2.2"},
		"bounce-of-unknown-cause-without-a-status":          {"bounced-for-now", "sign-up", "drivers", "fr", "Undetermined Undetermined"},
		"bounce-of-an-address-on-the-suppression-list":      {"suppressed", "sign-up", "drivers", "fr", "Permanent OnAccountSuppressionList 5.1.1"},
		"bounce-of-an-address-on-the-list-of-all-customers": {"bounced", "sign-up", "drivers", "fr", "Permanent Suppressed 5.1.1"},
		"bounce-of-an-address-on-the-list-of-a-tenant":      {"suppressed", "sign-up", "drivers", "fr", "Permanent OnTenantSuppressionList 5.1.1"},
		"bounce-of-an-address-that-fails-validation":        {"suppressed", "sign-up", "drivers", "fr", "Permanent EmailValidationSuppressed 5.1.1"},
		"bounce-which-is-an-out-of-office-reply":            {"bounced-for-now", "sign-up", "drivers", "fr", "Transient General"},
		"bounce-whose-status-is-an-address":                 {"bounced", "sign-up", "drivers", "fr", "Permanent General"},
		"bounce-of-a-mail-that-cognito-sent":                {"bounced", unknown, unknown, nil, "Permanent NoEmail 5.1.1"},
		"bounce-with-tags-that-are-no-words-of-ours":        {"bounced", unknown, unknown, nil, "Permanent General 5.1.1"},
		"bounce-of-a-sort-that-ses-does-not-document":       {"bounced", "sign-up", "drivers", "fr", "Permanent 5.1.1"},
		"bounce-without-tags-and-headers":                   {"bounced", unknown, unknown, nil, "Permanent General 5.3.0"},
		"open-which-nobody-asked-for":                       {unknown, "sign-up", "drivers", "fr", nil},
		"click-which-nobody-asked-for":                      {unknown, "sign-up", "drivers", "fr", nil},
		"complaint-as-a-notification-of-an-identity":        {unknown, unknown, unknown, nil, nil},
		"complaint-through-a-topic":                         {unknown, unknown, unknown, nil, nil},
		"complaint-of-an-address-on-the-suppression-list":   {"suppressed", "welcome", "riders", "en", "OnAccountSuppressionList"},
		"complaint-of-an-address-on-the-list-of-a-tenant":   {"suppressed", "welcome", "riders", "en", "OnTenantSuppressionList"},
		"complaint-that-it-is-no-spam":                      {"not-spam", "welcome", "riders", "en", "not-spam"},
		"complaint-of-failed-authentication":                {"complained", "welcome", "riders", "en", "auth-failure"},
		"complaint-without-a-report":                        {"complained", "welcome", "riders", "en", nil},
		"complaint-about-a-welcome-mail":                    {"complained", "welcome", "riders", "en", "abuse"},
		"delivery":                                          {"delivered", "sign-up", "drivers", "fr", nil},
		"send":                                              {"sent", "sign-up", "drivers", "fr", nil},
		"reject-of-bad-content":                             {"rejected", "sign-up", "drivers", "fr", nil},
		"delay-of-a-server-that-does-not-answer":            {"delayed", "sign-up", "drivers", "fr", "TransientCommunicationFailure 4.4.1"},
		"rendering-failure":                                 {"rendering-failed", "sign-up", "drivers", "fr", nil},
		"subscription-which-nobody-asked-for":               {unknown, "sign-up", "drivers", "fr", nil},
		"event-of-another-service":                          {unknown, "sign-up", "drivers", "fr", "Permanent General 5.1.1"},
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

// Bounces count as SES counts them when it reviews an account: permanent ones, those of the
// list of all customers included, and no others.
func TestTheOutcomeOfEveryBounceAndComplaint(t *testing.T) {
	const null, absent = "null", ""
	type row struct{ kind, subType, outcome, detail string }
	for event, rows := range map[string][]row{
		"Bounce": {
			{"Permanent", "General", bounced, "Permanent General"},
			{"Permanent", "NoEmail", bounced, "Permanent NoEmail"},
			{"Permanent", "Suppressed", bounced, "Permanent Suppressed"},
			{"Permanent", "OnAccountSuppressionList", suppressed, "Permanent OnAccountSuppressionList"},
			{"Permanent", "OnTenantSuppressionList", suppressed, "Permanent OnTenantSuppressionList"},
			{"Permanent", "EmailValidationSuppressed", suppressed, "Permanent EmailValidationSuppressed"},
			{"Permanent", "UnsubscribedRecipient", suppressed, "Permanent UnsubscribedRecipient"},
			{"Permanent", "OnSampleSuppressionList", suppressed, "Permanent"}, // of a kind to come
			{"Permanent", "Sample", bounced, "Permanent"},
			{"Permanent", "SuppressionList", bounced, "Permanent"},
			{"Permanent", null, bounced, "Permanent"},
			{"Permanent", absent, bounced, "Permanent"},
			{"Transient", "General", bouncedForNow, "Transient General"},
			{"Transient", "MailboxFull", bouncedForNow, "Transient MailboxFull"},
			{"Transient", "MessageTooLarge", bouncedForNow, "Transient MessageTooLarge"},
			{"Transient", "CustomTimeoutExceeded", bouncedForNow, "Transient CustomTimeoutExceeded"},
			{"Transient", "ContentRejected", bouncedForNow, "Transient ContentRejected"},
			{"Transient", "AttachmentRejected", bouncedForNow, "Transient AttachmentRejected"},
			{"Transient", "OnAccountSuppressionList", suppressed, "Transient OnAccountSuppressionList"},
			{"Transient", "Sample", bouncedForNow, "Transient"},
			{"Undetermined", "Undetermined", bouncedForNow, "Undetermined Undetermined"},
			{"Undetermined", null, bouncedForNow, "Undetermined"},
			{"Sample", "Sample", bouncedForNow, ""},
			{null, "OnAccountSuppressionList", suppressed, "OnAccountSuppressionList"},
			{null, "NoEmail", bouncedForNow, "NoEmail"},
			{null, null, bouncedForNow, ""},
			{absent, absent, bouncedForNow, ""},
		},
		"Complaint": {
			{"abuse", null, "complained", "abuse"},
			{"auth-failure", null, "complained", "auth-failure"},
			{"fraud", null, "complained", "fraud"},
			{"other", null, "complained", "other"},
			{"virus", null, "complained", "virus"},
			{"not-spam", null, notSpam, "not-spam"},
			{" not-spam ", absent, notSpam, "not-spam"},
			{"not-spam", "Sample", notSpam, "not-spam"},
			{"not-spam", "OnAccountSuppressionList", suppressed, "not-spam OnAccountSuppressionList"},
			{"abuse", "OnAccountSuppressionList", suppressed, "abuse OnAccountSuppressionList"},
			{null, "OnAccountSuppressionList", suppressed, "OnAccountSuppressionList"},
			{null, "OnTenantSuppressionList", suppressed, "OnTenantSuppressionList"},
			{absent, "OnSampleSuppressionList", suppressed, ""},
			{"sample", null, "complained", ""},
			{null, "Sample", "complained", ""},
			{null, null, "complained", ""},
			{absent, absent, "complained", ""},
		},
	} {
		for _, want := range rows {
			for _, spell := range []func(string) string{func(s string) string { return s }, strings.ToLower, strings.ToUpper} {
				members := map[string]any{}
				for key, value := range map[string]string{
					map[string]string{"Bounce": "bounceType", "Complaint": "complaintFeedbackType"}[event]: want.kind,
					strings.ToLower(event) + "SubType": want.subType,
				} {
					switch value {
					case absent:
					case null:
						members[key] = nil
					default:
						members[key] = spell(value)
					}
				}
				payload, err := json.Marshal(map[string]any{"source": "aws.ses", "detail": map[string]any{
					"eventType": event, strings.ToLower(event): members, "mail": map[string]any{},
				}})
				if err != nil {
					t.Fatal(err)
				}
				h, logged := newHandler(t)
				if _, err := h.Invoke(t.Context(), payload); err != nil {
					t.Fatal(err)
				}
				line := logged.Lines(t)[0]
				if detail, _ := line["detail"].(string); line["Outcome"] != want.outcome || detail != want.detail || line["level"] != "INFO" {
					t.Errorf("%s is logged as %v, want %s %q", payload, line, want.outcome, want.detail)
				}
			}
		}
	}
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
	want := slices.AppendSeq([]string{bounced, bouncedForNow, suppressed, notSpam, logging.Unknown}, maps.Values(outcomes))
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

// poolpost smoke finds its lines by this token.
func TestLinesOfASmokeTestAreMarked(t *testing.T) {
	const token = "0123456789ab"
	h, logged := newHandler(t)
	event := functiontest.Event(t, "bounce-of-an-address-that-does-not-exist", "detail.mail.destination", []string{logging.SmokeAddress("bounce", token)})
	if _, err := h.Invoke(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	logged.CheckLine(t, map[string]any{"test": token})
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

type handler struct {
	config config.MailFeedback
	events publisher // nil without hooks in the settings
	log    *logging.Logger
}

// A publisher publishes what hooks want to know of an event of SES. The locale is one of the
// settings, or empty.
type publisher interface {
	publish(ctx context.Context, e *event, locale string) error
}

// newPublisher is nil in a build with the tag noevents.
var newPublisher func() (publisher, error)

const errEvent = logging.Safe("the event cannot be decoded")

// event is an event of SES as EventBridge hands it on (SES developer guide,
// "Contents of event data that Amazon SES publishes"). Subjects and diagnostic texts, which quote
// addresses, are not even read, and addresses only for the mark of a smoke test.
type event struct {
	Source string `json:"source"` // aws.ses
	Detail struct {
		EventType string `json:"eventType"`
		Mail      struct {
			ID          string              `json:"messageId"`
			Tags        map[string][]string `json:"tags"`
			Destination []string            `json:"destination"`
		} `json:"mail"`
		Bounce struct {
			ID         string      `json:"feedbackId"`
			Time       string      `json:"timestamp"`
			Type       string      `json:"bounceType"`
			SubType    string      `json:"bounceSubType"`
			Recipients []recipient `json:"bouncedRecipients"`
		} `json:"bounce"`
		Complaint struct {
			ID      string `json:"feedbackId"`
			Time    string `json:"timestamp"`
			Type    string `json:"complaintFeedbackType"`
			SubType string `json:"complaintSubType"`
		} `json:"complaint"`
		Delay struct {
			Type       string      `json:"delayType"`
			Recipients []recipient `json:"delayedRecipients"`
		} `json:"deliveryDelay"`
	} `json:"detail"`
}

type recipient struct {
	Status string `json:"status"` // RFC 3463
}

// outcomes are those of events, unless details say otherwise.
var outcomes = map[string]string{
	"Send":              "sent",
	"Delivery":          "delivered",
	"Complaint":         "complained",
	"Reject":            "rejected",
	"DeliveryDelay":     "delayed",
	"Rendering Failure": "rendering-failed",
}

// Invoke counts one event, and publishes what hooks want to know of it. An event that cannot be
// read or published is an error, so that it is kept; one of an unknown type is counted as such.
// Nobody reads the reply.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return []byte("null"), h.log.Record(ctx, func(line *logging.Line) error {
		line.ByKind, line.Kind, line.Client = true, logging.Unknown, logging.Unknown
		var e event
		if err := json.Unmarshal(payload, &e); err != nil {
			return errEvent
		}
		h.read(&e, line)
		if h.events == nil || line.Outcome == logging.Unknown {
			return nil
		}
		err := h.events.publish(ctx, &e, line.Locale)
		if err != nil {
			line.Outcome = logging.Failed // the next attempt counts it
		}
		return err
	})
}

// read fills a line. What it takes from the event is one of the words that the
// settings, or SES's documentation, have.
func (h *handler) read(e *event, line *logging.Line) {
	tags := e.Detail.Mail.Tags
	if kind := first(tags["kind"]); message.Kind(kind).Exists() {
		line.Kind = kind
	}
	if client := first(tags["client"]); slices.Contains(h.config.Clients, client) {
		line.Client = client
	}
	if locale := first(tags["locale"]); slices.Contains(h.config.Locales, locale) {
		line.Locale = locale
	}
	line.Test = logging.SmokeTest(first(e.Detail.Mail.Destination))
	line.Outcome = outcome(e)
	switch d := e.Detail; d.EventType {
	case "Bounce":
		line.Detail = detail(d.Bounce.Type, d.Bounce.SubType, status(d.Bounce.Recipients))
	case "Complaint":
		line.Detail = detail(d.Complaint.Type, d.Complaint.SubType)
	case "DeliveryDelay":
		line.Detail = detail(d.Delay.Type, status(d.Delay.Recipients))
	}
}

// outcome names what happened to the mail. Unknown types are counted as those that SES
// publishes with them: an unknown kind of complaint is a complaint.
func outcome(e *event) string {
	if e.Source != "aws.ses" {
		return logging.Unknown
	}
	switch d := e.Detail; d.EventType {
	case "Bounce":
		switch {
		case stopped(d.Bounce.SubType):
			return suppressed
		case known(d.Bounce.Type) == "Permanent":
			return bounced
		}
		return bouncedForNow
	case "Complaint":
		switch {
		case stopped(d.Complaint.SubType):
			return suppressed
		case known(d.Complaint.Type) == notSpam:
			return notSpam
		}
	}
	return cmp.Or(outcomes[e.Detail.EventType], logging.Unknown)
}

// Outcomes that depend on details.
const (
	bounced       = "bounced" // as SES counts it when it reviews an account
	bouncedForNow = "bounced-for-now"
	suppressed    = "suppressed"
	notSpam       = "not-spam" // a type of feedback report as well (RFC 6430)
)

// stopped reports whether bounces and complaints of a subtype are about an email that this
// account kept SES from sending: the address is on a suppression list of the account or tenant,
// failed the validation, or has unsubscribed. The subtype Suppressed is none of these. It is the
// list of all SES customers, and counts as a bounce (AWS knowledge center, "Do bounces from the
// Amazon SES suppression list affect my daily sending quota?").
func stopped(subtype string) bool {
	subtype = strings.ToLower(subtype)
	return strings.HasPrefix(subtype, "on") && strings.HasSuffix(subtype, "suppressionlist") ||
		subtype == "emailvalidationsuppressed" || subtype == "unsubscribedrecipient"
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func status(recipients []recipient) string {
	if len(recipients) == 0 {
		return ""
	}
	return recipients[0].Status
}

// words are the types that SES documents (SES developer guide, "Contents of event data that
// Amazon SES publishes"; some of the suppressed bounces as others have them), and those of
// complaints as IANA lists them for feedback reports.
var words = []string{
	"Undetermined", "Permanent", "Transient",
	"General", "NoEmail", "Suppressed", "OnAccountSuppressionList", "OnTenantSuppressionList",
	"EmailValidationSuppressed", "UnsubscribedRecipient",
	"MailboxFull", "MessageTooLarge", "CustomTimeoutExceeded", "ContentRejected", "AttachmentRejected",
	"abuse", "auth-failure", "fraud", notSpam, "other", "virus",
	"InternalFailure", "SpamDetected", "RecipientServerError", "IPFailure", "TransientCommunicationFailure",
	"BYOIPHostNameLookupUnavailable", "SendingDeferral",
}

// code is a status code of RFC 3463, such as 5.1.1.
var code = regexp.MustCompile(`^[245]\.[0-9]{1,3}\.[0-9]{1,3}$`)

// known returns a word in SES's spelling, or a status code. Anything else, which may be
// personal, becomes empty. Receivers write the types of complaints, in any case.
func known(value string) string {
	value = strings.TrimSpace(value)
	i := slices.IndexFunc(words, func(word string) bool { return strings.EqualFold(word, value) })
	switch {
	case i >= 0:
		return words[i]
	case code.MatchString(value):
		return value
	}
	return ""
}

// detail joins the values that are known.
func detail(values ...string) string {
	for i, v := range values {
		values[i] = known(v)
	}
	return strings.Join(slices.DeleteFunc(values, func(v string) bool { return v == "" }), " ")
}

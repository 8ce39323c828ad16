package main

import (
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
	log    *logging.Logger
}

const errEvent = logging.Safe("the event cannot be decoded")

// event is an event of SES as EventBridge hands it on (SES developer guide,
// "Contents of event data that Amazon SES publishes"). Addresses, subjects and
// diagnostic texts, which quote addresses, are not even read.
type event struct {
	Source string `json:"source"` // aws.ses
	Detail struct {
		EventType string `json:"eventType"`
		Mail      struct {
			Tags map[string][]string `json:"tags"`
		} `json:"mail"`
		Bounce struct {
			Type       string      `json:"bounceType"`
			SubType    string      `json:"bounceSubType"`
			Recipients []recipient `json:"bouncedRecipients"`
		} `json:"bounce"`
		Complaint struct {
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

// outcomes are those of events whose details do not matter.
var outcomes = map[string]string{
	"Send":              "sent",
	"Delivery":          "delivered",
	"Complaint":         "complained",
	"Reject":            "rejected",
	"DeliveryDelay":     "delayed",
	"Rendering Failure": "rendering-failed",
}

// Invoke counts one event. An event that cannot be read is an error, so that it is kept; one of
// an unknown type is counted as such. Nobody reads the reply.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return []byte("null"), h.log.Record(ctx, func(line *logging.Line) error {
		line.ByKind, line.Kind, line.Client = true, logging.Unknown, logging.Unknown
		var e event
		if err := json.Unmarshal(payload, &e); err != nil {
			return errEvent
		}
		h.read(&e, line)
		return nil
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
	line.Outcome = outcome(e)
	switch d := e.Detail; d.EventType {
	case "Bounce":
		line.Detail = words(d.Bounce.Type, d.Bounce.SubType, status(d.Bounce.Recipients))
	case "Complaint":
		line.Detail = words(d.Complaint.Type, d.Complaint.SubType)
	case "DeliveryDelay":
		line.Detail = words(d.Delay.Type, status(d.Delay.Recipients))
	}
}

// onSuppressionList is the subtype of bounces and complaints without a mail: SES did not
// send it, because the address is on the account's own suppression list.
const onSuppressionList = "OnAccountSuppressionList"

// outcome names what happened to the mail. When SES reviews an account, it counts
// permanent bounces only, and no mails that its suppression list has stopped.
func outcome(e *event) string {
	d := e.Detail
	outcome, ok := outcomes[d.EventType]
	switch {
	case e.Source != "aws.ses":
		return logging.Unknown
	case d.EventType == "Bounce" && (d.Bounce.SubType == "Suppressed" || d.Bounce.SubType == onSuppressionList),
		d.EventType == "Complaint" && d.Complaint.SubType == onSuppressionList:
		return "suppressed"
	case d.EventType == "Bounce" && d.Bounce.Type == "Permanent":
		return "bounced"
	case d.EventType == "Bounce":
		return "bounced-for-now"
	case ok:
		return outcome
	default:
		return logging.Unknown
	}
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

// known are the types that SES documents (SES developer guide, "Contents of event
// data that Amazon SES publishes"; two of the suppressed bounces as others have
// them), and those of complaints as IANA lists them for feedback reports.
var known = []string{
	"Undetermined", "Permanent", "Transient",
	"General", "NoEmail", "Suppressed", onSuppressionList, "OnTenantSuppressionList", "EmailValidationSuppressed",
	"MailboxFull", "MessageTooLarge", "CustomTimeoutExceeded", "ContentRejected", "AttachmentRejected",
	"abuse", "auth-failure", "fraud", "not-spam", "other", "virus",
	"InternalFailure", "SpamDetected", "RecipientServerError", "IPFailure", "TransientCommunicationFailure",
	"BYOIPHostNameLookupUnavailable", "SendingDeferral",
}

// code is a status code of RFC 3463, such as 5.1.1.
var code = regexp.MustCompile(`^[245]\.[0-9]{1,3}\.[0-9]{1,3}$`)

// words keeps the values that are known words or status codes.
func words(values ...string) string {
	unknown := func(v string) bool { return !slices.Contains(known, v) && !code.MatchString(v) }
	return strings.Join(slices.DeleteFunc(values, unknown), " ")
}

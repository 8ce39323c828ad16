package mailbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"unicode"
)

const (
	// maxRecipients counts To, Cc and Bcc ("Service quotas in Amazon SES",
	// developer guide).
	maxRecipients = 50
	// maxHeaders is the limit of Message.Headers (SES API v2 reference).
	maxHeaders = 15
	// maxMail is the largest message of SES v2, in bytes.
	maxMail = 40 << 20
)

// sesError is an error of SES in the REST-JSON protocol, always with status
// 400 here.
type sesError struct{ kind, message string }

func badRequest(format string, args ...any) *sesError {
	return &sesError{"BadRequestException", fmt.Sprintf(format, args...)}
}

// SES returns the endpoint of SES v2: POST /v2/email/outbound-emails takes a
// simple message into the box and answers with its id as MessageId. It refuses
// what SES documents as an error, so that a mistake shows here and not in
// production; texts of errors that are not documented are as observed in
// public reports, or say in plain words what is wrong. They never repeat an
// address. GET /v2/email/suppression/addresses/ADDRESS knows one address.
//
// Left out: raw messages, templates, attachments, every other operation, the check
// of signatures, identities and configuration sets.
func (b *Box) SES() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/email/outbound-emails", b.sendEmail)
	mux.HandleFunc("GET /v2/email/suppression/addresses/{address}", getSuppressedDestination)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeSESError(w, http.StatusNotFound, sesError{"UnknownOperationException", "The local SES knows POST /v2/email/outbound-emails and GET /v2/email/suppression/addresses/ADDRESS only."})
	})
	return mux
}

// suppressedAddress is the address of SES's mailbox simulator for one that is on
// a suppression list (developer guide, "Using the mailbox simulator"). Here it
// is the only one that GetSuppressedDestination finds.
const suppressedAddress = "suppressionlist@simulator.amazonses.com"

// getSuppressedDestination is GetSuppressedDestination (SES API v2 reference).
func getSuppressedDestination(w http.ResponseWriter, r *http.Request) {
	if address := r.PathValue("address"); address != suppressedAddress {
		writeSESError(w, http.StatusNotFound, sesError{"NotFoundException", "The address is not on the suppression list."})
		return
	}
	writeJSON(w, map[string]any{"SuppressedDestination": map[string]any{
		"EmailAddress": suppressedAddress, "Reason": "BOUNCE", "LastUpdateTime": 1700000000, "Attributes": map[string]any{},
	}})
}

func (b *Box) sendEmail(w http.ResponseWriter, r *http.Request) {
	var request sendEmail
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxMail)).Decode(&request); err != nil {
		writeSESError(w, http.StatusBadRequest, sesError{"SerializationException", "The request body is not the JSON of SendEmail."})
		return
	}
	if failure := request.check(); failure != nil {
		writeSESError(w, http.StatusBadRequest, *failure)
		return
	}
	writeJSON(w, map[string]string{"MessageId": b.Add(request.message())})
}

func writeSESError(w http.ResponseWriter, status int, e sesError) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", e.kind)
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(map[string]string{"message": e.message}); err != nil {
		slog.Warn("SES client went away", "error", err)
	}
}

// sendEmail is the request of SendEmail (SES API v2 reference). Its other
// parameters are ignored.
type sendEmail struct {
	FromEmailAddress     string
	ReplyToAddresses     []string
	Destination          struct{ ToAddresses, CcAddresses, BccAddresses []string }
	ConfigurationSetName string
	EmailTags            []struct{ Name, Value string }
	Content              struct {
		Simple        *simple
		Raw, Template any
	}
}

type simple struct {
	Subject *content
	Body    struct {
		HTML *content `json:"Html"`
		Text *content
	}
	Headers     []Header
	Attachments []any
}

type content struct {
	Data    *string
	Charset string
}

func (r *sendEmail) message() Message {
	m := Message{
		From:    r.FromEmailAddress,
		ReplyTo: list(r.ReplyToAddresses),
		To:      r.Destination.ToAddresses,
		Cc:      r.Destination.CcAddresses,
		Bcc:     r.Destination.BccAddresses,
		Subject: *r.Content.Simple.Subject.Data,
		Headers: r.Content.Simple.Headers,
		Tags:    map[string]string{},
		Via:     "SES",
	}
	if c := r.Content.Simple.Body.HTML; c != nil {
		m.HTML = *c.Data
	}
	if c := r.Content.Simple.Body.Text; c != nil {
		m.Text = *c.Data
	}
	for _, tag := range r.EmailTags {
		m.Tags[tag.Name] = tag.Value
	}
	if r.ConfigurationSetName != "" {
		// SES adds this tag itself ("Monitor email sending using event
		// publishing", developer guide).
		m.Tags["ses:configuration-set"] = r.ConfigurationSetName
	}
	return m
}

func (r *sendEmail) check() *sesError {
	switch {
	case r.Content.Raw != nil || r.Content.Template != nil:
		return badRequest("Content.Raw and Content.Template are not part of the local run; send Content.Simple.")
	case r.Content.Simple == nil:
		return badRequest("Content.Simple is missing.")
	case r.FromEmailAddress == "":
		return badRequest("FromEmailAddress is missing.")
	}
	if failure := r.checkAddresses(); failure != nil {
		return failure
	}
	return cmp.Or(r.checkTags(), r.Content.Simple.check())
}

func (r *sendEmail) checkAddresses() *sesError {
	d := r.Destination
	switch n := len(d.ToAddresses) + len(d.CcAddresses) + len(d.BccAddresses); {
	case n == 0:
		return badRequest("Destination has no recipient.")
	case n > maxRecipients:
		return badRequest("Recipient count exceeds %d.", maxRecipients)
	}
	for _, list := range []struct {
		parameter string
		addresses []string
	}{
		{"FromEmailAddress", []string{r.FromEmailAddress}}, {"ReplyToAddresses", r.ReplyToAddresses},
		{"ToAddresses", d.ToAddresses}, {"CcAddresses", d.CcAddresses}, {"BccAddresses", d.BccAddresses},
	} {
		for _, address := range list.addresses {
			if failure := checkAddress(list.parameter, address); failure != nil {
				return failure
			}
		}
	}
	return nil
}

// checkAddress accepts "a@b" and "Name <a@b>" in 7-bit ASCII: SES has no
// SMTPUTF8 (RFC 6531), so a domain must be in Punycode and a name in an encoded
// word (Destination and SendEmail, SES API v2 reference).
func checkAddress(parameter, value string) *sesError {
	a, err := mail.ParseAddress(value)
	if err != nil {
		return badRequest("%s: Illegal address", parameter)
	}
	local, domain, _ := strings.CutLast(a.Address, "@")
	switch {
	case !ascii(domain):
		return badRequest("%s: Domain contains illegal character; write it in Punycode", parameter)
	case !ascii(local):
		return badRequest("%s: Local address contains a character outside of ASCII", parameter)
	case !ascii(value):
		return badRequest("%s: A name outside of ASCII must be an encoded word (RFC 2047)", parameter)
	}
	return nil
}

var tagPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// checkTags checks EmailTags by MessageTag (SES API v2 reference).
func (r *sendEmail) checkTags() *sesError {
	for _, tag := range r.EmailTags {
		for part, value := range map[string]string{"name": tag.Name, "value": tag.Value} {
			if !tagPattern.MatchString(value) {
				return badRequest("Invalid tag %s <%s>: only alphanumeric ASCII characters, '_', and '-' are allowed.", part, value)
			}
		}
	}
	return nil
}

func (s *simple) check() *sesError {
	switch {
	case len(s.Attachments) > 0:
		return badRequest("Content.Simple.Attachments are not part of the local run.")
	case s.Subject == nil:
		return badRequest("Content.Simple.Subject is missing.")
	case s.Body.HTML == nil && s.Body.Text == nil:
		return badRequest("Content.Simple.Body has neither Html nor Text.")
	}
	parts := []struct {
		name string
		*content
	}{{"Subject", s.Subject}, {"Body.Html", s.Body.HTML}, {"Body.Text", s.Body.Text}}
	for _, part := range parts {
		switch {
		case part.content == nil:
		case part.Data == nil:
			return badRequest("Content.Simple.%s.Data is missing.", part.name)
		case part.Charset == "" && !ascii(*part.Data):
			// SES documents that it has to be given; without it the mail
			// would go out garbled.
			return badRequest("Content.Simple.%s has characters outside of ASCII and no Charset.", part.name)
		}
	}
	if strings.ContainsAny(*s.Subject.Data, "\r\n") {
		return badRequest("Content.Simple.Subject contains a line break.")
	}
	return s.checkHeaders()
}

// checkHeaders checks Headers by MessageHeader (SES API v2 reference).
func (s *simple) checkHeaders() *sesError {
	if len(s.Headers) > maxHeaders {
		return badRequest("Content.Simple.Headers has more than %d entries.", maxHeaders)
	}
	for i, h := range s.Headers {
		name := len(h.Name) >= 1 && len(h.Name) <= 126 && !strings.ContainsFunc(h.Name, func(c rune) bool { return c < '!' || c > '~' || c == ':' })
		value := len(h.Value) >= 1 && len(h.Value) <= 995 && !strings.ContainsFunc(h.Value, func(c rune) bool { return c < ' ' || c > '~' })
		switch {
		case !name:
			return badRequest("Content.Simple.Headers[%d].Name must be 1 to 126 printable ASCII characters without blanks and colons.", i)
		case !value:
			return badRequest("Content.Simple.Headers[%d].Value must be 1 to 995 printable ASCII characters.", i)
		case len(h.Name)+len(h.Value) > 996:
			return badRequest("Content.Simple.Headers[%d] is longer than 996 characters.", i)
		}
	}
	return nil
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c > unicode.MaxASCII })
}

package main

import (
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"poolpost/internal/link"
	"poolpost/internal/message"
	"poolpost/internal/settings"
)

// messagesPage is the grid of all messages, or one of them.
type messagesPage struct {
	Title, Here string
	MaxHTML     int
	Locales     []string
	Grid        []gridOfClient

	Kind, Client, Locale string // of one message
	Filled               message.Filled
	Lengths              []partLength
	HTMLAddress          string
}

type gridOfClient struct {
	Client string
	Rows   []gridRow
}

type gridRow struct {
	Kind  message.Kind
	Cells []gridCell
}

type gridCell struct {
	Address string
	Subject string
	Length  int
}

type partLength struct {
	Part          string
	Length, Limit int
}

// preview shows messages exactly as they were compiled, filled with samples.
func (s *suite) preview(w http.ResponseWriter, r *http.Request) {
	p := messagesPage{Title: "Messages", Here: "messages", MaxHTML: message.MaxHTML, Locales: s.settings.Locales}
	if r.FormValue("kind") != "" {
		filled, ok := s.sample(w, r)
		if !ok {
			return
		}
		p.Kind, p.Client, p.Locale, p.Filled = r.FormValue("kind"), r.FormValue("client"), r.FormValue("locale"), filled
		p.HTMLAddress = "/messages/html?" + query(p.Client, p.Locale, p.Kind)
		p.Lengths = []partLength{
			{"Subject", utf8.RuneCountInString(filled.Subject), message.MaxSubject},
			{"HTML", utf8.RuneCountInString(filled.HTML), message.MaxHTML},
			{"Text message", utf8.RuneCountInString(filled.TextMessage), message.MaxTextMessage},
		}
		render(w, http.StatusOK, "messages", p)
		return
	}
	for _, c := range s.settings.Clients {
		grid := gridOfClient{Client: c.Name}
		for _, kind := range message.Kinds {
			row := gridRow{Kind: kind}
			for _, locale := range s.settings.Locales {
				filled, err := s.fillSample(c, locale, kind)
				if err != nil {
					http.Error(w, err.Error(), http.StatusInternalServerError)
					return
				}
				row.Cells = append(row.Cells, gridCell{
					Address: "/messages?" + query(c.Name, locale, string(kind)),
					Subject: filled.Subject, Length: utf8.RuneCountInString(filled.HTML),
				})
			}
			grid.Rows = append(grid.Rows, row)
		}
		p.Grid = append(p.Grid, grid)
	}
	render(w, http.StatusOK, "messages", p)
}

// previewHTML is the HTML of one message, for the frame in the preview.
func (s *suite) previewHTML(w http.ResponseWriter, r *http.Request) {
	filled, ok := s.sample(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:")
	_, _ = io.WriteString(w, filled.HTML)
}

func query(client, locale, kind string) string {
	return url.Values{"client": {client}, "locale": {locale}, "kind": {kind}}.Encode()
}

// sample is the message that a request names.
func (s *suite) sample(w http.ResponseWriter, r *http.Request) (message.Filled, bool) {
	client, ok := s.settings.Client(r.FormValue("client"))
	kind, locale := message.Kind(r.FormValue("kind")), r.FormValue("locale")
	if !ok || !slices.Contains(message.Kinds, kind) || !slices.Contains(s.settings.Locales, locale) {
		http.Error(w, "There is no such message.", http.StatusNotFound)
		return message.Filled{}, false
	}
	filled, err := s.fillSample(client, locale, kind)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return message.Filled{}, false
	}
	return filled, true
}

// samplePassword is the temporary one of a sample invitation.
const samplePassword = "aB3-sample"

// fillSample fills a compiled message with what it could be filled with.
func (s *suite) fillSample(client settings.Client, locale string, kind message.Kind) (message.Filled, error) {
	m, err := message.Load(filepath.Join(s.dir, "send-mail"), client.Name, locale, kind)
	if err != nil {
		return message.Filled{}, err
	}
	code := "123456"
	if kind == message.Invitation {
		code = samplePassword
	}
	return m.Fill(message.Values{
		message.Link:   s.sampleLink(client, locale, kind, code),
		message.Code:   code,
		message.User:   "ann@example.com",
		message.Name:   "Ann Example",
		message.Time:   "2026-01-31 12:34 UTC",
		message.Place:  "Exampletown",
		message.Device: "Firefox, Linux",
	}), nil
}

// sampleLink is where the button of a message leads: as custom-message and
// send-mail choose it, with a sample user and code.
func (s *suite) sampleLink(client settings.Client, locale string, kind message.Kind, code string) string {
	l := link.Link{
		Client: s.clientIDs[client.Name], User: "00000000-0000-4000-8000-000000000000", Code: code, Locale: locale,
	}
	switch kind {
	case message.SignUp:
		return link.Build(s.linksURL, link.PathConfirm, l)
	case message.ForgotPassword:
		if client.ResetURL != "" {
			return link.WithCode(client.ResetURL, l.User, code)
		}
		return link.Build(s.linksURL, link.PathReset, l)
	case message.AttributeChange:
		if client.AttributeURL != "" {
			return link.WithCode(client.AttributeURL, "", code)
		}
		return client.URL
	case message.Invitation:
		return client.SignInURL // never with the password
	case message.Welcome, message.AccountTakeover:
		return client.URL
	default: // a sign-in code is typed where it was asked for
		return ""
	}
}

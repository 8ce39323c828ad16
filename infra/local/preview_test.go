package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"poolpost/infra/local/mailbox"
	"poolpost/internal/message"
	"poolpost/internal/settings"
)

func TestThePreviewLeadsWhereTheMessagesDo(t *testing.T) {
	const user = "00000000-0000-4000-8000-000000000000"
	bare := settings.Client{Name: "web", URL: "https://app.example.com/", SignInURL: "https://app.example.com/sign-in"}
	own := bare
	own.ResetURL, own.AttributeURL = "https://app.example.com/reset", "https://app.example.com/verify"
	ours := "?client=sampleclient&user=" + user + "&code=123456&lang=fr"
	s := &suite{linksURL: "http://127.0.0.1:8080", clientIDs: map[string]string{"web": "sampleclient"}}
	for _, test := range []struct {
		kind   message.Kind
		client settings.Client
		want   string
	}{
		{message.SignUp, own, "http://127.0.0.1:8080/confirm" + ours},
		{message.ForgotPassword, bare, "http://127.0.0.1:8080/reset" + ours},
		{message.ForgotPassword, own, "https://app.example.com/reset?user=" + user + "&code=123456"},
		{message.AttributeChange, bare, "https://app.example.com/"},
		{message.AttributeChange, own, "https://app.example.com/verify?code=123456"},
		{message.Invitation, own, "https://app.example.com/sign-in"},
		{message.SignInCode, own, ""},
		{message.AccountTakeover, own, "https://app.example.com/"},
		{message.Welcome, own, "https://app.example.com/"},
	} {
		if got := s.sampleLink(test.client, "fr", test.kind, "123456"); got != test.want {
			t.Errorf("%s: got  %s\nwant %s", test.kind, got, test.want)
		}
	}
}

func TestThePreviewShowsEveryMessageAndNoPasswordInALink(t *testing.T) {
	s := startSuite(t)
	for _, client := range s.settings.Clients {
		for _, locale := range s.settings.Locales {
			for _, kind := range message.Kinds {
				response, err := http.Get(s.webURL + "/messages/html?" + query(client.Name, locale, string(kind)))
				if err != nil {
					t.Fatal(err)
				}
				page, err := io.ReadAll(response.Body)
				response.Body.Close()
				if err != nil || response.StatusCode != http.StatusOK {
					t.Fatalf("%s in %s: status %d, %v", kind, locale, response.StatusCode, err)
				}
				if kind == message.SignInCode {
					if href.Match(page) {
						t.Errorf("%s in %s has a link", kind, locale)
					}
					continue
				}
				address := linkOf(t, mailbox.Message{HTML: string(page)})
				if !strings.HasPrefix(address, "http") {
					t.Errorf("%s in %s leads to %q", kind, locale, address)
				}
				if kind == message.Invitation && (!strings.Contains(string(page), ">"+samplePassword+"<") || strings.Contains(address, samplePassword)) {
					t.Errorf("%s in %s does not show its password, or leads to %s", kind, locale, address)
				}
			}
		}
	}
}

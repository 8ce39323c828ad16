package main

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"poolpost/internal/link"
)

const typedAddress = "jane+1@example.com"

// typed is the form of the page help, as a browser sends it.
func typed(address string) *http.Request {
	return press(link.PathHelp, values("user", "", "code", "", "lang", "fr", "email", address))
}

func TestALinkGoesToTheAddressThatIsTyped(t *testing.T) {
	s := newSite(t)
	s.checkState(t, s.serve(t, typed("  "+typedAddress+"\n")), helpSent, "riders", "fr")
	want := []question{{
		operation: "ResendConfirmationCode", ClientId: ridersID, Username: typedAddress, ClientMetadata: map[string]string{"locale": "fr"},
	}}
	if !reflect.DeepEqual(s.cognito.asked, want) {
		t.Errorf("Cognito is asked for %+v, want %+v", s.cognito.asked, want)
	}
}

// Whatever Cognito says about a person, the page is the same, letter by letter. Only what does not
// depend on the person is told.
func TestTheAnswerToAnAddressTellsNothing(t *testing.T) {
	shared := newSite(t)
	told := map[string]pageName{
		"too many requests": busy, "an unknown client": unknownClient, "an inner error": unavailable,
		"forbidden by a firewall": unavailable, "no connection": unavailable, "no answer in time": unavailable,
	}
	nothing := newSite(t).serve(t, typed(typedAddress)).Body.String()
	for name, answer := range answers() {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			s.cognito.fails(answer.err)
			w := s.serve(t, typed(typedAddress))
			if want, ok := told[name]; ok {
				s.checkState(t, w, want, "riders", "fr")
				return
			}
			if page := w.Body.String(); w.Code != http.StatusOK || page != nothing {
				t.Errorf("with status %d the page is\n%s", w.Code, page)
			}
			line, unexpected := s.logged.Lines(t)[0], unexpectedAnswers[name]
			if line["Outcome"] != helpSent.name || (line["level"] == "WARN") != unexpected || (line["warning"] != nil) != unexpected {
				t.Errorf("the line is %v", line)
			}
		})
	}
}

// unexpectedAnswers are logged, as an operator can do something about them.
var unexpectedAnswers = map[string]bool{
	"refused by a trigger": true, "refused without a word": true, "a trigger that fails": true, "a trigger's bad answer": true,
	"a mail that is not sent": true, "an error of a later day": true,
}

func TestWhatIsNoAddressAsksNobody(t *testing.T) {
	shared := newSite(t)
	for name, address := range map[string]string{
		"nothing": "", "blanks": "  ", "a user name": userID, "a provider's user": "Facebook_1002003", "no name": "@example.com", "no domain": "jane@",
		"two lines": "jane\n@example.com", "a space": "jane doe@example.com", "a NUL": "jane\x00@example.com", "no UTF-8": "jane\xff@example.com",
		"129 characters": strings.Repeat("é", 117) + "@example.com",
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			w := s.serve(t, typed(address))
			s.checkState(t, w, helpAgain, "riders", "fr")
			s.checkNotAsked(t)
			if page := read(w.Body.String()); page.action != "post /help" {
				t.Errorf("the form is %s", page.action)
			}
		})
	}
	t.Run("128 characters are one", func(t *testing.T) {
		s := shared.another()
		s.checkState(t, s.serve(t, typed(strings.Repeat("é", 116)+"@example.com")), helpSent, "riders", "fr")
	})
	t.Run("a form that is too large", func(t *testing.T) {
		s := shared.another()
		s.checkState(t, s.serve(t, press(link.PathHelp, values("email", typedAddress, "more", strings.Repeat("x", maxBody)))), helpAgain, "riders", "en")
		s.checkNotAsked(t)
	})
}

// Nobody is left with a page that offers nothing: to whom a link for a password cannot be sent, the
// page shows the way to confirm.
func TestPagesLeadToTheOneForAnAddress(t *testing.T) {
	shared := newSite(t)
	for name, test := range map[string]struct {
		request *http.Request
		err     error
	}{
		"a new link for a password was requested":       {press(link.PathForgot, values()), nil},
		"the same, of somebody whom Cognito sends none": {press(link.PathForgot, values()), says("InvalidParameterException")},
		"the same, of nobody":                           {press(link.PathForgot, values()), says("UserNotFoundException")},
		"a link for a password has expired":             {press(link.PathReset, values("password", password, "repeat", password)), says("ExpiredCodeException")},
		"the link of somebody who is not yet confirmed": {press(link.PathReset, values("password", password, "repeat", password)), says("UserNotConfirmedException")},
		"a link that has lost the user":                 {open(link.PathReset, values("user", "")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			s.cognito.fails(test.err)
			also := read(s.serve(t, test.request).Body.String()).also
			if also != "/help?client="+ridersID+"&lang=en" {
				t.Fatalf("the page leads to %q", also)
			}
			path, query, _ := strings.Cut(also, "?")
			r := open(path, nil)
			r.URL.RawQuery = query
			s.checkState(t, s.serve(t, r), help, "riders", "en")
		})
	}
}

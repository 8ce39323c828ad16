package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"poolpost/internal/settings/settingstest"
)

func TestCheckReportsMessageSizes(t *testing.T) {
	out, _ := must(t, "check", "--settings", settingstest.File())
	want := regexp.MustCompile(`^112 messages meet Cognito's limits \(clients: 1, locales: 16, kinds: 7\)
With the longest values in their placeholders
  the longest HTML          has \d{5} of 20000 characters: web/\S+
  the largest HTML          has    \d\d of the 102 KB that Gmail shows
  the longest subject       has    \d\d of 140 characters: web/\S+
  the longest text message  has   1\d\d of 140 characters: web/\S+
$`)
	if !want.MatchString(out) {
		t.Errorf("got\n%s", out)
	}
	out, _ = must(t, "check", "--settings", settingstest.File(), "--json")
	var got checkResult
	if err := json.Unmarshal([]byte(out), &got); err != nil || got.Messages != 112 || got.SMS.Limit != 140 || got.SMS.Characters < 100 {
		t.Errorf("%v, %s", err, out)
	}
}

func TestHTTPLinkIsRefused(t *testing.T) {
	_, err := check(settingstest.FileWith(t, "poolpost.yaml", "https://app.example.com/", "http://127.0.0.1:3000/"))
	for _, key := range []string{"url", "signInUrl", "attributeUrl", "returnUrls[0]"} {
		if want := "clients[0]." + key + ": must begin with https://"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got\n%v\nwithout %s", err, want)
		}
	}
}

func TestMistakesAreReportedOnePerLine(t *testing.T) {
	const wording = "    support: drivers@example.com\n    wording:\n      en:\n"
	_, err := check(settingstest.FileWith(t, "poolpost.yaml",
		wording, wording+"        welcome: {subject: \"a\\nb\", preheader: \"{code}\"}\n", "brand: myapp", "brand: drivers"))
	want := "brands[1].wording.en.welcome.preheader: {code} cannot be filled here; these can: {brand} {passwordPolicy} {postalAddress} {support}"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if _, err := check("nowhere.yaml"); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("got %v", err)
	}
}

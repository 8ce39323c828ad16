package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestCheckReportsMessageSizes(t *testing.T) {
	out, _ := must(t, "check", "--settings", sampleSettings)
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
	out, _ = must(t, "check", "--settings", sampleSettings, "--json")
	var got checkResult
	if err := json.Unmarshal([]byte(out), &got); err != nil || got.Messages != 112 || got.SMS.Limit != 140 || got.SMS.Characters < 100 {
		t.Errorf("%v, %s", err, out)
	}
}

func TestHTTPLinkIsRefused(t *testing.T) {
	text, err := os.ReadFile(sampleSettings)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "poolpost.yaml")
	bad := regexp.MustCompile(`https://app\.example\.com/`).ReplaceAllString(string(text), "http://127.0.0.1:3000/")
	if err := os.WriteFile(file, []byte(bad), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = check(file)
	for _, key := range []string{"url", "signInUrl", "attributeUrl", "returnUrls[0]"} {
		if want := "clients[0]." + key + ": must begin with https://"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got\n%v\nwithout %s", err, want)
		}
	}
}

func TestMistakesAreReportedOnePerLine(t *testing.T) {
	text, err := os.ReadFile(sampleSettings)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "poolpost.yaml")
	bad := strings.Replace(string(text), "    support: drivers@example.com\n    wording:\n      en:\n", "    support: drivers@example.com\n    wording:\n      en:\n        welcome: {subject: \"a\\nb\", preheader: \"{code}\"}\n", 1)
	bad = strings.Replace(bad, "brand: myapp", "brand: drivers", 1)
	if err := os.WriteFile(file, []byte(bad), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = check(file)
	want := "brands[1].wording.en.welcome.preheader: {code} cannot be filled here; these can: {brand} {passwordPolicy} {postalAddress} {support}"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if _, err := check("nowhere.yaml"); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("got %v", err)
	}
}

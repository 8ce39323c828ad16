package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/settings/settingstest"
)

func TestCheckReportsMessageSizes(t *testing.T) {
	out, _ := must(t, "check", "--settings", settingstest.File())
	want := regexp.MustCompile(`^144 messages meet Cognito's limits \(clients: 1, locales: 16, kinds: 9\)
With the longest values in their placeholders
  the longest HTML          has \d{5} of 20000 characters: web/\S+
  the largest HTML          has    \d\d of the 102 KB that Gmail shows
  the longest subject       has    \d\d of 140 characters: web/\S+
$`)
	if !want.MatchString(out) {
		t.Errorf("got\n%s", out)
	}
	out, _ = must(t, "check", "--settings", settingstest.File(), "--json")
	var got checkResult
	if err := json.Unmarshal([]byte(out), &got); err != nil || got.Messages != 144 || got.Subject.Limit != 140 || got.Subject.Characters < 20 {
		t.Errorf("%v, %s", err, out)
	}
}

func TestHTTPLinkIsRefused(t *testing.T) {
	_, err := check(settingstest.FileWith(t, "poolpost.yaml", "https://app.example.com/", "http://127.0.0.1:3000/"), "dev")
	for _, key := range []string{"url", "signInUrl", "attributeUrl", "returnUrls[0]"} {
		if want := "clients[0]." + key + ": must begin with https://"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got\n%v\nwithout %s", err, want)
		}
	}
}

func TestMistakesAreReportedOnePerLine(t *testing.T) {
	const wording = "    support: drivers@example.com\n    wording:\n      en:\n"
	_, err := check(settingstest.FileWith(t, "poolpost.yaml",
		wording, wording+"        welcome: {subject: \"a\\nb\", preheader: \"{code}\"}\n", "brand: myapp", "brand: drivers"), "dev")
	want := "brands[1].wording.en.welcome.preheader: {code} cannot be filled here; these can: {brand} {passwordPolicy} {postalAddress} {support}"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if _, err := check("nowhere.yaml", "dev"); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("got %v", err)
	}
}

// The sample can be checked and synthesised, but not deployed.
func TestSampleSettingsAreNotDeployed(t *testing.T) {
	file := settingstest.File()
	_, warnings := must(t, "check", "--settings", file)
	code, out, refused := execute(t, "check", "--deploy", "--settings", file)
	if code != cli.Failed || out != "" {
		t.Errorf("exit code %d, %q", code, out)
	}
	var samples int
	for line := range strings.Lines(warnings) {
		rest, ok := strings.CutPrefix(line, "warning: ")
		if !ok || !strings.Contains(refused, rest) {
			t.Errorf("with --deploy there is no line %q", line)
		}
		samples++
	}
	want := file + ":23: mail.from.address: is at example.com, which is reserved for examples (RFC 2606); write your own\n"
	if samples < 5 || !strings.Contains(refused, want) {
		t.Errorf("got\n%s\nwithout %s", refused, want)
	}

	// Settings of one's own are deployed; what deserves a look is a warning.
	own := settingstest.FileWith(t, "own.yaml", "example.com", "rides.org", "[given_name, name, agentName]", "[agentName, given_name, name]")
	if _, warnings := must(t, "check", "--deploy", "--settings", own); warnings != "" {
		t.Errorf("in dev there are the warnings\n%s", warnings)
	}
	if _, warnings := must(t, "check", "--deploy", "--settings", own, "--stage", "prod"); !strings.Contains(warnings, "warning: "+own+": links.host: is missing: ") {
		t.Errorf("in prod there are the warnings\n%s", warnings)
	}
	if code, _, errOut := execute(t, "check", "--settings", own, "--stage", "Prod"); code != cli.Failed || !strings.HasPrefix(errOut, "stage: must be 1 to 63 lower-case") {
		t.Errorf("exit code %d, %s", code, errOut)
	}
}

// make deploy asks before the CDK, for either stack.
func TestMakeDeployChecksTheSettingsFirst(t *testing.T) {
	for _, stack := range []string{"Pool", "Identity"} {
		command := exec.Command("make", "--no-print-directory", "--dry-run", "--assume-old=node_modules", "deploy", "STACK="+stack, "SETTINGS=drivers.yaml", "STAGE=prod")
		command.Dir = "../.."
		command.Env = append(os.Environ(), "MAKELEVEL=", "MAKEFLAGS=") // not as part of make test
		out, err := command.CombinedOutput()
		checked := strings.Index(string(out), "check --deploy --settings drivers.yaml --stage prod")
		if deployed := strings.Index(string(out), "cdk deploy "+stack); err != nil || checked < 0 || deployed < checked {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

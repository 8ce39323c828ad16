package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestWhatAWSWouldRefuseIsRefusedBeforeTheDeployment(t *testing.T) {
	const file = "poolpost.yaml"
	t.Chdir(t.TempDir())
	attributes := regexp.MustCompile(`attributes: \[.*\]`)
	if err := os.WriteFile(file, []byte(bare), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readSettings(file); err != nil {
		t.Errorf("good settings are refused: %v", err)
	}
	for name, test := range map[string]struct{ text, want string }{
		"a sender outside the verified domain": {strings.Replace(bare, "identity: no-reply@example.com", "identity: example.org", 1),
			`poolpost.yaml:3: mail.identity: must be no-reply@example.com, the sender's address, or its domain, not "example.org": SES sends only for what it has verified`},
		"an attribute with a name of 21 characters": {attributes.ReplaceAllString(bare, "attributes: [{name: abcdefghijklmnopqrstu}]"),
			`poolpost.yaml:2: pool.attributes[0].name: must be 1 to 20 characters without blanks, not "abcdefghijklmnopqrstu"`},
		"51 attributes": {attributes.ReplaceAllString(bare, "attributes: ["+manyAttributes(51)+"]"),
			`poolpost.yaml:2: pool.attributes: has 51 entries; Cognito takes 50 custom attributes at most`},
		"a client without an address": {strings.Replace(bare, "{name: web, url: https://app.example.com/}", "{name: web}", 1),
			`poolpost.yaml:5: clients[0].url: is missing; write the app's address, such as https://app.example.com/`},
		"an app on this machine": {strings.Replace(bare, "https://app.example.com/", "http://localhost:3000/", 1),
			`poolpost.yaml:5: clients[0].url: must begin with https://: an app on this machine is for the local run only`},
		"a region that is none": {strings.Replace(bare, "eu-west-1", "eu-nowhere-9", 1),
			`poolpost.yaml: pool.region: AWS has no region "eu-nowhere-9" that the CDK knows; write another one, such as eu-central-1`},
		"a way of delivery that is none": {strings.Replace(bare, "mail: {", "mail: {delivery: post, ", 1),
			`poolpost.yaml:3: mail.delivery: must be one of cognito, ses, not "post"`},
	} {
		if err := os.WriteFile(file, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readSettings(file); err == nil || err.Error() != test.want {
			t.Errorf("%s: got\n%v\nwant\n%s", name, err, test.want)
		}
	}
}

func manyAttributes(n int) string {
	var list []string
	for i := range n {
		list = append(list, "{name: a"+strings.Repeat("b", i%17)+string(rune('a'+i/17))+"}")
	}
	return strings.Join(list, ", ")
}

// The CDK needs Node.js; a machine without it is told so in one line.
func TestAMachineWithoutNodeIsToldSo(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() // with Go, for the Makefile, and nothing else
	if err := os.Symlink(tool, filepath.Join(path, "go")); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"bootstrap", "synth", "diff", "deploy", "destroy"} {
		command := exec.Command("make", "--no-print-directory", target)
		command.Dir = ".."
		command.Env = append(os.Environ(), "PATH="+path, "MAKELEVEL=", "MAKEFLAGS=") // the last one of a name counts; not as a part of make test
		out, err := command.CombinedOutput()
		line, rest, _ := strings.Cut(string(out), "\n")
		if err == nil || line != "there is no Node.js: install version 22 or newer, which the CDK needs" || !strings.HasPrefix(rest, "make: ***") {
			t.Errorf("make %s: %v\n%s", target, err, out)
		}
	}
}

package main

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"poolpost/internal/bundle"
	"poolpost/internal/compile"
	"poolpost/internal/config"
	"poolpost/internal/settings"
	"poolpost/local/lambda"
	"poolpost/templates"
)

// A subject is a function that is measured, with a sample event.
type subject struct {
	name  string
	of    string // the function whose event it gets: its own name, or that of what is compared
	dir   string
	env   map[string]string
	event []byte
	zip   int64 // what is uploaded, in bytes
}

// function is the subject as a process; env directs it to AWS.
func (s subject) function(env map[string]string) lambda.Function {
	all := maps.Clone(env)
	maps.Copy(all, s.env)
	return lambda.Function{Name: s.name, Dir: s.dir, Env: all, Timeout: time.Minute}
}

// What functions are compared with.
const (
	empty  = "empty"      // a Go function that does nothing
	call   = "its calls"  // a Go function that only makes as many calls of AWS, of the same size
	nodeJS = "in Node.js" // custom-message, written in JavaScript
)

// values are the values of a stack in the environment of the functions.
var values = bundle.Values{
	Stage: "dev", CaptchaSecret: "myapp/turnstile", LinksURL: "https://links.example.com",
	Clients: `{"web":"1ridersexample23456789abcd"}`, UserPoolID: "eu-central-1_Sample001",
	MailQueueURL:       "https://sqs.eu-central-1.amazonaws.com/123456789012/mail.fifo",
	EventQueueURL:      "https://sqs.eu-central-1.amazonaws.com/123456789012/events",
	DeadLetterQueueURL: "https://sqs.eu-central-1.amazonaws.com/123456789012/mail.fifo",
	KMSKeyARN:          "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000",
}

var samples = []struct {
	name, event string
	kind        string                   // the difference from another sample of the same function
	calls       string                   // of AWS: the bytes of each body, as bench/call reads them
	change      func(*settings.Settings) // with which the function is built; nil: none
}{
	{"pre-sign-up", "sign-up.json", "", "", nil},
	{"pre-sign-up", "sign-up.json", ", with a hook", "", func(s *settings.Settings) { s.SignUp.Hook.Function = "sign-up-hook" }},
	{"pre-sign-up", "sign-up-with-a-token-of-turnstile.json", ", with a captcha", "", func(s *settings.Settings) {
		s.SignUp.Captcha.Provider, s.SignUp.Captcha.Secret, s.SignUp.Captcha.Action = config.Turnstile, "myapp/turnstile", "signup"
	}},
	{"pre-sign-up", "sign-up-with-an-accented-agent-name.json", ", name not in ASCII", "", nil},
	{"custom-message", "sign-up-in-canadian-french.json", "", "", nil},
	{"verify-link", "open-the-link-of-a-sign-up.json", "", "", nil},
	{"post-confirmation", "confirm-sign-up.json", "", "111,413", nil},
	{"post-confirmation", "confirm-sign-up.json", ", with events", "", func(s *settings.Settings) { s.Hooks.Bus = settings.DefaultBus }},
	{"post-confirmation", "sign-in.json", ", a sign-in", "", func(s *settings.Settings) { s.Invitations.FollowUp = true }},
	{"custom-email-sender", "sign-up.json", "", "1183", nil},
	{"mail-feedback", "bounce-of-an-address-that-does-not-exist.json", "", "", nil},
	{"send-mail", "one-welcome-mail.json", "", "11614;118", nil},
}

// build builds everything that is measured into dir, with the flags of a release, each program
// behind a gate. nodeModules has the AWS runtime client for Node.js; without it, custom-message in
// Node.js is not measured.
func build(ctx context.Context, root, dir, nodeModules string) ([]subject, error) {
	set, err := settings.Read(filepath.Join(root, "internal/settings/testdata/sample.yaml"))
	if err != nil {
		return nil, err
	}
	// As many locales as a pool often has: each makes the packages larger.
	set.Locales = []string{"en", "fr", "ar"}
	// Every rule without the network; the samples pass them all.
	set.SignUp.ExternalProviders.Policy = config.RefuseProviders
	set.SignUp.Email.AllowedDomains, set.SignUp.Email.RefuseTypos = []string{"example.com"}, true
	set.SignUp.Email.RefuseDisposable, set.SignUp.Email.RefuseRoleAccounts, set.SignUp.Email.RefusePlusAddresses = true, true, true
	set.SignUp.Attributes[0].AllowedValues = []string{"Agent Jane", "Agent Zoë"}
	set.SignUp.Attributes[0].RefuseURLs, set.SignUp.Attributes[0].ForbiddenWords = true, []string{"admin", "support"}
	set.Mail.Delivery = settings.DeliverySES // the larger send-mail, which decrypts codes
	out, err := compile.All(templates.FS, set)
	if err != nil {
		return nil, err
	}
	if err := bundle.Write(dir, set, out, bundle.Functions); err != nil {
		return nil, err
	}
	if err := bundle.BuildBinaries(ctx, dir, set, bundle.ThisMachine, bundle.Functions); err != nil {
		return nil, err
	}
	for _, limit := range []string{"empty", "call"} {
		if err := bundle.GoBuild(ctx, filepath.Join(dir, limit, "bootstrap"), bundle.ThisMachine, "./bench/"+limit); err != nil {
			return nil, err
		}
	}
	var list []subject
	for i, sample := range samples {
		event, err := os.ReadFile(filepath.Join(root, "functions", sample.name, "testdata/events", sample.event))
		if err != nil {
			return nil, err
		}
		s := subject{name: empty, of: sample.name, dir: filepath.Join(dir, "empty"), event: event}
		list = append(list, s)
		if sample.calls != "" {
			s.name, s.dir, s.env = call, filepath.Join(dir, "call"), map[string]string{"CALLS": sample.calls}
			list = append(list, s)
		}
		f, with, folder := bundle.Named(sample.name), *set, dir
		if sample.change != nil {
			sample.change(&with)
			folder = filepath.Join(dir, fmt.Sprintf("%s-%d", sample.name, i))
			if err := bundle.Write(folder, &with, out, []bundle.Function{f}); err != nil {
				return nil, err
			}
			if err := bundle.BuildBinaries(ctx, folder, &with, bundle.ThisMachine, []bundle.Function{f}); err != nil {
				return nil, err
			}
		}
		s.name, s.dir, s.env = sample.name+sample.kind, filepath.Join(folder, sample.name), f.Env(&with, values)
		list = append(list, s)
		if s.name == "custom-message" && nodeModules != "" {
			s.name = nodeJS
			if s.dir, err = buildNode(root, dir, nodeModules); err != nil {
				return nil, err
			}
			list = append(list, s)
		}
	}
	for i, s := range list {
		if list[i].zip, err = zipSize(s.dir); err != nil {
			return nil, fmt.Errorf("zip %s: %w", s.name, err)
		}
	}
	for _, folders := range []string{"*", "*/*"} {
		programs, err := filepath.Glob(filepath.Join(dir, folders, "bootstrap"))
		if err != nil {
			return nil, err
		}
		for _, program := range programs {
			if err := gate(program); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// buildNode puts the function in JavaScript beside copies of the settings and messages of the one
// in Go, and starts it as Lambda's Node.js runtime does. The runtime client is elsewhere: on Lambda
// it is not part of the package.
func buildNode(root, dir, nodeModules string) (string, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return "", err
	}
	to := filepath.Join(dir, "node")
	if err := os.RemoveAll(to); err != nil {
		return "", err
	}
	// Those of send-mail are not encoded as JSON, which JavaScript cannot use.
	for from, below := range map[string]string{
		filepath.Join(root, "bench/node"): "", filepath.Join(dir, "send-mail/messages"): "messages",
	} {
		if err := os.CopyFS(filepath.Join(to, below), os.DirFS(from)); err != nil {
			return "", err
		}
	}
	settings, err := os.ReadFile(filepath.Join(dir, "custom-message", config.File))
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(to, config.File), settings, 0o644); err != nil {
		return "", err
	}
	client := filepath.Join(nodeModules, ".bin/aws-lambda-ric")
	script := fmt.Sprintf("#!/bin/sh\n_HANDLER=index.handler exec %s %s index.handler\n", node, client)
	return to, os.WriteFile(filepath.Join(to, "bootstrap"), []byte(script), 0o755)
}

// zipSize is the size of a folder as a deployment package, in bytes.
func zipSize(dir string) (int64, error) {
	file, err := os.CreateTemp("", "poolpost-bench-*.zip")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	w := zip.NewWriter(file)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	return file.Seek(0, io.SeekEnd)
}

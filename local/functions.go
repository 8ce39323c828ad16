package local

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"poolpost/internal/bundle"
	"poolpost/internal/compile"
	"poolpost/local/lambda"
	"poolpost/templates"
)

func (s *Stack) build(ctx context.Context, o Options, progress func(step string)) (err error) {
	s.compiled = o.hooks.compiled
	if s.compiled == nil {
		progress("compiling the messages")
		if s.compiled, err = compile.All(templates.Beside(o.Settings), s.settings); err != nil {
			return err
		}
	}
	functions := bundle.FunctionsOf(s.settings)
	if err := bundle.Write(s.dir, s.settings, s.compiled, functions); err != nil || o.hooks.built {
		return err
	}
	progress("building the functions")
	if err := bundle.BuildBinaries(ctx, s.dir, s.settings, bundle.ThisMachine, functions); err != nil || !s.settings.Mail.UsesCustomSender() {
		return err
	}
	return bundle.GoBuild(ctx, filepath.Join(s.dir, encrypter, "bootstrap"), bundle.ThisMachine, "./local/encryptcode")
}

// encrypter is the function that encrypts codes. It is one, so that only who needs
// it compiles the AWS Encryption SDK.
const encrypter = "encrypt-code"

// encrypt does to a code what Cognito does for a custom email sender.
func (s *Stack) encrypt(ctx context.Context, code string) (text string, err error) {
	event, err := json.Marshal(code)
	if err != nil {
		return "", err
	}
	response, err := s.host.Invoke(ctx, encrypter, event)
	if err != nil {
		return "", fmt.Errorf("encrypt a code: %w", err)
	}
	err = json.Unmarshal(response, &text)
	return text, err
}

// hosted are all functions of the host: those of the product, and what takes the place of
// a part of Cognito.
func (s *Stack) hosted() []lambda.Function {
	all := s.functions()
	if s.settings.Mail.UsesCustomSender() {
		all = append(all, lambda.Function{
			Name: encrypter, Dir: filepath.Join(s.dir, encrypter), Timeout: 5 * time.Second,
			Env: map[string]string{"AWS_ENDPOINT_URL": s.awsURL, "KMS_KEY_ARN": s.key.ARN(), "USER_POOL_ID": s.poolID},
		})
	}
	return all
}

// functions are what the deployment would make of the settings: each function
// with its environment and its time limit.
func (s *Stack) functions() []lambda.Function {
	ids, err := json.Marshal(s.clientIDs)
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	values := bundle.Values{
		Stack: "local", Stage: "local", LinksURL: s.linksURL, Clients: string(ids), UserPoolID: s.poolID, KMSKeyARN: s.key.ARN(),
		CaptchaSecret: captchaSecret, CaptchaURL: s.awsURL + "/siteverify",
		MailQueueURL: s.queue.URL(s.awsURL), DeadLetterQueueURL: s.queue.DeadURL(s.awsURL),
	}
	if s.eventQueue != nil {
		values.EventQueueURL = s.eventQueue.URL(s.awsURL)
	}
	var all []lambda.Function
	for _, f := range bundle.FunctionsOf(s.settings) {
		env := f.Env(s.settings, values)
		env["AWS_ENDPOINT_URL"] = s.awsURL
		limit := f.Timeout
		if f.Name == "send-mail" {
			limit = cmp.Or(s.sendLimit, limit)
		}
		all = append(all, lambda.Function{Name: f.Name, Dir: filepath.Join(s.dir, f.Name), Env: env, Timeout: limit})
	}
	return all
}

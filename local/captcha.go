package local

import (
	_ "embed"
	"encoding/json"
	"net/http"

	"poolpost/internal/config"
	"poolpost/internal/settings"
	"poolpost/local/awsjson"
)

// captchaSecret is the name of the secret that functions read, and captchaKey its text.
const (
	captchaSecret = "captcha"
	captchaKey    = "sample-key-of-the-local-run"
)

// secretsTarget begins the operations of Secrets Manager.
const secretsTarget = "secretsmanager."

// secrets stands in for AWS Secrets Manager, with the one secret that the functions read.
var secrets = &awsjson.Service{
	Version: "1.1", Target: secretsTarget, MaxRequest: 64 << 10,
	Operations: map[string]awsjson.Operation{
		"GetSecretValue": awsjson.Signed(awsjson.Handle(func(_ *http.Request, in struct{ SecretId string }) (any, error) {
			if in.SecretId != captchaSecret {
				return nil, awsjson.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
			}
			return map[string]string{"Name": captchaSecret, "SecretString": captchaKey}, nil
		})),
	},
	Unknown: func(operation string) *awsjson.Error {
		return awsjson.Errorf("UnknownOperationException", "The local run has no operation %s of Secrets Manager.", operation)
	},
	Malformed: awsjson.Errorf("InvalidRequestException", "The request cannot be read."),
}

// sampleProof is what the site keys for tests of a provider give a page: with the secret keys for
// tests, only this passes, and with reCAPTCHA's everything does (Turnstile, "Testing"; hCaptcha
// developer guide, "Integration testing: test keys"; reCAPTCHA, FAQ).
var sampleProof = map[string]string{
	config.Turnstile: "XXXX.DUMMY.TOKEN.XXXX",
	config.HCaptcha:  "10000000-aaaa-bbbb-cccc-000000000001",
	config.Recaptcha: "sample",
}

// siteverify stands in for the service of a captcha, as with keys for tests.
func siteverify(set *settings.Settings) http.HandlerFunc {
	c := set.SignUp.Captcha
	return func(w http.ResponseWriter, r *http.Request) {
		var verdict any
		switch response := r.PostFormValue("response"); {
		case r.PostFormValue("secret") != captchaKey:
			verdict = map[string]any{"success": false, "error-codes": []string{"invalid-input-secret"}}
		case response == sampleProof[c.Provider], c.Provider == config.Recaptcha:
			verdict = map[string]any{"success": true, "hostname": set.CaptchaHosts()[0], "action": c.Action, "score": 0.9}
		default:
			verdict = map[string]any{"success": false, "error-codes": []string{"invalid-input-response"}}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(verdict)
	}
}

//go:embed pages/captcha.js
var captchaScript string

// appCaptcha is what the page of the sample app asks for.
type appCaptcha struct{ Provider, Proof string }

func newAppCaptcha(set *settings.Settings) *appCaptcha {
	if !set.SignUp.UsesCaptcha() {
		return nil
	}
	provider := set.SignUp.Captcha.Provider
	return &appCaptcha{provider, sampleProof[provider]}
}

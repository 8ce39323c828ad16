package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/config"
)

// newCaptchaSecret is the secret that functions check proofs of persons with: that of the settings,
// or for ALTCHA a new one, which nobody else has to know. A challenge lives for minutes, so nothing
// is lost with the secret.
func (p *Pool) newCaptchaSecret() {
	set := p.settings.SignUp
	switch {
	case !set.UsesCaptcha():
	case set.UsesAltcha():
		key := awssecretsmanager.NewSecret(p, jsii.String("CaptchaKey"), &awssecretsmanager.SecretProps{
			Description: jsii.String("Poolpost: signs the challenges of ALTCHA"),
			GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
				PasswordLength: jsii.Number(64), ExcludePunctuation: jsii.Bool(true),
			},
		})
		suppress(key, "AwsSolutions-SMG4", "It is shared with nobody. PutSecretValue replaces it at any time (docs/captcha.md).")
		p.captchaSecret = key.SecretArn()
		p.values.CaptchaSecret = *p.captchaSecret
	default:
		p.values.CaptchaSecret = set.Captcha.Secret
		p.captchaSecret = p.secretARN(set.Captcha.Secret)
	}
}

// allowCaptcha lets a function read the secret, and nothing else about it.
func (p *Pool) allowCaptcha(f awslambda.Function) { allowSecrets(f, p.captchaSecret) }

// alarmCaptcha watches what keeps proofs from being checked, or challenges from being made.
func (p *Pool) alarmCaptcha() {
	metrics := []awscloudwatch.IMetric{p.outcomeMetric("pre-sign-up", config.CaptchaUnavailable)}
	if p.settings.SignUp.UsesAltcha() {
		metrics = append(metrics, p.outcomeMetric("verify-link", config.CaptchaUnavailable))
	}
	p.newAlarm(alarm{
		id: "CaptchaFails", pageNow: p.settings.SignUp.Captcha.OnFailure != config.AcceptOnFailure || p.settings.SignUp.UsesAltcha(),
		meaning: "The captcha of signUp.captcha could not be checked or shown.",
		metric:  sum(metrics...), threshold: 1,
	})
}

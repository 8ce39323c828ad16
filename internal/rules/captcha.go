package rules

import (
	"context"
	"time"

	"poolpost/internal/config"
	"poolpost/internal/logging"
)

// A Captcha checks what a person has sent as proof of being one. It returns why that is none, as a
// word for logs, or an error when it cannot know. Cognito may repeat a sign-up, so a proof passes
// again for the same one.
type Captcha interface {
	Verify(ctx context.Context, proof, signUp string) (rejected string, err error)
}

// maxProof is the size of a proof, in bytes. Those of Turnstile have 2,048 characters at most, those
// of others were seen with some 4,000.
const maxProof = 16 << 10

func captchaRule(c config.Captcha) Rule {
	return Rule{
		Name: "captcha", Setting: "signUp.captcha.provider", Codes: []string{CaptchaMissing, CaptchaFailed},
		Enabled: c.Provider != "", FailOpen: c.OnFailure == config.AcceptOnFailure,
	}
}

// askCaptcha asks for the proof of somebody whom the local rules accept. Nobody has one who comes
// through a provider.
func (r *Rules) askCaptcha(ctx context.Context, a Applicant, d *Decision) {
	c, step := r.config.Captcha, &d.Steps[len(r.local)]
	if !step.Enabled {
		return
	}
	step.Result = passed
	if a.Provider {
		return
	}
	start := time.Now()
	defer func() { step.Took = time.Since(start) }()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(c.TimeoutMS)*time.Millisecond)
	defer cancel()
	var err error
	switch {
	case a.Proof == "":
		step.Result = CaptchaMissing
	case len(a.Proof) > maxProof:
		step.Result, d.Rejected = CaptchaFailed, "too-long"
	default:
		if d.Rejected, err = r.captcha.Verify(ctx, a.Proof, a.SignUp); d.Rejected != "" {
			step.Result = CaptchaFailed
		}
	}
	switch {
	case err == nil && step.Result == passed:
	case err == nil:
		d.Refusal = r.Refuse(step.Result, a.Locale)
	default:
		d.CaptchaErr = logging.Safe("captcha: " + logging.Reason(err))
		step.Result = noAnswer
		if !step.FailOpen {
			d.Refusal = r.Refuse(TryAgain, a.Locale)
			d.Refusal.outcome, step.Result = config.CaptchaUnavailable, TryAgain
		}
	}
}

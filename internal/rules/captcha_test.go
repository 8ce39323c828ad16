package rules

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
)

type captchaFunc func(ctx context.Context, proof, signUp string) (string, error)

func (f captchaFunc) Verify(ctx context.Context, proof, signUp string) (string, error) {
	return f(ctx, proof, signUp)
}

// A counter counts who is asked, and knows every domain.
type counter struct{ asked []string }

func (c *counter) LookupMX(context.Context, string) ([]*net.MX, error) {
	c.asked = append(c.asked, "DNS")
	return []*net.MX{{Host: "mail.example.com."}}, nil
}

func (c *counter) LookupHost(context.Context, string) ([]string, error) { return nil, nil }

func TestTheCaptchaIsAskedBetweenTheRules(t *testing.T) {
	for name, test := range map[string]struct {
		email, proof string
		provider     bool
		rejected     string
		err          error
		onFailure    string
		code         string // empty: accepted
		result       string // of the step
		asked        string
	}{
		"a proof":                      {"ann@example.com", "sample", false, "", nil, "refuse", "", "passed", "captcha DNS"},
		"a proof that is none":         {"ann@example.com", "sample", false, "expired", nil, "refuse", CaptchaFailed, CaptchaFailed, "captcha"},
		"no proof":                     {"ann@example.com", "", false, "", nil, "accept", CaptchaMissing, CaptchaMissing, ""},
		"a proof that is too long":     {"ann@example.com", strings.Repeat("a", maxProof+1), false, "", nil, "accept", CaptchaFailed, CaptchaFailed, ""},
		"a rule before it refuses":     {"ann@gmial.com", "sample", false, "", nil, "refuse", EmailTypo, "not reached", ""},
		"nobody knows, and it counts":  {"ann@example.com", "sample", false, "", errors.New("down"), "refuse", TryAgain, TryAgain, "captcha"},
		"nobody knows, and never mind": {"ann@example.com", "sample", false, "", errors.New("down"), "accept", "", "no answer", "captcha DNS"},
		"through a provider":           {"ann@example.com", "", true, "", nil, "refuse", "", "passed", "DNS"},
	} {
		t.Run(name, func(t *testing.T) {
			asked := &counter{}
			_, c := functiontest.Dir[config.PreSignUp](t, "pre-sign-up")
			c.Captcha = config.Captcha{Provider: config.Altcha, TimeoutMS: 1000, OnFailure: test.onFailure}
			c.Email.RequireMailExchanger, c.Email.RefuseTypos = true, true
			r, err := New(c, functiontest.Sentences(t), Network{DNS: asked, Captcha: captchaFunc(func(_ context.Context, proof, signUp string) (string, error) {
				asked.asked = append(asked.asked, "captcha")
				if proof != test.proof || signUp != "pool user" {
					t.Errorf("it is asked about %q of %q", proof, signUp)
				}
				return test.rejected, test.err
			})})
			if err != nil {
				t.Fatal(err)
			}
			a := ann(test.email)
			a.Proof, a.SignUp, a.Provider = test.proof, "pool user", test.provider
			d := r.Decide(t.Context(), a)
			checkCode(t, d.Refusal, test.code)
			if got := strings.Join(asked.asked, " "); got != test.asked {
				t.Errorf("asked are %q, want %q", got, test.asked)
			}
			for _, step := range d.Steps {
				if step.Name == "captcha" && step.Result != test.result {
					t.Errorf("its step is %q, want %q", step.Result, test.result)
				}
			}
			if (d.CaptchaErr != nil) != (test.err != nil) {
				t.Errorf("the error is %v", d.CaptchaErr)
			}
		})
	}
}

func TestTheCaptchaHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := functiontest.Dir[config.PreSignUp](t, "pre-sign-up")
		c.Captcha = config.Captcha{Provider: config.Turnstile, TimeoutMS: 1500, OnFailure: config.RefuseOnFailure}
		r, err := New(c, functiontest.Sentences(t), Network{Captcha: captchaFunc(func(ctx context.Context, _, _ string) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})})
		if err != nil {
			t.Fatal(err)
		}
		a, start := ann("ann@example.com"), time.Now()
		a.Proof = "sample"
		d := r.Decide(t.Context(), a)
		if took := time.Since(start); took != 1500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		checkCode(t, d.Refusal, TryAgain)
		if d.Refusal.Outcome() != config.CaptchaUnavailable || d.CaptchaErr.Error() != "captcha: timeout" {
			t.Errorf("got %s, %v", d.Refusal.Outcome(), d.CaptchaErr)
		}
	})
}

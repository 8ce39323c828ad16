package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
)

// A stopwatch is SES: it notes when calls start.
type stopwatch struct{ calls []time.Time }

func (s *stopwatch) SendEmail(context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error) {
	s.calls = append(s.calls, time.Now())
	time.Sleep(100 * time.Millisecond)
	return nil, nil
}

func TestCallsOfSESKeepTheirDistance(t *testing.T) {
	for name, test := range map[string]struct{ interval, want time.Duration }{
		"calls that take less time than the interval": {250 * time.Millisecond, 250 * time.Millisecond},
		"calls that take more":                        {50 * time.Millisecond, 100 * time.Millisecond},
		"no interval":                                 {0, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ses := &stopwatch{}
				p := &pacer{sender: ses, interval: test.interval, now: time.Now}
				began := time.Now()
				for range 3 {
					if _, err := p.SendEmail(t.Context(), nil); err != nil {
						t.Fatal(err)
					}
				}
				for i, call := range ses.calls {
					if got := call.Sub(began); got != time.Duration(i)*test.want {
						t.Errorf("call %d started after %v, want %v", i, got, time.Duration(i)*test.want)
					}
				}
			})
		})
	}
}

func TestAMailWhoseTimeEndsBeforeItsTurnIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ses := &stopwatch{}
		p := &pacer{sender: ses, interval: time.Minute, now: time.Now}
		if _, err := p.SendEmail(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.SendEmail(ctx, nil); !errors.Is(err, context.DeadlineExceeded) || len(ses.calls) != 1 {
			t.Errorf("got %v, and %d calls; want the end of the time, and 1", err, len(ses.calls))
		}
	})
}

func TestAnIntervalThatIsNoneIsToldByItsName(t *testing.T) {
	dir, _ := functiontest.Dir[config.SendMail](t, "send-mail")
	t.Setenv("USER_POOL_CLIENTS", "{}")
	t.Setenv("MAIL_QUEUE_URL", mailURL)
	t.Setenv("DEAD_LETTER_QUEUE_URL", deadURL)
	t.Setenv("SEND_INTERVAL", "250")
	if _, err := newHandler(dir, aws.Config{}); err == nil || !strings.Contains(err.Error(), "SEND_INTERVAL") {
		t.Errorf("got %v", err)
	}
}

package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
)

// A stopwatch is SES: it notes when it is asked, and throttles the first times.
type stopwatch struct {
	calls     []time.Time
	throttles int
}

func (s *stopwatch) Do(*http.Request) (*http.Response, error) {
	s.calls = append(s.calls, time.Now())
	time.Sleep(100 * time.Millisecond)
	status := http.StatusOK
	if len(s.calls) <= s.throttles {
		status = http.StatusTooManyRequests
	}
	header := http.Header{}
	header.Set("X-Amzn-ErrorType", "TooManyRequestsException") // read when the status says so
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

// client asks a stopwatch, at a pace, and tries again at once when it may.
func (s *stopwatch) client(interval time.Duration) *sesv2.Client {
	noBackoff := retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
	return sesv2.New(sesv2.Options{
		Region: "eu-central-1", HTTPClient: s, Credentials: credentials.NewStaticCredentialsProvider("sample", "sample", ""),
		Retryer: &rateLimiter{RetryerV2: noBackoff, interval: interval, now: time.Now},
	})
}

func TestSESCallsAreSpacedByTheInterval(t *testing.T) {
	ms := func(all ...time.Duration) []time.Duration {
		for i := range all {
			all[i] *= time.Millisecond
		}
		return all
	}
	for name, test := range map[string]struct {
		interval  time.Duration
		throttles int
		want      []time.Duration // since the first call
	}{
		"calls that take less time than the interval": {250 * time.Millisecond, 0, ms(0, 250, 500)},
		"calls that take more":                        {50 * time.Millisecond, 0, ms(0, 100, 200)},
		"no interval":                                 {0, 0, ms(0, 100, 200)},
		"a retry, which moves the turns by a half":    {250 * time.Millisecond, 1, ms(0, 375, 625, 875)},
		"two retries of one mail":                     {250 * time.Millisecond, 2, ms(0, 375, 750, 1000, 1250)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ses := &stopwatch{throttles: test.throttles}
				client, began := ses.client(test.interval), time.Now()
				for range 3 {
					if _, err := client.SendEmail(t.Context(), &sesv2.SendEmailInput{Content: &types.EmailContent{}}); err != nil {
						t.Fatal(err)
					}
				}
				var got []time.Duration
				for _, call := range ses.calls {
					got = append(got, call.Sub(began))
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("calls started after %v, want %v", got, test.want)
				}
			})
		})
	}
}

func TestEmailIsNotSentAfterItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ses := &stopwatch{}
		client, in := ses.client(time.Minute), &sesv2.SendEmailInput{Content: &types.EmailContent{}}
		if _, err := client.SendEmail(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := client.SendEmail(ctx, in); !errors.Is(err, context.DeadlineExceeded) || len(ses.calls) != 1 {
			t.Errorf("got %v, and %d calls; want the end of the time, and 1", err, len(ses.calls))
		}
	})
}

func TestInvalidSendIntervalNamesTheVariable(t *testing.T) {
	dir, _ := functiontest.Dir[config.SendMail](t, "send-mail")
	t.Setenv("USER_POOL_CLIENTS", "{}")
	t.Setenv("USER_POOL_ID", poolID)
	t.Setenv("LINKS_URL", "https://links.example.com")
	t.Setenv("MAIL_QUEUE_URL", mailURL)
	t.Setenv("DEAD_LETTER_QUEUE_URL", deadURL)
	t.Setenv("SEND_INTERVAL", "250")
	if _, _, err := newHandler(dir, aws.Config{}); err == nil || !strings.Contains(err.Error(), "SEND_INTERVAL") {
		t.Errorf("got %v", err)
	}
}

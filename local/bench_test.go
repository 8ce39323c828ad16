package local

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"poolpost/internal/message"
)

// BenchmarkSignUpToMailbox times a sign-up from the SDK's call to the email in
// the mailbox, warm: pre-sign-up and custom-message as real processes, the user
// pool and the mailbox between them. One operation is one sign-up; run it with
// -benchtime=200x, as make bench does. Beside the mean it reports the median and
// the 99th percentile, and the same for an invocation of pre-sign-up alone, so
// that the figures of one run can be compared as ratios.
func BenchmarkSignUpToMailbox(b *testing.B) {
	s := startStack(b)
	signUp := func(i int, prefix string) time.Duration {
		email := fmt.Sprintf("%s%d@example.com", prefix, i)
		start := time.Now()
		s.signUp(b, email, "Ann Example", nil)
		s.mail(b, email, "en", message.SignUp)
		return time.Since(start)
	}
	for i := range 10 {
		signUp(i, "warm")
	}
	var whole, one []time.Duration
	event := []byte(`{"version":"1","triggerSource":"PreSignUp_SignUp","request":{"userAttributes":{"email":"ann@example.com","custom:agentName":"Ann Example"}},"response":{}}`)
	b.ResetTimer()
	for i := range b.N {
		whole = append(whole, signUp(i, "user"))
		b.StopTimer()
		start := time.Now()
		if _, err := s.host.Invoke(b.Context(), "pre-sign-up", event); err != nil {
			b.Fatal(err)
		}
		one = append(one, time.Since(start))
		b.StartTimer()
	}
	b.StopTimer()
	report := func(name string, times []time.Duration) {
		slices.Sort(times)
		b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, name+"-p50-ms")
		b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, name+"-p99-ms")
	}
	report("sign-up", whole)
	report("one-invocation", one)
}

package settings

import (
	"testing"
	"time"
)

func TestSendInterval(t *testing.T) {
	const limit, batch = 28 * time.Second, 10 // of send-mail
	for rate := 1; rate <= 5000; rate++ {
		m := Mail{Rate: rate}
		senders, interval := m.MaxConcurrency(), m.SendInterval()
		if senders < 2 || senders > 1000 {
			t.Fatalf("rate %d: Lambda does not take %d senders", rate, senders)
		}
		least := 0.999
		if rate == 1 {
			least = 0.95 // the two that Lambda starts at least have to take turns
		}
		if perSecond := float64(senders) / interval.Seconds(); perSecond > float64(rate)*1.001 || perSecond < float64(rate)*least {
			t.Fatalf("rate %d: %d senders, one email in %v each, send %.1f a second", rate, senders, interval, perSecond)
		}
		if interval*batch > limit {
			t.Fatalf("rate %d: a batch takes %v", rate, interval*batch)
		}
		if rate <= 4000 && rate >= 8 && interval < 250*time.Millisecond {
			t.Fatalf("rate %d: a call has only %v", rate, interval)
		}
	}
}

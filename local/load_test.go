package local

import (
	"flag"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"poolpost/internal/message"
)

var (
	people = flag.Int("people", 40, "how many people TestUnderLoad signs up")
	atOnce = flag.Int("at-once", 8, "how many of them at the same time")
)

// TestUnderLoad lets people go the whole way at the same time: sign up, get the
// mail, open its link, press the button, get the welcome email. It fails when
// anybody lacks anything, and reports how many a second came through.
func TestUnderLoad(t *testing.T) {
	s := startStack(t)
	var mu sync.Mutex
	times := map[string][]time.Duration{}
	timed := func(what string, since time.Time) {
		mu.Lock()
		defer mu.Unlock()
		times[what] = append(times[what], time.Since(since))
	}
	var started, done atomic.Int64
	begin := time.Now()
	t.Run("people", func(t *testing.T) {
		for range *atOnce {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for i := started.Add(1); i <= int64(*people); i = started.Add(1) {
					email := fmt.Sprintf("person%d@example.com", i)
					at := time.Now()
					s.signUp(t, email, "Ann Example", nil)
					m := s.mail(t, email, "en", message.SignUp)
					timed("sign-up until the email is there", at)
					page := browse(t, http.MethodGet, linkOf(t, m), nil)
					at = time.Now()
					if confirmed := s.press(t, page); confirmed.status != http.StatusOK {
						t.Fatalf("the page answers %d", confirmed.status)
					}
					timed("button until the page is there", at)
					s.mail(t, email, "en", message.Welcome)
					timed("button until the welcome email is there", at)
					done.Add(1)
				}
			})
		}
	})
	took := time.Since(begin)
	if done.Load() != int64(*people) {
		t.Errorf("%d of %d people came through", done.Load(), *people)
	}
	t.Logf("%d people, %d at once: %.0f a second", *people, *atOnce, float64(*people)/took.Seconds())
	for _, what := range []string{"sign-up until the email is there", "button until the page is there", "button until the welcome email is there"} {
		list := times[what]
		if len(list) == 0 {
			continue
		}
		slices.Sort(list)
		t.Logf("%-42s p50 %6.1f ms, p99 %6.1f ms", what, milliseconds(list[len(list)/2]), milliseconds(list[len(list)*99/100]))
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

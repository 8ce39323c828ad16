package cognito

import (
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"
)

var signIns = flag.Int("sign-ins", 300, "how often TestSignInsDoNotFillTheMemory signs in")

// TestSignInsDoNotFillTheMemory signs in by SRP, a few seconds apart, with the right password and
// without. What is kept of a sign-in is forgotten once its challenges have expired, so the second
// half of them adds nothing.
func TestSignInsDoNotFillTheMemory(t *testing.T) {
	w := newWorld(t)
	w.mustConfirm(ada)
	heap := func() uint64 {
		runtime.GC()
		runtime.GC() // of what finalizers and pools have kept
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var half uint64
	for i := range *signIns {
		if i == *signIns/2 {
			half = heap()
		}
		w.mustSignIn(ada)
		if _, err := w.ask(fmt.Sprintf("nobody%d@example.com", i), "2"); err != nil { // an attempt that is never finished
			t.Fatal(err)
		}
		w.advance(5 * time.Second)
	}
	full := heap()
	t.Logf("%d sign-ins: %d kB after half of them, %d kB at the end", *signIns, half>>10, full>>10)
	if full > half+256<<10 {
		t.Errorf("the second half of %d sign-ins added %d kB", *signIns, (full-half)>>10)
	}
}

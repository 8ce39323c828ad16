package functiontest

import "testing"

// Bench measures what a function does with an event. It fails when that takes
// more allocations than limit: unlike times, they are the same on every machine,
// and CI runs each benchmark once to hold them.
func Bench(b *testing.B, limit float64, event func()) {
	b.Helper()
	if n := testing.AllocsPerRun(20, event); n > limit {
		b.Errorf("an event takes %.0f allocations, more than %.0f", n, limit)
	}
	b.ReportAllocs()
	for b.Loop() {
		event()
	}
}

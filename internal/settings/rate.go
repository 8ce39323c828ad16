package settings

import "time"

// callsPerInstance is how many emails a second one instance sends at least: a call to
// SES takes less than a quarter of a second, mostly a tenth.
const callsPerInstance = 4

// MaxConcurrency is how many instances of send-mail run at the same time: as many as
// reach the rate with slow calls. Lambda accepts 2 to 1,000.
func (m Mail) MaxConcurrency() int {
	return min(max(2, (m.Rate+callsPerInstance-1)/callsPerInstance), 1000)
}

// SendInterval is the time between the starts of two calls of one instance, with which
// all instances together keep to the rate. Below 2 emails a second, Lambda still runs two
// instances. Their calls must take turns, so each waits 5 % longer.
func (m Mail) SendInterval() time.Duration {
	interval := time.Duration(m.MaxConcurrency()) * time.Second / time.Duration(m.Rate)
	if m.MaxConcurrency() > m.Rate {
		interval += interval / 20
	}
	return interval
}

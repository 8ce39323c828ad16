package settings

import "time"

// callsPerSender is how many mails a second one sender sends at least: a call of
// SES takes less than a quarter of a second, mostly a tenth.
const callsPerSender = 4

// Senders is how many instances of send-mail work at the same time: as many as
// reach the rate with slow calls. Lambda takes 2 to 1,000.
func (m Mail) Senders() int {
	return min(max(2, (m.Rate+callsPerSender-1)/callsPerSender), 1000)
}

// SendInterval is the time between the starts of two calls of one sender, with
// which all senders together keep to the rate. With more senders than mails in a
// second, those two that Lambda starts at least, their calls must not only be few
// but alternate: a twentieth more leaves room for that.
func (m Mail) SendInterval() time.Duration {
	interval := time.Duration(m.Senders()) * time.Second / time.Duration(m.Rate)
	if m.Senders() > m.Rate {
		interval += interval / 20
	}
	return interval
}

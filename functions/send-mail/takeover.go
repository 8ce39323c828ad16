package main

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"poolpost/internal/config"
	"poolpost/internal/link"
	"poolpost/internal/mail"
	"poolpost/internal/message"
)

// setTakeoverValues sets what a message about a sign-in that looks like an account
// take-over is filled with. A stranger may have chosen the device's name, so nothing that
// is shown can be a link or a phone number. The button leads to one of the hosts, or else to the
// sign-in of the app.
func setTakeoverValues(values message.Values, alert *mail.TakeoverAlert, client config.Client, hosts []string) {
	alert = cmp.Or(alert, &mail.TakeoverAlert{})
	values[message.Time] = cmp.Or(signInTime(alert.Time), unknown)
	values[message.Place] = cmp.Or(place(alert), unknown)
	values[message.Device] = cmp.Or(device(alert.Device), unknown)
	values[message.Link] = link.ForMessage("", message.AccountTakeover, client, link.Link{})
	if u, err := url.Parse(alert.ReportURL); err == nil && len(alert.ReportURL) <= maxReportURL &&
		u.Scheme == "https" && u.User == nil && slices.Contains(hosts, u.Host) {
		values[message.Link] = u.String()
	}
}

// maxReportURL bounds the address of a button, in bytes.
const maxReportURL = 4 << 10

// poolHosts are the hosts of the pool's own domain, if it has one: every customer of AWS has
// others below amazoncognito.com, and whoever writes to the mail queue would choose among them. In
// GovCloud there is the second only (user guide, "Amazon Cognito in AWS GovCloud (US)").
func poolHosts(prefix, region string) []string {
	if prefix == "" {
		return nil
	}
	return []string{prefix + ".auth." + region + ".amazoncognito.com", prefix + ".auth-fips." + region + ".amazoncognito.com"}
}

// unknown is shown for what Cognito left out.
const unknown = "–"

// signInTime is a time to the minute. Cognito's layout is not documented; the first one here was
// observed. Another layout is shown as words and numbers: it has up to 14 digits, 4 of them in
// the year, where a phone number has more in a row.
func signInTime(text string) string {
	for _, layout := range []string{"Monday, January 2, 2006 03:04 PM MST", time.RFC3339, time.RFC1123, time.RFC1123Z, time.UnixDate} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Format("2006-01-02 15:04 UTC")
		}
	}
	return words(text, 4, 14)
}

// place is city, country and IP address, as far as they are known.
func place(alert *mail.TakeoverAlert) string {
	parts := []string{message.CleanName(alert.City), message.CleanName(alert.Country)}
	if ip, err := netip.ParseAddr(alert.IP); err == nil {
		parts = append(parts, ip.WithZone("").String())
	}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}

// device is a device's name, such as "Chrome 126, Windows 10", without what could be a link or a
// phone number.
func device(name string) string { return words(name, 8, 8) }

// words keeps a text's words until a word, or the text so far, has too many digits. It
// joins them with spaces, so that no mail program makes a link of them.
func words(text string, ofWord, ofText int) string {
	const maxBytes = 80
	fields := strings.FieldsFunc(message.Plain(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != ','
	})
	var kept []string
	size, all := 0, 0
	for _, word := range fields {
		digits := 0
		for _, r := range word {
			if unicode.IsDigit(r) {
				digits++
			}
		}
		all += digits
		if size += len(word) + 1; size > maxBytes || digits > ofWord || all > ofText {
			break
		}
		kept = append(kept, word)
	}
	return strings.Join(kept, " ")
}

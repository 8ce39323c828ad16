package settings

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"poolpost/internal/message"
)

// maxDisplayName keeps a subject, which mailboxes cut off, short.
const maxDisplayName = 30

var (
	brandName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	hexColor  = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
)

func (c checker) checkBrands(s *Settings) {
	if len(s.Brands) == 0 {
		c.Report("brands", "is missing; write at least one brand with name and displayName")
	}
	var names, ids []string
	for i, b := range s.Brands {
		key := fmt.Sprintf("brands[%d]", i)
		const brandNames = "1 to 32 lower-case letters, digits or hyphens"
		c.matches(key+".name", b.Name, brandName, brandNames)
		c.unique(key+".name", b.Name, names)
		c.identify(key, b.ID, b.Name, ids, names, brandName, brandNames)
		names, ids = append(names, b.Name), append(ids, b.StableID())
		c.line(key+".displayName", b.DisplayName, maxDisplayName)
		c.line(key+".postalAddress", b.PostalAddress, 200)
		if b.Support != b.ReplyTo {
			c.address(key+".support", b.Support)
		}
		c.checkSender(key, b, s.Mail)
		if !hexColor.MatchString(b.Color) {
			c.Report(key+".color", "must be a colour such as #1d4ed8, not %q", b.Color)
		} else if contrast := Contrast(b.Color, "#ffffff"); contrast < 4.5 {
			c.Report(key+".color", "has a contrast of %.2f to the white text on it; take a darker one, for at least 4.5 (WCAG 2.2 AA)", contrast)
		}
		c.checkLogo(key+".logo", b.Logo)
		c.checkWording(key+".wording", b.Wording, s.Locales)
	}
}

// checkSender checks the sender of a brand, as far as it is not that of all
// brands.
func (c checker) checkSender(key string, b Brand, m Mail) {
	// If not even mail.from fits, mail.identity is the mistake.
	identified := m.From.Address != "" && m.CoveredByIdentity(m.From.Address) && c.ReadOK("mail")
	if b.From.Name != m.From.Name {
		c.senderName(key+".from.name", b.From.Name)
	}
	if a := b.From.Address; a != m.From.Address && c.address(key+".from.address", a) && identified && !m.CoveredByIdentity(a) {
		c.Report(key+".from.address", "must be within mail.identity, %s, not %q: SES sends only for what it has verified", m.Identity, a)
	}
	if b.ReplyTo != m.ReplyTo {
		c.address(key+".replyTo", b.ReplyTo)
	}
	if m.Delivery != DeliveryCognito || !c.ReadOK("mail.delivery") {
		return
	}
	const remedy = "needs mail.delivery: ses; with cognito, the whole pool has one sender, which is mail.from and mail.replyTo"
	if b.From != m.From {
		c.Report(key+".from", remedy)
	}
	if b.ReplyTo != m.ReplyTo {
		c.Report(key+".replyTo", remedy)
	}
}

func (c checker) checkLogo(key string, l Logo) {
	if l.URL == "" {
		if l != (Logo{}) {
			c.Report(key+".url", "is missing; write where the picture is, such as https://app.example.com/logo.png")
		}
		return
	}
	c.url(key+".url", l.URL)
	if strings.HasPrefix(l.URL, "http://") {
		c.Report(key+".url", "must begin with https://: mail programs load no other pictures")
	}
	c.within(key+".width", l.Width, 16, 240, " pixels")
	c.line(key+".alt", l.Alt, 60)
}

// checkWording checks where words are replaced. The words themselves are held
// against the templates when these are compiled.
func (c checker) checkWording(key string, wording map[string]map[string]map[string]string, locales []string) {
	for _, tag := range slices.Sorted(maps.Keys(wording)) {
		c.locale(key+"."+tag, tag, locales)
		for _, kind := range slices.Sorted(maps.Keys(wording[tag])) {
			if !message.Kind(kind).Exists() {
				c.Report(key+"."+tag+"."+kind, "is no kind of message; the kinds are %s", strings.Trim(fmt.Sprint(message.Kinds()), "[]"))
			}
		}
	}
}

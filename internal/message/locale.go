package message

import (
	"slices"
	"strings"
)

// Lookup chooses a locale by RFC 4647, section 3.4: each wanted tag is cut
// short from its end until one of the available locales equals it; the first
// wanted tag that leads to one wins. It returns fallback when none does. Tags
// are compared without regard to case, an underscore counts as a hyphen, and
// the usual aliases are known (zh-TW is zh-Hant, pt is pt-BR, iw is he; the
// table is in docs/messages.md).
func Lookup(available []string, fallback string, wanted ...string) string {
	for _, tag := range wanted {
		if len(tag) > 64 {
			continue // no tag; whoever sends this is not asking for a language
		}
		tag = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"))
		var followed []string // aliases may lead back
		for tag != "" {
			for _, a := range available {
				if strings.EqualFold(a, tag) {
					return a
				}
			}
			if alias, ok := aliases[tag]; ok && !slices.Contains(followed, tag) {
				followed, tag = append(followed, tag), alias
				continue
			}
			tag = shorten(tag)
		}
	}
	return fallback
}

// shorten removes the last subtag, and a single letter left before it: that
// one only introduces what follows.
func shorten(tag string) string {
	tag = tag[:max(strings.LastIndexByte(tag, '-'), 0)]
	if n := len(tag); n >= 2 && tag[n-2] == '-' {
		tag = tag[:n-2]
	}
	return tag
}

// aliases lead from a tag to the one that is meant when the first is not
// available.
var aliases = map[string]string{
	"iw":      "he",
	"in":      "id",
	"nb":      "no",
	"nn":      "nb",
	"no":      "nb",
	"pt":      "pt-br",
	"yue":     "zh-hant",
	"zh":      "zh-hans",
	"zh-cn":   "zh-hans",
	"zh-my":   "zh-hans",
	"zh-sg":   "zh-hans",
	"zh-tw":   "zh-hant",
	"zh-hk":   "zh-hant",
	"zh-mo":   "zh-hant",
	"zh-hans": "", // both are written differently: one does not stand in for the other
	"zh-hant": "",
}

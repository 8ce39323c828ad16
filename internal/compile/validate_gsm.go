package compile

import (
	"slices"
	"strings"

	"poolpost/internal/message"
)

// gsm are the characters of GSM 03.38 and its extension table that words may
// use. An SMS of other characters is UCS-2: 70 in a part, not 160.
const gsm = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"

// gsmLanguages are those that can say it in GSM 03.38. Of the accents of
// French, Italian, Portuguese and Spanish some are missing: words are found that
// do without.
var gsmLanguages = []string{"da", "de", "en", "es", "fi", "fr", "it", "nb", "nl", "no", "pt", "sv"}

// alphabet reports a character that makes an SMS more expensive without need.
// The name of the app is not a matter of words.
func (p part) alphabet(locale string) {
	if !slices.Contains(gsmLanguages, language(locale)) {
		return
	}
	for _, r := range strings.ReplaceAll(p.compiled, p.brand.DisplayName, "") {
		if message.Accepted(r) && !strings.ContainsRune(gsm, r) {
			p.report("the text message holds %q, which is not in GSM 03.38: it would be sent in parts of 70 characters; find words without it", r)
			return
		}
	}
}

package message

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	all := []string{"en", "fr", "ar", "he", "id", "pt-BR", "zh-Hans", "zh-Hant", "en-GB", "es-419"}
	tests := map[string]struct {
		available []string
		wanted    []string
		want      string
	}{
		"the very tag":                            {all, []string{"fr"}, "fr"},
		"a tag with more than there is":           {all, []string{"fr-CA"}, "fr"},
		"a tag with much more than there is":      {all, []string{"fr-Latn-CA-fonipa-x-private"}, "fr"},
		"the longest that there is":               {all, []string{"en-GB-oxendict"}, "en-GB"},
		"a tag with less than there is":           {[]string{"en-GB"}, []string{"en"}, "fallback"},
		"a part of the world":                     {all, []string{"es-419"}, "es-419"},
		"a country is no part of the world":       {all, []string{"es-MX"}, "fallback"},
		"the first wanted tag that leads to one":  {all, []string{"de", "ar-EG", "fr"}, "ar"},
		"a shortened first tag before the second": {all, []string{"fr-CA", "en"}, "fr"},
		"capitals":                     {all, []string{"FR-ca"}, "fr"},
		"small letters":                {all, []string{"zh-hans-cn"}, "zh-Hans"},
		"underscores":                  {all, []string{"en_GB"}, "en-GB"},
		"the locale of a POSIX system": {all, []string{"fr_FR.UTF-8"}, "fr"},
		"spaces around":                {all, []string{" fr\t"}, "fr"},

		"an old tag of Hebrew":                  {all, []string{"iw"}, "he"},
		"an old tag of Hebrew with a country":   {all, []string{"iw-IL"}, "he"},
		"an old tag of Indonesian":              {all, []string{"in-ID"}, "id"},
		"Portuguese is Brazil's":                {all, []string{"pt"}, "pt-BR"},
		"Portugal's is Brazil's if need be":     {all, []string{"pt-PT"}, "pt-BR"},
		"Portugal's is its own if there is one": {[]string{"pt-BR", "pt-PT"}, []string{"pt-PT"}, "pt-PT"},
		"Portuguese is itself if there is one":  {[]string{"pt-BR", "pt"}, []string{"pt-PT"}, "pt"},

		"Norwegian is Bokmål":                       {[]string{"en", "nb"}, []string{"no"}, "nb"},
		"Bokmål is Norwegian":                       {[]string{"en", "no"}, []string{"nb-NO"}, "no"},
		"Nynorsk is Bokmål if need be":              {[]string{"en", "nb"}, []string{"nn-NO"}, "nb"},
		"Nynorsk is Norwegian if need be":           {[]string{"en", "no"}, []string{"nn"}, "no"},
		"Norwegian of no kind":                      {all, []string{"nn", "nb", "no"}, "fallback"},
		"Cantonese is traditional":                  {all, []string{"yue-HK"}, "zh-Hant"},
		"Malaysia's is simplified":                  {all, []string{"zh_MY"}, "zh-Hans"},
		"Cantonese never gets simplified":           {[]string{"en", "zh-Hans"}, []string{"yue"}, "fallback"},
		"Chinese is simplified":                     {all, []string{"zh"}, "zh-Hans"},
		"China's is simplified":                     {all, []string{"zh-CN"}, "zh-Hans"},
		"Singapore's is simplified":                 {all, []string{"zh-SG"}, "zh-Hans"},
		"Taiwan's is traditional":                   {all, []string{"zh-TW"}, "zh-Hant"},
		"Hong Kong's is traditional":                {all, []string{"zh_HK"}, "zh-Hant"},
		"Macao's is traditional":                    {all, []string{"zh-mo"}, "zh-Hant"},
		"a script with a country":                   {all, []string{"zh-Hant-TW"}, "zh-Hant"},
		"Taiwan's never gets simplified":            {[]string{"en", "zh-Hans"}, []string{"zh-TW"}, "fallback"},
		"traditional never gets simplified":         {[]string{"en", "zh-Hans"}, []string{"zh-Hant"}, "fallback"},
		"traditional with a country never either":   {[]string{"en", "zh-Hans"}, []string{"zh-Hant-HK"}, "fallback"},
		"Taiwan's with more never gets simplified":  {[]string{"en", "zh-Hans"}, []string{"zh-TW-x-a"}, "fallback"},
		"simplified never gets traditional":         {[]string{"en", "zh-Hant"}, []string{"zh-CN", "zh-Hans-CN", "zh"}, "fallback"},
		"Taiwan's gets the next wanted one instead": {[]string{"en", "zh-Hans"}, []string{"zh-TW", "en"}, "en"},

		"a single letter goes with what follows it":   {[]string{"en-x"}, []string{"en-x-private"}, "fallback"},
		"a single letter inside goes as well":         {[]string{"en-a", "en"}, []string{"en-a-bb"}, "en"},
		"private use only":                            {all, []string{"x-private"}, "fallback"},
		"nothing wanted":                              {all, nil, "fallback"},
		"an empty tag":                                {all, []string{"", "  "}, "fallback"},
		"hyphens":                                     {all, []string{"-", "--", "-en", "en--"}, "en"},
		"a star":                                      {all, []string{"*", "*-en"}, "fallback"},
		"a path":                                      {all, []string{"../../etc/passwd", "en/../fr"}, "fallback"},
		"markup":                                      {all, []string{"<b>", "{####}"}, "fallback"},
		"a word that begins like one":                 {all, []string{"english", "frog"}, "fallback"},
		"a tag as long as they may be":                {all, []string{"fr-" + strings.Repeat("a-", 30) + "a"}, "fr"},
		"a tag that is one too long":                  {all, []string{"fr-" + strings.Repeat("a-", 30) + "aa"}, "fallback"},
		"a tag that is too long for a tag":            {all, []string{"fr-" + strings.Repeat("a-", 40)}, "fallback"},
		"a tag that is too long, and then a real one": {all, []string{strings.Repeat("x", 300<<10), "ar"}, "ar"},
		"nothing available":                           {nil, []string{"en"}, "fallback"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Lookup(test.available, "fallback", test.wanted...); got != test.want {
				t.Errorf("%q: got %q, want %q", test.wanted, got, test.want)
			}
		})
	}
}

// FuzzLookup checks that every tag leads somewhere, and nowhere else than to one
// of the locales or the fallback: a locale is a part of a file's name.
func FuzzLookup(f *testing.F) {
	for _, tag := range []string{"en", "zh-TW", "zh-Hant", "pt", "iw-IL", "-", "x-a-b", "a-b-c-d", "zh_hans_", "K", "\xff", "in-x"} {
		f.Add(tag, "fr")
	}
	available := []string{"en", "fr", "he", "pt-BR", "zh-Hans", "x"}
	f.Fuzz(func(t *testing.T, first, second string) {
		got := Lookup(available, "fallback", first, second)
		if got != "fallback" && !slices.Contains(available, got) {
			t.Errorf("%q, %q lead to %q", first, second, got)
		}
		lower := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(first), "_", "-"))
		for _, traditional := range []string{"zh-tw", "zh-hk", "zh-mo", "zh-hant"} {
			if (lower == traditional || strings.HasPrefix(lower, traditional+"-")) && Lookup(available, "fallback", first) == "zh-Hans" {
				t.Errorf("%q gets simplified Chinese", first)
			}
		}
	})
}

// The table of docs/messages.md has every alias, and no other.
func TestTheDocumentationListsEveryAlias(t *testing.T) {
	text, err := os.ReadFile("../../docs/messages.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+`) \\| `([^`]+)` \\|$").FindAllStringSubmatch(string(text), -1) {
		for _, wanted := range regexp.MustCompile("[^`, ]+").FindAllString(row[1], -1) {
			documented[strings.ToLower(wanted)] = row[2]
			if got := Lookup([]string{"en", row[2]}, "fallback", wanted); got != row[2] {
				t.Errorf("%s gets %s, not %s", wanted, got, row[2])
			}
		}
	}
	for alias, meant := range aliases {
		if meant != "" && !strings.EqualFold(documented[alias], meant) {
			t.Errorf("docs/messages.md has %q for %s, not %s", documented[alias], alias, meant)
		}
	}
	if len(documented) < 10 {
		t.Errorf("only %d aliases are documented", len(documented))
	}
}

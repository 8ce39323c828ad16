package link

import (
	"net/url"
	"strings"
	"testing"
)

func TestUserNamesSurviveALink(t *testing.T) {
	for name, user := range map[string]string{
		"a UUID":                        user,
		"a name":                        "ada",
		"one letter":                    "a",
		"digits only":                   "00000000000000000000000000000000",
		"capitals, which count":         "Ada.Lovelace",
		"another script":                "فلان",
		"signs of a query":              "a&b=c?d#e%41+f",
		"a provider's user":             "facebook_1234567890",
		"the longest, of four bytes":    strings.Repeat("𝒂", 128),
		"Cognito's placeholder":         "{####}",
		"a UUID in capitals":            "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE",
		"a UUID with something around":  "x" + user,
		"what another name is in links": EncodeUser("ada"),
	} {
		t.Run(name, func(t *testing.T) {
			_, query, _ := strings.Cut(Build("https://links.example.com", PathConfirm, Link{User: user, Code: "123456", Locale: "en"}), "?")
			for how, text := range map[string]string{
				"as it was":              query,
				"escaped twice":          url.QueryEscape(query),
				"in quoted-printable":    strings.ReplaceAll(query, "=", "=3D"),
				"wrapped":                query[:9] + "=\r\n" + query[9:],
				"in capitals":            strings.ToUpper(query),
				"with a line's end":      strings.Replace(query, "&code", "%0D%0A&code", 1),
				"with HTML's ampersands": strings.ReplaceAll(query, "&", "&amp;"),
			} {
				l, err := ReadQuery(text)
				if want := (Link{User: user, Code: "123456", Locale: l.Locale}); err != nil || l != want {
					t.Errorf("%s: got %+v, %v", how, l, err)
				}
			}
			if got := IsGenerated(user); got != (name == "a UUID") {
				t.Errorf("Cognito made it up: %t", got)
			}
		})
	}
}

// A part that was lost, or another letter, does not make it the name of somebody else.
func TestADamagedUserNameIsKnown(t *testing.T) {
	whole := EncodeUser("ada.lovelace")
	for i := range whole {
		for how, text := range map[string]string{
			"cut":               whole[:i],
			"a digit missing":   whole[:i] + whole[i+1:],
			"two missing":       whole[:i] + whole[min(i+2, len(whole)):],
			"a digit more":      whole[:i] + "0" + whole[i:],
			"another digit":     whole[:i] + string("fedcba9876543210"[strings.IndexByte("0123456789abcdef", whole[i])]) + whole[i+1:],
			"a letter, no sign": whole[:i] + "g" + whole[i:],
		} {
			if got := readUserName(text); got != "" {
				t.Errorf("%s at %d: read %q", how, i, got)
			}
		}
	}
}

func TestNoUserNames(t *testing.T) {
	for name, user := range map[string]string{
		"an email address":      "ada@example.com",
		"a space":               "ada lovelace",
		"a line break":          "ada\n",
		"a control":             "ada\x00",
		"broken UTF-8":          "ada\xff",
		"129 characters":        strings.Repeat("a", 129),
		"a megabyte":            strings.Repeat("a", 1<<20),
		"a character of no use": "ada\u200b",
	} {
		if got := readUserName(EncodeUser(user)); got != "" {
			t.Errorf("%s: read %q", name, got)
		}
	}
	if got := EncodeUser(""); got != "" {
		t.Errorf("nobody is %q", got)
	}
}

package logging

import "testing"

func TestSmokeTestIsFitForALog(t *testing.T) {
	const token = "0123456789ab"
	for address, want := range map[string]string{
		SmokeAddress("success", token):          token,
		SmokeAddress("bounce", token):           token,
		"":                                      "",
		"ann@example.com":                       "",
		"ann+poolpost-0123456789ab@example.com": "",
		"success@simulator.amazonses.com":       "",
		"success+ann@simulator.amazonses.com":   "",
		"success+poolpost-ann.example@simulator.amazonses.com":                         "",
		"success+poolpost-0123456789a@simulator.amazonses.com":                         "",
		"success+poolpost-0123456789AB@simulator.amazonses.com":                        "",
		"success+poolpost-0123456789abc@simulator.amazonses.com":                       "",
		"x+poolpost-+poolpost-0123456789ab@simulator.amazonses.com":                    "",
		"ann@example.com\nx+poolpost-0123456789ab@simulator.amazonses.com.example.com": "",
	} {
		if got := SmokeTest(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

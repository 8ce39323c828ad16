package link

import (
	"testing"

	"poolpost/internal/config"
	"poolpost/internal/message"
)

func TestForEachKind(t *testing.T) {
	const base = "https://links.example.com"
	bare := config.Client{URL: "https://app.example.com/", SignInURL: "https://app.example.com/sign-in", ReturnURLs: []string{"https://app.example.com/a"}}
	own := bare
	own.ResetURL, own.AttributeURL = "https://app.example.com/reset?x=1", "https://app.example.com/verify"
	l := Link{Client: "1sample", User: user, Code: "123456", Locale: "en", Return: "https://app.example.com/a/b"}
	foreign := l
	foreign.Return = "https://example.net/"
	for name, test := range map[string]struct {
		kind   message.Kind
		client config.Client
		link   Link
		want   string
	}{
		"a sign-up is confirmed by our page":         {message.SignUp, bare, l, base + "/confirm?client=1sample&user=" + user + "&code=123456&return=https%3A%2F%2Fapp.example.com%2Fa%2Fb&lang=en"},
		"an address that is not allowed is left out": {message.SignUp, bare, foreign, base + "/confirm?client=1sample&user=" + user + "&code=123456&lang=en"},
		"a new password is set on our page":          {message.ForgotPassword, bare, foreign, base + "/reset?client=1sample&user=" + user + "&code=123456&lang=en"},
		"or on the app's own":                        {message.ForgotPassword, own, l, "https://app.example.com/reset?x=1&user=" + user + "&code=123456"},
		"an attribute is verified by the app":        {message.AttributeChange, own, l, "https://app.example.com/verify?code=123456"},
		"or the code is typed into it":               {message.AttributeChange, bare, l, "https://app.example.com/"},
		"an invitation leads to the sign-in":         {message.Invitation, own, l, "https://app.example.com/sign-in"},
		"a welcome leads to the app":                 {message.Welcome, own, l, "https://app.example.com/"},
		"a code to sign in has no link":              {message.SignInCode, own, l, ""},
		"a notice leads to the sign-in":              {message.AccountTakeover, own, l, "https://app.example.com/sign-in"},
		"a password that was changed":                {message.PasswordChanged, own, Link{Client: "1sample", User: user, Locale: "en"}, base + "/notme?client=1sample&user=" + user + "&lang=en"},
	} {
		if got := ForMessage(base, test.kind, test.client, test.link); got != test.want {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

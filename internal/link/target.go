package link

import (
	"poolpost/internal/config"
	"poolpost/internal/message"
)

// ForMessage is where the button of a message leads; base is the address of our
// own pages. For an account takeover, Cognito may have sent a better one. The
// link's Return is what the person asked for: it is left out unless the client
// allows it.
func ForMessage(base string, kind message.Kind, client config.Client, l Link) string {
	l.Return, _ = AllowedReturn(client.ReturnURLs, l.Return)
	switch kind.Spec().Target {
	case message.ConfirmPage:
		return Build(base, PathConfirm, l)
	case message.ResetPage:
		if client.ResetURL != "" {
			return WithCode(client.ResetURL, l.User, l.Code)
		}
		return Build(base, PathReset, l)
	case message.AttributePage:
		// Only the app can verify an attribute: it takes the user's access token.
		if client.AttributeURL != "" {
			return WithCode(client.AttributeURL, "", l.Code)
		}
		return client.URL
	case message.SignInPage:
		return client.SignInURL // never with the password
	case message.NotMePage:
		l.Code = ""
		return Build(base, PathNotMe, l)
	case message.FrontPage:
		return client.URL
	default:
		return ""
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/link"
	"poolpost/internal/logging"
	"poolpost/internal/message"
	"poolpost/internal/trigger"
)

const (
	links    = "https://links.example.com"
	pool     = "eu-central-1_Sample001"
	userID   = "0a1b2c3d-1111-4222-8333-444455556666"
	ridersID = "1ridersexample23456789abcd"
	code     = "{####}"
)

// newHandler is a handler as main.go makes it, without Cognito behind it, and
// what it logs.
func newHandler(t testing.TB) (*handler, *functiontest.Log) {
	t.Helper()
	logged := &functiontest.Log{}
	h := &handler{files: &message.Files{}, links: links, log: logged.Logger("custom-message")}
	h.files.Dir, h.config = functiontest.Dir[config.CustomMessage](t, "custom-message")
	return h, logged
}

// of makes another client the default, and the only one.
func (h *handler) of(client string) *handler {
	h.config.Clients = []config.Client{config.ClientByName(h.config.Clients, client)}
	return h
}

// newEvent is an ordinary event of a source, with changes.
func newEvent(t testing.TB, source string, changes ...any) []byte {
	t.Helper()
	name := "sign-up-without-client-metadata"
	if source == "AdminCreateUser" {
		name = "admin-create-user-without-an-app-client"
	}
	return functiontest.Event(t, name, append(changes, "triggerSource", "CustomMessage_"+source)...)
}

// A response is what Cognito reads in the reply.
type response struct{ EmailMessage, EmailSubject string }

// fill invokes the handler with an event that must be answered.
func fill(t testing.TB, h *handler, payload []byte) response {
	t.Helper()
	reply, err := h.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	checkUnchanged(t, payload, reply)
	var answer struct{ Response response }
	if err := json.Unmarshal(reply, &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Response.EmailMessage == "" || answer.Response.EmailSubject == "" {
		t.Fatalf("the response is not filled: %+v", answer.Response)
	}
	return answer.Response
}

// checkUnchanged checks that a reply differs from the event in its response
// only, and there in our two members only.
func checkUnchanged(t testing.TB, payload, reply []byte) {
	t.Helper()
	before, after := members(t, payload), members(t, reply)
	old, filled := members(t, before["response"]), members(t, after["response"])
	for _, ours := range []string{"emailMessage", "emailSubject"} {
		delete(old, ours)
		delete(filled, ours)
	}
	if !maps.EqualFunc(old, filled, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
		t.Errorf("the response lost or changed a member that is not ours: %s", after["response"])
	}
	delete(before, "response")
	delete(after, "response")
	if !maps.EqualFunc(before, after, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
		t.Errorf("the reply differs from the event outside its response:\n%s\n%s", payload, reply)
	}
}

// members are those of a JSON object, as they are written; of null there are none.
func members(t testing.TB, object []byte) map[string]json.RawMessage {
	t.Helper()
	m := map[string]json.RawMessage{}
	if len(object) == 0 {
		return m
	}
	if err := json.Unmarshal(object, &m); err != nil {
		t.Fatalf("%v in %.200q", err, object)
	}
	return m
}

// hrefs are the addresses of the links of an email.
func hrefs(mail string) []string {
	var found []string
	tokens := html.NewTokenizer(strings.NewReader(mail))
	for tokens.Next() != html.ErrorToken {
		if token := tokens.Token(); token.Data == "a" && token.Type == html.StartTagToken {
			for _, a := range token.Attr {
				if a.Key == "href" {
					found = append(found, a.Val)
				}
			}
		}
	}
	return found
}

// skeleton is an email without what a person reads: its tags and the names of
// their attributes, in order.
func skeleton(mail string) string {
	var b strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(mail))
	for tokens.Next() != html.ErrorToken {
		token := tokens.Token()
		if token.Type == html.TextToken {
			continue
		}
		fmt.Fprintf(&b, "%s ", token.Type)
		if token.Type == html.StartTagToken || token.Type == html.SelfClosingTagToken || token.Type == html.EndTagToken {
			b.WriteString(token.Data)
			for _, a := range token.Attr {
				b.WriteString(" " + a.Key)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestKindAndLinkOfEachSource(t *testing.T) {
	const client = "client=" + ridersID
	query := client + "&user=" + userID + "&code=" + code
	for _, test := range []struct {
		source, client string
		kind           message.Kind
		link           string // empty: none
	}{
		{"SignUp", "riders", message.SignUp, links + "/confirm?" + query + "&lang=en"},
		{"ResendCode", "riders", message.SignUp, links + "/confirm?" + query + "&lang=en"},
		{"ForgotPassword", "riders", message.ForgotPassword, links + "/reset?" + query + "&lang=en"},
		{"UpdateUserAttribute", "riders", message.AttributeChange, "https://riders.example.com/account/verify?tab=email&code=" + code},
		{"VerifyUserAttribute", "riders", message.AttributeChange, "https://riders.example.com/account/verify?tab=email&code=" + code},
		{"AdminCreateUser", "riders", message.Invitation, "https://riders.example.com/sign-in"},
		{"Authentication", "riders", message.SignInCode, ""},
		{"SignUp", "drivers", message.SignUp, links + "/confirm?" + query + "&lang=fr"},
		{"ForgotPassword", "drivers", message.ForgotPassword, "https://drivers.example.com/reset?user=" + userID + "&code=" + code},
		{"UpdateUserAttribute", "drivers", message.AttributeChange, "https://drivers.example.com/start?a=1&b=2"},
		{"AdminCreateUser", "drivers", message.Invitation, "https://drivers.example.com/start?a=1&b=2"},
		{"Authentication", "drivers", message.SignInCode, ""},
	} {
		t.Run(test.source+" of "+test.client, func(t *testing.T) {
			h, logged := newHandler(t)
			h.of(test.client)
			filled := fill(t, h, newEvent(t, test.source))

			want, err := message.Decode(functiontest.Compiled(t).Messages[message.File(test.client, h.config.Clients[0].Locale, test.kind)])
			if err != nil {
				t.Fatal(err)
			}
			if filled.EmailSubject != want.Subject {
				t.Errorf("the subject is %q, want that of %s: %q", filled.EmailSubject, test.kind, want.Subject)
			}
			var wantLinks []string
			if test.link != "" {
				wantLinks = []string{test.link}
			}
			if got := hrefs(filled.EmailMessage); !slices.Equal(got, wantLinks) {
				t.Errorf("the email has the links %q, want %q", got, wantLinks)
			}
			if visible := text(filled.EmailMessage); !strings.Contains(visible, code) {
				t.Error("the email lacks the code to type by hand")
			}
			if test.kind == message.Invitation {
				if !strings.Contains(filled.EmailMessage, "{username}") {
					t.Error("the invitation lacks the placeholder of the user name")
				}
			} else if strings.Contains(filled.EmailMessage, "{username}") {
				t.Error("only an invitation may hold the placeholder of the user name")
			}
			logged.CheckLine(t, map[string]any{
				"level": "INFO", "Function": "custom-message", "Outcome": "filled", "trigger": "CustomMessage_" + test.source,
				"kind": string(test.kind), "client": test.client, "locale": h.config.Clients[0].Locale,
			})
		})
	}
}

// text is what a person reads of an email.
func text(mail string) string {
	var b strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(mail))
	for tokens.Next() != html.ErrorToken {
		if token := tokens.Token(); token.Type == html.TextToken {
			b.WriteString(token.Data)
		}
	}
	return b.String()
}

func TestSampleEvents(t *testing.T) {
	confirm := func(rest string) string {
		return links + "/confirm?client=" + ridersID + "&user=" + userID + "&code=" + code + rest
	}
	type row struct {
		outcome string
		locale  string
		link    string
		says    string // in the email
	}
	functiontest.EachEvent(t, map[string]row{
		"sign-up-with-null-client-metadata":        {"filled", "en", confirm("&lang=en"), "Jane Sample"},
		"sign-up-without-client-metadata":          {"filled", "en", confirm("&lang=en"), "Jane Sample"},
		"sign-up-with-a-numeric-version":           {"filled", "en", confirm("&lang=en"), "Jane Sample"},
		"sign-up-whose-absent-parameters-say-none": {"filled", "en", confirm("&lang=en"), "Jane Sample"},
		"sign-up-with-boolean-attributes":          {"filled", "en", confirm("&lang=en"), "Jane Sample"},
		"sign-up-in-canadian-french":               {"filled", "fr", confirm("&lang=fr"), "Jane Sample"},
		"sign-up-with-a-garbage-locale":            {"filled", "en", confirm("&lang=en"), "Jane Sample"},
		"sign-up-returning-to-an-allowed-page": {"filled", "en",
			confirm("&return=https%3A%2F%2Friders.example.com%2Ftrips%2F42%3Ftab%3Dmap%26day%3D1&lang=en"), "Jane Sample"},
		"sign-up-returning-to-javascript":                       {"filled", "en", confirm("&lang=en"), "Jane Sample"},
		"sign-up-returning-to-another-host":                     {"filled", "en", confirm("&lang=en"), "Jane Sample"},
		"sign-up-with-a-hostile-name":                           {"filled", "en", confirm("&lang=en"), "Jane"},
		"sign-up-with-unknown-fields-everywhere":                {"filled", "en", confirm("&lang=en"), "Jane Sample"},
		"resend-code-to-a-user-whose-locale-is-egyptian-arabic": {"filled", "ar", confirm("&lang=ar"), "ليلى"},
		"forgot-password-asked-by-a-confirmed-user": {"filled", "en",
			links + "/reset?client=" + ridersID + "&user=" + userID + "&code=" + code + "&lang=en", "Jane Sample"},
		"forgot-password-asked-by-an-administrator": {"filled", "en",
			links + "/reset?user=" + userID + "&code=" + code + "&lang=en", "Jane Sample"},
		"update-user-attribute":                        {"filled", "en", "https://riders.example.com/account/verify?tab=email&code=" + code, "Jane Sample"},
		"verify-user-attribute":                        {"filled", "en", "https://riders.example.com/account/verify?tab=email&code=" + code, "Jane Sample"},
		"admin-create-user-without-an-app-client":      {"filled", "en", "https://riders.example.com/sign-in", "{username}"},
		"authentication-with-a-second-factor":          {"filled", "en", "", "Jane Sample"},
		"sign-up-of-a-user-with-a-phone-and-two-names": {"filled", "en", confirm("&lang=en"), "Jane"},
		"admin-create-user-as-documented":              {"filled", "en", "https://riders.example.com/sign-in", "####"},
		"sign-up-in-localstack":                        {outcome: "unknown"},
		"admin-create-user-in-localstack":              {outcome: "unknown"},
		"forgot-password-in-cognito-local":             {outcome: "unknown"},
		"unknown-source-of-a-later-day":                {outcome: "unknown"},
		"unknown-version":                              {outcome: "unknown"},
		"event-of-another-trigger":                     {outcome: "unknown"},
	}, func(t *testing.T, payload []byte, want row) {
		h, logged := newHandler(t)
		if want.outcome == "unknown" {
			reply, err := h.Invoke(t.Context(), payload)
			if err != nil || !bytes.Equal(reply, payload) {
				t.Errorf("the event did not come back as it was: %v", err)
			}
			logged.CheckLine(t, map[string]any{"level": "WARN", "Outcome": "unknown", "reason": nil})
			return
		}
		filled := fill(t, h, payload)
		logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": "filled", "locale": want.locale})
		if got := strings.Join(hrefs(filled.EmailMessage), " "); got != want.link {
			t.Errorf("the link is %q, want %q", got, want.link)
		}
		if !strings.Contains(text(filled.EmailMessage), want.says) {
			t.Errorf("the email does not say %q", want.says)
		}
	})
}

func TestFirstSupportedLocaleIsUsed(t *testing.T) {
	for name, test := range map[string]struct{ metadata, attribute, client, want string }{
		"the app's wish comes first":                          {"fr", "ar", "riders", "fr"},
		"the user's attribute is next":                        {"", "ar", "riders", "ar"},
		"then comes the client's own":                         {"", "", "drivers", "fr"},
		"a region is cut off":                                 {"fr-CA", "", "riders", "fr"},
		"an underscore is a hyphen":                           {"ar_EG", "", "riders", "ar"},
		"case does not matter":                                {"FR-ca", "", "riders", "fr"},
		"a wish that cannot be met leads to the attribute":    {"de", "ar-MA", "riders", "ar"},
		"garbage everywhere leads to the client's own":        {"../../etc/passwd", "\x00<b>", "drivers", "fr"},
		"300 KB of a locale lead to the client's own":         {strings.Repeat("fr-", 100<<10), "", "riders", "en"},
		"a language that begins like another is not mistaken": {"frr", "", "riders", "en"},
	} {
		t.Run(name, func(t *testing.T) {
			h, logged := newHandler(t)
			filled := fill(t, h.of(test.client), newEvent(t, "SignUp",
				"request.userAttributes.locale", test.attribute, "request.clientMetadata.locale", test.metadata))
			logged.CheckLine(t, map[string]any{"locale": test.want})
			if href := hrefs(filled.EmailMessage)[0]; !strings.HasSuffix(href, "&lang="+test.want) {
				t.Errorf("the link does not carry on in %s: %s", test.want, href)
			}
			if !strings.Contains(filled.EmailMessage, `lang="`+test.want+`"`) {
				t.Errorf("the email is not marked as %s", test.want)
			}
		})
	}
}

// sources are all sources of CustomMessage (developer guide, "Custom message
// Lambda trigger").
func sources() (all []string) {
	for _, kind := range message.Kinds() {
		all = append(all, kind.Spec().Sources...)
	}
	return all
}

func TestResponsesAreWithinCognitosLimits(t *testing.T) {
	values := map[string][]any{
		"with ordinary values": nil,
		"with the longest values": {
			"userName", strings.Repeat("\U00010348", 128), "request.userAttributes.name", strings.Repeat("W", 2048),
			"request.clientMetadata.return", "https://riders.example.com/trips?" + strings.Repeat("%26", 670),
		},
	}
	for _, source := range sources() {
		for _, client := range []string{"riders", "drivers"} {
			for _, locale := range []string{"en", "fr", "ar"} {
				for name, changes := range values {
					t.Run(strings.Join([]string{source, client, locale, name}, " "), func(t *testing.T) {
						h, _ := newHandler(t)
						event := newEvent(t, source, append(changes, "request.clientMetadata.locale", locale)...)
						checkLimits(t, fill(t, h.of(client), event))
					})
				}
			}
		}
	}
}

// checkLimits holds a response against the limits, with the longest code that
// has been seen and an address filled in.
func checkLimits(t testing.TB, filled response) {
	t.Helper()
	placeholders := strings.NewReplacer(code, "12345678", "{username}", "jane.sample@example.com")
	for _, part := range []struct {
		name, text  string
		least, most int
	}{
		{"subject", filled.EmailSubject, 1, message.MaxSubject},
		{"mail", filled.EmailMessage, message.MinHTML, message.MaxHTML},
	} {
		if n := utf8.RuneCountInString(placeholders.Replace(part.text)); n < part.least || n > part.most {
			t.Errorf("the %s has %d characters; Cognito takes %d to %d", part.name, n, part.least, part.most)
		}
		for _, r := range part.text {
			if !message.Accepted(r) {
				t.Errorf("the %s holds %U, which Cognito refuses", part.name, r)
			}
		}
	}
	if strings.ContainsAny(filled.EmailSubject, "\r\n") {
		t.Error("the subject has a line break")
	}
}

func TestHostileValuesAreEscaped(t *testing.T) {
	h, _ := newHandler(t)
	friendly := fill(t, h, newEvent(t, "SignUp"))
	for name, hostile := range map[string]string{
		"a script":                        `<script>alert(1)</script>`,
		"the end of an attribute":         `" onmouseover="alert(1)`,
		"the end of a cell":               `</td></tr></table><a href="https://evil.example">here</a>`,
		"a comment":                       `<!-- `,
		"a conditional comment":           `<!--[if mso]><a href="https://evil.example"><![endif]-->`,
		"entities":                        `&lt;script&gt; &#60;b&#62; &quot;`,
		"line breaks and a header":        "Jane\r\nBcc: victim@example.com\r\n\r\nbody",
		"Cognito's placeholder of a code": `{####}`,
		"Cognito's other placeholders":    `{username} {##Click Here##} {##x##}`,
		"half a placeholder":              `{##`,
		"a right-to-left override":        "Jane\u202egpj.exe",
		"an isolate and a joiner":         "Ja\u2066ne\u200d\u200b\ufeff",
		"an address":                      `https://evil.example/login`,
		"an address without a scheme":     `www.evil.example`,
		"an email address":                `security@evil.example`,
		"the marks of compiled files":     "\x00link\x00 \x1c \x00code\x00",
		"a template":                      `{{.Code}} {code} {link} 9blank0code9`,
		"broken UTF-8":                    "Jane\xff\xfe",
		"300 KB":                          strings.Repeat("W<", 150<<10),
		"white space only":                " \t\u00a0 ",
	} {
		t.Run(name+" as a name", func(t *testing.T) {
			filled := fill(t, h, newEvent(t, "SignUp", "request.userAttributes.name", hostile,
				"request.userAttributes.given_name", hostile, "request.userAttributes.custom:agentName", hostile))
			checkLimits(t, filled)
			if skeleton(filled.EmailMessage) != skeleton(friendly.EmailMessage) {
				t.Error("the email has other tags than with a friendly name")
			}
			if got := hrefs(filled.EmailMessage); !slices.Equal(got, hrefs(friendly.EmailMessage)) {
				t.Errorf("the email has the links %q", got)
			}
			if filled.EmailSubject != friendly.EmailSubject {
				t.Error("the name changed the subject")
			}
			for _, sign := range []string{"{####}", "{username}", "{##"} {
				if got, want := strings.Count(filled.EmailMessage, sign), strings.Count(friendly.EmailMessage, sign); got != want {
					t.Errorf("the email holds %q %d times, not %d", sign, got, want)
				}
			}
			for _, sign := range []string{"evil.example", "victim@", "security@", "://", "www.evil", "\u202e"} {
				if strings.Contains(text(filled.EmailMessage), sign) {
					t.Errorf("a person reads %q in the email", sign)
				}
			}
		})
		t.Run(name+" as a user name", func(t *testing.T) {
			// What JSON makes of broken UTF-8 is what Cognito would send.
			user := string([]rune(hostile)[:min(utf8.RuneCountInString(hostile), 128)])
			filled := fill(t, h, newEvent(t, "SignUp", "userName", user))
			checkLimits(t, filled)
			if skeleton(filled.EmailMessage) != skeleton(friendly.EmailMessage) {
				t.Error("the email has other tags than with a friendly user name")
			}
			u, err := url.Parse(strings.ReplaceAll(hrefs(filled.EmailMessage)[0], code, "123456"))
			if err != nil {
				t.Fatal(err)
			}
			query := u.Query()
			if query.Get("user") != link.EncodeUser(user) || query.Get("code") != "123456" || len(query) != 4 {
				t.Errorf("the link carries %q", query)
			}
		})
	}
}

func TestFailureReturnsTheEventAndIsLogged(t *testing.T) {
	signUp := newEvent(t, "SignUp")
	file := message.File("riders", "en", message.SignUp)
	for name, test := range map[string]struct {
		payload []byte
		spoil   func(*testing.T, *handler)
		reason  string
	}{
		"settings without clients, which panic": {signUp, func(_ *testing.T, h *handler) {
			h.config = config.CustomMessage{}
		}, "panic"},
		"a message that was not compiled": {signUp, func(t *testing.T, h *handler) {
			if err := os.Remove(filepath.Join(h.files.Dir, file)); err != nil {
				t.Fatal(err)
			}
		}, file},
		"a message file that is damaged": {signUp, func(t *testing.T, h *handler) {
			if err := os.WriteFile(filepath.Join(h.files.Dir, file), []byte("half a file"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "Error"},
		"no placeholder of a code":                   {newEvent(t, "SignUp", "request.codeParameter", nil), nil, "lacks the placeholder of the code"},
		"None as the placeholder of a code":          {newEvent(t, "SignUp", "request.codeParameter", "None"), nil, "lacks the placeholder of the code"},
		"an invitation without the user name's":      {newEvent(t, "AdminCreateUser", "request.usernameParameter", nil), nil, "lacks the placeholder of the user name"},
		"an event that is a list":                    {[]byte(`[1,2]`), nil, "decode event: is not a JSON object"},
		"an event that is a text":                    {[]byte(`"CustomMessage_SignUp"`), nil, "decode event: is not a JSON object"},
		"attributes that are a list":                 {[]byte(`{"triggerSource":"CustomMessage_SignUp","version":"1","request":{"userAttributes":[]}}`), nil, "decode event: request: userAttributes: is not a JSON object"},
		"an attribute that is an object":             {[]byte(`{"triggerSource":"CustomMessage_SignUp","version":"1","request":{"userAttributes":{"name":{}}}}`), nil, "decode event: request: userAttributes: is not a string"},
		"a response that is a number":                {newEvent(t, "SignUp", "response", 7), nil, "the event's response: is not a JSON object"},
		"an event with white space around and in it": {[]byte(" {\n\t\"triggerSource\": [] } \n"), nil, "decode event: triggerSource: is not a string"},
	} {
		t.Run(name, func(t *testing.T) {
			h, logged := newHandler(t)
			if test.spoil != nil {
				test.spoil(t, h)
			}
			reply, err := h.Invoke(t.Context(), test.payload)
			if err != nil || !bytes.Equal(reply, test.payload) {
				t.Errorf("got %q, %v, want the event as it was", reply, err)
			}
			logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
			if reason, _ := logged.Lines(t)[0]["reason"].(string); !strings.Contains(strings.ToLower(reason), strings.ToLower(test.reason)) {
				t.Errorf("the reason is %q, want one with %q", reason, test.reason)
			}
		})
	}
	for name, payload := range map[string]string{
		"nothing": "", "half an event": `{"version":"1","triggerSource":"CustomMessage_SignUp"`, "no JSON": "\x00\xff",
	} {
		t.Run(name+" is an error", func(t *testing.T) {
			h, logged := newHandler(t)
			if _, err := h.Invoke(t.Context(), []byte(payload)); !errors.Is(err, trigger.ErrNotJSON) {
				t.Errorf("got the error %v, want %v", err, trigger.ErrNotJSON)
			}
			logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
		})
	}
}

func TestStart_withoutSettingsOrVariables(t *testing.T) {
	for name, test := range map[string]struct{ dir, links, reason string }{
		"no settings": {t.TempDir(), links, "no such file or directory"},
		"no variable": {newDir(t), "", "LINKS_URL is not set"},
		"neither":     {t.TempDir(), "", "LINKS_URL is not set"},
	} {
		t.Setenv("LINKS_URL", test.links)
		logged := &functiontest.Log{}
		payload := newEvent(t, "SignUp")
		reply, err := start(test.dir, logged.Logger("custom-message")).Invoke(t.Context(), payload)
		if err != nil || !bytes.Equal(reply, payload) {
			t.Errorf("%s: got %q, %v, want the event as it was", name, reply, err)
		}
		logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed"})
		if reason := logged.Lines(t)[0]["reason"].(string); !strings.Contains(reason, test.reason) {
			t.Errorf("%s: the reason is %q", name, reason)
		}
	}
	t.Setenv("LINKS_URL", links)
	logged := &functiontest.Log{}
	if _, ok := start(newDir(t), logged.Logger("custom-message")).(*handler); ok != (newClientNames != nil) {
		t.Errorf("it starts: %t: %s", ok, logged)
	}
}

// The sample settings have two clients.
func TestStart_withoutItsOptionalPart(t *testing.T) {
	defer func(f func() clientNames) { newClientNames = f }(newClientNames)
	newClientNames = nil
	t.Setenv("LINKS_URL", links)
	logged := &functiontest.Log{}
	payload := newEvent(t, "SignUp")
	reply, err := start(newDir(t), logged.Logger("custom-message")).Invoke(t.Context(), payload)
	if err != nil || !bytes.Equal(reply, payload) {
		t.Errorf("got %q, %v, want the event as it was", reply, err)
	}
	logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed", "reason": lambdaenv.ErrLeftOut.Error()})
}

// Clients that are older than the function are in its environment: nobody is asked for their names.
func TestStart_withTheIDsOfItsClients(t *testing.T) {
	defer func(f func() clientNames) { newClientNames = f }(newClientNames)
	newClientNames = nil
	t.Setenv("LINKS_URL", links)
	t.Setenv(clientIDs, `{"riders":"1sample","drivers":"2sample"}`)
	logged := &functiontest.Log{}
	h, ok := start(newDir(t), logged.Logger("custom-message")).(*handler)
	if !ok {
		t.Fatalf("it does not start: %s", logged)
	}
	for id, want := range map[string]string{"1sample": "riders", "2sample": "drivers", "3sample": "riders"} {
		client, err := h.client(t.Context(), &trigger.Event{ClientID: id})
		if client.Name != want || (err != nil) != (id == "3sample") {
			t.Errorf("%s is %s: %v", id, client.Name, err)
		}
	}
	t.Setenv(clientIDs, `["1sample"]`)
	if _, ok := start(newDir(t), logged.Logger("custom-message")).(*handler); ok {
		t.Error("it starts with a list of IDs")
	}
}

func newDir(t *testing.T) string {
	dir, _ := functiontest.Dir[config.CustomMessage](t, "custom-message")
	return dir
}

func TestNothingPersonalIsLogged(t *testing.T) {
	h, logged := newHandler(t)
	noMessages, withoutClients := *h, *h
	noMessages.files = &message.Files{Dir: t.TempDir()}
	withoutClients.config.Clients = nil // panics
	for name, payload := range functiontest.WithSecrets(t) {
		for _, h := range []*handler{h, &noMessages, &withoutClients} {
			t.Run(name, func(t *testing.T) {
				logged.CheckNothingPersonal(t, func() error {
					_, err := h.Invoke(t.Context(), payload)
					return err
				}, code)
			})
		}
	}
}

func FuzzInvoke(f *testing.F) {
	for _, payload := range functiontest.Events(f) {
		f.Add(payload)
	}
	h, _ := newHandler(f)
	h.log = logging.NewWith("custom-message", io.Discard, time.Now)
	// The tags of every mail that there is. Nothing in an event may add one.
	known := map[string]bool{}
	for _, source := range sources() {
		for _, locale := range h.config.Locales {
			known[skeleton(fill(f, h, newEvent(f, source, "request.clientMetadata.locale", locale)).EmailMessage)] = true
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		reply, err := h.Invoke(t.Context(), payload)
		if err != nil {
			if json.Valid(payload) {
				t.Fatalf("an event in JSON is answered by an error: %v", err)
			}
			return
		}
		if !json.Valid(reply) {
			t.Fatalf("the reply is not JSON: %q", reply)
		}
		if bytes.Equal(reply, payload) {
			return
		}
		checkUnchanged(t, payload, reply)
		var answer struct{ Response response }
		if err := json.Unmarshal(reply, &answer); err != nil {
			t.Fatal(err)
		}
		if !known[skeleton(answer.Response.EmailMessage)] {
			t.Errorf("the email has tags that no message has: %s", answer.Response.EmailMessage)
		}
	})
}

func BenchmarkInvoke(b *testing.B) {
	h, _ := newHandler(b)
	h.log = logging.NewWith("custom-message", io.Discard, time.Now)
	for _, source := range []string{"SignUp", "AdminCreateUser"} {
		payload := newEvent(b, source)
		b.Run(source, func(b *testing.B) {
			// 13 of them are jsontext's decoders, of the event and of its response.
			functiontest.Bench(b, 42, func() {
				if reply, err := h.Invoke(b.Context(), payload); err != nil || len(reply) <= len(payload) {
					b.Fatal(err)
				}
			})
		})
	}
}

// poolpost smoke finds its lines by this token.
func TestLinesOfASmokeTestAreMarked(t *testing.T) {
	const token = "0123456789ab"
	h, logged := newHandler(t)
	fill(t, h, newEvent(t, "SignUp", "request.userAttributes.email", logging.SmokeAddress("success", token)))
	logged.CheckLine(t, map[string]any{"test": token})
}

package compile

import (
	"slices"
	"strings"
	"testing"

	"poolpost/internal/link"
	"poolpost/internal/message"
	"poolpost/internal/settings"
)

func marked(name string) string {
	return message.PlaceholderDelimiter + name + message.PlaceholderDelimiter
}

// valid are messages without a problem: with a code and without.
func valid() map[message.Kind]message.Message {
	greeting, greetingPlaceholder := "Hello "+marked(message.Name)+",", marked(message.Greeting)
	button := `<a ses:no-track href="` + marked(message.Link) + `">Go</a>`
	return map[message.Kind]message.Message{
		message.SignUp: {
			Greeting: greeting, GreetingWithoutName: "Hello,", Subject: "Confirm",
			HTML: "<p>" + greetingPlaceholder + "</p>" + button + marked(message.Code),
			Text: greetingPlaceholder + "\nGo\n" + marked(message.Link) + "\n\n" + marked(message.Code) + "\n",
		},
		message.Invitation: {
			Greeting: greeting, GreetingWithoutName: "Hello,", Subject: "Invitation",
			HTML: "<p>" + greetingPlaceholder + "</p>" + button + marked(message.Code) + marked(message.User),
			Text: greetingPlaceholder + "\nGo\n" + marked(message.Link) + "\n\n" + marked(message.Code) + marked(message.User) + "\n",
		},
		message.SignInCode: {
			Greeting: greeting, GreetingWithoutName: "Hello,", Subject: "Code",
			HTML: "<p>" + greetingPlaceholder + "</p>" + marked(message.Code),
			Text: greetingPlaceholder + " " + marked(message.Code),
		},
		message.Welcome: {
			Greeting: greeting, GreetingWithoutName: "Hello,", Subject: "Welcome",
			HTML: "<p>" + greetingPlaceholder + "</p>" + button,
			Text: greetingPlaceholder + "\nGo\n" + marked(message.Link) + "\n",
		},
	}
}

func TestValidate(t *testing.T) {
	const (
		sample             = message.SignUp
		notLogo            = "the HTML loads a picture that is not the brand's logo: "
		never              = "the HTML holds a placeholder that is never filled: "
		stray              = "the text shows an address that is not the link of the message: "
		onlyHTML, onlyText = "the HTML says what the text does not, or not there: ", "the text says what the HTML does not: "
		noLink             = "the HTML must hold one link, the link of the message; it holds "
		theirs             = " holds a placeholder of Cognito's; write {code}, {link} or {user} in the words instead"
	)
	filled := func(n int) string { return strings.Repeat("x", n) }
	tests := map[string]struct {
		kind   message.Kind
		change func(*message.Message)
		want   []string
	}{
		"nothing wrong with a sign-up":      {sample, func(*message.Message) {}, nil},
		"nothing wrong with an invitation":  {message.Invitation, func(*message.Message) {}, nil},
		"nothing wrong with a sign-in code": {message.SignInCode, func(*message.Message) {}, nil},
		"nothing wrong with a welcome":      {message.Welcome, func(*message.Message) {}, nil},

		"an empty subject": {sample, func(m *message.Message) { m.Subject = "" }, []string{
			"the subject has 0 characters when its placeholders are filled; Cognito takes 1 to 140"}},
		"a subject of 140 characters": {sample, func(m *message.Message) { m.Subject = strings.Repeat("é", 140) }, nil},
		"a subject of 141 characters": {sample, func(m *message.Message) { m.Subject = strings.Repeat("é", 141) }, []string{
			"the subject has 141 characters when its placeholders are filled; Cognito takes 1 to 140"}},
		"a subject with a line feed":       {sample, func(m *message.Message) { m.Subject = "a\nb" }, []string{"the subject has a line break"}},
		"a subject with a carriage return": {sample, func(m *message.Message) { m.Subject = "a\rb" }, []string{"the subject has a line break"}},
		"a subject with a no-break space": {sample, func(m *message.Message) { m.Subject = "a\u00a0b" }, []string{
			"the subject holds U+00A0, which Cognito refuses"}},
		"a subject with a name": {sample, func(m *message.Message) { m.Subject += marked(message.Name) }, []string{
			"the subject shows a name, which this kind of message does not have"}},
		"a subject with a code": {sample, func(m *message.Message) { m.Subject += marked(message.Code) }, []string{
			"the subject shows a code, which this kind of message does not have"}},
		"a subject with the placeholder": {sample, func(m *message.Message) { m.Subject += "{####}" }, []string{
			"the subject" + theirs}},

		"an HTML of 20,000 characters when it is filled": {sample, func(m *message.Message) {
			m.HTML += strings.Repeat(" ", 20_000-len([]rune(m.Fill(Longest).HTML)))
		}, nil},
		"an HTML of 20,001 characters when it is filled": {sample, func(m *message.Message) {
			m.HTML += strings.Repeat(" ", 20_001-len([]rune(m.Fill(Longest).HTML)))
		}, []string{"the HTML has 20001 characters when its placeholders are filled; Cognito takes 6 to 20000"}},
		"no HTML": {message.Welcome, func(m *message.Message) { m.HTML = "" }, []string{
			"the HTML has 0 characters when its placeholders are filled; Cognito takes 6 to 20000",
			"the HTML lacks the greeting", "the HTML lacks the link", noLink + "0", onlyText + "Go"}},
		"an HTML with a joiner": {sample, func(m *message.Message) { m.HTML += "\u200d\u200d" }, []string{
			"the HTML holds U+200D, which Cognito refuses"}},
		"an HTML without its greeting": {sample, func(m *message.Message) {
			m.HTML = strings.ReplaceAll(m.HTML, marked(message.Greeting), "")
		}, []string{"the HTML lacks the greeting"}},
		"an HTML without its code": {sample, func(m *message.Message) {
			m.HTML = strings.ReplaceAll(m.HTML, marked(message.Code), "")
		}, []string{"the HTML lacks the code"}},
		"an invitation without its user name": {message.Invitation, func(m *message.Message) {
			m.HTML = strings.ReplaceAll(m.HTML, marked(message.User), "")
		}, []string{"the HTML lacks the user"}},
		"an HTML with a placeholder of another kind": {sample, func(m *message.Message) { m.HTML += marked(message.User) }, []string{
			"the HTML shows a user, which this kind of message does not have"}},
		"an HTML with an unknown placeholder": {sample, func(m *message.Message) { m.HTML += marked("nonsense") }, []string{
			"the HTML shows a nonsense, which this kind of message does not have"}},
		"an HTML with the placeholder of the code": {sample, func(m *message.Message) { m.HTML += "{####}" }, []string{
			"the HTML" + theirs, onlyHTML + "{####}"}},
		"an HTML with the placeholder of a link": {sample, func(m *message.Message) { m.HTML += "{##Click##}" }, []string{
			"the HTML" + theirs, onlyHTML + "{##Click##}"}},
		"an HTML with the placeholder of the user": {sample, func(m *message.Message) { m.HTML += "{username}" }, []string{
			"the HTML" + theirs, onlyHTML + "{username}"}},

		"a text without its link": {sample, func(m *message.Message) {
			m.Text = strings.ReplaceAll(m.Text, marked(message.Link), "")
		}, []string{"the text lacks the link"}},
		"a text without its greeting": {sample, func(m *message.Message) {
			m.Text = strings.ReplaceAll(m.Text, marked(message.Greeting), "")
		}, []string{"the text lacks the greeting"}},
		"a text with a placeholder of another kind": {message.Welcome, func(m *message.Message) { m.Text += marked(message.Code) }, []string{
			"the text shows a code, which this kind of message does not have"}},
		"a text with the placeholder": {sample, func(m *message.Message) { m.Text += "{####}" }, []string{
			"the text" + theirs, onlyText + "{####}"}},

		"a greeting without the name": {sample, func(m *message.Message) { m.Greeting = "Hello," }, []string{"the greeting lacks the name"}},
		"a greeting with the code": {sample, func(m *message.Message) { m.Greeting += marked(message.Code) }, []string{
			"the greeting shows a code, which this kind of message does not have"}},
		"a greeting without a name that has one": {sample, func(m *message.Message) { m.GreetingWithoutName += marked(message.Name) }, []string{
			"the greeting without name shows a name, which this kind of message does not have"}},
		"a greeting with the placeholder": {sample, func(m *message.Message) { m.Greeting += "{username}" }, []string{"the greeting" + theirs}},

		"a second link": {sample, func(m *message.Message) { m.HTML += `<a ses:no-track href="https://example.com/"></a>` }, []string{noLink + "2"}},
		"the same link twice": {sample, func(m *message.Message) { m.HTML += `<a ses:no-track href="` + marked(message.Link) + `"></a>` }, []string{
			noLink + "2"}},
		"a link to somewhere else": {sample, func(m *message.Message) {
			m.HTML = strings.ReplaceAll(m.HTML, `href="`, `href="https://example.com/?u=`)
		}, []string{noLink + "1"}},
		"a link without TLS": {sample, func(m *message.Message) {
			m.HTML += `<a ses:no-track href="http://example.com/"></a>`
		}, []string{"a link does not begin with https://: http://example.com/", noLink + "2"}},
		"a link to a script of many lines": {sample, func(m *message.Message) {
			m.HTML += `<a ses:no-track href="javascript:` + "\n" + filled(100) + `"></a>`
		}, []string{"a link does not begin with https://: javascript:" + filled(49) + "…", noLink + "2"}},
		"a link without an address": {sample, func(m *message.Message) { m.HTML += `<a ses:no-track></a>` }, []string{
			"a link does not begin with https://: ", noLink + "2"}},
		"a link to a mailbox in a sign-in code": {message.SignInCode, func(m *message.Message) {
			m.HTML += `<a ses:no-track href="mailto:support@example.com"></a>`
		}, []string{"a link does not begin with https://: mailto:support@example.com", "the HTML holds a link, but a message of this kind has none"}},
		"a link that SES may rewrite": {sample, func(m *message.Message) { m.HTML = strings.ReplaceAll(m.HTML, "ses:no-track ", "") }, []string{
			"a link lacks ses:no-track"}},
		"a script":    {sample, func(m *message.Message) { m.HTML += "<script></script>" }, []string{"the HTML holds a <script>"}},
		"a frame":     {sample, func(m *message.Message) { m.HTML += "<IFRAME></IFRAME>" }, []string{"the HTML holds a <iframe>"}},
		"an object":   {sample, func(m *message.Message) { m.HTML += "<object></object>" }, []string{"the HTML holds a <object>"}},
		"an embedded": {sample, func(m *message.Message) { m.HTML += "<embed>" }, []string{"the HTML holds a <embed>"}},
		"a form":      {sample, func(m *message.Message) { m.HTML += "<form></form>" }, []string{"the HTML holds a <form>"}},
		"a style sheet from elsewhere": {sample, func(m *message.Message) { m.HTML += `<link rel="stylesheet"/>` }, []string{
			"the HTML holds a <link>"}},
		"another base": {sample, func(m *message.Message) { m.HTML += `<base href="https://example.com/">` }, []string{"the HTML holds a <base>"}},
		"an event handler": {sample, func(m *message.Message) { m.HTML += `<p onclick="x">` }, []string{
			"the HTML holds an event handler: onclick"}},
		"a film":           {sample, func(m *message.Message) { m.HTML += "<video></video>" }, []string{"the HTML holds a <video>"}},
		"the brand's logo": {sample, func(m *message.Message) { m.HTML += `<img src="https://app.example.com/logo.png" alt="MyApp">` }, nil},
		"a logo that says nothing where pictures are not loaded": {sample, func(m *message.Message) {
			m.HTML += `<img src="https://app.example.com/logo.png" alt="">`
		}, []string{"a picture has no text to stand in its place"}},
		"a picture that counts its readers": {sample, func(m *message.Message) { m.HTML += `<img src="https://example.com/1.gif" alt="x">` }, []string{
			notLogo + "https://example.com/1.gif"}},
		"a picture in the email": {sample, func(m *message.Message) { m.HTML += `<img src="data:image/png;base64,AAAA" alt="x">` }, []string{
			notLogo + "data:image/png;base64,AAAA"}},
		"a picture without an address": {sample, func(m *message.Message) { m.HTML += `<img alt="x">` }, []string{notLogo}},
		"a picture as a ground": {sample, func(m *message.Message) { m.HTML += `<p style="background:URL(https://example.com/a.png)"></p>` }, []string{
			"the HTML loads something by its style: url("}},
		"a style sheet in a style": {sample, func(m *message.Message) { m.HTML += `<style>@import "https://example.com/a.css"</style>` }, []string{
			"the HTML loads something by its style: @import"}},
		"a font from elsewhere": {sample, func(m *message.Message) { m.HTML += `<style>@font-face{}</style>` }, []string{
			"the HTML loads something by its style: @font-face"}},

		"words in the HTML only":          {sample, func(m *message.Message) { m.HTML += "<p>It works for an hour.</p>" }, []string{onlyHTML + "It works for an hour."}},
		"words in the text only":          {sample, func(m *message.Message) { m.Text += "It works for an hour.\n" }, []string{onlyText + "It works for an hour."}},
		"words that differ in one letter": {sample, func(m *message.Message) { m.Text = strings.Replace(m.Text, "Go", "Ga", 1) }, []string{onlyHTML + "Go", onlyText + "Ga"}},
		"words in another order": {sample, func(m *message.Message) {
			m.HTML = strings.Replace(m.HTML, "<p>", "<p>One</p><p>", 1)
			m.Text += "One\n"
		}, []string{onlyHTML + "Go"}},
		"words with an entity": {sample, func(m *message.Message) {
			m.HTML += "<p>24&#xA0;hours &amp; more</p>"
			m.Text += "24 hours & more\n"
		}, nil},
		"words that the HTML hides":          {sample, func(m *message.Message) { m.HTML += `<div style="display:none">Preheader</div><style>a{}</style>` }, nil},
		"a line above the foot":              {sample, func(m *message.Message) { m.Text += "--\n" }, nil},
		"a placeholder that the layout lost": {sample, func(m *message.Message) { m.HTML += "<p title=9blank0code9>" }, []string{never + "9blank0"}},
		"a value that the layout refused": {sample, func(m *message.Message) { m.HTML += "<p style=ZgotmplZ>" }, []string{
			never + "ZgotmplZ"}},
		"a template's own placeholder": {sample, func(m *message.Message) { m.HTML += "<p title='{{.Brand}}'>" }, []string{never + "{{", never + "}}"}},
		"a placeholder that does not end": {sample, func(m *message.Message) { m.Subject += message.PlaceholderDelimiter }, []string{
			"the subject holds a placeholder that does not end"}},

		"an address in the words":     {sample, func(m *message.Message) { m.HTML += "<p>See example.com/help</p>"; m.Text += "See example.com/help\n" }, []string{stray + "example.com/help"}},
		"an https address":            {sample, func(m *message.Message) { m.HTML += "<p>https://a/</p>"; m.Text += "https://a/\n" }, []string{stray + "https://a/"}},
		"another mailbox":             {sample, func(m *message.Message) { m.HTML += "<p>a@localhost</p>"; m.Text += "a@localhost\n" }, []string{stray + "a@localhost"}},
		"the mailbox for help":        {sample, func(m *message.Message) { m.HTML += "<p>support@example.com</p>"; m.Text += "support@example.com\n" }, nil},
		"a full stop without a space": {sample, func(m *message.Message) { m.Subject = "Confirm it.Now" }, []string{"the subject shows an address that is not the link of the message: it.Now"}},
		"abbreviations":               {sample, func(m *message.Message) { m.Subject = "Confirm it, e.g. at 8 a.m. or 9.30" }, nil},
	}
	brand := settings.Brand{DisplayName: "Ελλάδα", Support: "support@example.com", Logo: settings.Logo{URL: "https://app.example.com/logo.png"}}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := valid()[test.kind]
			test.change(&m)
			var got []string
			for _, problem := range Validate(test.kind, m, brand, settings.PasswordPolicy{}) {
				got = append(got, problem.Text)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// Validation is only as good as its longest values: none may be shorter than
// what can come.
func TestLongestValuesAreLong(t *testing.T) {
	if name := message.CleanName(strings.Repeat("W", 2048)); len([]rune(name)) > len(Longest[message.Name]) {
		t.Errorf("a name can be %d characters long", len([]rune(name)))
	}
	// Nothing but letters that are escaped, three times longer, where they may stand.
	longest := link.Build("https://links.example.com", link.PathConfirm, link.Link{
		Client: strings.Repeat("c", 128), User: strings.Repeat("$", 128), Code: "{####}", Locale: "en-GB",
		Return: "https://app.example.com/?" + strings.Repeat("&", 275),
	})
	if len(longest) > len(Longest[message.Link]) {
		t.Errorf("a link can be %d characters long", len(longest))
	}
	for _, kind := range message.Kinds() {
		for _, name := range kind.Spec().Placeholders {
			if Longest[name] == "" {
				t.Errorf("%s has the placeholder %s, for which there is no longest value", kind, name)
			}
		}
	}
	for name, value := range Longest {
		if message.Plain(value) != value {
			t.Errorf("the longest %s holds what Cognito refuses", name)
		}
	}
}

// An invitation shows a temporary password, which is as long as the policy asks.
func TestInvitationLengthCountsTheLongestPassword(t *testing.T) {
	m := valid()[message.Invitation]
	m.HTML += "<!--" + strings.Repeat("é", message.MaxHTML-7-len([]rune(m.Fill(Longest).HTML))) + "-->"
	for minimum, want := range map[int]int{0: 0, 6: 0, 12: 0, 13: 1, 64: 1} {
		policy := settings.PasswordPolicy{MinimumLength: minimum}
		if got := Validate(message.Invitation, m, settings.Brand{}, policy); len(got) != want {
			t.Errorf("%d characters: got %q", minimum, got)
		}
		signUp := valid()[message.SignUp]
		signUp.HTML += "<!--" + strings.Repeat("é", message.MaxHTML-7-len([]rune(signUp.Fill(Longest).HTML))) + "-->"
		if got := Validate(message.SignUp, signUp, settings.Brand{}, policy); len(got) > 0 {
			t.Errorf("%d characters: a code of digits is no password: %q", minimum, got)
		}
	}
}

// Each problem has the key of the words that it is in.
func TestValidate_keys(t *testing.T) {
	for key, change := range map[string]func(*message.Message){
		"subject":             func(m *message.Message) { m.Subject = "" },
		"greeting":            func(m *message.Message) { m.Greeting = "Hello" },
		"greetingWithoutName": func(m *message.Message) { m.GreetingWithoutName += marked(message.Name) },
		"":                    func(m *message.Message) { m.HTML += "<script></script>" },
	} {
		m := valid()[message.SignUp]
		change(&m)
		if got := Validate(message.SignUp, m, settings.Brand{}, settings.PasswordPolicy{}); len(got) != 1 || got[0].Key != key {
			t.Errorf("%s: got %q", key, got)
		}
	}
}

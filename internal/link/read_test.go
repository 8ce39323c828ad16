package link

import (
	"net/url"
	"strings"
	"testing"
)

func TestReadQuery(t *testing.T) {
	whole := "client=" + client + "&user=" + user + "&code=123456&return=https%3A%2F%2Fapp.example.com%2F&lang=en"
	read := Link{client, user, "123456", "en", "https://app.example.com/"}
	tests := map[string]struct {
		query string
		want  Link
		bad   bool
	}{
		"a whole link":                      {whole, read, false},
		"a link without a client":           {"user=" + user + "&code=123456", Link{User: user, Code: "123456"}, false},
		"a link that lost its end":          {"client=" + client + "&user=" + user + "&co", Link{Client: client, User: user}, false},
		"a code that lost digits":           {"user=" + user + "&code=12345", Link{User: user}, false},
		"a code with a digit too many":      {"user=" + user + "&code=1234567", Link{User: user}, false},
		"a code with a full stop behind":    {"user=" + user + "&code=123456.", Link{User: user, Code: "123456"}, false},
		"a code typed with spaces":          {"user=" + user + "&code=123+456+", Link{User: user, Code: "123456"}, false},
		"a placeholder that was not filled": {"user=" + user + "&code={####}", Link{User: user}, false},
		"a locale with a full stop behind":  {"user=" + user + "&lang=en.", Link{User: user, Locale: "en"}, false},
		"a locale with more behind":         {"user=" + user + "&lang=pt-BR%26x", Link{User: user, Locale: "pt-BR"}, false},
		"a locale that is a novel":          {"user=" + user + "&lang=" + strings.Repeat("x", 36), Link{User: user}, false},
		"a return address is not judged":    {"user=" + user + "&return=javascript:x", Link{User: user, Return: "javascript:x"}, false},
		"a locale of 35 characters": {
			"user=" + user + "&lang=" + strings.Repeat("x", 35), Link{User: user, Locale: strings.Repeat("x", 35)}, false,
		},
		"a client of 128 characters": {
			"client=" + strings.Repeat("x", 128) + "&user=" + user, Link{Client: strings.Repeat("x", 128), User: user}, false,
		},
		"a user in upper case":               {"user=" + strings.ToUpper(user), Link{User: user}, false},
		"a user with a line break":           {"user=11111111-2222-%0d%0a4333-8444-555555555555", Link{User: user}, false},
		"a user with a line break, in words": {"user=11111111-2222-%3D%0A4333-8444-555555555555", Link{User: user}, false},
		"a user with a no-break space":       {"user=11111111-2222-4333%C2%A0-8444-555555555555", Link{User: user}, false},

		"two users, one of them cut":        {"user=11111111-2222&user=" + user, Link{User: user}, false},
		"the same user twice":               {"user=" + user + "&user=" + user, Link{User: user}, false},
		"two users":                         {"user=" + user + "&user=" + strings.Replace(user, "1", "2", 1), Link{}, true},
		"two codes":                         {"user=" + user + "&code=123456&code=654321", Link{User: user}, false},
		"two codes, one of them cut":        {"user=" + user + "&code=123&code=654321", Link{User: user, Code: "654321"}, false},
		"another code behind an escape":     {"user=" + user + "&code=123456&code=654321%2526code%253D111111", Link{User: user, Code: "123456"}, false},
		"another client behind an escape":   {"client=" + client + "&user%3D" + user + "%26client%3Dother", Link{Client: client, User: user}, false},
		"a code in the return address":      {"user=" + user + "&return=https%3A%2F%2Fapp.example.com%2F%3Fcode%3D654321", Link{User: user, Return: "https://app.example.com/?code=654321"}, false},
		"a user in the return address":      {"client=" + client + "&return=https%3A%2F%2Fapp.example.com%2F%3Fuser%3D" + user, Link{}, true},
		"a code in another parameter":       {"user=" + user + "&x=code%3D654321&codec=654321&zipcode=654321&user_code=654321", Link{User: user}, false},
		"the parameters of another program": {"user_id=5&user=" + user + "&username=jane&language=de&clients=4", Link{User: user}, false},
		"a whole link that was escaped":     {url.QueryEscape(whole), read, false},
		"a query with HTML's ampersands":    {strings.ReplaceAll(whole, "&", "&amp;"), read, false},
		"a query in quoted-printable":       {strings.ReplaceAll(whole, "=", "=3D"), read, false},
		"an escape that was cut":            {"user=" + user + "&return=https%3A%2F%2Fapp.example.com%2", Link{User: user, Return: "https://app.example.com"}, false},
		"a user with 3d in front, escaped":  {"user%3D3d111111-2222-4333-8444-555555555555", Link{User: "3d111111-2222-4333-8444-555555555555"}, false},
		"signs of HTML that are no escapes": {"user=" + user + "&#code=123456&#x;&#xzz;&#99999999;&amp", Link{User: user, Code: "123456"}, false},

		"nothing":                        {"", Link{}, true},
		"no user":                        {"client=" + client + "&code=123456", Link{}, true},
		"an empty user":                  {"client=" + client + "&user=&code=123456", Link{}, true},
		"a user that is cut":             {"user=" + user[:35], Link{}, true},
		"a user that is cut at a hyphen": {"user=" + user[:24], Link{}, true},
		"a user with a digit too many":   {"user=" + user + "5", Link{}, true},
		"a user that is cut behind quoted-printable":      {"user=3D" + user[:34], Link{}, true},
		"a user without its hyphens":                      {"user=" + strings.ReplaceAll(user, "-", ""), Link{}, true},
		"a user with a hyphen too many":                   {"user=1111-1111-2222-4333-8444-555555555555", Link{}, true},
		"a user that runs into the code":                  {"user=" + user + "=123456", Link{}, true},
		"a user with another letter":                      {"user=" + strings.Replace(user, "1", "l", 1), Link{}, true},
		"an address in the place of the user":             {"user=ada%40example.com&code=123456", Link{}, true},
		"a user as a part of an address":                  {"user=" + user + "%40example.com&code=123456", Link{}, true},
		"a user name that a person chose":                 {"user=ada&code=123456", Link{}, true},
		"a provider's user":                               {"user=facebook_1234567890&code=123456", Link{}, true},
		"a user name in another script":                   {"user=%D9%81%D9%84%D8%A7%D9%86", Link{}, true},
		"a user name with full-width digits":              {"user=" + strings.ReplaceAll(user, "1", "１"), Link{}, true},
		"a user name of megabytes":                        {"user=" + strings.Repeat("x", 1<<20), Link{}, true},
		"a query of megabytes that hides nothing":         {strings.Repeat("%25", 1<<20), Link{}, true},
		"a client with a slash":                           {"client=a%2Fb&user=" + user, Link{}, true},
		"a client of 129 characters":                      {"client=" + strings.Repeat("x", 129) + "&user=" + user, Link{}, true},
		"a client in another script":                      {"client=%C3%A9&user=" + user, Link{}, true},
		"an equals sign, a space and so on":               {"=&==&user&=user&code==;;;??##", Link{}, true},
		"a link in which quoted-printable ate two digits": {"user=\x111111111-2222-4333-8444-555555555555", Link{}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ReadQuery(test.query)
			if test.bad {
				if err == nil || got.User != "" {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, test.want)
			}
		})
	}
}

// What is bad still has a language and a brand.
func TestABadLinkIsOfItsClientAndLocale(t *testing.T) {
	for query, want := range map[string]Link{
		"client=" + client + "&user=ada&lang=fr":                    {Client: client, Locale: "fr"},
		"client=a%2Fb&user=" + user + "&lang=fr":                    {User: user, Locale: "fr"},
		"client%3D" + client + "%26user%3Dada%26lang%3Dfr":          {Client: client, Locale: "fr"},
		"client=" + client + "&user=" + user + "&user=1" + user[1:]: {Client: client, User: user},
	} {
		got, err := ReadQuery(query)
		if bad := want.User == ""; (err != nil) != (bad || got.Client == "") || got.Client != want.Client || got.Locale != want.Locale {
			t.Errorf("%s: got %+v, %v, want %+v", query, got, err, want)
		}
	}
}

func TestReadAForm(t *testing.T) {
	for name, test := range map[string]struct {
		form url.Values
		want Link
		bad  bool
	}{
		"whole": {
			url.Values{"client": {client}, "user": {user}, "code": {"123456"}, "lang": {"en"}, "return": {"https://app.example.com/?a=%20"}},
			Link{client, user, "123456", "en", "https://app.example.com/?a=%20"}, false,
		},
		"a code that a person typed": {url.Values{"user": {user}, "code": {"Your code: ١٢٣–٤٥٦."}}, Link{User: user, Code: "123456"}, false},
		"a code with an escape":      {url.Values{"user": {user}, "code": {"123%20456"}}, Link{User: user}, false},
		"two codes":                  {url.Values{"user": {user}, "code": {"123456", "654321"}}, Link{User: user}, false},
		"a user that is cut":         {url.Values{"user": {user[:30]}, "code": {"123456"}}, Link{}, true},
		"two users":                  {url.Values{"user": {user, "99999999" + user[8:]}}, Link{}, true},
		"nothing":                    {nil, Link{}, true},
	} {
		got, err := Read(test.form)
		if (err != nil) != test.bad || !test.bad && got != test.want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestPathOf(t *testing.T) {
	const query = "user=x"
	for path, want := range map[string][2]string{
		"/confirm": {PathConfirm, query}, "/reset": {PathReset, query}, "/resend": {PathResend, query}, "/forgot": {PathForgot, query},
		"/confirm?user=y&a": {PathConfirm, "?user=y&a&" + query}, "/reset%3Fuser=y": {PathReset, "?user=y&" + query}, "/confirm&user=y": {PathConfirm, "&user=y&" + query},
		"/confirm.": {PathConfirm, query}, "/reset\u00a0»": {PathReset, query}, "/confirm%20%22": {PathConfirm, query}, "/confirm%3": {PathConfirm, query},
		"/c": {PathConfirm, ""}, "/confir": {PathConfirm, ""}, "/rese.": {PathReset, ""}, "/r": {PathReset, ""},
		"/": {"/", query}, "": {"", query}, "/confirm/": {"/confirm/", query}, "/confirm/more": {"/confirm/more", query}, "/confirmed": {"/confirmed", query},
		"/confirm/../reset": {"/confirm/../reset", query}, "/confirm%2f..%2freset": {"/confirm%2f..%2freset", query}, "//confirm": {"//confirm", query},
		"/Confirm": {"/Confirm", query}, "/conform": {"/conform", query}, "/robots.txt": {"/robots.txt", query}, "/confirm?/../x": {PathConfirm, "?/../x&" + query},
		"/confirm\r\n31415926": {"/confirm\r\n31415926", query},
	} {
		if gotPath, gotQuery := PathOf(path, query); gotPath != want[0] || gotQuery != want[1] {
			t.Errorf("%q: got %q, %q, want %q", path, gotPath, gotQuery, want)
		}
	}
}

// FuzzBuildAndRead holds that a link which can be built from values that are read as
// they are reads as the same values, and that no other user passes.
func FuzzBuildAndRead(f *testing.F) {
	f.Add(client, user, "123456", "en", "https://app.example.com/")
	f.Add("", "فلان", "", "zh-Hant-TW", "")
	f.Add("a+b_c", user, "00000000", "x&y", "javascript:alert(1)")
	f.Add("é", "a@b", "{####}", strings.Repeat("x", 36), "\xff")
	f.Add("+", user, "123456", "pt_BR", "&user=a;code=1?lang=x#client%3D")
	f.Fuzz(func(t *testing.T, clientID, userName, code, locale, to string) {
		in := Link{clientID, userName, code, locale, to}
		address := Build("https://links.example.com", PathConfirm, in)
		if code == "{####}" && !strings.Contains(address, "code={####}") {
			t.Errorf("the placeholder is lost: %s", address)
		}
		if code != "" && strings.Trim(code, "{#}") == "" {
			// Cognito puts the code in its place; nothing else may hold a #.
			address = strings.Replace(address, "code="+code, "code=123456", 1)
			code, in.Code = "123456", "123456"
		}
		u, err := url.Parse(address)
		if err != nil || u.Host != "links.example.com" || u.Path != PathConfirm || u.Fragment != "" {
			t.Fatalf("%s is another address: %v", address, err)
		}
		if _, err := url.ParseQuery(u.RawQuery); err != nil {
			t.Fatal(err)
		}
		out, err := ReadQuery(u.RawQuery)
		if readUserName(EncodeUser(userName)) != userName || readClientID(clientID) != clientID {
			return
		}
		if (err == nil) != (userName != "") {
			t.Fatalf("read %+v: %v", out, err)
		}
		if err != nil || ReadCode(code) != code || code == "" || readLocale(locale) != locale {
			return
		}
		if out != in {
			t.Errorf("built %+v, read %+v", in, out)
		}
	})
}

// FuzzReadQuery holds that whatever is read has the shape of what Build writes, and that a form
// with it reads as the same.
func FuzzReadQuery(f *testing.F) {
	f.Add("client=" + client + "&user=" + user + "&code=123456&return=https%3A%2F%2Fapp.example.com%2F&lang=en")
	f.Add("client=3D" + client + "&amp;user=3D11111111-2222-=%0D%0A4333-8444-555555555555&amp;code=3D123 456")
	f.Add("client-3D" + client + "-26user-3D11111111-2D2222-2D4333-2D8444-2D555555555555-26code-3D123456")
	f.Add("%26%23x75%3Bser%253D" + user + "%2526code%253D%EF%BC%91%EF%BC%92%EF%BC%93456&user=&#")
	f.Fuzz(func(t *testing.T, query string) {
		l, err := ReadQuery(query)
		if l.Code != "" && (len(l.Code) != 6 || strings.Trim(l.Code, "0123456789") != "") {
			t.Errorf("the code is %q", l.Code)
		}
		if len(l.Locale) > 35 || len(l.Client) > 128 || strings.ContainsAny(l.Locale+l.Client+EncodeUser(l.User), "\x00<>\"'&/ ") {
			t.Errorf("read %+q", l)
		}
		if err != nil {
			return
		}
		if !IsGenerated(l.User) && !isUserName(l.User) {
			t.Errorf("the user is %q", l.User)
		}
		again, err := Read(url.Values{"client": {l.Client}, "user": {EncodeUser(l.User)}, "code": {l.Code}, "return": {l.Return}, "lang": {l.Locale}})
		if err != nil || again != l {
			t.Errorf("read %+v, and again %+v, %v", l, again, err)
		}
	})
}

func TestEscapesAreUndone(t *testing.T) {
	for text, want := range map[string]string{
		"%41%5a%5A%66%6F%6f%30%39%2f%2F%c3%A9": "AZZfoo09//é",
		"%4g%G4%4":                             "%4g%G4", // cut off at the end
	} {
		if got := unescape(text, '%'); got != want {
			t.Errorf("%s became %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"a&#61;b&#x3d;c&#X3D;d&#38;e": "a=b=c=d&e",
		"&#x;&#;&#61":                 "&#x;&#;=",
		"&#3d;&#99999999;":            "&#3d;&#99999999;",
	} {
		if got := unescapeHTML(text); got != want {
			t.Errorf("%s became %q, want %q", text, got, want)
		}
	}
}

func TestSignsInAUserNameAndAClientID(t *testing.T) {
	const user = "0a1b2c3d-1111-4222-8333-444455556666"
	for _, dash := range []string{"\u2010", "\u2011", "\u2013", "\u2014", "\u00ad", "\u2212", "\uff0d"} {
		if got := readUserName(strings.ReplaceAll(user, "-", dash)); got != user {
			t.Errorf("with %q for a hyphen, the user is %q", dash, got)
		}
	}
	for id, want := range map[string]string{
		"azAZ09_+":               "azAZ09_+",
		" azAZ09.":               "azAZ09",
		"a/b":                    unclear,
		"é":                      unclear,
		strings.Repeat("a", 128): strings.Repeat("a", 128),
		strings.Repeat("a", 129): unclear,
	} {
		if got := readClientID(id); got != want {
			t.Errorf("the client %q is read as %q, want %q", id, got, want)
		}
	}
	if l, _ := ReadQuery("client=a/b&client=sample&user=" + user); l.Client != "sample" {
		t.Errorf("behind one that is unclear, the client is %q", l.Client)
	}
}

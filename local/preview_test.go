package local

import (
	"bufio"
	"io"
	"io/fs"
	"maps"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"poolpost/internal/message"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
	"poolpost/local/mailbox"
	"poolpost/templates"
)

func TestPreviewShowsEveryMessage(t *testing.T) {
	s := startStack(t)
	for _, client := range s.settings.Clients {
		for _, locale := range s.settings.Locales {
			for _, kind := range message.Kinds() {
				response, err := http.Get(s.webURL + "/messages/html?" + query(client.Name, locale, string(kind)))
				noError(t, err)
				page, err := io.ReadAll(response.Body)
				response.Body.Close()
				if err != nil || response.StatusCode != http.StatusOK {
					t.Fatalf("%s in %s: status %d, %v", kind, locale, response.StatusCode, err)
				}
				if kind == message.SignInCode {
					if href.Match(page) {
						t.Errorf("%s in %s has a link", kind, locale)
					}
					continue
				}
				address := linkOf(t, mailbox.Message{HTML: string(page)})
				if !strings.HasPrefix(address, "http") {
					t.Errorf("%s in %s leads to %q", kind, locale, address)
				}
				if kind == message.Invitation && (!strings.Contains(string(page), ">"+samplePassword+"<") || strings.Contains(address, samplePassword)) {
					t.Errorf("%s in %s does not show its password, or leads to %s", kind, locale, address)
				}
			}
		}
	}
}

// startPreview starts a preview of a copy of the templates and settings, which
// a test may edit.
func startPreview(t *testing.T, smtp string) (p *preview, address string) {
	t.Helper()
	root := t.TempDir()
	noError(t, os.CopyFS(filepath.Join(root, "templates"), os.DirFS("../templates")))
	text, err := os.ReadFile(settingstest.File())
	noError(t, err)
	file := filepath.Join(root, "poolpost.yaml")
	noError(t, os.WriteFile(file, text, 0o644))
	edit(t, file, settingstest.AllLocales, "locales: [en, fr, ar, it]")
	set, err := settings.Read(file)
	noError(t, err)
	noError(t, localApp(set, "http://127.0.0.1:8080", ""))
	p = &preview{
		dir: filepath.Join(root, "functions"), settings: set, file: file,
		linksURL: "http://127.0.0.1:8080", box: mailbox.New(nil), smtp: smtp, closed: make(chan struct{}), restartFunctions: func() {},
	}
	mux := http.NewServeMux()
	p.routes(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return p, server.URL
}

// edit replaces a text in a file.
func edit(t *testing.T, file, old, by string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("%s does not hold %q, %v", file, old, err)
	}
	noError(t, os.WriteFile(file, []byte(strings.Replace(string(text), old, by, 1)), 0o644))
}

func get(t *testing.T, address string) (status int, body string) {
	t.Helper()
	response, err := http.Get(address)
	noError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	noError(t, err)
	return response.StatusCode, string(text)
}

func query(client, locale, kind string) string {
	return mailbox.Query("client", client, "locale", locale, "kind", kind)
}

func TestPreviewFollowsEdits(t *testing.T) {
	p, address := startPreview(t, "")
	one := address + "/messages?" + query("web", "en", "welcome")
	words := filepath.Join(templates.Dir(p.file), "locales/en.yaml")
	given := "" // what send-mail has when it starts again
	p.restartFunctions = func() {
		text, err := os.ReadFile(filepath.Join(p.dir, "send-mail", message.File("web", "en", message.Welcome)))
		if err != nil {
			t.Error(err)
		}
		given = string(text)
	}
	for _, step := range []struct {
		what          string
		file, old, by string
		want          string // in the page
		given         string // in the file of the function, which keeps what compiled last
	}{
		{"words", words, `heading: "Your account is ready"`, `heading: "All is set"`, "All is set", "All is set"},
		{"a layout", filepath.Join(templates.Dir(p.file), "layout.txt"), "{{.Why}}", "{{.Why}}\n", "just joined MyApp.\n\nMyApp", "just joined MyApp.\n\nMyApp"},
		{"settings", p.file, "displayName: MyApp", "displayName: Other", "Welcome to Other", "Welcome to Other"},
		{"a mistake in the words", words, `subject: "Welcome to {brand}"`, `subject: "Welcome to {brnd}"`, "messages.welcome.subject: {brnd} cannot be filled here", "Welcome to Other"},
		{"the mistake mended", words, "{brnd}", "our {brand}", "Welcome to our Other", "Welcome to our Other"},
		{"a mistake in the settings", p.file, "color: \"#1d4ed8\"", "color: red", "brands[0].color: must be a colour such as #1d4ed8", "Welcome to our Other"},
	} {
		if _, page := get(t, one); strings.Contains(page, step.want) {
			t.Errorf("%s: the page has %q already", step.what, step.want)
		}
		edit(t, step.file, step.old, step.by)
		if status, page := get(t, one); status != http.StatusOK || !strings.Contains(page, step.want) {
			t.Errorf("%s: status %d, the page lacks %q:\n%s", step.what, status, step.want, page)
		}
		if !strings.Contains(given, step.given) {
			t.Errorf("%s: the functions restart without %q", step.what, step.given)
		}
	}
	// What compiled last is still shown, and is what the functions have.
	if _, page := get(t, one); !strings.Contains(page, "Welcome to our Other") {
		t.Error("with a mistake, the page shows no message")
	}
	if m, err := (&message.Files{Dir: filepath.Join(p.dir, "send-mail")}).Message("web", "en", message.Welcome); err != nil || m.Subject != "Welcome to our Other" {
		t.Errorf("send-mail has %q, %v", m.Subject, err)
	}
}

// A function that runs looks for the files of the settings that it was started
// with.
func TestChangedSettingsNeedARestart(t *testing.T) {
	const note = "Restart <code>make dev</code>"
	for name, test := range map[string]struct{ old, by string }{
		"a client with another name": {"- name: web\n", "- name: shop\n"},
		"a locale less":              {"locales: [en, fr, ar, it]", "locales: [en, fr, ar]"},
		"another sender":             {"mail:\n", "mail:\n  delivery: ses\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p, address := startPreview(t, "")
			if _, page := get(t, address+"/messages"); strings.Contains(page, note) {
				t.Error("nothing has changed, and the page asks for a new start")
			}
			before := filesOf(t, p.dir)
			edit(t, p.file, test.old, test.by)
			if status, page := get(t, address+"/messages"); status != http.StatusOK || !strings.Contains(page, note) {
				t.Errorf("status %d, the page does not ask for a new start:\n%s", status, page)
			}
			edit(t, filepath.Join(templates.Dir(p.file), "locales/en.yaml"), `heading: "Your account is ready"`, `heading: "All is set"`)
			get(t, address+"/messages")
			if after := filesOf(t, p.dir); !maps.Equal(after, before) {
				t.Error("files of the functions have changed")
			}
			edit(t, p.file, test.by, test.old)
			if _, page := get(t, address+"/messages"); strings.Contains(page, note) {
				t.Error("the settings are back, and the page asks for a new start")
			}
			if maps.Equal(filesOf(t, p.dir), before) {
				t.Error("the settings are back, and the functions have not got the words")
			}
		})
	}
}

// filesOf are the contents of all files below a folder.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

func TestPreviewNotifiesThePageOfChanges(t *testing.T) {
	p, address := startPreview(t, "")
	if _, body := get(t, address+"/messages/changes?version=0"); body != "data: 1\n\n" {
		t.Errorf("a page that is old hears %q", body)
	}
	if _, page := get(t, address+"/messages"); !strings.Contains(page, `src="/messages/reload.js" data-version="1"`) {
		t.Error("the page does not listen")
	}
	go func() {
		time.Sleep(100 * time.Millisecond)
		edit(t, filepath.Join(templates.Dir(p.file), "locales/fr.yaml"), "Bienvenue", "Salut")
	}()
	if _, body := get(t, address+"/messages/changes?version=1"); body != "data: 2\n\n" {
		t.Errorf("a page that waits hears %q", body)
	}
	time.AfterFunc(100*time.Millisecond, func() { close(p.closed) })
	if _, body := get(t, address+"/messages/changes?version=2"); body != "" {
		t.Errorf("at the end, a page hears %q", body)
	}
}

func TestPreviewShowsCompileErrors(t *testing.T) {
	p, address := startPreview(t, "")
	edit(t, p.file, "brands:", "brand:")
	for _, path := range []string{"/messages", "/messages?" + query("web", "en", "welcome"), "/messages/html?" + query("web", "en", "welcome")} {
		if status, page := get(t, address+path); status != http.StatusInternalServerError || !strings.Contains(page, "did you mean brands?") {
			t.Errorf("%s: status %d: %s", path, status, page)
		}
	}
}

func TestPreviewOfAnUnknownMessageIsNotFound(t *testing.T) {
	_, address := startPreview(t, "")
	for _, path := range []string{query("nobody", "en", "welcome"), query("web", "de", "welcome"), query("web", "en", "goodbye")} {
		if status, _ := get(t, address+"/messages?"+path); status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, status)
		}
	}
}

// sendSample presses a button of "send me this one", and returns where it leads.
func sendSample(t *testing.T, address, to, through string) (status int, where string) {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.PostForm(address+"/messages/send", url.Values{
		"client": {"web"}, "locale": {"fr"}, "kind": {"welcome"}, "to": {to}, "through": {through},
	})
	noError(t, err)
	defer response.Body.Close()
	return response.StatusCode, response.Header.Get("Location")
}

func TestSampleIsSentToTheMailbox(t *testing.T) {
	p, address := startPreview(t, "")
	status, where := sendSample(t, address, "bob@example.com", "mailbox")
	list := p.box.Messages()
	if status != http.StatusSeeOther || len(list) != 1 || where != "/mailbox/"+list[0].ID {
		t.Fatalf("status %d, to %s, %d mails", status, where, len(list))
	}
	if m := list[0]; m.To[0] != "bob@example.com" || m.Subject != "Bienvenue sur MyApp" || m.HTML == "" || m.Text == "" || m.ReplyTo != "support@example.com" {
		t.Errorf("got %+v", m)
	}
	for _, to := range []string{"", "bob", "bob@example.com\r\nBcc: x@example.com"} {
		if status, _ := sendSample(t, address, to, "mailbox"); status != http.StatusBadRequest {
			t.Errorf("to %q: status %d", to, status)
		}
	}
}

func TestSampleHasTheSenderOfItsBrand(t *testing.T) {
	p, address := startPreview(t, "")
	edit(t, p.file, "\nmail:\n", "\nmail:\n  delivery: ses\n")
	edit(t, p.file, "  - name: myapp\n", "  - name: myapp\n    from: {name: Riders}\n    replyTo: riders@example.com\n")
	sendSample(t, address, "bob@example.com", "mailbox")
	if m := p.box.Messages()[0]; m.From != `"Riders" <no-reply@example.com>` || m.ReplyTo != "riders@example.com" {
		t.Errorf("the sample is from %s, with answers to %s", m.From, m.ReplyTo)
	}
}

// smtpServer takes one email, and says no to a recipient whose name is nobody.
func smtpServer(t *testing.T) (address string, mails <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	t.Cleanup(func() { l.Close() })
	taken := make(chan string, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			text := textproto.NewConn(c)
			_ = text.PrintfLine("220 sample")
			for line, err := text.ReadLine(); err == nil; line, err = text.ReadLine() {
				switch {
				case line == "DATA":
					_ = text.PrintfLine("354 go on")
					data, _ := text.ReadDotBytes()
					taken <- string(data)
					_ = text.PrintfLine("250 taken")
				case line == "QUIT":
					_ = text.PrintfLine("221 bye")
				case strings.Contains(line, "nobody@"):
					_ = text.PrintfLine("550 nobody is here")
				default:
					_ = text.PrintfLine("250 fine")
				}
			}
			text.Close()
		}
	}()
	return l.Addr().String(), taken
}

func TestSampleIsSentThroughAnSMTPServer(t *testing.T) {
	server, mails := smtpServer(t)
	_, address := startPreview(t, server)
	if status, _ := sendSample(t, address, "bob@example.com", "smtp"); status != http.StatusSeeOther {
		t.Fatalf("status %d", status)
	}
	m, err := mail.ReadMessage(bufio.NewReader(strings.NewReader(<-mails)))
	noError(t, err)
	for header, want := range map[string]string{
		"From": `"MyApp" <no-reply@example.com>`, "Reply-To": "support@example.com", "To": "bob@example.com", "Subject": "Bienvenue sur MyApp",
	} {
		if got := m.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	_, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	noError(t, err)
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	for _, want := range []string{"Votre compte est prêt\n", "<h1 "} {
		part, err := parts.NextPart()
		noError(t, err)
		text, err := io.ReadAll(part)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%q is not in %s\n%v", want, text, err)
		}
	}
	if status, _ := sendSample(t, address, "nobody@example.com", "smtp"); status != http.StatusBadGateway {
		t.Errorf("to nobody: status %d", status)
	}
}

func TestSampleWithoutAnSMTPServerIsABadGateway(t *testing.T) {
	for _, server := range []string{"", "127.0.0.1", "127.0.0.1:1"} {
		_, address := startPreview(t, server)
		if status, _ := sendSample(t, address, "bob@example.com", "smtp"); status != http.StatusBadGateway {
			t.Errorf("%q: status %d", server, status)
		}
	}
}

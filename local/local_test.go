package local

import (
	"context"
	"flag"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"poolpost/internal/compile"
	"poolpost/internal/message"
	"poolpost/internal/settings/settingstest"
	"poolpost/local/mailbox"
)

// logs collects what the functions of all tests write: nothing personal may be
// in it (see TestNothingPersonalIsLogged).
var logs = &lockedBuffer{}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startStack starts everything on free ports, with the shipped settings.
func startStack(t testing.TB, change ...func(*Options)) *Stack {
	t.Helper()
	return startWith(t, settingstest.File(), change...)
}

// startSES is startStack with mail.delivery ses.
func startSES(t testing.TB, change ...func(*Options)) *Stack {
	t.Helper()
	return startWith(t, settingstest.FileWith(t, "ses.yaml", "\nmail:\n", "\nmail:\n  delivery: ses\n"), change...)
}

// startWith starts everything. The functions are built once for each settings
// file's name, by the first test; words and layout are compiled once for each
// text of the settings.
func startWith(t testing.TB, file string, change ...func(*Options)) *Stack {
	t.Helper()
	name := filepath.Base(file)
	text, err := os.ReadFile(file)
	noError(t, err)
	building.Lock()
	defer building.Unlock()
	o := Options{
		Settings: file, Web: "127.0.0.1:0", AWS: "127.0.0.1:0", Logs: logs,
		hooks: testHooks{dir: filepath.Join(buildDir, name), built: built[name], compiled: compiled[string(text)]},
	}
	for _, f := range change {
		f(&o)
	}
	s, err := Start(t.Context(), o)
	noError(t, err)
	built[name], compiled[string(text)] = true, s.compiled
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var (
	buildDir string
	building sync.Mutex
	built    = map[string]bool{}            // by the name of the settings file
	compiled = map[string]*compile.Output{} // by its text
)

func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		echo()
	}
	flag.Parse()
	// The parallel tests wait more than they compute.
	err := flag.Set("test.parallel", strconv.Itoa(max(8, *atOnce)))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	buildDir, err = os.MkdirTemp("", "poolpost-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(buildDir)
	os.Exit(code)
}

// sdk is the AWS SDK's own Cognito client on the local pool.
func (s *Stack) sdk() *cognito.Client {
	return cognito.New(cognito.Options{
		BaseEndpoint: aws.String(s.awsURL), Region: s.settings.Pool.Region,
		Credentials: credentials.NewStaticCredentialsProvider("sample", "sample", ""),
	})
}

// subject is that of a message.
func (s *Stack) subject(t testing.TB, locale string, kind message.Kind) string {
	t.Helper()
	m, err := (&message.Files{Dir: filepath.Join(s.dir, "send-mail")}).Message("web", locale, kind)
	noError(t, err)
	return m.Subject
}

// title is the heading of a page.
func (s *Stack) title(t testing.TB, locale, state string) string {
	t.Helper()
	p, err := (&message.Files{Dir: filepath.Join(s.dir, "verify-link")}).Page("web", locale, state)
	noError(t, err)
	return html.UnescapeString(heading.FindStringSubmatch(p.HTML)[1])
}

// mail waits for an email of one kind to an address.
func (s *Stack) mail(t testing.TB, to, locale string, kind message.Kind) mailbox.Message {
	t.Helper()
	subject := s.subject(t, locale, kind)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m, err := s.box.Wait(ctx, func(m mailbox.Message) bool {
		return m.Subject == subject && len(m.To) == 1 && m.To[0] == to
	})
	if err != nil {
		var have []string
		for _, m := range s.box.Messages() {
			have = append(have, fmt.Sprintf("%q to %v %s", m.Subject, m.To, m.Note))
		}
		t.Fatalf("no email %q to %s: %v; the mailbox has %s", subject, to, err, strings.Join(have, "; "))
	}
	return m
}

var href = regexp.MustCompile(`<a\s[^>]*href="([^"]*)"`)

// linkOf is the one link of an email, as a mail program reads it.
func linkOf(t testing.TB, m mailbox.Message) string {
	t.Helper()
	links := href.FindAllStringSubmatch(m.HTML, -1)
	if len(links) != 1 {
		t.Fatalf("the email has %d links, want 1", len(links))
	}
	return html.UnescapeString(links[0][1])
}

var (
	heading = regexp.MustCompile(`<h1>([^<]*)</h1>`)
	action  = regexp.MustCompile(`<form method="(\w+)" action="([^"]*)">`)
	hidden  = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)
	next    = regexp.MustCompile(`<a class="button" href="([^"]*)">`)
)

// A shown page is what a person sees of a page behind a link.
type shown struct {
	status int
	title  string
	next   string     // where its button leads, when it is a link
	method string     // of its form
	action string     // of its form
	form   url.Values // its hidden fields
}

// browse makes a request as a browser does that came here by a link, or by the
// page's own form.
func browse(t testing.TB, method, address string, form url.Values) shown {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	noError(t, err)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	response, err := http.DefaultClient.Do(request)
	noError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	noError(t, err)
	page := string(body)
	p := shown{status: response.StatusCode, form: url.Values{}}
	if m := heading.FindStringSubmatch(page); m != nil {
		p.title = html.UnescapeString(m[1])
	}
	if m := next.FindStringSubmatch(page); m != nil {
		p.next = html.UnescapeString(m[1])
	}
	if m := action.FindStringSubmatch(page); m != nil {
		p.method, p.action = m[1], m[2]
	}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		p.form.Set(m[1], html.UnescapeString(m[2]))
	}
	return p
}

// press sends the form of a page.
func (s *Stack) press(t testing.TB, p shown) shown {
	t.Helper()
	return browse(t, strings.ToUpper(p.method), s.webURL+p.action, p.form)
}

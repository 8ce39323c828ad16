package local

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"

	"poolpost/internal/message"
	"poolpost/local/mailbox"
)

// TestAmplifysAuthenticator goes through Amplify's own screens for sign-up, sign-in and a forgotten
// password, with their default settings.
func TestAmplifysAuthenticator(t *testing.T) {
	clients := installed(t, "clients", "node_modules/@aws-amplify/ui-react", "Node.js")
	s := startWith(t, "../poolpost.yaml")
	dir := t.TempDir()
	page, err := os.ReadFile("../test/clients/authenticator.jsx")
	noError(t, err)
	noError(t, os.WriteFile(filepath.Join(clients, "authenticator.jsx"), page, 0o600)) // beside the packages that it imports
	build := exec.CommandContext(t.Context(), filepath.Join(clients, "node_modules/.bin/esbuild"), "authenticator.jsx",
		"--bundle", "--format=esm", "--jsx=automatic", "--log-level=error", "--outfile="+filepath.Join(dir, "app.js"))
	build.Dir = clients
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("bundle the page: %v\n%s", err, out)
	}
	noError(t, os.WriteFile(filepath.Join(dir, "index.html"), []byte(`<!doctype html><html lang="en"><title>App</title><link rel="stylesheet" href="/app.css"><div id="root"></div><script type="module" src="/app.js"></script>`), 0o600))
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	mux.HandleFunc("/amplify_outputs.json", s.amplifyOutputs)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	a := &appTab{browserTab: startBrowser(t), url: server.URL}

	signUp := func(address string) {
		t.Helper()
		a.opens(a.url, "Forgot your password?")
		a.presses("Create Account", "Agent name")
		a.types("email", address, "password", password, "confirm_password", password, "custom:agentName", "Ann Example")
		a.submits("We Emailed You")
	}
	signIn := func(address, password string) {
		t.Helper()
		a.types("username", address, "password", password)
		a.submits("Hello " + address)
	}

	// The code signs in at once.
	const ann = "ann@example.com"
	signUp(ann)
	a.types("confirmation_code", codeIn(t, s.mail(t, ann, "en", message.SignUp)))
	a.submits("Hello " + ann)
	a.presses("Leave", "Forgot your password?")

	// After the link, people sign in.
	const bob = "bob@example.com"
	signUp(bob)
	a.opens(linkOf(t, s.mail(t, bob, "en", message.SignUp)), s.title(t, "en", "confirm"))
	a.press(`form[action="/confirm"] button`, "a.button")
	a.opens(a.url, "Forgot your password?")
	signIn(bob, password)
	a.presses("Leave", "Forgot your password?")

	a.presses("Forgot your password?", "Send code")
	a.types("username", bob)
	a.submits("New Password")
	a.types("confirmation_code", codeIn(t, s.mail(t, bob, "en", message.ForgotPassword)), "password", "sample-pass-2", "confirm_password", "sample-pass-2")
	a.submits("Forgot your password?")
	signIn(bob, "sample-pass-2")
}

// codeIn is the code that an email shows.
func codeIn(t *testing.T, m mailbox.Message) string {
	t.Helper()
	found := regexp.MustCompile(`>([0-9]{6})<`).FindStringSubmatch(m.HTML)
	if found == nil {
		t.Fatal("the email shows no code")
	}
	return found[1]
}

// submits sends the form of the field that was typed into last, and waits until the page shows a text.
func (a *appTab) submits(text string) {
	a.t.Helper()
	a.do("submit", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool](`document.activeElement.form.requestSubmit(); true`)(ctx, target)
		return err
	}))
	a.shows(text)
}

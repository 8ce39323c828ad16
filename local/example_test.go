package local

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"poolpost/internal/amplify"
	"poolpost/internal/message"
	"poolpost/internal/settings"
	"poolpost/local/mailbox"
)

// singlePage serves the files of a folder, and index.html for every other path, as the host of an
// app does whose paths are JavaScript's.
type singlePage struct {
	dir  string
	edit func(file string) string // what is served of a file; nil: all as it is
}

func (p *singlePage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file := filepath.Join(p.dir, r.URL.Path)
	if filepath.Ext(file) == "" {
		file = filepath.Join(p.dir, "index.html")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if p.edit != nil {
		text = []byte(p.edit(string(text)))
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(filepath.Ext(file)))
	_, _ = w.Write(text)
}

// hostedSignIn is nowhere (RFC 6761).
const hostedSignIn = "sample.auth.invalid"

// startExample starts everything with a settings file and frontend/example as the app, built as npm
// run build does, with the amplify_outputs.json of this pool. Beside its packages, the example is as in the
// repository: refusal.ts and code.ts are one folder up.
func startExample(t *testing.T, file string) (*Stack, *appTab, *singlePage) {
	t.Helper()
	installed := installed(t, "frontend/example", "node_modules", "Node.js")
	app := &singlePage{dir: filepath.Join(t.TempDir(), "dist")}
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	s := startWith(t, file, func(o *Options) { o.App = server.URL })
	source := filepath.Join(filepath.Dir(app.dir), "frontend")
	noError(t, filepath.WalkDir("../frontend", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == "node_modules" || entry.Name() == "dist" {
			return fs.SkipDir
		}
		to := filepath.Join(source, strings.TrimPrefix(path, "../frontend"))
		if entry.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o644)
	}))
	_, text := get(t, s.webURL+"/amplify_outputs.json")
	var outputs amplify.Outputs
	noError(t, json.Unmarshal([]byte(text), &outputs))
	outputs.Auth.OAuth = &amplify.OAuth{ // as with signIn.facebookAppId, which the local run does not have
		Domain: hostedSignIn, Providers: []string{"FACEBOOK"}, Scopes: settings.Scopes, ResponseType: "code",
		SignIn: []string{server.URL + "/sign-in"}, SignOut: []string{server.URL + "/"},
	}
	marshalled, err := outputs.Marshal()
	noError(t, err)
	noError(t, os.WriteFile(filepath.Join(source, "example/amplify_outputs.json"), marshalled, 0o644))
	noError(t, os.Symlink(filepath.Join(installed, "node_modules"), filepath.Join(source, "example/node_modules")))
	for _, args := range [][]string{{"typescript/bin/tsc"}, {"vite/bin/vite.js", "build", "--logLevel", "warn", "--outDir", app.dir}} {
		args[0] = filepath.Join("node_modules", args[0])
		command := exec.CommandContext(t.Context(), "node", args...)
		command.Dir = filepath.Join(source, "example")
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("build the example: %v\n%s", err, out)
		}
	}
	axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal("there is no axe-core: make node_modules installs it")
	}
	return s, &appTab{startBrowser(t), server.URL, string(axe)}, app
}

// An appTab is a browser on an app.
type appTab struct {
	*browserTab
	url string
	axe string // the script; empty: it is not installed
}

func evaluate[T any](b *browserTab, script string) T {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("run %.80s: %v", script, err)
	}
	return got
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// shows waits until the page shows a text.
func (e *appTab) shows(text string) {
	e.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		// While a page loads, there is nothing to ask. The marks isolate an address in a sentence.
		shown, err := chromedp.Run(e.ctx, chromedp.Evaluate[string](`(document.body?.innerText ?? "").replace(/[\u2068\u2069]/g, "")`))
		if err == nil && strings.Contains(shown, text) {
			return
		}
	}
	e.t.Fatalf("the page does not show %q but %q", text, evaluate[string](e.browserTab, "document.body.innerText"))
}

// opens opens an address and waits until it shows a text.
func (e *appTab) opens(address, text string) {
	e.t.Helper()
	e.do("open "+address, chromedp.Navigate(address))
	e.shows(text)
}

// presses presses the button with a text, once, and waits until the page shows another one.
func (e *appTab) presses(button, text string) {
	e.t.Helper()
	e.shows(button)
	if !evaluate[bool](e.browserTab, `(() => {
		const button = [...document.querySelectorAll("button, a")].find(b => b.innerText.trim() === `+quoted(button)+`);
		button?.click();
		return button !== undefined;
	})()`) {
		e.t.Fatalf("there is no button %q", button)
	}
	e.shows(text)
}

// types fills in fields, pairs of names and values. In the form of a name that is there twice, it
// is the last one.
func (e *appTab) types(pairs ...string) {
	e.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		selector := fmt.Sprintf("input[name=%q]", pairs[i])
		evaluate[string](e.browserTab, `{ const input = document.querySelector(`+quoted(selector)+`); input.focus(); input.select(); "" }`)
		e.do("type into "+pairs[i], chromedp.SendKeys(chromedp.CSS(selector), pairs[i+1]))
	}
}

// scheme chooses colours and the size of the window.
func (e *appTab) scheme(name string, width, height int64) {
	e.t.Helper()
	e.do("look in "+name, chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	}))
}

// speaks chooses a language.
func (e *appTab) speaks(language, text string) {
	e.t.Helper()
	evaluate[string](e.browserTab, `{
		const select = document.querySelector("select");
		Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, "value").set.call(select, `+quoted(language)+`);
		select.dispatchEvent(new Event("change", { bubbles: true })); "" }`)
	e.shows(text)
}

// examined checks a screen on a phone: nothing is cut off, and axe-core finds nothing, in light and
// dark colours. With -gallery, it takes pictures.
func (e *appTab) examined(name string) {
	e.t.Helper()
	for _, scheme := range []string{"dark", "light"} {
		e.scheme(scheme, 360, 760)
		if width := evaluate[int](e.browserTab, "document.documentElement.scrollWidth"); width > 360 {
			e.t.Errorf("%s is %d pixels wide on a phone: %s", name, width, evaluate[string](e.browserTab, `[...document.querySelectorAll("body *")].filter(x =>
				x.getBoundingClientRect().right > innerWidth || x.getBoundingClientRect().left < 0).map(x => x.outerHTML.slice(0, 80)).join(" ")`))
		}
		if e.axe != "" {
			rules := map[string]string{"dark": `{type: "rule", values: ["color-contrast"]}`, "light": `undefined`}[scheme]
			evaluate[string](e.browserTab, `globalThis.axe ? "" : (() => {`+e.axe+`; return "" })()`)
			for _, problem := range evaluate[[]string](e.browserTab, `axe.run({resultTypes: ["violations"], runOnly: `+rules+`}).then(r =>
				r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html + " " + n.failureSummary).join(" ")))`) {
				e.t.Errorf("%s, %s: %s", name, scheme, problem)
			}
		}
		if *gallery == "" {
			continue
		}
		for _, width := range []int64{360, 1100} {
			e.scheme(scheme, width, 760)
			e.scheme(scheme, width, evaluate[int64](e.browserTab, "document.documentElement.scrollHeight"))
			png, err := chromedp.Run(e.ctx, chromedp.CaptureScreenshot())
			save(e.t, filepath.Join(*gallery, fmt.Sprintf("example-%s-%s-%d.png", name, scheme, width)), png, err)
		}
	}
}

// another waits for an email that is not that one.
func (s *Stack) another(t *testing.T, not mailbox.Message) mailbox.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m, err := s.box.Wait(ctx, func(m mailbox.Message) bool {
		return m.ID != not.ID && m.Subject == not.Subject && slices.Equal(m.To, not.To)
	})
	noError(t, err)
	return m
}

// refresh is what an app does with a refresh token when its access token has expired.
func (s *Stack) refresh(t *testing.T, token string) error {
	t.Helper()
	_, err := s.sdk().GetTokensFromRefreshToken(t.Context(), &cognito.GetTokensFromRefreshTokenInput{
		ClientId: aws.String(s.clientIDs["web"]), RefreshToken: aws.String(token),
	})
	return err
}

// TestTheExampleFrontEnd goes the way of a person through frontend/example in Chromium, in the
// person's language: from a sign-up that is refused to signing out everywhere. Then it goes once more
// to a pool that requires an authenticator app, and to one where people choose.
func TestTheExampleFrontEnd(t *testing.T) {
	s, e, app := startExample(t, "../poolpost.yaml")
	const ann, moved = "ann@example.com", "ann.new@example.com"

	e.opens(e.url, "Sign in")
	e.examined("sign-in")
	e.presses("Create an account", "Agent name")
	e.speaks("fr", "Nom d’agent")
	e.types("custom:agentName", "Ann Example", "email", "ann@gmial.com", "password", password)
	e.presses("Créer un compte", "gmail.com")
	if got, want := e.text(".notice"), "Vouliez-vous dire une adresse"; strings.Contains(got, "PreSignUp") || got == "" {
		t.Errorf("the refusal is %q, want %q …", got, want)
	}
	if field := evaluate[string](e.browserTab, "document.activeElement.name"); field != "email" {
		t.Errorf("the field %s has the focus, want email", field)
	}
	e.examined("refused-fr")
	e.types("email", ann)
	e.presses("Créer un compte", "Consultez votre messagerie")
	first := s.mail(t, ann, "fr", message.SignUp)
	e.presses("Renvoyer l’e-mail", "Seul le plus récent compte")
	e.examined("check-mail-fr")
	second := s.another(t, first)
	e.presses("J’ai ouvert le lien", "pas encore confirmée")
	e.opens(linkOf(t, second), s.title(t, "fr", "confirm"))
	e.press(`form[action="/confirm"] button`, "a.button")
	e.press("a.button", ".notice.good")
	e.shows("Votre adresse est confirmée. Connectez-vous pour continuer.")
	if search := evaluate[string](e.browserTab, "location.search"); search != "" {
		t.Errorf("the address still has %s", search)
	}
	e.types("email", ann, "password", "wrong-pass-1")
	e.presses("Se connecter", "L’adresse ou le mot de passe est incorrect.")
	e.types("password", password)
	e.presses("Se connecter", "Votre compte")
	e.examined("account-fr")

	e.types("custom:agentName", "Ann Admin")
	e.presses("Enregistrer", "Enregistré.") // rules are for sign-ups only
	e.types("email", moved)
	e.presses("Envoyer le lien", "Nous avons envoyé un lien à "+moved)
	e.opens(linkOf(t, s.mail(t, moved, "fr", message.AttributeChange)), "Appuyez sur le bouton")
	e.examined("verify-fr")
	e.presses("Confirmer", "Votre compte")
	e.shows(moved)
	e.shows("Ann Admin")

	refresh := evaluate[string](e.browserTab, `Object.entries(localStorage).find(([key]) => key.endsWith(".refreshToken"))[1]`)
	e.presses("Se déconnecter partout", "Vous êtes déconnecté de tous les appareils.")
	if err := s.refresh(t, refresh); err == nil || !strings.Contains(err.Error(), "Refresh Token has been revoked") {
		t.Errorf("after signing out everywhere, a refresh answers %v", err)
	}

	e.presses("Mot de passe oublié ?", "Saisissez votre adresse.")
	e.types("email", moved)
	e.presses("Envoyer le lien", "Si "+moved+" a un compte")
	e.examined("reset-fr")
	help := evaluate[string](e.browserTab, `[...document.links].find((a) => a.textContent === "Compte non confirmé, ou invitation expirée ?").href`)
	if page := browse(t, http.MethodGet, help, nil); page.title != s.title(t, "fr", "help") || page.form.Get("return") != e.url+"/" {
		t.Errorf("%s leads to %+v", help, page)
	}
	e.types("code", "12345", "password", "sample-pass-2")
	e.presses("Enregistrer", "Saisissez les six chiffres du code.")
	e.opens(linkOf(t, s.mail(t, moved, "fr", message.ForgotPassword)), s.title(t, "fr", "reset"))
	e.types("password", "sample-pass-2", "repeat", "sample-pass-2")
	e.press(`form[action="/reset"] button`, "a.button")
	e.press("a.button", ".notice.good")
	e.shows("Votre nouveau mot de passe est enregistré.")
	e.types("email", moved, "password", "sample-pass-2")
	e.presses("Se connecter", "Votre compte")
	e.presses("Se déconnecter", "Vous êtes déconnecté.")

	// An administrator invites somebody, whose browser speaks Arabic.
	s.invite(t, "gus@example.com", "temp-sample-3")
	evaluate[string](e.browserTab, `localStorage.setItem("language", "ar"); ""`)
	e.opens(e.url+"/sign-in", "تسجيل الدخول")
	if direction := evaluate[string](e.browserTab, "getComputedStyle(document.body).direction"); direction != "rtl" {
		t.Errorf("Arabic runs %s", direction)
	}
	e.examined("sign-in-ar")
	e.presses("إنشاء حساب", "اسم الوكيل")
	e.examined("sign-up-ar")
	e.opens(e.url+"/sign-in", "تسجيل الدخول")
	e.types("email", "gus@example.com", "password", "temp-sample-3")
	e.presses("تسجيل الدخول", "مرحبًا!")
	e.examined("invited-ar")
	e.types("password", "short")
	e.presses("حفظ", "كلمة المرور لا تستوفي الشروط.")
	e.types("password", "sample-pass-4")
	e.presses("حفظ", "حسابك")
	e.examined("account-ar")
	e.presses("تسجيل الخروج", "تم تسجيل خروجك.")

	// Somebody comes back from Facebook, and is refused by the sign-up rules; and somebody goes there.
	sentence := "Sign in with your password"
	back := url.Values{"error": {"invalid_request"}, "error_description": {"PreSignUp failed with error ACCOUNT_EXISTS: " + sentence + ". "}, "state": {"sample"}}
	e.opens(e.url+"/sign-in?"+back.Encode(), sentence)
	if shown := e.text(".notice.bad"); shown != sentence {
		t.Errorf("the refusal reads %q", shown)
	}
	evaluate[string](e.browserTab, `document.querySelector(".facebook").click(); ""`)
	want := "https://" + hostedSignIn + "/oauth2/authorize?"
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if at := e.address(); strings.HasPrefix(at, want) {
			if query := at[len(want):]; !strings.Contains(query, "identity_provider=Facebook") || !strings.Contains(query, url.QueryEscape(e.url+"/sign-in")) {
				t.Errorf("the button leads to %s", at)
			}
			break
		} else if time.Now().After(end) {
			t.Fatalf("the button leads to %s, want %s", at, want)
		}
	}
	e.goesWithAnAuthenticatorApp(s, app)
	e.choosesAnAuthenticatorApp(s, app)
}

// A clockAhead is ahead of time by so many nanoseconds.
type clockAhead struct{ atomic.Int64 }

func (c *clockAhead) now() time.Time { return time.Now().Add(time.Duration(c.Load())) }

// withMFA starts the app that was built for another pool with one that has pool.mfa: required or
// optional.
func (e *appTab) withMFA(mfa string, other *Stack, app *singlePage) (s *Stack, address string, clock *clockAhead) {
	e.t.Helper()
	text, err := os.ReadFile("../poolpost.yaml")
	noError(e.t, err)
	file := filepath.Join(e.t.TempDir(), "poolpost.yaml")
	noError(e.t, os.WriteFile(file, []byte(strings.Replace(string(text), "  mfa: off", "  mfa: "+mfa, 1)), 0o600))
	clock = new(clockAhead)
	s = startWith(e.t, file, func(o *Options) { o.hooks.compiled, o.hooks.clock = other.compiled, clock.now })
	server := httptest.NewServer(&singlePage{app.dir, strings.NewReplacer(other.awsURL, s.awsURL,
		"mfa_configuration:`NONE`", "mfa_configuration:`"+strings.ToUpper(mfa)+"`").Replace})
	e.t.Cleanup(server.Close)
	return s, server.URL, clock
}

// authenticatorKey is the key that is shown, which the link has too.
func (e *appTab) authenticatorKey(address string) string {
	e.t.Helper()
	shown := strings.ReplaceAll(e.text(".secret code"), " ", "")
	link, err := url.Parse(evaluate[string](e.browserTab, `document.querySelector(".secret a").href`))
	noError(e.t, err)
	if link.Scheme != "otpauth" || link.Query().Get("secret") != shown || link.Path != "/MyApp:"+address {
		e.t.Errorf("the link is %s, the key %s", link, shown)
	}
	return shown
}

// goesWithAnAuthenticatorApp goes from an invitation to a sign-in with a second factor, in a pool
// that requires it.
func (e *appTab) goesWithAnAuthenticatorApp(other *Stack, app *singlePage) {
	e.t.Helper()
	s, address, clock := e.withMFA("required", other, app)
	session := int64(s.settings.Access(s.settings.Clients[0]).Session)

	const zoe, first = "zoe@example.com", "temp-sample-3"
	s.invite(e.t, zoe, first)
	secret := func() string { return e.authenticatorKey(zoe) }

	// In Arabic, and too slow.
	e.opens(address, "Sign in")
	evaluate[string](e.browserTab, `localStorage.setItem("language", "ar"); ""`)
	e.opens(address, "تسجيل الدخول")
	e.types("email", zoe, "password", first)
	e.presses("تسجيل الدخول", "مرحبًا!")
	e.types("password", password)
	e.presses("حفظ", "التحقق بخطوتين")
	e.examined("totp-setup-ar")
	clock.Store(session)
	e.types("code", codeAt(e.t, secret(), clock.now()))
	e.presses("تأكيد", "استغرق ذلك وقتًا طويلًا. سجّل الدخول مرة أخرى.")
	clock.Store(0)

	evaluate[string](e.browserTab, `localStorage.setItem("language", "en"); ""`)
	e.opens(address, "Sign in")
	signIn := func(then string) {
		e.t.Helper()
		e.types("email", zoe, "password", password)
		e.presses("Sign in", then)
	}
	signIn("Scan this with your authenticator app")
	key := secret()
	e.examined("totp-setup")
	e.types("code", "12345")
	e.presses("Confirm", "Type the six digits of the code.")
	e.types("code", wrongCodeAt(e.t, key, clock.now()))
	e.presses("Confirm", "This code is not right.")
	if secret() != key {
		e.t.Error("after a wrong code there is another key")
	}
	used := codeAt(e.t, key, clock.now())
	e.types("code", used)
	e.presses("Confirm", "Your account")
	e.presses("Sign out", "You are signed out.")

	signIn("Enter the code that your authenticator app shows.")
	e.types("code", used)
	e.presses("Confirm", "This code was used already.")
	e.examined("totp-used")
	e.types("code", wrongCodeAt(e.t, key, clock.now()))
	e.presses("Confirm", "This code is not right.")
	e.presses("Use another address", "Forgot your password?")
	signIn("Enter the code that your authenticator app shows.")
	clock.Store(int64(time.Minute))
	e.types("code", codeAt(e.t, key, clock.now()))
	e.presses("Confirm", "Your account")
	e.presses("Sign out", "You are signed out.")

	signIn("Enter the code that your authenticator app shows.")
	clock.Add(session)
	e.types("code", codeAt(e.t, key, clock.now()))
	e.presses("Confirm", "That took too long. Sign in once more.")
	if shown := e.text(".notice"); strings.Contains(shown, "signed out") {
		e.t.Errorf("the first notice is still %q", shown)
	}
	e.examined("totp-expired")
	signIn("Enter the code that your authenticator app shows.")
	e.types("code", codeAt(e.t, key, clock.now()))
	e.presses("Confirm", "Your account")
}

// choosesAnAuthenticatorApp adds one to an account, signs in with it, and takes it away.
func (e *appTab) choosesAnAuthenticatorApp(other *Stack, app *singlePage) {
	e.t.Helper()
	s, address, clock := e.withMFA("optional", other, app)
	const yan = "yan@example.com"
	s.invite(e.t, yan, "temp-sample-3")
	signIn := func(password, then string) {
		e.t.Helper()
		e.types("email", yan, "password", password)
		e.presses("Sign in", then)
	}
	e.opens(address, "Sign in")
	signIn("temp-sample-3", "Choose your password")
	e.types("password", password)
	e.presses("Save", "Add an authenticator app")
	e.examined("totp-off")
	e.presses("Add an authenticator app", "Scan this")
	e.presses("Cancel", "Add an authenticator app")
	e.presses("Add an authenticator app", "Scan this")
	key := e.authenticatorKey(yan)
	e.examined("totp-add")
	e.types("code", wrongCodeAt(e.t, key, clock.now()))
	e.presses("Confirm", "This code is not right.")
	e.types("code", codeAt(e.t, key, clock.now()))
	e.presses("Confirm", "we ask for a code from your authenticator app")
	e.examined("totp-on")
	e.presses("Sign out", "You are signed out.")

	signIn(password, "Enter the code that your authenticator app shows.")
	clock.Store(int64(time.Minute))
	e.types("code", codeAt(e.t, key, clock.now()))
	e.presses("Confirm", "Turn it off")
	e.presses("Turn it off", "Add an authenticator app")
	e.presses("Sign out", "You are signed out.")
	signIn(password, "Add an authenticator app")
}

// codeAt is what an authenticator app shows (RFC 6238) for a key in Base32.
func codeAt(t *testing.T, key string, at time.Time) string {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key)
	noError(t, err)
	mac := hmac.New(sha1.New, secret)
	noError(t, binary.Write(mac, binary.BigEndian, at.Unix()/30))
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&(1<<31-1)%1_000_000)
}

// wrongCodeAt is none of the codes that are right about that time.
func wrongCodeAt(t *testing.T, key string, at time.Time) string {
	t.Helper()
	var right []string
	for step := -2; step <= 2; step++ {
		right = append(right, codeAt(t, key, at.Add(time.Duration(step)*30*time.Second)))
	}
	for _, code := range []string{"000000", "111111", "222222", "333333", "444444"} {
		if !slices.Contains(right, code) {
			return code
		}
	}
	return "555555"
}

// address is where the browser is, or wanted to go, or empty while it is on its way.
func (e *appTab) address() string {
	history, err := chromedp.Run(e.ctx, func(ctx context.Context, target *chromedp.Target) (page.GetNavigationHistoryResult, error) {
		return cdp.Call(ctx, target, page.GetNavigationHistory, cdp.Empty{})
	})
	if err != nil {
		return ""
	}
	return history.Entries[history.CurrentIndex].URL
}

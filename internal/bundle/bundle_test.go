package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"net/mail"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"poolpost/internal/compile"
	"poolpost/internal/config"
	"poolpost/internal/message"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
	"poolpost/templates"
)

var root, _ = filepath.Abs("../..")

// One function answers or sends what Cognito asks for, never two.
func TestFunctionsOfAPoolFollowTheSettings(t *testing.T) {
	s := settingstest.Sample(t)
	for delivery, want := range map[string][]string{
		settings.DeliveryCognito: {"custom-message", "mail-feedback", "post-confirmation", "pre-sign-up", "send-mail", "verify-link"},
		settings.DeliverySES:     {"custom-email-sender", "mail-feedback", "post-confirmation", "pre-sign-up", "send-mail", "verify-link"},
	} {
		s.Mail.Delivery = delivery
		if got := Names(FunctionsOf(s)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", delivery, got, want)
		}
	}
}

// read decodes the settings of a function as the function does.
func read[T any](t *testing.T, dir, name string) T {
	t.Helper()
	c, err := config.Read[T](filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConfigOfEachFunction(t *testing.T) {
	s := settingstest.Sample(t)
	s.Mail = settings.Mail{
		From: settings.Address{Name: "My App", Address: "no-reply@example.com"}, ReplyTo: "support@example.com",
		NameAttributes: []string{"name", "agentName"}, Identity: "example.com", Delivery: settings.DeliverySES,
	}
	s.Locales = []string{"en", "fr"}
	s.Groups = []settings.Group{{Name: "members"}}
	s.Brands[0].From, s.Brands[0].ReplyTo = settings.Address{Name: "My App", Address: "app@example.com"}, "answers@example.com"
	s.Clients = []settings.Client{{
		Name: "web", Brand: s.Brands[0].Name, Locale: "fr", URL: "https://app.example.com/", SignInURL: "https://app.example.com/in",
		AttributeURL: "https://app.example.com/verify", ResetURL: "https://app.example.com/reset",
		ReturnURLs: []string{"https://app.example.com/"}, RefreshTokenDays: 30, AccessTokenMinutes: 60, IDTokenMinutes: 60,
	}}
	s.SignUp = settings.SignUp{
		Email: config.EmailRules{
			AllowedDomains: []string{"example.com"}, DeniedDomains: []string{"*.example.com"}, RefuseTypos: true, RefuseDisposable: true, RefuseRoleAccounts: true,
			RefusePlusAddresses: true, AcceptUnicodeDomains: true, RequireMailExchanger: true, RefuseSuppressed: true,
		},
		Attributes: []config.AttributeRule{
			{Name: "agentName", Label: map[string]string{"fr": "Agent"}, Required: true, Pattern: "[a-z]+", MinLength: 2, MaxLength: 40},
			{Name: "family_name", AllowedValues: []string{"Example"}, ForbiddenWords: []string{"admin"}, RefuseURLs: true},
		},
		AutoConfirm:       config.AutoConfirm{Domains: []string{"staff.example.com"}, VerifyEmail: true},
		ExternalProviders: config.ExternalProviders{Policy: "link", Trusted: []string{"Google", "Facebook"}, AssumeVerified: []string{"Facebook"}},
	}
	out, err := compile.All(templates.FS, s)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]map[string][]byte{}
	for _, f := range Functions {
		files[f.Name] = f.Files(s, out)
	}
	if err := Write(dir, s, out, Functions); err != nil {
		t.Fatal(err)
	}

	clients := []config.Client{{
		Name: "web", Locale: "fr", URL: "https://app.example.com/", SignInURL: "https://app.example.com/in",
		AttributeURL: "https://app.example.com/verify", ResetURL: "https://app.example.com/reset", ReturnURLs: []string{"https://app.example.com/"},
	}}
	keys := []string{"name", "custom:agentName"}
	equal(t, read[config.CustomMessage](t, dir, "custom-message"), config.CustomMessage{Clients: clients, Locales: s.Locales, NameAttributes: keys})
	equal(t, read[config.PostConfirmation](t, dir, "post-confirmation"), config.PostConfirmation{Groups: s.GroupNames(), NameAttributes: keys, EndSessions: true})
	equal(t, read[config.VerifyLink](t, dir, "verify-link"), config.VerifyLink{Clients: clients, Locales: s.Locales})
	equal(t, read[config.SendMail](t, dir, "send-mail"), config.SendMail{
		Senders: map[string]config.Sender{"web": {From: `"My App" <app@example.com>`, ReplyTo: "answers@example.com", BouncesTo: "answers@example.com"}},
		Clients: clients, Locales: s.Locales, Codes: true,
	})
	equal(t, read[config.CustomEmailSender](t, dir, "custom-email-sender"), config.CustomEmailSender{NameAttributes: keys})
	equal(t, read[config.MailFeedback](t, dir, "mail-feedback"), config.MailFeedback{Clients: []string{"web"}, Locales: s.Locales})
	equal(t, read[config.PreSignUp](t, dir, "pre-sign-up"), config.PreSignUp{
		Locales: s.Locales,
		Email: config.EmailRules{
			AllowedDomains: []string{"example.com"}, DeniedDomains: []string{"*.example.com"}, RefuseTypos: true, RefuseDisposable: true, RefuseRoleAccounts: true,
			RefusePlusAddresses: true, AcceptUnicodeDomains: true, RequireMailExchanger: true, RefuseSuppressed: true,
		},
		Attributes: []config.AttributeRule{
			{
				Key: "custom:agentName", Label: map[string]string{"en": "agentName", "fr": "Agent"},
				Required: true, Pattern: "[a-z]+", ASCIIPattern: "[a-z]+", MinLength: 2, MaxLength: 40,
			},
			{
				Key: "family_name", Label: map[string]string{"en": "family_name", "fr": "family_name"},
				AllowedValues: []string{"Example"}, ForbiddenWords: []string{"admin"}, RefuseURLs: true,
			},
		},
		AutoConfirm:       config.AutoConfirm{Domains: []string{"staff.example.com"}, VerifyEmail: true},
		ExternalProviders: config.ExternalProviders{Policy: "link", Trusted: []string{"Google", "Facebook"}, AssumeVerified: []string{"Facebook"}},
	})

	answered := map[string][]byte{}
	for path, file := range out.Messages {
		switch kind := message.Kind(filepath.Base(path)); kind {
		case message.Welcome, message.AccountTakeover, message.PasswordChanged, message.ProviderLinked: // Cognito has no custom-message for them
		default:
			m, err := message.Decode(file)
			if err != nil {
				t.Fatal(err)
			}
			answered[path] = m.JSON().Encode()
		}
	}
	refusals := map[string][]byte{}
	for locale, sentences := range out.Refusals {
		text, err := json.MarshalIndent(sentences, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		refusals["refusals/"+locale+".json"] = append(text, '\n')
	}
	for name, want := range map[string]map[string][]byte{
		"custom-message": answered, "send-mail": out.Messages, "verify-link": out.Pages, "pre-sign-up": refusals, "post-confirmation": nil,
		"custom-email-sender": nil, "mail-feedback": nil,
	} {
		if got := len(files[name]) - 1; got != len(want) {
			t.Errorf("%s gets %d files beside its settings, want %d", name, got, len(want))
		}
		for path, content := range want {
			if !bytes.Equal(files[name][path], content) {
				t.Errorf("%s does not get %s", name, path)
			}
		}
	}
	if _, err := (&message.Files{Dir: filepath.Join(dir, "custom-message")}).Message("web", "fr", message.SignUp); err != nil {
		t.Error(err)
	}
}

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestFeedbackAddressIsCoveredByTheIdentity(t *testing.T) {
	for _, test := range []struct{ replyTo, identity, want string }{
		{"help@example.com", "example.com", "help@example.com"},
		{"help@EXAMPLE.com", "example.com", "help@EXAMPLE.com"},
		{"help@example.com", "help@example.com", "help@example.com"},
		{"help@example.com", "no-reply@example.com", ""},
		{"help@example.net", "example.com", ""},
		{"help@not-example.com", "example.com", ""},
		{"help@mail.example.com", "example.com", ""},
		{"", "example.com", ""},
	} {
		got := senders(&settings.Settings{
			Mail:    settings.Mail{ReplyTo: "all@example.com", Identity: test.identity},
			Brands:  []settings.Brand{{Name: "myapp", ReplyTo: test.replyTo}},
			Clients: []settings.Client{{Name: "web", Brand: "myapp"}},
		})["web"]
		if got.BouncesTo != test.want || got.ReplyTo != test.replyTo {
			t.Errorf("answers to %q, verified %q: got %+v", test.replyTo, test.identity, got)
		}
	}
}

func TestEachClientHasTheSenderOfItsBrand(t *testing.T) {
	s := settingstest.Sample(t)
	s.Mail.Delivery = settings.DeliverySES
	s.Brands[1].From, s.Brands[1].ReplyTo = settings.Address{Address: "drivers@example.com"}, ""
	s.Clients = []settings.Client{{Name: "web", Brand: "myapp"}, {Name: "drivers", Brand: "drivers"}, {Name: "kiosk", Brand: "drivers"}}
	own := config.Sender{From: "drivers@example.com"}
	equal(t, senders(s), map[string]config.Sender{
		"web":     {From: `"MyApp" <no-reply@example.com>`, ReplyTo: "support@example.com", BouncesTo: "support@example.com"},
		"drivers": own, "kiosk": own,
	})
}

func TestFrom(t *testing.T) {
	for name, test := range map[string]struct {
		address settings.Address
		want    string
	}{
		"no name":                {settings.Address{Address: "a@example.com"}, "a@example.com"},
		"a name":                 {settings.Address{Name: "MyApp", Address: "a@example.com"}, `"MyApp" <a@example.com>`},
		"a name with a comma":    {settings.Address{Name: `My, App\`, Address: "a@example.com"}, `"My, App\\" <a@example.com>`},
		"a name in Latin script": {settings.Address{Name: "Société", Address: "a@example.com"}, "=?utf-8?q?Soci=C3=A9t=C3=A9?= <a@example.com>"},
	} {
		if got := From(test.address); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
	for _, name := range []string{"MyApp", "My, App", "Société", "تطبيقي الجميل", strings.Repeat("私のアプリ", 12)} {
		header := From(settings.Address{Name: name, Address: "a@example.com"})
		parsed, err := mail.ParseAddress(header)
		if err != nil || parsed.Name != name || parsed.Address != "a@example.com" {
			t.Errorf("%s reads as %v, %v", header, parsed, err)
		}
		if strings.ContainsAny(header, "\r\n") || strings.ContainsFunc(header, func(r rune) bool { return r > 0x7e }) {
			t.Errorf("%q cannot stand in a header", header)
		}
	}
}

// tree are the files and folders below a folder; folders are nil.
func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		found[relative] = nil
		if !entry.IsDir() {
			found[relative], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWriteRemovesStaleFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "custom-message")
	old := map[string][]byte{
		"settings.json": []byte("old"), "messages/web/en/sign-up": []byte("old"), "messages/web/fr/sign-up": []byte("old"),
		"messages/gone/en/sign-up": []byte("old"), "pages/gone": []byte("old"), "stray": []byte("old"),
	}
	if err := writeFiles(dir, old); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte("binary"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeFiles(dir, map[string][]byte{"settings.json": []byte("new"), "messages/web/en/sign-up": []byte("new")}); err != nil {
		t.Fatal(err)
	}
	equal(t, tree(t, dir), map[string][]byte{
		"bootstrap": []byte("binary"), "settings.json": []byte("new"),
		"messages": nil, "messages/web": nil, "messages/web/en": nil, "messages/web/en/sign-up": []byte("new"),
	})
}

// A function that has opened a file reads it to its end, while the next build
// writes it again.
func TestWriteIsAtomic(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "send-mail")
	const path = "messages/web/en/welcome"
	if err := writeFiles(dir, map[string][]byte{path: []byte("the old message")}); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := writeFiles(dir, map[string][]byte{path: []byte("new")}); err != nil {
		t.Fatal(err)
	}
	if old, err := io.ReadAll(file); err != nil || string(old) != "the old message" {
		t.Errorf("who had opened the old file reads %q, %v", old, err)
	}
	want := map[string][]byte{
		"send-mail": nil, "send-mail/messages": nil, "send-mail/messages/web": nil, "send-mail/messages/web/en": nil,
		"send-mail/" + path: []byte("new"),
	}
	equal(t, tree(t, parent), want)
}

// readOnly takes the right to write from everything below a folder, until the test
// ends.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	change := func(bits func(fs.FileMode) fs.FileMode) {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			return os.Chmod(path, bits(info.Mode()))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	change(func(m fs.FileMode) fs.FileMode { return m &^ 0o222 })
	t.Cleanup(func() { change(func(m fs.FileMode) fs.FileMode { return m | 0o200 }) })
}

// copySources copies what a build needs into a folder of its own.
func copySources(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"functions", "internal"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// clones builds the same from the project's folder and from a copy of it that is
// only read, as the module cache is, each into a folder of its own.
func clones(t *testing.T, s *settings.Settings, p Platform, functions []Function) (builds [2]map[string][]byte) {
	t.Helper()
	copied := copySources(t)
	readOnly(t, copied)
	before := tree(t, copied)
	for i, sources := range []string{root, copied} {
		dir := t.TempDir()
		out, err := compile.All(templates.FS, s)
		if err != nil {
			t.Fatal(err)
		}
		if err := Write(dir, s, out, functions); err != nil {
			t.Fatal(err)
		}
		t.Chdir(sources)
		if err := BuildBinaries(t.Context(), dir, s, p, functions); err != nil {
			t.Fatal(err)
		}
		for _, f := range functions {
			info, err := os.Stat(filepath.Join(dir, f.Name, "bootstrap"))
			if err != nil || info.Mode()&0o111 == 0 {
				t.Errorf("there is no program %s: %v, %v", f.Name, info, err)
			}
		}
		builds[i] = tree(t, dir)
	}
	if !reflect.DeepEqual(tree(t, copied), before) {
		t.Error("a build changes the folder of the sources")
	}
	for path, content := range builds[0] {
		if other, ok := builds[1][path]; !ok || !bytes.Equal(content, other) {
			t.Errorf("%s differs", path)
		}
	}
	if len(builds[0]) != len(builds[1]) {
		t.Errorf("one build has %d files and folders, the other %d", len(builds[0]), len(builds[1]))
	}
	return builds
}

// A deployment uploads a function only when its bytes have changed, so they may
// not depend on the folder of the sources, nor on that of the result. All
// functions are built for this machine, which is cheap: other tests do so too.
func TestBuildsAreReproducible(t *testing.T) {
	s := settingstest.Sample(t)
	s.Mail.Delivery = settings.DeliverySES
	for path, content := range clones(t, s, Platform{"linux", runtime.GOARCH, true}, Functions)[0] {
		for _, place := range []string{"/internal/message", "templates"} {
			if bytes.Contains(content, []byte(filepath.Join(root, place))) {
				t.Errorf("%s names %s of this machine", path, place)
			}
		}
	}
}

func TestBuildTargetsLambdasArchitecture(t *testing.T) {
	s := settingstest.Sample(t)
	s.Locales = []string{"en"}
	build := clones(t, s, Lambda, []Function{Named("pre-sign-up")})[0]
	want := []string{"pre-sign-up", "pre-sign-up/bootstrap", "pre-sign-up/refusals", "pre-sign-up/refusals/en.json", "pre-sign-up/settings.json"}
	if got := slices.Sorted(maps.Keys(build)); !slices.Equal(got, want) {
		t.Errorf("the build has the files %q", got)
	}
	elf := build["pre-sign-up/bootstrap"]
	if len(elf) < 20 || string(elf[:4]) != "\x7fELF" || elf[18] != 0xb7 { // e_machine EM_AARCH64
		t.Error("it is no program for Linux on arm64")
	}
}

func TestBuildReportsCompileErrors(t *testing.T) {
	sources := copySources(t)
	if err := os.WriteFile(filepath.Join(sources, "functions", "pre-sign-up", "broken.go"), []byte("package main\n\nvar x int = \"x\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := settingstest.Sample(t)
	t.Chdir(sources)
	err := BuildBinaries(t.Context(), dir, s, ThisMachine, []Function{Named("pre-sign-up")})
	if err == nil || !strings.HasPrefix(err.Error(), "build functions: exit status 1\n") || !strings.Contains(err.Error(), "functions/pre-sign-up/broken.go:3:") {
		t.Errorf("got %v", err)
	}
	for path := range tree(t, dir) {
		if strings.Contains(path, "bin-") || strings.HasSuffix(path, "bootstrap") {
			t.Errorf("it left %s", path)
		}
	}
}

func TestBuildCanBeCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := BuildBinaries(ctx, t.TempDir(), settingstest.Sample(t), ThisMachine, []Function{Named("pre-sign-up")})
	if err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("got %v", err)
	}
}

func TestModuleDirFromAModuleThatRequiresPoolpost(t *testing.T) {
	adopter, elsewhere := t.TempDir(), t.TempDir()
	required := "module example.com/app\n\ngo 1.27.0\n\nrequire poolpost v0.0.0\n\nreplace poolpost => " + root + "\n"
	if err := os.WriteFile(filepath.Join(adopter, "go.mod"), []byte(required), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(adopter, "vendor"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{".", root, adopter} {
		t.Chdir(dir)
		if got, err := ModuleDir(t.Context()); err != nil || got != root {
			t.Errorf("from %s: got %q, %v, want %q", dir, got, err, root)
		}
	}
	t.Chdir(elsewhere)
	const want = "find the sources of Poolpost: run this inside its clone, or inside a module that requires it: "
	if got, err := ModuleDir(t.Context()); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("from elsewhere: got %q, %v", got, err)
	}
}

// A function gets the variables of its row, and none that has no value.
func TestEnv(t *testing.T) {
	s := settingstest.Sample(t)
	all := Values{
		Stack: "stack", Stage: "dev", MailQueueURL: "queue", DeadLetterQueueURL: "dead", LinksURL: "links", Clients: "clients",
		UserPoolID: "pool", KMSKeyARN: "key", ConfigurationSet: "set", SendInterval: 250 * time.Millisecond,
	}
	sender := map[string]string{
		"STACK": "stack", "STAGE": "dev", "MAIL_QUEUE_URL": "queue", "DEAD_LETTER_QUEUE_URL": "dead", "USER_POOL_CLIENTS": "clients",
		"CONFIGURATION_SET": "set", "SEND_INTERVAL": "250ms", "LINKS_URL": "links", "USER_POOL_ID": "pool",
	}
	equal(t, Named("send-mail").Env(s, all), sender)
	s.Mail.Delivery = settings.DeliverySES
	sender["KMS_KEY_ARN"] = "key"
	equal(t, Named("send-mail").Env(s, all), sender)
	s.SignIn.DomainPrefix = "rides"
	sender["DOMAIN_PREFIX"] = "rides-dev"
	equal(t, Named("send-mail").Env(s, all), sender)
	equal(t, Named("pre-sign-up").Env(s, all), map[string]string{"STACK": "stack"})
	equal(t, Named("custom-message").Env(s, Values{Stack: "stack"}), map[string]string{"STACK": "stack"})
}

// Only a pool with a hook has something about it in its settings.json, the names of its clients too.
func TestSettingsOfTheHook(t *testing.T) {
	s := settingstest.Sample(t)
	preSignUp := Named("pre-sign-up")
	if text := string(preSignUp.Config(s)); strings.Contains(text, `"hook"`) || strings.Contains(text, `"clients"`) {
		t.Errorf("without a hook: %s", text)
	}
	s.SignUp.Hook.Function = "sign-up-hook"
	text := preSignUp.Config(s)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, config.File), text, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read[config.PreSignUp](dir)
	want := config.SignUpHook{Function: "sign-up-hook", TimeoutMS: 2000, OnFailure: config.RefuseOnFailure}
	if err != nil || c.Hook != want || !slices.Equal(c.Clients, []string{"web"}) {
		t.Errorf("got %+v, %q, %v", c.Hook, c.Clients, err)
	}
}

// Only a pool that follows invitations up has something about them in the settings of the function.
func TestSettingsOfInvitations(t *testing.T) {
	s := settingstest.Sample(t)
	for _, followUp := range []bool{false, true} {
		s.Invitations.FollowUp = followUp
		if text := string(Named("post-confirmation").Config(s)); strings.Contains(text, `"invitations": true`) != followUp || strings.Contains(text, "invitations") != followUp {
			t.Errorf("with %t: %s", followUp, text)
		}
	}
}

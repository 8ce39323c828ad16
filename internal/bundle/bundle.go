// Package bundle builds the functions: for each, a folder with its bootstrap,
// its part of the settings and the compiled messages or pages that it fills.
// The CDK app makes assets of these folders, the local run starts them as they
// are.
package bundle

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"poolpost/internal/compile"
	"poolpost/internal/config"
	"poolpost/internal/message"
	"poolpost/internal/settings"
)

// Functions are the names of all functions, which are their folders below
// functions/.
var Functions = []string{"custom-email-sender", "custom-message", "mail-feedback", "post-confirmation", "pre-sign-up", "send-mail", "verify-link"}

// FunctionsOf are those of Functions that a pool with these settings has: one of
// custom-message and custom-email-sender, and all others.
func FunctionsOf(s *settings.Settings) []string {
	other := "custom-email-sender"
	if s.Mail.UsesCustomSender() {
		other = "custom-message"
	}
	return slices.DeleteFunc(slices.Clone(Functions), func(name string) bool { return name == other })
}

// Options say what to build.
type Options struct {
	Root     string // the folder of go.mod
	Settings *settings.Settings
	Dir      string   // each function gets a folder of its name in it
	GOOS     string   // empty: of this machine
	GOARCH   string   // empty: of this machine
	Names    []string // which functions; none: FunctionsOf the settings
}

// Build builds functions. The result depends on the sources and the settings
// only, not on where or when it is built.
func Build(ctx context.Context, o Options) error {
	if err := WriteFiles(o); err != nil {
		return err
	}
	return BuildBinaries(ctx, o)
}

// WriteFiles writes what lies beside the bootstraps, without building these.
func WriteFiles(o Options) error {
	out, err := Compile(o)
	if err != nil {
		return err
	}
	return WriteCompiled(o, out)
}

// Compile compiles the messages and pages of the settings.
func Compile(o Options) (*compile.Output, error) {
	return compile.All(os.DirFS(filepath.Join(o.Root, "templates")), o.Settings)
}

// WriteCompiled is WriteFiles with what Compile made.
func WriteCompiled(o Options, out *compile.Output) error {
	for _, name := range o.names() {
		if err := writeFiles(filepath.Join(o.Dir, name), Files(name, o.Settings, out)); err != nil {
			return fmt.Errorf("write the files of %s: %w", name, err)
		}
	}
	return nil
}

func (o Options) names() []string {
	if len(o.Names) == 0 {
		return FunctionsOf(o.Settings)
	}
	return o.Names
}

// BuildBinaries compiles all functions in one run of the Go tool, and puts each
// binary in its place at once, so that a process that runs the old one keeps it.
func BuildBinaries(ctx context.Context, o Options) error {
	bin, err := os.MkdirTemp(o.Dir, "bin-")
	if err != nil {
		return fmt.Errorf("build functions: %w", err)
	}
	defer os.RemoveAll(bin)
	var packages []string
	for _, name := range o.names() {
		packages = append(packages, "./functions/"+name)
	}
	if err := GoBuild(ctx, o, bin+string(filepath.Separator), packages...); err != nil {
		return err
	}
	for _, name := range o.names() {
		if err := os.Rename(filepath.Join(bin, name), filepath.Join(o.Dir, name, "bootstrap")); err != nil {
			return fmt.Errorf("build functions: %w", err)
		}
	}
	return nil
}

// GoBuild compiles packages, given by their paths below the root, as functions
// are compiled, into a file, or into a folder whose name ends in a slash.
func GoBuild(ctx context.Context, o Options, out string, packages ...string) error {
	args := []string{"build", "-trimpath", "-buildvcs=false", "-tags", Tags(o.Settings), "-ldflags", "-s -w -buildid=", "-o", out}
	command := exec.CommandContext(ctx, "go", append(args, packages...)...)
	command.Dir = o.Root
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=",
		"GOOS="+cmp.Or(o.GOOS, runtime.GOOS), "GOARCH="+cmp.Or(o.GOARCH, runtime.GOARCH))
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build functions: %w\n%s", err, output)
	}
	return nil
}

// Tags are the build tags of the functions: without the RPC interface of an older
// Lambda runtime, and each without what the settings have no use for.
func Tags(s *settings.Settings) string {
	tags := []string{"lambda.norpc"}
	if !s.Mail.UsesCustomSender() {
		tags = append(tags, "nocodes") // send-mail opens none
	}
	if !CustomMessageAsks(s) {
		tags = append(tags, "oneclient")
	}
	if !PreSignUpAsks(s) {
		tags = append(tags, "noaws")
	}
	return strings.Join(tags, ",")
}

// CustomMessageAsks reports whether custom-message asks Cognito for the name of an
// app client: with one client, no question arises.
func CustomMessageAsks(s *settings.Settings) bool { return len(s.Clients) > 1 }

// PreSignUpAsks reports whether pre-sign-up asks AWS: SES for its suppression list,
// or Cognito for the account that an external provider's is linked to.
func PreSignUpAsks(s *settings.Settings) bool {
	return s.SignUp.Email.RefuseSuppressed || s.SignUp.ExternalProviders.Policy == config.LinkProviders
}

// Files are the files beside a function's bootstrap, by their path below its
// folder: its part of the settings (config.File), and the messages or pages that
// it fills. The name is one of Functions.
func Files(name string, s *settings.Settings, out *compile.Output) map[string][]byte {
	files := map[string][]byte{}
	var c any
	switch name {
	case "custom-message":
		c = config.CustomMessage{Clients: clients(s), Locales: s.Locales, NameAttributes: nameAttributes(s)}
		maps.Copy(files, answers(out.Messages))
	case "custom-email-sender":
		c = config.CustomEmailSender{NameAttributes: nameAttributes(s)}
	case "mail-feedback":
		c = config.MailFeedback{Clients: clientNames(s), Locales: s.Locales}
	case "pre-sign-up":
		c = config.PreSignUp{
			Locales:           s.Locales,
			Email:             config.EmailRules(s.SignUp.Email),
			Attributes:        attributeRules(s),
			AutoConfirm:       config.AutoConfirm(s.SignUp.AutoConfirm),
			ExternalProviders: config.ExternalProviders(s.SignUp.ExternalProviders),
		}
		for locale, sentences := range out.Refusals {
			files[config.RefusalsFile(locale)] = encode(sentences)
		}
	case "post-confirmation":
		c = config.PostConfirmation{Groups: s.Groups, NameAttributes: nameAttributes(s)}
	case "send-mail":
		c = config.SendMail{
			Senders: senders(s), Clients: clients(s), Locales: s.Locales, Codes: s.Mail.UsesCustomSender(),
		}
		maps.Copy(files, out.Messages)
	case "verify-link":
		c = config.VerifyLink{Clients: clients(s), Locales: s.Locales}
		maps.Copy(files, out.Pages)
	default:
		panic("bundle: there is no function " + name)
	}
	files[config.File] = encode(c)
	return files
}

// encode is one of these types as a JSON file; none has anything that does not
// encode.
func encode(v any) []byte {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

// answers are the messages that custom-message answers with, in its form.
func answers(compiled map[string][]byte) map[string][]byte {
	files := map[string][]byte{}
	for path, file := range compiled {
		if len(message.Kind(filepath.Base(path)).Spec().Sources) == 0 {
			continue // send-mail alone sends it
		}
		m, err := message.Decode(file)
		if err != nil {
			panic(err) // it was just compiled
		}
		files[path] = m.JSON().Encode()
	}
	return files
}

func clients(s *settings.Settings) []config.Client {
	var list []config.Client
	for _, c := range s.Clients {
		list = append(list, config.Client{
			Name: c.Name, Locale: c.Locale, URL: c.URL, SignInURL: c.SignInURL,
			AttributeURL: c.AttributeURL, ResetURL: c.ResetURL, ReturnURLs: c.ReturnURLs,
		})
	}
	return list
}

func clientNames(s *settings.Settings) []string {
	var names []string
	for _, c := range s.Clients {
		names = append(names, c.Name)
	}
	return names
}

func nameAttributes(s *settings.Settings) []string {
	var keys []string
	for _, name := range s.Mail.NameAttributes {
		keys = append(keys, s.AttributeKey(name))
	}
	return keys
}

func attributeRules(s *settings.Settings) []config.AttributeRule {
	var list []config.AttributeRule
	for _, r := range s.SignUp.Attributes {
		label := map[string]string{}
		for _, tag := range s.Locales {
			label[tag] = cmp.Or(r.Label[tag], r.Name)
		}
		list = append(list, config.AttributeRule{
			Key: s.AttributeKey(r.Name), Label: label, Required: r.Required, Pattern: r.Pattern, ASCIIPattern: asciiPattern(r.Pattern),
			MinLength: r.MinLength, MaxLength: r.MaxLength, AllowedValues: r.AllowedValues,
			ForbiddenWords: r.ForbiddenWords, RefuseURLs: r.RefuseURLs,
		})
	}
	return list
}

// senders are those of the clients' brands, by the names of the clients. SES
// forwards bounces and complaints to the address for answers, which people read,
// if it has verified that one, as it must have.
func senders(s *settings.Settings) map[string]config.Sender {
	all := map[string]config.Sender{}
	for _, c := range s.Clients {
		brand, _ := s.Brand(c.Brand)
		sender := config.Sender{From: From(brand.From), ReplyTo: brand.ReplyTo}
		if s.Mail.CoveredByIdentity(brand.ReplyTo) {
			sender.Feedback = brand.ReplyTo
		}
		all[c.Name] = sender
	}
	return all
}

// From is the sender for a header: a name in ASCII stands in quotes, another
// one is an encoded word without (RFC 2047, section 5). An address without a
// name stands alone.
func From(a settings.Address) string {
	if a.Name == "" {
		return a.Address
	}
	return (&mail.Address{Name: a.Name, Address: a.Address}).String()
}

// writeFiles makes dir hold these files and the bootstrap, nothing else. A
// function that runs may read a file at any moment, so each is put in its place
// at once. Until then it lies beside dir: in dir, another build that runs at the
// same time would take it for a file that is no longer needed.
func writeFiles(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(dir), "files-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			return err
		}
		file := filepath.Join(temporary, "file")
		if err := os.WriteFile(file, files[path], 0o644); err != nil {
			return err
		}
		if err := os.Rename(file, filepath.Join(dir, path)); err != nil {
			return err
		}
	}
	keep := map[string]bool{".": true, "bootstrap": true}
	for path := range files {
		for ; path != "."; path = filepath.Dir(path) {
			keep[path] = true
		}
	}
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil || keep[relative] {
			return err
		}
		if err := os.RemoveAll(path); err != nil || !entry.IsDir() {
			return err
		}
		return fs.SkipDir
	})
}

// Root finds the folder of this project's go.mod, from the working directory
// upwards.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the project: %w", err)
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module poolpost\n") {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("find the project: run this from inside its folder")
		}
		dir = filepath.Dir(dir)
	}
}

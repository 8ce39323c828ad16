package bundle

import (
	"maps"
	"path/filepath"
	"slices"
	"time"

	"poolpost/internal/compile"
	"poolpost/internal/config"
	"poolpost/internal/message"
	"poolpost/internal/settings"
)

// A Function is a folder below functions/, which is one Lambda function, and all
// that its deployment, the local run and the benchmarks have to know about it.
type Function struct {
	Name    string
	Timeout time.Duration // of one invocation

	has      condition // which pools have it; nil: all
	callsAWS bool      // without its optional parts too
	optional []part

	env []string // its variables, beside STACK; see Values
	// namesClients: it has to know which client an event is of. The environment of a trigger holds
	// the ids of the clients if the pool exists, see asksForNames.
	namesClients condition

	config func(*settings.Settings) any // its part of the settings; see config.File
	// files are what else is beside the bootstrap, by the path below the folder.
	files func(*compile.Output) map[string][]byte
}

type condition func(*settings.Settings) bool

// A part of a function is built in only if the settings use it. It calls AWS.
type part struct {
	name string // a build with the tag no and this name, such as nousers, leaves it out; see tags
	used condition
	env  []string // its variables
}

// Cognito invokes one of custom-message and custom-email-sender, never both.
func cognitoSends(s *settings.Settings) bool     { return !s.Mail.UsesCustomSender() }
func usesCustomSender(s *settings.Settings) bool { return s.Mail.UsesCustomSender() }

// With one client, nobody has to know which one an event is of.
func severalClients(s *settings.Settings) bool { return len(s.Clients) > 1 }

// asksForNames: the clients depend on the pool and the pool on its triggers, so a trigger has to ask
// Cognito for their names, unless they are there before.
func asksForNames(s *settings.Settings) bool { return severalClients(s) && !s.Pool.Exists() }

// Groups, sessions and attributes are those of the pool.
func changesUsers(s *settings.Settings) bool {
	return len(s.Groups) > 0 || s.SignIn.EndSessionsAfterReset || s.SignUp.RememberLocale
}

func followsUpInvitations(s *settings.Settings) bool { return s.Invitations.FollowUp }

func forgets(s *settings.Settings) bool { return s.SignUp.Forgets() }

func clientsHaveSecrets(s *settings.Settings) bool {
	return slices.ContainsFunc(s.Clients, func(c settings.Client) bool { return c.Existing.Secret != "" })
}

func publishesEvents(s *settings.Settings) bool { return s.Hooks.Publish() }

// SES is asked for its suppression list, Cognito for the account that an external provider's is
// linked to, and Lambda for what the adopter's own function says.
func rulesCallAWS(s *settings.Settings) bool {
	return s.SignUp.Email.RefuseSuppressed || s.SignUp.ExternalProviders.Policy == config.LinkProviders || s.SignUp.UsesHook()
}

func usesCaptcha(s *settings.Settings) bool { return s.SignUp.UsesCaptcha() }
func usesAltcha(s *settings.Settings) bool  { return s.SignUp.UsesAltcha() }

// A stranger may know the password of an account that is linked for the first time.
func replacesPasswords(s *settings.Settings) bool {
	return s.SignUp.ExternalProviders.LinkReplacesPassword
}

// triggerTimeout is how long Cognito waits for a trigger.
const triggerTimeout = 5 * time.Second

// Functions are all functions, in the order of their names.
var Functions = []Function{
	{
		Name:     "custom-email-sender",
		Timeout:  10 * time.Second, // nobody waits for it: Cognito invokes it asynchronously
		has:      usesCustomSender,
		callsAWS: true,
		env:      []string{"MAIL_QUEUE_URL"},
		config: func(s *settings.Settings) any {
			return config.CustomEmailSender{NameAttributes: attributeKeys(s, s.Mail.NameAttributes)}
		},
	},
	{
		Name:     "custom-message",
		Timeout:  triggerTimeout,
		has:      cognitoSends,
		optional: []part{{"clients", asksForNames, nil}},
		env:      []string{"LINKS_URL"},

		namesClients: severalClients,
		config: func(s *settings.Settings) any {
			return config.CustomMessage{Clients: s.Clients, Locales: s.Locales, NameAttributes: attributeKeys(s, s.Mail.NameAttributes)}
		},
		files: cognitoMessages,
	},
	{
		Name:     "forget-unconfirmed",
		Timeout:  15 * time.Minute, // Lambda's longest
		has:      forgets,
		callsAWS: true,
		env:      []string{"USER_POOL_ID"},
		config: func(s *settings.Settings) any {
			return config.ForgetUnconfirmed{
				AfterDays: s.SignUp.ForgetAfterDays, AtMostPercent: s.SignUp.ForgetAtMostPercent, DryRun: s.SignUp.ForgetDryRun,
			}
		},
	},
	{
		Name:     "mail-feedback",
		Timeout:  10 * time.Second,
		optional: []part{{"events", publishesEvents, []string{"EVENT_QUEUE_URL", "USER_POOL_CLIENTS", "USER_POOL_ID"}}},
		config: func(s *settings.Settings) any {
			return config.MailFeedback{Clients: clientNames(s), Locales: s.Locales, Events: publishesEvents(s)}
		},
	},
	{
		Name:     "post-confirmation",
		Timeout:  triggerTimeout,
		callsAWS: true,
		optional: []part{{"users", changesUsers, nil}, {"events", publishesEvents, []string{"EVENT_QUEUE_URL"}}, {"invitations", followsUpInvitations, nil}},
		env:      []string{"MAIL_QUEUE_URL"},
		config: func(s *settings.Settings) any {
			c := config.PostConfirmation{
				Groups: s.GroupNames(), NameAttributes: attributeKeys(s, s.Mail.NameAttributes), EndSessions: s.SignIn.EndSessionsAfterReset,
				Invitations: followsUpInvitations(s),
			}
			if s.SignUp.RememberLocale {
				c.Locales = s.Locales
			}
			if publishesEvents(s) {
				c.Events = config.Events{Locales: s.Locales, Attributes: attributeKeys(s, s.Hooks.Attributes)}
			}
			return c
		},
	},
	{
		Name:    "pre-sign-up",
		Timeout: triggerTimeout,
		optional: []part{
			{"aws", rulesCallAWS, nil},
			{"captcha", usesCaptcha, []string{"CAPTCHA_SECRET", "CAPTCHA_URL"}},
			{"passwords", replacesPasswords, []string{"MAIL_QUEUE_URL"}},
		},

		namesClients: func(s *settings.Settings) bool { return severalClients(s) && s.SignUp.UsesHook() },
		config: func(s *settings.Settings) any {
			c := config.PreSignUp{
				Locales:           s.Locales,
				Email:             s.SignUp.Email,
				Attributes:        attributeRules(s),
				AutoConfirm:       s.SignUp.AutoConfirm,
				ExternalProviders: s.SignUp.ExternalProviders,
			}
			if s.SignUp.UsesCaptcha() {
				c.Captcha = captcha(s)
			}
			if s.SignUp.UsesHook() {
				c.Hook, c.Clients = s.SignUp.Hook, clientNames(s)
			}
			return c
		},
		files: func(out *compile.Output) map[string][]byte {
			files := map[string][]byte{}
			for locale, sentences := range out.Refusals {
				files[config.RefusalsFile(locale)] = encode(sentences)
			}
			return files
		},
	},
	{
		Name:     "send-mail",
		Timeout:  30 * time.Second, // for a batch
		callsAWS: true,
		optional: []part{{"codes", usesCustomSender, []string{"DOMAIN_PREFIX", "KMS_KEY_ARN"}}},
		env:      []string{"CONFIGURATION_SET", "DEAD_LETTER_QUEUE_URL", "LINKS_URL", "MAIL_QUEUE_URL", "SEND_INTERVAL", "STAGE", "USER_POOL_CLIENTS", "USER_POOL_ID"},
		config: func(s *settings.Settings) any {
			return config.SendMail{Senders: senders(s), Clients: s.Clients, Locales: s.Locales, Codes: s.Mail.UsesCustomSender()}
		},
		files: func(out *compile.Output) map[string][]byte { return out.Messages },
	},
	{
		Name:     "verify-link",
		Timeout:  10 * time.Second,
		callsAWS: true,
		optional: []part{{"altcha", usesAltcha, []string{"CAPTCHA_SECRET"}}, {"secrets", clientsHaveSecrets, nil}},
		env:      []string{"USER_POOL_CLIENTS"},
		config: func(s *settings.Settings) any {
			c := config.VerifyLink{Clients: s.Clients, Locales: s.Locales, ChosenUserNames: s.Pool.HasChosenUserNames()}
			if set := s.SignUp.Captcha; s.SignUp.UsesAltcha() {
				c.Challenges = config.Challenges{Difficulty: set.Difficulty, ExpiryMinutes: set.ExpiryMinutes, Origins: s.Origins()}
			}
			return c
		},
		files: func(out *compile.Output) map[string][]byte { return out.Pages },
	},
}

// FunctionsOf are those of Functions that a pool with these settings has.
func FunctionsOf(s *settings.Settings) []Function {
	return slices.DeleteFunc(slices.Clone(Functions), func(f Function) bool { return f.has != nil && !f.has(s) })
}

// Named is the function of a name, which must be one of Functions.
func Named(name string) Function {
	i := slices.IndexFunc(Functions, func(f Function) bool { return f.Name == name })
	if i < 0 {
		panic("bundle: there is no function " + name)
	}
	return Functions[i]
}

// Names are the names of functions.
func Names(functions []Function) []string {
	var names []string
	for _, f := range functions {
		names = append(names, f.Name)
	}
	return names
}

// MemoryMB is how much memory a function gets; CPU comes in proportion. An event alone
// takes a third of a millisecond of it, for which 256 MB are enough. A new connection to
// AWS takes five milliseconds, and each service closes those that were idle for a while
// (docs/speed.md).
func (f Function) MemoryMB(s *settings.Settings) int {
	if f.callsAWS || slices.ContainsFunc(f.optional, func(p part) bool { return p.used(s) }) {
		return 512
	}
	return 256
}

// Values are what only a stack or a local run knows; those of a stack may be tokens
// of the CDK. An empty one becomes no variable. The package infra fills them as it makes
// resources (LinksURL in linkapi.go), the package local in functions.go.
type Values struct {
	Stack              string // part of the metrics' names
	Stage              string
	EventQueueURL      string
	MailQueueURL       string
	DeadLetterQueueURL string
	LinksURL           string // without a final slash
	CaptchaSecret      string // name or ARN
	CaptchaURL         string // of a stand-in for the service; a stack has none
	Clients            string // app client ids by the names of the settings, as JSON
	UserPoolID         string
	KMSKeyARN          string
	ConfigurationSet   string
	SendInterval       time.Duration // between two calls of SES; 0: none
}

// Env is the environment of a function.
func (f Function) Env(s *settings.Settings, v Values) map[string]string {
	values := map[string]string{
		"CAPTCHA_SECRET":        v.CaptchaSecret,
		"CAPTCHA_URL":           v.CaptchaURL,
		"CONFIGURATION_SET":     v.ConfigurationSet,
		"DEAD_LETTER_QUEUE_URL": v.DeadLetterQueueURL,
		"DOMAIN_PREFIX":         s.SignIn.DomainPrefixIn(v.Stage),
		"EVENT_QUEUE_URL":       v.EventQueueURL,
		"KMS_KEY_ARN":           v.KMSKeyARN,
		"LINKS_URL":             v.LinksURL,
		"MAIL_QUEUE_URL":        v.MailQueueURL,
		"STACK":                 v.Stack,
		"STAGE":                 v.Stage,
		"USER_POOL_CLIENTS":     v.Clients,
		"USER_POOL_ID":          v.UserPoolID,
	}
	if v.SendInterval > 0 {
		values["SEND_INTERVAL"] = v.SendInterval.String()
	}
	names := append([]string{"STACK"}, f.env...)
	if f.namesClients != nil && f.namesClients(s) && s.Pool.Exists() {
		names = append(names, "USER_POOL_CLIENTS")
	}
	for _, p := range f.optional {
		if p.used(s) {
			names = append(names, p.env...)
		}
	}
	maps.DeleteFunc(values, func(name, value string) bool { return value == "" || !slices.Contains(names, name) })
	return values
}

// cognitoMessages are the messages that Cognito asks for, in the form in which
// custom-message answers.
func cognitoMessages(out *compile.Output) map[string][]byte {
	files := map[string][]byte{}
	for path, file := range out.Messages {
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

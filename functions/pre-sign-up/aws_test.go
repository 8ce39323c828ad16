//go:build !noaws

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
	"poolpost/internal/mail"
	"poolpost/internal/message"
	"poolpost/internal/rules"
)

// service is the configuration for an AWS service that answers so.
func service(t *testing.T, answer http.HandlerFunc) aws.Config {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample-secret-key", "sample-session-token"),
	}
}

// failWith answers with an error of AWS, whose message is personal.
func failWith(status int, code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", code)
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"message":%q}`, message)
	}
}

// Answers that no AWS service should give, and that networks give.
func brokenAnswers() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"no permission":         failWith(400, "AccessDeniedException", "secret"),
		"too many requests":     failWith(429, "TooManyRequestsException", "secret"),
		"an inner error":        failWith(500, "InternalErrorException", "secret"),
		"no code":               failWith(503, "", "secret"),
		"a page":                func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); fmt.Fprint(w, "<html>secret") },
		"half an answer":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"Username":"secr`) },
		"a broken connection":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"an answer after hours": func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() },
	}
}

// A pool plays Cognito: an account, and how each operation answers.
type pool struct {
	t      *testing.T
	user   string // the answer of AdminGetUser; empty: there is none
	link   http.HandlerFunc
	get    http.HandlerFunc
	later  string                      // the answer of AdminGetUser after a link was tried; empty: that of before
	fails  map[string]http.HandlerFunc // by the names of other operations
	mu     sync.Mutex
	linked []string // what AdminLinkProviderForUser was called with
	calls  []string // the names of the operations that change something, in their order
	sent   []functiontest.SendMessage
	set    []string // passwords
}

// accounts are those of the pool, through the SDK.
func (p *pool) accounts() accounts {
	s := newServices(service(p.t, p.ServeHTTP))
	s.passwords = newPasswords(service(p.t, p.ServeHTTP), mailURL)
	return s
}

const mailURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/mail.fifo"

func (p *pool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	p.mu.Lock()
	if operation != "AdminGetUser" {
		p.calls = append(p.calls, operation)
	}
	fail := p.fails[operation]
	p.mu.Unlock()
	if fail != nil {
		fail(w, r)
		return
	}
	switch operation {
	case "AdminSetUserPassword":
		var in struct {
			UserPoolId, Username, Password string
			Permanent                      bool
		}
		if err := functiontest.Strictly(body, &in); err != nil || in.UserPoolId != "eu-central-1_Sample001" || in.Username != "0a1b-sub" || !in.Permanent {
			p.t.Errorf("AdminSetUserPassword got %+v, %v", in, err)
		}
		p.mu.Lock()
		p.set = append(p.set, in.Password)
		p.mu.Unlock()
		fmt.Fprint(w, "{}")
	case "AdminUserGlobalSignOut":
		if want := `{"UserPoolId":"eu-central-1_Sample001","Username":"0a1b-sub"}`; string(body) != want {
			p.t.Errorf("AdminUserGlobalSignOut got %s, want %s", body, want)
		}
		fmt.Fprint(w, "{}")
	case "SendMessage":
		var in functiontest.SendMessage
		if err := functiontest.Strictly(body, &in); err != nil {
			p.t.Error(err)
		}
		p.mu.Lock()
		p.sent = append(p.sent, in)
		p.mu.Unlock()
		if err := json.NewEncoder(w).Encode(in.Output()); err != nil {
			p.t.Error(err)
		}
	case "AdminGetUser":
		if want := `{"UserPoolId":"eu-central-1_Sample001","Username":"Jane@example.com"}`; string(body) != want {
			p.t.Errorf("AdminGetUser got %s, want %s", body, want)
		}
		p.mu.Lock()
		linked := len(p.linked) > 0
		p.mu.Unlock()
		switch {
		case p.get != nil:
			p.get(w, r)
		case p.later != "" && linked:
			fmt.Fprint(w, p.later)
		case p.user == "":
			failWith(400, "UserNotFoundException", "User does not exist.")(w, r)
		default:
			fmt.Fprint(w, p.user)
		}
	case "AdminLinkProviderForUser":
		p.mu.Lock()
		p.linked = append(p.linked, string(body))
		p.mu.Unlock()
		if p.link != nil {
			p.link(w, r)
			return
		}
		fmt.Fprint(w, "{}")
	default:
		p.t.Errorf("there is a call of %s", r.Header.Get("X-Amz-Target"))
	}
}

// native is a user as AdminGetUser answers.
func native(status, email, verified string, enabled bool) string {
	return fmt.Sprintf(`{"Username":"0a1b-sub","UserStatus":%q,"Enabled":%t,"UserCreateDate":1.7E9,"UserAttributes":[
		{"Name":"sub","Value":"0a1b-sub"},{"Name":"email","Value":%q},{"Name":"email_verified","Value":%q}]}`, status, enabled, email, verified)
}

// newLinking is a handler that links to the accounts of a pool.
func newLinking(t *testing.T, p *pool) (*handler, *functiontest.Log) {
	t.Helper()
	p.t = t
	h, logged := newHandler(t, func(c *config.PreSignUp) {
		c.ExternalProviders = config.ExternalProviders{Policy: config.LinkProviders, Trusted: []string{"Google", "Facebook", "My", "My_Company"}, AssumeVerified: []string{"My_Company"}, LinkReplacesPassword: true}
	})
	h.accounts = p.accounts()
	return h, logged
}

// with is a user with a linked provider, as AdminGetUser answers.
func with(provider, id, user string) string {
	identities := fmt.Sprintf(`[{"userId":%q,"providerName":%q,"providerType":%q,"issuer":null,"primary":false,"dateCreated":1700000000000}]`, id, provider, provider)
	return strings.Replace(user, `"UserAttributes":[`, fmt.Sprintf(`"UserAttributes":[{"Name":"identities","Value":%q},`, identities), 1)
}

// comes is the event of somebody who comes through a provider.
func comes(t *testing.T, userName string, attributes map[string]any) []byte {
	t.Helper()
	return functiontest.Event(t, "sign-up",
		"triggerSource", "PreSignUp_ExternalProvider", "userName", userName, "request.userAttributes", attributes)
}

func TestProviderUserIsLinkedOnlyWhenBothAddressesAreVerified(t *testing.T) {
	verified := map[string]any{"email": "Jane@example.com", "email_verified": "true"}
	unverified := map[string]any{"email": "Jane@example.com"}
	confirmed := native("CONFIRMED", "jane@example.com", "true", true)
	to := func(provider, id string) string {
		return fmt.Sprintf(`{"DestinationUser":{"ProviderAttributeValue":"0a1b-sub","ProviderName":"Cognito"},`+
			`"SourceUser":{"ProviderAttributeName":"Cognito_Subject","ProviderAttributeValue":%q,"ProviderName":%q},`+
			`"UserPoolId":"eu-central-1_Sample001"}`, id, provider)
	}
	for name, test := range map[string]struct {
		userName   string
		attributes map[string]any
		user       string
		code       string
		linked     string
		provider   any
	}{
		"both verified":                           {"Google_123", verified, confirmed, rules.AccountLinked, to("Google", "123"), "Google"},
		"the provider in lower case":              {"google_123", verified, confirmed, rules.AccountLinked, to("Google", "123"), "Google"},
		"an id with an underscore":                {"Google_1_2_3", verified, confirmed, rules.AccountLinked, to("Google", "1_2_3"), "Google"},
		"a provider with an underscore":           {"My_Company_77", unverified, confirmed, rules.AccountLinked, to("My_Company", "77"), "My_Company"},
		"assumed, although it says it is not":     {"My_Company_77", map[string]any{"email": "Jane@example.com", "email_verified": "false"}, confirmed, "", "", nil},
		"an address too long for an account":      {"Google_123", map[string]any{"email": "jane@" + strings.Repeat("a.", 60) + "example.com", "email_verified": "true"}, confirmed, "", "", nil},
		"verified as a boolean":                   {"Google_123", map[string]any{"email": "Jane@example.com", "email_verified": true}, confirmed, rules.AccountLinked, to("Google", "123"), "Google"},
		"nothing about it from the provider":      {"Facebook_123", unverified, confirmed, "", "", nil},
		"unverified at the provider":              {"Google_123", map[string]any{"email": "Jane@example.com", "email_verified": "false"}, confirmed, "", "", nil},
		"a provider that is not trusted":          {"SignInWithApple_123", verified, confirmed, "", "", nil},
		"not trusted, and unverified":             {"SignInWithApple_123", unverified, confirmed, "", "", nil},
		"not trusted, and says unverified":        {"SomeOIDC_123", map[string]any{"email": "Jane@example.com", "email_verified": "false"}, confirmed, "", "", nil},
		"a provider that begins like a trusted":   {"GoogleX_123", verified, confirmed, "", "", nil},
		"a provider without an id":                {"Google_", verified, confirmed, "", "", nil},
		"unverified in the pool":                  {"Google_123", verified, native("UNCONFIRMED", "jane@example.com", "false", true), "", "", nil},
		"confirmed and unverified in the pool":    {"Google_123", verified, native("CONFIRMED", "jane@example.com", "false", true), rules.AccountExists, "", "Google"},
		"invited and unverified in the pool":      {"Google_123", verified, native("FORCE_CHANGE_PASSWORD", "jane@example.com", "false", true), rules.AccountExists, "", "Google"},
		"unconfirmed, with a provider":            {"Google_123", verified, with("Facebook", "4711", native("UNCONFIRMED", "jane@example.com", "false", true)), rules.AccountExists, "", "Google"},
		"another provider is linked":              {"Google_123", verified, with("Facebook", "123", confirmed), rules.AccountLinked, to("Google", "123"), "Google"},
		"another ID of the provider is linked":    {"Google_123", verified, with("Google", "124", confirmed), rules.AccountLinked, to("Google", "123"), "Google"},
		"linked at an earlier attempt":            {"google_123", verified, with("Google", "123", confirmed), rules.AccountLinked, "", "Google"},
		"verified nowhere":                        {"Google_123", unverified, native("UNCONFIRMED", "jane@example.com", "false", true), "", "", nil},
		"a disabled account":                      {"Google_123", verified, native("CONFIRMED", "jane@example.com", "true", false), rules.AccountExists, "", "Google"},
		"an invitation that was never used":       {"Google_123", verified, native("FORCE_CHANGE_PASSWORD", "jane@example.com", "true", true), rules.AccountExists, "", "Google"},
		"an account that waits for a password":    {"Google_123", verified, native("RESET_REQUIRED", "jane@example.com", "true", true), rules.AccountExists, "", "Google"},
		"another provider's user":                 {"Google_123", verified, native("EXTERNAL_PROVIDER", "jane@example.com", "true", true), "", "", nil},
		"somebody else, who is only called so":    {"Google_123", verified, native("CONFIRMED", "joe@example.com", "true", true), "", "", nil},
		"no account":                              {"Google_123", verified, "", "", "", nil},
		"an address that the rules refuse":        {"Google_123", map[string]any{"email": "jane@throwaway.example", "email_verified": "true"}, confirmed, rules.DomainNotAllowed, "", nil},
		"no address":                              {"Google_123", map[string]any{}, confirmed, rules.EmailMissing, "", nil},
		"an address that is verified in capitals": {"Google_123", map[string]any{"email": "Jane@example.com", "email_verified": "TRUE"}, confirmed, "", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pool{user: test.user}
			h, logged := newLinking(t, p)
			event := comes(t, test.userName, test.attributes)
			reply, err := h.Invoke(t.Context(), event)
			outcome := test.code
			if test.code != "" {
				checkRefused(t, reply, err, test.code)
			} else {
				outcome = "accepted"
				if err != nil || !bytes.Equal(reply, event) {
					t.Errorf("the event did not come back byte for byte: %v", err)
				}
			}
			if got := strings.Join(p.linked, "\n"); got != test.linked {
				t.Errorf("linked\n%s, want\n%s", got, test.linked)
			}
			logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": outcome, "detail": test.provider, "trigger": "PreSignUp_ExternalProvider"})
			for _, personal := range []string{"jane", "0a1b", "_123"} {
				if strings.Contains(strings.ToLower(logged.String()), personal) {
					t.Errorf("it logs %s: %s", personal, logged)
				}
			}
		})
	}
}

// A stranger who signed up with somebody's address may have had its owner press the button. Whoever
// then comes through a provider must not end up in an account whose password the stranger knows.
func TestAnAccountWithAPasswordIsNotMergedSilently(t *testing.T) {
	confirmed := native("CONFIRMED", "jane@example.com", "true", true)
	replaced := []string{"AdminSetUserPassword", "AdminUserGlobalSignOut", "SendMessage", "AdminLinkProviderForUser"}
	for name, test := range map[string]struct {
		replaces bool
		user     string
		code     string
		calls    []string
	}{
		"never linked":                            {false, confirmed, rules.AccountExists, nil},
		"linked before":                           {false, with("Facebook", "4711", confirmed), rules.AccountLinked, replaced[3:]},
		"this one linked before":                  {false, with("Google", "123", confirmed), rules.AccountLinked, nil},
		"never linked, its password goes":         {true, confirmed, rules.AccountLinked, replaced},
		"linked before, its password stays":       {true, with("Facebook", "4711", confirmed), rules.AccountLinked, replaced[3:]},
		"this one linked before, so nothing more": {true, with("Google", "123", confirmed), rules.AccountLinked, nil},
		"an unverified address":                   {true, native("CONFIRMED", "jane@example.com", "false", true), rules.AccountExists, nil},
		"a disabled account":                      {true, native("CONFIRMED", "jane@example.com", "true", false), rules.AccountExists, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pool{user: test.user}
			h, logged := newLinking(t, p)
			h.config.ExternalProviders.LinkReplacesPassword = test.replaces
			reply, err := h.Invoke(t.Context(), comes(t, "Google_123", map[string]any{"email": "Jane@example.com", "email_verified": "true"}))
			checkRefused(t, reply, err, test.code)
			logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": test.code, "detail": "Google"})
			if !slices.Equal(p.calls, test.calls) {
				t.Errorf("the calls are %q, want %q", p.calls, test.calls)
			}
		})
	}
}

// Nobody knows the new password, and every policy accepts it: https://docs.aws.amazon.com/cognito,
// PasswordPolicyType, has a minimum length of 99 at most.
func TestReplacedPasswords(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		p := &pool{user: native("CONFIRMED", "jane@example.com", "true", true)}
		h, logged := newLinking(t, p)
		_, err := h.Invoke(t.Context(), comes(t, "Google_123", map[string]any{"email": "Jane@example.com", "email_verified": "true", "locale": "fr"}))
		if len(p.set) != 1 || len(p.sent) != 1 {
			t.Fatalf("%d passwords and %d notices: %v", len(p.set), len(p.sent), err)
		}
		password := p.set[0]
		if n := len(password); seen[password] || n < 99 || n > 256 || strings.ContainsAny(password, " \t") {
			t.Errorf("the password has %d characters, or came before: %t", n, seen[password])
		}
		seen[password] = true
		for _, kind := range []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "!"} {
			if !strings.ContainsAny(password, kind) {
				t.Errorf("it has none of %s", kind)
			}
		}
		if strings.Contains(logged.String(), password) || strings.Contains(fmt.Sprint(p.sent), password) {
			t.Error("it is logged, or sent")
		}
		var notice mail.Entry
		if err := json.Unmarshal([]byte(p.sent[0].MessageBody), &notice); err != nil {
			t.Fatal(err)
		}
		if notice.Kind != message.ProviderLinked || notice.To != "Jane@example.com" || !slices.Contains(notice.Locales, "fr") || p.sent[0].QueueUrl != mailURL {
			t.Errorf("the notice is %+v", p.sent[0])
		}
	}
}

// Cognito calls a trigger up to three times. The next attempt does all of it again, and the queue
// drops the second notice.
func TestABrokenReplacementIsRepeated(t *testing.T) {
	user := native("CONFIRMED", "jane@example.com", "true", true)
	event := comes(t, "Google_123", map[string]any{"email": "Jane@example.com", "email_verified": "true"})
	broken := brokenAnswers()
	delete(broken, "half an answer") // the operations of Cognito answer nothing
	for _, operation := range []string{"AdminSetUserPassword", "AdminUserGlobalSignOut", "SendMessage"} {
		for name, answer := range broken {
			t.Run(operation+": "+name, func(t *testing.T) {
				t.Parallel()
				p := &pool{user: user, fails: map[string]http.HandlerFunc{operation: answer}}
				h, logged := newLinking(t, p)
				start := time.Now()
				var reply []byte
				var err error
				logged.CheckNothingPersonal(t, func() error {
					reply, err = h.Invoke(t.Context(), event)
					return err
				})
				checkRefused(t, reply, err, rules.TryAgain)
				logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": rules.TryAgain})
				if took := time.Since(start); took > rules.Budget+linkBudget {
					t.Errorf("it took %v", took)
				}
				if len(p.linked) > 0 {
					t.Error("the account is linked")
				}
				p.mu.Lock()
				p.fails, p.calls = nil, nil
				p.mu.Unlock()
				reply, err = h.Invoke(t.Context(), event)
				checkRefused(t, reply, err, rules.AccountLinked)
				if want := []string{"AdminSetUserPassword", "AdminUserGlobalSignOut", "SendMessage", "AdminLinkProviderForUser"}; !slices.Equal(p.calls, want) {
					t.Errorf("the second attempt calls %q", p.calls)
				}
			})
		}
	}
	t.Run("the notice of each attempt is the same to the queue", func(t *testing.T) {
		p := &pool{user: user}
		h, _ := newLinking(t, p)
		for _, userName := range []string{"Google_123", "Google_123", "Google_124"} {
			_, err := h.Invoke(t.Context(), comes(t, userName, map[string]any{"email": "Jane@example.com", "email_verified": "true"}))
			checkRefused(t, nil, err, rules.AccountLinked)
		}
		ids := []string{p.sent[0].MessageDeduplicationId, p.sent[1].MessageDeduplicationId, p.sent[2].MessageDeduplicationId}
		if ids[0] != ids[1] || ids[0] == ids[2] || strings.Contains(ids[0], "123") || len(ids[0]) > 128 {
			t.Errorf("the ids are %q", ids)
		}
	})
}

// Cognito may call a trigger three times, and may link although its answer is lost.
func TestAnExistingLinkIsAccepted(t *testing.T) {
	user := native("CONFIRMED", "jane@example.com", "true", true)
	for name, p := range map[string]*pool{
		"linked already":               {user: user, link: failWith(400, "InvalidParameterException", "SourceUser is already linked to DestinationUser")},
		"linked already, another text": {user: user, link: failWith(400, "InvalidParameterException", "Invalid SourceUser: Cognito users with a username/password may not be passed in as a SourceUser, only as a DestinationUser")},
		"a text of tomorrow":           {user: user, link: failWith(400, "InvalidParameterException", "secret"), later: with("Google", "123", user)},
		"another error":                {user: user, link: failWith(400, "AliasExistsException", "secret"), later: with("Google", "123", user)},
		"an inner error":               {user: user, link: failWith(500, "InternalErrorException", "secret"), later: with("Google", "123", user)},
		"a lost answer":                {user: user, link: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, later: with("google", "123", user)},
	} {
		t.Run(name, func(t *testing.T) {
			h, logged := newLinking(t, p)
			reply, err := h.Invoke(t.Context(), comes(t, "Google_123", map[string]any{"email": "Jane@example.com", "email_verified": "true"}))
			checkRefused(t, reply, err, rules.AccountLinked)
			logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": rules.AccountLinked})
			if len(p.linked) != 1 {
				t.Errorf("it linked %d times", len(p.linked))
			}
		})
	}
}

// Cognito writes IDs in lower case into events, and compares them with their capitals.
func TestAnIDThatMayHaveLostItsCapitalsIsNotLinked(t *testing.T) {
	for userName, linked := range map[string]bool{
		"okta_00uab12cdefgh":                      false,
		"Okta_00uab12cdefgh":                      false,
		"Okta_00uAB12cdEFGH":                      true, // its capitals are there
		"Okta_jane@example.com":                   false,
		"Okta_0042-17.5_é":                        false,
		"Okta_0042-17.5":                          true,
		"LoginWithAmazon_amzn1.account.agm6":      false,
		"SignInWithApple_001234.0abcdef0123.0101": true,
		"signinwithapple_001234.0abcdef0123.0101": true,
	} {
		t.Run(userName, func(t *testing.T) {
			p := &pool{user: native("CONFIRMED", "jane@example.com", "true", true)}
			h, logged := newLinking(t, p)
			h.config.ExternalProviders.Trusted = []string{"Okta", "LoginWithAmazon", "SignInWithApple"}
			reply, err := h.Invoke(t.Context(), comes(t, userName, map[string]any{"email": "Jane@example.com", "email_verified": "true"}))
			want := map[string]any{"level": "INFO", "Outcome": rules.AccountLinked, "warning": nil}
			if !linked {
				want = map[string]any{"level": "WARN", "Outcome": rules.AccountExists, "warning": string(errCase)}
			}
			checkRefused(t, reply, err, want["Outcome"].(string))
			logged.CheckLine(t, want)
			if linked != (len(p.linked) > 0) {
				t.Errorf("it linked %q", p.linked)
			}
		})
	}
}

func TestFailedLinkRefuses(t *testing.T) {
	broken := brokenAnswers()
	broken["another parameter that is wrong"] = failWith(400, "InvalidParameterException", "secret")
	for name, answer := range broken {
		if name == "half an answer" { // AdminLinkProviderForUser answers nothing
			continue
		}
		t.Run(name, func(t *testing.T) {
			checkTryAgain(t, &pool{user: native("CONFIRMED", "jane@example.com", "true", true), link: answer})
		})
	}
	for name, answer := range brokenAnswers() {
		t.Run("looking for the account: "+name, func(t *testing.T) {
			checkTryAgain(t, &pool{get: answer})
		})
	}
}

// checkTryAgain checks that what a pool answers ends in TRY_AGAIN, in time, and
// in an error of the log without anything personal.
func checkTryAgain(t *testing.T, p *pool) {
	t.Helper()
	h, logged := newLinking(t, p)
	start := time.Now()
	var reply []byte
	var err error
	logged.CheckNothingPersonal(t, func() error {
		reply, err = h.Invoke(t.Context(), comes(t, "Google_123", map[string]any{"email": "Jane@example.com", "email_verified": "true"}))
		return err
	})
	checkRefused(t, reply, err, rules.TryAgain)
	logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": rules.TryAgain})
	if took := time.Since(start); took > rules.Budget+linkBudget {
		t.Errorf("it took %v", took)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.linked) > 1 {
		t.Errorf("it linked %d times", len(p.linked))
	}
}

func TestSuppressionList(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"the address is on it": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"SuppressedDestination":{"EmailAddress":"secret","Reason":"BOUNCE"}}`)
		},
		"the address is not on it": failWith(404, "NotFoundException", "secret"),
	}
	codes := map[string]string{"the address is on it": rules.EmailSuppressed}
	for name, answer := range brokenAnswers() {
		if name != "half an answer" { // the status says everything
			answers[name] = answer
		}
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			h, logged := newHandler(t, func(c *config.PreSignUp) { c.Email.RefuseSuppressed = true })
			list := newServices(service(t, func(w http.ResponseWriter, r *http.Request) {
				if got, want := r.Method+" "+r.URL.EscapedPath(), "GET /v2/email/suppression/addresses/jane%2Ba%2Fb%40example.com"; got != want {
					t.Errorf("SES is asked %s, want %s", got, want)
				}
				answer(w, r)
			}))
			var err error
			if h.rules, err = rules.New(h.config, functiontest.Sentences(t), rules.Network{Suppressions: list}); err != nil {
				t.Fatal(err)
			}
			event := payload(t, "SignUp", map[string]any{"email": "Jane+a/b@Example.com", "custom:agentName": "Jane"})
			var reply []byte
			logged.CheckNothingPersonal(t, func() error {
				reply, err = h.Invoke(t.Context(), event)
				return err
			})
			_, broken := brokenAnswers()[name]
			switch {
			case codes[name] != "":
				checkRefused(t, reply, err, codes[name])
			case err != nil || !bytes.Equal(reply, event):
				t.Errorf("the event did not come back byte for byte: %v", err)
			case broken:
				logged.CheckLine(t, map[string]any{"level": "WARN", "Outcome": "accepted"})
				if !strings.Contains(logged.String(), `"warning":"suppression-list: `) {
					t.Errorf("the log does not name the rule: %s", logged)
				}
			default:
				logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": "accepted", "warning": nil})
			}
		})
	}
}

func TestReplacingPasswordsNeedsItsPartAndItsQueue(t *testing.T) {
	dir := t.TempDir()
	settings := `{"locales":["en"],"externalProviders":{"policy":"link","linkReplacesPassword":true}}`
	if err := os.WriteFile(filepath.Join(dir, config.File), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := configure(dir, logging.New("pre-sign-up")); err == nil || !strings.Contains(err.Error(), "MAIL_QUEUE_URL is not set") {
		t.Errorf("without the queue: %v", err)
	}
	t.Setenv("MAIL_QUEUE_URL", mailURL)
	if _, err := configure(dir, logging.New("pre-sign-up")); err != nil {
		t.Errorf("with the queue: %v", err)
	}
	defer func(f func(aws.Config, string) passwords) { newPasswords = f }(newPasswords)
	newPasswords = nil
	if _, err := configure(dir, logging.New("pre-sign-up")); err != lambdaenv.ErrLeftOut {
		t.Errorf("without its part: %v", err)
	}
}

package cognito

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"poolpost/internal/settings"
	"poolpost/local/srp"
)

const (
	poolID    = "eu-central-1_Example01"
	webClient = "1sample111111111111example"
	password  = "sample-pass-1"
	ada       = "ada@example.com"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	os.Exit(m.Run())
}

// A world is a pool behind HTTP, with a recorder on each side.
type world struct {
	t          *testing.T
	pool       *Pool
	api        *cognito.Client // as an app: without credentials
	admin      *cognito.Client // with sample credentials
	mu         sync.Mutex
	calls      []call
	deliveries []Delivery
	encrypted  []string // codes
	time       time.Time
	functions  map[string]function
}

type call struct {
	function string
	payload  []byte
}

// A function plays a Lambda function.
type function func(ctx context.Context, payload []byte) ([]byte, error)

func sampleSettings() *settings.Settings {
	s := settings.Default()
	s.Pool.Region = "eu-central-1"
	s.Pool.Attributes = []settings.Attribute{{Name: "agentName", MinLength: 2, MaxLength: 20}}
	s.Clients = []settings.Client{{Name: "web", RefreshTokenDays: 30, AccessTokenMinutes: 60, IDTokenMinutes: 60}}
	s.Groups = []settings.Group{{Name: "members"}, {Name: "testers"}}
	return s
}

// newWorld starts a pool with three functions that return their event as it is.
func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, time: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), functions: map[string]function{}}
	o := Options{
		Settings:  sampleSettings(),
		PoolID:    poolID,
		ClientIDs: map[string]string{"web": webClient},
		Triggers:  map[string]string{"PreSignUp": "pre-sign-up", "CustomMessage": "custom-message", "PostConfirmation": "post-confirmation"},
		Invoke:    w.invoke,
		InvokeLater: func(name string, payload []byte) error {
			_, err := w.invoke(t.Context(), name, payload)
			return err
		},
		Encrypt: w.encrypt,
		Deliver: w.deliver,
		Clock:   w.now,
	}
	for _, f := range change {
		f(&o)
	}
	pool, err := New(o)
	ok(t, err)
	w.pool = pool
	server := httptest.NewServer(pool)
	t.Cleanup(server.Close)
	config := aws.Config{Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(), RetryMaxAttempts: 1}
	config.Credentials = aws.AnonymousCredentials{}
	w.api = cognito.NewFromConfig(config)
	config.Credentials = credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "sample", "")
	w.admin = cognito.NewFromConfig(config)
	return w
}

// phones lets the app client read and write phone numbers, as no client of the settings does.
func (w *world) phones() *world {
	client := w.pool.clients[webClient]
	client.Reads, client.Writes = append(client.Reads, "phone_number", "phone_number_verified"), append(client.Writes, "phone_number")
	w.pool.clients[webClient] = client
	return w
}

func (w *world) invoke(ctx context.Context, name string, payload []byte) ([]byte, error) {
	w.mu.Lock()
	w.calls = append(w.calls, call{name, payload})
	f := w.functions[name]
	w.mu.Unlock()
	if f == nil {
		return payload, nil
	}
	return f(ctx, payload)
}

// encrypt records a code, and says that it is encrypted.
func (w *world) encrypt(_ context.Context, code string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.encrypted = append(w.encrypted, code)
	return "Y2lwaGVydGV4dA==", nil
}

func (w *world) deliver(d Delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deliveries = append(w.deliveries, d)
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(d)
}

// called are the payloads that a function got.
func (w *world) called(name string) [][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	var payloads [][]byte
	for _, c := range w.calls {
		if c.function == name {
			payloads = append(payloads, c.payload)
		}
	}
	return payloads
}

// last is the last message, which must exist.
func (w *world) last() Delivery {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.deliveries) == 0 {
		w.t.Fatal("no message left the pool")
	}
	return w.deliveries[len(w.deliveries)-1]
}

func (w *world) delivered() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.deliveries)
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// code is the code in the last message.
func (w *world) code() string {
	w.t.Helper()
	code := sixDigits.FindString(w.last().Body)
	if code == "" {
		w.t.Fatalf("no code in %q", w.last().Body)
	}
	return code
}

// other is a code that is not this one.
func other(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// responding is a function that sets members of the response.
func responding(members map[string]any) function {
	return func(_ context.Context, payload []byte) ([]byte, error) {
		var event map[string]any
		if err := json.Unmarshal(payload, &event); err != nil {
			return nil, err
		}
		response := event["response"].(map[string]any)
		for name, value := range members {
			response[name] = value
		}
		return json.Marshal(event)
	}
}

// answering is a function with a fixed reply.
func answering(reply string) function {
	return func(context.Context, []byte) ([]byte, error) { return []byte(reply), nil }
}

// throwing is a function that fails.
func throwing(message string) function {
	return func(context.Context, []byte) ([]byte, error) { return nil, thrown(message) }
}

type thrown string

func (e thrown) Error() string                   { return string(e) }
func (e thrown) Details() (kind, message string) { return "errorString", string(e) }

func (w *world) signUp(address string, change ...func(*cognito.SignUpInput)) (*cognito.SignUpOutput, error) {
	in := &cognito.SignUpInput{ClientId: aws.String(webClient), Username: &address, Password: aws.String(password)}
	for _, f := range change {
		f(in)
	}
	return w.api.SignUp(context.Background(), in)
}

func (w *world) confirm(address, code string) error {
	_, err := w.api.ConfirmSignUp(context.Background(), &cognito.ConfirmSignUpInput{
		ClientId: aws.String(webClient), Username: &address, ConfirmationCode: &code,
	})
	return err
}

// signIn proves a password, as every front end does.
func (w *world) signIn(address, password string) (*cognito.RespondToAuthChallengeOutput, error) {
	return w.signInOn("", address, password)
}

// signInOn is signIn on a device, if its key is not empty.
func (w *world) signInOn(device, address, password string) (*cognito.RespondToAuthChallengeOutput, error) {
	answer, err := w.proof(address, password)
	if err != nil {
		return nil, err
	}
	if device != "" {
		answer["DEVICE_KEY"] = device
	}
	return w.respond("PASSWORD_VERIFIER", "", answer)
}

// proof starts a sign-in, and returns the answer to its challenge.
func (w *world) proof(address, password string) (map[string]string, error) {
	w.t.Helper()
	client, err := srp.NewClient(rand.Reader)
	ok(w.t, err)
	out, err := w.api.InitiateAuth(context.Background(), &cognito.InitiateAuthInput{
		ClientId: aws.String(webClient), AuthFlow: types.AuthFlowTypeUserSrpAuth,
		AuthParameters: map[string]string{"USERNAME": address, "SRP_A": client.Public()},
	})
	if err != nil {
		return nil, err
	}
	answer, err := client.Answer("Example01", out.ChallengeParameters["USER_ID_FOR_SRP"], password, out.ChallengeParameters, w.now())
	ok(w.t, err)
	return answer, nil
}

func (w *world) respond(challenge types.ChallengeNameType, session string, responses map[string]string) (*cognito.RespondToAuthChallengeOutput, error) {
	in := &cognito.RespondToAuthChallengeInput{ClientId: aws.String(webClient), ChallengeName: challenge, ChallengeResponses: responses}
	if session != "" {
		in.Session = &session
	}
	return w.api.RespondToAuthChallenge(context.Background(), in)
}

func (w *world) forgot(address string) (*cognito.ForgotPasswordOutput, error) {
	return w.api.ForgotPassword(context.Background(), &cognito.ForgotPasswordInput{ClientId: aws.String(webClient), Username: &address})
}

func (w *world) reset(address, code, password string) error {
	_, err := w.api.ConfirmForgotPassword(context.Background(), &cognito.ConfirmForgotPasswordInput{
		ClientId: aws.String(webClient), Username: &address, ConfirmationCode: &code, Password: &password,
	})
	return err
}

func (w *world) resend(address string) (*cognito.ResendConfirmationCodeOutput, error) {
	return w.api.ResendConfirmationCode(context.Background(), &cognito.ResendConfirmationCodeInput{ClientId: aws.String(webClient), Username: &address})
}

// mustSignUp makes an unconfirmed user and returns the user name.
func (w *world) mustSignUp(address string, change ...func(*cognito.SignUpInput)) string {
	w.t.Helper()
	out, err := w.signUp(address, change...)
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.UserSub
}

// mustConfirm makes a confirmed user and returns the user name.
func (w *world) mustConfirm(address string, change ...func(*cognito.SignUpInput)) string {
	w.t.Helper()
	name := w.mustSignUp(address, change...)
	if err := w.confirm(address, w.code()); err != nil {
		w.t.Fatal(err)
	}
	return name
}

// mustSignIn returns an access token.
func (w *world) mustSignIn(address string) *string {
	w.t.Helper()
	out, err := w.signIn(address, password)
	if err != nil {
		w.t.Fatal(err)
	}
	return out.AuthenticationResult.AccessToken
}

// attributes are the attributes of a user, and the status as "status".
func (w *world) attributes(name string) map[string]string {
	w.t.Helper()
	out, err := w.admin.AdminGetUser(context.Background(), &cognito.AdminGetUserInput{UserPoolId: aws.String(poolID), Username: &name})
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]string{"status": string(out.UserStatus)}
	for _, a := range out.UserAttributes {
		all[*a.Name] = *a.Value
	}
	return all
}

// refused checks the type and the text of an error.
func refused(t *testing.T, err error, kind, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("got %v, want %s: %s", err, kind, message)
	}
	if api.ErrorCode() != kind || api.ErrorMessage() != message {
		t.Fatalf("got %s: %s\nwant %s: %s", api.ErrorCode(), api.ErrorMessage(), kind, message)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func with(attributes ...string) func(*cognito.SignUpInput) {
	return func(in *cognito.SignUpInput) { in.UserAttributes = append(in.UserAttributes, list(attributes...)...) }
}

// list makes attributes of names and values.
func list(pairs ...string) []types.AttributeType {
	var all []types.AttributeType
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, types.AttributeType{Name: &pairs[i], Value: &pairs[i+1]})
	}
	return all
}

func TestNewRefusesInvalidIDs(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"a pool id without a region":         func(o *Options) { o.PoolID = "Example01" },
		"a client without an id":             func(o *Options) { o.ClientIDs = nil },
		"a client id that is too short":      func(o *Options) { o.ClientIDs = map[string]string{"web": "1example"} },
		"triggers without a way to run them": func(o *Options) { o.Invoke = nil },
		"two clients with one id": func(o *Options) {
			o.Settings.Clients = append(o.Settings.Clients, settings.Client{Name: "twin"})
			o.ClientIDs = map[string]string{"web": webClient, "twin": webClient}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{
				Settings: sampleSettings(), PoolID: poolID, ClientIDs: map[string]string{"web": webClient},
				Triggers: map[string]string{"PreSignUp": "pre-sign-up"},
				Invoke:   func(context.Context, string, []byte) ([]byte, error) { return nil, nil },
			}
			change(&o)
			if _, err := New(o); err == nil {
				t.Error("New took it")
			}
		})
	}
}

package local

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"poolpost/internal/link"
	"poolpost/internal/settings"
	"poolpost/local/srp"
)

// An app is what an adopter's front end does: it signs people up and in, with
// an ordinary AWS SDK and nothing else.
type app struct {
	settings  *settings.Settings
	clientIDs map[string]string
	poolID    string
	home      string // where the link's page leads back to
	pool      *cognito.Client
	// signInWithProvider takes the place of the hosted sign-in, which has no API.
	signInWithProvider func(ctx context.Context, clientID, provider, id string, attributes map[string]string) (userName string, err error)
}

func newApp(s *Stack) *app {
	return &app{
		settings: s.settings, clientIDs: s.clientIDs, poolID: s.poolID, home: s.webURL + "/sign-in",
		pool: cognito.New(cognito.Options{
			BaseEndpoint: aws.String(s.awsURL), Region: s.settings.Pool.Region,
			Credentials: credentials.NewStaticCredentialsProvider("sample", "sample", ""),
		}),
		signInWithProvider: s.pool.SignInWithProvider,
	}
}

type appPage struct {
	Title, Here string
	Step        string
	Clients     []string
	Client      string
	Locales     []string
	Locale      string
	Email       string
	Attributes  []appAttribute
	Captcha     *appCaptcha // nil: none
	Facts       []types.AttributeType
	ProblemType string // of an error of Cognito's
	Problem     string
}

type appAttribute struct{ Name, Label, Value string }

func (a *app) routes(mux *http.ServeMux) {
	show := func(step string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { a.show(w, a.page(r, step), nil) }
	}
	mux.HandleFunc("GET /{$}", show("sign-up"))
	mux.HandleFunc("GET /captcha.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, captchaScript)
	})
	mux.HandleFunc("GET /sign-in", show("sign-in"))
	mux.HandleFunc("GET /forgot-password", show("forgot-password"))
	mux.HandleFunc("GET /provider", show("provider"))
	mux.HandleFunc("POST /sign-up", a.form("sign-up", "code", a.signUp))
	mux.HandleFunc("POST /code", a.form("code", "sign-in", a.confirm))
	mux.HandleFunc("POST /resend-code", a.form("code", "code", a.resend))
	mux.HandleFunc("POST /sign-in", a.form("sign-in", "signed-in", a.signIn))
	mux.HandleFunc("POST /forgot-password", a.form("forgot-password", "asked", a.forgotPassword))
	mux.HandleFunc("POST /provider", a.form("provider", "signed-in", a.provider))
}

// form serves a form: it submits it, and shows the next step, or this one with an error.
func (a *app) form(step, next string, submit func(*http.Request, *appPage) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := a.page(r, step)
		err := submit(r, &p)
		if err == nil {
			p.Step = next
		}
		a.show(w, p, err)
	}
}

func (a *app) page(r *http.Request, step string) appPage {
	p := appPage{Title: "Sign up", Here: "app", Step: step, Locales: a.settings.Locales, Email: r.FormValue("email"), Captcha: newAppCaptcha(a.settings)}
	for _, c := range a.settings.Clients {
		p.Clients = append(p.Clients, c.Name)
	}
	client, ok := a.settings.Client(r.FormValue("client"))
	if !ok {
		client = a.settings.Clients[0]
	}
	p.Client = client.Name
	if p.Locale = r.FormValue("locale"); !slices.Contains(p.Locales, p.Locale) {
		p.Locale = client.Locale
	}
	for _, rule := range a.settings.SignUp.Attributes {
		label := cmp.Or(rule.Label[client.Locale], rule.Name)
		p.Attributes = append(p.Attributes, appAttribute{rule.Name, label, r.FormValue("attribute-" + rule.Name)})
	}
	return p
}

// show writes a page, with an error of Cognito's as a front end would get it.
func (a *app) show(w http.ResponseWriter, p appPage, err error) {
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
		p.ProblemType, p.Problem = "Error", err.Error()
		if api, ok := errors.AsType[smithy.APIError](err); ok {
			p.ProblemType, p.Problem = api.ErrorCode(), api.ErrorMessage()
		}
	}
	render(w, status, "app", p)
}

// metadata is what triggers get: the language, and where to return to.
func (a *app) metadata(p *appPage) map[string]string {
	return map[string]string{"locale": p.Locale, "return": a.home}
}

func (a *app) signUp(r *http.Request, p *appPage) error {
	attributes := []types.AttributeType{{Name: aws.String("email"), Value: aws.String(p.Email)}}
	for _, attribute := range p.Attributes {
		if attribute.Value != "" {
			attributes = append(attributes, types.AttributeType{
				Name: aws.String(a.settings.AttributeKey(attribute.Name)), Value: aws.String(attribute.Value),
			})
		}
	}
	in := &cognito.SignUpInput{
		ClientId: aws.String(a.clientIDs[p.Client]), Username: aws.String(p.Email), Password: aws.String(r.FormValue("password")),
		UserAttributes: attributes, ClientMetadata: a.metadata(p),
	}
	if proof := r.FormValue("captcha"); proof != "" {
		in.ValidationData = []types.AttributeType{{Name: aws.String("captcha"), Value: aws.String(proof)}}
	}
	_, err := a.pool.SignUp(r.Context(), in)
	return err
}

func (a *app) confirm(r *http.Request, p *appPage) error {
	code := link.ReadCode(r.FormValue("code"))
	if code == "" {
		return errors.New("type the six digits of the code in the email")
	}
	_, err := a.pool.ConfirmSignUp(r.Context(), &cognito.ConfirmSignUpInput{
		ClientId: aws.String(a.clientIDs[p.Client]), Username: aws.String(p.Email), ConfirmationCode: aws.String(code),
		ClientMetadata: a.metadata(p),
	})
	return err
}

func (a *app) resend(r *http.Request, p *appPage) error {
	_, err := a.pool.ResendConfirmationCode(r.Context(), &cognito.ResendConfirmationCodeInput{
		ClientId: aws.String(a.clientIDs[p.Client]), Username: aws.String(p.Email), ClientMetadata: a.metadata(p),
	})
	return err
}

func (a *app) forgotPassword(r *http.Request, p *appPage) error {
	_, err := a.pool.ForgotPassword(r.Context(), &cognito.ForgotPasswordInput{
		ClientId: aws.String(a.clientIDs[p.Client]), Username: aws.String(p.Email), ClientMetadata: a.metadata(p),
	})
	return err
}

// provider signs somebody in who comes back from Facebook or another provider to
// Cognito's hosted sign-in. The form says what the provider would say.
func (a *app) provider(r *http.Request, p *appPage) error {
	attributes := map[string]string{"email": p.Email, "email_verified": r.FormValue("verified")}
	maps.DeleteFunc(attributes, func(_, value string) bool { return value == "" })
	name, err := a.signInWithProvider(r.Context(), a.clientIDs[p.Client],
		strings.TrimSpace(r.FormValue("provider")), strings.TrimSpace(r.FormValue("id")), attributes)
	if err != nil {
		return err
	}
	user, err := a.pool.AdminGetUser(r.Context(), &cognito.AdminGetUserInput{UserPoolId: aws.String(a.poolID), Username: aws.String(name)})
	if err != nil {
		return err
	}
	p.Facts = append([]types.AttributeType{{Name: aws.String("user name"), Value: user.Username}}, user.UserAttributes...)
	return nil
}

func (a *app) signIn(r *http.Request, p *appPage) error {
	ctx := r.Context()
	tokens, err := a.proveBySRP(ctx, p, r.FormValue("password"))
	if _, ok := errors.AsType[*types.UserNotConfirmedException](err); ok {
		p.Step = "code" // where the code can be typed, or sent again
	}
	if err != nil {
		return err
	}
	if tokens.AuthenticationResult == nil {
		return errors.New("Cognito asks for more than a password: " + string(tokens.ChallengeName))
	}
	user, err := a.pool.GetUser(ctx, &cognito.GetUserInput{AccessToken: tokens.AuthenticationResult.AccessToken})
	if err != nil {
		return err
	}
	p.Facts = user.UserAttributes
	groups, err := a.pool.AdminListGroupsForUser(ctx, &cognito.AdminListGroupsForUserInput{
		UserPoolId: aws.String(a.poolID), Username: user.Username,
	})
	if err != nil {
		return err
	}
	for _, g := range groups.Groups {
		p.Facts = append(p.Facts, types.AttributeType{Name: aws.String("group"), Value: g.GroupName})
	}
	return nil
}

// proveBySRP signs in as front ends do: the password is proven, and never sent to Cognito.
func (a *app) proveBySRP(ctx context.Context, p *appPage, password string) (*cognito.RespondToAuthChallengeOutput, error) {
	client, err := srp.NewClient(rand.Reader)
	if err != nil {
		return nil, err
	}
	id := aws.String(a.clientIDs[p.Client])
	asked, err := a.pool.InitiateAuth(ctx, &cognito.InitiateAuthInput{
		ClientId: id, AuthFlow: types.AuthFlowTypeUserSrpAuth,
		AuthParameters: map[string]string{"USERNAME": p.Email, "SRP_A": client.Public()},
	})
	if err != nil {
		return nil, err
	}
	_, pool, _ := strings.Cut(a.poolID, "_")
	answer, err := client.Answer(pool, asked.ChallengeParameters["USER_ID_FOR_SRP"], password, asked.ChallengeParameters, time.Now())
	if err != nil {
		return nil, err
	}
	return a.pool.RespondToAuthChallenge(ctx, &cognito.RespondToAuthChallengeInput{
		ClientId: id, ChallengeName: asked.ChallengeName, ChallengeResponses: answer,
	})
}

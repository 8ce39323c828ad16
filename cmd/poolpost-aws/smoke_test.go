package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/bundle"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
)

// A smokePool is a pool whose functions log what they did with a smoke test's people.
type smokePool struct {
	t       *testing.T
	refusal string            // code and text of what SignUp answers; empty: it succeeds
	confirm bool              // SignUp confirms at once
	silent  string            // "function outcome" that is not logged
	calls   []string          // operations with the user, if they have one
	users   map[string]string // names by address, which Cognito takes as well
	mu      sync.Mutex
}

func (p *smokePool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	target := r.Header.Get("X-Amz-Target")
	operation := target[strings.LastIndex(target, ".")+1:]
	var in struct {
		Username, LogGroupName, FilterPattern string
		UserAttributes                        []struct{ Name, Value string }
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		p.t.Error(err)
	}
	if operation != "FilterLogEvents" {
		p.calls = append(p.calls, strings.TrimSpace(operation+" "+regexp.MustCompile(`[0-9a-f]{12}`).ReplaceAllString(in.Username, "TOKEN")))
	}
	switch operation {
	case "SignUp":
		if p.refusal != "" {
			code, text, _ := strings.Cut(p.refusal, ":")
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": text})
			return
		}
		p.users[in.Username] = "user-" + in.Username[:strings.IndexByte(in.Username, '+')]
		fmt.Fprintf(w, `{"UserSub":%q,"UserConfirmed":%t}`, p.users[in.Username], p.confirm)
	case "AdminCreateUser":
		p.users[in.Username] = "admin-" + in.Username[:strings.IndexByte(in.Username, '+')]
		fmt.Fprintf(w, `{"User":{"Username":%q}}`, p.users[in.Username])
	case "AdminDeleteUser":
		for address, user := range p.users {
			if user == in.Username {
				delete(p.users, address)
			}
		}
		fmt.Fprint(w, "{}")
	case "AdminListGroupsForUser":
		fmt.Fprint(w, `{"Groups":[{"GroupName":"members"}]}`)
	case "AdminUpdateUserAttributes", "AdminConfirmSignUp":
		fmt.Fprint(w, "{}")
	case "FilterLogEvents":
		_ = json.NewEncoder(w).Encode(map[string]any{"events": p.lines(strings.TrimPrefix(in.LogGroupName, "log-"), strings.Trim(in.FilterPattern, `"`))})
	default:
		p.t.Errorf("unexpected call of %s", operation)
	}
}

// lines are those of a function with a token. Somebody else's quotes it, and is not counted.
func (p *smokePool) lines(function, token string) []map[string]any {
	lines := []map[string]any{{"message": `{"Outcome":"refused","test":"ffffffffffff","detail":"` + token + `"}`}, {"message": "START " + token}}
	bounces := true
	for address := range p.users {
		if strings.Contains(address, token) {
			bounces = strings.HasPrefix(address, "bounce")
		}
	}
	feedback := "delivered"
	if bounces {
		feedback = "bounced"
	}
	for _, l := range map[string][][2]string{
		"pre-sign-up": {{"accepted", ""}}, "custom-message": {{"filled", "sign-up"}, {"filled", "invitation"}}, "custom-email-sender": {{"queued", "sign-up"}},
		"post-confirmation": {{"welcomed", "welcome"}}, "send-mail": {{"sent", "sign-up"}, {"sent", "welcome"}},
		"mail-feedback": {{feedback, "sign-up"}, {feedback, "welcome"}, {feedback, "unknown"}},
	}[function] {
		if function+" "+l[0] != p.silent {
			lines = append(lines, map[string]any{"message": fmt.Sprintf(`{"Outcome":%q,"kind":%q,"test":%q}`+"\n", l[0], l[1], token)})
		}
	}
	return lines
}

// smoke runs the test in a pool of the sample settings, with texts replaced.
func smoke(t *testing.T, p *smokePool, ctx context.Context, replaced ...string) (string, error) {
	t.Helper()
	file := settingstest.FileWith(t, "poolpost.yaml", replaced...)
	set, err := settings.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	p.t, p.users = t, map[string]string{}
	f := newFakeAWS(t)
	f.next = p
	f.stackIs("UPDATE_COMPLETE", map[string]string{"UserPoolId": poolID, "ClientId": "client1"})
	resources := ""
	for _, function := range bundle.FunctionsOf(set) {
		resources += resourceXML("AWS::Lambda::Function", function.Name)
		f.answers["GET /2015-03-31/functions/"+function.Name] = ok(fmt.Sprintf(
			`{"Configuration":{"Description":"Poolpost: %[1]s","FunctionName":"%[1]s","LoggingConfig":{"LogGroup":"log-%[1]s"}}}`, function.Name))
	}
	f.answers["ListStackResources "+sampleStack] = ok("<StackResourceSummaries>" + resources + "</StackResourceSummaries>")
	a, err := connect(t.Context(), &cli.Flags{Settings: file, Stage: "dev"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.find(t.Context(), sampleStack)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = (&smokeTest{
		deployment: d, cognito: cognito.NewFromConfig(d.Config), attributes: map[string]string{"agentName": "Smoke"},
		timeout: 20 * time.Millisecond, poll: 5 * time.Millisecond, now: time.Now, out: &out,
	}).smoke(ctx)
	if len(p.users) > 0 {
		t.Errorf("users are left: %v", p.users)
	}
	return out.String(), err
}

func TestSmokeFollowsTheChain(t *testing.T) {
	p := &smokePool{}
	got, err := smoke(t, p, t.Context())
	const want = `ok       success: pre-sign-up accepted after 0s
ok       success: custom-message filled (sign-up) after 0s
ok       success: mail-feedback delivered after 0s
skipped  success: the page behind the link, which a person opens
ok       success: post-confirmation after 0s
ok       success: send-mail sent (welcome) after 0s
ok       success: mail-feedback delivered (welcome) after 0s
ok       bounce: pre-sign-up accepted after 0s
ok       bounce: custom-message filled (sign-up) after 0s
ok       bounce: mail-feedback bounced after 0s
`
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	if want := []string{
		"SignUp success+poolpost-TOKEN@simulator.amazonses.com", "AdminUpdateUserAttributes user-success", "AdminConfirmSignUp user-success",
		"AdminListGroupsForUser user-success", "SignUp bounce+poolpost-TOKEN@simulator.amazonses.com", "AdminDeleteUser user-success", "AdminDeleteUser user-bounce",
	}; !slices.Equal(p.calls, want) {
		t.Errorf("calls %q", p.calls)
	}
}

func TestSmokeWithCustomSender(t *testing.T) {
	got, err := smoke(t, &smokePool{}, t.Context(), "  replyTo: support@example.com\n", "  replyTo: support@example.com\n  delivery: ses\n")
	for _, want := range []string{"success: custom-email-sender queued (sign-up)", "success: send-mail sent (sign-up)", "success: mail-feedback delivered (sign-up)", "bounce: mail-feedback bounced (sign-up)"} {
		if !strings.Contains(got, "ok       "+want+" after") {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if err != nil {
		t.Error(err)
	}
}

// What guards sign-ups is no fault of the chain.
func TestSmokeIsCreatedByAnAdministratorWhereSignUpIsGuarded(t *testing.T) {
	for refusal, want := range map[string]string{
		"UserLambdaValidationException:PreSignUp failed with error DOMAIN_DENIED: secret@example.com.": "a rule refuses with DOMAIN_DENIED",
		"UserLambdaValidationException:PreSignUp failed with error nothing.":                           "a rule refuses",
		"NotAuthorizedException:SignUp is not permitted for this user pool":                            "pool.selfSignUp is off",
		"ForbiddenException:Request not allowed due to WAF block.":                                     "a web access control list refuses",
		"LimitExceededException:Exceeded daily email limit":                                            "a limit is reached",
	} {
		p := &smokePool{refusal: refusal}
		got, err := smoke(t, p, t.Context())
		if !strings.HasPrefix(got, "note     sign-up: "+want+"; the user is created as an administrator\nok       success: custom-message filled (invitation)") || err != nil ||
			!strings.Contains(got, "\nskipped  success: sign-up rules, the message sign-up, confirmation, groups and the welcome email\n") || strings.Contains(got, "secret") {
			t.Errorf("%s: %v\n%s", refusal, err, got)
		}
	}
}

func TestSmokeOfUsersWhoAreConfirmedAtOnce(t *testing.T) {
	got, err := smoke(t, &smokePool{confirm: true}, t.Context())
	if err != nil || !strings.HasPrefix(got, "skipped  success: the message sign-up, since signUp.autoConfirm confirms at once\nok       success: post-confirmation") {
		t.Errorf("%v\n%s", err, got)
	}
}

// The other links are looked at, and the users are deleted all the same.
func TestSmokeReportsBrokenLinks(t *testing.T) {
	p := &smokePool{silent: "mail-feedback bounced"}
	got, err := smoke(t, p, t.Context())
	if want := "failure  bounce: mail-feedback bounced: not in the log within 20ms; see poolpost logs --function mail-feedback --since 10m\n"; err != error(cli.Exit(cli.Failed)) || !strings.HasSuffix(got, want) {
		t.Errorf("%v\n%s", err, got)
	}
	for _, refusal := range []string{
		"CodeDeliveryFailureException:SES is in its sandbox", "UnexpectedLambdaException:PreSignUp failed",
		"UserLambdaValidationException:PreSignUp failed with error TRY_AGAIN: Please try again.", // closed, since it is broken
	} {
		p = &smokePool{refusal: refusal}
		if _, err := smoke(t, p, t.Context()); err == nil || !strings.HasPrefix(err.Error(), "sign up an address of the mailbox simulator: ") {
			t.Error(err)
		}
	}
	if want := "AdminDeleteUser success+poolpost-TOKEN@simulator.amazonses.com"; !slices.Contains(p.calls, want) {
		t.Errorf("calls %q, want %s", p.calls, want)
	}
}

func TestSmokeDeletesItsUsersWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := &smokePool{silent: "pre-sign-up accepted"}
	time.AfterFunc(15*time.Millisecond, cancel)
	if _, err := smoke(t, p, ctx); err == nil {
		t.Error("no error")
	}
	if !slices.ContainsFunc(p.calls, func(c string) bool { return strings.HasPrefix(c, "AdminDeleteUser ") }) && len(p.calls) > 0 {
		t.Errorf("calls %q", p.calls)
	}
}

func TestLogs(t *testing.T) {
	f := newFakeAWS(t)
	f.answers["ListStackResources "+sampleStack] = ok("<StackResourceSummaries>" + resourceXML("AWS::Lambda::Function", "fn1") + "</StackResourceSummaries>")
	f.answers["GET /2015-03-31/functions/fn1"] = ok(`{"Configuration":{"Description":"Poolpost: pre-sign-up","FunctionName":"fn1","LoggingConfig":{"LogGroup":"group1"}}}`)
	page := 0
	f.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			LogGroupName, NextToken string
			StartTime               int64
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		if want := now().Add(-30 * time.Minute).UnixMilli(); in.LogGroupName != "group1" || in.StartTime != want {
			t.Errorf("got %+v", in)
		}
		page++
		token := `,"nextToken":"more"`
		if in.NextToken != "" {
			token = ""
		}
		fmt.Fprintf(w, `{"events":[{"message":"line %d\n"}]%s}`, page, token)
	})
	if code, out, errOut := execute(t, "logs", "--function", "pre-sign-up", "--since", "30m"); code != cli.Done || out != "line 1\nline 2\n" {
		t.Errorf("exit code %d, %q, %s", code, out, errOut)
	}
	for function, want := range map[string]string{
		"nobody":    "there is no function nobody with these settings: --function is one of custom-message, ",
		"send-mail": "the function send-mail is not deployed: run make deploy",
	} {
		if code, _, errOut := execute(t, "logs", "--function", function); code != cli.Failed || !strings.Contains(errOut, want) {
			t.Errorf("exit code %d, %q", code, errOut)
		}
	}
}

package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/settings/settingstest"
	"poolpost/local/cognito"
)

// An invitedPool is the local user pool behind a deployed stack.
type invitedPool struct {
	t        *testing.T
	aws      *fakeAWS
	cognito  *cognitoidentityprovider.Client
	settings string // their file
	clock    time.Time
	emails   []string // addresses that got one
	refuse   string   // an error of pre-sign-up
}

const invitedPoolID = "eu-central-1_Example01"

func newInvitedPool(t *testing.T) *invitedPool {
	t.Helper()
	p := &invitedPool{t: t, aws: newFakeAWS(t), clock: now(), settings: withRate(t, "10000")}
	set := settingstest.Sample(t)
	pool, err := cognito.New(cognito.Options{
		Settings: set, PoolID: invitedPoolID, ClientIDs: map[string]string{set.Clients[0].Name: "1sample111111111111example"},
		Triggers: map[string]string{"PreSignUp": "pre-sign-up"},
		Invoke: func(_ context.Context, _ string, payload []byte) ([]byte, error) {
			if p.refuse != "" {
				return nil, functionError(p.refuse)
			}
			return payload, nil
		},
		Deliver: func(d cognito.Delivery) { p.emails = append(p.emails, d.To) },
		Clock:   func() time.Time { return p.clock },
	})
	if err != nil {
		t.Fatal(err)
	}
	p.aws.next = pool
	p.aws.stackIs("UPDATE_COMPLETE", map[string]string{"UserPoolId": invitedPoolID})
	p.cognito = cognitoidentityprovider.NewFromConfig(aws.Config{
		Region: "eu-central-1", BaseEndpoint: &p.aws.URL, Credentials: credentials.NewStaticCredentialsProvider("sample", "sample", ""),
	})
	return p
}

// withRate are the sample settings with another mail.rate.
func withRate(t *testing.T, rate string) string {
	return settingstest.FileWith(t, "sample.yaml", "  replyTo:", "  rate: "+rate+"\n  replyTo:")
}

type functionError string

func (e functionError) Error() string             { return string(e) }
func (e functionError) Details() (string, string) { return "Error", string(e) }

// invite runs the command, and returns what came of it by address.
func (p *invitedPool) invite(wantCode int, args ...string) map[string]string {
	p.t.Helper()
	p.emails = nil
	code, out, errOut := executeWith(p.t, p.settings, append([]string{"invite", "--json"}, args...)...)
	if code != wantCode {
		p.t.Fatalf("invite %v: exit code %d, want %d: %s%s", args, code, wantCode, out, errOut)
	}
	var report inviteReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		p.t.Fatalf("invite %v: %v: %s%s", args, err, out, errOut)
	}
	results := map[string]string{}
	for _, one := range report.Invitations {
		results[one.Email] = one.Result
		if one.Reason != "" {
			results[one.Email] += ": " + one.Reason
		}
	}
	return results
}

func (p *invitedPool) user(address string) (attributes map[string]string, groups []string) {
	p.t.Helper()
	user, err := p.cognito.AdminGetUser(p.t.Context(), &cognitoidentityprovider.AdminGetUserInput{
		UserPoolId: aws.String(invitedPoolID), Username: &address,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	attributes = map[string]string{}
	for _, a := range user.UserAttributes {
		if *a.Name != "sub" {
			attributes[*a.Name] = *a.Value
		}
	}
	list, err := p.cognito.AdminListGroupsForUser(p.t.Context(), &cognitoidentityprovider.AdminListGroupsForUserInput{
		UserPoolId: aws.String(invitedPoolID), Username: &address,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, g := range list.Groups {
		groups = append(groups, *g.GroupName)
	}
	slices.Sort(groups)
	return attributes, groups
}

func (p *invitedPool) signUp(address string) {
	p.t.Helper()
	_, err := p.cognito.SignUp(p.t.Context(), &cognitoidentityprovider.SignUpInput{
		ClientId: aws.String("1sample111111111111example"), Username: &address, Password: aws.String("sample-pass-1"),
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *invitedPool) createGroup(name string) {
	p.t.Helper()
	if _, err := p.cognito.CreateGroup(p.t.Context(), &cognitoidentityprovider.CreateGroupInput{
		UserPoolId: aws.String(invitedPoolID), GroupName: &name,
	}); err != nil {
		p.t.Fatal(err)
	}
}

func checkResults(t *testing.T, got, want map[string]string) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestInviteCreatesAccountsInTheGroups(t *testing.T) {
	p := newInvitedPool(t)
	p.createGroup("testers")
	file := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(file, []byte("\ufeffemail, agentName,locale\n# a comment\n\nbea@example.com,\"Bea, B.\",ar\ncy@example.com\nBEA@example.com,twice,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := p.invite(cli.Done, "ann@example.com", "--file", file, "--attr", "agentName=Somebody", "--locale", "fr", "--group", "testers")
	checkResults(t, got, map[string]string{"ann@example.com": invited, "bea@example.com": invited, "cy@example.com": invited})
	if want := []string{"ann@example.com", "bea@example.com", "cy@example.com"}; !slices.Equal(p.emails, want) {
		t.Errorf("emails to %v, want %v", p.emails, want)
	}
	for address, want := range map[string]map[string]string{
		"ann@example.com": {"custom:agentName": "Somebody", "locale": "fr"},
		"bea@example.com": {"custom:agentName": "Bea, B.", "locale": "ar"},
		"cy@example.com":  {"custom:agentName": "Somebody", "locale": "fr"},
	} {
		want["email"], want["email_verified"] = address, "true"
		attributes, groups := p.user(address)
		if !reflect.DeepEqual(attributes, want) || !slices.Equal(groups, []string{"members", "testers"}) {
			t.Errorf("%s: got %v in %v, want %v", address, attributes, groups, want)
		}
	}
}

// Running it again sends nothing twice, and completes what was interrupted.
func TestInviteAgain(t *testing.T) {
	p := newInvitedPool(t)
	p.invite(cli.Done, "ann@example.com")
	p.createGroup("testers")
	checkResults(t, p.invite(cli.Done, "ann@example.com", "--group", "testers"), map[string]string{"ann@example.com": invitedBefore})
	if _, groups := p.user("ann@example.com"); !slices.Contains(groups, "testers") || len(p.emails) > 0 {
		t.Errorf("groups %v, emails to %v", groups, p.emails)
	}
	checkResults(t, p.invite(cli.Done, "ann@example.com", "--again"), map[string]string{"ann@example.com": invitedAgain})
	if len(p.emails) != 1 {
		t.Errorf("emails to %v", p.emails)
	}
}

func TestInviteThoseWhoseInvitationHasExpired(t *testing.T) {
	p := newInvitedPool(t)
	p.clock = now().Add(-7*24*time.Hour - time.Minute)
	p.invite(cli.Done, "old@example.com")
	p.clock = now().Add(-7*24*time.Hour + time.Minute)
	p.invite(cli.Done, "new@example.com")
	p.clock = now()
	p.signUp("else@example.com")
	checkResults(t, p.invite(cli.Failed, "old@example.com", "new@example.com"), map[string]string{
		"old@example.com": "not reached: the invitation has expired: --again sends a new one", "new@example.com": invitedBefore,
	})
	checkResults(t, p.invite(cli.Done, "--again", "--dry-run"), map[string]string{"old@example.com": invitedAgain})
	if len(p.emails) > 0 {
		t.Errorf("a dry run sent emails to %v", p.emails)
	}
	checkResults(t, p.invite(cli.Done, "--again"), map[string]string{"old@example.com": invitedAgain})
	checkResults(t, p.invite(cli.Done, "--again"), map[string]string{})
}

// An account that somebody else may have made does not become a member.
func TestInviteLeavesOtherAccountsAlone(t *testing.T) {
	p := newInvitedPool(t)
	p.signUp("unconfirmed@example.com")
	p.signUp("confirmed@example.com")
	p.invite(cli.Done, "disabled@example.com")
	for _, err := range []error{
		second(p.cognito.AdminConfirmSignUp(t.Context(), &cognitoidentityprovider.AdminConfirmSignUpInput{
			UserPoolId: aws.String(invitedPoolID), Username: aws.String("confirmed@example.com"),
		})),
		second(p.cognito.AdminDisableUser(t.Context(), &cognitoidentityprovider.AdminDisableUserInput{
			UserPoolId: aws.String(invitedPoolID), Username: aws.String("disabled@example.com"),
		})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{}, {"--again"}, {"--dry-run"}} {
		got := p.invite(cli.Failed, append(args, "unconfirmed@example.com", "confirmed@example.com", "disabled@example.com")...)
		checkResults(t, got, map[string]string{
			"unconfirmed@example.com": "not reached: somebody signed up with this address and never confirmed it: delete that account, then invite again",
			"confirmed@example.com":   hasAccount,
			"disabled@example.com":    "not reached: the account is disabled: enable it first, if that is right",
		})
		if _, groups := p.user("unconfirmed@example.com"); len(groups) > 0 || len(p.emails) > 0 {
			t.Errorf("%v: groups %v, emails to %v", args, groups, p.emails)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestInviteDryRunChangesNothing(t *testing.T) {
	p := newInvitedPool(t)
	checkResults(t, p.invite(cli.Done, "ann@example.com", "--dry-run"), map[string]string{"ann@example.com": invited})
	users, err := p.cognito.ListUsers(t.Context(), &cognitoidentityprovider.ListUsersInput{UserPoolId: aws.String(invitedPoolID)})
	if err != nil || len(users.Users) > 0 || len(p.emails) > 0 {
		t.Errorf("%v, %v, emails to %v", users, err, p.emails)
	}
	_, out, errOut := execute(t, "invite", "ann@example.com", "--dry-run")
	if want := "1 would be invited\n"; out != want || !strings.HasSuffix(errOut, "1/1 ann@example.com: would be invited\n") {
		t.Errorf("got %q, %q", out, errOut)
	}
}

// Who was not reached is named at the end, with the reason; the others are invited.
func TestInviteSaysWhoWasNotReached(t *testing.T) {
	p := newInvitedPool(t)
	p.refuse = "not this one"
	code, out, errOut := execute(t, "invite", "ann@example.com")
	if code != cli.Failed || !strings.HasPrefix(out, "1 not reached\nann@example.com: ") || !strings.Contains(out, "PreSignUp failed with error not this one.") {
		t.Errorf("exit code %d, %q, %q", code, out, errOut)
	}
}

// An error that would meet everybody ends the run, and the rest can be invited later.
func TestInviteStopsAtErrorsThatMeetEverybody(t *testing.T) {
	p := newInvitedPool(t)
	pool, created := p.aws.next, 0
	p.aws.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".AdminCreateUser") {
			if created++; created > 1 {
				w.Header().Set("X-Amzn-Errortype", "ExpiredTokenException")
				w.WriteHeader(http.StatusBadRequest)
				return
			}
		}
		pool.ServeHTTP(w, r)
	})
	code, out, errOut := executeWith(t, p.settings, "invite", "ann@example.com", "bea@example.com", "cy@example.com")
	want := "stopped with 2 of 3 people left: the AWS credentials have expired: run aws sso login, or get new ones as you got these; " +
		"the same command goes on with them\n"
	if code != cli.Failed || out != "1 invited\n" || !strings.HasSuffix(errOut, want) {
		t.Errorf("exit code %d, %q, %q", code, out, errOut)
	}
}

func TestInviteRefusesMistakesBeforeItInvitesAnybody(t *testing.T) {
	p := newInvitedPool(t)
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "people.csv")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"no address", []string{"ann@example.com", "bea"}, `"bea" is no email address`},
		{"a name with an address", []string{"Ann <ann@example.com>"}, `"Ann <ann@example.com>" is no email address`},
		{"an unknown locale", []string{"ann@example.com", "--locale", "xx"}, `locale "xx" is none of the settings': write one of en, ar, `},
		{"an unknown attribute", []string{"ann@example.com", "--attr", "agent=Ann"}, `"agent" is no attribute of the pool: write one of pool.attributes `},
		{"an attribute nobody writes", []string{"ann@example.com", "--attr", "email_verified=false"}, `"email_verified" is no attribute of the pool`},
		{"another address", []string{"ann@example.com", "--attr", "email=bea@example.com"}, `"email" is no attribute of the pool`},
		{"an unknown group", []string{"ann@example.com", "--group", "nobody"}, "the pool has no group nobody: create it, or check --group"},
		{"a missing file", []string{"--file", "/nonexistent.csv"}, "open /nonexistent.csv: no such file or directory"},
		{"an empty file", []string{"--file", file("# nobody\n")}, "people.csv has no addresses"},
		{"no column email", []string{"--file", file("name,mail\nAnn,ann@example.com\n")}, "people.csv:1: name the columns, one of them email, or write one address on each line"},
		{"a bad line", []string{"--file", file("ann@example.com\n\nbea\n")}, `people.csv:3: "bea" is no email address`},
		{"an unknown column", []string{"--file", file("email,agent\nann@example.com,Ann\n")}, `people.csv:2: "agent" is no attribute of the pool`},
		{"too many values", []string{"--file", file("email,agentName\nann@example.com,Smith, Ann\n")}, "people.csv:2: 3 values for 2 columns: put a value with a comma in quotation marks"},
		{"an open quotation mark", []string{"--file", file("email\n\"ann@example.com\n")}, "people.csv: "},
	} {
		code, out, errOut := execute(t, append([]string{"invite"}, test.args...)...)
		if code != cli.Failed || out != "" || !strings.Contains(errOut, test.want) {
			t.Errorf("%s: exit code %d, %q, %q, want %q", test.name, code, out, errOut, test.want)
		}
	}
	if code, _, errOut := execute(t, "invite"); code != cli.Usage || !strings.Contains(errOut, "name addresses or --file") {
		t.Errorf("nobody: exit code %d, %q", code, errOut)
	}
	if len(p.emails) > 0 {
		t.Errorf("emails to %v", p.emails)
	}
}

// SES takes no more emails than that.
func TestInvitationsKeepToTheRateOfSES(t *testing.T) {
	f := newFakeAWS(t)
	f.stackIs("UPDATE_COMPLETE", map[string]string{"UserPoolId": invitedPoolID})
	a, err := connect(t.Context(), &cli.Flags{Settings: withRate(t, "4"), Stage: "dev"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.stack(t.Context(), cli.Streams{Err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if i, err := newInviter(d, &cli.Invite{}, now); err != nil || i.pause != 250*time.Millisecond {
		t.Errorf("got %+v, %v", i, err)
	}
}

// The email of an invitation could not be sent: the account exists, and --again is the way on.
func TestInviteExplainsAFailedEmail(t *testing.T) {
	if got := reason(&types.CodeDeliveryFailureException{Message: aws.String("no")}); !strings.Contains(got, "then use --again") {
		t.Errorf("got %q", got)
	}
}
